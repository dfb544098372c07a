/* SPDX-License-Identifier: MIT
 * Byte-range locks: granting, and waiting for it. An exclusive lock is granted where there is none; a shared one also beside shared
 * ones and beside exclusive ones of its own owner. Who waits keeps nobody else waiting.
 */
#include "fsrtlp.h"

VOID NTAPI FsRtlInitializeFileLock(PFILE_LOCK FileLock, PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine, PUNLOCK_ROUTINE UnlockRoutine)
{
    RtlZeroMemory(FileLock, sizeof(*FileLock));
    FileLock->CompleteLockIrpRoutine = CompleteLockIrpRoutine;
    FileLock->UnlockRoutine = UnlockRoutine;
}

PFILE_LOCK NTAPI FsRtlAllocateFileLock(PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine, PUNLOCK_ROUTINE UnlockRoutine)
{
    PFILE_LOCK lock = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*lock), FSRTL_TAG_LOCK);

    if (lock != NULL)
        FsRtlInitializeFileLock(lock, CompleteLockIrpRoutine, UnlockRoutine);
    return lock;
}

VOID NTAPI FsRtlFreeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
    ExFreePoolWithTag(FileLock, FSRTL_TAG_LOCK);
}

/* ---- Requests ---- */
NTSTATUS FsRtlCompleteLock(PCOMPLETE_LOCK_IRP_ROUTINE Routine, PVOID Context, PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    if (Routine != NULL)
        return Routine(Context, Irp);
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

static VOID NTAPI FsRtlCancelLock(PDEVICE_OBJECT Device, PIRP Irp) UNCHECKED_LOCKS
{
    FSRTL_LOCK *lock;
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    irql = KeLockAcquire(&FsRtlListLock);
    lock = Irp->Tail.Overlay.DriverContext[0];
    RemoveEntryList(&lock->Links);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlCompleteLock(lock->Complete, lock->Context, Irp, STATUS_CANCELLED);
    ExFreePoolWithTag(lock, FSRTL_TAG_LOCK);
}

/* ---- Granting ---- */
BOOLEAN FsRtlLockFitsLocked(const FSRTL_LOCKS *Locks, const FILE_LOCK_INFO *Wanted)
{
    PLIST_ENTRY entry;

    for (entry = Locks->Granted.Flink; entry != &Locks->Granted; entry = entry->Flink) {
        const FILE_LOCK_INFO *have = &CONTAINING_RECORD(entry, FSRTL_LOCK, Links)->Info;
        if (!FsRtlRangesMeet(have, (ULONG64)Wanted->StartingByte.QuadPart, (ULONG64)Wanted->Length.QuadPart))
            continue;
        if (Wanted->ExclusiveLock ||
            (have->ExclusiveLock && !FsRtlOwnsLock(have, Wanted->FileObject, Wanted->ProcessId, Wanted->Key)))
            return FALSE;
    }
    return TRUE;
}

VOID FsRtlGrantLocked(PFILE_LOCK FileLock, FSRTL_LOCKS *Locks, FSRTL_LOCK *Lock)
{
    Lock->Sequence = ++Locks->Sequence;
    InsertTailList(&Locks->Granted, &Lock->Links);
    FileLock->FastIoIsQuestionable = TRUE;
}

/* Grants the lock, or lets its request wait. Other statuses: nothing was done, the lock is still the caller's. */
static NTSTATUS FsRtlTryLock(PFILE_LOCK FileLock, FSRTL_LOCKS *Locks, FSRTL_LOCK *Lock, BOOLEAN FailImmediately, PULONG64 Sequence)
{
    NTSTATUS status = STATUS_LOCK_NOT_GRANTED;
    KIRQL irql = KeLockAcquire(&FsRtlListLock);

    if (FsRtlLockFitsLocked(Locks, &Lock->Info)) {
        FsRtlGrantLocked(FileLock, Locks, Lock);
        *Sequence = Lock->Sequence;
        status = STATUS_SUCCESS;
    } else if (!FailImmediately && Lock->Irp != NULL) {
        Lock->Irp->Tail.Overlay.DriverContext[0] = Lock;
        IoMarkIrpPending(Lock->Irp);
        InsertTailList(&Locks->Waiting, &Lock->Links);
        status = STATUS_PENDING;
        if (!FsRtlGiveToCancel(Lock->Irp, FsRtlCancelLock)) {
            RemoveEntryList(&Lock->Links);
            status = STATUS_CANCELLED;
        }
    }
    KeLockRelease(&FsRtlListLock, irql);
    return status;
}

/* The lists of the file, made when they are first needed. */
static FSRTL_LOCKS *FsRtlMakeLocks(PFILE_LOCK FileLock)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock), *other;

    if (locks != NULL)
        return locks;
    locks = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*locks), FSRTL_TAG_LOCK);
    if (locks == NULL)
        return NULL;
    InitializeListHead(&locks->Granted);
    InitializeListHead(&locks->Waiting);
    locks->Sequence = 0;
    other = InterlockedCompareExchangePointer(&FileLock->LockInformation, locks, NULL);
    if (other == NULL)
        return locks;
    ExFreePoolWithTag(locks, FSRTL_TAG_LOCK);
    return other;
}

