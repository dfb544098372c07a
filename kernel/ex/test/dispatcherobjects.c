/* SPDX-License-Identifier: MIT
 * Events, semaphores, mutants and timers by handle, as user mode uses them: everything that the caller points at lies in user memory.
 */
#include "../exp.h"
#include "test.h"

#define HOUR 36000000000ll

typedef struct PAGE {                            /* of user memory */
    HANDLE Handle, Other;
    LONG Old;
    BOOLEAN State;
    struct { LONG First, Second; } Two;
    struct { LARGE_INTEGER Remaining; BOOLEAN Signalled; } Timer;
    LARGE_INTEGER Time;
    ULONG Length;
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    TIMER_SET_COALESCABLE_TIMER_INFO Set;
    HANDLE Handles[2];
    WCHAR Text[32];
} PAGE;

static PAGE *Begin(VOID)
{
    PAGE *page = TestUserPage();
    return CHECK(page != NULL) ? page : NULL;
}

static VOID NameIt(PAGE *Page, PCWSTR Name)
{
    wcscpy(Page->Text, Name);
    RtlInitUnicodeString(&Page->Name, Page->Text);
    InitializeObjectAttributes(&Page->Attributes, &Page->Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
}

static NTSTATUS WaitNow(PAGE *Page, HANDLE Handle)
{
    Page->Time.QuadPart = 0;
    return AS_USER(NtWaitForSingleObject(Handle, FALSE, &Page->Time));
}

static VOID Events(VOID)
{
    PAGE *page = Begin();
    HANDLE event;

    if (page == NULL)
        return;
    NameIt(page, L"\\BaseNamedObjects\\ExTestEvent");
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) == STATUS_SUCCESS);
    event = page->Handle;
    CHECK((LONG64)event > 0);                    /* a user's handle whatever he asks for */
    CHECK(AS_USER(NtOpenEvent(&page->Other, EVENT_MODIFY_STATE, &page->Attributes)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForSingleObject(page->Other, FALSE, NULL)) == STATUS_ACCESS_DENIED);
    CHECK(WaitNow(page, event) == STATUS_TIMEOUT);
    page->Old = 5;
    CHECK(AS_USER(NtSetEvent(page->Other, &page->Old)) == STATUS_SUCCESS && page->Old == 0 && WaitNow(page, event) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSetEvent(event, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtSetEvent(event, (PLONG)&ExpEventObjectType)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtQueryEvent(event, 0, &page->Two, sizeof(page->Two), &page->Length)) == STATUS_SUCCESS);
    CHECK(page->Two.First == NotificationEvent && page->Two.Second == 1 && page->Length == 8);
    CHECK(AS_USER(NtQueryEvent(event, 1, &page->Two, 8, NULL)) == STATUS_INVALID_INFO_CLASS);
    CHECK(AS_USER(NtQueryEvent(event, 0, &page->Two, 9, NULL)) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(AS_USER(NtQueryEvent(event, 0, TEST_BAD_USER, 8, NULL)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtPulseEvent(event, &page->Old)) == STATUS_SUCCESS && page->Old == 1 && WaitNow(page, event) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtSetEvent(event, NULL)) == STATUS_SUCCESS && AS_USER(NtResetEvent(event, &page->Old)) == STATUS_SUCCESS &&
          page->Old == 1 && AS_USER(NtClearEvent(event)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtClose(page->Other)) == STATUS_SUCCESS && AS_USER(NtClose(event)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSetEvent(event, NULL)) == STATUS_INVALID_HANDLE);
    TestFreeUserPage(page);
}

