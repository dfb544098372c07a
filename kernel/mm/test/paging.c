/* SPDX-License-Identifier: MIT
 * Pages to a page file and back: patterns, errors, rescue, freeing under way, locked pages, sections, contention. The page file is one in
 * memory, whose transfers a test can count, fail and hold up; the trimmer is played by the test, in the System process.
 */
#include "test.h"
#include "../trim.h"

#define FILE_PAGES 1024u
#define BLOCK_PAGES 150u                         /* more than two clusters */

typedef struct TEST_FILE {
    MI_PAGE_FILE File;                           /* first */
    PUCHAR Bytes;
    volatile NTSTATUS ReadStatus, WriteStatus;
    volatile LONG Reads, Writes;
    volatile LONG Hold;                          /* the next transfer: says so at Begun, and waits for GoOn */
    KEVENT Begun, GoOn;
} TEST_FILE;

static TEST_FILE Disk;

static NTSTATUS TestTransfer(MI_PAGE_FILE *File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes)
{
    TEST_FILE *disk = (TEST_FILE *)File;
    PVOID memory = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    NTSTATUS status = Write ? disk->WriteStatus : disk->ReadStatus;

    InterlockedIncrement(Write ? &disk->Writes : &disk->Reads);
    if (!CHECK(memory != NULL && Offset + MmGetMdlByteCount(Mdl) <= (ULONG64)FILE_PAGES << PAGE_SHIFT))
        return STATUS_INVALID_PARAMETER;
    if (InterlockedExchange(&disk->Hold, 0) != 0) {
        KeSetEvent(&disk->Begun, 0, FALSE);
        KeWaitForSingleObject(&disk->GoOn, Executive, KernelMode, FALSE, NULL);
    }
    if (!NT_SUCCESS(status))
        return status;
    if (Write)
        RtlCopyMemory(disk->Bytes + Offset, memory, MmGetMdlByteCount(Mdl));
    else
        RtlCopyMemory(memory, disk->Bytes + Offset, MmGetMdlByteCount(Mdl));
    *Bytes = MmGetMdlByteCount(Mdl);
    return STATUS_SUCCESS;
}

static BOOLEAN Begin(VOID)
{
    RtlZeroMemory(&Disk, sizeof(Disk));
    KeInitializeEvent(&Disk.Begun, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Disk.GoOn, SynchronizationEvent, FALSE);
    Disk.File.Transfer = TestTransfer;
    Disk.File.Pages = FILE_PAGES;
    Disk.Bytes = MmAllocatePagesForKernel((SIZE_T)FILE_PAGES << PAGE_SHIFT);
    if (!CHECK(Disk.Bytes != NULL && MiPageFilePages == 0))
        return FALSE;
    return CHECK(NT_SUCCESS(MiAddPageFile(&Disk.File)));
}

/* Every slot has come back. */
static VOID End(VOID)
{
    CHECK(Disk.File.Used == 0 && MiPageFileFree == FILE_PAGES);
    if (CHECK(MiRemovePageFile(&Disk.File)))
        MmFreePagesForKernel(Disk.Bytes, (SIZE_T)FILE_PAGES << PAGE_SHIFT);
    CHECK(MiPageFilePages == 0 && MiPageFileFree == 0);
}

static volatile ULONG *Allocate(ULONG Pages)
{
    PVOID base = NULL;
    SIZE_T size = (SIZE_T)Pages << PAGE_SHIFT;
    return CHECK(NT_SUCCESS(MmAllocateUserMemory(&base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))) ? base : NULL;
}

static VOID Free(volatile VOID *Base)
{
    PVOID base = (PVOID)Base;
    SIZE_T size = 0;
    CHECK(NT_SUCCESS(MmFreeUserMemory(&base, &size, MEM_RELEASE)));
}

static VOID Fill(volatile ULONG *Block, ULONG Pages, ULONG Seed)
{
    ULONG i;
    for (i = 0; i < Pages; i++) {
        Block[i * 1024] = Seed + i;
        Block[i * 1024 + 1023] = ~(Seed + i);
    }
}

static BOOLEAN Holds(volatile ULONG *Block, ULONG Pages, ULONG Seed)
{
    ULONG i;
    for (i = 0; i < Pages; i++)
        if (Block[i * 1024] != Seed + i || Block[i * 1024 + 1023] != ~(Seed + i))
            return FALSE;
    return TRUE;
}

