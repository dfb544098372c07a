/* SPDX-License-Identifier: MIT
 * Writing, and waiting until everything was read.
 */
#include "npfs.h"

static NP_END *NpOtherEndLocked(NP_END *End)
{
    return End->Side == FILE_PIPE_SERVER_END ? End->Instance->Client : &End->Instance->Server;
}

/* A message that does not fit is not written at all by who does not wait. What readers wait for does not count. */
static BOOLEAN NpMessageFitsLocked(const NP_STREAM *Stream, const NP_ENTRY *Entry)
{
    ULONG64 room = NpSpaceLocked(Stream);
    PLIST_ENTRY link;

    for (link = Stream->Readers.Flink; link != &Stream->Readers && room < Entry->Length; link = link->Flink) {
        PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry));
        room += location->MajorFunction == IRP_MJ_READ ? location->Parameters.Read.Length
                                                       : location->Parameters.FileSystemControl.OutputBufferLength;
    }
    return Entry->Length <= room && Stream->Messages <= NP_MOST_MESSAGES;
}

/* Whatever does not fit of bytes is left to the writer. */
static ULONG NpWriteSomeLocked(NP_STREAM *Stream, NP_ENTRY *Entry)
{
    ULONG space = NpSpaceLocked(Stream), written;

    NpCutLocked(Stream, Entry, Entry->Read + min(Entry->Length - Entry->Read, space));
    written = Entry->Length;
    if (Entry->Length != Entry->Read) {
        NpChargeLocked(Stream, Entry);
    } else {
        NpRemoveLocked(Stream, Entry);
        ExFreePoolWithTag(Entry, NP_TAG);
    }
    return written;
}

static NTSTATUS NpWaitWithEntryLocked(NP_END *End, NP_STREAM *Stream, PIRP Irp, NP_ENTRY *Entry)
{
    Entry->Irp = Irp;
    Irp->Tail.Overlay.DriverContext[1] = Entry;
    Irp->Tail.Overlay.DriverContext[2] = Stream;
    if (IpcWaitLocked(&End->Instance->Pipe->Head, &Stream->Writers, Irp, NULL))
        return STATUS_PENDING;
    NpRemoveLocked(Stream, Entry);
    ExFreePoolWithTag(Entry, NP_TAG);
    return STATUS_CANCELLED;
}

NTSTATUS NpPutLocked(NP_END *End, PIRP Irp, NP_ENTRY *Entry, PULONG_PTR Written, PLIST_ENTRY Done)
{
    NP_STREAM *stream = NpStreamFrom(End);
    BOOLEAN isMessage = End->Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE;
    ULONG length = Entry->Length;

    *Written = 0;
    if (Irp != NULL && End->IsNonBlocking && isMessage && !NpMessageFitsLocked(stream, Entry)) {
        ExFreePoolWithTag(Entry, NP_TAG);
        return STATUS_SUCCESS;
    }
    Entry->IsHeld = TRUE;
    NpAppendLocked(stream, Entry);
    NpServeLocked(stream, Entry, Done);
    NpSignalLocked(NpOtherEndLocked(End));
    Entry->IsHeld = FALSE;
    *Written = length;
    if (IsListEmpty(&Entry->Link)) {             /* read already */
        ExFreePoolWithTag(Entry, NP_TAG);
        return STATUS_SUCCESS;
    }
    if (Irp == NULL || (Entry->Length - Entry->Read <= NpSpaceLocked(stream) && stream->Messages <= NP_MOST_MESSAGES)) {
        NpChargeLocked(stream, Entry);
        return STATUS_SUCCESS;
    }
    if (End->IsNonBlocking) {
        *Written = NpWriteSomeLocked(stream, Entry);
        return STATUS_SUCCESS;
    }
    return NpWaitWithEntryLocked(End, stream, Irp, Entry);
}

static BOOLEAN NpMayWrite(const NP_END *End)
{
    return End->Instance->Pipe->Configuration !=
           (ULONG)(End->Side == FILE_PIPE_SERVER_END ? FILE_PIPE_INBOUND : FILE_PIPE_OUTBOUND);
}

NTSTATUS NpWrite(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    ULONG length = Location->Parameters.Write.Length;
    LIST_ENTRY done;
    NP_ENTRY *entry;
    NTSTATUS status;
    KIRQL irql;

    if (end == NULL || !NpMayWrite(end))
        return STATUS_INVALID_PARAMETER;
    entry = NpCreateEntry(length, FALSE);
    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(entry->Data, Irp->AssociatedIrp.SystemBuffer, length);
    InitializeListHead(&done);
    irql = NpLock(end->Instance->Pipe);
    status = NpCheckLocked(end, STATUS_PIPE_CLOSING);
    if (NT_SUCCESS(status)) {
        ULONG_PTR written;
        status = NpPutLocked(end, Irp, entry, &written, &done);
        entry = NULL;
        if (status == STATUS_SUCCESS)            /* a request that waits is not ours any more */
            Irp->IoStatus.Information = written;
    }
    NpUnlockAndComplete(end->Instance->Pipe, irql, &done);
    if (entry != NULL)
        ExFreePoolWithTag(entry, NP_TAG);
    return status;
}

NTSTATUS NpFlush(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    NP_ENTRY *entry;
    LIST_ENTRY done;
    NTSTATUS status;
    KIRQL irql;

    if (end == NULL)
        return STATUS_INVALID_PARAMETER;
    entry = NpCreateEntry(0, TRUE);
    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    InitializeListHead(&done);
    irql = NpLock(end->Instance->Pipe);
    status = NpCheckLocked(end, STATUS_PIPE_CLOSING);
    if (NT_SUCCESS(status) && !IsListEmpty(&NpStreamFrom(end)->Entries)) {
        NpAppendLocked(NpStreamFrom(end), entry);
        status = NpWaitWithEntryLocked(end, NpStreamFrom(end), Irp, entry);
        entry = NULL;
    }
    NpUnlockAndComplete(end->Instance->Pipe, irql, &done);
    if (entry != NULL)
        ExFreePoolWithTag(entry, NP_TAG);
    return status;
}
