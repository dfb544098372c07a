/* SPDX-License-Identifier: MIT
 * Pools, MDLs, physical and device memory.
 */
#include "test.h"
#include "mm.h"
#include "ke.h"

#define TAG 'tseT'

static VOID TestPoolKinds(VOID)
{
    static const POOL_TYPE kinds[] = { NonPagedPool, PagedPool, (POOL_TYPE)512 };
    ULONG kind, size;

    for (kind = 0; kind < RTL_NUMBER_OF(kinds); kind++)
        for (size = 1; size <= 20000; size = size * 3 + 1) {
            PUCHAR block = ExAllocatePoolWithTag(kinds[kind], size, TAG);
            if (!CHECK(block != NULL))
                return;
            CHECK(((ULONG64)block & 15) == 0);
            CHECK(size < PAGE_SIZE || ((ULONG64)block & (PAGE_SIZE - 1)) == 0);
            RtlFillMemory(block, size, 0xA5);
            CHECK(block[0] == 0xA5 && block[size - 1] == 0xA5);
            ExFreePoolWithTag(block, TAG);
        }
}

static VOID TestPoolReuse(VOID)
{
    MM_STATISTICS before, after;
    PVOID blocks[64];
    ULONG round, i;

    MmQueryStatistics(&before);
    for (round = 0; round < 50; round++) {
        for (i = 0; i < 64; i++)
            CHECK((blocks[i] = ExAllocatePoolWithTag(NonPagedPool, 16 + 57 * i, TAG)) != NULL);
        for (i = 0; i < 64; i++)
            ExFreePoolWithTag(blocks[(i * 37) % 64], TAG);
    }
    MmQueryStatistics(&after);
    CHECK(after.PoolBlocks[0] == before.PoolBlocks[0] && after.PoolBytes[0] == before.PoolBytes[0]);
    CHECK(before.FreePages < after.FreePages + 64);        /* a few spare pages at most stay with the pool */
}

/* Around the size from which a block has pages of its own: a block in use is never a whole page of the small ones. */
static VOID TestPoolAlmostPage(VOID)
{
    PUCHAR pair[2];
    ULONG size, i;

    for (size = PAGE_SIZE - 80; size <= PAGE_SIZE + 32; size += 8) {
        for (i = 0; i < 2; i++) {
            pair[i] = ExAllocatePoolWithTag(i == 0 ? NonPagedPool : PagedPool, size, TAG);
            if (CHECK(pair[i] != NULL))
                RtlFillMemory(pair[i], size, 0x5A);
        }
        for (i = 0; i < 2; i++) {
            if (pair[i] != NULL)
                ExFreePoolWithTag(pair[i], TAG);
        }
    }
}

static VOID TestPoolAllocate2(VOID)
{
    PUCHAR block = ExAllocatePool2(0x40, 100, TAG);
    ULONG i, sum = 0;

    if (!CHECK(block != NULL))
        return;
    for (i = 0; i < 100; i++)
        sum += block[i];
    CHECK(sum == 0);
    ExFreePool2(block, TAG, NULL, 0);
    CHECK(ExAllocatePool2(0, 100, TAG) == NULL);
    CHECK(ExAllocatePool2(0x140, 100, TAG) == NULL);
}

static VOID TestPoolThread(PVOID Context, ULONG Index)
{
    PULONG blocks[16] = { NULL };
    ULONG seed = Index * 7919 + 1, i;

    (void)Context;
    for (i = 0; i < 4000; i++) {
        ULONG slot = (seed = seed * 1103515245 + 12345) >> 20 & 15;
        if (blocks[slot] != NULL) {
            CHECK(blocks[slot][0] == (Index << 16 | slot));
            ExFreePoolWithTag(blocks[slot], TAG);
        }
        blocks[slot] = ExAllocatePoolWithTag(NonPagedPool, 4 + (seed >> 12 & 0x3FF), TAG);
        if (CHECK(blocks[slot] != NULL))
            blocks[slot][0] = Index << 16 | slot;
    }
    for (i = 0; i < 16; i++)
        if (blocks[i] != NULL)
            ExFreePoolWithTag(blocks[i], TAG);
}

static VOID TestPoolContention(VOID)
{
    MM_STATISTICS before, after;
    MmQueryStatistics(&before);
    TestRunThreads(4, TestPoolThread, NULL);
    MmQueryStatistics(&after);
    CHECK(after.PoolBytes[0] <= before.PoolBytes[0] + 4096);
}

static VOID TestPhysical(VOID)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);
    PHYSICAL_ADDRESS physical = MmGetPhysicalAddress((PCHAR)page + 5);

    CHECK((physical.QuadPart & (PAGE_SIZE - 1)) == 5 && physical.QuadPart > 0x1000);
    CHECK(MmGetPhysicalAddress((PVOID)0x123456789000ull).QuadPart == 0);
    ExFreePoolWithTag(page, TAG);
}

