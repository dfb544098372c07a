/* SPDX-License-Identifier: MIT
 * Threads as a program sees them: started, waited for, suspended, looked into, given APCs, ended; exceptions in them; memory and its
 * protection. Prints a line for each check that fails, and `threads: N checks` at the end; exit code 1 when one failed.
 */
#include <stdio.h>
#include <windows.h>

static LONG failures, checks;

static void check(int good, const char *what)
{
    InterlockedIncrement(&checks);
    if (good)
        return;
    InterlockedIncrement(&failures);
    printf("failed: %s (error %lu)\n", what, GetLastError());
}

static DWORD WINAPI Return(void *Value) { return (DWORD)(ULONG_PTR)Value; }

static void StartAndWait(void)
{
    HANDLE threads[16];
    DWORD code, i;

    for (i = 0; i < 16; i++)
        threads[i] = CreateThread(NULL, 0, Return, (void *)(ULONG_PTR)(100 + i), 0, NULL);
    check(WaitForMultipleObjects(16, threads, TRUE, 20000) == WAIT_OBJECT_0, "sixteen threads end");
    for (i = 0; i < 16; i++) {
        check(GetExitCodeThread(threads[i], &code) && code == 100 + i, "a thread's exit code");
        CloseHandle(threads[i]);
    }
}

static LONG counter;
static CRITICAL_SECTION section;

static DWORD WINAPI Count(void *Rounds)
{
    ULONG_PTR i;
    for (i = 0; i < (ULONG_PTR)Rounds; i++) {
        EnterCriticalSection(&section);
        counter++;
        LeaveCriticalSection(&section);
    }
    return 0;
}

static void Contend(void)
{
    HANDLE threads[8];
    int i;

    InitializeCriticalSection(&section);
    for (i = 0; i < 8; i++)
        threads[i] = CreateThread(NULL, 0, Count, (void *)5000, 0, NULL);
    check(WaitForMultipleObjects(8, threads, TRUE, 60000) == WAIT_OBJECT_0, "contending threads end");
    check(counter == 8 * 5000, "a critical section excludes");
    for (i = 0; i < 8; i++)
        CloseHandle(threads[i]);
}

static volatile LONG spins, stop;

static DWORD WINAPI Spin(void *Unused)
{
    (void)Unused;
    while (!stop)
        InterlockedIncrement(&spins);
    return 0;
}

/* A thread that runs, perhaps on another processor, is stopped, looked into, and sent somewhere else. */
static void SuspendAndLook(void)
{
    HANDLE thread = CreateThread(NULL, 0, Spin, NULL, 0, NULL);
    CONTEXT context;
    LONG seen;

    while (spins == 0)
        Sleep(1);
    check(SuspendThread(thread) == 0, "a running thread is suspended");
    context.ContextFlags = CONTEXT_FULL;
    check(GetThreadContext(thread, &context) && context.Rip != 0 && context.Rsp != 0, "a suspended thread's context");
    seen = spins;
    Sleep(20);
    check(spins == seen, "a suspended thread does not run");
    check(SuspendThread(thread) == 1 && ResumeThread(thread) == 2, "suspensions are counted");
    check(SetThreadContext(thread, &context), "a context that is set");
    check(ResumeThread(thread) == 1, "the last resume");
    while (spins == seen)
        Sleep(1);
    stop = 1;
    check(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "the thread ends when told");
    CloseHandle(thread);
}

static LONG called;
static void CALLBACK Apc(ULONG_PTR Value) { InterlockedExchangeAdd(&called, (LONG)Value); }
static DWORD WINAPI WaitAlertable(void *Ready)
{
    SetEvent(Ready);
    return SleepEx(20000, TRUE);
}

static void QueueApcs(void)
{
    HANDLE ready = CreateEventA(NULL, FALSE, FALSE, NULL), thread = CreateThread(NULL, 0, WaitAlertable, ready, 0, NULL);
    DWORD code;

    WaitForSingleObject(ready, 20000);
    check(QueueUserAPC(Apc, thread, 5), "an APC for another thread");
    check(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0, "an APC ends an alertable wait");
    check(GetExitCodeThread(thread, &code) && code == WAIT_IO_COMPLETION && called == 5, "the APC ran");
    check(QueueUserAPC(Apc, GetCurrentThread(), 1) && QueueUserAPC(Apc, GetCurrentThread(), 10), "two for itself");
    check(SleepEx(0, TRUE) == WAIT_IO_COMPLETION && called == 16, "both run");
    CloseHandle(thread);
    CloseHandle(ready);
}

static DWORD WINAPI Forever(void *Unused)
{
    (void)Unused;
    Sleep(INFINITE);
    return 0;
}

