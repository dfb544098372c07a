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

/* Runs Routine(Context, i) on Count new system threads, thread i at first on processor i modulo the number there are, and returns
 * when all have ended. */
VOID TestRunThreads(ULONG Count, VOID (*Routine)(PVOID Context, ULONG Index), PVOID Context);
