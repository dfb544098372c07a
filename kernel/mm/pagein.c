/* SPDX-License-Identifier: MIT
 * Pages back from a page file. Who claims them first reads them, with no lock held: their entries have frames already, marked
 * MI_SOFT_READING (MI_SLOT_READING in a segment), the slots they are read from stand in the frames' OriginalPte, and everybody else waits
 * for the reader. What cannot be read stays where it is.
 */
#include "pagefile.h"

#define MI_READING (MI_SOFT_STATE | MI_SOFT_FRAME | MI_SOFT_READING)

/* ---- Of an address space ---- */
typedef struct MI_READER_WAIT {
    LIST_ENTRY Link;                             /* AddressCreationLock */
    KEVENT Done;
} MI_READER_WAIT;
C_ASSERT(sizeof(MI_READER_WAIT) <= sizeof(((MI_FAULT *)0)->Wait));

static NTSTATUS MiWaitForReaderLocked(MI_ADDRESS_SPACE *Space, MI_FAULT *Fault)
{
    MI_READER_WAIT *wait = (MI_READER_WAIT *)Fault->Wait;

    KeInitializeEvent(&wait->Done, NotificationEvent, FALSE);
    InsertTailList(&Space->Waiters, &wait->Link);
    Fault->BringIn = MiAwaitReader;
    return STATUS_RETRY;
}

NTSTATUS MiAwaitReader(MI_FAULT *Fault)
{
    KeWaitForSingleObject(&((MI_READER_WAIT *)Fault->Wait)->Done, WrPageIn, KernelMode, FALSE, NULL);
    return STATUS_RETRY;
}

static VOID MiWakeReadersLocked(MI_ADDRESS_SPACE *Space)
{
    while (!IsListEmpty(&Space->Waiters))
        KeSetEvent(&CONTAINING_RECORD(RemoveHeadList(&Space->Waiters), MI_READER_WAIT, Link)->Done, 0, FALSE);
}

/* The entry's slot, if that follows the ones claimed already. */
static BOOLEAN MiIsNext(const MI_FAULT *Fault, ULONG64 Entry)
{
    return !(Entry & MI_PTE_VALID) && (Entry & MI_SOFT_PAGED) &&
           (Fault->Count == 0 || (Entry & MI_PTE_FRAME) >> PAGE_SHIFT == Fault->Slot + Fault->Count);
}

NTSTATUS MiClaimPagesLocked(MI_ADDRESS_SPACE *Space, const MI_VAD *Vad, ULONG64 Page, MI_FAULT *Fault)
{
    ULONG64 end = min(min(Page + MI_FAULT_PAGES, Vad->Last + 1), (Page | 511) + 1), at;

    Fault->Count = 0;
    for (at = Page; at < end; at++) {
        ULONG64 *pte = MiAddressToPte(at << PAGE_SHIFT), slot = (*pte & MI_PTE_FRAME) >> PAGE_SHIFT;
        PFN_NUMBER frame;
        if (at == Page && (*pte & MI_SOFT_READING))
            return MiWaitForReaderLocked(Space, Fault);
        if (!MiIsNext(Fault, *pte) || (frame = MiAllocateUserPage(FALSE)) == MI_NO_PAGE)
            break;
        MiReferencePage(frame);                  /* one for the entry, one for the reader */
        MiPfn(frame)->OriginalPte = slot;
        *pte = (*pte & ~(MI_SOFT_PAGED | MI_PTE_FRAME)) | MI_SOFT_FRAME | MI_SOFT_READING | frame << PAGE_SHIFT;
        MiCountResident(Space, 1);
        if (Fault->Count == 0)
            Fault->Slot = slot;
        Fault->Frames[Fault->Count++] = frame;
    }
    Fault->Page = Page;
    Fault->BringIn = MiReadClaimedPages;
    return Fault->Count != 0 ? STATUS_RETRY : STATUS_NO_MEMORY;
}

/* Page tables last as long as the address space, in which the reader is. */
static VOID MiFinishClaimedLocked(MI_ADDRESS_SPACE *Space, const MI_FAULT *Fault, NTSTATUS Status)
{
    ULONG i;

    for (i = 0; i < Fault->Count; i++) {
        ULONG64 *pte = MiAddressToPte((Fault->Page + i) << PAGE_SHIFT), frame = Fault->Frames[i];
        BOOLEAN ours = (*pte & (MI_PTE_VALID | MI_READING | MI_PTE_FRAME)) == (MI_READING | frame << PAGE_SHIFT);
        if (ours && NT_SUCCESS(Status)) {
            *pte &= ~MI_SOFT_READING;
            MiFreeSlot(Fault->Slot + i);
        } else if (ours) {
            *pte = (*pte & ~(MI_SOFT_FRAME | MI_SOFT_READING | MI_PTE_FRAME)) | MI_SOFT_PAGED | (Fault->Slot + i) << PAGE_SHIFT;
            MiReleasePage(frame);
            MiCountResident(Space, -1);
        }
        MiReleasePage(frame);
    }
    MiWakeReadersLocked(Space);
}