static void Terminate(void)
{
    HANDLE waits = CreateThread(NULL, 0, Forever, NULL, 0, NULL), spinning, sleeping = CreateThread(NULL, 0, Forever, NULL, CREATE_SUSPENDED, NULL);
    DWORD code;

    stop = 0;
    spins = 0;
    spinning = CreateThread(NULL, 0, Spin, NULL, 0, NULL);
    while (spins == 0)
        Sleep(1);
    check(TerminateThread(waits, 1) && TerminateThread(spinning, 2) && TerminateThread(sleeping, 3), "threads are ended");
    check(WaitForSingleObject(waits, 20000) == 0 && GetExitCodeThread(waits, &code) && code == 1, "one that waits");
    check(WaitForSingleObject(spinning, 20000) == 0 && GetExitCodeThread(spinning, &code) && code == 2, "one that runs");
    check(WaitForSingleObject(sleeping, 20000) == 0 && GetExitCodeThread(sleeping, &code) && code == 3, "one that never began");
}

/* ---- Exceptions ---- */
static volatile LONG handled;
static volatile int zero;
static char *volatile bad;

static LONG CALLBACK Skip(EXCEPTION_POINTERS *Pointers)
{
    DWORD code = Pointers->ExceptionRecord->ExceptionCode;

    if (code == EXCEPTION_ACCESS_VIOLATION && Pointers->ExceptionRecord->ExceptionInformation[1] == (ULONG_PTR)bad) {
        DWORD old;
        VirtualProtect(bad, 1, PAGE_READWRITE, &old);        /* and the instruction runs again */
        InterlockedIncrement(&handled);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    if (code == EXCEPTION_GUARD_PAGE || code == 0xE0001234) {
        InterlockedIncrement(&handled);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

static DWORD WINAPI Fault(void *Unused)
{
    (void)Unused;
    bad[0] = 1;
    return 0;
}

static void Except(void)
{
    void *handler = AddVectoredExceptionHandler(1, Skip);
    HANDLE thread;
    DWORD old;

    bad = VirtualAlloc(NULL, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    thread = CreateThread(NULL, 0, Fault, NULL, 0, NULL);
    check(WaitForSingleObject(thread, 20000) == 0 && handled == 1 && bad[0] == 1, "a write to a read-only page, mended by a handler");
    check(VirtualProtect(bad + 0x1000, 1, PAGE_READWRITE | PAGE_GUARD, &old), "a guard page");
    bad[0x1000] = 2;
    check(handled == 2 && bad[0x1000] == 2, "a guard page tells once");
    RaiseException(0xE0001234, 0, 0, NULL);
    check(handled == 3, "an exception of its own");
    RemoveVectoredExceptionHandler(handler);
    CloseHandle(thread);
}

/* ---- Memory ---- */
static void Allocate(void)
{
    MEMORY_BASIC_INFORMATION information;
    char *block = VirtualAlloc(NULL, 0x100000, MEM_RESERVE, PAGE_READWRITE);
    size_t i;

    check(block != NULL && VirtualAlloc(block + 0x4000, 0x2000, MEM_COMMIT, PAGE_READWRITE) == block + 0x4000, "pages in a reservation");
    for (i = 0; i < 0x2000; i++)
        if (block[0x4000 + i] != 0)
            break;
    check(i == 0x2000, "fresh pages are zero");
    check(VirtualQuery(block + 0x4000, &information, sizeof(information)) && information.State == MEM_COMMIT &&
          information.RegionSize == 0x2000 && information.AllocationBase == block, "what VirtualQuery says");
    check(VirtualFree(block, 0, MEM_RELEASE), "all of it is freed");
    check(VirtualQuery(block, &information, sizeof(information)) && information.State == MEM_FREE, "and free");
}

/* Floating point survives being scheduled beside others that use it. */
static DWORD WINAPI Compute(void *Seed)
{
    volatile double value = (double)(ULONG_PTR)Seed;
    long double sum = 0;
    int i;

    for (i = 1; i < 200000; i++) {
        value = value * 1.0000001 + 0.5;
        sum += (long double)value / i;
        if (i % 5000 == 0)
            Sleep(0);
    }
    return (DWORD)(unsigned long long)(sum * 1000);
}

static void Float(void)
{
    HANDLE threads[6];
    DWORD codes[6];
    int i;

    for (i = 0; i < 6; i++)
        threads[i] = CreateThread(NULL, 0, Compute, (void *)7, 0, NULL);
    WaitForMultipleObjects(6, threads, TRUE, 60000);
    for (i = 0; i < 6; i++)
        GetExitCodeThread(threads[i], &codes[i]);
    for (i = 1; i < 6; i++)
        check(codes[i] == codes[0] && codes[0] == Compute((void *)7), "a thread's floating point is its own");
}

int main(void)
{
    StartAndWait();
    Contend();
    SuspendAndLook();
    QueueApcs();
    Terminate();
    Except();
    Allocate();
    Float();
    printf("threads: %ld checks, %ld failed\n", checks, failures);
    return failures != 0;
}