/* Twice around: what is in use now is not the second time. */
static ULONG Sweep(VOID)
{
    MI_ADDRESS_SPACE *space = MiSpaceOf(MiCurrentProcess());
    ULONG gained = 0, round;

    ExLockExclusive(&MiTrimLock);
    for (round = 0; round < 3; round++)
        while (!MiSweepSpace(space, &gained))
            NOTHING;
    ExUnlockExclusive(&MiTrimLock);
    return gained;
}

static ULONG64 EntryOf(volatile VOID *Address) { return MiPageState(&(MI_VAD){ .Kind = MiVadPrivate }, (ULONG64)Address >> PAGE_SHIFT); }
static BOOLEAN IsPaged(volatile VOID *Address) { return (EntryOf(Address) & (MI_PTE_VALID | MI_SOFT_PAGED)) == MI_SOFT_PAGED; }
static BOOLEAN IsPresent(volatile VOID *Address) { return (EntryOf(Address) & MI_PTE_VALID) != 0; }

static NTSTATUS Touch(volatile ULONG *Address, BOOLEAN Write)
{
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        ULONG value = *Address;
        if (Write)
            *Address = value;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

/* ---- There and back ---- */
static VOID RoundTrip(VOID)
{
    MI_ADDRESS_SPACE *space = MiSpaceOf(MiCurrentProcess());
    volatile ULONG *block;
    ULONG64 resident;
    ULONG round;

    if (!Begin())
        return;
    block = Allocate(BLOCK_PAGES);
    for (round = 0; round < 3; round++) {
        Fill(block, BLOCK_PAGES, round * 100000);
        resident = space->Resident;
        CHECK(Sweep() >= BLOCK_PAGES && Disk.File.Used >= BLOCK_PAGES);
        CHECK(IsPaged(block) && IsPaged(block + (BLOCK_PAGES - 1) * 1024) && space->Resident <= resident - BLOCK_PAGES);
        CHECK(Holds(block, BLOCK_PAGES, round * 100000) && IsPresent(block));
    }
    CHECK(Disk.Writes < (LONG)BLOCK_PAGES * 3 / 8 && Disk.Reads <= (LONG)BLOCK_PAGES * 3 / 4);      /* clusters */
    Free(block);
    End();
}

static VOID Protections(VOID)
{
    MEMORY_BASIC_INFORMATION facts;
    volatile ULONG *block;
    PVOID base;
    SIZE_T size;
    ULONG old;

    if (!Begin())
        return;
    base = (PVOID)(block = Allocate(8));
    Fill(block, 8, 5);
    Sweep();
    size = 2 * PAGE_SIZE;
    CHECK(IsPaged(block) && NT_SUCCESS(MmProtectUserMemory(&base, &size, PAGE_READONLY, &old)) && old == PAGE_READWRITE);
    CHECK(IsPaged(block) && NT_SUCCESS(MmQueryUserMemory((PVOID)block, &facts)));
    CHECK(facts.State == MEM_COMMIT && facts.Protect == PAGE_READONLY && facts.RegionSize == 2 * PAGE_SIZE);
    CHECK(Touch(block, TRUE) == STATUS_ACCESS_VIOLATION && Touch(block, FALSE) == STATUS_SUCCESS);
    base = (PVOID)(block + 4 * 1024), size = PAGE_SIZE;
    CHECK(NT_SUCCESS(MmProtectUserMemory(&base, &size, PAGE_READWRITE | PAGE_GUARD, &old)));
    CHECK(Touch(block + 4 * 1024, FALSE) == STATUS_GUARD_PAGE_VIOLATION && Touch(block + 4 * 1024, TRUE) == STATUS_SUCCESS);
    base = (PVOID)(block + 6 * 1024), size = PAGE_SIZE;
    CHECK(NT_SUCCESS(MmAllocateUserMemory(&base, 0, &size, MEM_COMMIT, PAGE_READWRITE)));        /* again: it keeps what it has */
    CHECK(Holds(block, 8, 5));
    Sweep();
    base = (PVOID)block, size = 4 * PAGE_SIZE;
    old = Disk.File.Used;
    CHECK(NT_SUCCESS(MmFreeUserMemory(&base, &size, MEM_DECOMMIT)) && Disk.File.Used == old - 4);
    base = (PVOID)block;
    CHECK(NT_SUCCESS(MmAllocateUserMemory(&base, 0, &size, MEM_COMMIT, PAGE_READWRITE)) && block[0] == 0 && block[3 * 1024] == 0);
    Free(block);
    End();
}

/* A page without access goes, too, and comes back when it has. */
static VOID NoAccess(VOID)
{
    volatile ULONG *block;
    SIZE_T size = PAGE_SIZE;
    PVOID base;
    ULONG old;

    if (!Begin())
        return;
    base = (PVOID)(block = Allocate(1));
    Fill(block, 1, 77);
    CHECK(NT_SUCCESS(MmProtectUserMemory(&base, &size, PAGE_NOACCESS, &old)));
    Sweep();
    CHECK(IsPaged(block) && Touch(block, FALSE) == STATUS_ACCESS_VIOLATION && Disk.Reads == 0);
    CHECK(NT_SUCCESS(MmProtectUserMemory(&base, &size, PAGE_READWRITE, &old)) && old == PAGE_NOACCESS && Holds(block, 1, 77));
    Free(block);
    End();
}

static VOID Errors(VOID)
{
    volatile ULONG *block;

    if (!Begin())
        return;
    block = Allocate(4);
    Fill(block, 4, 1);
    Disk.WriteStatus = STATUS_DEVICE_DATA_ERROR;
    Sweep();
    CHECK(Disk.Writes != 0 && !IsPaged(block) && Disk.File.Used == 0 && Holds(block, 4, 1) && Disk.Reads == 0);
    Disk.WriteStatus = STATUS_SUCCESS;
    Sweep();
    Disk.ReadStatus = STATUS_DEVICE_DATA_ERROR;
    CHECK(IsPaged(block) && Touch(block, FALSE) == STATUS_IN_PAGE_ERROR && IsPaged(block));
    CHECK(Touch(block + 1024, TRUE) == STATUS_IN_PAGE_ERROR);
    Disk.ReadStatus = STATUS_SUCCESS;
    CHECK(Holds(block, 4, 1));
    Free(block);
    End();
}

/* No room: what does not fit stays. */
static VOID Full(VOID)
{
    volatile ULONG *block;
    ULONG64 taken;
    ULONG i, count = 0;

    if (!Begin())
        return;
    for (i = 0; i < FILE_PAGES - 10; i++)
        count += MiTakeSlots(1, &taken);
    CHECK(count == FILE_PAGES - 10);
    block = Allocate(40);
    Fill(block, 40, 9);
    Sweep();
    CHECK(Disk.File.Used <= FILE_PAGES && Holds(block, 40, 9));
    Free(block);
    for (i = 0; i < count; i++)
        MiFreeSlot(i);
    End();
}

/* ---- While pages are on their way ---- */
static VOID SweepInThread(PVOID Context, ULONG Index)
{
    volatile ULONG *block = Context;
    PVOID base = (PVOID)block;
    SIZE_T size = 0;

    if (Index == 0) {
        Sweep();
        return;
    }
    KeWaitForSingleObject(&Disk.Begun, Executive, KernelMode, FALSE, NULL);
    if (block[1] == 0) {                         /* rescued: it is there, and can be written */
        block[0] = 4711;
        CHECK(IsPresent(block) && Disk.Reads == 0);
    } else {
        CHECK(NT_SUCCESS(MmFreeUserMemory(&base, &size, MEM_RELEASE)));
    }
    KeSetEvent(&Disk.GoOn, 0, FALSE);
}

static VOID Rescue(VOID)
{
    volatile ULONG *block;

    if (!Begin())
        return;
    block = Allocate(1);
    block[0] = 1;
    Disk.Hold = TRUE;
    TestRunThreads(2, SweepInThread, (PVOID)block);
    CHECK(block[0] == 4711 && Disk.Hold == 0);
    Free(block);
    End();
}

static VOID FreeWhileWritten(VOID)
{
    volatile ULONG *block;

    if (!Begin())
        return;
    block = Allocate(20);
    Fill(block, 20, 3);
    block[1] = 1;                                /* after a look at it, which rescues, it is freed */
    Disk.Hold = TRUE;
    TestRunThreads(2, SweepInThread, (PVOID)block);
    CHECK(EntryOf(block) == MiSoftEntry(MI_DECOMMITTED));
    End();
}

static VOID FaultInThread(PVOID Context, ULONG Index)
{
    volatile ULONG *block = Context;

    if (Index != 0) {
        CHECK(block[0] == 3);
        return;
    }
    KeWaitForSingleObject(&Disk.Begun, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&Disk.GoOn, 0, FALSE);
}

/* Whoever faults, the page is read once. */
static VOID TwoFaults(VOID)
{
    volatile ULONG *block;

    if (!Begin())
        return;
    block = Allocate(1);
    Fill(block, 1, 3);
    Sweep();
    CHECK(IsPaged(block));
    Disk.Hold = TRUE;
    TestRunThreads(4, FaultInThread, (PVOID)block);
    CHECK(Disk.Reads == 1);
    Free(block);
    End();
}

static VOID FreeInThread(PVOID Context, ULONG Index)
{
    volatile ULONG *block = Context;
    PVOID base = (PVOID)block;
    SIZE_T size = 0;

    if (Index == 0) {
        CHECK(Touch(block, FALSE) == STATUS_ACCESS_VIOLATION);
        return;
    }
    KeWaitForSingleObject(&Disk.Begun, Executive, KernelMode, FALSE, NULL);
    CHECK(NT_SUCCESS(MmFreeUserMemory(&base, &size, MEM_RELEASE)));
    KeSetEvent(&Disk.GoOn, 0, FALSE);
}

static VOID FreeWhileRead(VOID)
{
    MM_STATISTICS before, after;
    volatile ULONG *block;

    if (!Begin())
        return;
    MmQueryStatistics(&before);
    block = Allocate(6);
    Fill(block, 6, 3);
    Sweep();
    Disk.Hold = TRUE;
    TestRunThreads(2, FreeInThread, (PVOID)block);
    MmQueryStatistics(&after);
    CHECK(after.FreePages + 32 > before.FreePages);
    End();
}

/* ---- Who stays ---- */
static VOID Locked(VOID)
{
    volatile ULONG *block;
    PHYSICAL_ADDRESS before;
    PMDL mdl;

    if (!Begin())
        return;
    block = Allocate(4);
    Fill(block, 4, 8);
    mdl = IoAllocateMdl((PVOID)(block + 1024), 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    before = MmGetPhysicalAddress((PVOID)(block + 1024));
    Sweep();
    CHECK(IsPaged(block) && !IsPaged(block + 1024) && !IsPaged(block + 2048) && IsPaged(block + 3072));
    CHECK(MmGetMdlPfnArray(mdl)[0] == (ULONG64)before.QuadPart >> PAGE_SHIFT && Holds(block, 4, 8));
    CHECK(MmGetPhysicalAddress((PVOID)(block + 1024)).QuadPart == before.QuadPart);
    MmUnlockPages(mdl);
    Sweep();
    CHECK(IsPaged(block + 1024));
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);            /* brings them back */
    CHECK(IsPresent(block + 1024));
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    CHECK(Holds(block, 4, 8));
    Free(block);
    End();
}

/* ---- Sections ---- */
static ULONG SweepSection(const MM_SECTION *Section)
{
    ULONG gained = 0;
    ULONG64 at = 0;

    Sweep();
    ExLockExclusive(&MiTrimLock);
    while (!MiSweepSegment(Section->Segment, &at, &gained))
        NOTHING;
    ExUnlockExclusive(&MiTrimLock);
    return gained;
}

static VOID Sections(VOID)
{
    MM_VIEW views[2] = { { .Protect = PAGE_READWRITE }, { .Protect = PAGE_READWRITE } };
    volatile ULONG *first, *second;
    MM_SECTION section;
    PVOID system = NULL;
    SIZE_T size = 0;

    if (!Begin())
        return;
    if (!CHECK(NT_SUCCESS(MmOpenSection(NULL, 70 * PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT, &section))))
        return;
    CHECK(NT_SUCCESS(MmMapView(&section, &views[0])) && NT_SUCCESS(MmMapView(&section, &views[1])));
    first = views[0].Base, second = views[1].Base;
    Fill(first, 70, 40);
    CHECK(Holds(second, 70, 40) && SweepSection(&section) == 70 && Disk.File.Used >= 70);
    Disk.ReadStatus = STATUS_DEVICE_DATA_ERROR;
    CHECK(Touch(second, FALSE) == STATUS_IN_PAGE_ERROR);
    Disk.ReadStatus = STATUS_SUCCESS;
    CHECK(Holds(second, 70, 40) && Holds(first, 70, 40));
    Fill(second, 70, 41);
    CHECK(SweepSection(&section) == 70 && NT_SUCCESS(MmMapSystemView(&section, &system, 0, &size)) && Holds(system, 70, 41));
    CHECK(SweepSection(&section) == 0 && NT_SUCCESS(MmUnmapSystemView(system)));    /* what the system sees stays */
    CHECK(SweepSection(&section) == 70 && NT_SUCCESS(MmUnmapView(views[0].Base)) && Holds(second, 10, 41));
    CHECK(NT_SUCCESS(MmUnmapView(views[1].Base)));
    MmCloseSection(&section);                    /* with most of it away */
    End();
}

static VOID CopiesOnWrite(VOID)
{
    MM_VIEW view = { .Protect = PAGE_WRITECOPY }, own = { .Protect = PAGE_READWRITE };
    ULONG64 committed = MmCommittedPages();
    volatile ULONG *copy, *all;
    MM_SECTION section;

    if (!Begin())
        return;
    CHECK(NT_SUCCESS(MmOpenSection(NULL, 4 * PAGE_SIZE, PAGE_READWRITE, SEC_COMMIT, &section)));
    CHECK(NT_SUCCESS(MmMapView(&section, &view)) && NT_SUCCESS(MmMapView(&section, &own)));
    copy = view.Base, all = own.Base;
    Fill(all, 4, 10);
    copy[0] = 99;
    CHECK(MmCommittedPages() == committed + 5);
    SweepSection(&section);
    CHECK(copy[0] == 99 && copy[1023] == ~10u && all[0] == 10 && copy[1024] == 11);
    SweepSection(&section);
    copy[0] = 100;
    copy[1024] = 55;
    CHECK(all[0] == 10 && all[1024] == 11 && copy[0] == 100 && copy[1024] == 55);
    SweepSection(&section);
    CHECK(NT_SUCCESS(MmUnmapView(view.Base)) && NT_SUCCESS(MmUnmapView(own.Base)));
    MmCloseSection(&section);
    CHECK(MmCommittedPages() == committed);
    End();
}

/* ---- Commit ---- */
static VOID Commit(VOID)
{
    MM_COMMIT before, after;

    MmQueryCommit(&before);
    if (!Begin())
        return;
    MmQueryCommit(&after);
    CHECK(after.Limit == before.Limit + FILE_PAGES && after.Committed <= after.Limit);
    CHECK(!MiChargeCommit(after.Limit + 1) && !MiChargeCommit(~0ull >> 13) && MiChargeCommit(16));
    MiReturnCommit(16);
    End();
}

/* ---- All at once: each thread has memory of its own and checks it all the time, another sweeps ---- */
#define STORM_PAGES 120u
#define STORM_ROUNDS 12u
#define STORM_READS 60                           /* by all: until then it goes on */
static volatile LONG StormLeft;

static VOID Storm(PVOID Context, ULONG Index)
{
    volatile ULONG *shared = Context, *block;
    ULONG round, i;

    if (Index == 0) {
        while (StormLeft != 0)
            Sweep();
        return;
    }
    block = Allocate(STORM_PAGES);
    for (round = 0; round < STORM_ROUNDS || Disk.Reads < STORM_READS; round++) {
        Fill(block, STORM_PAGES, Index * 1000000 + round);
        for (i = 0; i < 32; i++)                 /* a word of each shared page is this thread's */
            shared[i * 1024 + Index] = Index * 1000 + round + i;
        CHECK(Holds(block, STORM_PAGES, Index * 1000000 + round));
        for (i = 0; i < 32; i++)
            CHECK(shared[i * 1024 + Index] == Index * 1000 + round + i);
    }
    Free(block);
    InterlockedDecrement(&StormLeft);
}

static VOID Contention(VOID)
{
    MM_STATISTICS before, after;
    volatile ULONG *shared;

    if (!Begin())
        return;
    shared = Allocate(32);
    Fill(shared, 32, 0);
    MmQueryStatistics(&before);
    StormLeft = 4;
    TestRunThreads(5, Storm, (PVOID)shared);
    MmQueryStatistics(&after);
    CHECK(after.FreePages + 128 > before.FreePages);
    Free(shared);
    End();
}

static const KE_TEST MiPagingTable[] = {
    { "mm.paging.roundtrip", RoundTrip, 0 },
    { "mm.paging.protections", Protections, 0 },
    { "mm.paging.noaccess", NoAccess, 0 },
    { "mm.paging.errors", Errors, 0 },
    { "mm.paging.full", Full, 0 },
    { "mm.paging.rescue", Rescue, 0 },
    { "mm.paging.freewritten", FreeWhileWritten, 0 },
    { "mm.paging.twofaults", TwoFaults, 0 },
    { "mm.paging.freeread", FreeWhileRead, 0 },
    { "mm.paging.locked", Locked, 0 },
    { "mm.paging.sections", Sections, 0 },
    { "mm.paging.copies", CopiesOnWrite, 0 },
    { "mm.paging.commit", Commit, 0 },
    { "mm.paging.contention", Contention, 0 },
};
const KE_TEST_GROUP MiPagingTests = { MiPagingTable, RTL_NUMBER_OF(MiPagingTable) };
