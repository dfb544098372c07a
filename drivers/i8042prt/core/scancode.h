/* SPDX-License-Identifier: MIT
 * From the bytes of a keyboard to keys, in scan code set 1: a code, its highest bit saying up, perhaps behind E0 or E1. Portable:
 * no DDK, no globals.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* As KEYBOARD_INPUT_DATA has them. */
enum { ScanBreak = 1, ScanE0 = 2, ScanE1 = 4 };

typedef struct SCAN_DECODER {
    uint16_t Prefix;                             /* ScanE0, ScanE1, or 0 */
} SCAN_DECODER;

typedef struct SCAN_KEY {
    uint16_t MakeCode, Flags;
} SCAN_KEY;

/* True: a key has gone down or up. Bytes that are none (answers to commands, errors) end what was begun. */
bool ScanByte(SCAN_DECODER *Decoder, uint8_t Byte, SCAN_KEY *Key);
