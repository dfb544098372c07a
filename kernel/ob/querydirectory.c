/* SPDX-License-Identifier: MIT
 * Listing a directory into a caller's buffer: an array of entries that ends with an empty one, then their texts.
 */
#include "obp.h"

typedef struct OBP_LISTING {
    const OBP_SNAPSHOT *Snapshot;
    ULONG First, Count;                          /* which of its objects */
    ULONG Bytes;                                 /* of all of them and the empty entry */
} OBP_LISTING;

static ULONG ObpEntryLength(PVOID Object)
{
    POBJECT_HEADER header = ObHeader(Object);
    return sizeof(OBJECT_DIRECTORY_INFORMATION) + ObpNameInfo(header)->Name.Length + ObpTypeOf(header)->Name.Length +
           2 * sizeof(WCHAR);
}

/* As many of the objects from First on as fit, at most Maximum. */
static VOID ObpMeasure(OBP_LISTING *Listing, ULONG Length, ULONG Maximum)
{
    const OBP_SNAPSHOT *snapshot = Listing->Snapshot;

    Listing->Bytes = sizeof(OBJECT_DIRECTORY_INFORMATION);
    while (Listing->Count < Maximum && Listing->First + Listing->Count < snapshot->Count) {
        ULONG bytes = ObpEntryLength(snapshot->Objects[Listing->First + Listing->Count]);
        if (bytes > Length || Listing->Bytes > Length - bytes)
            return;
        Listing->Bytes += bytes;
        Listing->Count++;
    }
}

/* Copies a string to Text, which is where its NUL-terminated copy lies, and returns what comes behind. */
static PWCHAR ObpPutText(PUNICODE_STRING Out, PCUNICODE_STRING In, PWCHAR Text)
{
    RtlCopyMemory(Text, In->Buffer, In->Length);
    Text[In->Length / sizeof(WCHAR)] = L'\0';
    *Out = (UNICODE_STRING){ In->Length, (USHORT)(In->Length + sizeof(WCHAR)), Text };
    return Text + In->Length / sizeof(WCHAR) + 1;
}

static VOID ObpPutListing(const OBP_LISTING *Listing, POBJECT_DIRECTORY_INFORMATION Entries)
{
    PWCHAR text = (PWCHAR)(Entries + Listing->Count + 1);
    ULONG i;

    for (i = 0; i < Listing->Count; i++) {
        POBJECT_HEADER header = ObHeader(Listing->Snapshot->Objects[Listing->First + i]);
        text = ObpPutText(&Entries[i].Name, &ObpNameInfo(header)->Name, text);
        text = ObpPutText(&Entries[i].TypeName, &ObpTypeOf(header)->Name, text);
    }
    RtlZeroMemory(&Entries[Listing->Count], sizeof(*Entries));
}

/* *Context is the number of the first entry wanted, and then of the next. *Needed: bytes used, or those that one entry needs. */
static NTSTATUS ObpListDirectory(const OBP_SNAPSHOT *Snapshot, PVOID Buffer, ULONG Length, BOOLEAN Single, PULONG Context,
                                 PULONG Needed)
{
    OBP_LISTING listing = { .Snapshot = Snapshot, .First = *Context };

    if (listing.First >= Snapshot->Count) {
        *Needed = 0;
        return STATUS_NO_MORE_ENTRIES;
    }
    ObpMeasure(&listing, Length, Single ? 1 : Snapshot->Count);
    if (listing.Count == 0) {
        *Needed = sizeof(OBJECT_DIRECTORY_INFORMATION) + ObpEntryLength(Snapshot->Objects[listing.First]);
        return STATUS_BUFFER_TOO_SMALL;
    }
    ObpPutListing(&listing, Buffer);
    *Needed = listing.Bytes;
    *Context = listing.First + listing.Count;
    return Single || *Context == Snapshot->Count ? STATUS_SUCCESS : STATUS_MORE_ENTRIES;
}

NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry,
                                      BOOLEAN RestartScan, PULONG Context, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG next, needed = 0;
    OBP_SNAPSHOT snapshot;
    PVOID directory;
    NTSTATUS status;

    if (Context == NULL)
        return STATUS_INVALID_PARAMETER;
    status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryObjectType, mode, &directory, NULL);
    if (!NT_SUCCESS(status))
        return status;
    next = RestartScan ? 0 : *Context;
    status = ObpTakeSnapshot(directory, &snapshot);
    if (NT_SUCCESS(status)) {
        status = ObpListDirectory(&snapshot, Buffer, Buffer != NULL ? Length : 0, ReturnSingleEntry, &next, &needed);
        ObpReleaseSnapshot(&snapshot);
        if (NT_SUCCESS(status))
            *Context = next;
        if (ReturnLength != NULL)
            *ReturnLength = needed;
    }
    ObfDereferenceObject(directory);
    return status;
}

NTSTATUS NTAPI ZwQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry,
                                      BOOLEAN RestartScan, PULONG Context, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryDirectoryObject(DirectoryHandle, Buffer, Length, ReturnSingleEntry, RestartScan, Context,
                                                          ReturnLength));
}
