/* SPDX-License-Identifier: MIT
 * Faults on user addresses: zero pages on demand, pages of sections, copies on write, guard pages (of stacks: userstack.c).
 */
#include "pagefile.h"

#define PF_WRITE_ 2ull
#define PF_FETCH_ 16ull

static BOOLEAN MiIsAllowed(ULONG Protection, ULONG64 ErrorCode)
{
    if (ErrorCode & PF_FETCH_)
        return (Protection & MI_MAY_EXECUTE) != 0;
    if (ErrorCode & PF_WRITE_)
        return (Protection & (MI_MAY_WRITE | MI_COPY_ON_WRITE)) != 0;
    return (Protection & (MI_MAY_READ | MI_MAY_EXECUTE)) != 0;
}

static PFN_NUMBER MiPageOfVad(const MI_VAD *Vad, ULONG64 Page, ULONG64 Entry)
{
    if (Entry & MI_SOFT_FRAME)
        return (Entry & MI_PTE_FRAME) >> PAGE_SHIFT;
    if (Vad->Segment != NULL)
        return MiSegmentPage(Vad->Segment, Vad->SegmentPage + Page - Vad->First);
    return Vad->Kind == MiVadPrivate ? MiAllocateUserPage(TRUE) : MI_NO_PAGE;
}

static VOID MiCopyPage(PFN_NUMBER To, ULONG64 FromAddress)
{
    KIRQL irql;
    PVOID mapping = MiMapInHyperSpace(To, &irql);

    RtlCopyMemory(mapping, (PVOID)FromAddress, PAGE_SIZE);     /* mapped and readable: the lock is held */
    MiUnmapHyperSpace(irql);
}

/* A valid page of a section that is copied when it is written to: from then on it is the process's own. */
static NTSTATUS MiCopyOnWrite(MI_VAD *Vad, ULONG64 Address, ULONG64 *Pte)
{
    PFN_NUMBER old = (*Pte & MI_PTE_FRAME) >> PAGE_SHIFT, page;
    ULONG protection = (MiProtectionOfEntry(*Pte) & ~MI_COPY_ON_WRITE) | MI_MAY_WRITE;       /* only read until now */

    if (!MiChargeVad(Vad, 1))
        return STATUS_COMMITMENT_LIMIT;
    page = MiAllocateUserPage(FALSE);
    if (page == MI_NO_PAGE) {
        MiReturnVad(Vad, 1);
        return STATUS_NO_MEMORY;
    }
    MiCopyPage(page, Address & ~(PAGE_SIZE - 1ull));
    __atomic_store_n(Pte, MiUserEntry(page, protection, Vad->Cache) | MI_OWN_COPY, __ATOMIC_RELEASE);
    KeFlushTb(Address & ~(PAGE_SIZE - 1ull), 1);
    MiReleasePage(old);
    return STATUS_SUCCESS;
}

static NTSTATUS MiFaultOnValid(MI_VAD *Vad, ULONG64 Address, ULONG64 *Pte, ULONG64 ErrorCode)
{
    ULONG protection = MiProtectionOfEntry(*Pte);

    if (!MiIsAllowed(protection, ErrorCode))
        return STATUS_ACCESS_VIOLATION;
    if ((ErrorCode & PF_WRITE_) && (protection & MI_COPY_ON_WRITE))
        return MiCopyOnWrite(Vad, Address, Pte);
    if ((ErrorCode & PF_WRITE_) && Vad->Watch != NULL) {
        MiNoteWritten(Vad, Address >> PAGE_SHIFT);
        __atomic_fetch_or(Pte, MI_PTE_WRITE | MI_PTE_DIRTY, __ATOMIC_SEQ_CST);
    }
    if ((ErrorCode & PF_WRITE_) && Vad->Writer != NULL)        /* for the kernel, which may write by another mapping */
        __atomic_fetch_or(Pte, MI_PTE_DIRTY, __ATOMIC_SEQ_CST);
    return STATUS_SUCCESS;                       /* another thread was faster */
}

/* The entry of a page that was not there. The pages of a file are clean until the processor says that they were written. */
static ULONG64 MiFreshEntry(const MI_VAD *Vad, PFN_NUMBER Frame, ULONG64 Entry)
{
    ULONG64 fresh = MiUserEntry(Frame, MiProtectionOfEntry(Entry), Vad->Cache) | (Entry & MI_OWN_COPY);
    return Vad->Writer != NULL && !(fresh & MI_OWN_COPY) ? fresh & ~MI_PTE_DIRTY : fresh;
}

/* ---- Pages of files, and of page files, are brought in without the lock ---- */
#define MI_FAULT_CLUSTER 8ull

