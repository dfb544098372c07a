/* SPDX-License-Identifier: MIT
 * Decommitting and releasing private memory of the current process.
 */
#include "space.h"

static NTSTATUS MiDecommitLocked(MI_VAD *Vad, ULONG64 First, ULONG64 Last)
{
    ULONG64 page, committed = MiCountCommitted(Vad, First, Last);

    for (page = First; Vad->Committed && page <= Last; page = (page | 511) + 1)      /* an entry of its own for each page */
        if (!MiEnsureTables(page << PAGE_SHIFT))
            return STATUS_INSUFFICIENT_RESOURCES;
    MiReleaseUserPages(Vad, First, Last, MiSoftEntry(MI_DECOMMITTED));
    MiReturnVad(Vad, committed);
    return STATUS_SUCCESS;
}

static NTSTATUS MiFreeLocked(MI_ADDRESS_SPACE *Space, PULONG64 First, PULONG64 Last, BOOLEAN Whole, ULONG FreeType)
{
    MI_VAD *vad = MiFindVad(Space, *First);

    if (vad == NULL)
        return STATUS_MEMORY_NOT_ALLOCATED;
    if (vad->Kind != MiVadPrivate)
        return STATUS_UNABLE_TO_DELETE_SECTION;
    if (Whole && *First != vad->First)
        return STATUS_FREE_VM_NOT_AT_BASE;
    if (Whole)
        *Last = vad->Last;
    if (*Last > vad->Last)
        return STATUS_UNABLE_TO_FREE_VM;
    if (vad->Secured != 0)
        return STATUS_INVALID_PAGE_PROTECTION;
    return FreeType == MEM_RELEASE ? MiCarveVad(Space, vad, *First, *Last) : MiDecommitLocked(vad, *First, *Last);
}

NTSTATUS MmFreeUserMemory(PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    ULONG64 base = (ULONG64)*BaseAddress, first = base >> PAGE_SHIFT, last;
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status;

    if (FreeType != MEM_DECOMMIT && FreeType != MEM_RELEASE)
        return STATUS_INVALID_PARAMETER_4;
    if (base > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_2;
    if (*RegionSize > (ULONG64)MmHighestUserAddress + 1 - base)
        return STATUS_INVALID_PARAMETER_3;
    last = *RegionSize != 0 ? (base + *RegionSize - 1) >> PAGE_SHIFT : first;
    MiLockAddressSpace(process);
    status = MiFreeLocked(MiSpaceOf(process), &first, &last, *RegionSize == 0, FreeType);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    *BaseAddress = (PVOID)(first << PAGE_SHIFT);
    *RegionSize = (last - first + 1) << PAGE_SHIFT;
    return STATUS_SUCCESS;
}
