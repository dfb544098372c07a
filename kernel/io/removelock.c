/* SPDX-License-Identifier: MIT
 * Remove locks: how many users a device has, and a wait for the last of them. The count starts at one, the lock's own, which
 * IoReleaseRemoveLockAndWaitEx gives back.
 *
 *   IO_REMOVE_LOCK as drivers lay it out    0x00 common block    0x20 tracking block, in checked drivers only
 *
 * Which of the two the memory is, the caller says with the size. Checked locks remember who holds them: a list of acquisitions
 * under Dbg.Spin, so that a release by somebody who did not acquire is reported.
 */
#include "iop.h"
#include "kd.h"

#define IOP_REMOVE_LOCK_SIGNATURE 0x434F4C52     /* "RLOC" */

typedef struct IOP_REMOVE_LOCK {
    IO_REMOVE_LOCK_COMMON_BLOCK Common;
    IO_REMOVE_LOCK_DBG_BLOCK Dbg;                /* only when the caller's size says so */
} IOP_REMOVE_LOCK;
C_ASSERT(sizeof(IO_REMOVE_LOCK_COMMON_BLOCK) == 0x20 && sizeof(IOP_REMOVE_LOCK) == 0x78);

/* One acquisition of a checked lock. */
typedef struct IOP_REMOVE_LOCK_HOLD {
    LIST_ENTRY Link;                             /* Dbg.Spin */
    PVOID Tag;
} IOP_REMOVE_LOCK_HOLD;

/* NULL: a free lock, or memory that nobody initialized. */
static IO_REMOVE_LOCK_DBG_BLOCK *IopTracking(PIO_REMOVE_LOCK Lock, ULONG Size)
{
    IOP_REMOVE_LOCK *lock = (IOP_REMOVE_LOCK *)Lock;
    return Size >= sizeof(*lock) && lock->Dbg.Signature == IOP_REMOVE_LOCK_SIGNATURE ? &lock->Dbg : NULL;
}

static VOID IopTrackAcquire(IO_REMOVE_LOCK_DBG_BLOCK *Tracking, PVOID Tag)
{
    IOP_REMOVE_LOCK_HOLD *hold = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*hold), (ULONG)Tracking->AllocateTag);
    KIRQL irql;

    if (hold == NULL) {                          /* one release will find nothing, and that is no mistake then */
        InterlockedIncrement(&Tracking->LowMemoryCount);
        return;
    }
    hold->Tag = Tag;
    irql = KeAcquireSpinLockRaiseToDpc(&Tracking->Spin);
    InsertTailList(&Tracking->LockList, &hold->Link);
    KeReleaseSpinLock(&Tracking->Spin, irql);
}

static VOID IopTrackRelease(IO_REMOVE_LOCK_DBG_BLOCK *Tracking, PVOID Tag)
{
    IOP_REMOVE_LOCK_HOLD *found = NULL;
    PLIST_ENTRY entry;
    BOOLEAN excused = FALSE;
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Tracking->Spin);

    for (entry = Tracking->LockList.Flink; entry != &Tracking->LockList && found == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, IOP_REMOVE_LOCK_HOLD, Link)->Tag == Tag)
            found = CONTAINING_RECORD(entry, IOP_REMOVE_LOCK_HOLD, Link);
    if (found != NULL)
        RemoveEntryList(&found->Link);
    else if ((excused = Tracking->LowMemoryCount > 0))
        Tracking->LowMemoryCount--;
    KeReleaseSpinLock(&Tracking->Spin, irql);
    if (found != NULL)
        ExFreePool(found);
    else if (!excused)
        KdLogEvent("warning", "a remove lock is released with a tag it was not acquired with");
}

VOID NTAPI IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes, ULONG HighWatermark,
                                    ULONG RemlockSize)
{
    IOP_REMOVE_LOCK *lock = (IOP_REMOVE_LOCK *)Lock;

    RtlZeroMemory(&lock->Common, sizeof(lock->Common));
    lock->Common.IoCount = 1;
    KeInitializeEvent(&lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
    if (RemlockSize < sizeof(*lock))
        return;
    RtlZeroMemory(&lock->Dbg, sizeof(lock->Dbg));
    lock->Dbg.HighWatermark = (LONG)HighWatermark;
    lock->Dbg.MaxLockedTicks = (LONGLONG)MaxLockedMinutes * 60 * 10000000 / KeQueryTimeIncrement();
    lock->Dbg.AllocateTag = AllocateTag != 0 ? (LONG)AllocateTag : 'mlRI';
    InitializeListHead(&lock->Dbg.LockList);
    KeInitializeSpinLock(&lock->Dbg.Spin);
    lock->Dbg.Signature = IOP_REMOVE_LOCK_SIGNATURE;
}

static VOID IopDropRemoveLock(IO_REMOVE_LOCK_COMMON_BLOCK *Common)
{
    if (InterlockedDecrement(&Common->IoCount) == 0)
        KeSetEvent(&Common->RemoveEvent, IO_NO_INCREMENT, FALSE);
}

NTSTATUS NTAPI IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, PCSTR File, ULONG Line, ULONG RemlockSize)
{
    IO_REMOVE_LOCK_COMMON_BLOCK *common = (IO_REMOVE_LOCK_COMMON_BLOCK *)RemoveLock;
    IO_REMOVE_LOCK_DBG_BLOCK *tracking = IopTracking(RemoveLock, RemlockSize);

    InterlockedIncrement(&common->IoCount);      /* before the look: who removes either sees it or is seen */
    if (__atomic_load_n(&common->Removed, __ATOMIC_SEQ_CST)) {
        IopDropRemoveLock(common);
        return STATUS_DELETE_PENDING;
    }
    if (tracking != NULL)
        IopTrackAcquire(tracking, Tag);
    return STATUS_SUCCESS;
}

VOID NTAPI IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    IO_REMOVE_LOCK_DBG_BLOCK *tracking = IopTracking(RemoveLock, RemlockSize);

    if (tracking != NULL)
        IopTrackRelease(tracking, Tag);
    IopDropRemoveLock((IO_REMOVE_LOCK_COMMON_BLOCK *)RemoveLock);
}

VOID NTAPI IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    IO_REMOVE_LOCK_COMMON_BLOCK *common = (IO_REMOVE_LOCK_COMMON_BLOCK *)RemoveLock;
    IO_REMOVE_LOCK_DBG_BLOCK *tracking = IopTracking(RemoveLock, RemlockSize);

    ASSERT(KeIrql() == PASSIVE_LEVEL);
    __atomic_store_n(&common->Removed, TRUE, __ATOMIC_SEQ_CST);
    if (tracking != NULL)
        IopTrackRelease(tracking, Tag);
    InterlockedDecrement(&common->IoCount);      /* the caller's own; the lock's keeps it above zero */
    if (InterlockedDecrement(&common->IoCount) > 0)
        KeWaitForSingleObject(&common->RemoveEvent, Executive, KernelMode, FALSE, NULL);
}
