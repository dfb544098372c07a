/* SPDX-License-Identifier: MIT
 * Between the files that ask for information about files and volumes.
 */
#pragma once
#include "iop.h"

/* Result and buffer are kernel memory: the services read and write their callers'. A result is valid unless the status is an error. */
typedef struct IOP_INFORMATION {
    HANDLE File;
    PIO_STATUS_BLOCK Result;
    PVOID Buffer;
    ULONG Length;
    ULONG Class;                                 /* FILE_ or FS_INFORMATION_CLASS */
    UCHAR Major;
    ACCESS_MASK Access;                          /* of the handle */
    const struct IOP_RENAME *Rename;             /* of a rename or a link, or NULL */
} IOP_INFORMATION;

/* Asks the driver through a system buffer and waits, on every file. Major says whether the buffer goes in or comes out. */
NTSTATUS IopAskDriver(IOP_INFORMATION *Ask);
/* NtQueryInformationFile with kernel memory, of a file of the service's caller. */
NTSTATUS IopQueryFile(HANDLE File, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PIO_STATUS_BLOCK Result);
/* The caller's side of asking: Ask's buffer of Ask->Length bytes is made, and handed over with the result when the question ended
 * with Status. */
NTSTATUS IopBeginQuery(MM_ANSWER *Answer, PVOID To, PIO_STATUS_BLOCK IoStatusBlock, IOP_INFORMATION *Ask);
NTSTATUS IopEndQuery(MM_ANSWER *Answer, NTSTATUS Status, PIO_STATUS_BLOCK IoStatusBlock, const IO_STATUS_BLOCK *Result);
/* The caller's side of telling: what From points to becomes Ask's buffer, Set does it, and the caller is told the result. */
NTSTATUS IopTakeAndSet(IOP_INFORMATION *Ask, PVOID From, PIO_STATUS_BLOCK IoStatusBlock, NTSTATUS (*Set)(IOP_INFORMATION *Ask));
/* FileStatInformation of a file that the handle is granted so much of. */
NTSTATUS IopQueryStat(HANDLE File, ACCESS_MASK Access, ACCESS_MASK Granted, PVOID Information, ULONG Length, PIO_STATUS_BLOCK Result);

/* What the classes of one kind need. Length 0: cannot be asked for (or set) this way. */
typedef struct IOP_CLASS {
    UCHAR Query, Set;                            /* bytes at least */
    ULONG QueryAccess, SetAccess;                /* ACCESS_MASK of the handle */
} IOP_CLASS;
/* The row of a class with a length for that direction that Length satisfies. */
NTSTATUS IopFileClass(FILE_INFORMATION_CLASS Class, ULONG Length, BOOLEAN Set, const IOP_CLASS **Row);
NTSTATUS IopVolumeClass(FS_INFORMATION_CLASS Class, ULONG Length, BOOLEAN Set, const IOP_CLASS **Row);

/* ---- Renaming (rename.c) ---- */
typedef struct IOP_RENAME {
    HANDLE Target;                               /* an open of the directory that the new name lies in, or NULL */
    PFILE_OBJECT TargetFile;                     /* referenced */
    BOOLEAN Replace;
} IOP_RENAME;
/* Looks at what is asked for and, when the new name is not in the file's own directory, opens the target's. */
NTSTATUS IopPrepareRename(const IOP_INFORMATION *Ask, PFILE_OBJECT File, IOP_RENAME *Rename);
VOID IopEndRename(const IOP_RENAME *Rename);
