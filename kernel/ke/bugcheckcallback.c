/* SPDX-License-Identifier: MIT
 * Routines that drivers want called when the machine stops. They run after the report is out, with interrupts off and the other
 * processors frozen: what breaks or hangs in them costs nothing any more.
 *
 * Reason callbacks fill crash dumps. Petrel writes none, so they are kept, and never called.
 */
#include "ki.h"

static KE_LOCK KiCallbackLock = KE_LOCK_OF_RANK(KeRankBugcheckCallback);
static LIST_ENTRY KiBugcheckCallbacks = { &KiBugcheckCallbacks, &KiBugcheckCallbacks };          /* KiCallbackLock */
static LIST_ENTRY KiReasonCallbacks = { &KiReasonCallbacks, &KiReasonCallbacks };                /* KiCallbackLock */

/* Links a record that is not linked: its State, at the end of the structure, tells. */
static BOOLEAN KiLinkRecord(PLIST_ENTRY List, PLIST_ENTRY Entry, PUCHAR State)
{
    KIRQL irql = KeLockAcquire(&KiCallbackLock);
    BOOLEAN empty = *State == BufferEmpty;

    if (empty) {
        *State = BufferInserted;
        InsertTailList(List, Entry);
    }
    KeLockRelease(&KiCallbackLock, irql);
    return empty;
}

static BOOLEAN KiUnlinkRecord(PLIST_ENTRY Entry, PUCHAR State)
{
    KIRQL irql = KeLockAcquire(&KiCallbackLock);
    BOOLEAN linked = *State == BufferInserted;

    if (linked) {
        *State = BufferEmpty;
        RemoveEntryList(Entry);
    }
    KeLockRelease(&KiCallbackLock, irql);
    return linked;
}

BOOLEAN NTAPI KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord, PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine,
                                         PVOID Buffer, ULONG Length, PUCHAR Component)
{
    if (CallbackRecord->State != BufferEmpty)
        return FALSE;
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Buffer = Buffer;
    CallbackRecord->Length = Length;
    CallbackRecord->Component = Component;
    CallbackRecord->Checksum = (ULONG_PTR)CallbackRoutine + (ULONG_PTR)Buffer + Length + (ULONG_PTR)Component;
    return KiLinkRecord(&KiBugcheckCallbacks, &CallbackRecord->Entry, &CallbackRecord->State);
}

BOOLEAN NTAPI KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord)
{
    return KiUnlinkRecord(&CallbackRecord->Entry, &CallbackRecord->State);
}

BOOLEAN NTAPI KeRegisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord,
                                               PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine, KBUGCHECK_CALLBACK_REASON Reason,
                                               PUCHAR Component)
{
    if (CallbackRecord->State != BufferEmpty)
        return FALSE;
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Component = Component;
    CallbackRecord->Reason = Reason;
    CallbackRecord->Checksum = (ULONG_PTR)CallbackRoutine + (ULONG_PTR)Reason + (ULONG_PTR)Component;
    return KiLinkRecord(&KiReasonCallbacks, &CallbackRecord->Entry, &CallbackRecord->State);
}

BOOLEAN NTAPI KeDeregisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord)
{
    return KiUnlinkRecord(&CallbackRecord->Entry, &CallbackRecord->State);
}

/* The list may be what is broken: a record that does not add up ends the walk, and so does the thousandth. */
VOID KiCallBugcheckCallbacks(VOID)
{
    PLIST_ENTRY entry = KiBugcheckCallbacks.Flink;
    ULONG i;

    for (i = 0; i < 1000 && entry != &KiBugcheckCallbacks; i++, entry = entry->Flink) {
        PKBUGCHECK_CALLBACK_RECORD record = CONTAINING_RECORD(entry, KBUGCHECK_CALLBACK_RECORD, Entry);
        if (record->State != BufferInserted || record->Checksum != (ULONG_PTR)record->CallbackRoutine + (ULONG_PTR)record->Buffer
                                                                       + record->Length + (ULONG_PTR)record->Component)
            return;
        record->State = BufferStarted;
        record->CallbackRoutine(record->Buffer, record->Length);
        record->State = BufferFinished;
    }
}
