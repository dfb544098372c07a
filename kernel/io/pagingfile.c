/* SPDX-License-Identifier: MIT
 * NtCreatePagingFile: a file gets its size, with all its clusters, and becomes memory management's for good. It does not grow: the most
 * that it may have is looked at, but what it has is the least that was asked for.
 */
#include "iop.h"

#define IOP_LEAST_PAGE_FILE (1ll << 20)
#define IOP_LARGEST_PAGE_FILE (1ll << 40)

static NTSTATUS IopOpenPageFile(PUNICODE_STRING Name, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL };
    IO_STATUS_BLOCK result;

    return IoCreateFile(Handle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &attributes, &result, NULL,
                        FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM, 0, FILE_OPEN_IF,
                        FILE_NO_INTERMEDIATE_BUFFERING | FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0,
                        CreateFileTypeNone, NULL, IO_OPEN_PAGING_FILE | IO_NO_PARAMETER_CHECKING);
}

static NTSTATUS IopUsePageFile(HANDLE Handle, ULONG64 Bytes, PCUNICODE_STRING Name)
{
    FILE_END_OF_FILE_INFORMATION end = { { .QuadPart = (LONG64)Bytes } };
    PFILE_OBJECT file;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, FILE_WRITE_DATA, IopFileObjectType, KernelMode, (PVOID *)&file, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = IoSetInformation(file, FileEndOfFileInformation, sizeof(end), &end);
    if (NT_SUCCESS(status))
        status = MmAddPageFile(file, Bytes, Name);
    ObfDereferenceObject(file);
    return status;
}

/* The handle stays open: the file is nobody else's as long as the system runs. What could not be made a page file is not left behind. */
static NTSTATUS IopCreatePageFile(PUNICODE_STRING Name, ULONG64 Bytes)
{
    FILE_DISPOSITION_INFORMATION disposition = { TRUE };
    IO_STATUS_BLOCK result;
    HANDLE handle;
    NTSTATUS status = IopOpenPageFile(Name, &handle);

    if (!NT_SUCCESS(status))
        return status;
    status = IopUsePageFile(handle, Bytes, Name);
    if (NT_SUCCESS(status))
        return status;
    ZwSetInformationFile(handle, &result, &disposition, sizeof(disposition), FileDispositionInformation);
    ZwClose(handle);
    return status;
}

static NTSTATUS IopMakePageFile(PUNICODE_STRING Name, LONG64 Least, LONG64 Most)
{
    if (Name->Length == 0 || Name->Length % sizeof(WCHAR) != 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (Least < IOP_LEAST_PAGE_FILE || Least > IOP_LARGEST_PAGE_FILE)
        return STATUS_INVALID_PARAMETER_2;
    if (Most < Least || Most > IOP_LARGEST_PAGE_FILE)
        return STATUS_INVALID_PARAMETER_3;
    return IopCreatePageFile(Name, (ULONG64)Least & ~(PAGE_SIZE - 1ull));
}

NTSTATUS NTAPI NtCreatePagingFile(PUNICODE_STRING PageFileName, PLARGE_INTEGER MinimumSize, PLARGE_INTEGER MaximumSize, ULONG Priority)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER least, most;
    UNICODE_STRING name;
    NTSTATUS status;

    (void)Priority;                              /* means nothing in NT either */
    if (!SeSinglePrivilegeCheck(SeExports->SeCreatePagefilePrivilege, mode))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = MmReadCaller(mode, &least, MinimumSize, sizeof(least));
    if (NT_SUCCESS(status))
        status = MmReadCaller(mode, &most, MaximumSize, sizeof(most));
    if (NT_SUCCESS(status))
        status = MmReadCallerString(mode, PageFileName, &name);
    if (!NT_SUCCESS(status))
        return status;
    ObEnterKernelMode();
    status = IopMakePageFile(&name, least.QuadPart, most.QuadPart);
    MmFreeCallerBlock(name.Buffer);
    return ObLeaveKernelMode(mode, status);
}

NTSTATUS NTAPI ZwCreatePagingFile(PUNICODE_STRING PageFileName, PLARGE_INTEGER MinimumSize, PLARGE_INTEGER MaximumSize, ULONG Priority)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreatePagingFile(PageFileName, MinimumSize, MaximumSize, Priority));
}
