/* SPDX-License-Identifier: MIT
 * More memory than there is: `paging COUNT MIB ROUNDS` starts itself COUNT times; all children have MIB of memory at once, a pattern in
 * each page that they check and change ROUNDS times. It does so again and again, until once the system has what it had before: handles,
 * processes, commit (with all that the kernel has), pools, and pages in memory (but files') or in the page file (counts.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include "counts.h"

#define PAGE_WORDS 512

/* ---- A child ---- */
static unsigned long long Word(unsigned seed, size_t page, size_t word, int round)
{
    return ((unsigned long long)seed << 48 ^ (unsigned long long)page << 20 ^ word << 8 ^ (unsigned)round) * 0x9E3779B97F4A7C15ull;
}

static void Write(unsigned long long *memory, size_t pages, unsigned seed, int round)
{
    for (size_t page = 0; page < pages; page++)
        for (size_t word = 0; word < PAGE_WORDS; word += 73)
            memory[page * PAGE_WORDS + word] = Word(seed, page, word, round);
}

static size_t Wrong(const unsigned long long *memory, size_t pages, unsigned seed, int round)
{
    size_t wrong = 0;

    for (size_t page = 0; page < pages; page++)
        for (size_t word = 0; word < PAGE_WORDS; word += 73)
            wrong += memory[page * PAGE_WORDS + word] != Word(seed, page, word, round);
    return wrong;
}

/* 0: all was as it was written. */
static int Child(unsigned seed, int mib, int rounds, HANDLE ready, HANDLE go)
{
    size_t pages = (size_t)mib << 8;
    unsigned long long *memory = VirtualAlloc(NULL, pages << 12, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (memory != NULL)
        Write(memory, pages, seed, 0);
    if (!ReleaseSemaphore(ready, 1, NULL) || memory == NULL)
        return 2;
    if (WaitForSingleObject(go, 300000) != WAIT_OBJECT_0)
        return 3;
    for (int round = 0; round < rounds; round++) {
        if (Wrong(memory, pages, seed, round) != 0)
            return 4;
        Write(memory, pages, seed, round + 1);
    }
    return Wrong(memory, pages, seed, rounds) != 0 ? 5 : 0;
}

/* ---- The parent ---- */
static HANDLE Start(const char *self, unsigned seed, int mib, int rounds, HANDLE ready, HANDLE go)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION information;
    char line[512];

    snprintf(line, sizeof(line), "\"%s\" child %u %d %d %llu %llu", self, seed, mib, rounds, (unsigned long long)(ULONG_PTR)ready,
             (unsigned long long)(ULONG_PTR)go);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &information))
        return NULL;
    CloseHandle(information.hThread);
    return information.hProcess;
}

static void Batch(const char *self, int count, int mib, int rounds)
{
    SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
    HANDLE ready = CreateSemaphoreA(&inherit, 0, count, NULL), go = CreateEventA(&inherit, TRUE, FALSE, NULL), running[64];
    DWORD code;
    int i;

    for (i = 0; i < count; i++)
        check((running[i] = Start(self, 1000 + i, mib, rounds, ready, go)) != NULL, "a process starts");
    for (i = 0; i < count; i++)
        check(WaitForSingleObject(ready, 300000) == WAIT_OBJECT_0, "all have written their memory");
    SetEvent(go);
    for (i = 0; i < count; i++) {
        check(WaitForSingleObject(running[i], 300000) == WAIT_OBJECT_0, "a process ends");
        if (!check(GetExitCodeProcess(running[i], &code) && code == 0, "a process's memory is as it was written"))
            printf("  exit code %lu\n", code);
        CloseHandle(running[i]);
    }
    CloseHandle(ready);
    CloseHandle(go);
}

static char self[MAX_PATH];
static int count = 4, mib = 8, rounds = 2;

static void Pass(void) { Batch(self, count, mib, rounds); }

int main(int argc, char **argv)
{
    if (argc > 6 && strcmp(argv[1], "child") == 0)
        return Child((unsigned)atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), (HANDLE)(ULONG_PTR)_strtoui64(argv[5], NULL, 10),
                     (HANDLE)(ULONG_PTR)_strtoui64(argv[6], NULL, 10));
    count = argc > 1 ? min(atoi(argv[1]), 64) : count;
    mib = argc > 2 ? atoi(argv[2]) : mib;
    rounds = argc > 3 ? atoi(argv[3]) : rounds;
    GetModuleFileNameA(NULL, self, sizeof(self));
    CheckPasses(Pass);
    printf("paging: %d processes of %d MiB, %d rounds, %d failed\n", count, mib, rounds, failures);
    return failures != 0;
}
