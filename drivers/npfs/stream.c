/* SPDX-License-Identifier: MIT
 * A stream: what one end wrote and the other has not read. All but NpCreateEntry under the pipe's lock.
 */
#include "npfs.h"

VOID NpInitializeStream(NP_STREAM *Stream, ULONG Quota)
{
    InitializeListHead(&Stream->Entries);
    InitializeListHead(&Stream->Readers);
    InitializeListHead(&Stream->Writers);
    Stream->Quota = Quota;
}

NP_ENTRY *NpCreateEntry(ULONG Length, BOOLEAN IsFlush)
{
    NP_ENTRY *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry) + (SIZE_T)Length, NP_TAG);

    if (entry == NULL)
        return NULL;
    RtlZeroMemory(entry, sizeof(*entry));
    InitializeListHead(&entry->Link);
    entry->Length = Length;
    entry->IsFlush = IsFlush;
    return entry;
}

static NP_ENTRY *NpEntryAt(PLIST_ENTRY Link)
{
    return CONTAINING_RECORD(Link, NP_ENTRY, Link);
}

static NP_ENTRY *NpEntryOf(PIRP Irp)
{
    return Irp->Tail.Overlay.DriverContext[1];
}

static ULONG NpRest(const NP_ENTRY *Entry)
{
    return Entry->Length - Entry->Read;
}

/* ---- Entries come and go ---- */
VOID NpAppendLocked(NP_STREAM *Stream, NP_ENTRY *Entry)
{
    InsertTailList(&Stream->Entries, &Entry->Link);
    Stream->Bytes += Entry->Length;
    Stream->Messages += !Entry->IsFlush;
}

VOID NpChargeLocked(NP_STREAM *Stream, NP_ENTRY *Entry)
{
    Entry->IsCharged = TRUE;
    Stream->Used += NpRest(Entry);
}

VOID NpRemoveLocked(NP_STREAM *Stream, NP_ENTRY *Entry)
{
    RemoveEntryList(&Entry->Link);
    InitializeListHead(&Entry->Link);
    Stream->Bytes -= NpRest(Entry);
    Stream->Messages -= !Entry->IsFlush;
    if (Entry->IsCharged)
        Stream->Used -= NpRest(Entry);
    if (Entry->Irp != NULL)
        Entry->Irp->Tail.Overlay.DriverContext[1] = NULL;
}

VOID NpCutLocked(NP_STREAM *Stream, NP_ENTRY *Entry, ULONG Length)
{
    Stream->Bytes -= Entry->Length - Length;
    Entry->Length = Length;
}

/* It goes, and so does who waits with it, if anybody does: that request is held. */
static VOID NpRetireLocked(NP_STREAM *Stream, NP_ENTRY *Entry, NTSTATUS Status, PLIST_ENTRY Done)
{
    PIRP irp = Entry->Irp;

    NpRemoveLocked(Stream, Entry);
    if (irp != NULL) {
        IpcTakeOutLocked(irp);
        IpcEndLocked(irp, Status, NT_SUCCESS(Status) ? Entry->Length : 0, Done);
    }
    if (!Entry->IsHeld)
        ExFreePoolWithTag(Entry, NP_TAG);
}

/* The first whose writer is not being cancelled; who waits with it is held from now on. NULL: there is none. */
static NP_ENTRY *NpHoldFirstLocked(NP_STREAM *Stream)
{
    PLIST_ENTRY link;

    for (link = Stream->Entries.Flink; link != &Stream->Entries; link = link->Flink) {
        NP_ENTRY *entry = NpEntryAt(link);
        if (!entry->IsFlush && (entry->Irp == NULL || IpcHoldLocked(entry->Irp)))
            return entry;
    }
    return NULL;
}

/* Something is left of it. */
static VOID NpReleaseLocked(NP_STREAM *Stream, NP_ENTRY *Entry, PLIST_ENTRY Done)
{
    if (Entry->Irp != NULL && !IpcResumeLocked(Entry->Irp))
        NpRetireLocked(Stream, Entry, STATUS_CANCELLED, Done);
}

/* ---- Reading ---- */
static ULONG NpCopyLocked(NP_STREAM *Stream, NP_ENTRY *Entry, PUCHAR Buffer, ULONG Length)
{
    ULONG bytes = min(NpRest(Entry), Length);

    RtlCopyMemory(Buffer, Entry->Data + Entry->Read, bytes);
    Entry->Read += bytes;
    Stream->Bytes -= bytes;
    if (Entry->IsCharged)
        Stream->Used -= bytes;
    return bytes;
}

