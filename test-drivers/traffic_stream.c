/* SPDX-License-Identifier: MIT
 * A stream: a request under way at any time, of one to four blocks of its own, of which what they hold is known. What fails as a whole
 * is done again block by block, as a file system would, so that it is known which block it is.
 */
#include "traffic.h"
#include "worknumbers.h"

BOOLEAN TrafficMakeStream(TRAFFIC_STREAM *Stream, TRAFFIC_DISK *Disk, ULONG Number, PKQUEUE Queue)
{
    ULONG bytes = TRAFFIC_LENGTH * TRAFFIC_BLOCK;

    Stream->Queue = Queue;
    Stream->Disk = Disk;
    Stream->Count = TrafficParameters.Blocks / TRAFFIC_STREAMS;
    Stream->First = Number * Stream->Count;
    Stream->Random = WorkSeed(TrafficParameters.Seed, Disk->Number * 1000 + Number);
    Stream->Buffer = ExAllocatePoolWithTag(NonPagedPool, bytes, TRAFFIC_TAG);
    if (Stream->Buffer == NULL)
        return FALSE;
    Stream->Mdl = IoAllocateMdl(Stream->Buffer, bytes, FALSE, FALSE, NULL);
    Stream->Irp = IoAllocateIrp(Disk->Device->StackSize, FALSE);
    if (Stream->Mdl == NULL || Stream->Irp == NULL)
        return FALSE;
    MmBuildMdlForNonPagedPool(Stream->Mdl);
    return TRUE;
}

VOID TrafficDropStream(TRAFFIC_STREAM *Stream)
{
    if (Stream->Irp != NULL)
        IoFreeIrp(Stream->Irp);
    if (Stream->Mdl != NULL)
        IoFreeMdl(Stream->Mdl);
    if (Stream->Buffer != NULL)
        ExFreePoolWithTag(Stream->Buffer, TRAFFIC_TAG);
}

/* ---- The next request ---- */
static VOID Choose(TRAFFIC_STREAM *Stream)
{
    ULONG action = WorkBelow(&Stream->Random, 64);

    if (Stream->Ending) {
        Stream->Major = IRP_MJ_READ;
        Stream->At = Stream->First + Stream->Count - Stream->Unread;
        Stream->Length = min(TRAFFIC_LENGTH, Stream->Unread);
        Stream->Unread -= Stream->Length;
        return;
    }
    Stream->Major = action == 0 ? IRP_MJ_FLUSH_BUFFERS : action < 36 ? IRP_MJ_WRITE : IRP_MJ_READ;
    Stream->Length = Stream->Major == IRP_MJ_FLUSH_BUFFERS ? 0 : 1 + WorkBelow(&Stream->Random, TRAFFIC_LENGTH);
    Stream->At = Stream->First + WorkBelow(&Stream->Random, Stream->Count - TRAFFIC_LENGTH + 1);
}

/* From now on a block may hold the new generation. */
static VOID Prepare(TRAFFIC_STREAM *Stream)
{
    ULONG i;

    if (Stream->Major == IRP_MJ_READ)
        RtlFillMemory(Stream->Buffer, Stream->Length * TRAFFIC_BLOCK, 0xEE);
    for (i = 0; i < Stream->Length && Stream->Major == IRP_MJ_WRITE; i++) {
        TRAFFIC_STATE *state = &Stream->Disk->Blocks[Stream->At + i];
        state->Perhaps += 1;
        TrafficFill(Stream->Disk->Number, Stream->At + i, state->Perhaps, Stream->Buffer + i * TRAFFIC_BLOCK);
    }
}

static VOID CountUnderWay(TRAFFIC_DISK *Disk)
{
    LONG now = InterlockedIncrement(&Disk->UnderWay), peak = Disk->Peak;

    while (now > peak) {
        LONG seen = InterlockedCompareExchange(&Disk->Peak, now, peak);
        if (seen == peak)
            break;
        peak = seen;
    }
}

