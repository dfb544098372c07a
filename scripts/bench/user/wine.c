/* SPDX-License-Identifier: MIT
 * The two benchmarks that a loader takes part in, as a program on the ntdll of the user image. Started with `exit`, it ends: that is
 * the program that process_create_exit starts.
 */
#include <string.h>
#include <windows.h>
#include "repeat.h"

static DWORD WINAPI Return(void *Context) { return 0; }

static BOOLEAN RunOneThread(void)
{
    HANDLE thread = CreateThread(NULL, 0, Return, NULL, 0, NULL);
    return thread != NULL && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread);
}

static ULONG64 RunThread(ULONG Count) { BENCH_LOOP(Count, good = RunOneThread()); }

static BOOLEAN RunProgram(void)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    char line[] = "C:\\wine.exe exit";
    PROCESS_INFORMATION made;

    return CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made) && CloseHandle(made.hThread) &&
           WaitForSingleObject(made.hProcess, INFINITE) == WAIT_OBJECT_0 && CloseHandle(made.hProcess);
}

static ULONG64 RunProcess(ULONG Count) { BENCH_LOOP(Count, good = RunProgram()); }

static const BENCH Benches[] = { { "thread_create_join_wine", 50, RunThread }, { "process_create_exit_wine", 2, RunProcess } };

static void Write(const BENCH_TEXT *Text)
{
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Text->Text, Text->Length, &written, NULL);
}

int main(int Count, char **Arguments)
{
    const WCHAR *line = GetCommandLineW();
    int status = 0;
    ULONG i;

    if (Count == 2 && strcmp(Arguments[1], "exit") == 0)
        return 0;
    for (i = 0; i < ARRAYSIZE(Benches); i++)
        if (BenchIsWanted(line, (ULONG)lstrlenW(line), Benches[i].Name) && !BenchMeasure(&Benches[i], Write))
            status = 1;
    return status;
}
