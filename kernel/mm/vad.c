/* SPDX-License-Identifier: MIT
 * The tree of VADs: ranges of pages, none of which overlap; two that do compare as equal.
 */
#include "file.h"

#define TAG_VAD 'daVM'

static RTL_GENERIC_COMPARE_RESULTS NTAPI MiCompareVads(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    const MI_VAD *first = First, *second = Second;

    (void)Table;
    if (first->Last < second->First)
        return GenericLessThan;
    return first->First > second->Last ? GenericGreaterThan : GenericEqual;
}

static PVOID NTAPI MiAllocateVad(PRTL_AVL_TABLE Table, CLONG Bytes)
{
    (void)Table;
    return ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, TAG_VAD);
}

static VOID NTAPI MiFreeVad(PRTL_AVL_TABLE Table, PVOID Node)
{
    (void)Table;
    ExFreePoolWithTag(Node, TAG_VAD);
}

VOID MiInitializeVads(MI_ADDRESS_SPACE *Space)
{
    RtlInitializeGenericTableAvl(&Space->Vads, MiCompareVads, MiAllocateVad, MiFreeVad, NULL);
}

MI_VAD *MiFindOverlap(MI_ADDRESS_SPACE *Space, ULONG64 First, ULONG64 Last)
{
    MI_VAD range = { .First = First, .Last = Last }, *found = NULL, *vad;
    PVOID key = NULL;

    found = RtlLookupElementGenericTableAvl(&Space->Vads, &range);
    if (found == NULL || found->First <= First)
        return found;
    while ((vad = RtlEnumerateGenericTableWithoutSplayingAvl(&Space->Vads, &key)) != NULL)
        if (vad->Last >= First)
            return vad;
    return found;
}

MI_VAD *MiFindVad(MI_ADDRESS_SPACE *Space, ULONG64 Page)
{
    MI_VAD range = { .First = Page, .Last = Page };
    return RtlLookupElementGenericTableAvl(&Space->Vads, &range);
}

MI_VAD *MiInsertVad(MI_ADDRESS_SPACE *Space, const MI_VAD *Vad)
{
    BOOLEAN isNew = FALSE;
    MI_VAD *vad = Space->Gone ? NULL : RtlInsertElementGenericTableAvl(&Space->Vads, (PVOID)Vad, sizeof(*Vad), &isNew);
    if (!isNew)
        return NULL;
    Space->Virtual += vad->Last + 1 - vad->First;
    Space->PeakVirtual = max(Space->PeakVirtual, Space->Virtual);
    return vad;
}

MI_SEGMENT *MiRemoveVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad)
{
    MI_VAD vad = *Vad;

    MiReturnVad(Vad, Vad->Charged);
    MiLeaveWatch(Vad->Watch);
    Space->Virtual -= Vad->Last + 1 - Vad->First;
    RtlDeleteElementGenericTableAvl(&Space->Vads, Vad);
    return vad.Segment;
}

MI_SEGMENT *MiUnmapVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad)
{
    if (Vad->Writer != NULL)
        MiRemoveWriter(Vad->Segment, Vad->Writer);
    MiReleaseUserPages(Vad, Vad->First, Vad->Last, 0);
    return MiRemoveVad(Space, Vad);
}

MI_VAD *MiFirstVad(MI_ADDRESS_SPACE *Space)
{
    PVOID key = NULL;
    return RtlEnumerateGenericTableWithoutSplayingAvl(&Space->Vads, &key);
}

static ULONG64 MiRoundUp(ULONG64 Page) { return (Page + MI_GRANULARITY_PAGES - 1) & ~(MI_GRANULARITY_PAGES - 1); }

ULONG64 MiFindFreePages(MI_ADDRESS_SPACE *Space, ULONG64 Count, ULONG64 Highest, BOOLEAN TopDown)
{
    ULONG64 from = MI_LOWEST_USER_PAGE, found = 0;
    PVOID key = NULL;
    MI_VAD *vad;

    do {
        ULONG64 end, last;
        vad = RtlEnumerateGenericTableWithoutSplayingAvl(&Space->Vads, &key);
        end = vad != NULL ? min(vad->First, Highest + 1) : Highest + 1;      /* the gap is [from, end) */
        last = end >= Count ? (end - Count) & ~(MI_GRANULARITY_PAGES - 1) : 0;
        if (last >= from && last != 0) {
            found = TopDown ? last : from;
            if (!TopDown)
                return found;
        }
        from = vad != NULL ? MiRoundUp(vad->Last + 1) : 0;
    } while (vad != NULL && from <= Highest);
    return found;
}

/* ZeroBits as a count of high bits of a 32-bit address, or, from 32 on, as a mask whose highest bit is the limit. */
static ULONG64 MiHighestPage(ULONG64 ZeroBits)
{
    if (ZeroBits == 0)
        return MI_HIGHEST_USER_PAGE;
    if (ZeroBits < 32)
        return ((1ull << (32 - ZeroBits)) - 1) >> PAGE_SHIFT;
    return min((2ull << (63 - (ULONG)__builtin_clzll(ZeroBits))) - 1, (ULONG64)MmHighestUserAddress) >> PAGE_SHIFT;
}

NTSTATUS MiPlaceVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 Base, ULONG64 Pages, ULONG64 ZeroBits, ULONG AllocationType)
{
    ULONG64 first = Base >> PAGE_SHIFT;

    if (Space->Gone)
        return STATUS_PROCESS_IS_TERMINATING;
    if (Base == 0) {
        first = MiFindFreePages(Space, Pages, MiHighestPage(ZeroBits), (AllocationType & MEM_TOP_DOWN) != 0);
        if (first == 0)
            return STATUS_NO_MEMORY;
    } else if (first < MI_LOWEST_USER_PAGE || MiFindOverlap(Space, first, first + Pages - 1) != NULL) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    Vad->First = Vad->Start = first;
    Vad->Last = first + Pages - 1;
    return STATUS_SUCCESS;
}
