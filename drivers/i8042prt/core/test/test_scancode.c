/* SPDX-License-Identifier: MIT
 * Unit tests of the decoder of scan codes.
 */
#include "i8042prt/core/scancode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void Sequences(void **State)
{
    static const struct {
        const char *Bytes;
        unsigned Count;
        SCAN_KEY Keys[4];
    } cases[] = {
        { "\x1E\x9E", 2, { { 0x1E, 0 }, { 0x1E, ScanBreak } } },
        { "\xE0\x48\xE0\xC8", 2, { { 0x48, ScanE0 }, { 0x48, ScanE0 | ScanBreak } } },
        { "\xE1\x1D\x45\xE1\x9D\xC5", 4, { { 0x1D, ScanE1 }, { 0x45, 0 }, { 0x1D, ScanE1 | ScanBreak }, { 0x45, ScanBreak } } },
        { "\xE0\x2A\xE0\x37", 2, { { 0x2A, ScanE0 }, { 0x37, ScanE0 } } },
        { "\xFA\x1E", 1, { { 0x1E, 0 } } },              /* an answer is no key, and ends what was begun */
        { "\xE0\xFA\x1E", 1, { { 0x1E, 0 } } },
        { "\xE0\xE1\xE0\x1C", 1, { { 0x1C, ScanE0 } } },
        { "\xEE\xFE\xFF\xFC\xFD\x80", 0, { { 0, 0 } } },
    };

    (void)State;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SCAN_DECODER decoder = { 0 };
        SCAN_KEY key;
        unsigned count = 0;
        for (size_t j = 0; j < strlen(cases[i].Bytes); j++)
            if (ScanByte(&decoder, (uint8_t)cases[i].Bytes[j], &key)) {
                assert_int_equal(key.MakeCode, cases[i].Keys[count].MakeCode);
                assert_int_equal(key.Flags, cases[i].Keys[count].Flags);
                count++;
            }
        assert_int_equal(count, cases[i].Count);
    }
}

/* Every key is told of again when it goes up, whatever came before. */
static void AnyByte(void **State)
{
    (void)State;
    for (unsigned before = 0; before < 256; before++)
        for (unsigned byte = 0; byte < 256; byte++) {
            SCAN_DECODER decoder = { 0 };
            SCAN_KEY key;
            ScanByte(&decoder, (uint8_t)before, &key);
            if (ScanByte(&decoder, (uint8_t)byte, &key))
                assert_true(key.MakeCode > 0 && key.MakeCode < 0x80 && key.Flags < 8 && !decoder.Prefix);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(Sequences), cmocka_unit_test(AnyByte) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