static VOID TestValid(VOID)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);

    CHECK(MmIsAddressValid(page) && MmIsAddressValid((PVOID)SharedUserData) && MmIsAddressValid(&page));
    CHECK(!MmIsAddressValid(NULL) && !MmIsAddressValid((PVOID)0x8000000000000000ull));
    CHECK(!MmIsAddressValid((PVOID)0xFFFFE00000000000ull));
    ExFreePoolWithTag(page, TAG);
    CHECK(!MmIsAddressValid(page));
}

static VOID TestIoSpace(VOID)
{
    PULONG block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TAG);
    PULONG view = MmMapIoSpace(MmGetPhysicalAddress(block), 64, MmCached);

    if (!CHECK(view != NULL && view != block))
        return;
    block[3] = 0x12345678;
    CHECK(view[3] == 0x12345678);
    view[4] = 0x9ABCDEF0;
    CHECK(block[4] == 0x9ABCDEF0);
    MmUnmapIoSpace(view, 64);
    CHECK(!MmIsAddressValid(view));
    view = MmMapIoSpaceEx(MmGetPhysicalAddress(block), 64, PAGE_READWRITE);
    CHECK(view != NULL && view[3] == 0x12345678);
    MmUnmapIoSpace(view, 64);
    ExFreePoolWithTag(block, TAG);
}

static VOID TestContiguous(VOID)
{
    PHYSICAL_ADDRESS high = { .QuadPart = 0xFFFFFFFF }, zero = { .QuadPart = 0 };
    PCHAR block = MmAllocateContiguousMemory(5 * PAGE_SIZE, high);
    ULONG i;

    if (!CHECK(block != NULL))
        return;
    for (i = 1; i < 5; i++)
        CHECK(MmGetPhysicalAddress(block + i * PAGE_SIZE).QuadPart == MmGetPhysicalAddress(block).QuadPart + (LONG)(i * PAGE_SIZE));
    MmFreeContiguousMemory(block);
    high.QuadPart = 0x1000;                      /* nothing lies there */
    CHECK(MmAllocateContiguousMemorySpecifyCache(PAGE_SIZE, zero, high, zero, MmNonCached) == NULL);
    CHECK(MmAllocateContiguousMemorySpecifyCacheNode(PAGE_SIZE, zero, high, zero, MmCached, MM_ANY_NODE_OK) == NULL);
    high.QuadPart = 0xFFFFFFFF;
    block = MmAllocateContiguousMemorySpecifyCacheNode(2 * PAGE_SIZE, zero, high, zero, MmCached, 0);
    if (CHECK(block != NULL))
        MmFreeContiguousMemory(block);
}

static VOID TestMakeMdl(VOID)
{
    UCHAR room[sizeof(MDL) + 4 * sizeof(PFN_NUMBER)];
    PUCHAR base = (PUCHAR)0x123400;
    PMDL mdl = MmCreateMdl((PMDL)room, base + 0x10, 2 * PAGE_SIZE), own = MmCreateMdl(NULL, base, PAGE_SIZE);

    CHECK(mdl == (PMDL)room && mdl->StartVa == (PVOID)0x123000 && mdl->ByteOffset == 0x410 && mdl->ByteCount == 2 * PAGE_SIZE);
    CHECK(own != NULL && own->ByteOffset == 0x400 && own->ByteCount == PAGE_SIZE);
    if (own != NULL)
        ExFreePool(own);
}

static VOID TestMdlLockAndMap(VOID)
{
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, TAG), view;
    PMDL mdl = ExAllocatePoolWithTag(NonPagedPool, MmSizeOfMdl(buffer + 100, 2 * PAGE_SIZE), TAG);

    CHECK(MmSizeOfMdl(buffer + 100, 2 * PAGE_SIZE) == sizeof(MDL) + 3 * sizeof(PFN_NUMBER));
    MmInitializeMdl(mdl, buffer + 100, 2 * PAGE_SIZE);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    CHECK(mdl->MdlFlags & MDL_PAGES_LOCKED);
    view = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    if (CHECK(view != NULL && view != buffer + 100)) {
        view[2 * PAGE_SIZE - 1] = 0x77;
        CHECK(buffer[100 + 2 * PAGE_SIZE - 1] == 0x77);
    }
    MmUnlockPages(mdl);                          /* unmaps too */
    CHECK(!(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)));
    ExFreePoolWithTag(mdl, TAG);
    ExFreePoolWithTag(buffer, TAG);
}

static VOID TestMdlNonPaged(VOID)
{
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPool, 600, TAG);
    UCHAR storage[sizeof(MDL) + 2 * sizeof(PFN_NUMBER)];
    PMDL mdl = (PMDL)storage;

    MmInitializeMdl(mdl, buffer, 600);
    MmBuildMdlForNonPagedPool(mdl);
    CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == buffer);
    CHECK(MmGetMdlPfnArray(mdl)[0] == (ULONG64)MmGetPhysicalAddress(buffer).QuadPart >> PAGE_SHIFT);
    ExFreePoolWithTag(buffer, TAG);
}

