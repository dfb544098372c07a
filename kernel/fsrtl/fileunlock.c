/* SPDX-License-Identifier: MIT
 * Byte-range locks: giving them back, and who gets them then.
 */
#include "fsrtlp.h"

/* What an unlock is to remove. */
typedef struct FSRTL_UNLOCK {
    const FILE_OBJECT *File;
    const VOID *Process;
    const ULONG *Key;                            /* NULL: any */
} FSRTL_UNLOCK;

static BOOLEAN FsRtlIsMeant(const FSRTL_UNLOCK *Unlock, const FILE_LOCK_INFO *Lock)
{
    return FsRtlOwnsLock(Lock, Unlock->File, Unlock->Process, Unlock->Key != NULL ? *Unlock->Key : Lock->Key);
}

static VOID FsRtlRemoveLocked(PFILE_LOCK FileLock, FSRTL_LOCKS *Locks, FSRTL_LOCK *Lock) REQUIRES_LOCK(FsRtlListLock)
{
    RemoveEntryList(&Lock->Links);
    FileLock->FastIoIsQuestionable = !IsListEmpty(&Locks->Granted);
}

/* ---- Who gets them ---- */

/* Whose request can be completed as granted goes from Waiting to Granted, and its request to Done. */
static VOID FsRtlGrantWaitingLocked(PFILE_LOCK FileLock, FSRTL_LOCKS *Locks, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    PLIST_ENTRY entry, next;

    for (entry = Locks->Waiting.Flink; entry != &Locks->Waiting; entry = next) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
        next = entry->Flink;
        if (!FsRtlLockFitsLocked(Locks, &lock->Info) || !FsRtlTakeFromCancel(lock->Irp))
            continue;
        RemoveEntryList(entry);
        FsRtlGrantLocked(FileLock, Locks, lock);
        lock->Irp->Tail.Overlay.DriverContext[1] = lock->Context;
        lock->Irp->Tail.Overlay.DriverContext[2] = (PVOID)(ULONG_PTR)lock->Sequence;
        InsertTailList(Done, &lock->Irp->Tail.Overlay.ListEntry);
    }
}

VOID FsRtlGrantWaiting(PFILE_LOCK FileLock)
{
    PCOMPLETE_LOCK_IRP_ROUTINE routine = FileLock->CompleteLockIrpRoutine;
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    LIST_ENTRY done;
    KIRQL irql;

    InitializeListHead(&done);
    irql = KeLockAcquire(&FsRtlListLock);
    FsRtlGrantWaitingLocked(FileLock, locks, &done);
    KeLockRelease(&FsRtlListLock, irql);
    while (!IsListEmpty(&done)) {
        PIRP irp = CONTAINING_RECORD(RemoveHeadList(&done), IRP, Tail.Overlay.ListEntry);
        ULONG64 sequence = (ULONG_PTR)irp->Tail.Overlay.DriverContext[2];
        if (!NT_SUCCESS(FsRtlCompleteLock(routine, irp->Tail.Overlay.DriverContext[1], irp, STATUS_SUCCESS)))
            FsRtlWithdrawLock(FileLock, sequence);
    }
}

VOID FsRtlWithdrawLock(PFILE_LOCK FileLock, ULONG64 Sequence)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    FSRTL_LOCK *found = NULL;
    PLIST_ENTRY entry;
    KIRQL irql = KeLockAcquire(&FsRtlListLock);

    for (entry = locks->Granted.Flink; entry != &locks->Granted && found == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, FSRTL_LOCK, Links)->Sequence == Sequence)
            found = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
    if (found != NULL)
        FsRtlRemoveLocked(FileLock, locks, found);
    KeLockRelease(&FsRtlListLock, irql);
    if (found == NULL)
        return;
    ExFreePoolWithTag(found, FSRTL_TAG_LOCK);
    FsRtlGrantWaiting(FileLock);
}

/* ---- Giving back ---- */

/* Of equal locks the exclusive one, for it came first; NULL: there is none. */
static FSRTL_LOCK *FsRtlFindLocked(const FSRTL_LOCKS *Locks, const FSRTL_UNLOCK *Unlock, LONGLONG Offset, LONGLONG Length)
    REQUIRES_LOCK(FsRtlListLock)
{
    FSRTL_LOCK *found = NULL;
    PLIST_ENTRY entry;

    for (entry = Locks->Granted.Flink; entry != &Locks->Granted; entry = entry->Flink) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
        if (lock->Info.StartingByte.QuadPart == Offset && lock->Info.Length.QuadPart == Length && FsRtlIsMeant(Unlock, &lock->Info) &&
            (found == NULL || (lock->Info.ExclusiveLock && !found->Info.ExclusiveLock)))
            found = lock;
    }
    return found;
}