NTSTATUS MiReadClaimedPages(MI_FAULT *Fault)
{
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status = MiTransferSlots(Fault->Slot, Fault->Frames, Fault->Count, FALSE);

    if (NT_SUCCESS(status))
        MiCountPageIn(Fault->Count);
    MiLockAddressSpace(process);
    MiFinishClaimedLocked(MiSpaceOf(process), Fault, status);
    MiUnlockAddressSpace(process);
    return NT_SUCCESS(status) ? STATUS_RETRY : status;
}

/* ---- Of a segment ---- */
static BOOLEAN MiIsPagedLocked(MI_SEGMENT *Segment, ULONG64 Index, PULONG64 Slot)
{
    ULONG64 *slot = Index < Segment->Pages ? MiSlotLocked(Segment, Index, FALSE) : NULL;

    *Slot = slot != NULL ? *slot & ~MI_SLOT_PAGED : 0;
    return slot != NULL && (*slot & MI_SLOT_PAGED);
}

BOOLEAN MiIsPagedOut(MI_SEGMENT *Segment, ULONG64 Index)
{
    ULONG64 *slot;
    BOOLEAN away;

    ExLockShared(&Segment->Lock);
    slot = Index < Segment->Pages ? MiSlotLocked(Segment, Index, FALSE) : NULL;
    away = slot != NULL && (*slot & (MI_SLOT_PAGED | MI_SLOT_READING));
    ExUnlockShared(&Segment->Lock);
    return away;
}

/* Claims the page and what follows it, there and in the page file. STATUS_SUCCESS with no page: it is there, or was. */
static NTSTATUS MiClaimSegmentLocked(MI_SEGMENT *Segment, ULONG64 Index, MI_TRANSFER *Transfer, PULONG64 First)
{
    ULONG64 slot;

    Transfer->First = Index;
    for (Transfer->Count = 0; Transfer->Count < MI_FAULT_PAGES; Transfer->Count++) {
        PFN_NUMBER frame;
        if (!MiIsPagedLocked(Segment, Index + Transfer->Count, &slot) || (Transfer->Count != 0 && slot != *First + Transfer->Count))
            return STATUS_SUCCESS;
        frame = MiAllocateUserPage(FALSE);
        if (frame == MI_NO_PAGE)
            return Transfer->Count != 0 ? STATUS_SUCCESS : STATUS_NO_MEMORY;
        if (Transfer->Count == 0)
            *First = slot;
        Transfer->Frames[Transfer->Count] = frame;
        *MiSlotLocked(Segment, Index + Transfer->Count, FALSE) = MI_SLOT_READING | frame;
    }
    return STATUS_SUCCESS;
}

static VOID MiFinishSegmentRead(const MI_TRANSFER *Transfer, ULONG64 First, NTSTATUS Status)
{
    MI_SEGMENT *segment = Transfer->Segment;
    ULONG i;

    ExLockExclusive(&segment->Lock);
    for (i = 0; i < Transfer->Count; i++) {
        ULONG64 *slot = MiSlotLocked(segment, Transfer->First + i, FALSE);
        *slot = NT_SUCCESS(Status) ? Transfer->Frames[i] : MI_SLOT_PAGED | (First + i);
        if (NT_SUCCESS(Status))
            MiFreeSlot(First + i);
        else
            MiReleasePage(Transfer->Frames[i]);
    }
    MiWakeWaitersLocked(segment);
    ExUnlockExclusive(&segment->Lock);
}

NTSTATUS MiBringInSegmentPage(MI_SEGMENT *Segment, ULONG64 Index)
{
    MI_TRANSFER transfer = { .Segment = Segment };
    ULONG64 first = 0, *slot;
    NTSTATUS status;

    ExLockExclusive(&Segment->Lock);
    slot = Index < Segment->Pages ? MiSlotLocked(Segment, Index, FALSE) : NULL;
    if (slot != NULL && (*slot & MI_SLOT_READING))
        MiAwaitPageLocked(Segment);
    status = MiClaimSegmentLocked(Segment, Index, &transfer, &first);
    ExUnlockExclusive(&Segment->Lock);
    if (transfer.Count == 0)
        return status;
    status = MiTransferSlots(first, transfer.Frames, transfer.Count, FALSE);
    if (NT_SUCCESS(status))
        MiCountPageIn(transfer.Count);
    MiFinishSegmentRead(&transfer, first, status);
    return status;
}
