/* SPDX-License-Identifier: MIT
 * Views and their windows. There are CcpWindowLimit windows; a file's view has one while it is in use, and keeps it until another
 * view wants one, or more pages are mapped than CcpPageLimit: then the view that was used longest ago loses it.
 */
#include "ccp.h"

#define CC_WINDOWS 4096u                         /* a gibibyte of addresses */

static EX_PUSH_LOCK CcpViewLock;
static CC_VIEW *CcpViews;                        /* I */
static LIST_ENTRY CcpUnused = { &CcpUnused, &CcpUnused };      /* CcpViewLock */
static LIST_ENTRY CcpIdle = { &CcpIdle, &CcpIdle };            /* CcpViewLock with a window and no user, longest ago first */
static volatile LONG64 CcpMappedPages;
static LONG64 CcpPageLimit;                      /* I */

VOID CcpInitializeViews(VOID)
{
    MM_STATISTICS statistics;
    ULONG i;

    MmQueryStatistics(&statistics);
    CcpPageLimit = (LONG64)statistics.TotalPages / 4;
    MmUpcalls.TrimCache = CcpTrimViews;
    CcpViews = ExAllocatePoolWithTag(NonPagedPoolNx, CC_WINDOWS * sizeof(*CcpViews), CC_TAG);
    if (CcpViews == NULL)
        KeBugCheckEx(CACHE_MANAGER, 1, 0, 0, 0);
    RtlZeroMemory(CcpViews, CC_WINDOWS * sizeof(*CcpViews));
    for (i = 0; i < CC_WINDOWS; i++)
        InsertTailList(&CcpUnused, &CcpViews[i].Link);
}

CC_PIECE CcpPieceAt(ULONG64 Offset, ULONG64 Length)
{
    CC_PIECE piece;

    piece.Index = (ULONG)(Offset / CC_VIEW_SIZE);
    piece.Offset = (ULONG)(Offset % CC_VIEW_SIZE);
    piece.Length = (ULONG)min(Length, CC_VIEW_SIZE - piece.Offset);
    piece.FirstPage = piece.Offset >> PAGE_SHIFT;
    piece.PageCount = (ULONG)(((piece.Offset + (ULONG64)piece.Length + PAGE_SIZE - 1) >> PAGE_SHIFT) - piece.FirstPage);
    return piece;
}

static ULONG64 CcpMask(ULONG First, ULONG Count) { return (Count == 64 ? ~0ull : (1ull << Count) - 1) << First; }

/* ---- Windows given and taken ---- */
/* The view has no user: its pages are unmapped, and the clean ones dropped. */
static VOID CcpTakeWindowLocked(CC_VIEW *View)
{
    CC_MAP *map = View->Map;
    ULONG64 first = (ULONG64)View->Index * CC_VIEW_PAGES;

    ASSERT(View->Users == 0);
    RemoveEntryList(&View->Link);
    map->Views[View->Index] = NULL;
    View->Map = NULL;
    View->Mapped = 0;
    InterlockedExchangeAdd64(&CcpMappedPages, -(LONG64)MmEmptyWindow(View->Base, CC_VIEW_PAGES));
    if (!MmPurgeFilePages(map->Segment, first, CC_VIEW_PAGES, FALSE))
        map->Spilled = TRUE;
    InsertHeadList(&CcpUnused, &View->Link);
}

static BOOLEAN CcpGrowViewsLocked(CC_MAP *Map, ULONG Index)
{
    ULONG count = max(Index + 1, Map->ViewCount + Map->ViewCount / 2);
    CC_VIEW **views;

    if (Index < Map->ViewCount)
        return TRUE;
    views = ExAllocatePoolWithTag(NonPagedPoolNx, count * sizeof(*views), CC_TAG);
    if (views == NULL)
        return FALSE;
    RtlZeroMemory(views, count * sizeof(*views));
    if (Map->Views != NULL) {
        RtlCopyMemory(views, Map->Views, Map->ViewCount * sizeof(*views));
        ExFreePoolWithTag(Map->Views, CC_TAG);
    }
    Map->Views = views;
    Map->ViewCount = count;
    return TRUE;
}