/* NULL: no memory. */
static FSRTL_LOCK *FsRtlDescribeLock(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Info, PIRP Irp, PVOID Context)
{
    FSRTL_LOCK *lock = FsRtlMakeLocks(FileLock) != NULL ? ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*lock), FSRTL_TAG_LOCK) : NULL;

    if (lock == NULL)
        return NULL;
    *lock = (FSRTL_LOCK){ .Info = *Info, .Irp = Irp, .Context = Context, .Complete = FileLock->CompleteLockIrpRoutine };
    lock->Info.EndingByte.QuadPart = (LONGLONG)((ULONG64)Info->StartingByte.QuadPart + (ULONG64)Info->Length.QuadPart - 1);
    return lock;
}

/* Takes the lock over. STATUS_PENDING: its request waits or has been completed as cancelled; else the request, if any, is complete. */
static NTSTATUS FsRtlLock(PFILE_LOCK FileLock, FSRTL_LOCK *Lock, BOOLEAN FailImmediately)
{
    const FILE_LOCK_INFO *info = &Lock->Info;
    PVOID context = Lock->Context;
    PIRP irp = Lock->Irp;
    ULONG64 sequence = 0;
    NTSTATUS status = STATUS_INVALID_LOCK_RANGE, said;

    if (info->Length.QuadPart == 0 || (ULONG64)info->EndingByte.QuadPart >= (ULONG64)info->StartingByte.QuadPart)
        status = FsRtlTryLock(FileLock, FsRtlLocksOf(FileLock), Lock, FailImmediately, &sequence);
    if (status != STATUS_SUCCESS && status != STATUS_PENDING)
        ExFreePoolWithTag(Lock, FSRTL_TAG_LOCK);
    if (status == STATUS_PENDING || irp == NULL)
        return status;
    said = FsRtlCompleteLock(FileLock->CompleteLockIrpRoutine, context, irp, status);
    if (status == STATUS_SUCCESS && !NT_SUCCESS(said))
        FsRtlWithdrawLock(FileLock, sequence);
    return status == STATUS_CANCELLED ? STATUS_PENDING : said;
}

BOOLEAN NTAPI FsRtlPrivateLock(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length,
                               PEPROCESS Process, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock, PIO_STATUS_BLOCK IoStatus,
                               PIRP Irp, PVOID Context, BOOLEAN AlreadySynchronized)
{
    FILE_LOCK_INFO info = { *FileOffset, *Length, ExclusiveLock, Key, FileObject, Process, { .QuadPart = 0 } };
    FSRTL_LOCK *lock = FsRtlDescribeLock(FileLock, &info, Irp, Context);
    NTSTATUS status;

    if (lock == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    status = FsRtlLock(FileLock, lock, FailImmediately);
    if (status == STATUS_LOCK_NOT_GRANTED && Irp == NULL && !FailImmediately)
        return FALSE;
    IoStatus->Status = status;
    IoStatus->Information = 0;
    return TRUE;
}

/* ---- Requests of file systems ---- */
static NTSTATUS FsRtlProcessLock(PFILE_LOCK FileLock, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    FILE_LOCK_INFO info = { location->Parameters.LockControl.ByteOffset, *location->Parameters.LockControl.Length,
                            (location->Flags & SL_EXCLUSIVE_LOCK) != 0, location->Parameters.LockControl.Key, location->FileObject,
                            IoGetRequestorProcess(Irp), { .QuadPart = 0 } };
    FSRTL_LOCK *lock = FsRtlDescribeLock(FileLock, &info, Irp, Context);

    if (lock == NULL)
        return FsRtlCompleteLock(FileLock->CompleteLockIrpRoutine, Context, Irp, STATUS_INSUFFICIENT_RESOURCES);
    return FsRtlLock(FileLock, lock, (location->Flags & SL_FAIL_IMMEDIATELY) != 0);
}

NTSTATUS NTAPI FsRtlProcessFileLock(PFILE_LOCK FileLock, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PEPROCESS process = IoGetRequestorProcess(Irp);
    ULONG key = location->Parameters.LockControl.Key;
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

    switch (location->MinorFunction) {
    case IRP_MN_LOCK:
        return FsRtlProcessLock(FileLock, Irp, Context);
    case IRP_MN_UNLOCK_SINGLE:
        status = FsRtlFastUnlockSingle(FileLock, location->FileObject, &location->Parameters.LockControl.ByteOffset,
                                       location->Parameters.LockControl.Length, process, key, Context, FALSE);
        break;
    case IRP_MN_UNLOCK_ALL:
        status = FsRtlFastUnlockAll(FileLock, location->FileObject, process, Context);
        break;
    case IRP_MN_UNLOCK_ALL_BY_KEY:
        status = FsRtlFastUnlockAllByKey(FileLock, location->FileObject, process, key, Context);
        break;
    default:
        break;
    }
    return FsRtlCompleteLock(FileLock->CompleteLockIrpRoutine, Context, Irp, status);
}
