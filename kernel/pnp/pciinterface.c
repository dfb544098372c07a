/* SPDX-License-Identifier: MIT
 * A function's configuration space for its drivers: by request, and by the interface that may be called at DISPATCH_LEVEL. Both
 * refuse what HalSetBusDataByOffset refuses.
 */
#include "pci.h"

static const GUID PciGuidBusInterface = { 0x496b8280, 0x6f25, 0x11d0, { 0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f } };

static ULONG PciSlot(const PCI_FUNCTION *Function)
{
    return Function->Device | Function->Function << 5;
}

/* ---- Requests ---- */
NTSTATUS PciTransferConfiguration(const PCI_FUNCTION *Function, PIRP Irp, BOOLEAN Write)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG offset = location->Parameters.ReadWriteConfig.Offset, length = location->Parameters.ReadWriteConfig.Length;
    PVOID buffer = location->Parameters.ReadWriteConfig.Buffer;
    ULONG done;

    if (location->Parameters.ReadWriteConfig.WhichSpace != PCI_WHICHSPACE_CONFIG)
        return PnpFinish(Irp, STATUS_INVALID_PARAMETER_1);
    if (buffer == NULL && length != 0)
        return PnpFinish(Irp, STATUS_INVALID_PARAMETER_2);
    done = Write ? HalSetBusDataByOffset(PCIConfiguration, Function->Bus, PciSlot(Function), buffer, offset, length)
                 : HalGetBusDataByOffset(PCIConfiguration, Function->Bus, PciSlot(Function), buffer, offset, length);
    Irp->IoStatus.Information = done;
    return PnpFinish(Irp, done == length ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_4);
}

/* ---- BUS_INTERFACE_STANDARD; the context is the physical device ---- */
static VOID NTAPI PciReference(PVOID Context)
{
    ObfReferenceObject(Context);
}
static VOID NTAPI PciDereference(PVOID Context)
{
    ObfDereferenceObject(Context);
}

static BOOLEAN NTAPI PciTranslate(PVOID Context, PHYSICAL_ADDRESS BusAddress, ULONG Length, PULONG AddressSpace,
                                  PPHYSICAL_ADDRESS TranslatedAddress)
{
    PCI_FUNCTION *function = ((PDEVICE_OBJECT)Context)->DeviceExtension;
    return HalTranslateBusAddress(PCIBus, function->Bus, BusAddress, AddressSpace, TranslatedAddress);
}

static struct _DMA_ADAPTER *NTAPI PciGetAdapter(PVOID Context, struct _DEVICE_DESCRIPTION *Description,
                                                PULONG NumberOfMapRegisters)
{
    return IoGetDmaAdapter(Context, Description, NumberOfMapRegisters);
}

static ULONG NTAPI PciSetData(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset, ULONG Length)
{
    PCI_FUNCTION *function = ((PDEVICE_OBJECT)Context)->DeviceExtension;
    return DataType == PCI_WHICHSPACE_CONFIG
               ? HalSetBusDataByOffset(PCIConfiguration, function->Bus, PciSlot(function), Buffer, Offset, Length)
               : 0;
}

static ULONG NTAPI PciGetData(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset, ULONG Length)
{
    PCI_FUNCTION *function = ((PDEVICE_OBJECT)Context)->DeviceExtension;
    return DataType == PCI_WHICHSPACE_CONFIG
               ? HalGetBusDataByOffset(PCIConfiguration, function->Bus, PciSlot(function), Buffer, Offset, Length)
               : 0;
}

NTSTATUS PciQueryInterface(PCI_FUNCTION *Function, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PBUS_INTERFACE_STANDARD answer = (PBUS_INTERFACE_STANDARD)location->Parameters.QueryInterface.Interface;
    const GUID *type = location->Parameters.QueryInterface.InterfaceType;

    if (type == NULL || !IsEqualGUID(type, &PciGuidBusInterface))
        return PnpFinish(Irp, Irp->IoStatus.Status);
    if (location->Parameters.QueryInterface.Size < sizeof(*answer) || location->Parameters.QueryInterface.Version < 1)
        return PnpFinish(Irp, STATUS_INVALID_PARAMETER);
    *answer = (BUS_INTERFACE_STANDARD){ .Size = sizeof(*answer),
                                        .Version = 1,
                                        .Context = Function->Pdo,
                                        .InterfaceReference = PciReference,
                                        .InterfaceDereference = PciDereference,
                                        .TranslateBusAddress = PciTranslate,
                                        .GetDmaAdapter = PciGetAdapter,
                                        .SetBusData = PciSetData,
                                        .GetBusData = PciGetData };
    PciReference(Function->Pdo);
    Irp->IoStatus.Information = 0;
    return PnpFinish(Irp, STATUS_SUCCESS);
}
