/* SPDX-License-Identifier: MIT
 * Processes as a program sees them: `processes COUNT [AT_ONCE]` starts itself COUNT times, AT_ONCE at a time, each child ends with the
 * number it was given; then what a child inherits, and a pipe between the two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int failures;

static void check(int good, const char *what)
{
    if (good)
        return;
    failures++;
    printf("failed: %s (error %lu)\n", what, GetLastError());
}

static HANDLE Start(const char *Self, const char *Arguments, HANDLE Output, DWORD Flags, HANDLE *Thread)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION information;
    char line[512];

    if (Output != NULL) {
        startup.dwFlags = STARTF_USESTDHANDLES;
        startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
        startup.hStdOutput = startup.hStdError = Output;
    }
    snprintf(line, sizeof(line), "\"%s\" %s", Self, Arguments);
    if (!CreateProcessA(NULL, line, NULL, NULL, Output != NULL, Flags, NULL, NULL, &startup, &information))
        return NULL;
    if (Thread != NULL)
        *Thread = information.hThread;
    else
        CloseHandle(information.hThread);
    return information.hProcess;
}

static void Loop(const char *Self, int Count, int AtOnce)
{
    HANDLE running[64];
    char text[32];
    DWORD code;
    int i, j;

    for (i = 0; i < Count; i += AtOnce) {
        int batch = Count - i < AtOnce ? Count - i : AtOnce;
        for (j = 0; j < batch; j++) {
            snprintf(text, sizeof(text), "exit %d", 1000 + i + j);
            running[j] = Start(Self, text, NULL, 0, NULL);
            check(running[j] != NULL, "a process starts");
        }
        for (j = 0; j < batch; j++) {
            check(WaitForSingleObject(running[j], 120000) == WAIT_OBJECT_0, "a process ends");
            check(GetExitCodeProcess(running[j], &code) && code == (DWORD)(1000 + i + j), "a process's exit code");
            CloseHandle(running[j]);
        }
    }
}

static void Pipe(const char *Self)
{
    SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
    HANDLE read, write, child;
    char text[64] = "";
    DWORD bytes = 0, all = 0;

    check(CreatePipe(&read, &write, &inherit, 0), "a pipe");
    SetHandleInformation(read, HANDLE_FLAG_INHERIT, 0);
    child = Start(Self, "say", write, 0, NULL);
    CloseHandle(write);
    while (ReadFile(read, text + all, sizeof(text) - 1 - all, &bytes, NULL) && bytes != 0)
        all += bytes;
    check(strcmp(text, "said by the child\r\n") == 0, "what a child writes into a pipe");
    check(WaitForSingleObject(child, 60000) == WAIT_OBJECT_0, "the child ends");
    CloseHandle(child);
    CloseHandle(read);
}

static void Kill(const char *Self)
{
    HANDLE thread, child = Start(Self, "wait", NULL, CREATE_SUSPENDED, &thread);
    DWORD code;

    check(child != NULL && WaitForSingleObject(child, 0) == WAIT_TIMEOUT, "a suspended child");
    check(ResumeThread(thread) == 1, "it is resumed");
    Sleep(50);
    check(TerminateProcess(child, 55), "it is ended");
    check(WaitForSingleObject(child, 60000) == WAIT_OBJECT_0 && GetExitCodeProcess(child, &code) && code == 55, "with that code");
    CloseHandle(thread);
    CloseHandle(child);
}

int main(int argc, char **argv)
{
    char self[MAX_PATH];
    int count = argc > 1 ? atoi(argv[1]) : 10, atOnce = argc > 2 ? atoi(argv[2]) : 1;

    if (argc > 2 && strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (argc > 1 && strcmp(argv[1], "say") == 0)
        return puts("said by the child") < 0;
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        Sleep(INFINITE);
    GetModuleFileNameA(NULL, self, sizeof(self));
    Loop(self, count, atOnce > 64 ? 64 : atOnce);
    Pipe(self);
    Kill(self);
    printf("processes: %d, %d at once, %d failed\n", count, atOnce, failures);
    return failures != 0;
}
