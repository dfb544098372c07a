/* SPDX-License-Identifier: MIT
 * A file of memory, for the cache's tests: a device of the kernel's own whose only file has its data in an array. Transfers are counted
 * and can be made to fail.
 */
#pragma once
#include "../ccp.h"
#include "test.h"

#define TEST_FILE_SIZE (1024u * 1024u)

typedef struct TEST_FILE {
    FSRTL_ADVANCED_FCB_HEADER Header;            /* FsContext */
    SECTION_OBJECT_POINTERS Pointers;
    FAST_MUTEX Mutex;
    ERESOURCE Resource, PagingResource;
    PUCHAR Data;                                 /* TEST_FILE_SIZE bytes: the disk */
    ULONG Size;                                  /* of the file */
    volatile LONG Reads, Writes, ReadBytes, WriteBytes;
    volatile LONG FailReads, FailWrites;         /* as many of the next fail */
    volatile LONG LazyAcquired, Opens, Closes;
    KEVENT Closed;                               /* as many closes as opens */
    volatile LONG64 Advanced;                    /* the last AdvanceOnly */
} TEST_FILE;
extern TEST_FILE TestFile;

/* The driver, with every byte of the file at offset i being TestByte(i). */
BOOLEAN TestStartCache(ULONG Size);
VOID TestStopCache(VOID);
static inline UCHAR TestByte(ULONG Offset) { return (UCHAR)(Offset * 7 + (Offset >> 8)); }
/* Opens the file and caches it; ValidData MAXLONGLONG: not kept. */
PFILE_OBJECT TestOpenCached(BOOLEAN PinAccess, LONG64 ValidData, HANDLE *Handle);
/* Uncaches and closes; returns when nothing is left of the file in the cache. */
VOID TestCloseCached(PFILE_OBJECT File, HANDLE Handle);
/* Until nobody, a worker that lets go of an image included, has the file open. */
VOID TestAwaitClose(VOID);
/* CcCopyRead and CcCopyWrite with what they raise as a status. */
NTSTATUS TestRead(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, PVOID Buffer);
NTSTATUS TestWrite(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, const VOID *Buffer);
/* Whether the bytes are those of a fresh file. */
BOOLEAN TestIsOriginal(const UCHAR *Buffer, ULONG Offset, ULONG Length);
VOID TestResize(PFILE_OBJECT File, ULONG Size);
