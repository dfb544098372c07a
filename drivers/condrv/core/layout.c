/* SPDX-License-Identifier: MIT
 * The keys of a US keyboard that have characters: from a character to its key, and from a key to its characters.
 */
#include "console.h"

typedef struct CON_ROW {
    uint8_t FirstScanCode;
    const char *Plain, *Shifted;
} CON_ROW;

static const CON_ROW ConRows[] = {
    { 0x02, "1234567890-=", "!@#$%^&*()_+" }, { 0x10, "qwertyuiop[]", "QWERTYUIOP{}" }, { 0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
    { 0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?" },  { 0x39, " ", " " },
};

static uint16_t ConVirtualKey(char Plain)
{
    static const char marks[] = ";=,-./`[\\]'";
    static const uint8_t keys[] = { 0xBA, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF, 0xC0, 0xDB, 0xDC, 0xDD, 0xDE };

    for (unsigned i = 0; i < sizeof(keys); i++)
        if (Plain == marks[i])
            return keys[i];
    return (uint16_t)(Plain >= 'a' && Plain <= 'z' ? Plain - 'a' + 'A' : Plain);
}

CON_PLACE ConPlaceOf(uint16_t Character)
{
    for (unsigned row = 0; row < sizeof(ConRows) / sizeof(ConRows[0]); row++)
        for (unsigned i = 0; ConRows[row].Plain[i] != '\0'; i++) {
            bool isPlain = ConRows[row].Plain[i] == (char)Character;
            if (Character < 0x80 && (isPlain || ConRows[row].Shifted[i] == (char)Character))
                return (CON_PLACE){ ConVirtualKey(ConRows[row].Plain[i]), (uint16_t)(ConRows[row].FirstScanCode + i),
                                    isPlain ? 0 : ConShiftPressed };
        }
    return (CON_PLACE){ ConKeyPacket, 0, 0 };    /* on no key of this layout */
}

bool ConKeyAt(uint16_t ScanCode, CON_KEY_FACE *Face)
{
    for (unsigned row = 0; row < sizeof(ConRows) / sizeof(ConRows[0]); row++)
        for (unsigned i = 0; ConRows[row].Plain[i] != '\0'; i++)
            if (ConRows[row].FirstScanCode + i == ScanCode) {
                *Face = (CON_KEY_FACE){ ConVirtualKey(ConRows[row].Plain[i]), ConRows[row].Plain[i], ConRows[row].Shifted[i] };
                return true;
            }
    return false;
}
