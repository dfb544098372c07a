/* SPDX-License-Identifier: MIT
 * Write watch: what was written and what was only read, resets, protections, locked pages, parts, refusals.
 */
#include "../psp.h"
#include "test.h"

#define PAGES 80u                                /* more than one batch of addresses */
#define WATCHED (MEM_RESERVE | MEM_COMMIT | 0x200000u)

static volatile UCHAR *Allocate(ULONG Type, ULONG Protect)
{
    SIZE_T size = PAGES << PAGE_SHIFT;
    PVOID base = NULL;
    return CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, Type, Protect))) ? base : NULL;
}

static VOID Free(volatile VOID *Base)
{
    PVOID base = (PVOID)Base;
    SIZE_T size = 0;
    CHECK(NT_SUCCESS(ZwFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE)));
}

static PVOID Found[PAGES];

/* How many pages were written; MAXULONG: it was refused. */
static ULONG Get(volatile UCHAR *Block, ULONG Pages, ULONG Flags)
{
    ULONG_PTR count = PAGES;
    ULONG granularity = 0;
    NTSTATUS status = NtGetWriteWatch(NtCurrentProcess(), Flags, (PVOID)Block, (SIZE_T)Pages << PAGE_SHIFT, Found, &count, &granularity);

    if (!NT_SUCCESS(status))
        return MAXULONG;
    CHECK(granularity == PAGE_SIZE);
    return (ULONG)count;
}

static VOID Written(VOID)
{
    volatile UCHAR *block = Allocate(WATCHED, PAGE_READWRITE);
    ULONG_PTR one = 1;
    ULONG i, granularity;

    CHECK(Get(block, PAGES, 0) == 0);
    CHECK(block[5 * PAGE_SIZE] == 0 && block[6 * PAGE_SIZE] == 0 && Get(block, PAGES, 0) == 0);        /* read only */
    block[5 * PAGE_SIZE] = 1;
    block[7 * PAGE_SIZE + 100] = 1;
    CHECK(Get(block, PAGES, 0) == 2 && Found[0] == block + 5 * PAGE_SIZE && Found[1] == block + 7 * PAGE_SIZE);
    CHECK(Get(block, 6, 0) == 1 && Get(block + 6 * PAGE_SIZE, 1, 0) == 0);
    CHECK(NT_SUCCESS(NtGetWriteWatch(NtCurrentProcess(), 1, (PVOID)block, PAGES << PAGE_SHIFT, Found, &one, &granularity)) && one == 1);
    CHECK(Get(block, PAGES, 1) == 1 && Found[0] == block + 7 * PAGE_SIZE && Get(block, PAGES, 0) == 0);  /* only what was told is reset */
    block[5 * PAGE_SIZE] = 2;
    CHECK(Get(block, PAGES, 0) == 1 && NT_SUCCESS(NtResetWriteWatch(NtCurrentProcess(), (PVOID)block, PAGES << PAGE_SHIFT)));
    CHECK(Get(block, PAGES, 0) == 0 && block[5 * PAGE_SIZE] == 2);
    for (i = 0; i < PAGES; i++)
        block[i * PAGE_SIZE] = 3;
    CHECK(Get(block, PAGES, 1) == PAGES && Found[PAGES - 1] == block + (PAGES - 1) * PAGE_SIZE && Get(block, PAGES, 0) == 0);
    Free(block);
}

static VOID Protected(VOID)
{
    volatile UCHAR *block = Allocate(WATCHED, PAGE_READWRITE);
    PVOID base = (PVOID)block;
    SIZE_T size = PAGE_SIZE;
    ULONG old;
    PMDL mdl;

    block[0] = 1;
    CHECK(Get(block, 4, 1) == 1);
    CHECK(NT_SUCCESS(ZwProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_READONLY, &old)));
    CHECK(NT_SUCCESS(ZwProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_READWRITE, &old)) && Get(block, 4, 0) == 0);
    block[0] = 2;
    CHECK(Get(block, 4, 1) == 1);
    mdl = IoAllocateMdl((PVOID)(block + PAGE_SIZE), PAGE_SIZE, FALSE, FALSE, NULL);
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    MmUnlockPages(mdl);
    CHECK(Get(block, 4, 0) == 0);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    CHECK(Get(block, 4, 0) == 1 && Found[0] == block + PAGE_SIZE);
    base = (PVOID)(block + 8 * PAGE_SIZE);       /* the rest is two regions that remember */
    size = PAGE_SIZE;
    block[20 * PAGE_SIZE] = 1;
    CHECK(NT_SUCCESS(ZwFreeVirtualMemory(NtCurrentProcess(), &base, &size, MEM_RELEASE)));
    CHECK(Get(block, 8, 0) == 1 && Get(block + 9 * PAGE_SIZE, PAGES - 9, 0) == 1 && Found[0] == block + 20 * PAGE_SIZE);
    Free(block);
    Free(block + 9 * PAGE_SIZE);
}

static VOID Refused(VOID)
{
    volatile UCHAR *plain = Allocate(MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), *block = Allocate(WATCHED, PAGE_READWRITE);
    ULONG_PTR count = 0;
    ULONG granularity;
    PVOID base = NULL;
    SIZE_T size = PAGE_SIZE;

    CHECK(Get(plain, 1, 0) == MAXULONG && Get(block, PAGES + 1, 0) == MAXULONG && Get(block, 1, 2) == MAXULONG);
    CHECK(NtGetWriteWatch(NtCurrentProcess(), 0, (PVOID)plain, PAGE_SIZE, Found, &count, &granularity) == STATUS_INVALID_PARAMETER_6);
    count = 1;
    CHECK(NtGetWriteWatch(NtCurrentProcess(), 0, (PVOID)plain, PAGE_SIZE, Found, &count, &granularity) == STATUS_INVALID_PARAMETER_1);
    CHECK(NtGetWriteWatch(NtCurrentProcess(), 0, (PVOID)block, 0, Found, &count, &granularity) == STATUS_INVALID_PARAMETER_4);
    CHECK(NtGetWriteWatch(NtCurrentProcess(), 0, (PVOID)~0ull, 1, Found, &count, &granularity) == STATUS_INVALID_PARAMETER_3);
    CHECK(NtResetWriteWatch(NtCurrentProcess(), (PVOID)plain, PAGE_SIZE) == STATUS_INVALID_PARAMETER_1);
    CHECK(NtResetWriteWatch(NtCurrentProcess(), (PVOID)block, 0) == STATUS_INVALID_PARAMETER_3);
    CHECK(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_COMMIT | 0x200000, PAGE_READWRITE) == STATUS_INVALID_PARAMETER_5);
    block[0] = 1;                                /* nothing is forgotten for who cannot be told */
    CHECK(!NT_SUCCESS(AS_USER(NtGetWriteWatch(NtCurrentProcess(), 1, (PVOID)block, PAGE_SIZE, TEST_BAD_USER, &count, &granularity))));
    CHECK(Get(block, 1, 0) == 1);
    Free(plain);
    Free(block);
}

static const KE_TEST PspWriteWatchTable[] = {
    { "ps.writewatch", Written, 0 },
    { "ps.writewatch.protected", Protected, 0 },
    { "ps.writewatch.refused", Refused, 0 },
};
const KE_TEST_GROUP PspWriteWatchTests = { PspWriteWatchTable, RTL_NUMBER_OF(PspWriteWatchTable) };
