/* SPDX-License-Identifier: MIT
 * What tests of leaks share: how much the system has of what programs cost, by its own count.
 */
#pragma once
#include <stdio.h>
#include <windows.h>

#define SLACK_PAGES 15                           /* less than one for each process of a pass */
#define MOST_PASSES 6

static int failures;

static int check(int good, const char *what)
{
    if (good)
        return 1;
    failures++;
    printf("failed: %s (error %lu)\n", what, GetLastError());
    return 0;
}

/* ---- What the system has ---- */
static unsigned char answer[1 << 18];

typedef struct COUNTS {
    long long processes, threads, handles, commit, pools, pages, slots;
} COUNTS;

/* SYSTEM_PERFORMANCE_INFORMATION, SYSTEM_PAGEFILE_INFORMATION, SYSTEM_PROCESS_INFORMATION: offsets as documented. */
static unsigned At(const unsigned char *bytes, unsigned offset) { return *(const unsigned *)(bytes + offset); }

static LONG Query(ULONG class, ULONG length, ULONG *needed)
{
    typedef LONG NTAPI QUERY(ULONG class, void *buffer, ULONG length, ULONG *needed);
    static QUERY *query;

    if (query == NULL)
        query = (QUERY *)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySystemInformation");
    return query(class, answer, length, needed);
}

static COUNTS Count(void)
{
    COUNTS counts = { 0 };
    const unsigned char *entry = answer;
    ULONG needed = 0;

    check(Query(2, sizeof(answer), &needed) >= 0, "SystemPerformanceInformation");
    counts.commit = At(answer, 0x30);
    counts.pools = At(answer, 0x70) + At(answer, 0x74);
    counts.pages = -(long long)At(answer, 0x2C) - At(answer, 0xA4);              /* free ones and files' */
    if (Query(18, sizeof(answer), &needed) >= 0 && needed != 0)
        counts.slots = At(answer, 8);
    check(Query(0, 0x40, &needed) >= 0, "SystemBasicInformation");
    counts.pages += At(answer, 0x0C) + counts.slots;
    check(Query(5, sizeof(answer), &needed) >= 0, "SystemProcessInformation");
    for (;; entry += At(entry, 0)) {
        counts.processes++;
        counts.threads += At(entry, 4);
        counts.handles += At(entry, 0x60);
        if (At(entry, 0) == 0)
            break;
    }
    return counts;
}

static int IsBack(const COUNTS *before, const COUNTS *now)
{
    return now->processes <= before->processes && now->threads <= before->threads && now->handles <= before->handles &&
           now->commit <= before->commit + SLACK_PAGES && now->pools <= before->pools + SLACK_PAGES &&
           now->pages <= before->pages + SLACK_PAGES;
}

/* The last of a process goes after who waits for it was told. */
static COUNTS Settle(const COUNTS *before)
{
    COUNTS now = Count();

    for (int i = 0; i < 500 && before != NULL && !IsBack(before, &now); i++) {
        Sleep(10);
        now = Count();
    }
    return now;
}

static void Show(const char *what, const COUNTS *counts)
{
    printf("%s: %lld processes, %lld threads, %lld handles, %lld pages of commit, %lld of pools, %lld of all, %lld of them in the page file\n",
           what, counts->processes, counts->threads, counts->handles, counts->commit, counts->pools, counts->pages, counts->slots);
}

/* Shows both when there is more than before. */
static void CheckNothingIsLeft(const COUNTS *before, const COUNTS *after)
{
    check(after->processes <= before->processes, "no process is left");
    check(after->threads <= before->threads, "no thread is left");
    check(after->handles <= before->handles, "no handle is left");
    check(after->commit <= before->commit + SLACK_PAGES, "no commit is left");
    check(after->pools <= before->pools + SLACK_PAGES, "no pool is left");
    check(after->pages <= before->pages + SLACK_PAGES, "no page is left");
    if (!IsBack(before, after)) {
        Show("before", before);
        Show("after", after);
    }
}

/* The first passes leave what the kernel keeps for the next time; then one must leave nothing. What each process or thread leaves behind is
 * left by every pass. */
static void CheckPasses(void (*pass)(void))
{
    COUNTS before, after = { 0 };
    int i = 0;

    do {
        before = after;
        pass();
        after = Settle(i != 0 ? &before : NULL);
    } while (i++ == 0 || (i < MOST_PASSES && !IsBack(&before, &after)));
    CheckNothingIsLeft(&before, &after);
}
