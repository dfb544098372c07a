/* SPDX-License-Identifier: MIT
 * 16550 UARTs by port I/O. Every wait is bounded: a machine without a UART must not hang.
 */
#include "serial.h"
#include <stdbool.h>
#include "processor.h"

enum {
    REG_DATA = 0,
    REG_INTERRUPT_ENABLE = 1,
    REG_FIFO = 2,
    REG_LINE_CONTROL = 3,
    REG_MODEM_CONTROL = 4,
    REG_LINE_STATUS = 5,
    REG_SCRATCH = 7
};
#define LINE_8N1 0x03u
#define LINE_DIVISOR_LATCH 0x80u
#define FIFO_ENABLE_AND_CLEAR 0x07u
#define MODEM_DTR_RTS 0x03u
#define STATUS_TRANSMIT_EMPTY 0x20u
#define MAX_POLLS 100000u            /* one character takes 87 us, one poll about 1 us or less */

static const uint16_t PortBase[SERIAL_COUNT] = { [SERIAL_CONSOLE] = 0x3F8, [SERIAL_EVENTS] = 0x2F8 };
static bool PortWorks[SERIAL_COUNT];

void InitializeSerial(SERIAL_PORT Port)
{
    uint16_t base = PortBase[Port];

    WritePort8(base + REG_SCRATCH, 0x5A);
    PortWorks[Port] = ReadPort8(base + REG_SCRATCH) == 0x5A;
    if (!PortWorks[Port]) {
        return;
    }
    WritePort8(base + REG_INTERRUPT_ENABLE, 0);
    WritePort8(base + REG_LINE_CONTROL, LINE_DIVISOR_LATCH | LINE_8N1);
    WritePort8(base + REG_DATA, 1);              /* divisor 1 = 115200 */
    WritePort8(base + REG_INTERRUPT_ENABLE, 0);
    WritePort8(base + REG_LINE_CONTROL, LINE_8N1);
    WritePort8(base + REG_FIFO, FIFO_ENABLE_AND_CLEAR);
    WritePort8(base + REG_MODEM_CONTROL, MODEM_DTR_RTS);
}

static bool WaitForTransmitter(uint16_t Base)
{
    for (uint32_t i = 0; i < MAX_POLLS; i++) {
        if ((ReadPort8(Base + REG_LINE_STATUS) & STATUS_TRANSMIT_EMPTY) != 0) {
            return true;
        }
    }
    return false;
}

void WriteSerial(SERIAL_PORT Port, const char *Text)
{
    for (; *Text != '\0' && PortWorks[Port]; Text++) {
        PortWorks[Port] = WaitForTransmitter(PortBase[Port]);
        if (PortWorks[Port]) {
            WritePort8(PortBase[Port] + REG_DATA, (uint8_t)*Text);
        }
    }
}
