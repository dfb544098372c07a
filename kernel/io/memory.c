/* SPDX-License-Identifier: MIT
 * What memory management cannot do for itself with files.
 */
#include "iop.h"
#include "filesystem.h"

static VOID IopHoldFile(PFILE_OBJECT File, BOOLEAN Hold)
{
    if (Hold)
        ObfReferenceObject(File);
    else
        ObfDereferenceObject(File);
}

static VOID IopQueueForMm(PWORK_QUEUE_ITEM Work) { ExQueueWorkItem(Work, DelayedWorkQueue); }

static NTSTATUS IopReferenceFileOfHandle(HANDLE Handle, ACCESS_MASK Access, PFILE_OBJECT *File)
{
    return ObReferenceObjectByHandle(Handle, Access, IopFileObjectType, ObPreviousMode(), (PVOID *)File, NULL);
}

/* ---- Sections: the file system's own locks are taken before anything is asked of the file, and held until the section is there ---- */
static VOID IopBeginSection(PFILE_OBJECT File)
{
    PFAST_IO_ACQUIRE_FILE acquire = IOP_FAST(IopFastTable(IoGetBaseFileSystemDeviceObject(File)), AcquireFileForNtCreateSection);

    KeEnterCriticalRegion();
    if (acquire != NULL)
        acquire(File);
}

static VOID IopEndSection(PFILE_OBJECT File)
{
    PFAST_IO_RELEASE_FILE release = IOP_FAST(IopFastTable(IoGetBaseFileSystemDeviceObject(File)), ReleaseFileForNtCreateSection);

    if (release != NULL)
        release(File);
    KeLeaveCriticalRegion();
}

static NTSTATUS IopQuerySizeOfFile(PFILE_OBJECT File, PULONG64 Bytes)
{
    FILE_STANDARD_INFORMATION standard = { .Directory = FALSE };
    NTSTATUS status = IoQueryFileInformation(File, FileStandardInformation, sizeof(standard), &standard, NULL);

    if (!NT_SUCCESS(status) || standard.Directory)
        return STATUS_INVALID_FILE_FOR_SECTION;
    *Bytes = (ULONG64)standard.EndOfFile.QuadPart;
    return STATUS_SUCCESS;
}

static NTSTATUS IopExtendFile(PFILE_OBJECT File, ULONG64 Bytes)
{
    FILE_END_OF_FILE_INFORMATION end = { { .QuadPart = (LONG64)Bytes } };
    return IoSetInformation(File, FileEndOfFileInformation, sizeof(end), &end);
}

VOID IopServeMm(VOID)
{
    MmUpcalls = (MM_UPCALLS){ IopTransferPages, IopHoldFile, IopQueueForMm, IopBeginSection, IopEndSection, IopQuerySizeOfFile, IopExtendFile,
                              IopReferenceFileOfHandle };
}
