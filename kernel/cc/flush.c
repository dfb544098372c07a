/* SPDX-License-Identifier: MIT
 * Flushing and purging on demand.
 */
#include "ccp.h"

/* The file system is told up to where its file's data is on the disk (AdvanceOnly), once nothing before is dirty. */
static VOID CcpTellValidData(CC_MAP *Map, ULONG64 Goal)
{
    FILE_END_OF_FILE_INFORMATION information = { { .QuadPart = (LONG64)Goal } };
    IoAdvanceValidData(Map->FileObject, &information);
}

static BOOLEAN CcpAdvance(CC_MAP *Map, ULONG64 Goal)
{
    BOOLEAN advanced = FALSE;

    ExLockExclusive(&Map->Lock);
    if (Map->ValidDataGoal != MAXLONGLONG && Goal > Map->ValidDataLength) {
        Map->ValidDataLength = Goal;
        advanced = TRUE;
    }
    ExUnlockExclusive(&Map->Lock);
    return advanced;
}

NTSTATUS CcpFlushMap(CC_MAP *Map)
{
    ULONG64 goal;
    NTSTATUS status;

    ExLockShared(&Map->Lock);
    goal = Map->ValidDataGoal;
    ExUnlockShared(&Map->Lock);
    status = MmFlushFilePages(Map->Segment, 0, MAXLONGLONG);
    if (NT_SUCCESS(status) && CcpAdvance(Map, goal))
        CcpTellValidData(Map, goal);
    return status;
}

/* FileOffset NULL: the whole file. Length 0 with an offset: from there to the end. */
VOID NTAPI CcFlushCache(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset, ULONG Length, PIO_STATUS_BLOCK IoStatus)
{
    ULONG64 offset = FileOffset != NULL ? (ULONG64)FileOffset->QuadPart : 0, first = offset >> PAGE_SHIFT;
    ULONG64 pages = FileOffset == NULL || Length == 0 ? MAXLONGLONG - first : ((offset + Length + PAGE_SIZE - 1) >> PAGE_SHIFT) - first;
    struct MI_SEGMENT *segment = MmFindFileSegment(SectionObjectPointer);
    NTSTATUS status = STATUS_SUCCESS;

    if (segment != NULL) {
        status = MmFlushFilePages(segment, first, pages);
        MmDeleteSegment(segment);
    }
    if (IoStatus != NULL)
        *IoStatus = (IO_STATUS_BLOCK){ { status }, 0 };
}

/* FALSE: somebody uses a page of the range, which stays. */
BOOLEAN NTAPI CcPurgeCacheSection(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags)
{
    ULONG64 offset = FileOffset != NULL ? (ULONG64)FileOffset->QuadPart : 0, first = (offset + PAGE_SIZE - 1) >> PAGE_SHIFT;
    ULONG64 end = FileOffset == NULL || Length == 0 ? MAXLONGLONG >> PAGE_SHIFT : (offset + Length) >> PAGE_SHIFT;
    struct MI_SEGMENT *segment = MmFindFileSegment(SectionObjectPointer);
    CC_MAP *map = SectionObjectPointer->SharedCacheMap;
    BOOLEAN purged = TRUE;

    if (segment == NULL)
        return TRUE;
    if (map != NULL && end > first)
        CcpDropViews(map, (ULONG)(first / CC_VIEW_PAGES), (ULONG)min((end - 1) / CC_VIEW_PAGES, MAXULONG - 1));
    if (end > first)
        purged = MmPurgeFilePages(segment, first, end - first, !(Flags & DO_NOT_PURGE_DIRTY_PAGES));
    MmDeleteSegment(segment);
    return purged;
}

BOOLEAN NTAPI CcIsThereDirtyData(PVPB Vpb)
{
    BOOLEAN dirty = FALSE;
    PLIST_ENTRY entry;

    ExLockShared(&CcpMapLock);
    for (entry = CcpMaps.Flink; entry != &CcpMaps && !dirty; entry = entry->Flink) {
        CC_MAP *map = CONTAINING_RECORD(entry, CC_MAP, Link);
        dirty = map->FileObject->Vpb == Vpb && MmCountDirtyPages(map->Segment) != 0;
    }
    ExUnlockShared(&CcpMapLock);
    return dirty;
}
