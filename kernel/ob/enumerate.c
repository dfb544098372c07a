/* SPDX-License-Identifier: MIT
 * Walking a directory: its objects are referenced under the lock and shown without it.
 */
#include "obp.h"

#define OBP_TAG_WALK 'kWbO'

typedef struct OBP_WALK {
    PVOID *Objects;
    ULONG Count, Capacity;
} OBP_WALK;

static VOID ObpCollectEntries(POBJECT_DIRECTORY Directory, OBP_WALK *Walk)
{
    POBJECT_DIRECTORY_ENTRY entry;
    ULONG bucket;

    ExLockShared(&Directory->Lock);
    for (bucket = 0; bucket < OBP_DIRECTORY_BUCKETS; bucket++)
        for (entry = Directory->HashBuckets[bucket]; entry != NULL; entry = entry->ChainLink) {
            if (Walk->Count < Walk->Capacity) {
                ObfReferenceObject(entry->Object);
                Walk->Objects[Walk->Count] = entry->Object;
            }
            Walk->Count++;
        }
    ExUnlockShared(&Directory->Lock);
}

static VOID ObpReleaseEntries(OBP_WALK *Walk)
{
    ULONG i;
    for (i = 0; i < min(Walk->Count, Walk->Capacity); i++)
        ObfDereferenceObject(Walk->Objects[i]);
    ExFreePoolWithTag(Walk->Objects, OBP_TAG_WALK);
}

/* All entries, in a buffer that is made larger until they fit. */
static NTSTATUS ObpSnapshot(POBJECT_DIRECTORY Directory, OBP_WALK *Walk)
{
    for (Walk->Capacity = 256;; Walk->Capacity *= 2) {
        Walk->Count = 0;
        Walk->Objects = ExAllocatePoolWithTag(PagedPool, Walk->Capacity * sizeof(PVOID), OBP_TAG_WALK);
        if (Walk->Objects == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        ObpCollectEntries(Directory, Walk);
        if (Walk->Count <= Walk->Capacity)
            return STATUS_SUCCESS;
        ObpReleaseEntries(Walk);
    }
}

VOID ObpVisitDirectory(POBJECT_DIRECTORY Directory, OBP_VISIT *Visit, PVOID Context)
{
    OBP_WALK walk;
    ULONG i;

    if (!NT_SUCCESS(ObpSnapshot(Directory, &walk)))
        return;
    for (i = 0; i < walk.Count; i++)
        Visit(Context, walk.Objects[i]);
    ObpReleaseEntries(&walk);
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
    POBJECT_DIRECTORY directory = ObpLookupDirectoryEntry(ObpRootDirectoryObject, &name, FALSE);
    OBP_LINK_VISIT visit = { Visit, Context };

    if (directory == NULL)
        return;
    ObpVisitDirectory(directory, ObpVisitLink, &visit);
    ObfDereferenceObject(directory);
}
