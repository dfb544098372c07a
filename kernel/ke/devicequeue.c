/* SPDX-License-Identifier: MIT
 * Device queues: a device that is busy, and the entries that wait for it, in the order of arrival or of a key. Inserting into a
 * queue that is not busy only makes it busy: the caller's entry is the one to be served. The queue's own lock guards everything.
 */
#include "ki.h"

#define KI_DEVICE_QUEUE_OBJECT 20

VOID NTAPI KeInitializeDeviceQueue(PKDEVICE_QUEUE DeviceQueue)
{
    RtlZeroMemory(DeviceQueue, sizeof(*DeviceQueue));
    DeviceQueue->Type = KI_DEVICE_QUEUE_OBJECT;
    DeviceQueue->Size = sizeof(*DeviceQueue);
    InitializeListHead(&DeviceQueue->DeviceListHead);
    KeInitializeSpinLock(&DeviceQueue->Lock);
}

static PKDEVICE_QUEUE_ENTRY KiDeviceEntry(PLIST_ENTRY Link) { return CONTAINING_RECORD(Link, KDEVICE_QUEUE_ENTRY, DeviceListEntry); }

/* The first entry with a key of at least Key (more than Key with Above), or the list's head. */
static PLIST_ENTRY KiFindByKey(PKDEVICE_QUEUE Queue, ULONG Key, BOOLEAN Above)
{
    PLIST_ENTRY link = Queue->DeviceListHead.Flink;

    while (link != &Queue->DeviceListHead && (KiDeviceEntry(link)->SortKey < Key || (Above && KiDeviceEntry(link)->SortKey == Key)))
        link = link->Flink;
    return link;
}

/* In front of Before, which may be the head, when the queue is busy. */
static BOOLEAN KiInsertDeviceEntry(PKDEVICE_QUEUE Queue, PKDEVICE_QUEUE_ENTRY Entry, PLIST_ENTRY Before)
{
    Entry->Inserted = Queue->Busy;
    if (Queue->Busy)
        InsertTailList(Before, &Entry->DeviceListEntry);
    Queue->Busy = TRUE;
    return Entry->Inserted;
}

BOOLEAN NTAPI KeInsertDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry)
{
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&DeviceQueue->Lock);
    BOOLEAN inserted = KiInsertDeviceEntry(DeviceQueue, DeviceQueueEntry, &DeviceQueue->DeviceListHead);

    KeReleaseSpinLock(&DeviceQueue->Lock, irql);
    return inserted;
}

BOOLEAN NTAPI KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry, ULONG SortKey)
{
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&DeviceQueue->Lock);
    BOOLEAN inserted;

    DeviceQueueEntry->SortKey = SortKey;
    inserted = KiInsertDeviceEntry(DeviceQueue, DeviceQueueEntry, KiFindByKey(DeviceQueue, SortKey, TRUE));
    KeReleaseSpinLock(&DeviceQueue->Lock, irql);
    return inserted;
}

/* The entry at Link, or the first; without any the queue is not busy any more. */
static PKDEVICE_QUEUE_ENTRY KiTakeDeviceEntry(PKDEVICE_QUEUE Queue, PLIST_ENTRY Link)
{
    PKDEVICE_QUEUE_ENTRY entry;

    if (IsListEmpty(&Queue->DeviceListHead)) {
        Queue->Busy = FALSE;
        return NULL;
    }
    entry = KiDeviceEntry(Link != &Queue->DeviceListHead ? Link : Queue->DeviceListHead.Flink);
    RemoveEntryList(&entry->DeviceListEntry);
    entry->Inserted = FALSE;
    return entry;
}

PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveDeviceQueue(PKDEVICE_QUEUE DeviceQueue)
{
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&DeviceQueue->Lock);
    PKDEVICE_QUEUE_ENTRY entry;

    ASSERT(DeviceQueue->Busy);
    entry = KiTakeDeviceEntry(DeviceQueue, DeviceQueue->DeviceListHead.Flink);
    KeReleaseSpinLock(&DeviceQueue->Lock, irql);
    return entry;
}

PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveByKeyDeviceQueueIfBusy(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey)
{
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&DeviceQueue->Lock);
    PKDEVICE_QUEUE_ENTRY entry = KiTakeDeviceEntry(DeviceQueue, KiFindByKey(DeviceQueue, SortKey, FALSE));

    KeReleaseSpinLock(&DeviceQueue->Lock, irql);
    return entry;
}

PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey)
{
    ASSERT(DeviceQueue->Busy);
    return KeRemoveByKeyDeviceQueueIfBusy(DeviceQueue, SortKey);
}

BOOLEAN NTAPI KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry)
{
    KIRQL irql = KeAcquireSpinLockRaiseToDpc(&DeviceQueue->Lock);
    BOOLEAN queued = DeviceQueueEntry->Inserted;

    if (queued) {
        RemoveEntryList(&DeviceQueueEntry->DeviceListEntry);
        DeviceQueueEntry->Inserted = FALSE;
    }
    KeReleaseSpinLock(&DeviceQueue->Lock, irql);
    return queued;
}
