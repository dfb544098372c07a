/* SPDX-License-Identifier: MIT
 * Cancelling requests of other threads. Only the thread itself may walk its list: it is asked to by a special kernel APC, and awaited.
 */
#include "iop.h"
#include "iocompletion.h"

#define IOP_TAG_VISIT 'vCoI'
#define IOP_THREAD_TERMINATE 0x0001u
#define IOP_SLACK_THREADS 16u                    /* that may come while the others are listed */

typedef struct IOP_VISIT {
    KAPC Apc;
    KEVENT Done;
    PFILE_OBJECT File;                           /* NULL: any, if the thread waits for the request */
    PIO_STATUS_BLOCK Wanted;                     /* NULL: all */
    ULONG Found;
} IOP_VISIT;

static BOOLEAN IopIsWaitedFor(PIRP Irp)
{
    PFILE_OBJECT file = Irp->Tail.Overlay.OriginalFileObject;
    return (Irp->Flags & IRP_SYNCHRONOUS_API) || (file != NULL && (file->Flags & FO_SYNCHRONOUS_IO));
}

/* APC_LEVEL, on the thread whose list it is. */
static VOID IopCancelWanted(IOP_VISIT *Visit)
{
    PLIST_ENTRY head = &PsCurrentThread()->IrpList, entry;

    for (entry = head->Flink; entry != head; entry = entry->Flink) {
        PIRP irp = CONTAINING_RECORD(entry, IRP, ThreadListEntry);
        if (Visit->File != NULL ? irp->Tail.Overlay.OriginalFileObject != Visit->File : !IopIsWaitedFor(irp))
            continue;
        if (Visit->Wanted != NULL && irp->UserIosb != Visit->Wanted)
            continue;
        if (!irp->Cancel)
            IoCancelIrp(irp);
        Visit->Found++;
    }
}

static VOID NTAPI IopVisitApc(PKAPC Apc, PKNORMAL_ROUTINE *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    IOP_VISIT *visit = CONTAINING_RECORD(Apc, IOP_VISIT, Apc);

    IopCancelWanted(visit);
    KeSetEvent(&visit->Done, 0, FALSE);
}

/* Kernel stacks stay in memory: the visit may lie on one. */
static VOID IopVisitThread(IOP_VISIT *Visit, PETHREAD Thread)
{
    KeInitializeEvent(&Visit->Done, NotificationEvent, FALSE);
    KeInitializeApc(&Visit->Apc, &Thread->Tcb, OriginalApcEnvironment, IopVisitApc, NULL, NULL, KernelMode, NULL);
    if (KeInsertQueueApc(&Visit->Apc, NULL, NULL, 0))
        KeWaitForSingleObject(&Visit->Done, Executive, KernelMode, FALSE, NULL);
}

static VOID IopVisitId(IOP_VISIT *Visit, HANDLE Id)
{
    PETHREAD thread;

    if (!NT_SUCCESS(PsLookupThreadByThreadId(Id, &thread)))
        return;
    if (PsGetThreadProcess(thread) == PsCurrentProcess())
        IopVisitThread(Visit, thread);
    ObfDereferenceObject(thread);
}

static NTSTATUS IopVisitThreads(IOP_VISIT *Visit)
{
    ULONG room = PsCurrentProcess()->ActiveThreads + IOP_SLACK_THREADS, count, i;
    PSYSTEM_THREAD_INFORMATION facts = ExAllocatePoolWithTag(NonPagedPoolNx, room * sizeof(*facts), IOP_TAG_VISIT);

    if (facts == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    count = PsDescribeThreads(PsCurrentProcess(), facts, room);
    for (i = 0; i < count; i++)
        IopVisitId(Visit, facts[i].ClientId.UniqueThread);
    ExFreePoolWithTag(facts, IOP_TAG_VISIT);
    return STATUS_SUCCESS;
}

static NTSTATUS IopTellCancelled(PIO_STATUS_BLOCK To, ULONG Found)
{
    IO_STATUS_BLOCK result = { { Found != 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND }, 0 };
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), To, &result, sizeof(result));

    return NT_SUCCESS(status) ? result.Status : status;
}

NTSTATUS NTAPI NtCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_VISIT visit = { .Wanted = IoRequestToCancel };
    PVOID file;
    NTSTATUS status = MmProbeCaller(ObPreviousMode(), IoStatusBlock, sizeof(*IoStatusBlock));

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(FileHandle, 0, IopFileObjectType, ObPreviousMode(), &file, NULL);
    if (!NT_SUCCESS(status))
        return status;
    visit.File = file;
    status = IopVisitThreads(&visit);
    ObfDereferenceObject(file);
    return NT_SUCCESS(status) ? IopTellCancelled(IoStatusBlock, visit.Found) : status;
}

NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE ThreadHandle, PIO_STATUS_BLOCK IoRequestToCancel, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_VISIT visit = { .Wanted = IoRequestToCancel };
    PVOID thread;
    NTSTATUS status = MmProbeCaller(ObPreviousMode(), IoStatusBlock, sizeof(*IoStatusBlock));

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(ThreadHandle, IOP_THREAD_TERMINATE, PspThreadType, ObPreviousMode(), &thread, NULL);
    if (!NT_SUCCESS(status))
        return status;
    IopVisitThread(&visit, thread);
    ObfDereferenceObject(thread);
    return IopTellCancelled(IoStatusBlock, visit.Found);
}
