/* SPDX-License-Identifier: MIT
 * Which files are cached: a map for the file, a private map for each file object. A map that no file object has open any more lives
 * on until its dirty pages are written.
 */
#include "ccp.h"

EX_PUSH_LOCK CcpMapLock;
LIST_ENTRY CcpMaps = { &CcpMaps, &CcpMaps };

VOID CcInitialize(VOID)
{
    CcpInitializeViews();
    CcpInitializeLazyWriter();
}

/* ---- Making one ---- */
static VOID CcpSetSizesLocked(CC_MAP *Map, const CC_FILE_SIZES *Sizes)
{
    Map->FileSize = (ULONG64)Sizes->FileSize.QuadPart;
    Map->ValidDataGoal = Map->ValidDataLength = (ULONG64)Sizes->ValidDataLength.QuadPart;
}

typedef struct CC_OPENING {
    PFILE_OBJECT File;
    PCC_FILE_SIZES Sizes;
    PCACHE_MANAGER_CALLBACKS Callbacks;
    PVOID Context;
    BOOLEAN PinAccess;
} CC_OPENING;

static CC_MAP *CcpMakeMap(const CC_OPENING *Opening)
{
    CC_MAP *map = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*map), CC_TAG);

    if (map == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    RtlZeroMemory(map, sizeof(*map));
    map->NodeTypeCode = CC_NODE_MAP;
    map->NodeByteSize = sizeof(*map);
    map->FileObject = Opening->File;
    map->Pointers = Opening->File->SectionObjectPointer;
    map->Callbacks = Opening->Callbacks;
    map->Context = Opening->Context;
    map->PinAccess = Opening->PinAccess;
    InitializeListHead(&map->Bcbs);
    CcpSetSizesLocked(map, Opening->Sizes);
    return map;
}

/* Nobody else sees the map yet, but the lock is held: SharedCacheMap must not be set twice. */
static NTSTATUS CcpEnterMapLocked(CC_MAP *Map, const CC_FILE_SIZES *Sizes)
{
    ULONG64 bytes = (ULONG64)max(Sizes->AllocationSize.QuadPart, Sizes->FileSize.QuadPart);
    NTSTATUS status = MmReferenceFileSegment(Map->FileObject, bytes, &Map->Segment);

    if (!NT_SUCCESS(status))
        return status;
    Map->Pointers->SharedCacheMap = Map;
    InsertTailList(&CcpMaps, &Map->Link);
    return STATUS_SUCCESS;
}

static NTSTATUS CcpOpenLocked(const CC_OPENING *Opening, CC_PRIVATE *Private, CC_MAP **Spare)
{
    CC_MAP *map = CcpMapOf(Opening->File);
    NTSTATUS status = STATUS_SUCCESS;

    if (Opening->File->PrivateCacheMap != NULL)
        return STATUS_ALREADY_COMMITTED;
    if (map == NULL) {
        map = *Spare;
        status = CcpEnterMapLocked(map, Opening->Sizes);
        if (NT_SUCCESS(status))
            *Spare = NULL;
    }
    if (!NT_SUCCESS(status))
        return status;
    map->OpenCount++;
    Opening->File->PrivateCacheMap = Private;
    return STATUS_SUCCESS;
}

VOID NTAPI CcInitializeCacheMap(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes, BOOLEAN PinAccess, PCACHE_MANAGER_CALLBACKS Callbacks,
                                PVOID LazyWriteContext)
{
    CC_OPENING opening = { FileObject, FileSizes, Callbacks, LazyWriteContext, PinAccess };
    CC_PRIVATE *private = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*private), CC_TAG);
    CC_MAP *spare;
    NTSTATUS status;

    if (private == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    RtlZeroMemory(private, sizeof(*private));
    private->NodeTypeCode = CC_NODE_PRIVATE;
    private->NodeByteSize = sizeof(*private);
    private->FileObject = FileObject;
    private->ReadAheadGranularity = PAGE_SIZE;
    spare = CcpMakeMap(&opening);
    ExLockExclusive(&CcpMapLock);
    status = CcpOpenLocked(&opening, private, &spare);
    ExUnlockExclusive(&CcpMapLock);
    if (spare != NULL)
        ExFreePoolWithTag(spare, CC_TAG);
    if (NT_SUCCESS(status))
        return;
    ExFreePoolWithTag(private, CC_TAG);
    if (status != STATUS_ALREADY_COMMITTED)      /* this file object has it cached already */
        ExRaiseStatus(status);
}

/* ---- The end ---- */
/* Nobody can find the map any more. */
static VOID CcpDeleteMap(CC_MAP *Map)
{
    PCACHE_UNINITIALIZE_EVENT event = Map->Gone, next;

    ASSERT(IsListEmpty(&Map->Bcbs));
    CcpDropViews(Map, 0, MAXULONG - 1);
    if (Map->Views != NULL)
        ExFreePoolWithTag(Map->Views, CC_TAG);
    MmDeleteSegment(Map->Segment);
    ExFreePoolWithTag(Map, CC_TAG);
    for (; event != NULL; event = next) {
        next = event->Next;
        KeSetEvent(&event->Event, 0, FALSE);
    }
}