/* Attributes and handles that are not where the caller says. */
static VOID Hostile(VOID)
{
    PAGE *page = Begin();
    ULONG before;

    if (page == NULL)
        return;
    before = ObHandleCount(PsCurrentProcess()->ObjectTable);
    NameIt(page, L"\\BaseNamedObjects\\ExTestHostile");
    CHECK(AS_USER(NtCreateEvent(TEST_BAD_USER, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtOpenEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes)) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, TEST_BAD_USER, NotificationEvent, FALSE)) == STATUS_ACCESS_VIOLATION);
    page->Name.Buffer = TEST_BAD_USER;
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    page->Name.Buffer = (PWSTR)ExpEventObjectType;           /* the kernel's */
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    page->Attributes.ObjectName = TEST_BAD_USER;
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    page->Attributes.ObjectName = NULL;
    page->Attributes.SecurityQualityOfService = TEST_BAD_USER;
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, &page->Attributes, NotificationEvent, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    CHECK(ObHandleCount(PsCurrentProcess()->ObjectTable) == before);
    CHECK(AS_USER(NtWaitForMultipleObjects(2, TEST_BAD_USER, WaitAny, FALSE, NULL)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtWaitForSingleObject((HANDLE)0x10, FALSE, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtDelayExecution(FALSE, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    TestFreeUserPage(page);
}

static VOID Semaphores(VOID)
{
    PAGE *page = Begin();
    HANDLE handle;

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCreateSemaphore(&page->Handle, SEMAPHORE_ALL_ACCESS, NULL, 3, 2)) == STATUS_INVALID_PARAMETER);
    CHECK(AS_USER(NtCreateSemaphore(&page->Handle, SEMAPHORE_ALL_ACCESS, NULL, 0, 0)) == STATUS_INVALID_PARAMETER);
    CHECK(AS_USER(NtCreateSemaphore(&page->Handle, SEMAPHORE_ALL_ACCESS, NULL, 1, 3)) == STATUS_SUCCESS);
    handle = page->Handle;
    CHECK(AS_USER(NtReleaseSemaphore(handle, 3, &page->Old)) == STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    CHECK(AS_USER(NtReleaseSemaphore(handle, 0, &page->Old)) == STATUS_INVALID_PARAMETER);
    CHECK(AS_USER(NtReleaseSemaphore(handle, 2, &page->Old)) == STATUS_SUCCESS && page->Old == 1);
    CHECK(AS_USER(NtQuerySemaphore(handle, 0, &page->Two, sizeof(page->Two), NULL)) == STATUS_SUCCESS && page->Two.First == 3 &&
          page->Two.Second == 3);
    CHECK(WaitNow(page, handle) == STATUS_SUCCESS && WaitNow(page, handle) == STATUS_SUCCESS);
    CHECK(WaitNow(page, handle) == STATUS_SUCCESS && WaitNow(page, handle) == STATUS_TIMEOUT);
    AS_USER(NtClose(handle));
    TestFreeUserPage(page);
}

/* ---- Mutants ---- */
typedef struct ABANDON {
    HANDLE Mutant;
    BOOLEAN Close;
} ABANDON;

static VOID TakeAndEnd(PVOID Context, ULONG Index)
{
    ABANDON *abandon = Context;
    CHECK(ZwWaitForSingleObject(abandon->Mutant, FALSE, NULL) == STATUS_SUCCESS);
    if (abandon->Close)
        ZwClose(abandon->Mutant);                /* the thread owns a mutant that is gone */
}

static VOID Mutants(VOID)
{
    PAGE *page = Begin();
    ABANDON abandon = { NULL, FALSE };
    HANDLE mutant;

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCreateMutant(&page->Handle, MUTANT_ALL_ACCESS, NULL, TRUE)) == STATUS_SUCCESS);
    mutant = page->Handle;
    CHECK(WaitNow(page, mutant) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryMutant(mutant, 0, &page->Two, sizeof(page->Two), NULL)) == STATUS_SUCCESS && page->Two.First == -1 &&
          page->Two.Second == 1);
    CHECK(AS_USER(NtReleaseMutant(mutant, &page->Old)) == STATUS_SUCCESS && page->Old == -1);
    CHECK(AS_USER(NtReleaseMutant(mutant, &page->Old)) == STATUS_SUCCESS && page->Old == 0);
    CHECK(AS_USER(NtReleaseMutant(mutant, &page->Old)) == STATUS_MUTANT_NOT_OWNED);
    abandon.Mutant = mutant;
    TestRunThreads(1, TakeAndEnd, &abandon);
    /* The crew is done before its thread has ended, and the mutant is abandoned by the end. */
    while (AS_USER(NtQueryMutant(mutant, 0, &page->Two, sizeof(page->Two), NULL)) == STATUS_SUCCESS && page->Two.First != 1)
        NtYieldExecution();
    CHECK(page->Two.First == 1 && page->Two.Second == 0x100);
    CHECK(WaitNow(page, mutant) == STATUS_ABANDONED_WAIT_0);
    CHECK(AS_USER(NtReleaseMutant(mutant, NULL)) == STATUS_SUCCESS && AS_USER(NtClose(mutant)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtCreateMutant(&page->Handle, MUTANT_ALL_ACCESS, NULL, FALSE)) == STATUS_SUCCESS);
    abandon.Mutant = page->Handle;
    abandon.Close = TRUE;
    TestRunThreads(1, TakeAndEnd, &abandon);
    CHECK(AS_USER(NtCreateMutant(&page->Handle, MUTANT_ALL_ACCESS, NULL, TRUE)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtClose(page->Handle)) == STATUS_SUCCESS && IsListEmpty(&KeCurrentThread()->MutantListHead));
    TestFreeUserPage(page);
}