static VOID TestMdlBadBuffer(VOID)
{
    UCHAR storage[sizeof(MDL) + 2 * sizeof(PFN_NUMBER)];
    PMDL mdl = (PMDL)storage;
    NTSTATUS status = STATUS_SUCCESS;

    MmInitializeMdl(mdl, (PVOID)0x10000, 16);
    __try {
        MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_ACCESS_VIOLATION);
    CHECK(!(mdl->MdlFlags & MDL_PAGES_LOCKED));
}

static VOID TestMdlPages(VOID)
{
    PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = -1 };
    PMDL mdl = MmAllocatePagesForMdl(low, high, low, 4 * PAGE_SIZE);
    PULONG view;

    if (!CHECK(mdl != NULL && MmGetMdlByteCount(mdl) == 4 * PAGE_SIZE))
        return;
    view = MmMapLockedPages(mdl, KernelMode);
    CHECK(view[0] == 0 && view[4095] == 0);
    view[4095] = 1;
    MmUnmapLockedPages(view, mdl);
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}

#define STACKS 200u
static VOID TestStackChurn(VOID)
{
    MM_STATISTICS before, after;
    ULONG i;

    MmQueryStatistics(&before);
    for (i = 0; i < STACKS; i++) {
        PVOID stack = MmCreateKernelStack();
        if (!CHECK(stack != NULL))
            return;
        CHECK(!MmIsAddressValid((PCHAR)stack - KE_KERNEL_STACK_SIZE - 1));
        CHECK(MmIsAddressValid((PCHAR)stack - 1) && MmIsAddressValid((PCHAR)stack - KE_KERNEL_STACK_SIZE));
        MmDeleteKernelStack(stack);
    }
    MmQueryStatistics(&after);
    CHECK(after.SystemPages < before.SystemPages + STACKS);    /* not a page of each; others may have taken some */
}

static VOID TestFindExport(VOID)
{
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");

    if (!CHECK(kernel != NULL))
        return;
    CHECK(MmFindImage("NTOSKRNL") == kernel && MmFindImage("ntos") == NULL && MmFindImage("nosuch.sys") == NULL);
    CHECK(MmFindExport(kernel, "KeSetEvent", 0) == (ULONG64)KeSetEvent);
    CHECK(MmFindExport(kernel, "NoSuchExport", 0) == 0);
    CHECK(MmImageOfAddress((ULONG64)KeSetEvent) == kernel && MmImageOfAddress(0x1000) == NULL);
}

static VOID TestPagableSections(VOID)
{
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");
    PVOID code = MmLockPagableDataSection((PVOID)(ULONG_PTR)KeSetEvent), data = MmLockPagableDataSection(&MmHighestUserAddress);
    LONG locks = *(volatile LONG *)code;

    CHECK(locks >= 1 && code != data && MmLockPagableDataSection((PVOID)(ULONG_PTR)KeResetEvent) == code);
    MmLockPagableSectionByHandle(code);
    CHECK(*(volatile LONG *)code == locks + 2);
    MmUnlockPagableImageSection(code);
    MmUnlockPagableImageSection(code);
    MmUnlockPagableImageSection(code);
    MmUnlockPagableImageSection(data);
    CHECK(*(volatile LONG *)code == locks - 1);
    CHECK(MmPageEntireDriver((PVOID)(ULONG_PTR)KeSetEvent) == kernel->Entry.DllBase && MmPageEntireDriver(NULL) == NULL);
    MmResetDriverPaging((PVOID)(ULONG_PTR)KeSetEvent);
}

static VOID TestGlobals(VOID)
{
    CHECK(MmHighestUserAddress == (PVOID)0x00007FFFFFFEFFFF && MmUserProbeAddress == 0x00007FFFFFFF0000);
    CHECK(MmSystemRangeStart == (PVOID)0xFFFF800000000000);
}

static const KE_TEST MiMemoryTable[] = {
    { "mm.image.pagable", TestPagableSections, 0 },
    { "mm.pool.kinds", TestPoolKinds, 0 },
    { "mm.pool.reuse", TestPoolReuse, 0 },
    { "mm.pool.almostpage", TestPoolAlmostPage, 0 },
    { "mm.pool.allocate2", TestPoolAllocate2, 0 },
    { "mm.pool.contention", TestPoolContention, 0 },
    { "mm.physical", TestPhysical, 0 },
    { "mm.valid", TestValid, 0 },
    { "mm.iospace", TestIoSpace, 0 },
    { "mm.contiguous", TestContiguous, 0 },
    { "mm.mdl.lock", TestMdlLockAndMap, 0 },
    { "mm.mdl.make", TestMakeMdl, 0 },
    { "mm.mdl.nonpaged", TestMdlNonPaged, 0 },
    { "mm.mdl.bad_buffer", TestMdlBadBuffer, 0 },
    { "mm.mdl.pages", TestMdlPages, 0 },
    { "mm.stack.churn", TestStackChurn, 0 },
    { "mm.globals", TestGlobals, 0 },
    { "mm.image.exports", TestFindExport, 0 },
};
const KE_TEST_GROUP MiMemoryTests = { MiMemoryTable, RTL_NUMBER_OF(MiMemoryTable) };