static NTSTATUS NTAPI Ended(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    TRAFFIC_STREAM *stream = Context;

    InterlockedAdd64(&stream->Disk->Sampled, InterlockedDecrement(&stream->Disk->UnderWay) + 1);
    KeInsertQueue(stream->Queue, &stream->Link);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

VOID TrafficSend(TRAFFIC_STREAM *Stream)
{
    PIO_STACK_LOCATION location;

    if (Stream->Left != 0)
        Stream->Length = 1;
    else
        Choose(Stream);
    Prepare(Stream);
    IoReuseIrp(Stream->Irp, STATUS_UNSUCCESSFUL);
    Stream->Irp->MdlAddress = Stream->Length != 0 ? Stream->Mdl : NULL;
    location = IoGetNextIrpStackLocation(Stream->Irp);
    location->MajorFunction = Stream->Major;
    location->FileObject = Stream->Disk->File;
    location->Parameters.Read.Length = Stream->Length * TRAFFIC_BLOCK;
    location->Parameters.Read.ByteOffset.QuadPart = Stream->Length != 0 ? (LONGLONG)Stream->At * TRAFFIC_BLOCK : 0;
    IoSetCompletionRoutine(Stream->Irp, Ended, Stream, TRUE, TRUE, TRUE);
    CountUnderWay(Stream->Disk);
    IoCallDriver(Stream->Disk->Device, Stream->Irp);
}

BOOLEAN TrafficGoesOn(TRAFFIC_STREAM *Stream)
{
    if (!Stream->Ending)
        Stream->Unread = Stream->Count;
    Stream->Ending = TRUE;
    return Stream->Left != 0 || Stream->Unread != 0;
}

/* ---- What became of it ---- */
static VOID TakeBlock(TRAFFIC_STREAM *Stream, ULONG Index)
{
    TRAFFIC_STATE *state = &Stream->Disk->Blocks[Stream->At + Index];

    if (Stream->Major == IRP_MJ_WRITE)
        state->Sure = state->Perhaps;
    else
        TrafficLook(Stream->Disk, Stream->At + Index, Stream->Buffer + Index * TRAFFIC_BLOCK);
}

static VOID NoteFailure(TRAFFIC_STREAM *Stream)
{
    TRAFFIC_STATE *state = &Stream->Disk->Blocks[Stream->At];

    InterlockedIncrement64(Stream->Length != 0 ? &Stream->Disk->Failed : &Stream->Disk->FailedFlushes);
    if (Stream->Length == 1 && Stream->Major == IRP_MJ_READ)
        state->ReadFailed = TRUE;
    if (Stream->Length == 1 && Stream->Major == IRP_MJ_WRITE)
        state->WriteFailed = TRUE;
}

VOID TrafficTake(TRAFFIC_STREAM *Stream)
{
    NTSTATUS status = Stream->Irp->IoStatus.Status;
    ULONG i;

    InterlockedIncrement64(Stream->Length != 0 ? &Stream->Disk->Requests : &Stream->Disk->Flushes);
    if (!NT_SUCCESS(status))
        NoteFailure(Stream);
    else if (Stream->Irp->IoStatus.Information != Stream->Length * TRAFFIC_BLOCK && InterlockedIncrement(&Stream->Disk->Wrong) <= 20)
        DbgPrint("wrong %lu block %lu: %Iu bytes moved of %lu blocks\n", Stream->Disk->Number, Stream->At, Stream->Irp->IoStatus.Information,
                 Stream->Length);
    for (i = 0; i < Stream->Length && NT_SUCCESS(status); i++)
        TakeBlock(Stream, i);
    if (Stream->Left != 0) {
        Stream->Left -= 1;
        Stream->At += 1;
    } else if (!NT_SUCCESS(status) && Stream->Length > 1) {
        Stream->Left = Stream->Length;
    }
}
