/* SPDX-License-Identifier: MIT
 * The tunnel cache: a file that gets a name which another has just lost is given that one's other name and data of the file system's.
 */
#include "tunnel.h"

VOID NTAPI FsRtlInitializeTunnelCache(PTUNNEL Cache)
{
    ExInitializeFastMutex(&Cache->Mutex);
    Cache->Cache = NULL;
    InitializeListHead(&Cache->TimerQueue);
    Cache->NumEntries = 0;
}

static VOID FsRtlForgetOne(PTUNNEL Cache, FSRTL_TUNNELLED *Entry)
{
    RemoveEntryList(&Entry->Links);
    Cache->NumEntries--;
    ExFreePoolWithTag(Entry, FSRTL_TAG_TUNNEL);
}

VOID FsRtlForgetTunnelled(PTUNNEL Cache, ULONG64 Now)
{
    while (!IsListEmpty(&Cache->TimerQueue)) {
        FSRTL_TUNNELLED *oldest = CONTAINING_RECORD(Cache->TimerQueue.Flink, FSRTL_TUNNELLED, Links);
        if (Now <= oldest->Since + FSRTL_TUNNEL_AGE && Cache->NumEntries <= FSRTL_TUNNEL_ENTRIES)
            break;
        FsRtlForgetOne(Cache, oldest);
    }
}

static VOID FsRtlForgetDirectory(PTUNNEL Cache, BOOLEAN All, ULONGLONG Directory)
{
    PLIST_ENTRY entry, next;

    ExAcquireFastMutex(&Cache->Mutex);
    for (entry = Cache->TimerQueue.Flink; entry != &Cache->TimerQueue; entry = next) {
        FSRTL_TUNNELLED *have = CONTAINING_RECORD(entry, FSRTL_TUNNELLED, Links);
        next = entry->Flink;
        if (All || have->Directory == Directory)
            FsRtlForgetOne(Cache, have);
    }
    ExReleaseFastMutex(&Cache->Mutex);
}

VOID NTAPI FsRtlDeleteKeyFromTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey) { FsRtlForgetDirectory(Cache, FALSE, DirectoryKey); }

VOID NTAPI FsRtlDeleteTunnelCache(PTUNNEL Cache) { FsRtlForgetDirectory(Cache, TRUE, 0); }

/* ---- Entries ---- */

/* The newest of that name; NULL. */
static FSRTL_TUNNELLED *FsRtlFindTunnelled(PTUNNEL Cache, ULONGLONG Directory, PCUNICODE_STRING Name)
{
    PLIST_ENTRY entry;

    for (entry = Cache->TimerQueue.Blink; entry != &Cache->TimerQueue; entry = entry->Blink) {
        FSRTL_TUNNELLED *have = CONTAINING_RECORD(entry, FSRTL_TUNNELLED, Links);
        if (have->Directory == Directory && RtlEqualUnicodeString(have->ByShortName ? &have->ShortName : &have->LongName, Name, TRUE))
            return have;
    }
    return NULL;
}

static PWCH FsRtlPutTunnelledName(PUNICODE_STRING Target, const UNICODE_STRING *Name, PWCH Buffer)
{
    USHORT length = Name != NULL ? Name->Length : 0;

    *Target = (UNICODE_STRING){ length, length, Buffer };
    if (length != 0)
        RtlCopyMemory(Buffer, Name->Buffer, length);
    return Buffer + length / sizeof(WCHAR);
}

/* NULL: no memory. */
static FSRTL_TUNNELLED *FsRtlMakeTunnelled(const FSRTL_TUNNELLED *Model, const UNICODE_STRING *ShortName, const UNICODE_STRING *LongName)
{
    SIZE_T names = (ShortName != NULL ? ShortName->Length : 0u) + (LongName != NULL ? LongName->Length : 0u);
    SIZE_T data = ((SIZE_T)Model->DataLength + 7) & ~(SIZE_T)7;
    FSRTL_TUNNELLED *entry = ExAllocatePoolWithTag(PagedPool, sizeof(*entry) + data + names, FSRTL_TAG_TUNNEL);
    PWCH buffer;

    if (entry == NULL)
        return NULL;
    *entry = *Model;
    entry->Data = entry + 1;
    if (Model->DataLength != 0)
        RtlCopyMemory(entry->Data, Model->Data, Model->DataLength);
    buffer = FsRtlPutTunnelledName(&entry->ShortName, ShortName, (PWCH)((PUCHAR)entry->Data + data));
    FsRtlPutTunnelledName(&entry->LongName, LongName, buffer);
    return entry;
}

/* A name that could not be remembered is one that is not found. */
VOID NTAPI FsRtlAddToTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey, PUNICODE_STRING ShortName, PUNICODE_STRING LongName,
                                 BOOLEAN KeyByShortName, ULONG DataLength, PVOID Data)
{
    FSRTL_TUNNELLED model = { .Directory = DirectoryKey, .ByShortName = KeyByShortName, .DataLength = DataLength, .Data = Data };
    FSRTL_TUNNELLED *entry = FsRtlMakeTunnelled(&model, ShortName, LongName), *old;

    if (entry == NULL)
        return;
    ExAcquireFastMutex(&Cache->Mutex);
    entry->Since = KeQueryInterruptTime();       /* in the order of the list */
    old = FsRtlFindTunnelled(Cache, DirectoryKey, KeyByShortName ? &entry->ShortName : &entry->LongName);
    if (old != NULL)
        FsRtlForgetOne(Cache, old);
    InsertTailList(&Cache->TimerQueue, &entry->Links);
    Cache->NumEntries++;
    FsRtlForgetTunnelled(Cache, entry->Since);
    ExReleaseFastMutex(&Cache->Mutex);
}

/* ---- Finding ---- */

/* Copies the entry out. FALSE: the caller's memory is too small, or there is none for the long name; nothing is written then. */
static BOOLEAN FsRtlCopyTunnelled(const FSRTL_TUNNELLED *Entry, PUNICODE_STRING ShortName, PUNICODE_STRING LongName, PULONG DataLength,
                                  PVOID Data)
{
    PWCH larger = NULL;

    if (ShortName->MaximumLength < Entry->ShortName.Length || *DataLength < Entry->DataLength)
        return FALSE;
    if (LongName->MaximumLength < Entry->LongName.Length) {
        larger = ExAllocatePoolWithTag(PagedPool, Entry->LongName.Length, FSRTL_TAG_TUNNEL);
        if (larger == NULL)
            return FALSE;
        LongName->Buffer = larger;
        LongName->MaximumLength = Entry->LongName.Length;
    }
    RtlCopyUnicodeString(ShortName, &Entry->ShortName);
    RtlCopyUnicodeString(LongName, &Entry->LongName);
    RtlCopyMemory(Data, Entry->Data, Entry->DataLength);
    *DataLength = Entry->DataLength;
    return TRUE;
}

BOOLEAN NTAPI FsRtlFindInTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey, PUNICODE_STRING Name, PUNICODE_STRING ShortName,
                                     PUNICODE_STRING LongName, PULONG DataLength, PVOID Data)
{
    FSRTL_TUNNELLED *entry;
    BOOLEAN found;

    ExAcquireFastMutex(&Cache->Mutex);
    FsRtlForgetTunnelled(Cache, KeQueryInterruptTime());
    entry = FsRtlFindTunnelled(Cache, DirectoryKey, Name);
    found = entry != NULL && FsRtlCopyTunnelled(entry, ShortName, LongName, DataLength, Data);
    ExReleaseFastMutex(&Cache->Mutex);
    return found;
}
