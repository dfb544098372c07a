/* SPDX-License-Identifier: MIT
 * FileStatInformation: what the driver says of a file in FileAllInformation, in another order and with what the handle may do.
 */
#include "information.h"

#define IOP_NAME_ROOM 0x400u                     /* of FileAllInformation's name, which is not wanted */

/* NT's FILE_STAT_INFORMATION. */
typedef struct IOP_STAT {
    LARGE_INTEGER FileId, CreationTime, LastAccessTime, LastWriteTime, ChangeTime, AllocationSize, EndOfFile;
    ULONG FileAttributes, ReparseTag, NumberOfLinks;
    ACCESS_MASK EffectiveAccess;
} IOP_STAT;
C_ASSERT(sizeof(IOP_STAT) == 0x48);

static VOID IopFillStat(const FILE_ALL_INFORMATION *All, ACCESS_MASK Granted, IOP_STAT *Stat)
{
    *Stat = (IOP_STAT){ All->InternalInformation.IndexNumber, All->BasicInformation.CreationTime, All->BasicInformation.LastAccessTime,
                        All->BasicInformation.LastWriteTime, All->BasicInformation.ChangeTime, All->StandardInformation.AllocationSize,
                        All->StandardInformation.EndOfFile, All->BasicInformation.FileAttributes, 0,
                        All->StandardInformation.NumberOfLinks, Granted };
}

NTSTATUS IopQueryStat(HANDLE File, ACCESS_MASK Access, ACCESS_MASK Granted, PVOID Information, ULONG Length, PIO_STATUS_BLOCK Result)
{
    ULONG size = sizeof(FILE_ALL_INFORMATION) + IOP_NAME_ROOM;
    PFILE_ALL_INFORMATION all;
    IOP_INFORMATION ask = { File, Result, NULL, size, FileAllInformation, IRP_MJ_QUERY_INFORMATION, Access, NULL };
    NTSTATUS status;

    ASSERT(Length >= sizeof(IOP_STAT));
    all = ExAllocatePoolWithTag(NonPagedPoolNx, size, IOP_TAG_BUFFER);
    if (all == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ask.Buffer = all;
    status = IopAskDriver(&ask);
    if (status == STATUS_BUFFER_OVERFLOW)        /* of the name alone */
        status = STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        IopFillStat(all, Granted, Information);
        *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, sizeof(IOP_STAT) };
    }
    ExFreePoolWithTag(all, IOP_TAG_BUFFER);
    return status;
}
