/* SPDX-License-Identifier: MIT
 * Stacks as a program sees them: they grow by their guard pages, an overflow is told of once, sizes are those that were asked for, and a
 * guard page elsewhere is a guard page. Prints a line for each check that fails, and their number at the end; exit code 1 when one failed.
 * As a child: `fatal` overflows a stack without guard pages, `edge` faults where the kernel has no room left to tell of it, `hostileN` has its stacks and TEBs protected anew while they grow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include <windows.h>

#define PAGE 0x1000u
#define GUARDS 3u                                /* pages */

static LONG failures, checks;

static int check(int good, const char *what)
{
    InterlockedIncrement(&checks);
    if (good)
        return 1;
    InterlockedIncrement(&failures);
    printf("failed: %s (error %lu)\n", what, GetLastError());
    return 0;
}

static char *TebAt(unsigned long Offset)
{
    char *value;
    __asm__ volatile("movq %%gs:(%1), %0" : "=r"(value) : "r"((size_t)Offset) : "memory");
    return value;
}

static char *Base(void) { return TebAt(0x08); }
static char *Limit(void) { return TebAt(0x10); }
static char *Bottom(void) { return TebAt(0x1478); }                    /* DeallocationStack */

static int Is(const void *Address, DWORD State, DWORD Protect, SIZE_T Size)
{
    MEMORY_BASIC_INFORMATION facts;
    return VirtualQuery(Address, &facts, sizeof(facts)) && facts.State == State && facts.Protect == Protect && (Size == 0 || facts.RegionSize == Size);
}

/* What a stack looks like that has not overflowed. */
static void Look(const char *Where)
{
    char *limit = Limit(), *bottom = Bottom();

    check(Is(limit, MEM_COMMIT, PAGE_READWRITE, Base() - limit), Where);
    check(Is(limit - GUARDS * PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD, GUARDS * PAGE), Where);
    check(Is(bottom, MEM_RESERVE, 0, limit - GUARDS * PAGE - bottom), Where);
}

static void Run(LPTHREAD_START_ROUTINE Routine, void *Value, SIZE_T Size, DWORD Flags, const char *What)
{
    HANDLE thread = CreateThread(NULL, Size, Routine, Value, Flags, NULL);
    DWORD code = 0;

    check(thread != NULL && WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) && code == 1, What);
    CloseHandle(thread);
}

/* ---- Growing ---- */
/* Frames down to that much of the stack. */
static __attribute__((noinline)) size_t Descend(char *From, size_t Bytes)
{
    volatile char frame[700];
    size_t deeper;

    frame[0] = frame[699] = (char)Bytes;
    if ((size_t)(From - (char *)frame) > Bytes)
        return 1;
    deeper = Descend(From, Bytes);
    return deeper + (frame[0] == frame[699]);
}

static size_t GoDown(size_t Bytes)
{
    char here;
    return Descend(&here, Bytes);
}

static DWORD WINAPI Grow(void *Value)
{
    size_t bytes = (size_t)Value;
    char *before = Limit();

    Look("a new stack");
    check(GoDown(bytes) > bytes / 1000, "a deep recursion");
    check(Limit() < before && (size_t)(Base() - Limit()) >= bytes, "the limit moves");
    Look("a stack that grew");
    before = Limit();
    check(GoDown(bytes / 2) != 0 && Limit() == before, "and does not move back");
    return 1;
}

/* A frame that is larger than the guard pages, without probes: touched from below. */
static DWORD WINAPI Skip(void *Unused)
{
    volatile char *limit = Limit();

    (void)Unused;
    limit[-(long)(2 * PAGE) - 1] = 1;            /* the lowest guard page */
    check(Limit() == (char *)limit - GUARDS * PAGE, "the limit is where the touch was");
    Look("a stack whose lowest guard page was touched");
    limit[-1] = 2;
    check(limit[-(long)(2 * PAGE) - 1] == 1 && limit[-1] == 2, "what was written stays");
    return 1;
}

/* ---- Sizes ---- */
static DWORD WINAPI Reserve(void *Value) { return (size_t)(Base() - Bottom()) == (size_t)Value; }
static DWORD WINAPI LeastReserve(void *Value) { return (size_t)(Base() - Bottom()) >= (size_t)Value && ((size_t)Bottom() & 0xFFFF) == 0; }
static DWORD WINAPI Commit(void *Value) { return (size_t)(Base() - Limit()) == (size_t)Value && Base() - Bottom() == 0x200000; }
static DWORD WINAPI CommitWhole(void *Value) { return (size_t)(Base() - Bottom()) == (size_t)Value && Limit() - Bottom() == (GUARDS + 1) * PAGE; }

