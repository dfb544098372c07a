/* SPDX-License-Identifier: MIT
 * Requests to a real driver, our own null.sys, by handle as a program would send them.
 */
#include "benchp.h"
#include "io.h"

#define IOCTL_NULL_NOTHING CTL_CODE(FILE_DEVICE_NULL, 0, METHOD_BUFFERED, FILE_ANY_ACCESS)      /* drivers/null */

static HANDLE BenchFile;

static BOOLEAN PrepareFile(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return NT_SUCCESS(ZwCreateFile(&BenchFile, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &result, NULL, 0, 0, FILE_OPEN,
                                   FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0));
}

static VOID FinishFile(VOID) { ZwClose(BenchFile); }

static ULONG64 RunControl(ULONG Count)
{
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;

    BENCH_LOOP(Count, status |= ZwDeviceIoControlFile(BenchFile, NULL, NULL, NULL, &result, IOCTL_NULL_NOTHING, NULL, 0, NULL, 0);
               if (status != STATUS_SUCCESS) return 0);
}

static ULONG64 RunWrite(ULONG Count)
{
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;
    CHAR byte = 'x';

    BENCH_LOOP(Count, status |= ZwWriteFile(BenchFile, NULL, NULL, NULL, &result, &byte, 1, NULL, NULL);
               if (status != STATUS_SUCCESS || result.Information != 1) return 0);
}

const KE_BENCH BenchRequests[] = {
    { "irp_null_ioctl", PrepareFile, RunControl, FinishFile },
    { "irp_null_write", PrepareFile, RunWrite, FinishFile },
};
const ULONG BenchRequestsCount = RTL_NUMBER_OF(BenchRequests);
