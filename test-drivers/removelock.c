/* SPDX-License-Identifier: MIT
 * A remove lock as drivers use it: threads hold it for every piece of work, and after the wait nobody does.
 */
#include "check.h"

#define THREADS 4
#define ROUNDS 500

DRIVER_INITIALIZE DriverEntry;

static IO_REMOVE_LOCK Lock;
static volatile LONG Busy, Used, Late, Ended;
static volatile LONG Removed;

static VOID NTAPI Worker(PVOID Context)
{
    while (NT_SUCCESS(IoAcquireRemoveLock(&Lock, Context))) {
        InterlockedIncrement(&Busy);
        if (Removed)
            InterlockedIncrement(&Late);
        InterlockedIncrement(&Used);
        InterlockedDecrement(&Busy);
        IoReleaseRemoveLock(&Lock, Context);
    }
    InterlockedIncrement(&Ended);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static PVOID StartThread(PVOID Context)
{
    HANDLE handle;
    PVOID thread = NULL;

    if (!CheckStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, Context), STATUS_SUCCESS, "a thread"))
        return NULL;
    CheckStatus(ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL), STATUS_SUCCESS, "its object");
    ZwClose(handle);
    return thread;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static ULONG tags[THREADS];
    PVOID threads[THREADS];
    LARGE_INTEGER shortly;
    ULONG i;

    shortly.QuadPart = -10000;
    IoInitializeRemoveLock(&Lock, TEST_TAG, 1, 0);
    CheckStatus(IoAcquireRemoveLock(&Lock, DriverObject), STATUS_SUCCESS, "the remove request's own");
    for (i = 0; i < THREADS; i++)
        threads[i] = StartThread(&tags[i]);
    while (Used < ROUNDS)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    IoReleaseRemoveLockAndWait(&Lock, DriverObject);
    Check(Busy == 0, "nobody holds the lock after the wait");
    Removed = 1;
    for (i = 0; i < THREADS; i++) {
        if (threads[i] == NULL)
            continue;
        KeWaitForSingleObject(threads[i], Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(threads[i]);
    }
    Check(Ended == THREADS && Late == 0, "everybody is refused from then on");
    CheckStatus(IoAcquireRemoveLock(&Lock, NULL), STATUS_DELETE_PENDING, "a lock that is gone");
    return CheckResult();
}
