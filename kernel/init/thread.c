/* SPDX-License-Identifier: MIT
 * Threads that nobody keeps a handle to.
 */
#include "initp.h"
#include "ps.h"

typedef struct INIT_START {
    KE_THREAD_ROUTINE *Routine;
    PVOID Context;
} INIT_START;

static VOID NTAPI InitThreadMain(PVOID Context)
{
    INIT_START start = *(INIT_START *)Context;
    ExFreePoolWithTag(Context, 'tinI');
    start.Routine(start.Context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS InitStartThread(KE_THREAD_ROUTINE *Routine, PVOID Context)
{
    INIT_START *start = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(INIT_START), 'tinI');
    HANDLE handle;
    NTSTATUS status;

    if (start == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *start = (INIT_START){ Routine, Context };
    status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, InitThreadMain, start);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(start, 'tinI');
        return status;
    }
    ZwClose(handle);
    return STATUS_SUCCESS;
}
