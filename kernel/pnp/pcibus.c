/* SPDX-License-Identifier: MIT
 * \Driver\pci: the device of the root bus behind which all PCI buses are, and the look at them: bus 0, and every bus that a bridge
 * found on the way leads to.
 */
#include "pci.h"

typedef struct PCI_BUS {                         /* the bus device's extension */
    PDEVICE_OBJECT Lower;
} PCI_BUS;

PDRIVER_OBJECT PciDriver;
static PDEVICE_OBJECT PciBusDevice;              /* I once it is there */
static EX_PUSH_LOCK PciLock;
static LIST_ENTRY PciFunctions = { &PciFunctions, &PciFunctions };       /* PciLock */
static ULONG PciNextName;                        /* PciLock */

/* ---- Functions ---- */
NTSTATUS PciCreateFunction(ULONG Bus, ULONG Device, ULONG Function, PCI_FUNCTION **Made)
{
    WCHAR buffer[32];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    PDEVICE_OBJECT pdo;
    PCI_FUNCTION *made;
    NTSTATUS status;

    RtlAppendUnicodeToString(&name, L"\\Device\\NTPNP_PCI");
    PnpAppendNumber(&name, PciNextName++);
    status = IoCreateDevice(PciDriver, sizeof(*made), &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &pdo);
    if (!NT_SUCCESS(status))
        return status;
    made = pdo->DeviceExtension;                 /* is zero */
    made->Pdo = pdo;
    made->Bus = Bus;
    made->Device = Device;
    made->Function = Function;
    PciReadFunction(made);
    pdo->Flags &= ~DO_DEVICE_INITIALIZING;
    *Made = made;
    return STATUS_SUCCESS;
}

VOID PciForgetFunction(PCI_FUNCTION *Function)
{
    BOOLEAN gone;

    ExLockExclusive(&PciLock);
    gone = !Function->Present && Function->Link.Flink != NULL;      /* once, whoever sends a removal */
    if (gone) {
        RemoveEntryList(&Function->Link);
        Function->Link.Flink = NULL;
    }
    ExUnlockExclusive(&PciLock);
    if (gone)
        IoDeleteDevice(Function->Pdo);
}

static PCI_FUNCTION *PciFindLocked(ULONG Bus, ULONG Device, ULONG Function)
{
    PLIST_ENTRY entry;

    for (entry = PciFunctions.Flink; entry != &PciFunctions; entry = entry->Flink) {
        PCI_FUNCTION *function = CONTAINING_RECORD(entry, PCI_FUNCTION, Link);
        if (function->Bus == Bus && function->Device == Device && function->Function == Function &&
            PciRead(function, PCI_ID, 4) == ((ULONG)function->DeviceId << 16 | function->Vendor))
            return function;
    }
    return NULL;
}

/* ---- The look ---- */
typedef struct PCI_LOOK {
    ULONG64 Wanted[4], Seen[4];                  /* buses: bits */
} PCI_LOOK;

static VOID PciWantBus(PCI_LOOK *Look, ULONG Bus)
{
    if (!(Look->Seen[Bus / 64] >> Bus % 64 & 1))
        Look->Wanted[Bus / 64] |= 1ull << Bus % 64;
}

/* TRUE: there are more functions in the device. */
static BOOLEAN PciNoteLocked(PCI_LOOK *Look, ULONG Bus, ULONG Device, ULONG Function)
{
    ULONG header = HalReadPci(Bus, Device, Function, PCI_HEADER, 1);
    PCI_FUNCTION *known = PciFindLocked(Bus, Device, Function);

    if (known == NULL && NT_SUCCESS(PciCreateFunction(Bus, Device, Function, &known)))
        InsertTailList(&PciFunctions, &known->Link);
    if (known != NULL)
        known->Present = TRUE;
    if ((header & 0x7F) == 1)
        PciWantBus(Look, HalReadPci(Bus, Device, Function, PCI_SECONDARY_BUS, 1));
    return (header & 0x80) != 0;
}

static VOID PciLookAtDeviceLocked(PCI_LOOK *Look, ULONG Bus, ULONG Device)
{
    ULONG function, count = 1;

    for (function = 0; function < count; function++)
        if ((USHORT)HalReadPci(Bus, Device, function, PCI_ID, 2) != 0xFFFF && PciNoteLocked(Look, Bus, Device, function))
            count = 8;
}

static VOID PciLookLocked(VOID)
{
    PCI_LOOK look = { .Wanted = { 1 } };
    PLIST_ENTRY entry;
    ULONG bus, device;

    for (entry = PciFunctions.Flink; entry != &PciFunctions; entry = entry->Flink)
        CONTAINING_RECORD(entry, PCI_FUNCTION, Link)->Present = FALSE;
    for (bus = 0; bus < 256;) {
        if (!(look.Wanted[bus / 64] >> bus % 64 & 1)) {
            bus++;
            continue;
        }
        look.Wanted[bus / 64] &= ~(1ull << bus % 64);
        look.Seen[bus / 64] |= 1ull << bus % 64;
        for (device = 0; device < 32; device++)
            PciLookAtDeviceLocked(&look, bus, device);
        bus = 0;                                 /* a bridge may lead to a lower number */
    }
}

