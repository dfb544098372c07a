/* SPDX-License-Identifier: MIT
 * What drivers ask of buses. Only PCI configuration space has data (the other kinds of bus data are deprecated and have none);
 * addresses are the same on every bus of a PC as in memory.
 */
#include "halp.h"

#define HAL_PCI_CONFIGURATION 4u                 /* BUS_DATA_TYPE PCIConfiguration */
#define HAL_PCI_HEADER_TYPE 0x0Eu
#define HAL_PCI_BRIDGE_PROTECTED 256u            /* of a bridge's configuration space nobody may write the beginning */

typedef struct HALP_SLOT {
    ULONG Bus, Device, Function;
} HALP_SLOT;

/* FALSE: no such bus. */
static BOOLEAN HalpDecodeSlot(ULONG Type, ULONG BusNumber, ULONG SlotNumber, HALP_SLOT *Slot)
{
    if (Type != HAL_PCI_CONFIGURATION || BusNumber > 0xFF)       /* segments are above; there is one */
        return FALSE;
    if (HalpBoard.EcamPhysical != 0 && (BusNumber < HalpBoard.EcamFirstBus || BusNumber > HalpBoard.EcamLastBus))
        return FALSE;
    Slot->Bus = BusNumber;
    Slot->Device = SlotNumber & 0x1F;
    Slot->Function = SlotNumber >> 5 & 7;
    return TRUE;
}

static BOOLEAN HalpSlotIsEmpty(const HALP_SLOT *Slot)
{
    return (USHORT)HalReadPci(Slot->Bus, Slot->Device, Slot->Function, 0, 2) == 0xFFFF;
}

static ULONG HalpPciRoom(ULONG Offset, ULONG Length)
{
    ULONG size = HalpBoard.EcamPhysical != 0 ? 4096u : 256u;
    return Offset >= size ? 0 : min(Length, size - Offset);
}

/* The widest access that is aligned and stays inside: nothing beside the range is touched. */
static ULONG HalpPciWidth(ULONG Offset, ULONG Left)
{
    if (Offset % 4 == 0 && Left >= 4)
        return 4;
    return Offset % 2 == 0 && Left >= 2 ? 2 : 1;
}

ULONG NTAPI HalGetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
                                  ULONG Length)
{
    PUCHAR target = Buffer;
    HALP_SLOT slot;
    ULONG room, done, width, value;

    if (!HalpDecodeSlot(BusDataType, BusNumber, SlotNumber, &slot) || Length == 0)
        return 0;
    if (HalpSlotIsEmpty(&slot)) {                /* the invalid vendor, and that many bytes */
        memset(Buffer, 0xFF, min(Length, sizeof(USHORT)));
        return min(Length, (ULONG)sizeof(USHORT));
    }
    room = HalpPciRoom(Offset, Length);
    for (done = 0; done < room; done += width) {
        width = HalpPciWidth(Offset + done, room - done);
        value = HalReadPci(slot.Bus, slot.Device, slot.Function, Offset + done, width);
        memcpy(target + done, &value, width);
    }
    return room;
}

ULONG NTAPI HalSetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
                                  ULONG Length)
{
    const UCHAR *source = Buffer;
    HALP_SLOT slot;
    ULONG room, done, width, value;

    if (!HalpDecodeSlot(BusDataType, BusNumber, SlotNumber, &slot) || HalpSlotIsEmpty(&slot))
        return 0;
    if ((HalReadPci(slot.Bus, slot.Device, slot.Function, HAL_PCI_HEADER_TYPE, 1) & 0x7F) == 1 && Offset < HAL_PCI_BRIDGE_PROTECTED)
        return 0;
    room = HalpPciRoom(Offset, Length);
    for (done = 0; done < room; done += width) {
        width = HalpPciWidth(Offset + done, room - done);
        value = 0;
        memcpy(&value, source + done, width);
        HalWritePci(slot.Bus, slot.Device, slot.Function, Offset + done, width, value);
    }
    return room;
}

ULONG NTAPI HalGetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length)
{
    return HalGetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

ULONG NTAPI HalSetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length)
{
    return HalSetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

BOOLEAN NTAPI HalTranslateBusAddress(INTERFACE_TYPE InterfaceType, ULONG BusNumber, PHYSICAL_ADDRESS BusAddress, PULONG AddressSpace,
                                     PPHYSICAL_ADDRESS TranslatedAddress)
{
    BOOLEAN known = InterfaceType == Internal || InterfaceType == Isa || InterfaceType == Eisa || InterfaceType == PCIBus;

    if (!known || *AddressSpace > 1 || (*AddressSpace == 1 && BusAddress.QuadPart > 0xFFFF))     /* 0 memory, 1 ports */
        return FALSE;
    *TranslatedAddress = BusAddress;
    return TRUE;
}

/* The loudspeaker: counter 2 of the interval timer, gated by port 0x61. */
BOOLEAN NTAPI HalMakeBeep(ULONG Frequency)
{
    ULONG divisor = Frequency != 0 ? 1193182u / Frequency : 0;

    KiOutByte(0x61, KiInByte(0x61) & ~3);
    if (Frequency == 0)
        return TRUE;
    if (divisor == 0 || divisor > 0xFFFF)
        return FALSE;
    KiOutByte(0x43, 0xB6);                       /* counter 2, both bytes, square wave */
    KiOutByte(0x42, (UCHAR)divisor);
    KiOutByte(0x42, (UCHAR)(divisor >> 8));
    KiOutByte(0x61, KiInByte(0x61) | 3);
    return TRUE;
}
