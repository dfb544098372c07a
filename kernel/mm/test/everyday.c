/* SPDX-License-Identifier: MIT
 * Probes, partial and adjusted MDLs, noncached memory, copies of physical memory, pool on quota.
 */
#include "test.h"
#include "mm.h"
#include "ke.h"

#define TAG 'veTT'

static NTSTATUS ProbeStatus(BOOLEAN Write, ULONG64 Address, SIZE_T Length, ULONG Alignment)
{
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        if (Write)
            ProbeForWrite((PVOID)Address, Length, Alignment);
        else
            ProbeForRead((PVOID)Address, Length, Alignment);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

static VOID TestProbe(VOID)
{
    ULONG write;

    for (write = 0; write < 2; write++) {
        CHECK(ProbeStatus(write != 0, 0xFFFF800000000001, 0, 8) == STATUS_SUCCESS);
        CHECK(ProbeStatus(write != 0, 0x10001, 4, 4) == STATUS_DATATYPE_MISALIGNMENT);
        CHECK(ProbeStatus(write != 0, 0xFFFF800000000000, 4, 4) == STATUS_ACCESS_VIOLATION);
        CHECK(ProbeStatus(write != 0, 0x7FFFFFFEFFFF, 2, 1) == STATUS_ACCESS_VIOLATION);
        CHECK(ProbeStatus(write != 0, 0x7FFFFFFE0000, ~0ull - 8, 1) == STATUS_ACCESS_VIOLATION);
    }
    CHECK(ProbeStatus(FALSE, 0x7FFFFFFEFFFF, 1, 1) == STATUS_SUCCESS);     /* read probes do not touch */
    CHECK(ProbeStatus(TRUE, 0x7FFFFFFE0000, 1, 1) == STATUS_ACCESS_VIOLATION);
}

static VOID TestPartialMdl(VOID)
{
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, TAG), view;
    PMDL source = IoAllocateMdl(buffer + 16, 3 * PAGE_SIZE - 16, FALSE, FALSE, NULL);
    PMDL target = IoAllocateMdl(buffer + 16, 3 * PAGE_SIZE - 16, FALSE, FALSE, NULL);

    MmProbeAndLockPages(source, KernelMode, IoWriteAccess);
    IoBuildPartialMdl(source, target, buffer + PAGE_SIZE + 8, 0);
    CHECK(MmGetMdlByteCount(target) == 2 * PAGE_SIZE - 8 && MmGetMdlByteOffset(target) == 8);
    CHECK(MmGetMdlVirtualAddress(target) == buffer + PAGE_SIZE + 8);
    CHECK(MmGetMdlPfnArray(target)[0] == MmGetMdlPfnArray(source)[1] && MmGetMdlPfnArray(target)[1] == MmGetMdlPfnArray(source)[2]);
    view = MmGetSystemAddressForMdlSafe(target, NormalPagePriority);
    if (CHECK(view != NULL)) {
        view[0] = 0x5A;
        CHECK(buffer[PAGE_SIZE + 8] == 0x5A);
    }
    MmPrepareMdlForReuse(target);
    view = MmGetSystemAddressForMdlSafe(source, NormalPagePriority);
    IoBuildPartialMdl(source, target, buffer + 20, 10);
    CHECK(MmGetMdlByteCount(target) == 10 && MmGetSystemAddressForMdlSafe(target, NormalPagePriority) == view + 4);
    IoFreeMdl(target);
    MmUnlockPages(source);
    IoFreeMdl(source);
    ExFreePoolWithTag(buffer, TAG);
}

static VOID TestAdjustMdl(VOID)
{
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, TAG), view;
    PMDL mdl = IoAllocateMdl(buffer, 3 * PAGE_SIZE, FALSE, FALSE, NULL);
    PFN_NUMBER second;

    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    CHECK(MmProtectMdlSystemAddress(mdl, PAGE_READONLY) == STATUS_NOT_MAPPED_VIEW);
    view = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    CHECK(MmProtectMdlSystemAddress(mdl, PAGE_WRITECOPY) == STATUS_INVALID_PAGE_PROTECTION);
    CHECK(NT_SUCCESS(MmProtectMdlSystemAddress(mdl, PAGE_NOACCESS)) && !MmIsAddressValid(view));
    CHECK(NT_SUCCESS(MmProtectMdlSystemAddress(mdl, PAGE_READWRITE)) && MmIsAddressValid(view));
    second = MmGetMdlPfnArray(mdl)[1];
    CHECK(MmAdvanceMdl(mdl, 3 * PAGE_SIZE) == STATUS_INVALID_PARAMETER_2);
    CHECK(MmAdvanceMdl(mdl, PAGE_SIZE + 32) == STATUS_SUCCESS);
    CHECK(MmGetMdlByteCount(mdl) == 2 * PAGE_SIZE - 32 && MmGetMdlByteOffset(mdl) == 32 && MmGetMdlPfnArray(mdl)[0] == second);
    CHECK(MmGetMdlVirtualAddress(mdl) == buffer + PAGE_SIZE + 32 && mdl->MappedSystemVa == view + PAGE_SIZE + 32);
    CHECK(!MmIsAddressValid(view) && MmIsAddressValid(view + PAGE_SIZE));
    MmUnlockPages(mdl);
    CHECK(!MmIsAddressValid(view + PAGE_SIZE));
    IoFreeMdl(mdl);
    ExFreePoolWithTag(buffer, TAG);
}

