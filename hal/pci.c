/* SPDX-License-Identifier: MIT
 * PCI configuration space: the memory-mapped window (ECAM, PCI Express 7.2.2) through one page slot that moves, else the ports
 * 0xCF8/0xCFC. Both are a pair of steps, so HalpPciLock guards them with interrupts off. The slot is mapped for each access: another
 * processor's translation buffer may have the place where it was before.
 */
#include "halp.h"

static volatile LONG HalpPciLock;
static volatile UCHAR *HalpEcamSlot;

VOID HalpInitializePci(VOID)
{
    if (HalpBoard.EcamPhysical != 0)
        HalpEcamSlot = HalpMapDevice(HalpBoard.EcamPhysical, PAGE_SIZE, FALSE);
}

/* The ECAM page of a function, or NULL when the bus is outside the window. Lock held. */
static volatile UCHAR *HalpEcamPage(ULONG Bus, ULONG Device, ULONG Function)
{
    if (HalpEcamSlot == NULL || Bus < HalpBoard.EcamFirstBus || Bus > HalpBoard.EcamLastBus)
        return NULL;
    HalpRemapDevicePage((PVOID)HalpEcamSlot, HalpBoard.EcamPhysical + ((ULONG64)Bus << 20 | Device << 15 | Function << 12));
    return HalpEcamSlot;
}

static ULONG HalpReadWidth(volatile UCHAR *Address, ULONG Width)
{
    if (Width == 1)
        return *Address;
    return Width == 2 ? *(volatile USHORT *)Address : *(volatile ULONG *)Address;
}

static VOID HalpWriteWidth(volatile UCHAR *Address, ULONG Width, ULONG Value)
{
    if (Width == 1)
        *Address = (UCHAR)Value;
    else if (Width == 2)
        *(volatile USHORT *)Address = (USHORT)Value;
    else
        *(volatile ULONG *)Address = Value;
}

static USHORT HalpSelectByPort(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset)
{
    KiOutLong(0xCF8, 0x80000000u | Bus << 16 | Device << 11 | Function << 8 | (Offset & 0xFC));
    return (USHORT)(0xCFC + (Offset & 3));
}

static BOOLEAN HalpLockPci(VOID)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    while (InterlockedExchange(&HalpPciLock, 1) != 0)
        KiPause();
    return enabled;
}

static VOID HalpUnlockPci(BOOLEAN Enabled)
{
    InterlockedExchange(&HalpPciLock, 0);
    KiRestoreInterrupts(Enabled);
}

static BOOLEAN HalpPciAddressIsValid(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width)
{
    return Bus < 256 && Device < 32 && Function < 8 && (Width == 1 || Width == 2 || Width == 4) && Offset % Width == 0 &&
           Offset < (HalpEcamSlot != NULL ? 4096u : 256u);
}

ULONG HalReadPci(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width)
{
    ULONG value;
    volatile UCHAR *page;
    BOOLEAN enabled;

    if (!HalpPciAddressIsValid(Bus, Device, Function, Offset, Width))
        return 0xFFFFFFFF;
    enabled = HalpLockPci();
    page = HalpEcamPage(Bus, Device, Function);
    if (page != NULL) {
        value = HalpReadWidth(page + Offset, Width);
    } else {
        USHORT port = HalpSelectByPort(Bus, Device, Function, Offset);
        value = Width == 1 ? KiInByte(port) : Width == 2 ? KiInWord(port) : KiInLong(port);
    }
    HalpUnlockPci(enabled);
    return value;
}

VOID HalWritePci(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width, ULONG Value)
{
    volatile UCHAR *page;
    BOOLEAN enabled;

    if (!HalpPciAddressIsValid(Bus, Device, Function, Offset, Width))
        return;
    enabled = HalpLockPci();
    page = HalpEcamPage(Bus, Device, Function);
    if (page != NULL) {
        HalpWriteWidth(page + Offset, Width, Value);
    } else {
        USHORT port = HalpSelectByPort(Bus, Device, Function, Offset);
        if (Width == 1)
            KiOutByte(port, (UCHAR)Value);
        else if (Width == 2)
            KiOutWord(port, (USHORT)Value);
        else
            KiOutLong(port, Value);
    }
    HalpUnlockPci(enabled);
}
