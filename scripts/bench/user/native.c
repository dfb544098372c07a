/* SPDX-License-Identifier: MIT
 * Benchmarks from user mode on an ntdll of our own (ntdll.S): what is timed is the kernel, and of user mode only what cannot be left
 * out. The other side of each is Linux's, measured in the same way (docs/performance.md).
 */
#include "native.h"
#include "repeat.h"

#define PAGE 0x1000u
#define EXIT_PROGRAM L"\\??\\C:\\Windows\\System32\\exit.exe"

static ULONG64 RunNull(ULONG Count) { BENCH_LOOP(Count, good = NtGetCurrentProcessorNumber() == 0); }

/* ---- Threads ---- */
static DWORD WINAPI Return(void *Context) { return 0; }

static BOOLEAN StartThread(HANDLE *Thread, LPTHREAD_START_ROUTINE Routine)
{
    return NT_SUCCESS(NtCreateThreadEx(Thread, THREAD_ALL_ACCESS, NULL, NATIVE_PROCESS, (void *)Routine, NULL, 0, 0, 0, 0, NULL));
}

static BOOLEAN WaitAndClose(HANDLE Object)
{
    NTSTATUS status = NtWaitForSingleObject(Object, FALSE, NULL);
    return NT_SUCCESS(NtClose(Object)) && status == STATUS_WAIT_0;
}

static ULONG64 RunThread(ULONG Count)
{
    HANDLE thread;
    BENCH_LOOP(Count, good = StartThread(&thread, Return) && WaitAndClose(thread));
}

/* ---- Two threads, two events ---- */
static HANDLE Ping, Pong;
static volatile BOOLEAN Over;

static DWORD WINAPI Answer(void *Context)
{
    while (NtWaitForSingleObject(Ping, FALSE, NULL) == STATUS_WAIT_0 && !Over)
        NtSetEvent(Pong, NULL);
    return 0;
}

static ULONG64 TimeRounds(ULONG Count)
{
    BENCH_LOOP(Count, good = NT_SUCCESS(NtSetEvent(Ping, NULL)) && NtWaitForSingleObject(Pong, FALSE, NULL) == STATUS_WAIT_0);
}

/* Count switches, two of a round. */
static ULONG64 RunPingPong(ULONG Count)
{
    ULONG64 ticks = 0;
    HANDLE partner;

    Over = FALSE;
    if (!NT_SUCCESS(NtCreateEvent(&Ping, EVENT_ALL_ACCESS, NULL, 1, FALSE)) ||
        !NT_SUCCESS(NtCreateEvent(&Pong, EVENT_ALL_ACCESS, NULL, 1, FALSE)))
        return 0;
    if (StartThread(&partner, Answer)) {
        ticks = TimeRounds(Count / 2);
        Over = TRUE;
        NtSetEvent(Ping, NULL);
        WaitAndClose(partner);
    }
    NtClose(Ping);
    NtClose(Pong);
    return ticks;
}

/* ---- Processes ---- */
static BOOLEAN RunProgram(void)
{
    static const WCHAR name[] = EXIT_PROGRAM;
    NATIVE_ATTRIBUTES attributes = { sizeof(attributes), { { NATIVE_ATTRIBUTE_IMAGE_NAME, sizeof(name) - sizeof(WCHAR), name, NULL } } };
    HANDLE process, thread;

    return NT_SUCCESS(NtCreateUserProcess(&process, &thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, NULL, NULL, 0, 0,
                                          NATIVE_OWN_PARAMETERS(), NULL, &attributes)) &&
           NT_SUCCESS(NtClose(thread)) && WaitAndClose(process);
}

static ULONG64 RunProcess(ULONG Count) { BENCH_LOOP(Count, good = RunProgram()); }

/* ---- Memory ---- */
static ULONG64 TouchPages(volatile char *Memory, ULONG Count) { BENCH_LOOP(Count, Memory[(SIZE_T)turn_ * PAGE] = 1); }

static ULONG64 RunFault(ULONG Count)
{
    SIZE_T size = (SIZE_T)Count * PAGE;
    void *memory = NULL;
    ULONG64 ticks;

    if (!NT_SUCCESS(NtAllocateVirtualMemory(NATIVE_PROCESS, &memory, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)))
        return 0;
    ticks = TouchPages(memory, Count);
    size = 0;
    return NT_SUCCESS(NtFreeVirtualMemory(NATIVE_PROCESS, &memory, &size, MEM_RELEASE)) ? ticks : 0;
}

static BOOLEAN UsePage(void)
{
    SIZE_T size = PAGE;
    void *memory = NULL;

    if (!NT_SUCCESS(NtAllocateVirtualMemory(NATIVE_PROCESS, &memory, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)))
        return FALSE;
    *(volatile char *)memory = 1;
    size = 0;
    return NT_SUCCESS(NtFreeVirtualMemory(NATIVE_PROCESS, &memory, &size, MEM_RELEASE));
}

static ULONG64 RunPage(ULONG Count) { BENCH_LOOP(Count, good = UsePage()); }

/* ---- APCs ---- */
static volatile ULONG Delivered;

static void NTAPI Deliver(void *First, void *Second, void *Third) { Delivered++; }

static BOOLEAN SendApc(void)
{
    ULONG before = Delivered;

    if (!NT_SUCCESS(NtQueueApcThread(NATIVE_THREAD, Deliver, NULL, NULL, NULL)))
        return FALSE;
    NtTestAlert();
    return Delivered == before + 1;
}

static ULONG64 RunApc(ULONG Count) { BENCH_LOOP(Count, good = SendApc()); }

/* ---- All of them ---- */
static const BENCH Benches[] = {
    { "null_syscall", 1000, RunNull },       { "event_pingpong", 1000, RunPingPong },   { "thread_create_join", 200, RunThread },
    { "process_create_exit", 50, RunProcess }, { "demand_zero_fault", 1000, RunFault }, { "vm_alloc_touch_free", 1000, RunPage },
    { "apc_deliver", 1000, RunApc },
};

static void Write(const BENCH_TEXT *Text)
{
    IO_STATUS_BLOCK result;
    NtWriteFile(NATIVE_OWN_PARAMETERS()->StandardOutput, NULL, NULL, NULL, &result, Text->Text, Text->Length, NULL, NULL);
}

void Begin(void);
void Begin(void)
{
    const UNICODE_STRING *line = &NATIVE_OWN_PARAMETERS()->CommandLine;
    NTSTATUS status = 0;
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Benches); i++)
        if (BenchIsWanted(line->Buffer, line->Length / sizeof(WCHAR), Benches[i].Name) && !BenchMeasure(&Benches[i], Write))
            status = 1;
    NtTerminateProcess(NATIVE_PROCESS, status);
}
