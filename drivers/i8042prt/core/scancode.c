/* SPDX-License-Identifier: MIT
 * See scancode.h.
 */
#include "scancode.h"

#define SCAN_OVERRUN 0x00                        /* the keyboard's own buffer was full, or a key it cannot tell */
#define SCAN_PREFIX_0 0xE0
#define SCAN_PREFIX_1 0xE1
#define SCAN_ECHO 0xEE
#define SCAN_FIRST_ANSWER 0xFA                   /* acknowledgement, self-test failed, ..., resend, error */
#define SCAN_UP 0x80

static bool ScanIsAnswer(uint8_t Byte)
{
    return Byte == SCAN_OVERRUN || Byte == SCAN_ECHO || Byte >= SCAN_FIRST_ANSWER;
}

bool ScanByte(SCAN_DECODER *Decoder, uint8_t Byte, SCAN_KEY *Key)
{
    uint16_t prefix = Decoder->Prefix;

    Decoder->Prefix = Byte == SCAN_PREFIX_0 ? ScanE0 : Byte == SCAN_PREFIX_1 ? ScanE1 : 0;
    if (Decoder->Prefix != 0 || ScanIsAnswer(Byte) || (Byte & ~SCAN_UP) == 0)
        return false;
    *Key = (SCAN_KEY){ (uint16_t)(Byte & ~SCAN_UP), (uint16_t)(prefix | (Byte & SCAN_UP ? ScanBreak : 0)) };
    return true;
}
