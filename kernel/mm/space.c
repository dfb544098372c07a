/* SPDX-License-Identifier: MIT
 * Address spaces: a PML4 of its own for each process, with the kernel half that all share, and what goes when it goes.
 */
#include "space.h"

#define MI_TABLE_ENTRIES 512u
#define MI_KERNEL_HALF 256u
#define MI_ENTRIES_AT_ONCE 32u
#define TAG_SPACE 'psmM'

ULONG64 MiSystemTopTable;
VOID MiLockAddressSpace(PEPROCESS Process)
{
    KeEnterGuardedRegion();
    ExfAcquirePushLockExclusive(&Process->AddressCreationLock);
}

VOID MiUnlockAddressSpace(PEPROCESS Process)
{
    ExfReleasePushLockExclusive(&Process->AddressCreationLock);
    KeLeaveGuardedRegion();
}

/* ---- Making ---- */
/* Every top entry of the kernel half exists from the boot on, so that address spaces need not be told of new ones. */
VOID MiCreateKernelHalf(VOID)
{
    static const ULONG64 regions[] = { MI_PAGED_POOL, MI_NONPAGED_POOL, MI_SHARED_USER_DATA, MI_IMAGES, MI_SYSTEM_PTES,
                                       MI_PFN_DATABASE, MI_HYPER_SPACE, MI_HAL_SPACE };
    ULONG i;
    for (i = 0; i < RTL_NUMBER_OF(regions); i++)
        if (!MiEnsureTables(regions[i]))
            KeBugCheckEx(INSTALL_MORE_MEMORY, 7, 0, 0, 0);
    MiSystemTopTable = MiTopTable();
}

static VOID MiFillTopTable(PFN_NUMBER Page)
{
    KIRQL irql;
    ULONG64 *table = MiMapInHyperSpace(Page, &irql);

    RtlCopyMemory(table + MI_KERNEL_HALF, (ULONG64 *)MI_PXE_BASE + MI_KERNEL_HALF,
                  (MI_TABLE_ENTRIES - MI_KERNEL_HALF) * sizeof(ULONG64));
    table[MI_SELF_MAP_INDEX] = Page << PAGE_SHIFT | MI_PTE_VALID | MI_PTE_WRITE | MI_PTE_ACCESSED | MI_PTE_DIRTY;
    MiUnmapHyperSpace(irql);
}

static MI_ADDRESS_SPACE *MiAllocateSpace(VOID)
{
    MI_ADDRESS_SPACE *space = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*space), TAG_SPACE);
    if (space != NULL) {
        RtlZeroMemory(space, sizeof(*space));
        InitializeListHead(&space->Waiters);
        MiInitializeVads(space);
    }
    return space;
}

NTSTATUS MmInitializeSystemAddressSpace(PEPROCESS Process)
{
    Process->VadHint = MiAllocateSpace();
    if (Process->VadHint == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    MiListSpace(Process->VadHint, Process);
    return STATUS_SUCCESS;
}

NTSTATUS MmCreateAddressSpace(PULONG64 DirectoryTable)
{
    PFN_NUMBER page = MiAllocatePage(TRUE);

    if (page == MI_NO_PAGE)
        return STATUS_NO_MEMORY;
    MiFillTopTable(page);
    *DirectoryTable = page << PAGE_SHIFT;
    return STATUS_SUCCESS;
}

/* KUSER_SHARED_DATA appears read-only where user mode expects it. */
static NTSTATUS MiMapSharedData(MI_ADDRESS_SPACE *Space)
{
    MI_VAD vad = { .First = MI_USER_SHARED_DATA >> PAGE_SHIFT, .Last = MI_USER_SHARED_DATA >> PAGE_SHIFT, .Kind = MiVadSharedData,
                   .Start = MI_USER_SHARED_DATA >> PAGE_SHIFT, .Protection = MI_MAY_READ, .Committed = TRUE };
    PFN_NUMBER page = (*MiAddressToPte(MI_SHARED_USER_DATA) & MI_PTE_FRAME) >> PAGE_SHIFT;

    if (!MiEnsureTables(MI_USER_SHARED_DATA) || MiInsertVad(Space, &vad) == NULL)
        return STATUS_NO_MEMORY;
    __atomic_store_n(MiAddressToPte(MI_USER_SHARED_DATA), MiUserEntry(page, MI_MAY_READ, 0), __ATOMIC_RELEASE);
    return STATUS_SUCCESS;
}

NTSTATUS MmInitializeAddressSpace(PEPROCESS Process)
{
    NTSTATUS status = MmInitializeSystemAddressSpace(Process);
    KAPC_STATE state;

    if (!NT_SUCCESS(status))
        return status;
    KeStackAttachProcess(&Process->Pcb, &state);
    MiLockAddressSpace(Process);
    status = MiMapSharedData(MiSpaceOf(Process));
    MiUnlockAddressSpace(Process);
    KeUnstackDetachProcess(&state);
    return status;
}

/* ---- Ending ---- */
VOID MmCleanAddressSpace(PEPROCESS Process)
{
    MI_ADDRESS_SPACE *space = MiSpaceOf(Process);
    KAPC_STATE state;
    MI_SEGMENT *left;
    MI_VAD *vad;

    if (space == NULL)
        return;
    KeStackAttachProcess(&Process->Pcb, &state);
    do {
        left = NULL;
        MiLockAddressSpace(Process);
        space->Gone = TRUE;
        while (left == NULL && (vad = MiFirstVad(space)) != NULL)
            left = MiUnmapVad(space, vad);
        MiUnlockAddressSpace(Process);
        if (left != NULL)
            MiLeaveSegment(left);
    } while (left != NULL);
    KeUnstackDetachProcess(&state);
}

/* Frees the tables below one; nobody uses the address space any more. Level 1 is a page table, whose entries are all zero. */
static VOID MiFreeTables(PFN_NUMBER Table, ULONG Level, ULONG Count)
{
    ULONG64 entries[MI_ENTRIES_AT_ONCE];
    ULONG first, i;
    KIRQL irql;

    for (first = 0; Level > 1 && first < Count; first += MI_ENTRIES_AT_ONCE) {
        ULONG64 *mapping = MiMapInHyperSpace(Table, &irql);
        RtlCopyMemory(entries, mapping + first, sizeof(entries));
        MiUnmapHyperSpace(irql);
        for (i = 0; i < MI_ENTRIES_AT_ONCE; i++)
            if (entries[i] & MI_PTE_VALID)
                MiFreeTables((entries[i] & MI_PTE_FRAME) >> PAGE_SHIFT, Level - 1, MI_TABLE_ENTRIES);
    }
    MiFreePage(Table);
}

VOID MmDeleteAddressSpace(PEPROCESS Process)
{
    if (MiSpaceOf(Process) != NULL)
        MiUnlistSpace(MiSpaceOf(Process));
    MmCleanAddressSpace(Process);
    if (MiSpaceOf(Process) != NULL)
        ExFreePoolWithTag(MiSpaceOf(Process), TAG_SPACE);
    Process->VadHint = NULL;
    if (Process->Pcb.DirectoryTableBase != 0)
        MiFreeTables(Process->Pcb.DirectoryTableBase >> PAGE_SHIFT, 4, MI_KERNEL_HALF);
}
