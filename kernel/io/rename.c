/* SPDX-License-Identifier: MIT
 * The target of a rename or a link: a simple name stays in the file's directory; any other names a place whose directory is opened
 * for the driver (SL_OPEN_TARGET_DIRECTORY), which finds the last component in that file object's name.
 */
#include "information.h"

/* The last name of a path has no separator in it. */
static BOOLEAN IopIsSimpleName(const FILE_RENAME_INFORMATION *Information)
{
    ULONG i;
    for (i = 0; i < Information->FileNameLength / sizeof(WCHAR); i++)
        if (Information->FileName[i] == L'\\')
            return FALSE;
    return TRUE;
}

/* The target is opened as kernel mode, the directory that it starts from is the caller's. */
static NTSTATUS IopCheckRoot(HANDLE Root)
{
    PVOID object;
    NTSTATUS status = Root != NULL ? ObReferenceObjectByHandle(Root, 0, NULL, ObPreviousMode(), &object, NULL) : STATUS_SUCCESS;

    if (NT_SUCCESS(status) && Root != NULL)
        ObfDereferenceObject(object);
    return status;
}

static NTSTATUS IopOpenTarget(const FILE_RENAME_INFORMATION *Information, HANDLE *Target)
{
    UNICODE_STRING name = { (USHORT)Information->FileNameLength, (USHORT)Information->FileNameLength, (PWSTR)Information->FileName };
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | (ObPreviousMode() == KernelMode ? OBJ_KERNEL_HANDLE : 0),
                               Information->RootDirectory, NULL);
    return IoCreateFile(Target, FILE_WRITE_DATA | SYNCHRONIZE, &attributes, &result, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_OPEN, FILE_OPEN_FOR_BACKUP_INTENT, NULL, 0, CreateFileTypeNone, NULL,
                        IO_NO_PARAMETER_CHECKING | IO_OPEN_TARGET_DIRECTORY);
}

/* Both must lie on one device: a rename moves no data. */
static NTSTATUS IopCheckTarget(PFILE_OBJECT File, const IOP_RENAME *Rename)
{
    return IoGetRelatedDeviceObject(File) == IoGetRelatedDeviceObject(Rename->TargetFile) ? STATUS_SUCCESS : STATUS_NOT_SAME_DEVICE;
}

NTSTATUS IopPrepareRename(const IOP_INFORMATION *Ask, PFILE_OBJECT File, IOP_RENAME *Rename)
{
    const FILE_RENAME_INFORMATION *information = Ask->Buffer;
    PVOID object;
    NTSTATUS status;

    *Rename = (IOP_RENAME){ NULL, NULL, information->ReplaceIfExists };
    if (information->FileNameLength == 0 || (information->FileNameLength & 1) || information->FileNameLength > 0xFFFE ||
        information->FileNameLength > Ask->Length - FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName))
        return STATUS_INVALID_PARAMETER;
    if (information->RootDirectory == NULL && IopIsSimpleName(information))
        return STATUS_SUCCESS;
    status = IopCheckRoot(information->RootDirectory);
    if (NT_SUCCESS(status))
        status = IopOpenTarget(information, &Rename->Target);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(Rename->Target, FILE_WRITE_DATA, IopFileObjectType, KernelMode, &object, NULL);
    if (NT_SUCCESS(status)) {
        Rename->TargetFile = object;
        status = IopCheckTarget(File, Rename);
    }
    if (!NT_SUCCESS(status))
        IopEndRename(Rename);
    return status;
}

VOID IopEndRename(const IOP_RENAME *Rename)
{
    if (Rename->TargetFile != NULL)
        ObfDereferenceObject(Rename->TargetFile);
    if (Rename->Target != NULL)
        NtClose(Rename->Target);
}
