/* SPDX-License-Identifier: MIT
 * The two serial ports the loader writes to, without the firmware.
 */
#pragma once

typedef enum SERIAL_PORT {
    SERIAL_CONSOLE,              /* COM1: what a person reads */
    SERIAL_EVENTS,               /* COM2: JSON lines (docs/protocol.md) */
    SERIAL_COUNT
} SERIAL_PORT;

/* Sets a port to 115200 baud, 8N1. */
void InitializeSerial(SERIAL_PORT Port);

/* Writes all of Text, or nothing when there is no UART or it is stuck. */
void WriteSerial(SERIAL_PORT Port, const char *Text);
