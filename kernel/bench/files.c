/* SPDX-License-Identifier: MIT
 * A file of the boot volume, by handle and by name as a program would use it: reads come from the cache.
 */
#include "benchp.h"
#include "io.h"

#define BENCH_FILE_PAGES 16u

static HANDLE BenchFile;
static UCHAR BenchPage[PAGE_SIZE];

static NTSTATUS Open(ULONG Access, ULONG Disposition, ULONG Options, PHANDLE File)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\SystemRoot\\bench.tmp");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(File, Access | SYNCHRONIZE, &attributes, &result, NULL, FILE_ATTRIBUTE_NORMAL,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE | Options, NULL, 0);
}

static BOOLEAN PrepareFile(VOID)
{
    IO_STATUS_BLOCK result;
    LARGE_INTEGER offset;
    ULONG page;

    if (!NT_SUCCESS(Open(GENERIC_READ | GENERIC_WRITE | DELETE, FILE_OVERWRITE_IF, FILE_DELETE_ON_CLOSE, &BenchFile)))
        return FALSE;
    RtlFillMemory(BenchPage, PAGE_SIZE, 0x5A);
    for (page = 0; page < BENCH_FILE_PAGES; page++) {
        offset.QuadPart = (LONG64)page * PAGE_SIZE;
        if (!NT_SUCCESS(ZwWriteFile(BenchFile, NULL, NULL, NULL, &result, BenchPage, PAGE_SIZE, &offset, NULL)))
            return FALSE;
    }
    return TRUE;
}

static VOID FinishFile(VOID) { ZwClose(BenchFile); }

static ULONG64 RunRead(ULONG Count)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;

    BENCH_LOOP(Count, offset.QuadPart = (offset.QuadPart + PAGE_SIZE) % (BENCH_FILE_PAGES * PAGE_SIZE);
               status |= ZwReadFile(BenchFile, NULL, NULL, NULL, &result, BenchPage, PAGE_SIZE, &offset, NULL);
               if (status != STATUS_SUCCESS || result.Information != PAGE_SIZE || BenchPage[0] != 0x5A) return 0);
}

static ULONG64 RunOpen(ULONG Count)
{
    NTSTATUS status = STATUS_SUCCESS;
    HANDLE file;

    BENCH_LOOP(Count, status |= Open(GENERIC_READ, FILE_OPEN, 0, &file);
               if (status != STATUS_SUCCESS) return 0;
               ZwClose(file));
}

const KE_BENCH BenchFiles[] = {
    { "file_read_4k", PrepareFile, RunRead, FinishFile },
    { "object_open_close", PrepareFile, RunOpen, FinishFile },
};
const ULONG BenchFilesCount = RTL_NUMBER_OF(BenchFiles);
