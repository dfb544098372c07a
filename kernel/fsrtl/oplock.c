/* SPDX-License-Identifier: MIT
 * Opportunistic locks: their life, what is asked about them, and breaking them before something is done to the file.
 */
#include "oplock.h"

VOID NTAPI FsRtlInitializeOplock(POPLOCK Oplock) { *Oplock = NULL; }

/* Nobody uses the file any more; who still pends or waits is let go. */
VOID NTAPI FsRtlUninitializeOplock(POPLOCK Oplock)
{
    FSRTL_OPLOCK *oplock = InterlockedExchangePointer(Oplock, NULL);
    LIST_ENTRY done, released;
    KIRQL irql;

    if (oplock == NULL)
        return;
    InitializeListHead(&done);
    InitializeListHead(&released);
    irql = KeLockAcquire(&FsRtlListLock);
    while (!IsListEmpty(&oplock->Grants))
        FsRtlDropLocked(CONTAINING_RECORD(oplock->Grants.Flink, FSRTL_GRANT, Links), STATUS_SUCCESS, &done);
    FsRtlReleaseWaitersLocked(oplock, TRUE, &released);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlCompleteList(&done);
    FsRtlResumeWaiters(&released);
    ExFreePoolWithTag(oplock, FSRTL_TAG_OPLOCK);
}

/* A handle without a key of its own is its own key. */
BOOLEAN NTAPI FsRtlOplockKeysEqual(PFILE_OBJECT Fo1, PFILE_OBJECT Fo2) { return Fo1 != NULL && Fo1 == Fo2; }

/* ---- Questions ---- */
typedef BOOLEAN FSRTL_QUESTION(const FSRTL_GRANT *Grant);

static BOOLEAN FsRtlAskAny(const OPLOCK *Oplock, FSRTL_QUESTION *Question)
{
    FSRTL_OPLOCK *oplock = FsRtlOplockOf(Oplock);
    BOOLEAN any = FALSE;
    PLIST_ENTRY entry;
    KIRQL irql;

    if (oplock == NULL)
        return FALSE;
    irql = KeLockAcquire(&FsRtlListLock);
    for (entry = oplock->Grants.Flink; entry != &oplock->Grants && !any; entry = entry->Flink)
        any = Question(CONTAINING_RECORD(entry, FSRTL_GRANT, Links));
    KeLockRelease(&FsRtlListLock, irql);
    return any;
}

static BOOLEAN FsRtlHindersFastIo(const FSRTL_GRANT *Grant) { return Grant->State != FsRtlHeld || FsRtlIsShared(Grant->Kind); }
static BOOLEAN FsRtlIsBatch(const FSRTL_GRANT *Grant) { return Grant->Kind == FsRtlBatch || Grant->Kind == FsRtlFilter; }
static BOOLEAN FsRtlIsAny(const FSRTL_GRANT *Grant) { return TRUE; }
static BOOLEAN FsRtlHasHandle(const FSRTL_GRANT *Grant) { return Grant->Kind == FsRtlReadHandle || Grant->Kind == FsRtlReadWriteHandle; }

BOOLEAN NTAPI FsRtlOplockIsFastIoPossible(POPLOCK Oplock) { return !FsRtlAskAny(Oplock, FsRtlHindersFastIo); }
BOOLEAN NTAPI FsRtlCurrentBatchOplock(POPLOCK Oplock) { return FsRtlAskAny(Oplock, FsRtlIsBatch); }
BOOLEAN NTAPI FsRtlCurrentOplock(POPLOCK Oplock) { return FsRtlAskAny(Oplock, FsRtlIsAny); }
BOOLEAN NTAPI FsRtlCurrentOplockH(POPLOCK Oplock) { return FsRtlAskAny(Oplock, FsRtlHasHandle); }

/* ---- Breaking ---- */

/* Starts every break that the operation needs; what is to be completed goes to Done. STATUS_PENDING: it has to wait. */
static NTSTATUS FsRtlBreakForLocked(FSRTL_OPLOCK *Oplock, const FSRTL_OPERATION *Operation, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    PLIST_ENTRY entry, next;

    for (entry = Oplock->Grants.Flink; entry != &Oplock->Grants; entry = next) {
        FSRTL_GRANT *grant = CONTAINING_RECORD(entry, FSRTL_GRANT, Links);
        FSRTL_RULE rule = FsRtlRuleFor(Operation, grant);
        next = entry->Flink;
        if (rule.Breaks && Operation->MustNotBreak)
            return STATUS_CANNOT_BREAK_OPLOCK;
        if (rule.Breaks)
            FsRtlBreakLocked(grant, rule.Keep, Operation, Done);
    }
    return FsRtlMustWaitLocked(Oplock, Operation) ? STATUS_PENDING : STATUS_SUCCESS;
}

