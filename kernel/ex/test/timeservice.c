/* SPDX-License-Identifier: MIT
 * Time, locale and the other small services, and keyed events and alerts by id under contention.
 */
#include "../exp.h"
#include "se.h"
#include "test.h"

#define HOUR 36000000000ll

static VOID Clock(VOID)
{
    LARGE_INTEGER *page = TestUserPage(), now, before;
    ULONG *resolution = (ULONG *)page;

    if (!CHECK(page != NULL))
        return;
    KeQuerySystemTime(&before);
    CHECK(AS_USER(NtQuerySystemTime(&page[0])) == STATUS_SUCCESS && page[0].QuadPart >= before.QuadPart);
    CHECK(AS_USER(NtQuerySystemTime(TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtQueryPerformanceCounter(&page[0], &page[1])) == STATUS_SUCCESS);
    now = KeQueryPerformanceCounter(&before);
    CHECK(page[0].QuadPart > 0 && page[0].QuadPart <= now.QuadPart && page[1].QuadPart == before.QuadPart);
    CHECK(AS_USER(NtQueryTimerResolution(&resolution[0], &resolution[1], &resolution[2])) == STATUS_SUCCESS && resolution[0] == 10000 &&
          resolution[1] == 10000 && resolution[2] == 10000);
    CHECK(AS_USER(NtSetTimerResolution(5000, FALSE, resolution)) == STATUS_TIMER_RESOLUTION_NOT_SET);
    CHECK(AS_USER(NtSetTimerResolution(5000, TRUE, resolution)) == STATUS_SUCCESS && resolution[0] == 10000);
    CHECK(AS_USER(NtSetTimerResolution(5000, FALSE, resolution)) == STATUS_SUCCESS);
    TestFreeUserPage(page);
}

/* Timers and waits until a system time come when that time comes, however it comes. */
static VOID SetTime(VOID)
{
    LARGE_INTEGER start, to, old, back;
    KTIMER timer, relative;

    KeInitializeTimer(&timer);
    KeInitializeTimer(&relative);
    KeQuerySystemTimePrecise(&start);
    to.QuadPart = start.QuadPart + HOUR;
    KeSetTimer(&timer, to, NULL);
    back.QuadPart = -HOUR;
    KeSetTimer(&relative, back, NULL);
    to.QuadPart += HOUR;
    CHECK(NtSetSystemTime(&to, &old) == STATUS_SUCCESS && old.QuadPart >= start.QuadPart);
    CHECK(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS && !KeReadStateTimer(&relative));
    KeQuerySystemTimePrecise(&back);
    CHECK(back.QuadPart >= to.QuadPart);
    back.QuadPart -= 2 * HOUR;
    CHECK(NtSetSystemTime(&back, &old) == STATUS_SUCCESS && old.QuadPart >= to.QuadPart);
    KeQuerySystemTimePrecise(&back);
    CHECK(back.QuadPart >= start.QuadPart && back.QuadPart < start.QuadPart + HOUR);
    to.QuadPart = -1;
    CHECK(NtSetSystemTime(&to, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(KeCancelTimer(&relative));
}

static VOID Locale(VOID)
{
    ULONG *page = TestUserPage();

    if (!CHECK(page != NULL))
        return;
    CHECK(AS_USER(NtQueryDefaultLocale(FALSE, &page[0])) == STATUS_SUCCESS && page[0] == 0x409);
    CHECK(AS_USER(NtSetDefaultLocale(TRUE, 0x407)) == STATUS_SUCCESS && AS_USER(NtQueryDefaultLocale(TRUE, &page[0])) == STATUS_SUCCESS &&
          page[0] == 0x407);
    CHECK(AS_USER(NtQueryDefaultLocale(FALSE, &page[0])) == STATUS_SUCCESS && page[0] == 0x409);
    CHECK(AS_USER(NtSetDefaultLocale(TRUE, 0)) == STATUS_SUCCESS && AS_USER(NtQueryDefaultLocale(TRUE, &page[0])) == STATUS_SUCCESS &&
          page[0] == 0x409);
    CHECK(AS_USER(NtSetDefaultLocale(FALSE, 0x1000000)) == STATUS_INVALID_PARAMETER);
    page[0] = page[1] = 0;
    CHECK(AS_USER(NtQueryInstallUILanguage((PUSHORT)&page[0])) == STATUS_SUCCESS && page[0] == 0x409);
    CHECK(AS_USER(NtQueryDefaultUILanguage((PUSHORT)&page[1])) == STATUS_SUCCESS && page[1] == 0x409);
    CHECK(AS_USER(NtQueryDefaultLocale(FALSE, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    TestFreeUserPage(page);
}

typedef struct IDS {
    LUID Luid[2];
    ULARGE_INTEGER Time[2];
    ULONG Range, Sequence;
    UCHAR Seed[6];
    PROCESSOR_NUMBER Number;
    UNICODE_STRING Text;
    WCHAR Characters[8];
} IDS;

static VOID Identifiers(VOID)
{
    IDS *page = TestUserPage();

    if (!CHECK(page != NULL))
        return;
    CHECK(AS_USER(NtAllocateLocallyUniqueId(&page->Luid[0])) == STATUS_SUCCESS &&
          AS_USER(NtAllocateLocallyUniqueId(&page->Luid[1])) == STATUS_SUCCESS);
    CHECK(page->Luid[0].LowPart != 0 && page->Luid[1].LowPart != page->Luid[0].LowPart);
    CHECK(AS_USER(NtAllocateUuids(&page->Time[0], &page->Range, &page->Sequence, page->Seed)) == RPC_NT_UUID_LOCAL_ONLY);
    CHECK(AS_USER(NtAllocateUuids(&page->Time[1], &page->Range, &page->Sequence, page->Seed)) == RPC_NT_UUID_LOCAL_ONLY);
    CHECK(page->Range != 0 && page->Time[1].QuadPart >= page->Time[0].QuadPart + page->Range && (page->Seed[0] & 1));
    CHECK(NtGetCurrentProcessorNumber() < (ULONG)KeNumberProcessors);
    CHECK((ULONG)AS_USER((NTSTATUS)NtGetCurrentProcessorNumberEx(&page->Number)) < (ULONG)KeNumberProcessors &&
          page->Number.Group == 0 && page->Number.Number < KeNumberProcessors);
    wcscpy(page->Characters, L"\x2713 ok\r\n");
    RtlInitUnicodeString(&page->Text, page->Characters);
    CHECK(AS_USER(NtDisplayString(&page->Text)) == STATUS_SUCCESS);
    page->Text.Buffer = TEST_BAD_USER;
    CHECK(AS_USER(NtDisplayString(&page->Text)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtQueryDebugFilterState(0xFFFFFF, 5)) == STATUS_INVALID_PARAMETER_1);
    CHECK(NtSetDebugFilterState(0xFFFFFF, 5, TRUE) == STATUS_INVALID_PARAMETER_1);
    CHECK(AS_USER(NtFlushInstructionCache(NtCurrentProcess(), page, 16)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtFlushInstructionCache((HANDLE)0x7FFFFFF0, page, 16)) == STATUS_INVALID_HANDLE);
    CHECK(AS_USER(NtFlushProcessWriteBuffers()) == STATUS_SUCCESS);
    TestFreeUserPage(page);
}

/* ---- Keyed events ---- */
#define ROUNDS 500u

typedef struct KEYED {
    HANDLE Event;
    volatile LONG Token;                         /* waits and releases that met, counted up and down */
    PVOID volatile Sleeper;
    volatile LONG Ready, Woken;
} KEYED;

static VOID KeyedAlone(VOID)
{
    LARGE_INTEGER *page = TestUserPage();

    if (!CHECK(page != NULL))
        return;
    CHECK(AS_USER(NtCreateKeyedEvent((PHANDLE)&page[1], 3, NULL, 1)) == STATUS_INVALID_PARAMETER_4);
    CHECK(AS_USER(NtCreateKeyedEvent((PHANDLE)&page[1], 3, NULL, 0)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForKeyedEvent(NULL, (PVOID)0x1001, FALSE, NULL)) == STATUS_INVALID_PARAMETER_1);
    CHECK(AS_USER(NtWaitForKeyedEvent(NULL, (PVOID)0x1000, FALSE, page)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtReleaseKeyedEvent((HANDLE)page[1].QuadPart, (PVOID)0x1000, FALSE, page)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtReleaseKeyedEvent(NtCurrentThread(), (PVOID)0x1000, FALSE, page)) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(AS_USER(NtWaitForKeyedEvent(NULL, (PVOID)0x1000, FALSE, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    AS_USER(NtClose((HANDLE)page[1].QuadPart));
    TestFreeUserPage(page);
}

/* Two pairs of threads on two keys; a third of the waits give up at once, and whoever gave up was not met. */
static VOID KeyedCrew(PVOID Context, ULONG Index)
{
    KEYED *keyed = Context;
    PVOID key = (PVOID)(ULONG_PTR)(0x1000 + (Index & 2));
    LARGE_INTEGER none = { .QuadPart = 0 };
    ULONG done = 0, tries = 0;

    while (done < ROUNDS) {
        PLARGE_INTEGER timeout = ++tries % 3 == 0 ? &none : NULL;
        NTSTATUS status = Index & 1 ? NtReleaseKeyedEvent(keyed->Event, key, FALSE, timeout)
                                    : NtWaitForKeyedEvent(keyed->Event, key, FALSE, timeout);
        if (status == STATUS_SUCCESS) {
            InterlockedExchangeAdd(&keyed->Token, Index & 1 ? 1 : -1);
            done++;
        } else {
            CHECK(status == STATUS_TIMEOUT && timeout != NULL);
        }
    }
}

static VOID KeyedStorm(VOID)
{
    KEYED keyed = { .Token = 0 };

    CHECK(NtCreateKeyedEvent(&keyed.Event, 3, NULL, 0) == STATUS_SUCCESS);
    TestRunThreads(4, KeyedCrew, &keyed);
    CHECK(keyed.Token == 0);
    NtClose(keyed.Event);
}

/* ---- Alerts by id ---- */
static VOID AlertsById(VOID)
{
    HANDLE *page = TestUserPage();
    LARGE_INTEGER *none = (LARGE_INTEGER *)&page[8];

    if (!CHECK(page != NULL))
        return;
    page[0] = PsGetCurrentThreadId();
    CHECK(AS_USER(NtWaitForAlertByThreadId(page, none)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtAlertThreadByThreadId(page[0])) == STATUS_SUCCESS && AS_USER(NtAlertThreadByThreadId(page[0])) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForAlertByThreadId(page, NULL)) == STATUS_ALERTED);
    CHECK(AS_USER(NtWaitForAlertByThreadId(page, none)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtAlertThreadByThreadId((HANDLE)0x7FFFFFF0)) == STATUS_INVALID_CID);
    page[1] = (HANDLE)0x7FFFFFF0;
    CHECK(AS_USER(NtAlertMultipleThreadByThreadId(page, 2, NULL, 0)) == STATUS_INVALID_CID);
    CHECK(AS_USER(NtWaitForAlertByThreadId(page, none)) == STATUS_ALERTED);
    CHECK(AS_USER(NtAlertMultipleThreadByThreadId(TEST_BAD_USER, 1, NULL, 0)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtWaitForAlertByThreadId(page, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    TestFreeUserPage(page);
}

/* No alert is lost: each is answered before the next is sent. Three threads keep the sleepers' processors busy with the opposite. */
static VOID AlertCrew(PVOID Context, ULONG Index)
{
    KEYED *pair = (KEYED *)Context + Index / 2;
    LONG i;

    if (Index & 1) {
        while (pair->Sleeper == NULL)
            KeYieldExecution();
        for (i = 0; i < (LONG)ROUNDS; i++) {
            CHECK(NtAlertThreadByThreadId(pair->Sleeper) == STATUS_SUCCESS);
            while (InterlockedOr(&pair->Woken, 0) <= i)
                KeYieldExecution();
        }
        return;
    }
    pair->Sleeper = PsGetCurrentThreadId();
    for (i = 0; i < (LONG)ROUNDS; i++) {
        CHECK(NtWaitForAlertByThreadId(pair, NULL) == STATUS_ALERTED);
        InterlockedIncrement(&pair->Woken);
    }
}

static VOID AlertStorm(VOID)
{
    KEYED pairs[2] = { { .Woken = 0 } };

    TestRunThreads(4, AlertCrew, pairs);
    CHECK(pairs[0].Woken == ROUNDS && pairs[1].Woken == ROUNDS);
}

static const KE_TEST Tests[] = {
    { "ex.service.clock", Clock, 0 },          { "ex.service.settime", SetTime, 0 },
    { "ex.service.locale", Locale, 0 },        { "ex.service.identifiers", Identifiers, 0 },
    { "ex.keyed.alone", KeyedAlone, 0 },       { "ex.keyed.storm", KeyedStorm, 4 },
    { "ex.alertbyid", AlertsById, 0 },         { "ex.alertbyid.storm", AlertStorm, 4 },
};
const KE_TEST_GROUP ExServiceTests = { Tests, RTL_NUMBER_OF(Tests) };
