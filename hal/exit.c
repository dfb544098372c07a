/* SPDX-License-Identifier: MIT
 * Ways to stop: QEMU's isa-debug-exit (its status is value * 2 + 1), ACPI power off, reset, or a halt for good.
 */
#include "halp.h"

#define DEBUG_EXIT_PORT 0xF4

VOID HalHalt(VOID)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

VOID HalExit(ULONG Status)
{
    KiOutLong(DEBUG_EXIT_PORT, Status >> 1);
    HalHalt();
}

VOID HalPowerOff(VOID)
{
    /* SLP_TYP of S5 is in AML, which nobody here interprets; 0 is QEMU's q35 and many PCs', 5 and 7 others'. */
    static const UCHAR types[] = { 0, 5, 7 };
    ULONG i;
    if (HalpBoard.Pm1aControlPort == 0)
        return;
    for (i = 0; i < sizeof(types); i++)
        KiOutWord(HalpBoard.Pm1aControlPort, (USHORT)(0x2000 | types[i] << 10));
}

VOID HalResetProcessor(VOID)
{
    if (HalpBoard.ResetPort != 0)
        KiOutByte(HalpBoard.ResetPort, HalpBoard.ResetValue);
    KiOutByte(0xCF9, 0x06);
    KiOutByte(0x64, 0xFE);
}

VOID HalpFatal(PCSTR Sentence)
{
    static const CHAR prefix[] = "petrel: cannot start: ";
    SIZE_T length = 0;

    while (Sentence[length] != '\0')
        length++;
    HalPortWrite(HalPortConsole, prefix, sizeof(prefix) - 1);
    HalPortWrite(HalPortConsole, Sentence, length);
    HalPortWrite(HalPortConsole, "\r\n", 2);
    HalPortWrite(HalPortEvents, "{\"event\":\"log\",\"t\":0,\"level\":\"error\",\"text\":\"", 47);
    HalPortWrite(HalPortEvents, Sentence, length);
    HalPortWrite(HalPortEvents, "\"}\n{\"event\":\"end\",\"t\":0,\"status\":39}\n", 38);
    HalExit(39);
}
