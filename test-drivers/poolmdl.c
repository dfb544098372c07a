/* SPDX-License-Identifier: MIT
 * Pool of every kind and size, and memory descriptor lists: built, locked, mapped again, in part, and with pages of their own.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define LARGE (5 * PAGE_SIZE + 100)

static VOID Fill(PUCHAR Memory, SIZE_T Size, UCHAR Value) { RtlFillMemory(Memory, Size, Value); }

static BOOLEAN IsFilled(const UCHAR *Memory, SIZE_T Size, UCHAR Value)
{
    SIZE_T i;

    for (i = 0; i < Size; i++) {
        if (Memory[i] != Value)
            return FALSE;
    }
    return TRUE;
}

/* Each size twice: neighbours do not overlap; a page and more begins on a page, less crosses none. */
static VOID CheckPool(POOL_TYPE Type)
{
    static const ULONG sizes[] = { 1, 8, 16, 17, 100, 1000, 4000, 4048, 4064, 4080, 4081, 4095, 4096, 4097, 8192, LARGE, 300000 };
    PUCHAR first, second;
    ULONG i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        first = ExAllocatePoolWithTag(Type, sizes[i], TEST_TAG);
        second = ExAllocatePoolWithTag(Type, sizes[i], TEST_TAG);
        if (!Check(first != NULL && second != NULL, "pool memory"))
            return;
        Check((ULONG_PTR)first % 16 == 0 && (sizes[i] < PAGE_SIZE || (ULONG_PTR)first % PAGE_SIZE == 0), "its alignment");
        Check(sizes[i] > PAGE_SIZE || ADDRESS_AND_SIZE_TO_SPAN_PAGES(first, sizes[i]) == 1, "less than a page crosses none");
        Fill(first, sizes[i], 0x11);
        Fill(second, sizes[i], 0x22);
        Check(IsFilled(first, sizes[i], 0x11) && IsFilled(second, sizes[i], 0x22), "neighbours");
        ExFreePoolWithTag(first, TEST_TAG);
        Check(IsFilled(second, sizes[i], 0x22), "one is freed, the other stays");
        ExFreePool(second);
    }
}

static VOID CheckPriority(VOID)
{
    PVOID memory = ExAllocatePoolWithTagPriority(NonPagedPool, 64, TEST_TAG, NormalPoolPriority);

    if (Check(memory != NULL, "pool with a priority"))
        ExFreePoolWithTag(memory, TEST_TAG);
}

/* ---- Memory descriptor lists ---- */

static VOID CheckFrames(PMDL Mdl, PUCHAR Address)
{
    ULONG pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(Mdl), MmGetMdlByteCount(Mdl)), i;
    PPFN_NUMBER frames = MmGetMdlPfnArray(Mdl);

    for (i = 0; i < pages; i++)
        Check(frames[i] == (PFN_NUMBER)(MmGetPhysicalAddress(Address + i * PAGE_SIZE).QuadPart >> PAGE_SHIFT), "a page's frame");
}

static VOID CheckNonPaged(VOID)
{
    PUCHAR memory = ExAllocatePoolWithTag(NonPagedPool, LARGE, TEST_TAG);
    PMDL mdl;

    if (!Check(memory != NULL, "nonpaged memory"))
        return;
    mdl = IoAllocateMdl(memory + 100, LARGE - 100, FALSE, FALSE, NULL);
    if (Check(mdl != NULL, "a list")) {
        Check(MmGetMdlByteOffset(mdl) == 100 && MmGetMdlByteCount(mdl) == LARGE - 100, "offset and length");
        Check(MmGetMdlVirtualAddress(mdl) == memory + 100, "the address it describes");
        Check((SIZE_T)mdl->Size >= MmSizeOfMdl(memory + 100, LARGE - 100), "room for its frames");
        MmBuildMdlForNonPagedPool(mdl);
        Check((mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL) != 0, "it says what it describes");
        Check(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == memory + 100, "it is mapped already");
        CheckFrames(mdl, memory);
        IoFreeMdl(mdl);
    }
    ExFreePoolWithTag(memory, TEST_TAG);
}

