/* SPDX-License-Identifier: MIT
 * The life of a file's segment: found or made, grown and cut with the file, gone with its last user, once its dirty pages are written.
 *
 * MiFileSegmentLock guards every SECTION_OBJECT_POINTERS.DataSectionObject and ImageSectionObject, the list of all segments of files' data,
 * their Users and those of images, and the step of a segment's References to zero.
 */
#include "file.h"

EX_PUSH_LOCK MiFileSegmentLock;
static LIST_ENTRY MiFileSegments = { &MiFileSegments, &MiFileSegments };

static VOID NTAPI MiFlushLeftPages(PVOID Context);

static ULONG64 MiPagesOf(ULONG64 Bytes) { return (Bytes >> PAGE_SHIFT) + ((Bytes & (PAGE_SIZE - 1)) != 0); }

static NTSTATUS MiMakeFileSegment(PFILE_OBJECT File, MI_SEGMENT **Segment)
{
    MI_SEGMENT *segment = MiAllocateSegment(0);

    if (segment == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    InitializeListHead(&segment->Writers);
    InsertTailList(&MiFileSegments, &segment->Link);
    ExInitializeWorkItem(&segment->Work, MiFlushLeftPages, segment);
    MmUpcalls.HoldFile(File, TRUE);
    segment->File = File;
    segment->Committed = TRUE;
    File->SectionObjectPointer->DataSectionObject = segment;
    *Segment = segment;
    return STATUS_SUCCESS;
}

/* Room for the chunks of that many pages. Lock held exclusive. */
static NTSTATUS MiGrowChunksLocked(MI_SEGMENT *Segment, ULONG64 Pages)
{
    ULONG64 old = MiChunkCount(Segment), count = (Pages + MI_SEGMENT_CHUNK - 1) / MI_SEGMENT_CHUNK, **chunks;

    if (count > old) {
        count = max(count, old + old / 2);       /* files grow piece by piece */
        chunks = ExAllocatePoolWithTag(NonPagedPoolNx, count * sizeof(*chunks), TAG_SEGMENT);
        if (chunks == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        RtlZeroMemory(chunks, count * sizeof(*chunks));
        if (Segment->Chunks != NULL) {
            RtlCopyMemory(chunks, Segment->Chunks, old * sizeof(*chunks));
            ExFreePoolWithTag(Segment->Chunks, TAG_SEGMENT);
        }
        Segment->Chunks = chunks;
        Pages = count * MI_SEGMENT_CHUNK;
    }
    Segment->Pages = max(Segment->Pages, Pages);
    return STATUS_SUCCESS;
}

NTSTATUS MmReferenceFileSegment(PFILE_OBJECT File, ULONG64 Bytes, MI_SEGMENT **Segment)
{
    NTSTATUS status = STATUS_SUCCESS;
    MI_SEGMENT *segment;

    ExLockExclusive(&MiFileSegmentLock);
    segment = File->SectionObjectPointer->DataSectionObject;
    if (segment == NULL)
        status = MiMakeFileSegment(File, &segment);
    else
        InterlockedIncrement(&segment->References);
    ExUnlockExclusive(&MiFileSegmentLock);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&segment->Lock);
    status = MiGrowChunksLocked(segment, MiPagesOf(Bytes));
    if (NT_SUCCESS(status))
        segment->Bytes = max(segment->Bytes, Bytes);
    ExUnlockExclusive(&segment->Lock);
    if (NT_SUCCESS(status))
        *Segment = segment;
    else
        MiReleaseSegment(segment);
    return status;
}

MI_SEGMENT *MmFindFileSegment(PSECTION_OBJECT_POINTERS Pointers)
{
    MI_SEGMENT *segment;

    ExLockExclusive(&MiFileSegmentLock);
    segment = Pointers->DataSectionObject;
    if (segment != NULL)
        InterlockedIncrement(&segment->References);
    ExUnlockExclusive(&MiFileSegmentLock);
    return segment;
}

/* ---- Another size ---- */
/* A page's bytes from From on, if it is in memory. */
static VOID MiZeroFilePage(MI_SEGMENT *Segment, ULONG64 Index, ULONG From)
{
    PFN_NUMBER page = MiPageOfFile(Segment, Index);
    PUCHAR mapping;
    KIRQL irql;

    if (page == MI_NO_PAGE)
        return;
    mapping = MiMapInHyperSpace(page, &irql);
    RtlZeroMemory(mapping + From, PAGE_SIZE - From);
    MiUnmapHyperSpace(irql);
    MiReleasePage(page);
}

/* What lies behind the end must not be seen when the file grows again: pages that somebody uses stay, with zeroes. */
static BOOLEAN MiCutPages(MI_SEGMENT *Segment, ULONG64 Bytes, ULONG64 End)
{
    ULONG64 first = MiPagesOf(Bytes), at;

    if (Bytes & (PAGE_SIZE - 1))
        MiZeroFilePage(Segment, Bytes >> PAGE_SHIFT, (ULONG)Bytes & (PAGE_SIZE - 1));
    if (MmPurgeFilePages(Segment, first, End - first, TRUE))
        return TRUE;
    for (at = first; at < End; at++)
        MiZeroFilePage(Segment, at, 0);
    return FALSE;
}

BOOLEAN MmResizeFileSegment(MI_SEGMENT *Segment, ULONG64 Bytes)
{
    BOOLEAN grown;
    ULONG64 old;

    ExLockExclusive(&Segment->Lock);
    old = Segment->Bytes;
    grown = NT_SUCCESS(MiGrowChunksLocked(Segment, MiPagesOf(Bytes)));
    if (grown)
        Segment->Bytes = Bytes;
    ExUnlockExclusive(&Segment->Lock);
    if (!grown || Bytes >= old)
        return grown;
    return MiCutPages(Segment, Bytes, MiPagesOf(old));
}

/* ---- The end ---- */
/* The last user is gone. What cannot be written now never can. */
static VOID NTAPI MiFlushLeftPages(PVOID Context)
{
    MI_SEGMENT *segment = Context;

    if (!NT_SUCCESS(MmFlushFilePages(segment, 0, segment->Pages)))
        MmPurgeFilePages(segment, 0, segment->Pages, TRUE);
    MiReleaseSegment(segment);
}

BOOLEAN MiDropFileSegment(MI_SEGMENT *Segment)
{
    BOOLEAN dirty = FALSE, last = FALSE;

    ExLockExclusive(&MiFileSegmentLock);
    if (Segment->References == 1 && MmCountDirtyPages(Segment) != 0)
        dirty = TRUE;                            /* this reference becomes the work item's */
    else
        last = InterlockedDecrement(&Segment->References) == 0;
    if (last) {
        Segment->File->SectionObjectPointer->DataSectionObject = NULL;
        RemoveEntryList(&Segment->Link);
    }
    ExUnlockExclusive(&MiFileSegmentLock);
    if (dirty)
        MmUpcalls.QueueWork(&Segment->Work);
    return last;
}

/* ---- Users: section objects and views ---- */
VOID MiUseSegment(MI_SEGMENT *Segment, ULONG64 Bytes)
{
    InterlockedIncrement(&Segment->References);
    if (Segment->File == NULL && Segment->Image == NULL)
        return;
    ExLockExclusive(&MiFileSegmentLock);
    Segment->UserBytes = Segment->Users++ == 0 ? Bytes : max(Segment->UserBytes, Bytes);
    ExUnlockExclusive(&MiFileSegmentLock);
}

VOID MiLeaveSegment(MI_SEGMENT *Segment)
{
    LIST_ENTRY gone;

    InitializeListHead(&gone);
    if (Segment->File != NULL || Segment->Image != NULL) {
        ExLockExclusive(&MiFileSegmentLock);
        if (--Segment->Users == 0 && Segment->Image != NULL)
            MiKeepImageLocked(Segment, &gone);
        ExUnlockExclusive(&MiFileSegmentLock);
    }
    MiReleaseSegment(Segment);
    MiReleaseImages(&gone);
}

/* The next segment after Previous (which loses its reference) that is mapped for writing; referenced. */
static MI_SEGMENT *MiNextMapped(MI_SEGMENT *Previous)
{
    MI_SEGMENT *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&MiFileSegmentLock);
    for (entry = Previous != NULL ? Previous->Link.Flink : MiFileSegments.Flink; entry != &MiFileSegments && found == NULL; entry = entry->Flink)
        if (!IsListEmpty(&CONTAINING_RECORD(entry, MI_SEGMENT, Link)->Writers))
            found = CONTAINING_RECORD(entry, MI_SEGMENT, Link);
    if (found != NULL)
        InterlockedIncrement(&found->References);
    ExUnlockExclusive(&MiFileSegmentLock);
    if (Previous != NULL)
        MiReleaseSegment(Previous);
    return found;
}

ULONG MmFlushMappedFiles(VOID)
{
    MI_SEGMENT *segment;
    ULONG count = 0;

    for (segment = MiNextMapped(NULL); segment != NULL; segment = MiNextMapped(segment)) {
        MmFlushFilePages(segment, 0, MAXLONGLONG);
        count++;
    }
    return count;
}

/* No segment is referenced for that: to give the last reference back is to close a file, for which the trimmer must not wait. */
VOID MiPurgeAllFiles(VOID)
{
    PLIST_ENTRY entry;

    ExLockExclusive(&MiFileSegmentLock);
    for (entry = MiFileSegments.Flink; entry != &MiFileSegments; entry = entry->Flink)
        MmPurgeFilePages(CONTAINING_RECORD(entry, MI_SEGMENT, Link), 0, MAXLONGLONG, FALSE);
    ExUnlockExclusive(&MiFileSegmentLock);
}