NTSTATUS NTAPI FsRtlFastUnlockSingle(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
                                     PEPROCESS Process, ULONG Key, PVOID Context, BOOLEAN AlreadySynchronized)
{
    FSRTL_UNLOCK unlock = { FileObject, Process, &Key };
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    FSRTL_LOCK *found;
    KIRQL irql;

    if (locks == NULL)
        return STATUS_RANGE_NOT_LOCKED;
    irql = KeLockAcquire(&FsRtlListLock);
    found = FsRtlFindLocked(locks, &unlock, FileOffset->QuadPart, Length->QuadPart);
    if (found != NULL)
        FsRtlRemoveLocked(FileLock, locks, found);
    KeLockRelease(&FsRtlListLock, irql);
    if (found == NULL)
        return STATUS_RANGE_NOT_LOCKED;
    if (FileLock->UnlockRoutine != NULL)
        FileLock->UnlockRoutine(Context, &found->Info);
    ExFreePoolWithTag(found, FSRTL_TAG_LOCK);
    FsRtlGrantWaiting(FileLock);
    return STATUS_SUCCESS;
}

/* The owner's locks go to Gone. */
static VOID FsRtlTakeGranted(PFILE_LOCK FileLock, const FSRTL_UNLOCK *Unlock, PLIST_ENTRY Gone)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    KIRQL irql = KeLockAcquire(&FsRtlListLock);
    PLIST_ENTRY entry, next;

    for (entry = locks->Granted.Flink; entry != &locks->Granted; entry = next) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
        next = entry->Flink;
        if (Unlock != NULL && !FsRtlIsMeant(Unlock, &lock->Info))
            continue;
        FsRtlRemoveLocked(FileLock, locks, lock);
        InsertTailList(Gone, entry);
    }
    KeLockRelease(&FsRtlListLock, irql);
}

/* The owner's waiting requests are completed with STATUS_RANGE_NOT_LOCKED; with no owner, all. */
static VOID FsRtlEndWaiting(PFILE_LOCK FileLock, const FSRTL_UNLOCK *Unlock)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    PLIST_ENTRY entry, next;
    LIST_ENTRY ended;
    KIRQL irql;

    InitializeListHead(&ended);
    irql = KeLockAcquire(&FsRtlListLock);
    for (entry = locks->Waiting.Flink; entry != &locks->Waiting; entry = next) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
        next = entry->Flink;
        if (Unlock != NULL && !FsRtlIsMeant(Unlock, &lock->Info))
            continue;
        RemoveEntryList(entry);
        InitializeListHead(entry);               /* for a cancel routine that may be on its way to it */
        if (FsRtlTakeFromCancel(lock->Irp))
            InsertTailList(&ended, entry);
    }
    KeLockRelease(&FsRtlListLock, irql);
    while (!IsListEmpty(&ended)) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(RemoveHeadList(&ended), FSRTL_LOCK, Links);
        FsRtlCompleteLock(lock->Complete, lock->Context, lock->Irp, STATUS_RANGE_NOT_LOCKED);
        ExFreePoolWithTag(lock, FSRTL_TAG_LOCK);
    }
}

static NTSTATUS FsRtlUnlockMany(PFILE_LOCK FileLock, const FSRTL_UNLOCK *Unlock, PVOID Context)
{
    NTSTATUS status = STATUS_RANGE_NOT_LOCKED;
    LIST_ENTRY gone;

    if (FsRtlLocksOf(FileLock) == NULL)
        return status;
    InitializeListHead(&gone);
    FsRtlTakeGranted(FileLock, Unlock, &gone);
    while (!IsListEmpty(&gone)) {
        FSRTL_LOCK *lock = CONTAINING_RECORD(RemoveHeadList(&gone), FSRTL_LOCK, Links);
        if (FileLock->UnlockRoutine != NULL && Unlock != NULL)
            FileLock->UnlockRoutine(Context, &lock->Info);
        ExFreePoolWithTag(lock, FSRTL_TAG_LOCK);
        status = STATUS_SUCCESS;
    }
    FsRtlEndWaiting(FileLock, Unlock);
    if (Unlock != NULL)
        FsRtlGrantWaiting(FileLock);
    return status;
}

NTSTATUS NTAPI FsRtlFastUnlockAll(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS Process, PVOID Context)
{
    FSRTL_UNLOCK unlock = { FileObject, Process, NULL };
    return FsRtlUnlockMany(FileLock, &unlock, Context);
}

NTSTATUS NTAPI FsRtlFastUnlockAllByKey(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS Process, ULONG Key, PVOID Context)
{
    FSRTL_UNLOCK unlock = { FileObject, Process, &Key };
    return FsRtlUnlockMany(FileLock, &unlock, Context);
}

VOID NTAPI FsRtlUninitializeFileLock(PFILE_LOCK FileLock)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);

    if (locks == NULL)
        return;
    FsRtlUnlockMany(FileLock, NULL, NULL);
    FileLock->LockInformation = NULL;
    ExFreePoolWithTag(locks, FSRTL_TAG_LOCK);
}
