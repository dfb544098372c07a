/* SPDX-License-Identifier: MIT
 * The end of a file object: IRP_MJ_CLEANUP when its last handle goes, IRP_MJ_CLOSE when its last reference does; and its name.
 */
#include "filesystem.h"
#include "completionport.h"

static VOID IopCleanup(PFILE_OBJECT File)
{
    IopSendAndWait(IoGetRelatedDeviceObject(File), File, IRP_MJ_CLEANUP, TRUE);
    File->Flags |= FO_CLEANUP_COMPLETE;
}

/* The process has no handle left: nor does it have locks. */
static VOID IopUnlockAll(PFILE_OBJECT File)
{
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_LOCK_CONTROL, .MinorFunction = IRP_MN_UNLOCK_ALL, .FileObject = File };
    IO_STATUS_BLOCK result = { { STATUS_NOT_SUPPORTED }, 0 };

    IoSendLocationAndWait(IoGetRelatedDeviceObject(File), &location, &result);
}

VOID IopCloseFile(PEPROCESS Process, PVOID Object, ULONG_PTR ProcessHandleCount, ULONG_PTR SystemHandleCount)
{
    PFILE_OBJECT file = Object;
    if (ProcessHandleCount == 1 && file->LockOperation)
        IopUnlockAll(file);
    if (SystemHandleCount == 1 && file->DeviceObject != NULL)
        IopCleanup(file);
}

VOID IopDeleteFile(PVOID Object)
{
    PFILE_OBJECT file = Object;
    PDEVICE_OBJECT device = file->DeviceObject;

    if (device != NULL) {
        if (!(file->Flags & FO_HANDLE_CREATED))  /* opened, but no handle came of it */
            IopCleanup(file);
        IopSendAndWait(IoGetRelatedDeviceObject(file), file, IRP_MJ_CLOSE, TRUE);
    }
    IopReleaseCompletionPort(file);
    if (file->Vpb != NULL)
        IopReleaseVpb(file->Vpb);
    if (file->FileName.Buffer != NULL)
        ExFreePool(file->FileName.Buffer);       /* a driver may have put its own there */
    if (file->RelatedFileObject != NULL)
        ObfDereferenceObject(file->RelatedFileObject);
    if (device != NULL)
        IopCloseDevice(device);
}

/* The device's name, then the file's on it. */
NTSTATUS IopQueryFileName(PVOID Object, BOOLEAN HasName, POBJECT_NAME_INFORMATION Name, ULONG Length, PULONG ReturnLength,
                          KPROCESSOR_MODE Mode)
{
    PFILE_OBJECT file = Object;
    ULONG deviceBytes, needed;
    NTSTATUS status = ObQueryNameString(file->DeviceObject, NULL, 0, &deviceBytes);
    PUCHAR end;

    /* What ObQueryNameString asks for counts the structure, the name and its NUL. */
    needed = (deviceBytes == sizeof(*Name) ? deviceBytes + sizeof(WCHAR) : deviceBytes) + file->FileName.Length;
    *ReturnLength = needed;
    if (Length < needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObQueryNameString(file->DeviceObject, Name, Length, &deviceBytes);
    if (!NT_SUCCESS(status))
        return status;
    Name->Name.Buffer = (PWCHAR)(Name + 1);
    end = (PUCHAR)Name->Name.Buffer + Name->Name.Length;
    RtlCopyMemory(end, file->FileName.Buffer, file->FileName.Length);
    *(PWCHAR)(end + file->FileName.Length) = L'\0';
    Name->Name.Length = (USHORT)(Name->Name.Length + file->FileName.Length);
    Name->Name.MaximumLength = Name->Name.Length + sizeof(WCHAR);
    *ReturnLength = needed;
    return STATUS_SUCCESS;
}
