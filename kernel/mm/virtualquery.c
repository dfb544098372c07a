/* SPDX-License-Identifier: MIT
 * What a user address is, and changing what may be done with it.
 */
#include "space.h"

/* Runs of pages look alike when state and protection do; what a query tells of them. */
typedef struct MI_LOOK {
    ULONG State, Protect;
} MI_LOOK;

static MI_LOOK MiLookAt(const MI_VAD *Vad, ULONG64 Page)
{
    ULONG64 entry = MiPageState(Vad, Page);
    ULONG protection = MiProtectionOfEntry(entry);

    if (!(entry & MI_PTE_VALID) && protection == MI_DECOMMITTED)
        return (MI_LOOK){ MEM_RESERVE, 0 };
    return (MI_LOOK){ MEM_COMMIT, MiProtectOf(protection) };
}

static VOID MiQueryFree(MI_ADDRESS_SPACE *Space, ULONG64 Page, PMEMORY_BASIC_INFORMATION Information)
{
    MI_VAD *next = MiFindOverlap(Space, Page, MI_HIGHEST_USER_PAGE);
    ULONG64 end = next != NULL ? next->First : MI_HIGHEST_USER_PAGE + 1;

    Information->BaseAddress = (PVOID)(Page << PAGE_SHIFT);
    Information->RegionSize = (end - Page) << PAGE_SHIFT;
    Information->State = MEM_FREE;
    Information->Protect = PAGE_NOACCESS;
}

static ULONG MiTypeOf(const MI_VAD *Vad)
{
    switch (Vad->Kind) {
    case MiVadImage: return MEM_IMAGE;
    case MiVadView:
    case MiVadPhysical: return MEM_MAPPED;
    default: return MEM_PRIVATE;
    }
}

static VOID MiQueryVad(const MI_VAD *Vad, ULONG64 Page, PMEMORY_BASIC_INFORMATION Information)
{
    MI_LOOK look = MiLookAt(Vad, Page), next;
    ULONG64 end = Page + 1;

    for (; end <= Vad->Last; end++) {
        next = MiLookAt(Vad, end);
        if (next.State != look.State || next.Protect != look.Protect)
            break;
    }
    Information->BaseAddress = (PVOID)(Page << PAGE_SHIFT);
    Information->AllocationBase = (PVOID)(Vad->Start << PAGE_SHIFT);
    Information->AllocationProtect = MiProtectOf(Vad->Protection);
    Information->RegionSize = (end - Page) << PAGE_SHIFT;
    Information->State = look.State;
    Information->Protect = look.Protect;
    Information->Type = MiTypeOf(Vad);
}

NTSTATUS MmQueryUserMemory(PVOID BaseAddress, PMEMORY_BASIC_INFORMATION Information)
{
    ULONG64 page = (ULONG64)BaseAddress >> PAGE_SHIFT;
    PEPROCESS process = MiCurrentProcess();
    MI_VAD *vad;

    if (BaseAddress > MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER;
    RtlZeroMemory(Information, sizeof(*Information));
    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), page);
    if (vad != NULL)
        MiQueryVad(vad, page, Information);
    else
        MiQueryFree(MiSpaceOf(process), page, Information);
    MiUnlockAddressSpace(process);
    return STATUS_SUCCESS;
}

/* ---- Protection ---- */
VOID MiProtectPage(const MI_VAD *Vad, ULONG64 Page, ULONG Protection)
{
    ULONG64 entry = MiProtectedEntry(Vad, *MiAddressToPte(Page << PAGE_SHIFT), Protection);

    MiReplaceEntry(Vad, Page, MiWatchedEntry(Vad, Page, entry));
}

/* A view may not be given rights that its section lacks; a private page has no copy to make. */
static BOOLEAN MiMayProtect(const MI_VAD *Vad, ULONG Protection)
{
    if (Vad->Kind == MiVadPrivate)
        return !(Protection & MI_COPY_ON_WRITE);
    if (Vad->Kind != MiVadView && Vad->Kind != MiVadImage)
        return FALSE;
    return !(Protection & (MI_MAY_WRITE | MI_MAY_EXECUTE) & ~Vad->Allowed);
}

static NTSTATUS MiProtectLocked(MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG Protection, PULONG OldProtect)
{
    ULONG64 page;

    if (MiCountCommitted(Vad, First, Last) != Last - First + 1)
        return STATUS_NOT_COMMITTED;
    if (Vad->Secured != 0)
        return STATUS_INVALID_PAGE_PROTECTION;
    if (Vad->Kind == MiVadImage && (Protection & MI_MAY_WRITE))     /* an image's pages are never written, but copied */
        Protection = (Protection & ~MI_MAY_WRITE) | MI_COPY_ON_WRITE;
    if (!MiMayProtect(Vad, Protection))
        return STATUS_INVALID_PAGE_PROTECTION;
    for (page = First; page <= Last; page = (page | 511) + 1)
        if (!MiEnsureTables(page << PAGE_SHIFT))
            return STATUS_INSUFFICIENT_RESOURCES;
    *OldProtect = MiLookAt(Vad, First).Protect;
    for (page = First; page <= Last; page++)
        MiProtectPage(Vad, page, Protection);
    KeFlushTb(First << PAGE_SHIFT, (ULONG)min(Last - First + 1, 0xFFFFFFFF));
    return STATUS_SUCCESS;
}

NTSTATUS MmProtectUserMemory(PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect, PULONG OldProtect)
{
    ULONG64 base = (ULONG64)*BaseAddress, first = base >> PAGE_SHIFT, last, cache;
    PEPROCESS process = MiCurrentProcess();
    ULONG protection, old = 0;
    NTSTATUS status = STATUS_CONFLICTING_ADDRESSES;
    MI_VAD *vad;

    if (!MiProtectionOf(NewProtect, &protection, &cache))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (base > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_2;
    if (*RegionSize == 0 || *RegionSize > (ULONG64)MmHighestUserAddress + 1 - base)
        return STATUS_INVALID_PARAMETER_3;
    last = (base + *RegionSize - 1) >> PAGE_SHIFT;
    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), first);
    if (vad != NULL && last <= vad->Last)
        status = MiProtectLocked(vad, first, last, protection, &old);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    *BaseAddress = (PVOID)(first << PAGE_SHIFT);
    *RegionSize = (last - first + 1) << PAGE_SHIFT;
    *OldProtect = old;
    return STATUS_SUCCESS;
}
