/* SPDX-License-Identifier: MIT
 * Bus data: PCI configuration space byte by byte against the HAL's own view of it. Firmware variables, the loudspeaker.
 */
#include "fixture.h"
#include "hal.h"
#include "intrinsics.h"

#define PCI_TYPE ((BUS_DATA_TYPE)4)

static VOID Data(VOID)
{
    UCHAR bytes[64], odd[7];
    USHORT vendor = 0;
    ULONG i, slot, id = HalReadPci(0, 0, 0, 0, 4);       /* the host bridge */

    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, 0, bytes, 0, sizeof(bytes)) == sizeof(bytes));
    CHECK(RtlEqualMemory(bytes, &id, sizeof(id)) && id != 0xFFFFFFFF);
    for (i = 0; i < sizeof(bytes); i++)
        CHECK(bytes[i] == (UCHAR)HalReadPci(0, 0, 0, i, 1));
    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, 0, odd, 1, sizeof(odd)) == sizeof(odd) && RtlEqualMemory(odd, bytes + 1, sizeof(odd)));
    CHECK(HalGetBusData(PCI_TYPE, 0, 0, odd, 4) == 4 && RtlEqualMemory(odd, &id, 4));
    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, 0, bytes, 0xFFC, 64) <= 4);
    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, 0, bytes, 0x10000, 64) == 0);
    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0x100, 0, bytes, 0, 64) == 0);        /* a segment that is not there */
    CHECK(HalGetBusDataByOffset((BUS_DATA_TYPE)0, 0, 0, bytes, 0, 64) == 0);    /* CMOS */
    for (slot = 0; slot < 32; slot++)
        if ((USHORT)HalReadPci(0, slot, 0, 0, 2) == 0xFFFF)
            break;
    if (slot < 32) {
        CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, slot, bytes, 0, 64) == 2);
        RtlCopyMemory(&vendor, bytes, 2);
        CHECK(vendor == 0xFFFF && HalSetBusDataByOffset(PCI_TYPE, 0, slot, bytes, 0x3C, 1) == 0);
    }
}

/* ---- Several processors ---- */
typedef struct VIEW { ULONG Slot, Id; } VIEW;

static VOID Look(PVOID Context)
{
    VIEW *view = Context;
    view->Id = HalReadPci(0, view->Slot, 0, 0, 4);
}

/* What another processor looked at last is not what this one sees: the window that both move is in both translation buffers. */
static VOID Processors(VOID)
{
    ULONG ids[32], slot, turn;
    VIEW bridge = { 0, 0 };
    KIRQL irql;

    for (slot = 0; slot < 32; slot++)
        ids[slot] = HalReadPci(0, slot, 0, 0, 4);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    for (slot = 1; slot < 32; slot++)
        for (turn = 0; turn < 2; turn++) {
            VIEW there = { slot, ids[slot] };
            Look(&bridge);
            KeIpiGenericCallOthers(Look, turn == 0 ? &there : &bridge);
            CHECK(there.Id == ids[slot] && bridge.Id == ids[0]);
            Look(&there);
            CHECK(there.Id == ids[slot]);
        }
    KeLowerIrql(irql);
}

/* The interrupt line register of a plain device is a byte that anybody may write. */
static VOID Write(VOID)
{
    UCHAR line, other;
    ULONG slot;

    for (slot = 1; slot < 32; slot++)
        if ((USHORT)HalReadPci(0, slot, 0, 0, 2) != 0xFFFF && (HalReadPci(0, slot, 0, 0x0E, 1) & 0x7F) == 0)
            break;
    if (!CHECK(slot < 32))
        return;
    CHECK(HalGetBusDataByOffset(PCI_TYPE, 0, slot, &line, 0x3C, 1) == 1);
    other = line ^ 1;
    CHECK(HalSetBusDataByOffset(PCI_TYPE, 0, slot, &other, 0x3C, 1) == 1 && (UCHAR)HalReadPci(0, slot, 0, 0x3C, 1) == other);
    CHECK(HalSetBusDataByOffset(PCI_TYPE, 0, slot, &line, 0x3C, 1) == 1 && (UCHAR)HalReadPci(0, slot, 0, 0x3C, 1) == line);
}

static VOID Translate(VOID)
{
    PHYSICAL_ADDRESS address = { .QuadPart = 0xFEB00000 }, result = { .QuadPart = 0 };
    ULONG space = 0;

    CHECK(HalTranslateBusAddress(PCIBus, 0, address, &space, &result) && result.QuadPart == 0xFEB00000 && space == 0);
    space = 1;
    CHECK(!HalTranslateBusAddress(Isa, 0, address, &space, &result));
    address.QuadPart = 0x3F8;
    CHECK(HalTranslateBusAddress(Isa, 0, address, &space, &result) && result.QuadPart == 0x3F8 && space == 1);
    CHECK(!HalTranslateBusAddress(InterfaceTypeUndefined, 0, address, &space, &result));
}

static VOID Beep(VOID)
{
    CHECK(HalMakeBeep(440) && (KiInByte(0x61) & 3) == 3);
    CHECK(!HalMakeBeep(1) && (KiInByte(0x61) & 3) == 0);
    CHECK(HalMakeBeep(440) && HalMakeBeep(0) && (KiInByte(0x61) & 3) == 0);
}

static VOID Firmware(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"BootOrder");
    GUID vendor = { 0 };
    ULONG length = 4, value = 7;

    CHECK(ExGetFirmwareEnvironmentVariable(&name, &vendor, &value, &length, NULL) == STATUS_NOT_IMPLEMENTED);
    CHECK(ExGetFirmwareEnvironmentVariable(NULL, &vendor, &value, &length, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(ExSetFirmwareEnvironmentVariable(&name, &vendor, &value, 4, 7) == STATUS_NOT_IMPLEMENTED && length == 4 && value == 7);
    CHECK(ExSetFirmwareEnvironmentVariable(&name, NULL, &value, 4, 7) == STATUS_INVALID_PARAMETER);
}

static const KE_TEST tests[] = {
    { "io.bus.data", Data, 0 }, { "io.bus.processors", Processors, 0 }, { "io.bus.write", Write, 0 }, { "io.bus.translate", Translate, 0 }, { "io.bus.beep", Beep, 0 },
    { "io.bus.firmware", Firmware, 0 },
};
const KE_TEST_GROUP IoBusTests = { tests, RTL_NUMBER_OF(tests) };
