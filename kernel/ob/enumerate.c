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

static NTSTATUS ObpReferenceDirectory(PCWSTR Path, POBJECT_DIRECTORY *Directory)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, &attributes);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(handle, DIRECTORY_QUERY, ObpDirectoryObjectType, KernelMode, (PVOID *)Directory, NULL);
    ZwClose(handle);
    return status;
}

NTSTATUS ObEnumerateSymbolicLinks(PCWSTR Path, OB_VISIT_LINK *Visit, PVOID Context)
{
    POBJECT_DIRECTORY directory;
    OBP_WALK walk;
    NTSTATUS status = ObpReferenceDirectory(Path, &directory);
    ULONG i;

    if (!NT_SUCCESS(status))
        return status;
    status = ObpSnapshot(directory, &walk);
    ObfDereferenceObject(directory);
    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < walk.Count; i++) {
        POBJECT_HEADER header = ObHeader(walk.Objects[i]);
        if (ObpTypeOf(header) == ObpSymbolicLinkObjectType)
            Visit(Context, &ObpNameInfo(header)->Name, &((POBJECT_SYMBOLIC_LINK)walk.Objects[i])->LinkTarget);
    }
    ObpReleaseEntries(&walk);
    return STATUS_SUCCESS;
}
