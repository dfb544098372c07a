/* SPDX-License-Identifier: MIT
 * Taking messages in and giving answers out. The caller's memory is read once, at the beginning, and locked for what comes out, so that
 * whoever completes a read that waited can write there.
 */
#include "message.h"

#define CD_NO_EXECUTE 0x40000000u                  /* newer headers: MdlMappingNoExecute */

typedef struct CD_BUFFER {
    ULONG Length;
    PUCHAR Address;
} CD_BUFFER;

typedef struct CD_USER_IO {
    HANDLE Client;
    ULONG InCount, OutCount;
    CD_BUFFER Buffers[];
} CD_USER_IO;

/* ---- The caller's memory ---- */
static NTSTATUS CdMeasure(const CD_USER_IO *Io, ULONG First, ULONG Count, PULONG Total)
{
    ULONG i;

    *Total = 0;
    for (i = First; i < First + Count; i++) {
        if (Io->Buffers[i].Length > CD_MESSAGE_BYTES - *Total)
            return STATUS_INVALID_PARAMETER;
        *Total += Io->Buffers[i].Length;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS CdGather(const CD_USER_IO *Io, KPROCESSOR_MODE Mode, PUCHAR Target)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    __try {
        for (i = 0; i < Io->InCount; i++) {
            if (Mode != KernelMode)
                ProbeForRead(Io->Buffers[i].Address, Io->Buffers[i].Length, 1);
            RtlCopyMemory(Target, Io->Buffers[i].Address, Io->Buffers[i].Length);
            Target += Io->Buffers[i].Length;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

static NTSTATUS CdLockBuffer(const CD_BUFFER *Buffer, KPROCESSOR_MODE Mode, PMDL *Locked)
{
    PMDL mdl = IoAllocateMdl(Buffer->Address, Buffer->Length, FALSE, FALSE, NULL);
    NTSTATUS status = STATUS_SUCCESS;

    if (mdl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    __try {
        MmProbeAndLockPages(mdl, Mode, IoWriteAccess);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    if (NT_SUCCESS(status))
        *Locked = mdl;
    else
        IoFreeMdl(mdl);
    return status;
}

static NTSTATUS CdLockBuffers(CD_MESSAGE *Message, const CD_USER_IO *Io)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = Io->InCount; i < Io->InCount + Io->OutCount && NT_SUCCESS(status); i++) {
        if (Io->Buffers[i].Length == 0)
            continue;
        status = CdLockBuffer(&Io->Buffers[i], Message->Irp->RequestorMode, &Message->Mdls[Message->MdlCount]);
        Message->MdlCount += NT_SUCCESS(status);
    }
    return status;
}

/* ---- The end ---- */
static VOID CdDeleteMessage(CD_MESSAGE *Message)
{
    while (Message->MdlCount-- > 0) {
        MmUnlockPages(Message->Mdls[Message->MdlCount]);
        IoFreeMdl(Message->Mdls[Message->MdlCount]);
    }
    if (Message->Client != NULL)
        ObDereferenceObjectDeferDelete(Message->Client);
    ExFreePoolWithTag(Message, CD_TAG);
}

/* Body and data are one run of bytes, over the caller's buffers. */
static NTSTATUS CdScatter(CD_MESSAGE *Message)
{
    ULONG at = 0, total = Message->BodyLength + Message->Written, i;

    for (i = 0; i < Message->MdlCount && at < total; i++) {
        PUCHAR target = MmGetSystemAddressForMdlSafe(Message->Mdls[i], NormalPagePriority | CD_NO_EXECUTE);
        ULONG length = min(MmGetMdlByteCount(Message->Mdls[i]), total - at), j;
        if (target == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        for (j = 0; j < length; j++, at++)
            target[j] = at < Message->BodyLength ? Message->Body[at] : Message->Out[at - Message->BodyLength];
    }
    return STATUS_SUCCESS;
}

VOID CdEndMessage(PIRP Irp)
{
    CD_MESSAGE *message = CdMessageOf(Irp);

    Irp->Tail.Overlay.DriverContext[1] = NULL;
    if (NT_SUCCESS(Irp->IoStatus.Status))
        Irp->IoStatus.Status = CdScatter(message);
    Irp->IoStatus.Information = 0;
    CdDeleteMessage(message);
}

/* ---- The beginning ---- */
static NTSTATUS CdTakeClient(CD_MESSAGE *Message, HANDLE Client, PFILE_OBJECT Connection)
{
    PVOID object;
    NTSTATUS status;

    Message->File = Connection->FsContext;
    if (Client == NULL)
        return STATUS_SUCCESS;
    status = ObReferenceObjectByHandle(Client, 0, *IoFileObjectType, Message->Irp->RequestorMode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    Message->Client = object;
    if (Message->Client->DeviceObject != Connection->DeviceObject)
        return STATUS_INVALID_HANDLE;
    Message->File = Message->Client->FsContext;
    return STATUS_SUCCESS;
}

/* Where the parts lie. */
static NTSTATUS CdDivide(CD_MESSAGE *Message, ULONG InTotal, ULONG OutTotal)
{
    const ULONG *header = (const ULONG *)Message->Data;

    if (InTotal < 2 * sizeof(ULONG) || header[1] > CD_MESSAGE_BODY || header[1] > InTotal - 2 * sizeof(ULONG))
        return STATUS_INVALID_PARAMETER;
    Message->Number = header[0];
    Message->BodyLength = header[1];
    Message->Body = Message->Data + 2 * sizeof(ULONG);
    Message->In = Message->Body + Message->BodyLength;
    Message->InLength = InTotal - 2 * (ULONG)sizeof(ULONG) - Message->BodyLength;
    Message->Out = Message->Data + ((InTotal + 7) & ~7u);
    Message->OutLength = OutTotal > Message->BodyLength ? OutTotal - Message->BodyLength : 0;
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswer(CD_MESSAGE *Message)
{
    ULONG body, kinds;
    CD_ANSWER *answer = CdFindAnswer(Message->Number, &body, &kinds);

    if (answer == NULL)
        return STATUS_NOT_SUPPORTED;
    if (Message->BodyLength < body)
        return STATUS_INVALID_PARAMETER;
    return Message->File->Kind & kinds ? answer(Message) : STATUS_INVALID_HANDLE;
}

static NTSTATUS CdFillMessage(CD_MESSAGE *Message, const CD_USER_IO *Io, PFILE_OBJECT Connection, ULONG InTotal, ULONG OutTotal)
{
    NTSTATUS status = CdGather(Io, Message->Irp->RequestorMode, Message->Data);

    if (NT_SUCCESS(status))
        status = CdDivide(Message, InTotal, OutTotal);
    if (NT_SUCCESS(status))
        status = CdLockBuffers(Message, Io);
    return NT_SUCCESS(status) ? CdTakeClient(Message, Io->Client, Connection) : status;
}

static NTSTATUS CdCheckUserIo(const CD_USER_IO *Io, ULONG Length, PULONG InTotal, PULONG OutTotal)
{
    NTSTATUS status;

    if (Io == NULL || Length < sizeof(*Io) || Io->InCount > CD_MESSAGE_BUFFERS || Io->OutCount > CD_MESSAGE_BUFFERS ||
        Length < sizeof(*Io) + (Io->InCount + Io->OutCount) * sizeof(CD_BUFFER))
        return STATUS_INVALID_PARAMETER;
    status = CdMeasure(Io, 0, Io->InCount, InTotal);
    return NT_SUCCESS(status) ? CdMeasure(Io, Io->InCount, Io->OutCount, OutTotal) : status;
}

NTSTATUS CdIssueUserIo(CD_REQUEST *Request)
{
    const CD_USER_IO *io = (const CD_USER_IO *)Request->Buffer;
    PFILE_OBJECT connection = IoGetCurrentIrpStackLocation(Request->Irp)->FileObject;
    ULONG in, out;
    CD_MESSAGE *message;
    NTSTATUS status = CdCheckUserIo(io, Request->InputLength, &in, &out);

    if (!NT_SUCCESS(status))
        return status;
    message = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*message) + ((in + 7) & ~7u) + out, CD_TAG);
    if (message == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(message, sizeof(*message) + ((in + 7) & ~7u) + out);
    message->Irp = Request->Irp;
    status = CdFillMessage(message, io, connection, in, out);
    if (NT_SUCCESS(status))
        status = CdAnswer(message);
    if (status == STATUS_PENDING)
        return status;                           /* the message is the read's, and gone, perhaps */
    if (NT_SUCCESS(status))
        status = CdScatter(message);
    CdDeleteMessage(message);
    return status;
}