static NTSTATUS FsRtlBreakFor(POPLOCK Oplock, PIRP Irp, const FSRTL_OPERATION *Operation, const FSRTL_WAIT *Wait)
{
    FSRTL_OPLOCK *oplock = FsRtlOplockOf(Oplock);
    LIST_ENTRY done;
    NTSTATUS status;
    KIRQL irql;

    if (oplock == NULL || Operation->Kind == FsRtlOpNone)
        return STATUS_SUCCESS;
    InitializeListHead(&done);
    irql = KeLockAcquire(&FsRtlListLock);
    status = FsRtlBreakForLocked(oplock, Operation, &done);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlCompleteList(&done);
    if (status != STATUS_PENDING)
        return status;
    return Operation->DoesNotWait ? STATUS_OPLOCK_BREAK_IN_PROGRESS : FsRtlAwaitBreak(oplock, Irp, Operation, Wait);
}

/* What a file object holds, or has reserved only, ends; who waited for it goes on. */
static NTSTATUS FsRtlEndOwner(POPLOCK Oplock, PFILE_OBJECT File, BOOLEAN ReservedOnly)
{
    FSRTL_OPLOCK *oplock = FsRtlOplockOf(Oplock);
    LIST_ENTRY done, released;
    PLIST_ENTRY entry, next;
    KIRQL irql;

    if (oplock == NULL)
        return STATUS_SUCCESS;
    InitializeListHead(&done);
    InitializeListHead(&released);
    irql = KeLockAcquire(&FsRtlListLock);
    for (entry = oplock->Grants.Flink; entry != &oplock->Grants; entry = next) {
        FSRTL_GRANT *grant = CONTAINING_RECORD(entry, FSRTL_GRANT, Links);
        BOOLEAN reserved = grant->State == FsRtlHeld && grant->Irp == NULL;
        next = entry->Flink;
        if (grant->File == File && (reserved || !ReservedOnly))
            FsRtlDropLocked(grant, FsRtlIsGranular(grant->Kind) ? FSRTL_HANDLE_CLOSED : STATUS_SUCCESS, &done);
    }
    FsRtlReleaseWaitersLocked(oplock, FALSE, &released);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlCompleteList(&done);
    FsRtlResumeWaiters(&released);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI FsRtlCheckOplockEx(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context, POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                                  POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    FSRTL_WAIT wait = { Context, CompletionRoutine, PostIrpRoutine };
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    FSRTL_OPERATION operation;

    if (Flags & OPLOCK_FLAG_OPLOCK_KEY_CHECK_ONLY)
        return STATUS_SUCCESS;
    if (Flags & OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK)
        return FsRtlEndOwner(Oplock, file, TRUE);
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CLEANUP)
        return FsRtlEndOwner(Oplock, file, FALSE);
    operation = FsRtlDescribeOperation(Irp);
    operation.DoesNotWait |= (Flags & OPLOCK_FLAG_COMPLETE_IF_OPLOCKED) != 0;
    operation.IgnoreKeys = (Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) != 0;
    return FsRtlBreakFor(Oplock, Irp, &operation, &wait);
}

NTSTATUS NTAPI FsRtlCheckOplock(POPLOCK Oplock, PIRP Irp, PVOID Context, POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                                POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlCheckOplockEx(Oplock, Irp, 0, Context, CompletionRoutine, PostIrpRoutine);
}

NTSTATUS NTAPI FsRtlOplockBreakH(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context, POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
                                 POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    FSRTL_WAIT wait = { Context, CompletionRoutine, PostIrpRoutine };
    FSRTL_OPERATION operation = FsRtlDescribeOperation(Irp);

    operation.Kind = FsRtlOpShare;
    operation.BreaksFilter = FALSE;
    operation.DoesNotWait |= (Flags & OPLOCK_FLAG_COMPLETE_IF_OPLOCKED) != 0;
    operation.IgnoreKeys = (Flags & OPLOCK_FLAG_IGNORE_OPLOCK_KEYS) != 0;
    return FsRtlBreakFor(Oplock, Irp, &operation, &wait);
}

NTSTATUS NTAPI FsRtlOplockBreakToNoneEx(POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
                                        POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    FSRTL_WAIT wait = { Context, CompletionRoutine, PostIrpRoutine };
    FSRTL_OPERATION operation = FsRtlDescribeOperation(Irp);

    operation.Kind = FsRtlOpAll;
    operation.DoesNotWait |= (Flags & OPLOCK_FLAG_COMPLETE_IF_OPLOCKED) != 0;
    operation.IgnoreKeys = TRUE;
    return FsRtlBreakFor(Oplock, Irp, &operation, &wait);
}

NTSTATUS NTAPI FsRtlOplockBreakToNone(POPLOCK Oplock, PIO_STACK_LOCATION IrpSp, PIRP Irp, PVOID Context,
                                      POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlOplockBreakToNoneEx(Oplock, Irp, 0, Context, CompletionRoutine, PostIrpRoutine);
}
