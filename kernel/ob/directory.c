/* SPDX-License-Identifier: MIT
 * Directories: 37 buckets of names, NT's own. The hash ignores case, so that one table serves both kinds of look-up. What stands in
 * a directory is referenced by it and refers to it (NAME_INFO.Directory).
 */
#include "obp.h"
#include "rtl.h"

#define OBP_TAG_ENTRY 'iDbO'

EX_PUSH_LOCK ObpNamespaceLock;
POBJECT_DIRECTORY ObpRootDirectoryObject;

ULONG ObpHashName(PCUNICODE_STRING Name)
{
    const WCHAR *at = Name->Buffer, *end = at + Name->Length / sizeof(WCHAR);
    ULONG hash = 0;

    for (; at < end; at++)
        hash = ObpHashUnit(hash, *at);
    return hash;
}

static POBJECT_DIRECTORY_ENTRY *ObpFindEntryLocked(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name, ULONG Hash,
                                                   BOOLEAN IgnoreCase)
{
    POBJECT_DIRECTORY_ENTRY *link = &Directory->HashBuckets[Hash % OBP_DIRECTORY_BUCKETS];

    for (; *link != NULL; link = &(*link)->ChainLink) {
        if ((*link)->HashValue == Hash &&
            RtlEqualUnicodeString(Name, &ObpNameInfo(ObHeader((*link)->Object))->Name, IgnoreCase))
            return link;
    }
    return NULL;
}

PVOID ObpLookupDirectoryEntry(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name, ULONG Hash, BOOLEAN IgnoreCase)
{
    POBJECT_DIRECTORY_ENTRY *link;
    PVOID object = NULL;

    ExLockShared(&Directory->Lock);
    link = ObpFindEntryLocked(Directory, Name, Hash, IgnoreCase);
    if (link != NULL) {
        object = (*link)->Object;
        ObfReferenceObject(object);
    }
    ExUnlockShared(&Directory->Lock);
    return object;
}

NTSTATUS ObpInsertDirectoryEntry(POBJECT_DIRECTORY Directory, PVOID Object, BOOLEAN IgnoreCase)
{
    POBJECT_HEADER_NAME_INFO info = ObpNameInfo(ObHeader(Object));
    POBJECT_DIRECTORY_ENTRY entry = ExAllocatePoolWithTag(PagedPool, sizeof(*entry), OBP_TAG_ENTRY);
    POBJECT_DIRECTORY_ENTRY *bucket;
    NTSTATUS status = STATUS_OBJECT_NAME_COLLISION;

    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    entry->HashValue = ObpHashName(&info->Name);
    entry->Object = Object;
    bucket = &Directory->HashBuckets[entry->HashValue % OBP_DIRECTORY_BUCKETS];
    ExLockExclusive(&Directory->Lock);
    if (ObpFindEntryLocked(Directory, &info->Name, entry->HashValue, IgnoreCase) == NULL) {
        ObfReferenceObject(Object);
        ObfReferenceObject(Directory);
        info->Directory = Directory;
        entry->ChainLink = *bucket;
        *bucket = entry;
        status = STATUS_SUCCESS;
    }
    ExUnlockExclusive(&Directory->Lock);
    if (!NT_SUCCESS(status))
        ExFreePoolWithTag(entry, OBP_TAG_ENTRY);
    return status;
}

volatile ULONG64 ObpNamespaceGeneration = 1;

/* Both namespace lock and directory lock are held exclusively. */
static VOID ObpUnlinkLocked(POBJECT_DIRECTORY Directory, PVOID Object)
{
    POBJECT_HEADER_NAME_INFO info = ObpNameInfo(ObHeader(Object));
    POBJECT_DIRECTORY_ENTRY *link = &Directory->HashBuckets[ObpHashName(&info->Name) % OBP_DIRECTORY_BUCKETS], entry;

    while ((*link)->Object != Object)
        link = &(*link)->ChainLink;
    entry = *link;
    *link = entry->ChainLink;
    info->Directory = NULL;
    ObpNamespaceGeneration++;
    ExFreePoolWithTag(entry, OBP_TAG_ENTRY);
}

VOID ObpDeleteNameCheck(POBJECT_HEADER Header)
{
    POBJECT_HEADER_NAME_INFO info = ObpNameInfo(Header);
    POBJECT_DIRECTORY directory;

    if (info == NULL)
        return;
    ExLockExclusive(&ObpNamespaceLock);
    directory = Header->HandleCount == 0 && !(Header->Flags & OB_FLAG_PERMANENT_OBJECT) ? info->Directory : NULL;
    if (directory != NULL) {
        ExLockExclusive(&directory->Lock);
        ObpUnlinkLocked(directory, &Header->Body);
        ExUnlockExclusive(&directory->Lock);
    }
    ExUnlockExclusive(&ObpNamespaceLock);
    if (directory == NULL)
        return;
    ObfDereferenceObject(directory);
    ObfDereferenceObject(&Header->Body);
}

VOID ObpDeleteDirectory(PVOID Object)
{
    POBJECT_DIRECTORY directory = Object;
    ULONG i;
    for (i = 0; i < OBP_DIRECTORY_BUCKETS; i++)
        ASSERT(directory->HashBuckets[i] == NULL);     /* each entry would have held a reference */
}

/* ---- System services ---- */
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID directory;
    NTSTATUS status = ObCreateObject(mode, ObpDirectoryObjectType, ObjectAttributes, mode, NULL, sizeof(OBJECT_DIRECTORY), 0, 0,
                                     &directory);

    if (!NT_SUCCESS(status))
        return status;
    ((POBJECT_DIRECTORY)directory)->SessionId = ~0u;
    return ObInsertAndReturn(directory, DesiredAccess, DirectoryHandle);
}

/* A shadow directory, where look-ups go on, is not kept. */
NTSTATUS NTAPI NtCreateDirectoryObjectEx(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                         HANDLE ShadowDirectoryHandle, ULONG Flags)
{
    if (ShadowDirectoryHandle != NULL || Flags != 0)
        return STATUS_NOT_SUPPORTED;
    return NtCreateDirectoryObject(DirectoryHandle, DesiredAccess, ObjectAttributes);
}

NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ObpDirectoryObjectType, DesiredAccess, DirectoryHandle);
}

NTSTATUS NTAPI ZwCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreateDirectoryObject(DirectoryHandle, DesiredAccess, ObjectAttributes));
}

NTSTATUS NTAPI ZwOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenDirectoryObject(DirectoryHandle, DesiredAccess, ObjectAttributes));
}
