/* SPDX-License-Identifier: MIT
 * Between the parts of fattest: a disk in memory with a FAT volume, and what is done on it.
 */
#pragma once
#include <ntifs.h>

#define FATTEST_BYTES 0x600000u
#define FATTEST_SECTOR 512u

extern PUCHAR FatTestBytes;                      /* the disk's content */
extern volatile LONG FatTestFlushes;             /* IRP_MJ_FLUSH_BUFFERS that came */
extern volatile LONG FatTestBroken;              /* transfers fail while it is set */

/* \Device\FatTestDisk. */
NTSTATUS FatTestCreateDisk(PDRIVER_OBJECT Driver);
/* An empty volume of 12, 16 or 32 bits; nothing is mounted. */
VOID FatTestFormat(ULONG Bits);
/* The offset of cluster 2 and the size of a cluster on it. */
ULONG FatTestDataOffset(VOID);

/* ---- fattest.c, for fattest_more.c ---- */
#define FATTEST_DISK L"\\Device\\FatTestDisk"
#define FATTEST_SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
typedef struct FATTEST_HOW {
    ACCESS_MASK Access;
    ULONG Share, Disposition, Options;
} FATTEST_HOW;
NTSTATUS FatTestOpen(PCWSTR Name, const FATTEST_HOW *How, HANDLE *File);
VOID FatTestCheck(BOOLEAN Held, PCSTR What);
VOID FatTestStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What);

/* Times, attributes, names, label, where a file lies. */
VOID FatTestInformation(ULONG Bits);
VOID FatTestLocks(VOID);
/* Several threads at once: each its own files in one directory, and all of them one file. */
VOID FatTestThreads(VOID);
/* The disk stops working for a while. */
VOID FatTestErrors(VOID);