static void Sizes(void)
{
    Run(Reserve, (void *)0x200000, 0, 0, "the size the image says");
    Run(Reserve, (void *)0x400000, 0x400000, STACK_SIZE_PARAM_IS_A_RESERVATION, "a size that was asked for");
    Run(Reserve, (void *)0x190000, 0x181001, STACK_SIZE_PARAM_IS_A_RESERVATION, "in units of allocation");
    Run(LeastReserve, (void *)0x10000, 0x8000, STACK_SIZE_PARAM_IS_A_RESERVATION, "a small one");
    Run(Commit, (void *)0x123000, 0x122001, 0, "what is committed at first");
    Run(CommitWhole, (void *)0x400000, 0x3FF001, 0, "a commit that is the whole reserve");
    check(CreateThread(NULL, (SIZE_T)1 << 62, Reserve, NULL, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL) == NULL, "larger than all addresses");
    check(CreateThread(NULL, ~(SIZE_T)0, Reserve, NULL, 0, NULL) == NULL, "the largest number");
}

/* ---- Overflows ---- */
static __thread CONTEXT back;
static __thread volatile LONG overflows, others;
static __thread char *left;                      /* what the handler has of the stack */

static LONG CALLBACK Handle(EXCEPTION_POINTERS *Pointers)
{
    const EXCEPTION_RECORD *record = Pointers->ExceptionRecord;

    if (record->ExceptionCode == EXCEPTION_STACK_OVERFLOW) {
        char here;
        left = &here;
        overflows += record->NumberParameters == 2 && record->ExceptionInformation[0] == 1 && Limit() == Bottom() + PAGE ? 1 : 100;
        *Pointers->ContextRecord = back;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    others++;
    return EXCEPTION_CONTINUE_SEARCH;
}

static __attribute__((noinline)) size_t Endless(size_t Depth)
{
    volatile char frame[500];
    frame[0] = (char)Depth;
    return (Depth + 1 == 0 ? 0 : Endless(Depth + 1)) + frame[0];
}

static void Overflow(LONG Count)
{
    volatile LONG times = 0;

    RtlCaptureContext(&back);
    if (times++ == 0)
        Endless(0);
    check(overflows == Count && others == 0, "an overflow is told of once");
    check(Limit() == Bottom() + PAGE && Is(Limit(), MEM_COMMIT, PAGE_READWRITE, Base() - Limit()), "the stack is committed");
    check(Is(Bottom(), MEM_RESERVE, 0, PAGE), "but for its last page");
}

static void GuardAnew(void)
{
    DWORD old;
    check(VirtualProtect(Bottom() + PAGE, GUARDS * PAGE, PAGE_READWRITE | PAGE_GUARD, &old) && old == PAGE_READWRITE, "guard pages anew");
}

/* Twice, with guard pages as _resetstkoflw is documented to make them; then with the image's own _resetstkoflw. */
static DWORD WINAPI OverflowAgain(void *Unused)
{
    (void)Unused;
    Overflow(1);
    check(left - Bottom() > (long)PAGE && left - Bottom() < 4 * (long)PAGE, "what is left for the handler");
    GuardAnew();
    Overflow(2);
    GuardAnew();
    check(GoDown(0x10000) != 0 && overflows == 2, "the thread goes on");
    check(_resetstkoflw() != 0, "_resetstkoflw");
    return 1;
}

static DWORD WINAPI Guaranteed(void *Unused)
{
    ULONG bytes = 0x10000;

    (void)Unused;
    check(SetThreadStackGuarantee(&bytes), "a guarantee");
    Overflow(1);
    check(left - Bottom() > 0xF000 && left - Bottom() < 0x14000, "what was guaranteed is left");
    return 1;
}

static void Overflows(void)
{
    void *handler = AddVectoredExceptionHandler(1, Handle);

    Run(OverflowAgain, NULL, 0x180000, STACK_SIZE_PARAM_IS_A_RESERVATION, "overflows");
    Run(Guaranteed, NULL, 0x180000, STACK_SIZE_PARAM_IS_A_RESERVATION, "a guaranteed rest");
    RemoveVectoredExceptionHandler(handler);
}

/* ---- The kernel writes to stacks ---- */
static __thread volatile LONG handled, called;

static LONG CALLBACK Resume(EXCEPTION_POINTERS *Pointers)
{
    if (Pointers->ExceptionRecord->ExceptionCode != 0xE0001234)
        return EXCEPTION_CONTINUE_SEARCH;
    handled++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void CALLBACK Apc(ULONG_PTR Value) { called += (LONG)Value; }

/* Exceptions and APCs at every distance from the guard pages. */
static __attribute__((noinline)) LONG EachDepth(LONG Depth)
{
    volatile char frame[80];

    frame[0] = 1;
    RaiseException(0xE0001234, 0, 0, NULL);
    QueueUserAPC(Apc, GetCurrentThread(), 1);
    SleepEx(0, TRUE);
    return Depth == 0 ? frame[0] : EachDepth(Depth - 1) + frame[0];
}

static DWORD WINAPI Pushes(void *Unused)
{
    (void)Unused;
    GoDown(0x100000);                            /* past what Wine's ntdll committed */
    check(EachDepth(200) == 201 && handled == 201 && called == 201, "exceptions and APCs at each depth");
    return 1;
}

typedef LONG (NTAPI *QUERY_COUNTER)(void *Counter, void *Frequency);

/* A result of a service that lies in a guard page lets the stack grow; in another thread's stack it does not. */
static DWORD WINAPI Answers(void *Value)
{
    QUERY_COUNTER query = (QUERY_COUNTER)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryPerformanceCounter");
    char *limit = Limit(), *theirs = Value;

    check(query(limit - 16, NULL) == 0 && Limit() == limit - PAGE, "a service's result in a guard page");
    Look("a stack that grew by a service");
    check(query(theirs - 16, NULL) == (LONG)0x80000001, "a service's result in a guard page of another's");
    return 1;
}

/* ---- Others ---- */
static volatile LONG guards;

static LONG CALLBACK Count(EXCEPTION_POINTERS *Pointers)
{
    if (Pointers->ExceptionRecord->ExceptionCode != EXCEPTION_GUARD_PAGE)
        return EXCEPTION_CONTINUE_SEARCH;
    guards++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD WINAPI TouchTheirs(void *Value)
{
    ((volatile char *)Value)[-1] = 1;
    return guards == 2;
}

static void Elsewhere(void)
{
    void *handler = AddVectoredExceptionHandler(1, Count);
    volatile char *page = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);

    page[0] = 1;
    page[0] = 2;
    check(guards == 1 && page[0] == 2, "a guard page elsewhere tells once");
    Run(TouchTheirs, Limit(), 0, 0, "a guard page of another thread's stack tells");
    check(Limit() - 1 > Bottom() && Is(Limit() - PAGE, MEM_COMMIT, PAGE_READWRITE, 0), "and is a plain page then");
    RemoveVectoredExceptionHandler(handler);
}

static void *mainFiber;
static size_t fiberDepth;

static void CALLBACK OnFiber(void *Bytes)
{
    fiberDepth = GoDown((size_t)Bytes);
    SwitchToFiber(mainFiber);
}

static DWORD WINAPI Fibers(void *Unused)
{
    void *fiber;

    (void)Unused;
    mainFiber = ConvertThreadToFiber(NULL);
    fiber = CreateFiberEx(0x4000, 0x180000, 0, OnFiber, (void *)0x140000);
    if (!check(mainFiber != NULL && fiber != NULL, "a fiber"))
        return 0;
    SwitchToFiber(fiber);
    check(fiberDepth > 1000, "a fiber's stack grows");
    DeleteFiber(fiber);
    return (DWORD)ConvertFiberToThread();
}

static void Together(void)
{
    HANDLE threads[8];
    int i;

    for (i = 0; i < 8; i++)
        threads[i] = CreateThread(NULL, 0x300000, Grow, (void *)0x280000, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    check(WaitForMultipleObjects(8, threads, TRUE, 60000) == WAIT_OBJECT_0, "stacks grow beside each other");
    for (i = 0; i < 8; i++)
        CloseHandle(threads[i]);
}

/* ---- As a child ---- */
static DWORD Child(const char *Name, const char *How)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    char line[300];
    DWORD code = 0;

    snprintf(line, sizeof(line), "\"%s\" %s", Name, How);
    if (!check(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process), "a child"))
        return 0;
    check(WaitForSingleObject(process.hProcess, 100000) == WAIT_OBJECT_0 && GetExitCodeProcess(process.hProcess, &code), "a child ends");
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* Nobody made guard pages again: the second overflow has nowhere to be told of. */
static DWORD WINAPI Fatal(void *Unused)
{
    (void)Unused;
    AddVectoredExceptionHandler(1, Handle);
    Overflow(1);
    Endless(0);
    return 1;
}

/* The kernel has no room for an exception that comes right above the last guard pages, and nobody is told of it. */
static LONG CALLBACK Told(EXCEPTION_POINTERS *Pointers)
{
    (void)Pointers;
    ExitProcess(77);
}

static volatile char *volatile nowhere = (volatile char *)8;

static __attribute__((noinline)) LONG ToTheEdge(LONG Depth)
{
    volatile char frame[80];

    frame[0] = 1;
    if (Limit() - Bottom() == (GUARDS + 1) * PAGE && (char *)frame - Limit() < 0x400)
        *nowhere = 1;
    return (Depth < 0 ? 0 : ToTheEdge(Depth + 1)) + frame[0];
}

static DWORD WINAPI Edge(void *Unused)
{
    (void)Unused;
    AddVectoredExceptionHandler(1, Told);
    return ToTheEdge(0);
}

static void *volatile victimTeb, *volatile victimStack;
static volatile LONG rounds;

static LONG CALLBACK Ignore(EXCEPTION_POINTERS *Pointers)
{
    DWORD code = Pointers->ExceptionRecord->ExceptionCode;

    return code == EXCEPTION_GUARD_PAGE || code == 0xE0001234 ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static DWORD WINAPI Victim(void *Unused)
{
    victimStack = Limit();
    victimTeb = TebAt(0x30);
    while (Unused == NULL) {
        GoDown(0x100000 + 0x1000 * (rounds & 0xFF));
        RaiseException(0xE0001234, 0, 0, NULL);
        InterlockedIncrement(&rounds);
    }
    return 1;
}

/* TEB (1), stack (2) of a running thread become guard pages over and over, and parts of the stack go (4). However the process ends, it does. */
static int Hostile(int How)
{
    DWORD old;
    int i;

    AddVectoredExceptionHandler(1, Ignore);
    CreateThread(NULL, 0x400000, Victim, NULL, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    while (victimTeb == NULL)
        Sleep(1);
    for (i = 0; i < 10000; i++) {
        if (How & 1)
            VirtualProtect((char *)victimTeb + (i & 1) * PAGE, 1, PAGE_READWRITE | PAGE_GUARD, &old);
        if (How & 2)
            VirtualProtect((char *)victimStack - (i % 40) * PAGE, PAGE, PAGE_READWRITE | (i % 3 == 0 ? PAGE_GUARD : 0), &old);
        if ((How & 4) && i % 100 == 99)
            VirtualFree((char *)victimStack - (i / 100 % 40) * PAGE, PAGE, MEM_DECOMMIT);
    }
    TerminateProcess(GetCurrentProcess(), 5);
    return 5;
}

int main(int ArgumentCount, char **Arguments)
{
    char argument[16];
    DWORD code;
    int how;

    if (ArgumentCount > 1 && strncmp(Arguments[1], "hostile", 7) == 0)
        return Hostile(atoi(Arguments[1] + 7));
    if (ArgumentCount > 1) {
        Run(strcmp(Arguments[1], "edge") == 0 ? Edge : Fatal, NULL, 0, 0, "never");
        return 1;
    }
    Look("the first thread's stack");
    check(GoDown(0x180000) > 1000, "the first thread's stack grows");
    Look("the first thread's stack, deeper");
    Run(Grow, (void *)0x380000, 0x400000, STACK_SIZE_PARAM_IS_A_RESERVATION, "growing");
    Run(Skip, NULL, 0, 0, "pages that are skipped");
    Sizes();
    Overflows();
    {
        void *handler = AddVectoredExceptionHandler(1, Resume);
        Run(Pushes, NULL, 0, 0, "the kernel's pushes");
        RemoveVectoredExceptionHandler(handler);
    }
    Run(Answers, Limit() - PAGE, 0, 0, "services' results");
    Elsewhere();
    Run(Fibers, NULL, 0, 0, "fibers");
    Together();
    check(Child(Arguments[0], "fatal") == EXCEPTION_ACCESS_VIOLATION, "an overflow without guard pages ends the process");
    check(Child(Arguments[0], "edge") == EXCEPTION_ACCESS_VIOLATION, "an exception that has no room ends the process");
    for (how = 0; how < 8; how++) {
        snprintf(argument, sizeof(argument), "hostile%d", how);
        code = Child(Arguments[0], argument);
        check(how == 0 ? code == 5 : code != 0, "a process whose stacks are played with");
    }
    printf("stacks: %ld checks, %ld failed\n", checks, failures);
    return failures != 0;
}
