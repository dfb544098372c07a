/* SPDX-License-Identifier: MIT
 * A cancel-safe queue: requests are queued, taken in order, taken by their context, and cancelled by whoever sent them.
 */
#include "check.h"

#define REQUESTS 64

DRIVER_INITIALIZE DriverEntry;

static IO_CSQ Queue;
static LIST_ENTRY List;
static KSPIN_LOCK ListLock;
static volatile LONG Completed, Cancelled;
static PIRP Irps[REQUESTS];

static VOID NTAPI Insert(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&List, &Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI Remove(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static PIRP NTAPI Peek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY next = Irp == NULL ? List.Flink : Irp->Tail.Overlay.ListEntry.Flink;
    return next == &List ? NULL : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}
static VOID NTAPI Acquire(PIO_CSQ Csq, PKIRQL Irql) { KeAcquireSpinLock(&ListLock, Irql); }
static VOID NTAPI Release(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&ListLock, Irql); }

static VOID Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID NTAPI CompleteCancelled(PIO_CSQ Csq, PIRP Irp)
{
    InterlockedIncrement(&Cancelled);
    Complete(Irp, STATUS_CANCELLED);
}

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completed);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP MakeIrp(VOID)
{
    PIRP irp = IoAllocateIrp(1, FALSE);

    if (!Check(irp != NULL, "a packet"))
        return NULL;
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    return irp;
}

static VOID CheckOrder(VOID)
{
    IO_CSQ_IRP_CONTEXT context;
    PIRP first = MakeIrp(), second = MakeIrp();

    IoCsqInsertIrp(&Queue, first, NULL);
    IoCsqInsertIrp(&Queue, second, &context);
    Check(IoCsqRemoveIrp(&Queue, &context) == second && IoCsqRemoveIrp(&Queue, &context) == NULL, "taken by its context, once");
    Check(IoCsqRemoveNextIrp(&Queue, NULL) == first && IoCsqRemoveNextIrp(&Queue, NULL) == NULL, "the first in the queue");
    IoFreeIrp(first);
    IoFreeIrp(second);
}

static VOID NTAPI Canceller(PVOID Context)
{
    ULONG i;

    for (i = 0; i < REQUESTS; i++)
        IoCancelIrp(Irps[i]);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Another thread cancels what this one takes: each request is completed once. */
static VOID CheckRace(VOID)
{
    HANDLE handle;
    PVOID thread;
    LONG taken = 0;
    PIRP irp;
    ULONG i;

    Completed = Cancelled = 0;
    for (i = 0; i < REQUESTS; i++) {
        Irps[i] = MakeIrp();
        IoCsqInsertIrp(&Queue, Irps[i], NULL);
    }
    if (!CheckStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Canceller, NULL), STATUS_SUCCESS, "a thread"))
        return;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL);
    ZwClose(handle);
    while ((irp = IoCsqRemoveNextIrp(&Queue, NULL)) != NULL) {
        taken += 1;
        Complete(irp, STATUS_SUCCESS);
    }
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(thread);
    Check(Completed == REQUESTS && taken + Cancelled == REQUESTS, "each request ends once");
    Check(IsListEmpty(&List), "nothing is left");
    for (i = 0; i < REQUESTS; i++)
        IoFreeIrp(Irps[i]);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    InitializeListHead(&List);
    KeInitializeSpinLock(&ListLock);
    CheckStatus(IoCsqInitialize(&Queue, Insert, Remove, Peek, Acquire, Release, CompleteCancelled), STATUS_SUCCESS, "a queue");
    CheckOrder();
    CheckRace();
    return CheckResult();
}
