/* SPDX-License-Identifier: MIT
 * Commit: every page that a program may fill is promised a place before, in memory or in a page file. What the kernel has of memory and
 * never gives back is no such place; it is counted as it is now.
 */
#include "pagefile.h"

static volatile LONG64 MiCommittedPages, MiPeakCommit;         /* a */
static volatile LONG64 MiPageInOperations, MiPagesIn, MiPageOutOperations, MiPagesOut, MiFaults;      /* a */

/* What programs can be promised altogether. */
static ULONG64 MiCommitLimit(VOID)
{
    ULONG64 places = (ULONG64)(MiAvailablePages + MiPageablePages + MiPageFilePages);
    return places > MiReservePages ? places - MiReservePages : 0;
}

static VOID MiNotePeak(LONG64 Pages)
{
    LONG64 peak = MiPeakCommit;
    while (Pages > peak && !__atomic_compare_exchange_n(&MiPeakCommit, &peak, Pages, FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        NOTHING;
}

BOOLEAN MiChargeCommit(ULONG64 Pages)
{
    ULONG64 limit = MiCommitLimit();
    LONG64 committed;

    if (Pages > limit)
        return FALSE;
    committed = InterlockedAdd64(&MiCommittedPages, (LONG64)Pages);
    if ((ULONG64)committed <= limit) {
        MiNotePeak(committed);
        return TRUE;
    }
    MiReturnCommit(Pages);
    return FALSE;
}

VOID MiReturnCommit(ULONG64 Pages) { InterlockedAdd64(&MiCommittedPages, -(LONG64)Pages); }
ULONG64 MmCommittedPages(VOID) { return (ULONG64)MiCommittedPages; }

/* ---- Of an address space ---- */
BOOLEAN MiChargeVad(MI_VAD *Vad, ULONG64 Pages)
{
    MI_ADDRESS_SPACE *space = MiSpaceOf(MiCurrentProcess());

    if (!MiChargeCommit(Pages))
        return FALSE;
    Vad->Charged += Pages;
    space->Charged += Pages;
    space->PeakCharged = max(space->PeakCharged, space->Charged);
    return TRUE;
}

VOID MiReturnVad(MI_VAD *Vad, ULONG64 Pages)
{
    MiReturnCommit(Pages);
    Vad->Charged -= Pages;
    MiSpaceOf(MiCurrentProcess())->Charged -= Pages;
}

VOID MmQueryProcess(PEPROCESS Process, MM_PROCESS *Information)
{
    const MI_ADDRESS_SPACE *space = MiSpaceOf(Process);

    RtlZeroMemory(Information, sizeof(*Information));
    if (space != NULL)
        *Information = (MM_PROCESS){ space->Resident, space->PeakResident, space->Charged, space->PeakCharged, space->Virtual,
                                      space->PeakVirtual, space->Faults };
}

/* ---- Figures ---- */
VOID MiCountPageIn(ULONG Pages)
{
    InterlockedIncrement64(&MiPageInOperations);
    InterlockedExchangeAdd64(&MiPagesIn, Pages);
}

VOID MiCountPageOut(ULONG Pages)
{
    InterlockedIncrement64(&MiPageOutOperations);
    InterlockedExchangeAdd64(&MiPagesOut, Pages);
}

VOID MiCountFault(VOID) { InterlockedIncrement64(&MiFaults); }

/* As documented, the kernel's own memory is committed, and all of memory and of the page files is the limit. */
VOID MmQueryCommit(MM_COMMIT *Commit)
{
    ULONG64 kernel = MiTotalPages - (ULONG64)MiAvailablePages - (ULONG64)MiPageablePages;

    *Commit = (MM_COMMIT){ .Committed = (ULONG64)MiCommittedPages + kernel, .Peak = (ULONG64)MiPeakCommit + kernel,
                           .Limit = MiTotalPages + (ULONG64)MiPageFilePages, .Faults = (ULONG64)MiFaults,
                           .PagesIn = (ULONG64)MiPagesIn, .InOperations = (ULONG64)MiPageInOperations,
                           .PagesOut = (ULONG64)MiPagesOut, .OutOperations = (ULONG64)MiPageOutOperations,
                           .FilePages = (ULONG64)MiFilePages };
}
