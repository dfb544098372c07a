/* SPDX-License-Identifier: MIT
 * Block devices of virtual machines: starting and stopping one.
 */
#include "virtio.h"

#define VIRTIO_WANTED (VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY |       \
                       VIRTIO_F_INDIRECT_DESC | VIRTIO_F_VERSION_1)
#define VIRTIO_RESET_TRIES 100000u               /* of 10 microseconds each */

DRIVER_INITIALIZE DriverEntry;

/* ---- The device's state (3.1) ---- */
static VOID VirtioReset(STORAGE_DISK *Disk)
{
    VIRTIO_BLK *blk = VirtioBlk(Disk);
    ULONG i;

    blk->Common->Status = 0;
    for (i = 0; i < VIRTIO_RESET_TRIES && blk->Common->Status != 0 && blk->Common->Status != 0xFF; i++)      /* 0xFF: it is gone */
        KeStallExecutionProcessor(10);
}

static VOID VirtioAddStatus(VIRTIO_BLK *Blk, UCHAR Bit) { Blk->Common->Status = (UCHAR)(Blk->Common->Status | Bit); }

static NTSTATUS VirtioSettleFeatures(VIRTIO_BLK *Blk)
{
    volatile VIRTIO_COMMON *common = Blk->Common;
    ULONG64 offered;

    common->DeviceFeatureSelect = 1;
    offered = (ULONG64)common->DeviceFeature << 32;
    common->DeviceFeatureSelect = 0;
    offered |= common->DeviceFeature;
    Blk->Features = offered & VIRTIO_WANTED;
    if (!(Blk->Features & VIRTIO_F_VERSION_1))
        return STATUS_NOT_SUPPORTED;
    common->DriverFeatureSelect = 0;
    common->DriverFeature = (ULONG)Blk->Features;
    common->DriverFeatureSelect = 1;
    common->DriverFeature = (ULONG)(Blk->Features >> 32);
    VirtioAddStatus(Blk, VIRTIO_STATUS_FEATURES_OK);
    return (common->Status & VIRTIO_STATUS_FEATURES_OK) ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/* A field that may lie behind the end of what the device has. */
static ULONG VirtioField(VIRTIO_BLK *Blk, ULONG64 Feature, ULONG Offset, ULONG Size, ULONG Default)
{
    volatile UCHAR *field = (PUCHAR)Blk->Parts[VirtioConfig] + Offset;

    if (!(Blk->Features & Feature) || Blk->PartLengths[VirtioConfig] < Offset + Size)
        return Default;
    return Size == 1 ? *field : *(volatile ULONG *)field;
}

static NTSTATUS VirtioReadConfig(VIRTIO_BLK *Blk)
{
    volatile VIRTIO_BLK_CONFIG *config = Blk->Parts[VirtioConfig];
    STORAGE_DISK *disk = &Blk->Disk;
    ULONG64 sectors = (ULONG64)config->Capacity[1] << 32 | config->Capacity[0];
    ULONG exponent = VirtioField(Blk, VIRTIO_BLK_F_TOPOLOGY, FIELD_OFFSET(VIRTIO_BLK_CONFIG, PhysicalExponent), 1, 0);

    disk->BlockSize = VirtioField(Blk, VIRTIO_BLK_F_BLK_SIZE, FIELD_OFFSET(VIRTIO_BLK_CONFIG, BlockSize), 4, 512);
    disk->MaximumSegments = VirtioField(Blk, VIRTIO_BLK_F_SEG_MAX, FIELD_OFFSET(VIRTIO_BLK_CONFIG, SegmentMaximum), 4, 2);
    if (disk->BlockSize < 512 || disk->BlockSize > PAGE_SIZE || (disk->BlockSize & (disk->BlockSize - 1)) || exponent > 16 ||
        disk->MaximumSegments < 2 || sectors > MAXLONGLONG / 512)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    disk->PhysicalBlockSize = disk->BlockSize << exponent;
    disk->Length = sectors * 512 & ~(ULONG64)(disk->BlockSize - 1);
    disk->AlignmentMask = 0;
    disk->HasCache = (Blk->Features & VIRTIO_BLK_F_FLUSH) != 0;
    disk->ReadOnly = (Blk->Features & VIRTIO_BLK_F_RO) != 0;
    return STATUS_SUCCESS;
}

/* ---- Start and stop ---- */
static VOID VirtioStop(STORAGE_DISK *Disk)
{
    VIRTIO_BLK *blk = VirtioBlk(Disk);

    VirtioReset(Disk);
    StorageDisconnect(Disk);
    VirtioDeleteQueue(blk);
    VirtioUnmap(blk);
}

static NTSTATUS VirtioPrepare(VIRTIO_BLK *Blk)
{
    NTSTATUS status;

    VirtioReset(&Blk->Disk);
    VirtioAddStatus(Blk, VIRTIO_STATUS_ACKNOWLEDGE);
    VirtioAddStatus(Blk, VIRTIO_STATUS_DRIVER);
    status = VirtioSettleFeatures(Blk);
    if (NT_SUCCESS(status))
        status = VirtioReadConfig(Blk);
    if (NT_SUCCESS(status))
        status = StorageConnect(&Blk->Disk, VirtioDpc);
    if (!NT_SUCCESS(status))
        return status;
    Blk->Common->ConfigVector = VIRTIO_NO_VECTOR;
    return VirtioCreateQueue(Blk);
}

static NTSTATUS VirtioStart(STORAGE_DISK *Disk, PCM_RESOURCE_LIST Translated)
{
    VIRTIO_BLK *blk = VirtioBlk(Disk);
    NTSTATUS status = VirtioMap(blk, Translated);

    if (!NT_SUCCESS(status))
        return status;
    status = VirtioPrepare(blk);
    if (NT_SUCCESS(status))
        VirtioAddStatus(blk, VIRTIO_STATUS_DRIVER_OK);
    else
        VirtioStop(Disk);
    return status;
}

static const STORAGE_OPERATIONS operations = {
    .ExtensionSize = sizeof(VIRTIO_BLK), .BusType = BusTypeVirtual, .Product = "virtio-blk", .Start = VirtioStart, .Stop = VirtioStop,
    .Submit = VirtioSubmit, .Kick = VirtioKick, .Reset = VirtioReset,
};

static NTSTATUS NTAPI VirtioAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo) { return StorageAddDevice(Driver, Pdo, &operations); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    StorageInitializeDriver(DriverObject, VirtioAddDevice);
    return STATUS_SUCCESS;
}