/* A window for that view, or NULL. */
static CC_VIEW *CcpGiveWindowLocked(CC_MAP *Map, ULONG Index)
{
    CC_VIEW *view;

    if (!CcpGrowViewsLocked(Map, Index))
        return NULL;
    if (!IsListEmpty(&CcpIdle) && (IsListEmpty(&CcpUnused) || CcpMappedPages > CcpPageLimit))
        CcpTakeWindowLocked(CONTAINING_RECORD(CcpIdle.Flink, CC_VIEW, Link));
    if (IsListEmpty(&CcpUnused))
        return NULL;
    view = CONTAINING_RECORD(CcpUnused.Flink, CC_VIEW, Link);
    if (view->Base == NULL)
        view->Base = MmReserveWindow(CC_VIEW_PAGES);
    if (view->Base == NULL)
        return NULL;
    RemoveEntryList(&view->Link);
    view->Map = Map;
    view->Index = Index;
    view->Users = 0;
    Map->Views[Index] = view;
    return view;
}

CC_VIEW *CcpUseView(CC_MAP *Map, ULONG Index)
{
    CC_VIEW *view;

    ExLockExclusive(&CcpViewLock);
    view = Index < Map->ViewCount ? Map->Views[Index] : NULL;
    if (view == NULL)
        view = CcpGiveWindowLocked(Map, Index);
    else if (view->Users == 0)
        RemoveEntryList(&view->Link);
    if (view != NULL)
        view->Users++;
    ExUnlockExclusive(&CcpViewLock);
    if (view == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return view;
}

VOID CcpLeaveView(CC_VIEW *View)
{
    ExLockExclusive(&CcpViewLock);
    ASSERT(View->Users > 0);
    if (--View->Users == 0)
        InsertTailList(&CcpIdle, &View->Link);
    ExUnlockExclusive(&CcpViewLock);
}

/* Memory is short. */
VOID CcpTrimViews(ULONG Windows)
{
    ExLockExclusive(&CcpViewLock);
    for (; Windows != 0 && !IsListEmpty(&CcpIdle); Windows--)
        CcpTakeWindowLocked(CONTAINING_RECORD(CcpIdle.Flink, CC_VIEW, Link));
    ExUnlockExclusive(&CcpViewLock);
}

BOOLEAN CcpDropViews(CC_MAP *Map, ULONG First, ULONG Last)
{
    BOOLEAN all = TRUE;
    ULONG i;

    ExLockExclusive(&CcpViewLock);
    for (i = First; i <= Last && i < Map->ViewCount; i++) {
        if (Map->Views[i] == NULL)
            continue;
        if (Map->Views[i]->Users != 0)
            all = FALSE;
        else
            CcpTakeWindowLocked(Map->Views[i]);
    }
    ExUnlockExclusive(&CcpViewLock);
    return all;
}

/* ---- Pages ---- */
static NTSTATUS CcpMapPages(CC_VIEW *View, ULONG First, ULONG Count)
{
    ULONG64 page = (ULONG64)View->Index * CC_VIEW_PAGES + First;
    ULONG mapped;
    NTSTATUS status;

    ExLockExclusive(&View->Fill);
    status = MmMapFilePages(View->Map->Segment, page, Count, (PUCHAR)View->Base + ((ULONG64)First << PAGE_SHIFT), &mapped);
    InterlockedExchangeAdd64(&CcpMappedPages, mapped);
    if (NT_SUCCESS(status))
        __atomic_fetch_or(&View->Mapped, CcpMask(First, Count), __ATOMIC_RELEASE);
    ExUnlockExclusive(&View->Fill);
    return status;
}

NTSTATUS CcpLoadView(CC_VIEW *View, ULONG First, ULONG Count, BOOLEAN Fresh, BOOLEAN Wait)
{
    ULONG64 mask = CcpMask(First, Count), page = (ULONG64)View->Index * CC_VIEW_PAGES + First;
    NTSTATUS status;

    if (Count == 0 || (__atomic_load_n(&View->Mapped, __ATOMIC_ACQUIRE) & mask) == mask)
        return STATUS_SUCCESS;
    do {
        if (!Wait && !MmFilePagesAreResident(View->Map->Segment, page, Count))
            return STATUS_CANT_WAIT;
        status = MmMakeFilePagesResident(View->Map->Segment, page, Count, Fresh);
        if (NT_SUCCESS(status))
            status = CcpMapPages(View, First, Count);
    } while (status == STATUS_RETRY);            /* dropped between the two */
    return status;
}
