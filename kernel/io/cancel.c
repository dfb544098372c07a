/* SPDX-License-Identifier: MIT
 * Cancellation. The cancel lock orders Cancel and CancelRoutine; a routine is called with the lock held and releases it.
 */
#include "iop.h"

static KE_LOCK IopCancelLock = KE_LOCK_OF_RANK(KeRankCancel);

VOID NTAPI IoAcquireCancelSpinLock(PKIRQL Irql) UNCHECKED_LOCKS { *Irql = KeLockAcquire(&IopCancelLock); }
VOID NTAPI IoReleaseCancelSpinLock(KIRQL Irql) UNCHECKED_LOCKS { KeLockRelease(&IopCancelLock, Irql); }

BOOLEAN NTAPI IoCancelIrp(PIRP Irp)
{
    PDRIVER_CANCEL routine;
    KIRQL irql;

    ASSERT(Irp->Type == IO_TYPE_IRP);
    IoAcquireCancelSpinLock(&irql);
    Irp->Cancel = TRUE;
    routine = IoSetCancelRoutine(Irp, NULL);
    if (routine == NULL) {
        IoReleaseCancelSpinLock(irql);
        return FALSE;
    }
    if (Irp->CurrentLocation > Irp->StackCount + 1)
        KeBugCheckEx(CANCEL_STATE_IN_COMPLETED_IRP, (ULONG_PTR)Irp, (ULONG_PTR)routine, 0, 0);
    Irp->CancelIrql = irql;
    routine(IoGetCurrentIrpStackLocation(Irp)->DeviceObject, Irp);
    return TRUE;
}

/* Completions of this thread's requests arrive as APCs: at APC_LEVEL the list and what hangs in it stay. */
ULONG IopCancelIrps(PFILE_OBJECT File)
{
    PLIST_ENTRY head = &PsCurrentThread()->IrpList, entry;
    KIRQL irql = KfRaiseIrql(APC_LEVEL);
    ULONG count = 0;

    for (entry = head->Flink; entry != head; entry = entry->Flink) {
        PIRP irp = CONTAINING_RECORD(entry, IRP, ThreadListEntry);
        if (File != NULL && irp->Tail.Overlay.OriginalFileObject != File)
            continue;
        if (!irp->Cancel)
            IoCancelIrp(irp);
        count++;
    }
    KeLowerIrql(irql);
    return count;
}

static VOID IopCancelAndWait(PFILE_OBJECT File)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    while (IopCancelIrps(File) != 0)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
}

VOID IopCancelThreadIo(PETHREAD Thread)
{
    if (!IsListEmpty(&Thread->IrpList))
        IopCancelAndWait(NULL);
}

NTSTATUS NTAPI NtCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    const IO_STATUS_BLOCK result = { { STATUS_SUCCESS }, 0 };
    PVOID file;
    NTSTATUS status = IopProbeResult(mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(FileHandle, 0, IopFileObjectType, mode, &file, NULL);
    if (!NT_SUCCESS(status))
        return status;
    IopCancelAndWait(file);
    ObfDereferenceObject(file);
    return IopTellResult(STATUS_SUCCESS, mode, IoStatusBlock, &result);
}

NTSTATUS NTAPI ZwCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCancelIoFile(FileHandle, IoStatusBlock));
}
