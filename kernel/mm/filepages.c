/* SPDX-License-Identifier: MIT
 * Bringing pages of files into memory, and who waits for them.
 */
#include "file.h"

typedef struct MI_PAGE_WAIT {                    /* on the waiter's stack */
    LIST_ENTRY Link;                             /* the segment's Lock */
    KEVENT Moved;
} MI_PAGE_WAIT;

VOID MiWakeWaitersLocked(MI_SEGMENT *Segment)
{
    while (!IsListEmpty(&Segment->Waiters))
        KeSetEvent(&CONTAINING_RECORD(RemoveHeadList(&Segment->Waiters), MI_PAGE_WAIT, Link)->Moved, 0, FALSE);
}

VOID MiAwaitPageLocked(MI_SEGMENT *Segment)
{
    MI_PAGE_WAIT wait;

    KeInitializeEvent(&wait.Moved, NotificationEvent, FALSE);
    InsertTailList(&Segment->Waiters, &wait.Link);
    ExUnlockExclusive(&Segment->Lock);
    KeWaitForSingleObject(&wait.Moved, WrPageIn, KernelMode, FALSE, NULL);
    ExLockExclusive(&Segment->Lock);
}

/* ---- One request ---- */
VOID MiDescribeFrames(MI_PAGE_MDL *List, const PFN_NUMBER *Frames, ULONG Count, BOOLEAN Write)
{
    MmInitializeMdl(&List->Mdl, NULL, (SIZE_T)Count << PAGE_SHIFT);
    List->Mdl.MdlFlags |= MDL_PAGES_LOCKED | MDL_IO_PAGE_READ | (Write ? 0 : MDL_WRITE_OPERATION);
    RtlCopyMemory(MmGetMdlPfnArray(&List->Mdl), Frames, Count * sizeof(PFN_NUMBER));
}

