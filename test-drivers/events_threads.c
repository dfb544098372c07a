/* SPDX-License-Identifier: MIT
 * System threads that talk through events: handles, references, waits for one, any and all, and exit statuses.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define THREADS 3
#define ROUNDS 50

static KEVENT Ping, Pong, Go;
static KSEMAPHORE Finished;
static KMUTEX Mutex;
static volatile LONG Rounds, Inside, Sum;
static volatile BOOLEAN Overlapped;

static VOID NTAPI Answer(PVOID Context)
{
    LONG i;

    Check(Context == &Rounds, "the thread's context");
    Check(KeGetCurrentIrql() == PASSIVE_LEVEL, "a thread starts at PASSIVE_LEVEL");
    for (i = 0; i < ROUNDS; i++) {
        KeWaitForSingleObject(&Ping, Executive, KernelMode, FALSE, NULL);
        InterlockedIncrement(&Rounds);
        KeSetEvent(&Pong, IO_NO_INCREMENT, FALSE);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI Worker(PVOID Context)
{
    LONG i;

    KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    for (i = 0; i < ROUNDS; i++) {
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        if (InterlockedIncrement(&Inside) != 1)
            Overlapped = TRUE;
        Sum = Sum + 1;
        InterlockedDecrement(&Inside);
        KeReleaseMutex(&Mutex, FALSE);
    }
    KeReleaseSemaphore(&Finished, IO_NO_INCREMENT, 1, FALSE);
}

/* The thread's object, referenced; its handle is closed again. */
static PVOID StartThread(PKSTART_ROUTINE Routine, PVOID Context)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    PVOID thread = NULL;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!CheckStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, NULL, NULL, Routine, Context), STATUS_SUCCESS,
                     "PsCreateSystemThread"))
        return NULL;
    CheckStatus(ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL), STATUS_SUCCESS,
                "ObReferenceObjectByHandle");
    CheckStatus(ZwClose(handle), STATUS_SUCCESS, "ZwClose");
    return thread;
}

static VOID CheckPingPong(VOID)
{
    PVOID thread;
    LONG i;

    KeInitializeEvent(&Ping, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Pong, SynchronizationEvent, FALSE);
    thread = StartThread(Answer, (PVOID)&Rounds);
    if (thread == NULL)
        return;
    for (i = 0; i < ROUNDS; i++) {
        KeSetEvent(&Ping, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(&Pong, Executive, KernelMode, FALSE, NULL);
    }
    Check(Rounds == ROUNDS, "every ping had its answer");
    CheckStatus(KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "wait for a thread's end");
    Check(KeReadStateEvent(&Ping) == 0, "a synchronization event is used up by one wait");
    ObDereferenceObject(thread);
}

static VOID CheckManyThreads(VOID)
{
    PVOID threads[THREADS];
    ULONG i;

    KeInitializeEvent(&Go, NotificationEvent, FALSE);
    KeInitializeSemaphore(&Finished, 0, THREADS);
    KeInitializeMutex(&Mutex, 0);
    for (i = 0; i < THREADS; i++)
        threads[i] = StartThread(Worker, NULL);
    KeSetEvent(&Go, IO_NO_INCREMENT, FALSE);
    for (i = 0; i < THREADS; i++)
        KeWaitForSingleObject(&Finished, Executive, KernelMode, FALSE, NULL);
    CheckStatus(KeWaitForMultipleObjects(THREADS, threads, WaitAll, Executive, KernelMode, FALSE, NULL, NULL), STATUS_SUCCESS,
                "wait for all threads");
    Check(!Overlapped && Sum == THREADS * ROUNDS, "one thread at a time holds the mutex");
    for (i = 0; i < THREADS; i++)
        ObDereferenceObject(threads[i]);
}

static VOID CheckWaitAny(VOID)
{
    KEVENT first, second;
    PVOID objects[2];
    LARGE_INTEGER now;

    now.QuadPart = 0;
    objects[0] = &first;
    objects[1] = &second;
    KeInitializeEvent(&first, NotificationEvent, FALSE);
    KeInitializeEvent(&second, SynchronizationEvent, TRUE);
    CheckStatus(KeWaitForMultipleObjects(2, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL), STATUS_WAIT_1,
                "the second of two is signalled");
    CheckStatus(KeWaitForMultipleObjects(2, objects, WaitAny, Executive, KernelMode, FALSE, &now, NULL), STATUS_TIMEOUT,
                "no longer");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE bogus = (HANDLE)(ULONG_PTR)0xFFFFFFFF80FFFFF0ull;
    PVOID object;

    CheckPingPong();
    CheckManyThreads();
    CheckWaitAny();
    Check(!NT_SUCCESS(ObReferenceObjectByHandle(bogus, SYNCHRONIZE, *PsThreadType, KernelMode, &object, NULL)), "a bad handle");
    return CheckResult();
}
