/* SPDX-License-Identifier: MIT
 * A hive's three files, through the store: opened, read whole, closed.
 */
#include "cmp.h"

/* What a hive's file may have: all of it is read into memory. */
#define CMP_FILE_LIMIT 0x20000000u

VOID CmpCloseFiles(PVOID Files[RegfFiles])
{
    ULONG i;
    for (i = 0; i < RegfFiles; i++) {
        if (Files[i] != NULL)
            CmHiveStore.Close(Files[i]);
        Files[i] = NULL;
    }
}

/* The file beside the primary whose name ends in Suffix. */
static NTSTATUS CmpOpenBeside(POBJECT_ATTRIBUTES Name, PCWSTR Suffix, PVOID *File)
{
    OBJECT_ATTRIBUTES attributes = *Name;
    UNICODE_STRING path = { 0, (USHORT)(Name->ObjectName->Length + 5 * sizeof(WCHAR)), NULL };
    NTSTATUS status;

    if (Name->ObjectName->Length > MAXUSHORT - 6 * sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    path.Buffer = ExAllocatePoolWithTag(PagedPool, path.MaximumLength, CMP_TAG);
    if (path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyUnicodeString(&path, Name->ObjectName);
    RtlAppendUnicodeToString(&path, Suffix);
    attributes.ObjectName = &path;
    status = CmHiveStore.Open(&attributes, FILE_OPEN_IF, File);
    ExFreePoolWithTag(path.Buffer, CMP_TAG);
    return status;
}

NTSTATUS CmpOpenFiles(POBJECT_ATTRIBUTES Name, PVOID Files[RegfFiles])
{
    NTSTATUS status;

    RtlZeroMemory(Files, RegfFiles * sizeof(PVOID));
    if (CmHiveStore.Open == NULL)
        return STATUS_REGISTRY_IO_FAILED;        /* nobody can open files yet */
    if (Name == NULL || Name->ObjectName == NULL)
        return STATUS_INVALID_PARAMETER;
    status = CmHiveStore.Open(Name, FILE_OPEN, &Files[RegfPrimary]);
    if (NT_SUCCESS(status))
        status = CmpOpenBeside(Name, L".LOG1", &Files[RegfLog1]);
    if (NT_SUCCESS(status))
        status = CmpOpenBeside(Name, L".LOG2", &Files[RegfLog2]);
    if (!NT_SUCCESS(status))
        CmpCloseFiles(Files);
    return status;
}

static NTSTATUS CmpReadFile(PVOID File, REGF_FILE *Content)
{
    ULONG64 size;
    PUCHAR data;
    NTSTATUS status = CmHiveStore.Size(File, &size);

    if (!NT_SUCCESS(status) || size == 0)
        return status;
    if (size > CMP_FILE_LIMIT)
        return STATUS_FILE_TOO_LARGE;
    data = ExAllocatePoolWithTag(PagedPool, (SIZE_T)size, CMP_TAG);
    if (data == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = CmHiveStore.Read(File, 0, data, (ULONG)size);
    if (NT_SUCCESS(status))
        *Content = (REGF_FILE){ data, (size_t)size };
    else
        ExFreePoolWithTag(data, CMP_TAG);
    return status;
}

static VOID CmpFreeContents(REGF_FILE Contents[RegfFiles])
{
    ULONG i;
    for (i = 0; i < RegfFiles; i++)
        if (Contents[i].Data != NULL)
            ExFreePoolWithTag((PVOID)Contents[i].Data, CMP_TAG);
}

NTSTATUS CmpLoadHive(PVOID Files[RegfFiles], CMP_HIVE **Result)
{
    REGF_FILE contents[RegfFiles] = { { NULL, 0 } };
    NTSTATUS status = STATUS_SUCCESS;
    CMP_HIVE *hive = NULL;
    ULONG i;

    for (i = 0; i < RegfFiles && NT_SUCCESS(status); i++)
        status = CmpReadFile(Files[i], &contents[i]);
    if (NT_SUCCESS(status))
        status = CmpOpenHive(contents, &hive);
    CmpFreeContents(contents);
    if (NT_SUCCESS(status)) {
        RtlCopyMemory(hive->Files, Files, sizeof(hive->Files));
        *Result = hive;
        return status;
    }
    if (hive != NULL)
        CmpDereferenceHive(hive);
    CmpCloseFiles(Files);
    return status;
}
