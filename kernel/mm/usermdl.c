/* SPDX-License-Identifier: MIT
 * MDLs and user space: locking user pages, which come into being for it, and showing locked pages in the current process.
 */
#include "mdl.h"
#include "space.h"

#define PF_WRITE_ 2ull

/* Makes pages from *Locked on be there with the rights that the fault asks for, and takes a reference on each. */
static NTSTATUS MiLockUserPagesLocked(MI_ADDRESS_SPACE *Space, ULONG64 Start, PPFN_NUMBER Pages, ULONG Count, PULONG Locked, MI_FAULT *Fault)
{
    for (; *Locked < Count; ++*Locked) {
        NTSTATUS status;
        Fault->Address = Start + ((ULONG64)*Locked << PAGE_SHIFT);
        status = MiResolveFaultLocked(Space, Fault);
        if (status != STATUS_SUCCESS)
            return status;
        Pages[*Locked] = (*MiAddressToPte(Fault->Address) & MI_PTE_FRAME) >> PAGE_SHIFT;
        MiReferencePages(&Pages[*Locked], 1, 1);
    }
    return STATUS_SUCCESS;
}

NTSTATUS MiLockUserPages(ULONG64 Start, PPFN_NUMBER Pages, ULONG Count, LOCK_OPERATION Operation)
{
    PEPROCESS process = MiCurrentProcess();
    MI_FAULT fault = { .ErrorCode = Operation == IoReadAccess ? 0 : PF_WRITE_ };
    ULONG locked = 0;
    NTSTATUS status;

    if (MiSpaceOf(process) == NULL)
        return STATUS_ACCESS_VIOLATION;
    do {
        MiLockAddressSpace(process);
        status = MiLockUserPagesLocked(MiSpaceOf(process), Start, Pages, Count, &locked, &fault);
        MiUnlockAddressSpace(process);
        status = MiContinueFault(&fault, status);
    } while (status == STATUS_RETRY);
    if (status != STATUS_SUCCESS)
        MiReferencePages(Pages, locked, -1);
    return status;
}

/* ---- Views of MDLs ---- */
static NTSTATUS MiShowPagesLocked(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, const MDL *Mdl, ULONG64 Base, ULONG Count)
{
    PPFN_NUMBER pages = MmGetMdlPfnArray((PMDL)Mdl);
    NTSTATUS status = MiPlaceVad(Space, Vad, Base, Count, 0, 0);
    ULONG i;

    for (i = 0; NT_SUCCESS(status) && i < Count; i++)
        if (!MiEnsureTables((Vad->First + i) << PAGE_SHIFT))
            status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status) && MiInsertVad(Space, Vad) == NULL)
        status = STATUS_INSUFFICIENT_RESOURCES;
    for (i = 0; NT_SUCCESS(status) && i < Count; i++)
        __atomic_store_n(MiAddressToPte((Vad->First + i) << PAGE_SHIFT), MiUserEntry(pages[i], Vad->Protection, Vad->Cache),
                         __ATOMIC_RELEASE);
    return status;
}

NTSTATUS MiMapMdlInUserSpace(const MDL *Mdl, ULONG64 CacheBits, PVOID BaseAddress, PVOID *Mapping)
{
    MI_VAD vad = { .Kind = MiVadLockedPages, .Protection = MI_MAY_READ | MI_MAY_WRITE, .Committed = TRUE, .Cache = CacheBits };
    PEPROCESS process = MiCurrentProcess();
    ULONG64 base = (ULONG64)BaseAddress & ~(PAGE_SIZE - 1ull);
    NTSTATUS status;

    if (MiSpaceOf(process) == NULL || base > (ULONG64)MmHighestUserAddress ||
        ((ULONG64)MiMdlPages(Mdl) << PAGE_SHIFT) > (ULONG64)MmHighestUserAddress + 1 - base)
        return STATUS_INVALID_ADDRESS;
    MiLockAddressSpace(process);
    status = MiShowPagesLocked(MiSpaceOf(process), &vad, Mdl, base, MiMdlPages(Mdl));
    MiUnlockAddressSpace(process);
    if (NT_SUCCESS(status))
        *Mapping = (PVOID)((vad.First << PAGE_SHIFT) + Mdl->ByteOffset);
    return status;
}

VOID MiUnmapMdlFromUserSpace(PVOID BaseAddress)
{
    PEPROCESS process = MiCurrentProcess();
    BOOLEAN found;
    MI_VAD *vad;

    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), (ULONG64)BaseAddress >> PAGE_SHIFT);
    found = vad != NULL && vad->Kind == MiVadLockedPages;
    if (found) {
        MiUnmapVad(MiSpaceOf(process), vad);     /* no segment */
    }
    MiUnlockAddressSpace(process);
    if (!found)
        KeBugCheckEx(SYSTEM_PTE_MISUSE, 0x301, (ULONG_PTR)BaseAddress, (ULONG_PTR)process, 0);
}

/* ---- Securing: the range stays mapped, and as accessible as it is. The handle is the VAD's first address with bit 0. ---- */
static BOOLEAN MiRangeAllows(const MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG Needed)
{
    for (; First <= Last; First++) {
        ULONG protection = MiProtectionOfEntry(MiPageState(Vad, First));
        if (protection == MI_DECOMMITTED || (protection & MI_GUARD) || (protection & Needed) != Needed)
            return FALSE;
    }
    return TRUE;
}

HANDLE NTAPI MmSecureVirtualMemory(PVOID Address, SIZE_T Size, ULONG ProbeMode)
{
    ULONG64 start = (ULONG64)Address, last = start + Size - 1;
    ULONG needed = ProbeMode == PAGE_READWRITE ? MI_MAY_READ | MI_MAY_WRITE : MI_MAY_READ;
    PEPROCESS process = MiCurrentProcess();
    HANDLE handle = NULL;
    MI_VAD *vad;

    if ((ProbeMode != PAGE_READONLY && ProbeMode != PAGE_READWRITE) || Size == 0 || last < start ||
        last > (ULONG64)MmHighestUserAddress || MiSpaceOf(process) == NULL)
        return NULL;
    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), start >> PAGE_SHIFT);
    if (vad != NULL && last >> PAGE_SHIFT <= vad->Last && MiRangeAllows(vad, start >> PAGE_SHIFT, last >> PAGE_SHIFT, needed)) {
        vad->Secured++;
        handle = (HANDLE)(vad->First << PAGE_SHIFT | 1);
    }
    MiUnlockAddressSpace(process);
    return handle;
}

VOID NTAPI MmUnsecureVirtualMemory(HANDLE SecureHandle)
{
    PEPROCESS process = MiCurrentProcess();
    MI_VAD *vad;

    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), (ULONG64)SecureHandle >> PAGE_SHIFT);
    if (vad != NULL && vad->Secured != 0)
        vad->Secured--;
    MiUnlockAddressSpace(process);
}
