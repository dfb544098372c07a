/* SPDX-License-Identifier: MIT
 * Executive resources: their life, their owners, and questions about them. resourcelock.c acquires and releases.
 *
 * A resource's spin lock guards all of it. OwnerEntry is the exclusive owner, or one of the shared ones; the others are in
 * OwnerTable, whose first entry holds the table's size. ActiveEntries counts owners, those included that were just given the
 * resource and have not yet run to enter themselves.
 */
#include "resource.h"

#define EXP_OWNERS_STEP 4u

static KE_LOCK ExpResourceListLock = KE_LOCK_OF_RANK(KeRankResourceList);
static LIST_ENTRY ExpResources = { &ExpResources, &ExpResources };      /* ExpResourceListLock */

static VOID ExpClearResource(PERESOURCE Resource)
{
    LIST_ENTRY link = Resource->SystemResourcesList;
    RtlZeroMemory(Resource, sizeof(*Resource));
    Resource->SystemResourcesList = link;
}

NTSTATUS NTAPI ExInitializeResourceLite(PERESOURCE Resource)
{
    KIRQL irql;

    ExpClearResource(Resource);
    irql = KeLockAcquire(&ExpResourceListLock);
    InsertTailList(&ExpResources, &Resource->SystemResourcesList);
    KeLockRelease(&ExpResourceListLock, irql);
    return STATUS_SUCCESS;
}

static VOID ExpFreeOwnerTable(PERESOURCE Resource)
{
    if (Resource->OwnerTable != NULL)
        ExFreePoolWithTag(Resource->OwnerTable, EXP_RESOURCE_TAG);
}

NTSTATUS NTAPI ExReinitializeResourceLite(PERESOURCE Resource)
{
    ExpFreeOwnerTable(Resource);
    ExpClearResource(Resource);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ExDeleteResourceLite(PERESOURCE Resource)
{
    KIRQL irql;

    ASSERT(Resource->NumberOfSharedWaiters == 0 && Resource->NumberOfExclusiveWaiters == 0);
    irql = KeLockAcquire(&ExpResourceListLock);
    RemoveEntryList(&Resource->SystemResourcesList);
    KeLockRelease(&ExpResourceListLock, irql);
    ExpFreeOwnerTable(Resource);
    Resource->OwnerTable = NULL;
    return STATUS_SUCCESS;
}

/* ---- Owners ---- */
POWNER_ENTRY ExpFindOwnerLocked(PERESOURCE Resource, ERESOURCE_THREAD Thread)
{
    ULONG i;

    if (Resource->OwnerEntry.OwnerThread == Thread)
        return &Resource->OwnerEntry;
    for (i = 1; i < ExpTableSize(Resource); i++)
        if (Resource->OwnerTable[i].OwnerThread == Thread)
            return &Resource->OwnerTable[i];
    return NULL;
}

POWNER_ENTRY ExpFreeOwnerLocked(PERESOURCE Resource) { return ExpFindOwnerLocked(Resource, 0); }

BOOLEAN ExpGrowOwners(PERESOURCE Resource)
{
    ULONG size = ExpTableSize(Resource), larger = max(size, 1u) + EXP_OWNERS_STEP;
    POWNER_ENTRY table = ExAllocatePoolWithTag(NonPagedPoolNx, larger * sizeof(OWNER_ENTRY), EXP_RESOURCE_TAG), old;
    KIRQL irql;

    if (table == NULL)
        return FALSE;
    RtlZeroMemory(table, larger * sizeof(OWNER_ENTRY));
    irql = ExpLockResource(Resource);
    old = table;
    if (ExpTableSize(Resource) < larger) {       /* else somebody else made room meanwhile */
        old = Resource->OwnerTable;
        if (old != NULL)
            RtlCopyMemory(table, old, ExpTableSize(Resource) * sizeof(OWNER_ENTRY));
        table[0].TableSize = larger;
        Resource->OwnerTable = table;
    }
    ExpUnlockResource(Resource, irql);
    if (old != NULL)
        ExFreePoolWithTag(old, EXP_RESOURCE_TAG);
    return TRUE;
}

/* ---- Giving ownership to somebody else ---- */
VOID NTAPI ExSetResourceOwnerPointerEx(PERESOURCE Resource, PVOID OwnerPointer, ULONG Flags)
{
    ERESOURCE_THREAD thread = (ERESOURCE_THREAD)KeCurrentThread();
    KIRQL irql = ExpLockResource(Resource);
    POWNER_ENTRY entry = ExpFindOwnerLocked(Resource, thread);

    if (entry == NULL || ((ULONG_PTR)OwnerPointer & 3) != 3)
        KeBugCheckEx(RESOURCE_OWNER_POINTER, (ULONG_PTR)Resource, thread, (ULONG_PTR)OwnerPointer, Flags);
    entry->OwnerThread = (ERESOURCE_THREAD)OwnerPointer;
    ExpUnlockResource(Resource, irql);
}

VOID NTAPI ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer)
{
    ExSetResourceOwnerPointerEx(Resource, OwnerPointer, 0);
}

/* ---- Questions ---- */
ULONG NTAPI ExIsResourceAcquiredSharedLite(PERESOURCE Resource)
{
    POWNER_ENTRY entry;
    ULONG count;
    KIRQL irql;

    if (__atomic_load_n(&Resource->ActiveEntries, __ATOMIC_RELAXED) == 0)       /* the caller would be one of them */
        return 0;
    irql = ExpLockResource(Resource);
    entry = ExpFindOwnerLocked(Resource, (ERESOURCE_THREAD)KeCurrentThread());
    count = entry != NULL ? entry->OwnerCount : 0;
    ExpUnlockResource(Resource, irql);
    return count;
}

BOOLEAN NTAPI ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
    KIRQL irql = ExpLockResource(Resource);
    BOOLEAN owned = ExpIsExclusiveLocked(Resource) && Resource->OwnerEntry.OwnerThread == (ERESOURCE_THREAD)KeCurrentThread();
    ExpUnlockResource(Resource, irql);
    return owned;
}

ULONG NTAPI ExGetExclusiveWaiterCount(PERESOURCE Resource) { return __atomic_load_n(&Resource->NumberOfExclusiveWaiters, __ATOMIC_RELAXED); }
ULONG NTAPI ExGetSharedWaiterCount(PERESOURCE Resource) { return __atomic_load_n(&Resource->NumberOfSharedWaiters, __ATOMIC_RELAXED); }
