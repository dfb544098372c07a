/* SPDX-License-Identifier: MIT
 * Walking a directory: its objects are referenced under the lock and shown without it.
 */
#include "obp.h"

#define OBP_TAG_WALK 'kWbO'

static VOID ObpCollectEntries(POBJECT_DIRECTORY Directory, OBP_SNAPSHOT *Snapshot)
{
    POBJECT_DIRECTORY_ENTRY entry;
    ULONG bucket;

    ExLockShared(&Directory->Lock);
    for (bucket = 0; bucket < OBP_DIRECTORY_BUCKETS; bucket++)
        for (entry = Directory->HashBuckets[bucket]; entry != NULL; entry = entry->ChainLink) {
            if (Snapshot->Count < Snapshot->Capacity) {
                ObfReferenceObject(entry->Object);
                Snapshot->Objects[Snapshot->Count] = entry->Object;
            }
            Snapshot->Count++;
        }
    ExUnlockShared(&Directory->Lock);
}

VOID ObpReleaseSnapshot(OBP_SNAPSHOT *Snapshot)
{
    ULONG i;
    for (i = 0; i < min(Snapshot->Count, Snapshot->Capacity); i++)
        ObfDereferenceObject(Snapshot->Objects[i]);
    ExFreePoolWithTag(Snapshot->Objects, OBP_TAG_WALK);
}

/* The buffer is made larger until all entries fit. */
NTSTATUS ObpTakeSnapshot(POBJECT_DIRECTORY Directory, OBP_SNAPSHOT *Snapshot)
{
    for (Snapshot->Capacity = 256;; Snapshot->Capacity *= 2) {
        Snapshot->Count = 0;
        Snapshot->Objects = ExAllocatePoolWithTag(PagedPool, Snapshot->Capacity * sizeof(PVOID), OBP_TAG_WALK);
        if (Snapshot->Objects == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        ObpCollectEntries(Directory, Snapshot);
        if (Snapshot->Count <= Snapshot->Capacity)
            return STATUS_SUCCESS;
        ObpReleaseSnapshot(Snapshot);
    }
}

VOID ObpVisitDirectory(POBJECT_DIRECTORY Directory, OBP_VISIT *Visit, PVOID Context)
{
    OBP_SNAPSHOT snapshot;
    ULONG i;

    if (!NT_SUCCESS(ObpTakeSnapshot(Directory, &snapshot)))
        return;
    for (i = 0; i < snapshot.Count; i++)
        Visit(Context, snapshot.Objects[i]);
    ObpReleaseSnapshot(&snapshot);
}

typedef struct OBP_LINK_VISIT {
    OB_VISIT_LINK *Visit;
    PVOID Context;
} OBP_LINK_VISIT;

static VOID ObpVisitLink(PVOID Context, PVOID Object)
{
    OBP_LINK_VISIT *visit = Context;
    POBJECT_HEADER header = ObHeader(Object);

    if (ObpTypeOf(header) == ObpSymbolicLinkObjectType)
        visit->Visit(visit->Context, &ObpNameInfo(header)->Name, &((POBJECT_SYMBOLIC_LINK)Object)->LinkTarget);
}

VOID ObEnumerateSymbolicLinks(OB_VISIT_LINK *Visit, PVOID Context)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"GLOBAL\?\?");
    POBJECT_DIRECTORY directory = ObpLookupDirectoryEntry(ObpRootDirectoryObject, &name, ObpHashName(&name), FALSE);
    OBP_LINK_VISIT visit = { Visit, Context };

    if (directory == NULL)
        return;
    ObpVisitDirectory(directory, ObpVisitLink, &visit);
    ObfDereferenceObject(directory);
}