static VOID TestNonCached(VOID)
{
    PULONG block, again;

    block = MmAllocateNonCachedMemory(5000);
    if (!CHECK(block != NULL && ((ULONG64)block & (PAGE_SIZE - 1)) == 0))
        return;
    block[1249] = 7;
    CHECK(block[1249] == 7);
    MmFreeNonCachedMemory(block, 5000);
    CHECK(!MmIsAddressValid(block));
    again = MmAllocateNonCachedMemory(5000);
    if (CHECK(again != NULL && again[1249] == 0))                /* others use system addresses meanwhile: no counting here */
        MmFreeNonCachedMemory(again, 5000);
    CHECK(MmAllocateNonCachedMemory(0) == NULL);
}

static VOID TestCopyMemory(VOID)
{
    PUCHAR source = ExAllocatePoolWithTag(NonPagedPool, 2 * PAGE_SIZE, TAG), target = ExAllocatePoolWithTag(NonPagedPool, 64, TAG);
    MM_COPY_ADDRESS from = { .VirtualAddress = source + PAGE_SIZE - 8 };
    SIZE_T copied = 99;
    ULONG i;

    for (i = 0; i < 2 * PAGE_SIZE; i++)
        source[i] = (UCHAR)(i * 7);
    CHECK(NT_SUCCESS(MmCopyMemory(target, from, 64, MM_COPY_MEMORY_VIRTUAL, &copied)) && copied == 64);
    CHECK(RtlCompareMemory(target, source + PAGE_SIZE - 8, 64) == 64);
    from.PhysicalAddress = MmGetPhysicalAddress(source + 5);
    RtlZeroMemory(target, 64);
    CHECK(NT_SUCCESS(MmCopyMemory(target, from, 30, MM_COPY_MEMORY_PHYSICAL, &copied)) && copied == 30);
    CHECK(RtlCompareMemory(target, source + 5, 30) == 30 && target[30] == 0);
    from.PhysicalAddress.QuadPart = 0xFEE00000;            /* the local APIC is no RAM */
    CHECK(!NT_SUCCESS(MmCopyMemory(target, from, 4, MM_COPY_MEMORY_PHYSICAL, &copied)) && copied == 0);
    from.VirtualAddress = (PVOID)0xFFFFE00000000000;
    CHECK(!NT_SUCCESS(MmCopyMemory(target, from, 4, MM_COPY_MEMORY_VIRTUAL, &copied)) && copied == 0);
    CHECK(MmCopyMemory(target, from, 4, 3, &copied) == STATUS_INVALID_PARAMETER_4);
    CHECK(MmGetVirtualForPhysical(MmGetPhysicalAddress(source + 5)) == source + 5);
    ExFreePoolWithTag(source, TAG);
    ExFreePoolWithTag(target, TAG);
}

static VOID TestRanges(VOID)
{
    PPHYSICAL_MEMORY_RANGE ranges = MmGetPhysicalMemoryRanges();
    PHYSICAL_ADDRESS here = MmGetPhysicalAddress(&ranges);
    ULONG64 bytes = 0;
    BOOLEAN found = FALSE;
    MM_STATISTICS memory;
    ULONG i;

    if (!CHECK(ranges != NULL))
        return;
    for (i = 0; ranges[i].NumberOfBytes.QuadPart != 0; i++) {
        CHECK(i == 0 || ranges[i].BaseAddress.QuadPart > ranges[i - 1].BaseAddress.QuadPart + ranges[i - 1].NumberOfBytes.QuadPart);
        bytes += (ULONG64)ranges[i].NumberOfBytes.QuadPart;
        found = found || (here.QuadPart >= ranges[i].BaseAddress.QuadPart &&
                          here.QuadPart < ranges[i].BaseAddress.QuadPart + ranges[i].NumberOfBytes.QuadPart);
    }
    ExFreePool(ranges);
    MmQueryStatistics(&memory);
    CHECK(found && bytes >> PAGE_SHIFT == memory.TotalPages);
    CHECK(Mm64BitPhysicalAddress);
    CHECK(MmQuerySystemSize() == (memory.TotalPages < 8192 ? MmSmallSystem : memory.TotalPages < 131072 ? MmMediumSystem
                                                                                                        : MmLargeSystem));
}

static VOID TestQuota(VOID)
{
    PVOID block = ExAllocatePoolWithQuotaTag(PagedPool, 100, TAG), fail = ExAllocatePoolWithQuotaTag(
        (POOL_TYPE)(PagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 1ull << 40, TAG);
    NTSTATUS status = STATUS_SUCCESS;

    CHECK(block != NULL && fail == NULL);
    ExFreePoolWithTag(block, TAG);
    __try {
        ExAllocatePoolWithQuotaTag(PagedPool, 1ull << 40, TAG);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_INSUFFICIENT_RESOURCES);
}

static const KE_TEST MiEverydayTable[] = {
    { "mm.probe", TestProbe, 0 },
    { "mm.mdl.partial", TestPartialMdl, 0 },
    { "mm.mdl.adjust", TestAdjustMdl, 0 },
    { "mm.noncached", TestNonCached, 0 },
    { "mm.copymemory", TestCopyMemory, 0 },
    { "mm.ranges", TestRanges, 0 },
    { "mm.pool.quota", TestQuota, 0 },
};
const KE_TEST_GROUP MiEverydayTests = { MiEverydayTable, RTL_NUMBER_OF(MiEverydayTable) };