VOID MiForgetFrames(MI_PAGE_MDL *List)
{
    if (List->Mdl.MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
        MmUnmapLockedPages(List->Mdl.MappedSystemVa, &List->Mdl);
}

NTSTATUS MiTransfer(MI_TRANSFER *Transfer, BOOLEAN Write, PULONG_PTR Bytes)
{
    MI_PAGE_MDL list;
    NTSTATUS status;

    MiDescribeFrames(&list, Transfer->Frames, Transfer->Count, Write);
    *Bytes = 0;
    status = MmUpcalls.TransferPages(Transfer->Segment->File, &list.Mdl, Transfer->First << PAGE_SHIFT, Write, Bytes);
    MiForgetFrames(&list);
    return status;
}

static VOID MiZeroFrame(PFN_NUMBER Frame, ULONG From)
{
    KIRQL irql;
    PUCHAR mapping = MiMapInHyperSpace(Frame, &irql);
    RtlZeroMemory(mapping + From, PAGE_SIZE - From);
    MiUnmapHyperSpace(irql);
}

/* Behind the end of the file's data all is zero. */
static VOID MiZeroRest(const MI_TRANSFER *Transfer, ULONG64 Bytes)
{
    ULONG i;
    for (i = (ULONG)(Bytes >> PAGE_SHIFT); i < Transfer->Count; i++)
        MiZeroFrame(Transfer->Frames[i], i == Bytes >> PAGE_SHIFT ? (ULONG)Bytes & (PAGE_SIZE - 1) : 0);
}

static NTSTATUS MiRead(MI_TRANSFER *Transfer)
{
    ULONG_PTR bytes;
    NTSTATUS status = MiTransfer(Transfer, FALSE, &bytes);

    if (status == STATUS_END_OF_FILE)
        bytes = 0;
    else if (!NT_SUCCESS(status))
        return status;
    MiZeroRest(Transfer, min(bytes, (ULONG64)Transfer->Count << PAGE_SHIFT));
    return STATUS_SUCCESS;
}

/* ---- Residence ---- */
typedef enum MI_LOOK { MiAllThere, MiSomeMissing, MiSomeMoving, MiNoRoom } MI_LOOK;

/* Claims the first run of missing pages in [First, First + Count): each slot has a frame then, and is being read. */
static MI_LOOK MiClaimLocked(MI_SEGMENT *Segment, ULONG64 First, ULONG Count, MI_TRANSFER *Transfer)
{
    MI_LOOK look = MiAllThere;
    ULONG64 *slot;
    ULONG i;

    Transfer->Count = 0;
    for (i = 0; i < Count && Transfer->Count < MI_TRANSFER_PAGES; i++) {
        slot = First + i < Segment->Pages ? MiSlotLocked(Segment, First + i, TRUE) : NULL;
        if (slot == NULL)
            return MiNoRoom;
        if (*slot != MI_PAGE_NONE && Transfer->Count != 0)
            break;
        if (*slot & MI_SLOT_READING)
            look = MiSomeMoving;
        if (*slot != MI_PAGE_NONE)
            continue;
        Transfer->Frames[Transfer->Count] = MiAllocateFilePage();
        if (Transfer->Frames[Transfer->Count] == MI_NO_PAGE)
            return Transfer->Count != 0 ? MiSomeMissing : MiNoRoom;
        *slot = Transfer->Frames[Transfer->Count] | MI_SLOT_READING;
        if (Transfer->Count++ == 0)
            Transfer->First = First + i;
    }
    return Transfer->Count != 0 ? MiSomeMissing : look;
}

static VOID MiFinishRead(MI_TRANSFER *Transfer, NTSTATUS Status)
{
    MI_SEGMENT *segment = Transfer->Segment;
    ULONG i;

    ExLockExclusive(&segment->Lock);
    for (i = 0; i < Transfer->Count; i++) {
        *MiSlotLocked(segment, Transfer->First + i, FALSE) = NT_SUCCESS(Status) ? Transfer->Frames[i] : MI_PAGE_NONE;
        if (!NT_SUCCESS(Status))
            MiReleasePage(Transfer->Frames[i]);
    }
    MiWakeWaitersLocked(segment);
    ExUnlockExclusive(&segment->Lock);
}

NTSTATUS MmMakeFilePagesResident(MI_SEGMENT *Segment, ULONG64 First, ULONG Count, BOOLEAN Fresh)
{
    MI_TRANSFER transfer = { .Segment = Segment };
    NTSTATUS status = STATUS_SUCCESS;
    MI_LOOK look;

    do {
        ExLockExclusive(&Segment->Lock);
        look = MiClaimLocked(Segment, First, Count, &transfer);
        if (look == MiSomeMoving)
            MiAwaitPageLocked(Segment);
        ExUnlockExclusive(&Segment->Lock);
        if (look == MiNoRoom && transfer.Count == 0 && !MiAwaitPages(1))
            return STATUS_NO_MEMORY;
        if (transfer.Count == 0)
            continue;
        if (Fresh)
            MiZeroRest(&transfer, 0);
        else
            status = MiRead(&transfer);
        MiFinishRead(&transfer, status);
    } while (look != MiAllThere && NT_SUCCESS(status));
    return status;
}

BOOLEAN MmFilePagesAreResident(MI_SEGMENT *Segment, ULONG64 First, ULONG Count)
{
    BOOLEAN there = TRUE;
    ULONG i;

    ExLockShared(&Segment->Lock);
    for (i = 0; i < Count && there; i++) {
        ULONG64 *slot = First + i < Segment->Pages ? MiSlotLocked(Segment, First + i, FALSE) : NULL;
        there = slot != NULL && *slot != MI_PAGE_NONE && !(*slot & MI_SLOT_READING);
    }
    ExUnlockShared(&Segment->Lock);
    return there;
}

PFN_NUMBER MiPageOfFile(MI_SEGMENT *Segment, ULONG64 Index)
{
    PFN_NUMBER frame = MI_NO_PAGE;
    ULONG64 *slot;

    ExLockShared(&Segment->Lock);
    slot = Index < Segment->Pages ? MiSlotLocked(Segment, Index, FALSE) : NULL;
    if (slot != NULL && *slot != MI_PAGE_NONE && !(*slot & MI_SLOT_READING)) {
        frame = MiSlotFrame(*slot);
        MiReferencePage(frame);
    }
    ExUnlockShared(&Segment->Lock);
    return frame;
}
