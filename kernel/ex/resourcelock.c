/* SPDX-License-Identifier: MIT
 * Acquiring and releasing executive resources. Who releases last gives the resource away: an exclusive owner to all who wait for
 * shared access, if any, and the last shared owner to the first who waits for exclusive access. Each kind lets the other go first,
 * so neither starves; only ExAcquireSharedStarveExclusive jumps the queue, as its name says.
 */
#include "resource.h"

typedef enum EXP_SHARED_MODE {
    ExpBehindExclusive,                          /* a new owner queues behind exclusive waiters, an owner does not */
    ExpStarveExclusive,                          /* nobody queues */
    ExpAlwaysBehindExclusive,                    /* an owner queues, too */
} EXP_SHARED_MODE;

static inline ERESOURCE_THREAD ExpSelf(VOID) { return (ERESOURCE_THREAD)KeCurrentThread(); }

static VOID ExpEnter(POWNER_ENTRY Entry, ERESOURCE_THREAD Thread)
{
    Entry->OwnerThread = Thread;
    Entry->OwnerCount = 1;
}

/* ---- Waiting ---- */
/* An owner that is a thread runs at the waiter's priority at least, so that a thread in between cannot keep both waiting. */
static VOID ExpLendToOwner(ERESOURCE_THREAD Owner, KPRIORITY Priority)
{
    if (Owner != 0 && (Owner & 3) == 0)
        KeLendPriority((PKTHREAD)Owner, Priority);
}

static VOID ExpLendPriorityLocked(PERESOURCE Resource)
{
    KPRIORITY priority = KeCurrentThread()->Priority;
    ULONG i;

    ExpLendToOwner(Resource->OwnerEntry.OwnerThread, priority);
    for (i = 1; i < ExpTableSize(Resource); i++)
        ExpLendToOwner(Resource->OwnerTable[i].OwnerThread, priority);
}

/* Joins the end of a chain, gives up the lock and returns when the resource was given to the caller. */
DECLSPEC_NOINLINE static VOID ExpWaitForResource(PERESOURCE Resource, PVOID volatile *Chain, ULONG *Count, KIRQL OldIrql)
{
    EXP_RESOURCE_WAITER self = { .Thread = ExpSelf() }, **link = (EXP_RESOURCE_WAITER **)Chain;

    KeInitializeEvent(&self.Granted, NotificationEvent, FALSE);
    while (*link != NULL)
        link = &(*link)->Next;
    *link = &self;
    (*Count)++;
    Resource->ContentionCount++;
    ExpLendPriorityLocked(Resource);
    ExpUnlockResource(Resource, OldIrql);
    KeWaitForSingleObject(&self.Granted, WrResource, KernelMode, FALSE, NULL);
}

/* ---- Giving away ---- */
static VOID ExpGiveToSharedLocked(PERESOURCE Resource)
{
    EXP_RESOURCE_WAITER *waiter = (EXP_RESOURCE_WAITER *)Resource->SharedWaiters, *next;

    Resource->ActiveEntries += Resource->NumberOfSharedWaiters;
    Resource->NumberOfSharedWaiters = 0;
    Resource->SharedWaiters = NULL;
    for (; waiter != NULL; waiter = next) {
        next = waiter->Next;                     /* gone once its event is set */
        KeSetEvent(&waiter->Granted, 0, FALSE);
    }
}

static VOID ExpGiveToExclusiveLocked(PERESOURCE Resource)
{
    EXP_RESOURCE_WAITER *waiter = (EXP_RESOURCE_WAITER *)Resource->ExclusiveWaiters;

    Resource->ExclusiveWaiters = (PVOID)waiter->Next;
    Resource->NumberOfExclusiveWaiters--;
    Resource->ActiveEntries = 1;
    Resource->Flag |= ResourceOwnedExclusive;
    ExpEnter(&Resource->OwnerEntry, waiter->Thread);
    KeSetEvent(&waiter->Granted, 0, FALSE);
}

DECLSPEC_NOINLINE static VOID ExpGiveAwayLocked(PERESOURCE Resource, BOOLEAN WasExclusive)
{
    BOOLEAN shared = Resource->NumberOfSharedWaiters != 0, exclusive = Resource->NumberOfExclusiveWaiters != 0;

    if (shared && (WasExclusive || !exclusive))
        ExpGiveToSharedLocked(Resource);
    else if (exclusive)
        ExpGiveToExclusiveLocked(Resource);
    Resource->ActiveCount = Resource->ActiveEntries != 0;
}

/* ---- Exclusive ---- */
BOOLEAN NTAPI ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
    ERESOURCE_THREAD self = ExpSelf();
    KIRQL irql;

    ASSERT(KeIrql() <= APC_LEVEL);
    irql = ExpLockResource(Resource);
    if (Resource->ActiveEntries == 0) {
        Resource->ActiveEntries = 1;
        Resource->ActiveCount = 1;
        Resource->Flag |= ResourceOwnedExclusive;
        ExpEnter(&Resource->OwnerEntry, self);
    } else if (ExpIsExclusiveLocked(Resource) && Resource->OwnerEntry.OwnerThread == self) {
        Resource->OwnerEntry.OwnerCount++;
    } else if (Wait) {
        ExpWaitForResource(Resource, (PVOID volatile *)&Resource->ExclusiveWaiters, &Resource->NumberOfExclusiveWaiters, irql);
        return TRUE;
    } else {
        ExpUnlockResource(Resource, irql);
        return FALSE;
    }
    ExpUnlockResource(Resource, irql);
    return TRUE;
}

