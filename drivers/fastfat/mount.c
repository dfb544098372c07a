/* SPDX-License-Identifier: MIT
 * Mounting a volume, and verifying that a medium is still the one that was mounted.
 */
#include "fastfat.h"
#include "core/bytes.h"

LIST_ENTRY FatVolumes;
ERESOURCE FatVolumesLock;

typedef struct FAT_MEDIUM {
    PDEVICE_OBJECT Target;
    ULONG64 Bytes;
    ULONG SectorSize;
    BOOLEAN WriteProtected;
} FAT_MEDIUM;

static NTSTATUS FatQueryMedium(PDEVICE_OBJECT Target, FAT_MEDIUM *Medium)
{
    DISK_GEOMETRY geometry = { 0 };
    GET_LENGTH_INFORMATION length = { 0 };
    NTSTATUS status = FatControlDevice(Target, IOCTL_DISK_GET_DRIVE_GEOMETRY, &geometry, sizeof(geometry));

    if (status == STATUS_INVALID_DEVICE_REQUEST || status == STATUS_NOT_SUPPORTED)
        return STATUS_UNRECOGNIZED_VOLUME;       /* no disk that we know how to ask */
    if (!NT_SUCCESS(status))
        return status;
    Medium->Target = Target;
    Medium->SectorSize = geometry.BytesPerSector;
    Medium->Bytes =
        (ULONG64)geometry.Cylinders.QuadPart * geometry.TracksPerCylinder * geometry.SectorsPerTrack * geometry.BytesPerSector;
    if (NT_SUCCESS(FatControlDevice(Target, IOCTL_DISK_GET_LENGTH_INFO, &length, sizeof(length))))
        Medium->Bytes = (ULONG64)length.Length.QuadPart;
    Medium->WriteProtected = FatControlDevice(Target, IOCTL_DISK_IS_WRITABLE, NULL, 0) == STATUS_MEDIA_WRITE_PROTECTED;
    if (Medium->SectorSize < 512 || Medium->SectorSize > 4096 || (Medium->SectorSize & (Medium->SectorSize - 1)) != 0)
        return STATUS_UNRECOGNIZED_VOLUME;
    return STATUS_SUCCESS;
}

static NTSTATUS FatReadBootSector(const FAT_MEDIUM *Medium, FAT_VOLUME *Volume)
{
    PUCHAR sector = ExAllocatePoolWithTag(NonPagedPoolNx, Medium->SectorSize, FAT_TAG);
    NTSTATUS status;

    if (sector == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = FatReadDevice(Medium->Target, 0, Medium->SectorSize, sector);
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatParseBootSector(sector, Medium->Bytes, Volume));
    ExFreePoolWithTag(sector, FAT_TAG);
    if (NT_SUCCESS(status) && Volume->SectorSize < Medium->SectorSize)
        status = STATUS_UNRECOGNIZED_VOLUME;
    return status;
}

/* ---- The volume's own structure ---- */
static VOID FatInitializeVcb(FAT_VCB *Vcb, PDEVICE_OBJECT Device, PVPB Vpb, const FAT_MEDIUM *Medium)
{
    RtlZeroMemory(Vcb, sizeof(*Vcb));
    ExInitializeResourceLite(&Vcb->Resource);
    ExInitializeResourceLite(&Vcb->PagingIo);
    ExInitializeResourceLite(&Vcb->FatLock);
    ExInitializeFastMutex(&Vcb->HeaderMutex);
    FsRtlSetupAdvancedHeader(&Vcb->Header, &Vcb->HeaderMutex);
    Vcb->Header.NodeTypeCode = FAT_NODE_VOLUME;
    Vcb->Header.NodeByteSize = sizeof(*Vcb);
    Vcb->Header.Resource = &Vcb->Resource;
    Vcb->Header.PagingIoResource = &Vcb->PagingIo;
    Vcb->Device = Device;
    Vcb->Vpb = Vpb;
    Vcb->Target = Medium->Target;
    Vcb->WriteProtected = Medium->WriteProtected;
    InitializeListHead(&Vcb->NotifyList);
    InitializeListHead(&Vcb->Link);
}

