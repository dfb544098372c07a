/* SPDX-License-Identifier: MIT
 * libFuzzer: any bytes of a controller, through the decoder and on to the console's records. When all keys are up again, after
 * whatever came, nothing is held.
 */
#include "condrv/core/console.h"
#include "i8042prt/core/scancode.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

static void Feed(SCAN_DECODER *Decoder, CON_SHIFTS *Shifts, uint8_t Byte)
{
    CON_RECORD record;
    SCAN_KEY key;

    if (!ScanByte(Decoder, Byte, &key))
        return;
    if (key.MakeCode == 0 || key.MakeCode > 0x7F || key.Flags > 7)
        abort();
    if (ConScanCode(Shifts, key.MakeCode, key.Flags, &record) && (record.Type != ConKeyEvent || record.Key.VirtualKey == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    SCAN_DECODER decoder = { 0 };
    CON_SHIFTS shifts = { 0 };

    for (size_t i = 0; i < Size; i++)
        Feed(&decoder, &shifts, Data[i]);
    for (unsigned code = 0x81; code < 0xFA; code++) {
        if (code == 0xE0 || code == 0xE1)
            continue;
        Feed(&decoder, &shifts, (uint8_t)code);
        Feed(&decoder, &shifts, 0xE0);
        Feed(&decoder, &shifts, (uint8_t)code);
    }
    if ((shifts.State & ~(uint32_t)(ConNumLockOn | ConScrollLockOn | ConCapsLockOn)) != 0)
        abort();
    return 0;
}
