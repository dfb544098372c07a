/* SPDX-License-Identifier: MIT
 * Byte-range locks: what they keep from reading and writing, and which there are.
 */
#include "fsrtlp.h"

typedef struct FSRTL_ACCESS {
    ULONG64 Offset, Length;
    const FILE_OBJECT *File;
    const VOID *Process;
    ULONG Key;
    BOOLEAN Write;
} FSRTL_ACCESS;

/* An exclusive lock keeps out everybody but its owner; a shared one keeps everybody from writing, its owner too. */
static BOOLEAN FsRtlMayAccess(PFILE_LOCK FileLock, const FSRTL_ACCESS *Access)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    BOOLEAN may = TRUE;
    PLIST_ENTRY entry;
    KIRQL irql;

    if (locks == NULL || !FileLock->FastIoIsQuestionable || Access->Length == 0)
        return TRUE;
    irql = KeLockAcquire(&FsRtlListLock);
    for (entry = locks->Granted.Flink; entry != &locks->Granted && may; entry = entry->Flink) {
        const FILE_LOCK_INFO *lock = &CONTAINING_RECORD(entry, FSRTL_LOCK, Links)->Info;
        if (FsRtlRangesMeet(lock, Access->Offset, Access->Length))
            may = lock->ExclusiveLock ? FsRtlOwnsLock(lock, Access->File, Access->Process, Access->Key) : !Access->Write;
    }
    KeLockRelease(&FsRtlListLock, irql);
    return may;
}

BOOLEAN NTAPI FsRtlFastCheckLockForRead(PFILE_LOCK FileLock, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, ULONG Key,
                                        PFILE_OBJECT FileObject, PVOID Process)
{
    FSRTL_ACCESS access = { (ULONG64)FileOffset->QuadPart, (ULONG64)Length->QuadPart, FileObject, Process, Key, FALSE };
    return FsRtlMayAccess(FileLock, &access);
}

BOOLEAN NTAPI FsRtlFastCheckLockForWrite(PFILE_LOCK FileLock, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, ULONG Key,
                                         PFILE_OBJECT FileObject, PVOID Process)
{
    FSRTL_ACCESS access = { (ULONG64)FileOffset->QuadPart, (ULONG64)Length->QuadPart, FileObject, Process, Key, TRUE };
    return FsRtlMayAccess(FileLock, &access);
}

BOOLEAN NTAPI FsRtlCheckLockForReadAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    FSRTL_ACCESS access = { (ULONG64)location->Parameters.Read.ByteOffset.QuadPart, location->Parameters.Read.Length,
                            location->FileObject, IoGetRequestorProcess(Irp), location->Parameters.Read.Key, FALSE };
    return FsRtlMayAccess(FileLock, &access);
}

BOOLEAN NTAPI FsRtlCheckLockForWriteAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    FSRTL_ACCESS access = { (ULONG64)location->Parameters.Write.ByteOffset.QuadPart, location->Parameters.Write.Length,
                            location->FileObject, IoGetRequestorProcess(Irp), location->Parameters.Write.Key, TRUE };
    return FsRtlMayAccess(FileLock, &access);
}

BOOLEAN NTAPI FsRtlAreThereCurrentOrInProgressFileLocks(PFILE_LOCK FileLock)
{
    return FileLock->FastIoIsQuestionable || FileLock->LockRequestsInProgress != 0;
}

/* LastReturnedLock holds a number in the order of granting, which stays good whatever is unlocked meanwhile. */
PFILE_LOCK_INFO NTAPI FsRtlGetNextFileLock(PFILE_LOCK FileLock, BOOLEAN Restart)
{
    FSRTL_LOCKS *locks = FsRtlLocksOf(FileLock);
    ULONG64 last = Restart ? 0 : (ULONG_PTR)FileLock->LastReturnedLock;
    FSRTL_LOCK *next = NULL;
    PLIST_ENTRY entry;
    KIRQL irql;

    if (locks == NULL)
        return NULL;
    irql = KeLockAcquire(&FsRtlListLock);
    for (entry = locks->Granted.Flink; entry != &locks->Granted && next == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, FSRTL_LOCK, Links)->Sequence > last)
            next = CONTAINING_RECORD(entry, FSRTL_LOCK, Links);
    if (next != NULL) {
        FileLock->LastReturnedLock = (PVOID)(ULONG_PTR)next->Sequence;
        FileLock->LastReturnedLockInfo = next->Info;
    }
    KeLockRelease(&FsRtlListLock, irql);
    return next != NULL ? &FileLock->LastReturnedLockInfo : NULL;
}
