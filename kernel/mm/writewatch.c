/* SPDX-License-Identifier: MIT
 * Write watch: which pages of a region (MEM_WRITE_WATCH) were written since it was made, or since they were last asked to forget it. A
 * page of it that was not written yet cannot be written by the processor, whatever its protection: the fault of the first write notes it.
 * Devices write by MDLs, whose locking is such a fault; what a list that was locked before writes after a reset is not seen.
 */
#include "space.h"

#define TAG_WATCH 'WwmM'

MI_WATCH *MiMakeWatch(ULONG64 First, ULONG64 Pages)
{
    SIZE_T bytes = FIELD_OFFSET(MI_WATCH, Written) + (Pages + 63) / 64 * sizeof(ULONG64);
    MI_WATCH *watch = ExAllocatePoolWithTag(PagedPool, bytes, TAG_WATCH);

    if (watch == NULL)
        return NULL;
    RtlZeroMemory(watch, bytes);
    watch->References = 1;
    watch->First = First;
    return watch;
}

VOID MiLeaveWatch(MI_WATCH *Watch)
{
    if (Watch != NULL && --Watch->References == 0)
        ExFreePoolWithTag(Watch, TAG_WATCH);
}

static ULONG64 *MiWatchWord(const MI_VAD *Vad, ULONG64 Page) { return &Vad->Watch->Written[(Page - Vad->Watch->First) / 64]; }
static ULONG64 MiWatchBit(const MI_VAD *Vad, ULONG64 Page) { return 1ull << (Page - Vad->Watch->First) % 64; }

VOID MiNoteWritten(const MI_VAD *Vad, ULONG64 Page) { *MiWatchWord(Vad, Page) |= MiWatchBit(Vad, Page); }

ULONG64 MiWatchedEntry(const MI_VAD *Vad, ULONG64 Page, ULONG64 Entry)
{
    if (Vad->Watch == NULL || !(Entry & MI_PTE_VALID) || (*MiWatchWord(Vad, Page) & MiWatchBit(Vad, Page)))
        return Entry;
    return Entry & ~(MI_PTE_WRITE | MI_PTE_DIRTY);
}

/* The page's next write is a fault again, once the TLBs are flushed. */
static VOID MiForgetWrite(const MI_VAD *Vad, ULONG64 Page)
{
    *MiWatchWord(Vad, Page) &= ~MiWatchBit(Vad, Page);
    if (MiSkipHoles(Page, Page + 1) == Page && (*MiAddressToPte(Page << PAGE_SHIFT) & MI_PTE_VALID))
        __atomic_fetch_and(MiAddressToPte(Page << PAGE_SHIFT), ~(MI_PTE_WRITE | MI_PTE_DIRTY), __ATOMIC_SEQ_CST);
}

static NTSTATUS MiFindWatched(MI_ADDRESS_SPACE *Space, ULONG64 First, ULONG64 Last, MI_VAD **Vad)
{
    *Vad = MiFindVad(Space, First);
    return *Vad != NULL && (*Vad)->Watch != NULL && Last <= (*Vad)->Last ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_1;
}

static VOID MiForgetWrites(const MI_VAD *Vad, ULONG64 First, ULONG64 Last)
{
    ULONG64 page;

    for (page = First; page <= Last; page++)
        MiForgetWrite(Vad, page);
    KeFlushTb(First << PAGE_SHIFT, (ULONG)min(Last - First + 1, 0xFFFFFFFF));
}

NTSTATUS MmResetWriteWatch(ULONG64 Address, SIZE_T Bytes)
{
    ULONG64 first = Address >> PAGE_SHIFT, last = (Address + Bytes - 1) >> PAGE_SHIFT;
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status;
    MI_VAD *vad;

    MiLockAddressSpace(process);
    status = MiFindWatched(MiSpaceOf(process), first, last, &vad);
    if (NT_SUCCESS(status))
        MiForgetWrites(vad, first, last);
    MiUnlockAddressSpace(process);
    return status;
}

static ULONG MiCollectWritten(const MI_VAD *Vad, PULONG64 Page, ULONG64 Last, PVOID *Addresses, ULONG Room)
{
    ULONG count = 0;

    for (; *Page <= Last && count < Room; ++*Page)
        if (*MiWatchWord(Vad, *Page) & MiWatchBit(Vad, *Page))
            Addresses[count++] = (PVOID)(*Page << PAGE_SHIFT);
    return count;
}

NTSTATUS MmGetWriteWatch(PULONG64 Address, ULONG64 End, BOOLEAN Reset, PVOID *Addresses, PULONG Count)
{
    ULONG64 first = *Address >> PAGE_SHIFT, last = (End - 1) >> PAGE_SHIFT, at = first;
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status;
    MI_VAD *vad;

    MiLockAddressSpace(process);
    status = MiFindWatched(MiSpaceOf(process), first, last, &vad);
    if (NT_SUCCESS(status)) {
        *Count = MiCollectWritten(vad, &at, last, Addresses, *Count);
        if (Reset && *Count != 0)
            MiForgetWrites(vad, first, at - 1);
        *Address = at << PAGE_SHIFT;
    }
    MiUnlockAddressSpace(process);
    return status;
}
