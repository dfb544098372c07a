/* SPDX-License-Identifier: MIT
 * How routines enter a list, are called and leave it (notify.h).
 */
#include "notify.h"

static EX_PUSH_LOCK PspNotifyLock;

static PSP_NOTIFY *PspFindNotifyLocked(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    ULONG i;
    for (i = 0; i < PSP_NOTIFY_SLOTS; i++) {
        PSP_NOTIFY *slot = &List->Slots[i];
        if (slot->Routine == Routine && !slot->Leaving && (Kind == PspNotifyAny || slot->Kind == Kind))
            return slot;
    }
    return NULL;
}

static BOOLEAN PspTakeSlotLocked(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_NOTIFY *slot = PspFindNotifyLocked(List, NULL, PspNotifyAny);

    if (slot == NULL)
        return FALSE;
    ExInitializeRundownProtection(&slot->Rundown);
    slot->Kind = Kind;
    slot->Routine = Routine;
    InterlockedIncrement(&List->Count);
    return TRUE;
}

NTSTATUS PspAddNotify(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind, BOOLEAN Unique)
{
    NTSTATUS full = Unique ? STATUS_INVALID_PARAMETER : STATUS_INSUFFICIENT_RESOURCES, status;

    if (Routine == NULL)
        return STATUS_INVALID_PARAMETER;
    ExLockExclusive(&PspNotifyLock);
    if (Unique && PspFindNotifyLocked(List, Routine, Kind) != NULL)
        status = STATUS_INVALID_PARAMETER;
    else
        status = PspTakeSlotLocked(List, Routine, Kind) ? STATUS_SUCCESS : full;
    ExUnlockExclusive(&PspNotifyLock);
    return status;
}

NTSTATUS PspRemoveNotify(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_NOTIFY *slot;

    ExLockExclusive(&PspNotifyLock);
    slot = Routine != NULL ? PspFindNotifyLocked(List, Routine, Kind) : NULL;
    if (slot != NULL)
        slot->Leaving = TRUE;
    ExUnlockExclusive(&PspNotifyLock);
    if (slot == NULL)
        return STATUS_PROCEDURE_NOT_FOUND;
    ExWaitForRundownProtectionRelease(&slot->Rundown);
    ExLockExclusive(&PspNotifyLock);
    slot->Routine = NULL;
    slot->Leaving = FALSE;
    ExUnlockExclusive(&PspNotifyLock);
    InterlockedDecrement(&List->Count);
    return STATUS_SUCCESS;
}

/* The slot's routine with rundown protection taken, or NULL. */
static PVOID PspEnterSlot(PSP_NOTIFY *Slot, PSP_NOTIFY_KIND *Kind)
{
    PVOID routine = NULL;

    ExLockShared(&PspNotifyLock);
    if (Slot->Routine != NULL && !Slot->Leaving && ExAcquireRundownProtection(&Slot->Rundown)) {
        routine = Slot->Routine;
        *Kind = Slot->Kind;
    }
    ExUnlockShared(&PspNotifyLock);
    return routine;
}

VOID PspCallNotify(PSP_NOTIFY_LIST *List, PSP_NOTIFY_CALL *Call, PVOID Context)
{
    PSP_NOTIFY_KIND kind = PspNotifyPlain;
    ULONG i;

    if (List->Count == 0)
        return;
    KeEnterCriticalRegion();
    for (i = 0; i < PSP_NOTIFY_SLOTS; i++) {
        PVOID routine = PspEnterSlot(&List->Slots[i], &kind);
        if (routine == NULL)
            continue;
        Call(Context, routine, kind);
        ExReleaseRundownProtection(&List->Slots[i].Rundown);
    }
    KeLeaveCriticalRegion();
}
