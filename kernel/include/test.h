/* SPDX-License-Identifier: MIT
 * In-kernel self-tests. A test stands beside the code it tests (kernel/ke/test/event.c), in a table that its group exports and
 * kernel/init/testlist.c lists. Tests run one after the other at PASSIVE_LEVEL on a system thread, at boot with `selftest=1`.
 * A test never sleeps to be right: it waits for what must happen, and the tool's time limit is the hang detector.
 */
#pragma once
#include "nt.h"

typedef struct KE_TEST {
    PCSTR Name;                  /* "ke.event.set": component, subject, case */
    VOID (*Routine)(VOID);
    ULONG Processors;            /* how many it needs; skipped with fewer. 0: any */
} KE_TEST;

typedef struct KE_TEST_GROUP {
    const KE_TEST *Tests;
    ULONG Count;
} KE_TEST_GROUP;

/* Records a failure of the running test, from any thread and IRQL <= DISPATCH_LEVEL; returns Condition. */
BOOLEAN TestCheck(BOOLEAN Condition, PCSTR Expression, PCSTR File, ULONG Line);
#define TEST_TEXT(e) #e
#define CHECK(e) TestCheck((BOOLEAN)!!(e), TEST_TEXT(e), __FILE__, __LINE__)

/* ---- Calls of services as user mode makes them ---- */
static inline KPROCESSOR_MODE TestSetPreviousMode(KPROCESSOR_MODE Mode)
{
    PKTHREAD thread = (PKTHREAD)__readgsqword(0x188);
    KPROCESSOR_MODE old = thread->PreviousMode;
    thread->PreviousMode = Mode;
    return old;
}
#define AS_USER(call) ({ \
    KPROCESSOR_MODE testMode = TestSetPreviousMode(UserMode); \
    NTSTATUS testStatus = (call); \
    TestSetPreviousMode(testMode); \
    testStatus; \
})
/* A zeroed page of user memory in the current process, and its end. */
static inline PVOID TestUserPage(VOID)
{
    PVOID base = NULL;
    SIZE_T size = PAGE_SIZE;
    return NT_SUCCESS(ZwAllocateVirtualMemory((HANDLE)-1, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)) ? base : NULL;
}
static inline VOID TestFreeUserPage(PVOID Page)
{
    SIZE_T size = 0;
    ZwFreeVirtualMemory((HANDLE)-1, &Page, &size, MEM_RELEASE);
}
#define TEST_BAD_USER ((PVOID)0x10)             /* never mapped */

/* Runs Routine(Context, i) on Count new system threads, thread i at first on processor i modulo the number there are, and returns
 * when all have ended. */
VOID TestRunThreads(ULONG Count, VOID (*Routine)(PVOID Context, ULONG Index), PVOID Context);
