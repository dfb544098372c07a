/* SPDX-License-Identifier: MIT
 * A function's ranges and messages, as resources that it has from the firmware and as requirements. Nothing is moved, so a range
 * requires the place where it is.
 */
#include "pci.h"

typedef struct PCI_RANGE {
    UCHAR Type;
    USHORT Flags;
    ULONG Length;                                /* as Flags say (CM_RESOURCE_MEMORY_LARGE_...) */
} PCI_RANGE;

static VOID PciDescribeRange(const PCI_BAR *Bar, PCI_RANGE *Range)
{
    ULONG shift = Bar->Length <= 0xFFFFFFFF ? 0 : Bar->Length < 1ull << 40 ? 8 : Bar->Length < 1ull << 48 ? 16 : 32;
    USHORT large = shift == 0    ? 0
                   : shift == 8  ? CM_RESOURCE_MEMORY_LARGE_40
                   : shift == 16 ? CM_RESOURCE_MEMORY_LARGE_48
                                 : CM_RESOURCE_MEMORY_LARGE_64;
    Range->Length = (ULONG)(Bar->Length >> shift);
    if (Bar->Port) {
        Range->Type = CmResourceTypePort;
        Range->Flags =
            CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_16_BIT_DECODE | CM_RESOURCE_PORT_POSITIVE_DECODE | CM_RESOURCE_PORT_BAR;
        return;
    }
    Range->Type = large != 0 ? CmResourceTypeMemoryLarge : CmResourceTypeMemory;
    Range->Flags = CM_RESOURCE_MEMORY_READ_WRITE | CM_RESOURCE_MEMORY_BAR | large;
    if (Bar->Prefetchable)
        Range->Flags |= CM_RESOURCE_MEMORY_PREFETCHABLE;
}

static ULONG PciCountRanges(const PCI_FUNCTION *Function)
{
    ULONG count = 0, i;
    for (i = 0; i < RTL_NUMBER_OF(Function->Bars); i++)
        count += Function->Bars[i].Length != 0;
    return count;
}

NTSTATUS PciQueryResources(const PCI_FUNCTION *Function, PIRP Irp)
{
    ULONG count = PciCountRanges(Function), i, size;
    PCM_PARTIAL_RESOURCE_DESCRIPTOR descriptor;
    PCM_RESOURCE_LIST list;

    if (count == 0)
        return PnpFinish(Irp, Irp->IoStatus.Status);
    size = FIELD_OFFSET(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors) + count * (ULONG)sizeof(*descriptor);
    list = ExAllocatePoolWithTag(PagedPool, size, PNP_TAG);
    if (list == NULL)
        return PnpAnswer(Irp, NULL);
    RtlZeroMemory(list, size);
    list->Count = 1;
    list->List[0].InterfaceType = PCIBus;
    list->List[0].BusNumber = Function->Bus;
    list->List[0].PartialResourceList.Version = list->List[0].PartialResourceList.Revision = 1;
    list->List[0].PartialResourceList.Count = count;
    descriptor = list->List[0].PartialResourceList.PartialDescriptors;
    for (i = 0; i < RTL_NUMBER_OF(Function->Bars); i++) {
        const PCI_BAR *bar = &Function->Bars[i];
        PCI_RANGE range;
        if (bar->Length == 0)
            continue;
        PciDescribeRange(bar, &range);
        descriptor->Type = range.Type;
        descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
        descriptor->Flags = range.Flags;
        descriptor->u.Memory.Start.QuadPart = (LONGLONG)bar->Base;       /* ports have the same form */
        descriptor->u.Memory.Length = range.Length;
        descriptor++;
    }
    return PnpAnswer(Irp, list);
}

/* ---- Requirements ---- */
static VOID PciRequireRange(const PCI_BAR *Bar, PIO_RESOURCE_DESCRIPTOR Descriptor)
{
    PCI_RANGE range;

    PciDescribeRange(Bar, &range);
    Descriptor->Type = range.Type;
    Descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    Descriptor->Flags = range.Flags;
    Descriptor->u.Memory.Length = Descriptor->u.Memory.Alignment = range.Length;
    Descriptor->u.Memory.MinimumAddress.QuadPart = (LONGLONG)Bar->Base;
    Descriptor->u.Memory.MaximumAddress.QuadPart = (LONGLONG)(Bar->Base + Bar->Length - 1);
}

/* MSI has one descriptor for all messages, MSI-X one for each ("Using Interrupt Resource Descriptors"). */
static ULONG PciCountMessages(const PCI_FUNCTION *Function)
{
    return Function->MsiX != 0 ? min(Function->MessageCount, PNP_MAXIMUM_MESSAGES) : Function->Msi != 0 ? 1 : 0;
}

static VOID PciRequireMessage(const PCI_FUNCTION *Function, PIO_RESOURCE_DESCRIPTOR Descriptor)
{
    ULONG count = Function->MsiX != 0 ? 1 : Function->MessageCount;

    Descriptor->Type = CmResourceTypeInterrupt;
    Descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    Descriptor->Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
    Descriptor->u.Interrupt.MinimumVector = CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN - count + 1;
    Descriptor->u.Interrupt.MaximumVector = CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN;
}

NTSTATUS PciQueryRequirements(const PCI_FUNCTION *Function, PIRP Irp)
{
    ULONG messages = PciCountMessages(Function), count = PciCountRanges(Function) + messages, i, size;
    PIO_RESOURCE_REQUIREMENTS_LIST list;
    PIO_RESOURCE_DESCRIPTOR descriptor;

    if (count == 0)
        return PnpFinish(Irp, Irp->IoStatus.Status);
    size = FIELD_OFFSET(IO_RESOURCE_REQUIREMENTS_LIST, List[0].Descriptors) + count * (ULONG)sizeof(*descriptor);
    list = ExAllocatePoolWithTag(PagedPool, size, PNP_TAG);
    if (list == NULL)
        return PnpAnswer(Irp, NULL);
    RtlZeroMemory(list, size);
    list->ListSize = size;
    list->InterfaceType = PCIBus;
    list->BusNumber = Function->Bus;
    list->SlotNumber = Function->Device | Function->Function << 5;
    list->AlternativeLists = 1;
    list->List[0].Version = list->List[0].Revision = 1;
    list->List[0].Count = count;
    descriptor = list->List[0].Descriptors;
    for (i = 0; i < RTL_NUMBER_OF(Function->Bars); i++)
        if (Function->Bars[i].Length != 0)
            PciRequireRange(&Function->Bars[i], descriptor++);
    for (i = 0; i < messages; i++)
        PciRequireMessage(Function, descriptor++);
    return PnpAnswer(Irp, list);
}
