/* SPDX-License-Identifier: MIT
 * A disk in memory for fattest, and the smallest formatter that makes a FAT volume on it: clusters of one sector.
 */
#include "fattest.h"
#include <ntdddisk.h>

PUCHAR FatTestBytes;
volatile LONG FatTestFlushes, FatTestBroken;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI DiskSucceed(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_FLUSH_BUFFERS)
        InterlockedIncrement(&FatTestFlushes);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI DiskTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    PUCHAR data = Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : NULL;

    if (FatTestBroken)
        return Complete(Irp, STATUS_IO_DEVICE_ERROR, 0);
    if (data == NULL || ((offset | length) & (FATTEST_SECTOR - 1)) || offset > FATTEST_BYTES || length > FATTEST_BYTES - offset)
        return Complete(Irp, STATUS_INVALID_PARAMETER, 0);
    if (location->MajorFunction == IRP_MJ_READ)
        RtlCopyMemory(data, FatTestBytes + offset, length);
    else
        RtlCopyMemory(FatTestBytes + offset, data, length);
    return Complete(Irp, STATUS_SUCCESS, length);
}

static NTSTATUS NTAPI DiskControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PVOID buffer = Irp->AssociatedIrp.SystemBuffer;

    switch (location->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_DISK_GET_DRIVE_GEOMETRY:
        *(PDISK_GEOMETRY)buffer =
            (DISK_GEOMETRY){ { .QuadPart = FATTEST_BYTES / FATTEST_SECTOR }, FixedMedia, 1, 1, FATTEST_SECTOR };
        return Complete(Irp, STATUS_SUCCESS, sizeof(DISK_GEOMETRY));
    case IOCTL_DISK_GET_LENGTH_INFO:
        ((PGET_LENGTH_INFORMATION)buffer)->Length.QuadPart = FATTEST_BYTES;
        return Complete(Irp, STATUS_SUCCESS, sizeof(GET_LENGTH_INFORMATION));
    case IOCTL_DISK_IS_WRITABLE:
        return Complete(Irp, STATUS_SUCCESS, 0);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

NTSTATUS FatTestCreateDisk(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\FatTestDisk");
    PDEVICE_OBJECT device;
    NTSTATUS status;

    FatTestBytes = ExAllocatePoolWithTag(NonPagedPool, FATTEST_BYTES, 'tseT');
    if (FatTestBytes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Driver->MajorFunction[IRP_MJ_CREATE] = Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_CLOSE] =
        DiskSucceed;
    Driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = DiskSucceed;
    Driver->MajorFunction[IRP_MJ_READ] = Driver->MajorFunction[IRP_MJ_WRITE] = DiskTransfer;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DiskControl;
    status = IoCreateDevice(Driver, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    device->Flags |= DO_DIRECT_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

/* ---- The formatter ---- */
static VOID Put(ULONG Offset, ULONG64 Value, ULONG Bytes)
{
    while (Bytes-- > 0) {
        FatTestBytes[Offset++] = (UCHAR)Value;
        Value >>= 8;
    }
}

static ULONG Get(ULONG Offset, ULONG Bytes)
{
    ULONG value = 0;
    while (Bytes-- > 0)
        value = value << 8 | FatTestBytes[Offset + Bytes];
    return value;
}

ULONG FatTestDataOffset(VOID)
{
    ULONG fat = Get(22, 2) != 0 ? Get(22, 2) : Get(36, 4);
    return (Get(14, 2) + Get(16, 1) * fat) * FATTEST_SECTOR + Get(17, 2) * 32;
}

VOID FatTestFormat(ULONG Bits)
{
    ULONG sectors = Bits == 12 ? 4000 : FATTEST_BYTES / FATTEST_SECTOR;
    ULONG fat = sectors * Bits / 8 / FATTEST_SECTOR + 1, reserved = Bits == 32 ? 32 : 1, i;

    RtlZeroMemory(FatTestBytes, FATTEST_BYTES);
    Put(0, 0x903CEB, 3);
    Put(11, FATTEST_SECTOR, 2);
    Put(13, 1, 1);
    Put(14, reserved, 2);
    Put(16, 2, 1);
    Put(17, Bits == 32 ? 0 : 512, 2);
    Put(19, sectors, 2);
    Put(21, 0xF8, 1);
    Put(Bits == 32 ? 36 : 22, fat, Bits == 32 ? 4 : 2);
    Put(Bits == 32 ? 66 : 38, 0x29, 1);
    Put(Bits == 32 ? 67 : 39, 0xCAFE0000 + Bits, 4);
    Put(510, 0xAA55, 2);
    for (i = 0; i < 2; i++)
        Put((reserved + i * fat) * FATTEST_SECTOR,
            Bits == 12   ? 0xFFFFF8
            : Bits == 16 ? 0xFFFFFFF8
                         : 0x0FFFFFFF0FFFFFF8ull,
            Bits == 12   ? 3
            : Bits == 16 ? 4
                         : 8);
    if (Bits != 32)
        return;
    Put(44, 2, 4);
    Put(48, 1, 2);
    Put(512, 0x41615252, 4);
    Put(512 + 484, 0x61417272, 4);
    Put(512 + 488, ~0u, 4);
    Put(512 + 492, ~0u, 4);
    for (i = 0; i < 2; i++)
        Put((reserved + i * fat) * FATTEST_SECTOR + 8, 0x0FFFFFFF, 4);
}
