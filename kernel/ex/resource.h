/* SPDX-License-Identifier: MIT
 * Private to ex/: executive resources.
 */
#pragma once
#include "exp.h"

#define EXP_RESOURCE_TAG 'seRx'

/* A thread in one of the two chains of a resource, on its own stack. */
typedef struct EXP_RESOURCE_WAITER {
    struct EXP_RESOURCE_WAITER *Next;            /* the resource's lock */
    ERESOURCE_THREAD Thread;                     /* I */
    KEVENT Granted;
} EXP_RESOURCE_WAITER;

static inline KIRQL ExpLockResource(PERESOURCE Resource) UNCHECKED_LOCKS
{
    return KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
}
static inline VOID ExpUnlockResource(PERESOURCE Resource, KIRQL OldIrql) UNCHECKED_LOCKS
{
    KeReleaseSpinLock(&Resource->SpinLock, OldIrql);
}
static inline BOOLEAN ExpIsExclusiveLocked(const ERESOURCE *Resource) { return (Resource->Flag & ResourceOwnedExclusive) != 0; }

/* Entries of OwnerTable, the first of which holds this. */
static inline ULONG ExpTableSize(const ERESOURCE *Resource)
{
    return Resource->OwnerTable != NULL ? Resource->OwnerTable[0].TableSize : 0;
}
/* The entry of an owner, or NULL. */
POWNER_ENTRY ExpFindOwnerLocked(PERESOURCE Resource, ERESOURCE_THREAD Thread);
/* An entry for one more owner, or NULL: ExpGrowOwners, without the lock, makes room. */
POWNER_ENTRY ExpFreeOwnerLocked(PERESOURCE Resource);
BOOLEAN ExpGrowOwners(PERESOURCE Resource);
