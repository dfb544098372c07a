/* SPDX-License-Identifier: MIT
 * Information about volumes, by a handle to any of their files.
 */
#include "information.h"

/* What kind of device it is the I/O manager knows. */
static NTSTATUS IopQueryDevice(HANDLE Handle, PFILE_FS_DEVICE_INFORMATION Information, PIO_STATUS_BLOCK Iosb)
{
    PDEVICE_OBJECT device;
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, 0, IopFileObjectType, ObPreviousMode(), &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    device = ((PFILE_OBJECT)object)->DeviceObject;
    Information->DeviceType = device->DeviceType;
    Information->Characteristics = device->Characteristics |
                                   (device->Vpb != NULL && (device->Vpb->Flags & VPB_MOUNTED) ? FILE_DEVICE_IS_MOUNTED : 0);
    ObfDereferenceObject(object);
    *Iosb = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, sizeof(*Information) };
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length,
                                            FS_INFORMATION_CLASS FsInformationClass)
{
    IO_STATUS_BLOCK result = { .Information = 0 };
    IOP_INFORMATION ask = { FileHandle, &result, NULL, Length, FsInformationClass, IRP_MJ_QUERY_VOLUME_INFORMATION, 0, NULL };
    const IOP_CLASS *row;
    MM_ANSWER answer;
    NTSTATUS status = IopVolumeClass(FsInformationClass, Length, FALSE, &row);

    if (NT_SUCCESS(status))
        status = IopBeginQuery(&answer, FsInformation, IoStatusBlock, &ask);
    if (!NT_SUCCESS(status))
        return status;
    ask.Access = row->QueryAccess;
    status = FsInformationClass == FileFsDeviceInformation ? IopQueryDevice(FileHandle, ask.Buffer, &result) : IopAskDriver(&ask);
    return IopEndQuery(&answer, status, IoStatusBlock, &result);
}

NTSTATUS NTAPI NtSetVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length,
                                          FS_INFORMATION_CLASS FsInformationClass)
{
    IOP_INFORMATION ask = { FileHandle, NULL, NULL, Length, FsInformationClass, IRP_MJ_SET_VOLUME_INFORMATION, 0, NULL };
    const IOP_CLASS *row;
    NTSTATUS status = IopVolumeClass(FsInformationClass, Length, TRUE, &row);

    if (!NT_SUCCESS(status))
        return status;
    ask.Access = row->SetAccess;
    return IopTakeAndSet(&ask, FsInformation, IoStatusBlock, IopAskDriver);
}

NTSTATUS NTAPI ZwQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length,
                                            FS_INFORMATION_CLASS FsInformationClass)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryVolumeInformationFile(FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass));
}

NTSTATUS NTAPI ZwSetVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length,
                                          FS_INFORMATION_CLASS FsInformationClass)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetVolumeInformationFile(FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass));
}
