/* SPDX-License-Identifier: MIT
 * Listing a directory into a caller's buffer: an array of entries that ends with an empty one, then their texts.
 */
#include "obp.h"

typedef struct OBP_LISTING {
    const MM_ANSWER *Answer;
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
static PWCHAR ObpPutText(const MM_ANSWER *Answer, PUNICODE_STRING Out, PCUNICODE_STRING In, PWCHAR Text)
{
    RtlCopyMemory(Text, In->Buffer, In->Length);
    Text[In->Length / sizeof(WCHAR)] = L'\0';
    *Out = (UNICODE_STRING){ In->Length, (USHORT)(In->Length + sizeof(WCHAR)), MmAnswerAddress(Answer, Text) };
    return Text + In->Length / sizeof(WCHAR) + 1;
}

static VOID ObpPutListing(const OBP_LISTING *Listing)
{
    POBJECT_DIRECTORY_INFORMATION entries = Listing->Answer->Buffer;
    PWCHAR text = (PWCHAR)(entries + Listing->Count + 1);
    ULONG i;

    for (i = 0; i < Listing->Count; i++) {
        POBJECT_HEADER header = ObHeader(Listing->Snapshot->Objects[Listing->First + i]);
        text = ObpPutText(Listing->Answer, &entries[i].Name, &ObpNameInfo(header)->Name, text);
        text = ObpPutText(Listing->Answer, &entries[i].TypeName, &ObpTypeOf(header)->Name, text);
    }
    RtlZeroMemory(&entries[Listing->Count], sizeof(*entries));
}

/* *Context is the number of the first entry wanted, and then of the next. *Needed: bytes used, or those that one entry needs. */
static NTSTATUS ObpListDirectory(const OBP_SNAPSHOT *Snapshot, const MM_ANSWER *Answer, BOOLEAN Single, PULONG Context,
                                 PULONG Needed)
{
    OBP_LISTING listing = { .Answer = Answer, .Snapshot = Snapshot, .First = *Context };

    if (listing.First >= Snapshot->Count) {
        *Needed = 0;
        return STATUS_NO_MORE_ENTRIES;
    }
    ObpMeasure(&listing, (ULONG)Answer->Length, Single ? 1 : Snapshot->Count);
    if (listing.Count == 0) {
        *Needed = sizeof(OBJECT_DIRECTORY_INFORMATION) + ObpEntryLength(Snapshot->Objects[listing.First]);
        return STATUS_BUFFER_TOO_SMALL;
    }
    ObpPutListing(&listing);
    *Needed = listing.Bytes;
    *Context = listing.First + listing.Count;
    return Single || *Context == Snapshot->Count ? STATUS_SUCCESS : STATUS_MORE_ENTRIES;
}

/* Into the caller's buffer; what *Context and *Needed become is still to be told. */
static NTSTATUS ObpAnswerListing(POBJECT_DIRECTORY Directory, PVOID Buffer, ULONG Length, BOOLEAN Single, PULONG Context, PULONG Needed)
{
    OBP_SNAPSHOT snapshot;
    MM_ANSWER answer;
    NTSTATUS status = MmBeginAnswer(&answer, ObPreviousMode(), Buffer, Length), written;

    if (!NT_SUCCESS(status))
        return status;
    status = ObpTakeSnapshot(Directory, &snapshot);
    if (NT_SUCCESS(status)) {
        status = ObpListDirectory(&snapshot, &answer, Single, Context, Needed);
        ObpReleaseSnapshot(&snapshot);
    }
    written = MmEndAnswer(&answer, NT_SUCCESS(status) ? *Needed : 0);
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry,
                                      BOOLEAN RestartScan, PULONG Context, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG next = 0, needed = 0;
    PVOID directory;
    NTSTATUS status, written = STATUS_SUCCESS;

    if (Context == NULL)
        return STATUS_INVALID_PARAMETER;
    status = RestartScan ? STATUS_SUCCESS : MmReadCaller(mode, &next, Context, sizeof(next));
    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryObjectType, mode, &directory, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ObpAnswerListing(directory, Buffer, Length, ReturnSingleEntry, &next, &needed);
    ObfDereferenceObject(directory);
    if (NT_SUCCESS(status))
        written = MmWriteCaller(mode, Context, &next, sizeof(next));
    if (NT_SUCCESS(written) && ReturnLength != NULL)
        written = MmWriteCaller(mode, ReturnLength, &needed, sizeof(needed));
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI ZwQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry,
                                      BOOLEAN RestartScan, PULONG Context, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryDirectoryObject(DirectoryHandle, Buffer, Length, ReturnSingleEntry, RestartScan, Context,
                                                          ReturnLength));
}