/* The second and third page, through a list of their own. */
static VOID CheckPartial(PMDL Whole, PUCHAR Memory)
{
    PUCHAR address = (PUCHAR)MmGetMdlVirtualAddress(Whole) + PAGE_SIZE, mapped;
    PMDL part = IoAllocateMdl(address, PAGE_SIZE, FALSE, FALSE, NULL);

    if (!Check(part != NULL, "a partial list"))
        return;
    IoBuildPartialMdl(Whole, part, address, PAGE_SIZE);
    Check((part->MdlFlags & MDL_PARTIAL) != 0 && MmGetMdlByteCount(part) == PAGE_SIZE, "a part of a list");
    mapped = MmGetSystemAddressForMdlSafe(part, NormalPagePriority);
    if (Check(mapped != NULL, "a part is mapped")) {
        mapped[5] = 0x77;
        Check(address[5] == 0x77 && mapped[6] == address[6], "it is that part");
        address[5] = Memory[0];
    }
    MmPrepareMdlForReuse(part);
    IoFreeMdl(part);
}

static VOID CheckPaged(VOID)
{
    PUCHAR memory = ExAllocatePoolWithTag(PagedPool, LARGE, TEST_TAG), alias;
    PMDL mdl;

    if (!Check(memory != NULL, "paged memory"))
        return;
    Fill(memory, LARGE, 0x33);
    mdl = IoAllocateMdl(memory + 50, LARGE - 50, FALSE, FALSE, NULL);
    if (Check(mdl != NULL, "a list")) {
        MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
        Check((mdl->MdlFlags & MDL_PAGES_LOCKED) != 0, "its pages are locked");
        CheckFrames(mdl, memory);
        alias = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
        if (Check(alias != NULL, "its pages are mapped")) {
            Check(alias != memory + 50 && ((ULONG_PTR)alias & (PAGE_SIZE - 1)) == 50, "at another address, with the same offset");
            Check(IsFilled(alias, LARGE - 50, 0x33), "the same memory");
            alias[PAGE_SIZE] = 0x44;
            Check(memory[PAGE_SIZE + 50] == 0x44, "what is written here is there");
            Check(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == alias, "mapped once");
        }
        CheckPartial(mdl, memory);
        MmUnlockPages(mdl);
        Check((mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)) == 0, "unlocked and not mapped");
        IoFreeMdl(mdl);
    }
    ExFreePoolWithTag(memory, TEST_TAG);
}

/* Pages that have no address until they are mapped. */
static VOID CheckOwnPages(VOID)
{
    PHYSICAL_ADDRESS low, high, skip;
    PUCHAR mapped;
    PMDL mdl;

    low.QuadPart = skip.QuadPart = 0;
    high.QuadPart = 0xFFFFFFFF;
    mdl = MmAllocatePagesForMdl(low, high, skip, 4 * PAGE_SIZE);
    if (!Check(mdl != NULL && MmGetMdlByteCount(mdl) == 4 * PAGE_SIZE, "pages"))
        return;
    mapped = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    if (Check(mapped != NULL, "they are mapped")) {
        Check(IsFilled(mapped, 4 * PAGE_SIZE, 0), "they are zero");
        Fill(mapped, 4 * PAGE_SIZE, 0x55);
        CheckFrames(mdl, mapped);
        MmUnmapLockedPages(mapped, mdl);
        mapped = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
        Check(mapped != NULL && IsFilled(mapped, 4 * PAGE_SIZE, 0x55), "mapped again they hold the same");
        MmUnmapLockedPages(mapped, mdl);
    }
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}

static VOID CheckContiguous(VOID)
{
    PHYSICAL_ADDRESS highest;
    PUCHAR memory;
    ULONG i;

    highest.QuadPart = 0xFFFFFFFF;
    memory = MmAllocateContiguousMemory(6 * PAGE_SIZE, highest);
    if (!Check(memory != NULL, "contiguous memory"))
        return;
    for (i = 1; i < 6; i++)
        Check(MmGetPhysicalAddress(memory + i * PAGE_SIZE).QuadPart == MmGetPhysicalAddress(memory).QuadPart + i * PAGE_SIZE, "contiguous");
    Check(MmIsAddressValid(memory) && !MmIsAddressValid(NULL), "valid addresses");
    MmFreeContiguousMemory(memory);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CheckPool(NonPagedPool);
    CheckPool(NonPagedPoolNx);
    CheckPool(PagedPool);
    CheckPriority();
    CheckNonPaged();
    CheckPaged();
    CheckOwnPages();
    CheckContiguous();
    return CheckResult();
}