NTSTATUS NpTakeLocked(NP_STREAM *Stream, PVOID Buffer, ULONG Length, BOOLEAN Message, PULONG Taken, PLIST_ENTRY Done)
{
    NTSTATUS status = STATUS_PIPE_EMPTY;
    NP_ENTRY *entry;
    ULONG taken = 0;

    while ((entry = NpHoldFirstLocked(Stream)) != NULL) {
        taken += NpCopyLocked(Stream, entry, (PUCHAR)Buffer + taken, Length - taken);
        status = STATUS_SUCCESS;
        if (NpRest(entry) != 0) {                /* the buffer is full */
            status = Message ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
            NpReleaseLocked(Stream, entry, Done);
            break;
        }
        NpRetireLocked(Stream, entry, STATUS_SUCCESS, Done);
        if (Message || taken == Length)
            break;
    }
    *Taken = taken;
    NpSettleLocked(Stream, Done);
    return status;
}

NTSTATUS NpPeekLocked(const NP_STREAM *Stream, PUCHAR Buffer, ULONG Length, BOOLEAN Message, PULONG Taken)
{
    PLIST_ENTRY link;

    *Taken = 0;
    for (link = Stream->Entries.Flink; link != &Stream->Entries; link = link->Flink) {
        const NP_ENTRY *entry = NpEntryAt(link);
        ULONG bytes = min(NpRest(entry), Length - *Taken);
        RtlCopyMemory(Buffer + *Taken, entry->Data + entry->Read, bytes);
        *Taken += bytes;
        if (bytes < NpRest(entry))
            return STATUS_BUFFER_OVERFLOW;
        if (Message)
            break;
    }
    return STATUS_SUCCESS;
}

/* ---- Who waits ---- */
static VOID NpServeOneLocked(NP_STREAM *Stream, PIRP Irp, PLIST_ENTRY Done)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    NP_END *end = location->FileObject->FsContext2;
    ULONG taken, length = location->MajorFunction == IRP_MJ_READ ? location->Parameters.Read.Length
                                                                 : location->Parameters.FileSystemControl.OutputBufferLength;
    NTSTATUS status = NpTakeLocked(Stream, Irp->AssociatedIrp.SystemBuffer, length, end->ReadsMessages, &taken, Done);

    IpcEndLocked(Irp, status, taken, Done);
}

VOID NpServeLocked(NP_STREAM *Stream, NP_ENTRY *Last, PLIST_ENTRY Done)
{
    PIRP irp;

    while (!IsListEmpty(&Last->Link) && (irp = IpcTakeLocked(&Stream->Readers)) != NULL)
        NpServeOneLocked(Stream, irp, Done);
}

VOID NpSettleLocked(NP_STREAM *Stream, PLIST_ENTRY Done)
{
    PLIST_ENTRY link = Stream->Writers.Flink;

    while (link != &Stream->Writers) {
        PIRP irp = CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
        NP_ENTRY *entry = NpEntryOf(irp);
        link = link->Flink;
        if (entry->IsFlush) {
            if (Stream->Entries.Flink == &entry->Link && IpcHoldLocked(irp))
                NpRetireLocked(Stream, entry, STATUS_SUCCESS, Done);
            continue;
        }
        if (NpRest(entry) > NpSpaceLocked(Stream) || Stream->Messages > NP_MOST_MESSAGES)
            return;
        if (!IpcClaimLocked(irp))                /* its cancel routine takes the entry out and comes here again */
            continue;
        entry->Irp = NULL;
        NpChargeLocked(Stream, entry);
        IpcEndLocked(irp, STATUS_SUCCESS, entry->Length, Done);
    }
}

/* ---- Ends ---- */
VOID NpDropWritersLocked(NP_STREAM *Stream, NTSTATUS Status, PLIST_ENTRY Done)
{
    PLIST_ENTRY link;

    for (link = Stream->Writers.Flink; link != &Stream->Writers; link = link->Flink) {
        NP_ENTRY *entry = NpEntryOf(CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry));
        NpRemoveLocked(Stream, entry);
        ExFreePoolWithTag(entry, NP_TAG);
    }
    IpcEndAllLocked(&Stream->Writers, NULL, Status, Done);
}

VOID NpDiscardLocked(NP_STREAM *Stream, NTSTATUS Status, PLIST_ENTRY Done)
{
    NpDropWritersLocked(Stream, Status, Done);
    while (!IsListEmpty(&Stream->Entries)) {
        NP_ENTRY *entry = NpEntryAt(Stream->Entries.Flink);
        NpRemoveLocked(Stream, entry);
        ExFreePoolWithTag(entry, NP_TAG);
    }
}

/* A write or a flush that waited was cancelled: its entry goes, and what stood behind it may end. */
VOID IpcCancelled(IPC_OBJECT *Object, PIRP Irp, PLIST_ENTRY Done)
{
    NP_ENTRY *entry = NpEntryOf(Irp);
    NP_STREAM *stream = Irp->Tail.Overlay.DriverContext[2];

    if (entry == NULL)
        return;
    NpRemoveLocked(stream, entry);
    ExFreePoolWithTag(entry, NP_TAG);
    NpSettleLocked(stream, Done);
}