static VOID FatUninitializeVcb(FAT_VCB *Vcb)
{
    ExDeleteResourceLite(&Vcb->FatLock);
    ExDeleteResourceLite(&Vcb->PagingIo);
    ExDeleteResourceLite(&Vcb->Resource);
}

/* The FAT is read, and the root; the label goes into the VPB. */
static NTSTATUS FatOpenMedium(FAT_VCB *Vcb)
{
    FAT_ENTRY *entry;
    bool dirty = false;
    NTSTATUS status;

    Vcb->Header.FileSize.QuadPart = (LONG64)Vcb->Volume.RootOffset;
    Vcb->Header.AllocationSize = Vcb->Header.ValidDataLength = Vcb->Header.FileSize;
    status = FatOpenStream(Vcb, Vcb, &Vcb->Header, &Vcb->Stream);
    if (!NT_SUCCESS(status))
        return status;
    Vcb->Volume.Host = &FatHost;
    Vcb->Volume.Stream = Vcb->Stream.File;
    status = FatToNtStatus(FatOpenVolume(&Vcb->Volume));
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatIsDirty(&Vcb->Volume, &dirty));
    Vcb->WasDirty = dirty;
    if (NT_SUCCESS(status))
        status = FatCreateFcb(Vcb, NULL, NULL, &Vcb->Root);
    if (!NT_SUCCESS(status))
        return status == STATUS_FILE_CORRUPT_ERROR ? STATUS_DISK_CORRUPT_ERROR : status;
    entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), FAT_TAG);
    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (FatFindLabel(&Vcb->Root->Folder, entry) == FatOk) {
        WCHAR label[FAT_SHORT_LENGTH];
        ULONG length = FAT_SHORT_LENGTH, i;
        while (length != 0 && entry->Record.Name[length - 1] == ' ')
            length--;
        for (i = 0; i < length; i++)
            label[i] = FatHost.FromOem(entry->Record.Name[i]);
        RtlCopyMemory(Vcb->Vpb->VolumeLabel, label, length * sizeof(WCHAR));
        Vcb->Vpb->VolumeLabelLength = (USHORT)(length * sizeof(WCHAR));
    }
    ExFreePoolWithTag(entry, FAT_TAG);
    return STATUS_SUCCESS;
}

/* Everything that FatOpenMedium made, in part or in whole. */
static VOID FatCloseMedium(FAT_VCB *Vcb)
{
    if (Vcb->Root != NULL)
        FatDeleteFcb(Vcb->Root);
    FatCloseVolume(&Vcb->Volume);
    FatCloseStream(&Vcb->Stream);
}

