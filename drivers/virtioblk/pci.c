/* SPDX-License-Identifier: MIT
 * Where the device's structures are: capabilities in configuration space name a base address register, an offset and a length (4.1.4).
 */
#include <initguid.h>
#include "virtio.h"

#define PCI_CAPABILITIES 0x34u
#define PCI_BARS 0x10u
#define PCI_VENDOR_CAPABILITY 0x09u
#define PCI_MAXIMUM_CAPABILITIES 48u             /* as many as fit */

typedef struct VIRTIO_CAPABILITY {               /* 4.1.4 */
    UCHAR Id, Next, Size, Type, Bar, Identity, Padding[2];
    ULONG Offset, Length;
    ULONG NotifyMultiplier;                      /* of VirtioNotify only */
} VIRTIO_CAPABILITY;

static ULONG VirtioReadPci(BUS_INTERFACE_STANDARD *Bus, ULONG Offset, PVOID Buffer, ULONG Length)
{
    return Bus->GetBusData(Bus->Context, PCI_WHICHSPACE_CONFIG, Buffer, Offset, Length);
}

/* Asks the device's bus for the way to its configuration space; the answer is referenced. */
static NTSTATUS VirtioQueryBus(PDEVICE_OBJECT Lower, BUS_INTERFACE_STANDARD *Bus)
{
    IO_STATUS_BLOCK result = { .Status = STATUS_NOT_SUPPORTED };
    PIO_STACK_LOCATION location;
    NTSTATUS status;
    KEVENT done;
    PIRP irp;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Lower, NULL, 0, NULL, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    location = IoGetNextIrpStackLocation(irp);
    location->MinorFunction = IRP_MN_QUERY_INTERFACE;
    location->Parameters.QueryInterface.InterfaceType = &GUID_BUS_INTERFACE_STANDARD;
    location->Parameters.QueryInterface.Size = sizeof(*Bus);
    location->Parameters.QueryInterface.Version = 1;
    location->Parameters.QueryInterface.Interface = (PINTERFACE)Bus;
    status = IoCallDriver(Lower, irp);
    if (status != STATUS_PENDING)
        return NT_SUCCESS(status) ? result.Status : status;
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return result.Status;
}

/* Whether the range lies in one that the device was given. */
static BOOLEAN VirtioIsOurs(PCM_RESOURCE_LIST Resources, ULONG64 Start, ULONG Length)
{
    PCM_PARTIAL_RESOURCE_LIST list = &Resources->List[0].PartialResourceList;
    ULONG i;

    for (i = 0; i < list->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR have = &list->PartialDescriptors[i];
        ULONG64 base = (ULONG64)have->u.Memory.Start.QuadPart;
        if (have->Type == CmResourceTypeMemory && Start >= base && Length <= have->u.Memory.Length &&
            Start - base <= have->u.Memory.Length - Length)
            return TRUE;
    }
    return FALSE;
}

/* A memory range's address; 0: it is none. */
static ULONG64 VirtioBarAddress(BUS_INTERFACE_STANDARD *Bus, ULONG Bar)
{
    ULONG low = 0, high = 0;

    if (Bar > 5 || VirtioReadPci(Bus, PCI_BARS + Bar * 4, &low, sizeof(low)) != sizeof(low) || (low & 1))
        return 0;
    if ((low & 6) == 4 && (Bar == 5 || VirtioReadPci(Bus, PCI_BARS + Bar * 4 + 4, &high, sizeof(high)) != sizeof(high)))
        return 0;
    return (ULONG64)high << 32 | (low & ~0xFu);
}

/* The first structure of each kind that can be used is. */
static VOID VirtioMapPart(VIRTIO_BLK *Blk, BUS_INTERFACE_STANDARD *Bus, PCM_RESOURCE_LIST Resources, const VIRTIO_CAPABILITY *Capability)
{
    ULONG part = Capability->Type - 1u;
    ULONG64 base = VirtioBarAddress(Bus, Capability->Bar);
    PHYSICAL_ADDRESS address;

    if (part >= VirtioPartCount || Blk->Parts[part] != NULL || base == 0 || Capability->Length == 0)
        return;
    if (!VirtioIsOurs(Resources, base + Capability->Offset, Capability->Length) || (Capability->Offset & 3))
        return;
    address.QuadPart = (LONGLONG)(base + Capability->Offset);
    Blk->Parts[part] = MmMapIoSpace(address, Capability->Length, MmNonCached);
    Blk->PartLengths[part] = Capability->Length;
    if (part == VirtioNotify)
        Blk->NotifyMultiplier = Capability->NotifyMultiplier;
}

static VOID VirtioWalk(VIRTIO_BLK *Blk, BUS_INTERFACE_STANDARD *Bus, PCM_RESOURCE_LIST Resources)
{
    VIRTIO_CAPABILITY capability;
    UCHAR place = 0;
    ULONG i;

    VirtioReadPci(Bus, PCI_CAPABILITIES, &place, 1);
    for (i = 0; i < PCI_MAXIMUM_CAPABILITIES && place >= 0x40; i++, place = capability.Next) {
        RtlZeroMemory(&capability, sizeof(capability));
        if (VirtioReadPci(Bus, place & ~3u, &capability, sizeof(capability)) < FIELD_OFFSET(VIRTIO_CAPABILITY, NotifyMultiplier))
            return;
        if (capability.Id == PCI_VENDOR_CAPABILITY && capability.Size >= FIELD_OFFSET(VIRTIO_CAPABILITY, NotifyMultiplier))
            VirtioMapPart(Blk, Bus, Resources, &capability);
    }
}

NTSTATUS VirtioMap(VIRTIO_BLK *Blk, PCM_RESOURCE_LIST Resources)
{
    BUS_INTERFACE_STANDARD bus = { .Size = 0 };
    NTSTATUS status;

    if (Resources == NULL || Resources->Count != 1)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    status = VirtioQueryBus(Blk->Disk.Lower, &bus);
    if (!NT_SUCCESS(status))
        return status;
    VirtioWalk(Blk, &bus, Resources);
    bus.InterfaceDereference(bus.Context);
    if (Blk->Parts[VirtioCommon] != NULL && Blk->PartLengths[VirtioCommon] >= sizeof(VIRTIO_COMMON) && Blk->Parts[VirtioNotify] != NULL &&
        Blk->Parts[VirtioConfig] != NULL && Blk->PartLengths[VirtioConfig] >= FIELD_OFFSET(VIRTIO_BLK_CONFIG, SizeMaximum)) {
        Blk->Common = Blk->Parts[VirtioCommon];
        return STATUS_SUCCESS;
    }
    VirtioUnmap(Blk);
    return STATUS_NOT_SUPPORTED;                 /* of the kind before 1.0, perhaps */
}

VOID VirtioUnmap(VIRTIO_BLK *Blk)
{
    ULONG i;

    for (i = 0; i < VirtioPartCount; i++) {
        if (Blk->Parts[i] != NULL)
            MmUnmapIoSpace(Blk->Parts[i], Blk->PartLengths[i]);
        Blk->Parts[i] = NULL;
    }
    Blk->Common = NULL;
}
