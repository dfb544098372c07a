/* SPDX-License-Identifier: MIT
 * Device queues.
 */
#include "test.h"
#include "ke.h"

static VOID TestDeviceQueueOrder(VOID)
{
    KDEVICE_QUEUE_ENTRY a = { 0 }, b = { 0 }, c = { 0 };
    KDEVICE_QUEUE queue;

    KeInitializeDeviceQueue(&queue);
    CHECK(queue.Type == 20 && queue.Size == sizeof(queue) && !queue.Busy);
    CHECK(!KeInsertDeviceQueue(&queue, &a) && queue.Busy && !a.Inserted);
    CHECK(KeInsertDeviceQueue(&queue, &b) && KeInsertDeviceQueue(&queue, &c) && b.Inserted);
    CHECK(KeRemoveDeviceQueue(&queue) == &b && !b.Inserted);
    CHECK(KeRemoveEntryDeviceQueue(&queue, &c) && !c.Inserted && !KeRemoveEntryDeviceQueue(&queue, &c));
    CHECK(queue.Busy && KeRemoveDeviceQueue(&queue) == NULL && !queue.Busy);
}

static VOID TestDeviceQueueKeys(VOID)
{
    KDEVICE_QUEUE_ENTRY entries[5] = { 0 };
    KDEVICE_QUEUE queue;

    KeInitializeDeviceQueue(&queue);
    CHECK(!KeInsertByKeyDeviceQueue(&queue, &entries[0], 9));
    CHECK(KeInsertByKeyDeviceQueue(&queue, &entries[1], 20) && KeInsertByKeyDeviceQueue(&queue, &entries[2], 10));
    CHECK(KeInsertByKeyDeviceQueue(&queue, &entries[3], 20) && KeInsertByKeyDeviceQueue(&queue, &entries[4], 30));
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 20) == &entries[1]);       /* the older one of two */
    CHECK(KeRemoveByKeyDeviceQueue(&queue, 11) == &entries[3]);
    CHECK(KeRemoveByKeyDeviceQueueIfBusy(&queue, 31) == &entries[2]); /* none: the first */
    CHECK(KeRemoveDeviceQueue(&queue) == &entries[4]);
    CHECK(KeRemoveByKeyDeviceQueueIfBusy(&queue, 0) == NULL && !queue.Busy);
    CHECK(KeRemoveByKeyDeviceQueueIfBusy(&queue, 0) == NULL);
}

/* Every entry is served once: by who found the queue idle, or by who was served before it. */
#define TEST_ENTRIES 100u
typedef struct TEST_QUEUE {
    KDEVICE_QUEUE Queue;
    KDEVICE_QUEUE_ENTRY Entries[8][TEST_ENTRIES];
    volatile LONG Serving, Served, Together;
} TEST_QUEUE;

static VOID TestServe(TEST_QUEUE *Test, ULONG Key)
{
    do {
        if (InterlockedIncrement(&Test->Serving) != 1)
            InterlockedIncrement(&Test->Together);
        InterlockedIncrement(&Test->Served);
        InterlockedDecrement(&Test->Serving);
    } while (KeRemoveByKeyDeviceQueue(&Test->Queue, Key) != NULL);
}

static VOID TestQueueWorker(PVOID Context, ULONG Index)
{
    TEST_QUEUE *test = Context;
    ULONG i;

    for (i = 0; i < TEST_ENTRIES; i++)
        if (!KeInsertByKeyDeviceQueue(&test->Queue, &test->Entries[Index][i], i))
            TestServe(test, i);
}

static VOID TestDeviceQueueContention(VOID)
{
    TEST_QUEUE *test = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*test), 'tseT');

    if (!CHECK(test != NULL))
        return;
    RtlZeroMemory(test, sizeof(*test));
    KeInitializeDeviceQueue(&test->Queue);
    TestRunThreads(8, TestQueueWorker, test);
    CHECK(test->Served == 8 * TEST_ENTRIES && test->Together == 0 && !test->Queue.Busy);
    ExFreePoolWithTag(test, 'tseT');
}

static const KE_TEST tests[] = {
    { "ke.devicequeue.order", TestDeviceQueueOrder, 0 },
    { "ke.devicequeue.keys", TestDeviceQueueKeys, 0 },
    { "ke.devicequeue.contention", TestDeviceQueueContention, 4 },
};
const KE_TEST_GROUP KeDeviceQueueTests = { tests, RTL_NUMBER_OF(tests) };
