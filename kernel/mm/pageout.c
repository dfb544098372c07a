/* SPDX-License-Identifier: MIT
 * Pages on their way to a page file. While one is written it belongs to who had it, marked MI_SOFT_WRITING or MI_SLOT_WRITING, and to
 * who writes it by a reference; who wants it takes the mark away and has it back, without I/O. What cannot be written stays.
 */
#include "pagefile.h"

VOID MiWritePages(MI_PAGE_OUT *Out)
{
    ULONG done, count, i;
    ULONG64 first;

    for (done = 0; done < Out->Count; done += count) {
        NTSTATUS status = STATUS_DISK_FULL;
        count = MiTakeSlots(Out->Count - done, &first);
        if (count != 0)
            status = MiTransferSlots(first, Out->Frames + done, count, TRUE);
        if (NT_SUCCESS(status))
            MiCountPageOut(count);
        for (i = 0; i < count; i++) {
            Out->Slots[done + i] = NT_SUCCESS(status) ? first + i : MI_NO_SLOT;
            if (!NT_SUCCESS(status))
                MiFreeSlot(first + i);
        }
        if (count == 0)
            for (count = Out->Count - done, i = 0; i < count; i++)
                Out->Slots[done + i] = MI_NO_SLOT;
    }
}

/* ---- Of an address space ---- */
static BOOLEAN MiIsStillWritten(ULONG64 Page, PFN_NUMBER Frame)
{
    const ULONG64 mask = MI_PTE_VALID | MI_SOFT_STATE | MI_SOFT_FRAME | MI_SOFT_WRITING | MI_PTE_FRAME;
    ULONG64 entry = MiSkipHoles(Page, Page + 1) == Page ? *MiAddressToPte(Page << PAGE_SHIFT) : 0;

    return (entry & mask) == (MI_SOFT_STATE | MI_SOFT_FRAME | MI_SOFT_WRITING | Frame << PAGE_SHIFT);
}

ULONG MiFinishPagesLocked(MI_ADDRESS_SPACE *Space, const MI_PAGE_OUT *Out)
{
    ULONG gone = 0, i;

    for (i = 0; i < Out->Count; i++) {
        ULONG64 *pte = MiAddressToPte(Out->Pages[i] << PAGE_SHIFT), slot = Out->Slots[i];
        if (!MiIsStillWritten(Out->Pages[i], Out->Frames[i])) {      /* rescued, or gone */
            if (slot != MI_NO_SLOT)
                MiFreeSlot(slot);
        } else if (slot == MI_NO_SLOT) {
            *pte &= ~MI_SOFT_WRITING;
        } else {
            *pte = (*pte & ~(MI_SOFT_FRAME | MI_SOFT_WRITING | MI_SOFT_OLD | MI_PTE_FRAME)) | MI_SOFT_PAGED | slot << PAGE_SHIFT;
            MiReleasePage(Out->Frames[i]);
            Space->Resident--;
            gone++;
        }
        MiReleasePage(Out->Frames[i]);
    }
    return gone;
}

/* ---- Of a segment ---- */
ULONG MiFinishSegmentLocked(MI_SEGMENT *Segment, const MI_PAGE_OUT *Out)
{
    ULONG gone = 0, i;

    for (i = 0; i < Out->Count; i++) {
        ULONG64 *slot = MiSlotLocked(Segment, Out->Pages[i], FALSE), place = Out->Slots[i];
        if (*slot != (Out->Frames[i] | MI_SLOT_WRITING)) {
            if (place != MI_NO_SLOT)
                MiFreeSlot(place);
        } else if (place == MI_NO_SLOT) {
            *slot = Out->Frames[i];
        } else {
            *slot = MI_SLOT_PAGED | place;
            MiReleasePage(Out->Frames[i]);
            gone++;
        }
        MiReleasePage(Out->Frames[i]);
    }
    return gone;
}
