/* SPDX-License-Identifier: MIT
 * Runs a benchmark as the kernel's own are run (kernel/bench): 21 repetitions, of which the quickest and the median count. A line
 * tells that one begins, another its figures: `NAME MINIMUM MEDIAN`, in ticks of an operation.
 */
#pragma once
#include <windef.h>

#define BENCH_REPETITIONS 21u

typedef struct BENCH {
    const char *Name;
    ULONG Operations;                            /* of a repetition */
    ULONG64 (*Run)(ULONG Count);                 /* the ticks of so many; 0: it failed */
} BENCH;

static inline ULONG64 BenchReadTsc(void) { return __builtin_ia32_rdtsc(); }
#define BENCH_BARRIER() __asm__ volatile("" ::: "memory")

/* Times Count times Statement, which sets `good`. */
#define BENCH_LOOP(count, statement)                                   \
    BOOLEAN good = TRUE;                                               \
    ULONG64 begin_ = BenchReadTsc(), empty_;                           \
    ULONG turn_;                                                       \
    for (turn_ = 0; turn_ < (count); turn_++)                          \
        BENCH_BARRIER();                                               \
    empty_ = BenchReadTsc() - begin_;                                  \
    begin_ = BenchReadTsc();                                           \
    for (turn_ = 0; turn_ < (count) && good; turn_++) {                \
        statement;                                                     \
        BENCH_BARRIER();                                               \
    }                                                                  \
    return good ? BenchReadTsc() - begin_ - empty_ : 0

typedef struct BENCH_TEXT {
    char Text[120];
    ULONG Length;
} BENCH_TEXT;

static void BenchAddText(BENCH_TEXT *To, const char *Text)
{
    while (*Text != '\0' && To->Length < sizeof(To->Text))
        To->Text[To->Length++] = *Text++;
}

static void BenchAddNumber(BENCH_TEXT *To, ULONG64 Number)
{
    char digits[24], *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do
        *--at = (char)('0' + Number % 10);
    while ((Number /= 10) != 0);
    BenchAddText(To, " ");
    BenchAddText(To, at);
}

static void BenchSort(ULONG64 *Ticks)
{
    ULONG i, j;

    for (i = 1; i < BENCH_REPETITIONS; i++) {
        ULONG64 one = Ticks[i];
        for (j = i; j > 0 && Ticks[j - 1] > one; j--)
            Ticks[j] = Ticks[j - 1];
        Ticks[j] = one;
    }
}

/* FALSE: an operation failed. */
static BOOLEAN BenchMeasure(const BENCH *Bench, void (*Write)(const BENCH_TEXT *))
{
    BENCH_TEXT begin = { { 0 }, 0 }, figures = { { 0 }, 0 };
    ULONG64 ticks[BENCH_REPETITIONS];
    ULONG i;

    BenchAddText(&begin, "begin ");
    BenchAddText(&begin, Bench->Name);
    BenchAddText(&begin, "\n");
    Write(&begin);
    if (Bench->Run(Bench->Operations / 10 + 1) == 0)             /* caches, lists and tables get their size */
        return FALSE;
    for (i = 0; i < BENCH_REPETITIONS; i++) {
        ticks[i] = Bench->Run(Bench->Operations);
        if (ticks[i] == 0)
            return FALSE;
    }
    BenchSort(ticks);
    BenchAddText(&figures, Bench->Name);
    BenchAddNumber(&figures, (ticks[0] + Bench->Operations / 2) / Bench->Operations);
    BenchAddNumber(&figures, (ticks[BENCH_REPETITIONS / 2] + Bench->Operations / 2) / Bench->Operations);
    BenchAddText(&figures, "\n");
    Write(&figures);
    return TRUE;
}

/* TRUE when a benchmark of that name is asked for: by the words behind the program's own, or because there are none. */
static BOOLEAN BenchIsWanted(const WCHAR *Line, ULONG Length, const char *Name)
{
    BOOLEAN any = FALSE;
    ULONG i = 0, j;

    while (i < Length && Line[i] != L' ')
        i++;
    while (i < Length) {
        if (Line[i] == L' ') {
            i++;
            continue;
        }
        any = TRUE;
        for (j = 0; i + j < Length && Line[i + j] != L' ' && Line[i + j] == (WCHAR)Name[j]; j++)
            ;
        if (Name[j] == '\0' && (i + j == Length || Line[i + j] == L' '))
            return TRUE;
        while (i < Length && Line[i] != L' ')
            i++;
    }
    return !any;
}