/* The present ones, referenced, in pool. */
static PDEVICE_RELATIONS PciListLocked(VOID)
{
    PDEVICE_RELATIONS relations;
    PLIST_ENTRY entry;
    ULONG count = 0;

    for (entry = PciFunctions.Flink; entry != &PciFunctions; entry = entry->Flink)
        count++;
    relations = ExAllocatePoolWithTag(PagedPool, FIELD_OFFSET(DEVICE_RELATIONS, Objects) + (count + 1) * sizeof(PVOID), PNP_TAG);
    if (relations == NULL)
        return NULL;
    relations->Count = 0;
    for (entry = PciFunctions.Flink; entry != &PciFunctions; entry = entry->Flink) {
        PCI_FUNCTION *function = CONTAINING_RECORD(entry, PCI_FUNCTION, Link);
        if (!function->Present)
            continue;
        ObfReferenceObject(function->Pdo);
        relations->Objects[relations->Count++] = function->Pdo;
    }
    return relations;
}

/* ---- The bus device ---- */
static NTSTATUS PciPass(PDEVICE_OBJECT Device, PIRP Irp)
{
    PCI_BUS *bus = Device->DeviceExtension;

    IoSkipCurrentIrpStackLocation(Irp);
    return IofCallDriver(bus->Lower, Irp);
}

static NTSTATUS PciDispatchBus(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PDEVICE_RELATIONS relations;

    if (location->MinorFunction == IRP_MN_QUERY_REMOVE_DEVICE || location->MinorFunction == IRP_MN_QUERY_STOP_DEVICE)
        return PnpFinish(Irp, STATUS_INVALID_DEVICE_REQUEST);    /* the machine stands on it */
    if (location->MinorFunction != IRP_MN_QUERY_DEVICE_RELATIONS ||
        location->Parameters.QueryDeviceRelations.Type != BusRelations)
        return PciPass(Device, Irp);
    ExLockExclusive(&PciLock);
    PciLookLocked();
    relations = PciListLocked();
    ExUnlockExclusive(&PciLock);
    if (relations == NULL)
        return PnpFinish(Irp, STATUS_INSUFFICIENT_RESOURCES);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = (ULONG_PTR)relations;
    return PciPass(Device, Irp);
}

static NTSTATUS NTAPI PciDispatchPnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    return Device == PciBusDevice ? PciDispatchBus(Device, Irp) : PciDispatchFunction(Device->DeviceExtension, Irp);
}

static NTSTATUS NTAPI PciDispatchPower(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (Device != PciBusDevice)
        return PnpRootDispatchPower(Device, Irp);
    PoStartNextPowerIrp(Irp);
    IoSkipCurrentIrpStackLocation(Irp);
    return PoCallDriver(((PCI_BUS *)Device->DeviceExtension)->Lower, Irp);
}

static NTSTATUS NTAPI PciDispatchOther(PDEVICE_OBJECT Device, PIRP Irp)
{
    return Device == PciBusDevice ? PciPass(Device, Irp) : PnpRootDispatchOther(Device, Irp);
}

static NTSTATUS NTAPI PciAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo)
{
    PDEVICE_OBJECT device;
    PCI_BUS *bus;
    NTSTATUS status;

    if (PciBusDevice != NULL)                    /* all buses are behind the first */
        return STATUS_NO_SUCH_DEVICE;
    status = IoCreateDevice(Driver, sizeof(*bus), NULL, FILE_DEVICE_BUS_EXTENDER, 0, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    bus = device->DeviceExtension;
    status = IoAttachDeviceToDeviceStackSafe(device, Pdo, &bus->Lower);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    PciBusDevice = device;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI PciEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->MajorFunction[IRP_MJ_PNP] = PciDispatchPnp;
    Driver->MajorFunction[IRP_MJ_POWER] = PciDispatchPower;
    Driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = PciDispatchOther;
    Driver->DriverExtension->AddDevice = PciAddDevice;
    return STATUS_SUCCESS;
}

PDEVICE_OBJECT PciCreateBus(VOID)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"pci");
    PDEVICE_OBJECT pdo = NULL;
    NTSTATUS status = IoStartKernelDriver(&image, &name, PciEntry, &PciDriver);

    if (NT_SUCCESS(status))
        status = PnpCreateRootDevice(&name, &pdo);
    if (NT_SUCCESS(status))
        status = PnpAddDevice(PciDriver, pdo);
    return NT_SUCCESS(status) ? pdo : NULL;
}
