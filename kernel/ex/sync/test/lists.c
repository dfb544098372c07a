/* SPDX-License-Identifier: MIT
 * Sequenced lists and the interlocked list functions.
 */
#include "exsync.h"
#include "ke.h"
#include "test.h"

#define ENTRIES 64

typedef struct DECLSPEC_ALIGN(16) ITEM {
    SLIST_ENTRY Link;
    volatile LONG Owned;
} ITEM;

typedef struct STORM {
    SLIST_HEADER Head;
    ITEM Items[ENTRIES];
} STORM;

static VOID Order(VOID)
{
    SLIST_HEADER head;
    ITEM a, b;

    InitializeSListHead(&head);
    CHECK(ExpInterlockedPopEntrySList(&head) == NULL && ExQueryDepthSList(&head) == 0);
    CHECK(ExpInterlockedPushEntrySList(&head, &a.Link) == NULL);
    CHECK(ExpInterlockedPushEntrySList(&head, &b.Link) == &a.Link);
    CHECK(ExQueryDepthSList(&head) == 2);
    CHECK(ExpInterlockedPopEntrySList(&head) == &b.Link);
    CHECK(ExpInterlockedPopEntrySList(&head) == &a.Link);
    CHECK(ExQueryDepthSList(&head) == 0 && ExpInterlockedPopEntrySList(&head) == NULL);
}

static VOID Flush(VOID)
{
    SLIST_HEADER head;
    ITEM a, b;

    InitializeSListHead(&head);
    CHECK(ExpInterlockedFlushSList(&head) == NULL);
    ExpInterlockedPushEntrySList(&head, &a.Link);
    ExpInterlockedPushEntrySList(&head, &b.Link);
    CHECK(FirstEntrySList(&head) == &b.Link);
    CHECK(ExpInterlockedFlushSList(&head) == &b.Link && b.Link.Next == &a.Link && a.Link.Next == NULL);
    CHECK(ExQueryDepthSList(&head) == 0 && FirstEntrySList(&head) == NULL);
}

static VOID PopAndPush(PVOID Context, ULONG Index)
{
    STORM *storm = Context;
    ULONG i;
    for (i = 0; i < 20000; i++) {
        ITEM *item = (ITEM *)ExpInterlockedPopEntrySList(&storm->Head);
        if (item == NULL)
            continue;
        CHECK(InterlockedExchange(&item->Owned, 1) == 0);        /* nobody else popped it too */
        InterlockedExchange(&item->Owned, 0);
        ExpInterlockedPushEntrySList(&storm->Head, &item->Link);
    }
}

static VOID Contention(VOID)
{
    STORM *storm = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*storm), 'tseT');
    ULONG i, count = 0;
    PSLIST_ENTRY entry;

    if (!CHECK(storm != NULL))
        return;
    RtlZeroMemory(storm, sizeof(*storm));
    InitializeSListHead(&storm->Head);
    for (i = 0; i < ENTRIES; i++)
        ExpInterlockedPushEntrySList(&storm->Head, &storm->Items[i].Link);
    TestRunThreads(8, PopAndPush, storm);
    CHECK(ExQueryDepthSList(&storm->Head) == ENTRIES);
    for (entry = ExpInterlockedFlushSList(&storm->Head); entry != NULL; entry = entry->Next)
        count++;
    CHECK(count == ENTRIES);
    ExFreePoolWithTag(storm, 'tseT');
}

/* ---- ExInterlocked... ---- */
static VOID Lists(VOID)
{
    LIST_ENTRY head, a, b, c;
    KSPIN_LOCK lock = 0;

    InitializeListHead(&head);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == NULL);
    CHECK(ExInterlockedInsertHeadList(&head, &a, &lock) == NULL);
    CHECK(ExInterlockedInsertHeadList(&head, &b, &lock) == &a);
    CHECK(ExInterlockedInsertTailList(&head, &c, &lock) == &a);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &b);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &a);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &c);
    CHECK(ExInterlockedInsertTailList(&head, &c, &lock) == NULL);
    CHECK(lock == 0 && head.Flink == &c);
}

static VOID Single(VOID)
{
    SINGLE_LIST_ENTRY head = { NULL }, a, b;
    KSPIN_LOCK lock = 0;

    CHECK(ExInterlockedPopEntryList(&head, &lock) == NULL);
    CHECK(ExInterlockedPushEntryList(&head, &a, &lock) == NULL);
    CHECK(ExInterlockedPushEntryList(&head, &b, &lock) == &a);
    CHECK(ExInterlockedPopEntryList(&head, &lock) == &b);
    CHECK(ExInterlockedPopEntryList(&head, &lock) == &a);
}

typedef struct SUM {
    KSPIN_LOCK Lock;
    ULONG Small;
    LARGE_INTEGER Large;
} SUM;

static VOID Add(PVOID Context, ULONG Index)
{
    SUM *sum = Context;
    LARGE_INTEGER two = { .QuadPart = 2 };
    ULONG i;
    for (i = 0; i < 10000; i++) {
        ExInterlockedAddUlong(&sum->Small, 1, &sum->Lock);
        ExInterlockedAddLargeInteger(&sum->Large, two, &sum->Lock);
    }
}

static VOID Numbers(VOID)
{
    SUM sum = { 0 };
    LARGE_INTEGER five = { .QuadPart = 5 };

    sum.Large.QuadPart = 7;
    CHECK(ExInterlockedAddLargeInteger(&sum.Large, five, &sum.Lock).QuadPart == 7 && sum.Large.QuadPart == 12);
    CHECK(ExInterlockedAddUlong(&sum.Small, 3, &sum.Lock) == 0 && sum.Small == 3);
    TestRunThreads(4, Add, &sum);
    CHECK(sum.Small == 40003 && sum.Large.QuadPart == 80012 && sum.Lock == 0);
}

static const KE_TEST tests[] = {
    { "exsync.slist.order", Order, 0 },       { "exsync.slist.flush", Flush, 0 },
    { "exsync.slist.contention", Contention, 0 }, { "exsync.interlocked.lists", Lists, 0 },
    { "exsync.interlocked.single", Single, 0 },   { "exsync.interlocked.numbers", Numbers, 0 },
};
const KE_TEST_GROUP ExListTests = { tests, RTL_NUMBER_OF(tests) };
