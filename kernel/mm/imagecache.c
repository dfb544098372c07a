/* SPDX-License-Identifier: MIT
 * Which images of programs are in memory: one for each file (SECTION_OBJECT_POINTERS.ImageSectionObject), kept after its last user so
 * that the next process finds it, until there are too many such or somebody wants to write or delete the file.
 */
#include "file.h"

static LIST_ENTRY MiUnusedImages = { &MiUnusedImages, &MiUnusedImages };       /* MiFileSegmentLock longest ago first */
static ULONG64 MiUnusedPages;                    /* MiFileSegmentLock */

static PSECTION_OBJECT_POINTERS MiPointersOf(const MI_SEGMENT *Segment) { return Segment->Image->File->SectionObjectPointer; }

static MI_SEGMENT *MiUseCachedLocked(PSECTION_OBJECT_POINTERS Pointers)
{
    MI_SEGMENT *segment = Pointers->ImageSectionObject;

    if (segment == NULL)
        return NULL;
    if (segment->Users++ == 0) {
        RemoveEntryList(&segment->Image->Unused);
        MiUnusedPages -= segment->Pages;
    }
    InterlockedIncrement(&segment->References);
    return segment;
}

NTSTATUS MiUseImageSegment(PFILE_OBJECT File, MI_SEGMENT **Segment)
{
    MI_SEGMENT *segment, *fresh;
    NTSTATUS status;

    ExLockExclusive(&MiFileSegmentLock);
    *Segment = MiUseCachedLocked(File->SectionObjectPointer);
    ExUnlockExclusive(&MiFileSegmentLock);
    if (*Segment != NULL)
        return STATUS_SUCCESS;
    status = MiLoadImageSegment(File, &fresh);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&MiFileSegmentLock);
    segment = MiUseCachedLocked(File->SectionObjectPointer);   /* somebody may have been faster */
    if (segment == NULL) {
        File->SectionObjectPointer->ImageSectionObject = segment = fresh;
        segment->Users = 1;
        InterlockedIncrement(&segment->References);            /* the pointer has the first */
    }
    ExUnlockExclusive(&MiFileSegmentLock);
    if (segment != fresh)
        MiReleaseSegment(fresh);
    *Segment = segment;
    return STATUS_SUCCESS;
}

/* ---- Without users ---- */
/* Nobody finds the image any more. */
static VOID MiForgetImageLocked(MI_SEGMENT *Segment, PLIST_ENTRY Gone)
{
    RemoveEntryList(&Segment->Image->Unused);
    MiUnusedPages -= Segment->Pages;
    MiPointersOf(Segment)->ImageSectionObject = NULL;
    Segment->Image->Segment = Segment;
    InsertTailList(Gone, &Segment->Image->Unused);
}

VOID MiKeepImageLocked(MI_SEGMENT *Segment, PLIST_ENTRY Gone)
{
    Segment->Image->Segment = Segment;
    InsertTailList(&MiUnusedImages, &Segment->Image->Unused);
    MiUnusedPages += Segment->Pages;
    while (MiUnusedPages > MiTotalPages / 8)
        MiForgetImageLocked(CONTAINING_RECORD(MiUnusedImages.Flink, MI_IMAGE, Unused)->Segment, Gone);
}

VOID MiReleaseImages(PLIST_ENTRY Gone)
{
    while (!IsListEmpty(Gone))
        MiReleaseSegment(CONTAINING_RECORD(RemoveHeadList(Gone), MI_IMAGE, Unused)->Segment);
}

VOID MiPurgeUnusedImages(VOID)
{
    LIST_ENTRY gone;

    InitializeListHead(&gone);
    ExLockExclusive(&MiFileSegmentLock);
    while (!IsListEmpty(&MiUnusedImages))
        MiForgetImageLocked(CONTAINING_RECORD(MiUnusedImages.Flink, MI_IMAGE, Unused)->Segment, &gone);
    ExUnlockExclusive(&MiFileSegmentLock);
    MiReleaseImages(&gone);
}

/* ---- What file systems ask ---- */
/* FALSE: the image is in use. */
static BOOLEAN MiDropImageLocked(PSECTION_OBJECT_POINTERS Pointers, PLIST_ENTRY Gone)
{
    MI_SEGMENT *segment = Pointers->ImageSectionObject;

    if (segment == NULL)
        return TRUE;
    if (segment->Users != 0)
        return FALSE;
    MiForgetImageLocked(segment, Gone);
    return TRUE;
}

BOOLEAN NTAPI MmFlushImageSection(PSECTION_OBJECT_POINTERS SectionObjectPointer, MMFLUSH_TYPE FlushType)
{
    MI_SEGMENT *data;
    LIST_ENTRY gone;
    BOOLEAN unused;

    InitializeListHead(&gone);
    ExLockExclusive(&MiFileSegmentLock);
    data = SectionObjectPointer->DataSectionObject;
    unused = (FlushType != MmFlushForDelete || data == NULL || data->Users == 0) && MiDropImageLocked(SectionObjectPointer, &gone);
    ExUnlockExclusive(&MiFileSegmentLock);
    MiReleaseImages(&gone);
    return unused;
}

BOOLEAN NTAPI MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS SectionPointer, PLARGE_INTEGER NewFileSize)
{
    MI_SEGMENT *data;
    LIST_ENTRY gone;
    BOOLEAN can;

    InitializeListHead(&gone);
    ExLockExclusive(&MiFileSegmentLock);
    data = SectionPointer->DataSectionObject;
    can = MiDropImageLocked(SectionPointer, &gone) &&
          (data == NULL || data->Users == 0 || (NewFileSize != NULL && (ULONG64)NewFileSize->QuadPart >= data->UserBytes));
    ExUnlockExclusive(&MiFileSegmentLock);
    MiReleaseImages(&gone);
    return can;
}