static VOID SignalAndWait(VOID)
{
    PAGE *page = Begin();

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCreateMutant(&page->Handles[0], MUTANT_ALL_ACCESS, NULL, TRUE)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtCreateEvent(&page->Handles[1], EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE)) == STATUS_SUCCESS);
    page->Time.QuadPart = 0;
    CHECK(AS_USER(NtSignalAndWaitForSingleObject(page->Handles[0], page->Handles[1], FALSE, &page->Time)) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtSignalAndWaitForSingleObject(page->Handles[0], page->Handles[1], FALSE, &page->Time)) == STATUS_MUTANT_NOT_OWNED);
    CHECK(AS_USER(NtSignalAndWaitForSingleObject(page->Handles[1], page->Handles[1], FALSE, NULL)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtSignalAndWaitForSingleObject(NtCurrentThread(), page->Handles[1], FALSE, &page->Time)) ==
          STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(AS_USER(NtSetEvent(page->Handles[1], NULL)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForMultipleObjects(2, page->Handles, WaitAll, FALSE, &page->Time)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForMultipleObjects(2, page->Handles, WaitAny, FALSE, &page->Time)) == STATUS_SUCCESS);
    AS_USER(NtClose(page->Handles[0]));
    AS_USER(NtClose(page->Handles[1]));
    TestFreeUserPage(page);
}

/* A section begins with a pointer, not with a dispatcher header, and one in sixteen looked like an event. */
static VOID SignalSections(VOID)
{
    HANDLE sections[64];
    PAGE *page = Begin();
    ULONG i;

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCreateEvent(&page->Handle, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE)) == STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(sections); i++) {
        page->Time.QuadPart = PAGE_SIZE;
        CHECK(AS_USER(NtCreateSection(&page->Other, SECTION_ALL_ACCESS, NULL, &page->Time, PAGE_READWRITE, SEC_COMMIT, NULL)) == STATUS_SUCCESS);
        sections[i] = page->Other;
        page->Time.QuadPart = 0;
        CHECK(AS_USER(NtSignalAndWaitForSingleObject(sections[i], page->Handle, FALSE, &page->Time)) == STATUS_OBJECT_TYPE_MISMATCH);
    }
    for (i = 0; i < RTL_NUMBER_OF(sections); i++)
        CHECK(AS_USER(NtClose(sections[i])) == STATUS_SUCCESS);
    AS_USER(NtClose(page->Handle));
    TestFreeUserPage(page);
}

/* ---- Timers ---- */
static VOID Timers(VOID)
{
    PAGE *page = Begin();
    HANDLE timer;

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCreateTimer(&page->Handle, TIMER_ALL_ACCESS, NULL, (TIMER_TYPE)2)) == STATUS_INVALID_PARAMETER_4);
    CHECK(AS_USER(NtCreateTimer(&page->Handle, TIMER_ALL_ACCESS, NULL, SynchronizationTimer)) == STATUS_SUCCESS);
    timer = page->Handle;
    page->Time.QuadPart = -HOUR;
    page->State = TRUE;
    CHECK(AS_USER(NtSetTimer(timer, &page->Time, NULL, NULL, FALSE, -1, NULL)) == STATUS_INVALID_PARAMETER_6);
    CHECK(AS_USER(NtSetTimer(timer, &page->Time, NULL, NULL, TRUE, 0, &page->State)) == STATUS_TIMER_RESUME_IGNORED && !page->State);
    CHECK(AS_USER(NtQueryTimer(timer, 0, &page->Timer, sizeof(page->Timer), NULL)) == STATUS_SUCCESS && !page->Timer.Signalled &&
          page->Timer.Remaining.QuadPart > HOUR / 2 && page->Timer.Remaining.QuadPart <= HOUR);
    CHECK(WaitNow(page, timer) == STATUS_TIMEOUT);
    page->Time.QuadPart = -10000;
    CHECK(AS_USER(NtSetTimer(timer, &page->Time, NULL, NULL, FALSE, 1, NULL)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForSingleObject(timer, FALSE, NULL)) == STATUS_SUCCESS &&
          AS_USER(NtWaitForSingleObject(timer, FALSE, NULL)) == STATUS_SUCCESS);
    page->Set.DueTime.QuadPart = -1;
    page->Set.PreviousState = &page->State;
    CHECK(AS_USER(NtSetTimerEx(timer, TimerSetCoalescableTimer, &page->Set, sizeof(page->Set))) == STATUS_SUCCESS);
    CHECK(AS_USER(NtWaitForSingleObject(timer, FALSE, NULL)) == STATUS_SUCCESS && WaitNow(page, timer) == STATUS_TIMEOUT);
    CHECK(AS_USER(NtCancelTimer(timer, &page->State)) == STATUS_SUCCESS && !page->State);
    AS_USER(NtClose(timer));
    TestFreeUserPage(page);
}

