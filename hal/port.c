/* SPDX-License-Identifier: MIT
 * COM1 to COM3 as 16550 UARTs, polled, and the debug port. A UART that never becomes ready loses its text: nothing here may hang.
 * Callers serialise themselves per port.
 */
#include "halp.h"

#define UART_DATA 0
#define UART_INTERRUPT_ENABLE 1
#define UART_FIFO_CONTROL 2
#define UART_LINE_CONTROL 3
#define UART_MODEM_CONTROL 4
#define UART_LINE_STATUS 5
#define UART_LINE_STATUS_EMPTY 0x20
#define UART_FIFO_DEPTH 16
#define UART_SPIN_LIMIT 100000
#define DEBUG_PORT 0xE9

static const USHORT HalpPortBases[HalPortCount] = { 0x3F8, 0x2F8, 0x3E8 };
static BOOLEAN HalpPortPresent[HalPortCount];

static BOOLEAN HalpProbeUart(USHORT Base)
{
    KiOutByte(Base + 7, 0x5A);                   /* the scratch register exists on every 16450 and later */
    return KiInByte(Base + 7) == 0x5A;
}

VOID HalInitializePorts(VOID)
{
    ULONG i;
    for (i = 0; i < HalPortCount; i++) {
        USHORT base = HalpPortBases[i];
        HalpPortPresent[i] = HalpProbeUart(base);
        if (!HalpPortPresent[i])
            continue;
        KiOutByte(base + UART_INTERRUPT_ENABLE, 0);
        KiOutByte(base + UART_LINE_CONTROL, 0x80);
        KiOutByte(base + UART_DATA, 1);          /* divisor 1: 115200 */
        KiOutByte(base + UART_INTERRUPT_ENABLE, 0);
        KiOutByte(base + UART_LINE_CONTROL, 3);  /* 8N1 */
        KiOutByte(base + UART_FIFO_CONTROL, 0xC7);
        KiOutByte(base + UART_MODEM_CONTROL, 0x0B);
    }
}

static BOOLEAN HalpWaitForRoom(USHORT Base)
{
    ULONG spins;
    for (spins = 0; spins < UART_SPIN_LIMIT; spins++) {
        if (KiInByte(Base + UART_LINE_STATUS) & UART_LINE_STATUS_EMPTY)
            return TRUE;
        KiPause();
    }
    return FALSE;
}

VOID HalPortWrite(HAL_PORT Port, PCSTR Text, SIZE_T Length)
{
    USHORT base = HalpPortBases[Port];
    if (!HalpPortPresent[Port])
        return;
    while (Length != 0) {
        SIZE_T burst = Length < UART_FIFO_DEPTH ? Length : UART_FIFO_DEPTH;
        if (!HalpWaitForRoom(base))
            return;
        KiOutString(base, Text, burst);
        Text += burst;
        Length -= burst;
    }
}

VOID HalDebugPortWrite(PCSTR Text, SIZE_T Length)
{
    KiOutString(DEBUG_PORT, Text, Length);
}
