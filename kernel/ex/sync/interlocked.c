/* SPDX-License-Identifier: MIT
 * The ExInterlocked... functions: one step on a list or a number under the caller's spin lock with interrupts off, so that they
 * serve any IRQL. The lock must not be used in any other way (documented), hence no rank and no IRQL change.
 */
#include "exsync.h"
#include "intrinsics.h"

static BOOLEAN ExpLock(PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    while (__atomic_exchange_n(Lock, 1, __ATOMIC_ACQUIRE) != 0)
        while (__atomic_load_n(Lock, __ATOMIC_RELAXED) != 0)
            KiPause();
    return enabled;
}

static VOID ExpUnlock(PKSPIN_LOCK Lock, BOOLEAN Enabled)
{
    __atomic_store_n(Lock, 0, __ATOMIC_RELEASE);
    KiRestoreInterrupts(Enabled);
}

/* The entry that was first before, or NULL. */
PLIST_ENTRY FASTCALL ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    PLIST_ENTRY old = IsListEmpty(ListHead) ? NULL : ListHead->Flink;
    InsertHeadList(ListHead, ListEntry);
    ExpUnlock(Lock, enabled);
    return old;
}

/* The entry that was last before, or NULL. */
PLIST_ENTRY FASTCALL ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    PLIST_ENTRY old = IsListEmpty(ListHead) ? NULL : ListHead->Blink;
    InsertTailList(ListHead, ListEntry);
    ExpUnlock(Lock, enabled);
    return old;
}

PLIST_ENTRY FASTCALL ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    PLIST_ENTRY entry = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);
    ExpUnlock(Lock, enabled);
    return entry;
}

PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    PSINGLE_LIST_ENTRY entry = ListHead->Next;
    if (entry != NULL)
        ListHead->Next = entry->Next;
    ExpUnlock(Lock, enabled);
    return entry;
}

PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    PSINGLE_LIST_ENTRY old = ListHead->Next;
    ListEntry->Next = old;
    ListHead->Next = ListEntry;
    ExpUnlock(Lock, enabled);
    return old;
}

LARGE_INTEGER NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    LARGE_INTEGER old = *Addend;
    Addend->QuadPart = old.QuadPart + Increment.QuadPart;
    ExpUnlock(Lock, enabled);
    return old;
}

ULONG FASTCALL ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    BOOLEAN enabled = ExpLock(Lock);
    ULONG old = *Addend;
    *Addend = old + Increment;
    ExpUnlock(Lock, enabled);
    return old;
}