static NTSTATUS MiBringInFile(MI_FAULT *Fault)
{
    NTSTATUS status = MmMakeFilePagesResident(Fault->Segment, Fault->First, Fault->Count, FALSE);

    if (!NT_SUCCESS(status))                     /* what lies around it may be unreadable */
        status = MmMakeFilePagesResident(Fault->Segment, Fault->Page, 1, FALSE);
    MmDeleteSegment(Fault->Segment);
    return NT_SUCCESS(status) ? STATUS_RETRY : status;
}

static NTSTATUS MiBringInSegment(MI_FAULT *Fault)
{
    NTSTATUS status = MiBringInSegmentPage(Fault->Segment, Fault->Page);

    MmDeleteSegment(Fault->Segment);
    return NT_SUCCESS(status) ? STATUS_RETRY : status;
}

static NTSTATUS MiWantPages(const MI_VAD *Vad, ULONG64 Page, MI_FAULT *Fault)
{
    ULONG64 wanted = Vad->SegmentPage + Page - Vad->First, first = wanted & ~(MI_FAULT_CLUSTER - 1);
    ULONG64 end = min(first + MI_FAULT_CLUSTER, Vad->SegmentPage + Vad->Last + 1 - Vad->First);

    if ((Vad->Kind != MiVadView && Vad->Kind != MiVadImage) || (Vad->Segment->File == NULL && !MiIsPagedOut(Vad->Segment, wanted)))
        return STATUS_NO_MEMORY;
    Fault->BringIn = Vad->Segment->File != NULL ? MiBringInFile : MiBringInSegment;
    InterlockedIncrement(&Vad->Segment->References);
    Fault->Segment = Vad->Segment;
    Fault->Page = wanted;
    Fault->First = first;
    Fault->Count = (ULONG)(end - first);
    return STATUS_RETRY;
}

NTSTATUS MiContinueFault(MI_FAULT *Fault, NTSTATUS Status)
{
    if (Status == STATUS_RETRY)
        Status = Fault->BringIn(Fault);
    if (Status == STATUS_GUARD_PAGE_VIOLATION)
        Status = MiGrowStack(Fault);
    if (Status == STATUS_NO_MEMORY && MiAwaitPages(1))
        return STATUS_RETRY;
    return Status;
}

NTSTATUS MiResolveFaultLocked(MI_ADDRESS_SPACE *Space, MI_FAULT *Fault)
{
    ULONG64 address = Fault->Address, errorCode = Fault->ErrorCode;
    ULONG64 page = address >> PAGE_SHIFT, *pte = MiAddressToPte(address), entry;
    MI_VAD *vad = MiFindVad(Space, page);
    PFN_NUMBER frame;
    ULONG protection;

    Space->Faults++;
    if (vad == NULL)
        return STATUS_ACCESS_VIOLATION;
    if (!MiEnsureTables(address))
        return STATUS_NO_MEMORY;
    if (*pte & MI_PTE_VALID)
        return MiFaultOnValid(vad, address, pte, errorCode);
    entry = MiPageState(vad, page);
    protection = MiProtectionOfEntry(entry);
    if (protection == MI_DECOMMITTED)
        return STATUS_ACCESS_VIOLATION;
    if (protection & MI_GUARD) {
        __atomic_store_n(pte, (entry & ~((ULONG64)MI_GUARD << 5)), __ATOMIC_RELEASE);
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    if (!MiIsAllowed(protection, errorCode))
        return STATUS_ACCESS_VIOLATION;
    if (entry & (MI_SOFT_PAGED | MI_SOFT_READING))
        return MiClaimPagesLocked(Space, vad, page, Fault);
    frame = MiPageOfVad(vad, page, entry);
    if (frame == MI_NO_PAGE)
        return MiWantPages(vad, page, Fault);
    if (!(entry & MI_SOFT_FRAME))
        MiCountResident(Space, 1);
    __atomic_store_n(pte, MiWatchedEntry(vad, page, MiFreshEntry(vad, frame, entry)), __ATOMIC_RELEASE);
    return MiFaultOnValid(vad, address, pte, errorCode);
}

/* Nothing of the kernel half is pageable, so no fault there can be resolved. */
NTSTATUS MiAccessFault(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame)
{
    PEPROCESS process = MiCurrentProcess();
    MI_FAULT fault = { .Address = Address, .ErrorCode = ErrorCode };
    NTSTATUS status;

    (void)Frame;
    if (Address > (ULONG64)MmHighestUserAddress || MiSpaceOf(process) == NULL)
        return STATUS_ACCESS_VIOLATION;
    MiCountFault();
    do {
        MiLockAddressSpace(process);
        status = MiResolveFaultLocked(MiSpaceOf(process), &fault);
        MiUnlockAddressSpace(process);
        status = MiContinueFault(&fault, status);
    } while (status == STATUS_RETRY);
    return status;
}