/* ---- Shared ---- */
static BOOLEAN ExpMayShareLocked(PERESOURCE Resource, ERESOURCE_THREAD Self, EXP_SHARED_MODE Mode)
{
    if (ExpIsExclusiveLocked(Resource))
        return Resource->OwnerEntry.OwnerThread == Self;
    return Resource->NumberOfExclusiveWaiters == 0 || Mode == ExpStarveExclusive
           || (Mode == ExpBehindExclusive && ExpFindOwnerLocked(Resource, Self) != NULL);
}

/* Makes Self a shared owner, or one owner more deeply. FALSE: no entry is free. Counted: ActiveEntries has the new owner already. */
static BOOLEAN ExpEnterSharedLocked(PERESOURCE Resource, ERESOURCE_THREAD Self, BOOLEAN Counted)
{
    POWNER_ENTRY entry = ExpFindOwnerLocked(Resource, Self);

    if (entry != NULL) {
        entry->OwnerCount++;
        Resource->ActiveEntries -= Counted;
        return TRUE;
    }
    entry = ExpFreeOwnerLocked(Resource);
    if (entry == NULL)
        return FALSE;
    ExpEnter(entry, Self);
    Resource->ActiveEntries += !Counted;
    Resource->ActiveCount = 1;
    return TRUE;
}

/* Without memory for the table of owners a waiter tries again a little later. */
static VOID ExpMakeRoom(PERESOURCE Resource)
{
    LARGE_INTEGER while_ = { .QuadPart = -100000 };
    if (!ExpGrowOwners(Resource))
        KeDelayExecutionThread(KernelMode, FALSE, &while_);
}

/* The resource was given to the caller while it waited; only its entry is missing. */
static VOID ExpEnterGranted(PERESOURCE Resource, ERESOURCE_THREAD Self)
{
    BOOLEAN entered;
    KIRQL irql;

    for (;;) {
        irql = ExpLockResource(Resource);
        entered = ExpEnterSharedLocked(Resource, Self, TRUE);
        ExpUnlockResource(Resource, irql);
        if (entered)
            return;
        ExpMakeRoom(Resource);
    }
}

static BOOLEAN ExpAcquireShared(PERESOURCE Resource, BOOLEAN Wait, EXP_SHARED_MODE Mode)
{
    ERESOURCE_THREAD self = ExpSelf();
    KIRQL irql;

    ASSERT(KeIrql() <= APC_LEVEL || (!Wait && KeIrql() == DISPATCH_LEVEL));
    for (;;) {
        irql = ExpLockResource(Resource);
        if (!ExpMayShareLocked(Resource, self, Mode))
            break;
        if (ExpEnterSharedLocked(Resource, self, FALSE)) {
            ExpUnlockResource(Resource, irql);
            return TRUE;
        }
        ExpUnlockResource(Resource, irql);
        if (Wait)
            ExpMakeRoom(Resource);
        else if (!ExpGrowOwners(Resource))
            return FALSE;
    }
    if (!Wait) {
        ExpUnlockResource(Resource, irql);
        return FALSE;
    }
    ExpWaitForResource(Resource, (PVOID volatile *)&Resource->SharedWaiters, &Resource->NumberOfSharedWaiters, irql);
    ExpEnterGranted(Resource, self);
    return TRUE;
}

BOOLEAN NTAPI ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpBehindExclusive);
}

BOOLEAN NTAPI ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpStarveExclusive);
}

BOOLEAN NTAPI ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    return ExpAcquireShared(Resource, Wait, ExpAlwaysBehindExclusive);
}

VOID NTAPI ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
    KIRQL irql = ExpLockResource(Resource);

    ASSERT(ExpIsExclusiveLocked(Resource) && Resource->OwnerEntry.OwnerThread == ExpSelf());
    Resource->Flag &= (USHORT)~ResourceOwnedExclusive;
    ExpGiveToSharedLocked(Resource);
    ExpUnlockResource(Resource, irql);
}

/* ---- Release ---- */
VOID NTAPI ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId)
{
    KIRQL irql = ExpLockResource(Resource);
    BOOLEAN exclusive = ExpIsExclusiveLocked(Resource);
    POWNER_ENTRY entry = Resource->OwnerEntry.OwnerThread == ResourceThreadId ? &Resource->OwnerEntry
                                                                              : ExpFindOwnerLocked(Resource, ResourceThreadId);

    if (ResourceThreadId == 0 || entry == NULL || entry->OwnerCount == 0)
        KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, ResourceThreadId, (ULONG_PTR)Resource->OwnerTable, exclusive ? 1 : 2);
    if (--entry->OwnerCount == 0) {
        entry->OwnerThread = 0;
        Resource->Flag &= (USHORT)~ResourceOwnedExclusive;
        if (--Resource->ActiveEntries == 0)
            Resource->ActiveCount = 0;
        if (Resource->ActiveEntries == 0 && (Resource->NumberOfSharedWaiters | Resource->NumberOfExclusiveWaiters) != 0)
            ExpGiveAwayLocked(Resource, exclusive);
    }
    ExpUnlockResource(Resource, irql);
}

VOID FASTCALL ExReleaseResourceLite(PERESOURCE Resource) { ExReleaseResourceForThreadLite(Resource, ExpSelf()); }

/* ---- With the critical region that owners must be in; the result is the thread's Win32 data, as on NT ---- */
PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(Resource, TRUE);
    return KeCurrentThread()->Win32Thread;
}

PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource)
{
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(Resource, TRUE);
    return KeCurrentThread()->Win32Thread;
}

VOID FASTCALL ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource)
{
    ExReleaseResourceLite(Resource);
    KeLeaveCriticalRegion();
}
