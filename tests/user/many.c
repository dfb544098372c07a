/* SPDX-License-Identifier: MIT
 * `many LOOP THREADS TOGETHER`: as many processes one after the other, threads at once and processes at once. All of that again and again,
 * until once the system has what it had before: handles, processes, commit, pools and pages (counts.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include "counts.h"

#define MOST_THREADS 1000
#define MOST_PROCESSES 200
#define PATIENCE 300000                          /* milliseconds; only a failure comes to them */

static char self[MAX_PATH];
static HANDLE ready, go;
static volatile LONG sum;

static void Begin(int count)
{
    SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };

    ready = CreateSemaphoreA(&inherit, 0, count, NULL);
    go = CreateEventA(&inherit, TRUE, FALSE, NULL);
}

/* All are there before any may end. */
static void Meet(int count)
{
    for (int i = 0; i < count; i++)
        check(WaitForSingleObject(ready, PATIENCE) == WAIT_OBJECT_0, "all are there at once");
    SetEvent(go);
}

static void End(void)
{
    CloseHandle(ready);
    CloseHandle(go);
}

/* ---- Processes ---- */
static HANDLE Start(int code, HANDLE semaphore, HANDLE event)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION information;
    char line[512];

    snprintf(line, sizeof(line), "\"%s\" child %d %llu %llu", self, code, (unsigned long long)(ULONG_PTR)semaphore,
             (unsigned long long)(ULONG_PTR)event);
    if (!check(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &information), "a process starts"))
        return NULL;
    CloseHandle(information.hThread);
    return information.hProcess;
}

static int Child(char **argv)
{
    HANDLE semaphore = (HANDLE)(ULONG_PTR)_strtoui64(argv[3], NULL, 10), event = (HANDLE)(ULONG_PTR)_strtoui64(argv[4], NULL, 10);

    if (semaphore != NULL && (!ReleaseSemaphore(semaphore, 1, NULL) || WaitForSingleObject(event, PATIENCE) != WAIT_OBJECT_0))
        return 255;
    return atoi(argv[2]);
}

static void AwaitProcess(HANDLE process, DWORD expected)
{
    DWORD code;

    check(WaitForSingleObject(process, PATIENCE) == WAIT_OBJECT_0, "a process ends");
    check(GetExitCodeProcess(process, &code) && code == expected, "a process ends with its own code");
    CloseHandle(process);
}

static void Loop(int count)
{
    for (int i = 0; i < count; i++)
        AwaitProcess(Start(i % 250, NULL, NULL), i % 250);
}

static void Together(int count)
{
    static HANDLE running[MOST_PROCESSES];

    Begin(count);
    for (int i = 0; i < count; i++)
        running[i] = Start(i, ready, go);
    Meet(count);
    for (int i = 0; i < count; i++)
        AwaitProcess(running[i], i);
    End();
}

/* ---- Threads ---- */
static DWORD WINAPI Thread(void *context)
{
    ReleaseSemaphore(ready, 1, NULL);
    WaitForSingleObject(go, PATIENCE);
    InterlockedAdd(&sum, (LONG)(LONG_PTR)context);
    return (DWORD)(ULONG_PTR)context;
}

static void Threads(int count)
{
    static HANDLE running[MOST_THREADS];
    DWORD code;

    sum = 0;
    Begin(count);
    for (int i = 0; i < count; i++)
        check((running[i] = CreateThread(NULL, 0, Thread, (void *)(LONG_PTR)i, 0, NULL)) != NULL, "a thread starts");
    Meet(count);
    for (int i = 0; i < count; i++) {
        check(WaitForSingleObject(running[i], PATIENCE) == WAIT_OBJECT_0, "a thread ends");
        check(GetExitCodeThread(running[i], &code) && code == (DWORD)i, "a thread ends with its own code");
        CloseHandle(running[i]);
    }
    check(sum == count * (count - 1) / 2, "each thread ran once");
    End();
}

static int loop = 20, threads = 50, together = 8;

static void Pass(void)
{
    Loop(loop);
    Threads(threads);
    Together(together);
}

int main(int argc, char **argv)
{
    if (argc > 4 && strcmp(argv[1], "child") == 0)
        return Child(argv);
    loop = argc > 1 ? atoi(argv[1]) : loop;
    threads = argc > 2 ? atoi(argv[2]) : threads;
    together = argc > 3 ? atoi(argv[3]) : together;
    if (threads > MOST_THREADS || together > MOST_PROCESSES)
        return 2;
    GetModuleFileNameA(NULL, self, sizeof(self));
    CheckPasses(Pass);
    printf("many: %d processes in a loop, %d threads at once, %d processes at once, %d failed\n", loop, threads, together, failures);
    return failures != 0;
}