/* TRUE: the caller deletes it. What is dirty waits for the lazy writer. */
static BOOLEAN CcpLeaveLocked(CC_MAP *Map)
{
    if (Map->OpenCount != 0 || Map->References != 0)
        return FALSE;
    if (MmCountDirtyPages(Map->Segment) != 0) {
        CcpWakeLazyWriter(Map->Gone != NULL);
        return FALSE;
    }
    RemoveEntryList(&Map->Link);
    Map->Pointers->SharedCacheMap = NULL;
    return TRUE;
}

VOID CcpReferenceMap(CC_MAP *Map)
{
    ExLockExclusive(&CcpMapLock);
    Map->References++;
    ExUnlockExclusive(&CcpMapLock);
}

BOOLEAN CcpReleaseMap(CC_MAP *Map)
{
    BOOLEAN last;

    ExLockExclusive(&CcpMapLock);
    Map->References--;
    last = CcpLeaveLocked(Map);
    ExUnlockExclusive(&CcpMapLock);
    if (last)
        CcpDeleteMap(Map);
    return last;
}

/* The file object does not want its file cached any more. TRUE: the map is gone too. */
BOOLEAN NTAPI CcUninitializeCacheMap(PFILE_OBJECT FileObject, PLARGE_INTEGER TruncateSize, PCACHE_UNINITIALIZE_EVENT UninitializeCompleteEvent)
{
    CC_MAP *map;
    CC_PRIVATE *private;

    if (FileObject->PrivateCacheMap == NULL && TruncateSize == NULL && UninitializeCompleteEvent == NULL)
        return FileObject->SectionObjectPointer == NULL || CcpMapOf(FileObject) == NULL;
    ExLockExclusive(&CcpMapLock);
    map = FileObject->SectionObjectPointer != NULL ? CcpMapOf(FileObject) : NULL;
    private = FileObject->PrivateCacheMap;
    FileObject->PrivateCacheMap = NULL;
    if (map != NULL && private != NULL)
        map->OpenCount--;
    if (map != NULL && UninitializeCompleteEvent != NULL) {
        UninitializeCompleteEvent->Next = map->Gone;
        map->Gone = UninitializeCompleteEvent;
    }
    if (map != NULL)
        map->References++;
    ExUnlockExclusive(&CcpMapLock);
    if (private != NULL)
        ExFreePoolWithTag(private, CC_TAG);
    if (map == NULL) {
        if (UninitializeCompleteEvent != NULL)
            KeSetEvent(&UninitializeCompleteEvent->Event, 0, FALSE);
        return TRUE;
    }
    if (TruncateSize != NULL && map->OpenCount == 0)
        CcPurgeCacheSection(map->Pointers, TruncateSize, 0, FALSE);
    return CcpReleaseMap(map);
}

/* ---- What the file system says of its file ---- */
VOID NTAPI CcSetFileSizes(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes)
{
    CC_MAP *map = FileObject->SectionObjectPointer != NULL ? CcpMapOf(FileObject) : NULL;
    ULONG64 bytes = (ULONG64)max(FileSizes->AllocationSize.QuadPart, FileSizes->FileSize.QuadPart);
    ULONG64 size = (ULONG64)FileSizes->FileSize.QuadPart, old;

    if (map == NULL)
        return;
    ExLockExclusive(&map->Lock);
    old = map->FileSize;
    map->FileSize = size;
    if (map->ValidDataGoal != MAXLONGLONG && size < old) {
        map->ValidDataGoal = min(map->ValidDataGoal, size);
        map->ValidDataLength = min(map->ValidDataLength, size);
    }
    ExUnlockExclusive(&map->Lock);
    if (size < old) {
        CcpDropViews(map, (ULONG)(size / CC_VIEW_SIZE), MAXULONG - 1);
        MmResizeFileSegment(map->Segment, size);
    }
    MmResizeFileSegment(map->Segment, bytes);
}

VOID NTAPI CcSetAdditionalCacheAttributes(PFILE_OBJECT FileObject, BOOLEAN DisableReadAhead, BOOLEAN DisableWriteBehind)
{
    CC_MAP *map = CcpMapOf(FileObject);
    map->NoReadAhead = DisableReadAhead;
    map->NoWriteBehind = DisableWriteBehind;
}

VOID NTAPI CcSetReadAheadGranularity(PFILE_OBJECT FileObject, ULONG Granularity)
{
    ((CC_PRIVATE *)FileObject->PrivateCacheMap)->ReadAheadGranularity = Granularity;
}

/* Not referenced. */
PFILE_OBJECT NTAPI CcGetFileObjectFromSectionPtrs(PSECTION_OBJECT_POINTERS SectionObjectPointer)
{
    PFILE_OBJECT file = NULL;

    ExLockShared(&CcpMapLock);
    if (SectionObjectPointer->SharedCacheMap != NULL)
        file = ((CC_MAP *)SectionObjectPointer->SharedCacheMap)->FileObject;
    ExUnlockShared(&CcpMapLock);
    return file;
}
