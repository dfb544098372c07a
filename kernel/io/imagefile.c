/* SPDX-License-Identifier: MIT
 * The file of a driver's image: one that came with the job, or the one that its path leads to.
 */
#include "service.h"

#define IOP_LARGEST_IMAGE (256u << 20)           /* bytes */

static NTSTATUS IopReadWhole(HANDLE File, PVOID *Bytes, PULONG Size)
{
    FILE_STANDARD_INFORMATION standard;
    IO_STATUS_BLOCK result;
    LARGE_INTEGER start = { .QuadPart = 0 };
    PVOID bytes;
    NTSTATUS status = ZwQueryInformationFile(File, &result, &standard, sizeof(standard), FileStandardInformation);

    if (!NT_SUCCESS(status))
        return status;
    if (standard.EndOfFile.QuadPart <= 0 || standard.EndOfFile.QuadPart > IOP_LARGEST_IMAGE)
        return STATUS_INVALID_IMAGE_FORMAT;
    bytes = ExAllocatePoolWithTag(PagedPool, standard.EndOfFile.LowPart, IOP_TAG_NAME);
    if (bytes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = ZwReadFile(File, NULL, NULL, NULL, &result, bytes, standard.EndOfFile.LowPart, &start, NULL);
    if (NT_SUCCESS(status) && result.Information != standard.EndOfFile.LowPart)
        status = STATUS_END_OF_FILE;             /* cut meanwhile */
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(bytes, IOP_TAG_NAME);
        return status;
    }
    *Bytes = bytes;
    *Size = standard.EndOfFile.LowPart;
    return STATUS_SUCCESS;
}

static NTSTATUS IopReadFileOfPath(PCUNICODE_STRING Path, PVOID *Bytes, PULONG Size)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    NTSTATUS status;
    HANDLE file;

    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_DELETE,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status))
        return status;
    status = IopReadWhole(file, Bytes, Size);
    ZwClose(file);
    return status;
}

NTSTATUS IopReadImageFile(const IOP_SERVICE *Service, PVOID *Bytes, PULONG Size)
{
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;

    if (IoUpcalls.ReadImageFile != NULL)
        status = IoUpcalls.ReadImageFile(&Service->ImageName, Bytes, Size);
    return status == STATUS_OBJECT_NAME_NOT_FOUND ? IopReadFileOfPath(&Service->ImagePath, Bytes, Size) : status;
}