static NTSTATUS FatMountMedium(PDEVICE_OBJECT Own, PVPB Vpb, const FAT_MEDIUM *Medium, const FAT_VOLUME *Volume)
{
    PDEVICE_OBJECT device;
    FAT_VCB *vcb;
    NTSTATUS status = IoCreateDevice(Own->DriverObject, sizeof(FAT_VCB), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    vcb = device->DeviceExtension;
    FatInitializeVcb(vcb, device, Vpb, Medium);
    vcb->Volume = *Volume;
    device->StackSize = (CCHAR)(Medium->Target->StackSize + 1);
    device->AlignmentRequirement = Medium->Target->AlignmentRequirement;
    device->SectorSize = (USHORT)Volume->SectorSize;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    Vpb->DeviceObject = device;
    Vpb->SerialNumber = Volume->Serial;
    status = FatOpenMedium(vcb);
    if (NT_SUCCESS(status)) {
        FsRtlNotifyInitializeSync(&vcb->NotifySync);
        ExAcquireResourceExclusiveLite(&FatVolumesLock, TRUE);
        InsertTailList(&FatVolumes, &vcb->Link);
        ExReleaseResourceLite(&FatVolumesLock);
        return STATUS_SUCCESS;
    }
    FatCloseMedium(vcb);
    Vpb->DeviceObject = NULL;
    FatUninitializeVcb(vcb);
    IoDeleteDevice(device);
    return status;
}

static NTSTATUS FatMount(PDEVICE_OBJECT Device, PIO_STACK_LOCATION Location)
{
    FAT_MEDIUM medium;
    FAT_VOLUME volume;
    NTSTATUS status = FatQueryMedium(Location->Parameters.MountVolume.DeviceObject, &medium);

    if (NT_SUCCESS(status))
        status = FatReadBootSector(&medium, &volume);
    return NT_SUCCESS(status) ? FatMountMedium(Device, Location->Parameters.MountVolume.Vpb, &medium, &volume) : status;
}

/* The same serial number and the same geometry: the same volume. */
static NTSTATUS FatVerify(FAT_VCB *Vcb)
{
    FAT_MEDIUM medium;
    FAT_VOLUME volume;
    NTSTATUS status;

    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    status = Vcb->Dismounted ? STATUS_WRONG_VOLUME : FatQueryMedium(Vcb->Target, &medium);
    if (NT_SUCCESS(status))
        status = FatReadBootSector(&medium, &volume);
    if (NT_SUCCESS(status) && (volume.Serial != Vcb->Volume.Serial || volume.Bits != Vcb->Volume.Bits ||
                               volume.DataOffset != Vcb->Volume.DataOffset || volume.TotalBytes != Vcb->Volume.TotalBytes))
        status = STATUS_WRONG_VOLUME;
    if (status == STATUS_UNRECOGNIZED_VOLUME)
        status = STATUS_WRONG_VOLUME;
    if (NT_SUCCESS(status))
        Vcb->Vpb->RealDevice->Flags &= ~DO_VERIFY_VOLUME;
    else if (status == STATUS_WRONG_VOLUME && !Vcb->Dismounted)
        FatDismount(Vcb);
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

NTSTATUS FatMountOrVerify(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Location)
{
    if (Device == FatFileSystemDevice)
        return Location->MinorFunction == IRP_MN_MOUNT_VOLUME ? FatMount(Device, Location) : STATUS_INVALID_DEVICE_REQUEST;
    return Location->MinorFunction == IRP_MN_VERIFY_VOLUME ? FatVerify(Device->DeviceExtension) : STATUS_INVALID_DEVICE_REQUEST;
}

/* ---- The end of a volume ---- */
/* Takes the volume off its disk: another can be mounted there, files of this one fail from now on. */
VOID FatDismount(FAT_VCB *Vcb)
{
    PDEVICE_OBJECT disk = Vcb->Vpb->RealDevice;
    PVPB fresh = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*fresh), FAT_TAG);
    KIRQL irql;

    Vcb->Dismounted = TRUE;
    ExAcquireResourceExclusiveLite(&FatVolumesLock, TRUE);
    RemoveEntryList(&Vcb->Link);
    InitializeListHead(&Vcb->Link);
    ExReleaseResourceLite(&FatVolumesLock);
    if (fresh == NULL) /* the disk keeps its block, and no volume can be mounted until its last file is gone */
        return;
    RtlZeroMemory(fresh, sizeof(*fresh));
    fresh->Type = IO_TYPE_VPB;
    fresh->Size = sizeof(*fresh);
    fresh->RealDevice = disk;
    IoAcquireVpbSpinLock(&irql);
    if (disk->Vpb == Vcb->Vpb) {
        fresh->Flags = Vcb->Vpb->Flags & VPB_REMOVE_PENDING;
        disk->Vpb = fresh;
        fresh = NULL;
    }
    IoReleaseVpbSpinLock(irql);
    if (fresh != NULL)
        ExFreePoolWithTag(fresh, FAT_TAG);
}

BOOLEAN FatDeleteVolume(FAT_VCB *Vcb)
{
    if (!Vcb->Dismounted || Vcb->Opens != 0 || Vcb->Root == NULL)
        return FALSE;
    FatCloseMedium(Vcb);
    FsRtlNotifyUninitializeSync(&Vcb->NotifySync);
    ExReleaseResourceLite(&Vcb->Resource);
    FatUninitializeVcb(Vcb);
    IoDeleteDevice(Vcb->Device);
    return TRUE;
}