/* ---- Timers that call a routine ---- */
typedef struct CALLED {
    HANDLE Timer;
    KEVENT Never;
    volatile LONG Calls;
} CALLED;

static VOID NTAPI OnTimer(PVOID Context, ULONG Low, LONG High)
{
    CALLED *called = Context;
    InterlockedIncrement(&called->Calls);
}

/* Set from kernel mode, the routine is a kernel APC's. */
static VOID Routines(VOID)
{
    CALLED called = { .Calls = 0 };
    LARGE_INTEGER soon = { .QuadPart = -1 }, later = { .QuadPart = -HOUR };
    LONG calls;

    CHECK(NtCreateTimer(&called.Timer, TIMER_ALL_ACCESS, NULL, NotificationTimer) == STATUS_SUCCESS);
    CHECK(NtSetTimer(called.Timer, &soon, OnTimer, &called, FALSE, 0, NULL) == STATUS_SUCCESS);
    CHECK(ZwWaitForSingleObject(called.Timer, FALSE, NULL) == STATUS_SUCCESS);
    while (InterlockedOr(&called.Calls, 0) == 0)
        KeYieldExecution();
    CHECK(called.Calls == 1 && IsListEmpty(&PsCurrentThread()->ActiveTimerListHead));
    CHECK(NtSetTimer(called.Timer, &soon, OnTimer, &called, FALSE, 1, NULL) == STATUS_SUCCESS);
    while (InterlockedOr(&called.Calls, 0) < 4)
        KeYieldExecution();
    CHECK(NtCancelTimer(called.Timer, NULL) == STATUS_SUCCESS && IsListEmpty(&PsCurrentThread()->ActiveTimerListHead));
    calls = called.Calls;
    CHECK(NtSetTimer(called.Timer, &later, OnTimer, &called, FALSE, 0, NULL) == STATUS_SUCCESS);
    CHECK(NtSetTimer(called.Timer, &later, OnTimer, &called, FALSE, 0, NULL) == STATUS_SUCCESS && called.Calls == calls);
    ZwClose(called.Timer);                       /* set still: it is there until it is cancelled or its thread ends */
    CHECK(!IsListEmpty(&PsCurrentThread()->ActiveTimerListHead));
    PsUpcalls.RundownTimers(PsCurrentThread());
    CHECK(IsListEmpty(&PsCurrentThread()->ActiveTimerListHead));
}

/* Several threads set, cancel and let expire one timer, and end while it is theirs. */
static VOID Quarrel(PVOID Context, ULONG Index)
{
    CALLED *called = Context;
    LARGE_INTEGER soon = { .QuadPart = -1 }, later = { .QuadPart = -HOUR };
    ULONG i;

    for (i = 0; i < 200; i++) {
        CHECK(NtSetTimer(called->Timer, i & 1 ? &soon : &later, OnTimer, called, FALSE, i & 2 ? 1 : 0, NULL) == STATUS_SUCCESS);
        if (i % 5 == Index)
            CHECK(NtCancelTimer(called->Timer, NULL) == STATUS_SUCCESS);
    }
    CHECK(NtSetTimer(called->Timer, &soon, OnTimer, called, FALSE, 1, NULL) == STATUS_SUCCESS);
}

static VOID TimerStorm(VOID)
{
    CALLED called = { .Calls = 0 };

    CHECK(NtCreateTimer(&called.Timer, TIMER_ALL_ACCESS, NULL, SynchronizationTimer) == STATUS_SUCCESS);
    TestRunThreads(4, Quarrel, &called);
    ZwClose(called.Timer);
}

static const KE_TEST Tests[] = {
    { "ex.object.event", Events, 0 },   { "ex.object.hostile", Hostile, 0 },
    { "ex.object.semaphore", Semaphores, 0 }, { "ex.object.mutant", Mutants, 0 },
    { "ex.object.signal", SignalAndWait, 0 }, { "ex.object.signal_sections", SignalSections, 0 },
    { "ex.object.timer", Timers, 0 },
    { "ex.object.timerroutine", Routines, 0 }, { "ex.object.timerstorm", TimerStorm, 4 },
};
const KE_TEST_GROUP ExObjectTests = { Tests, RTL_NUMBER_OF(Tests) };
