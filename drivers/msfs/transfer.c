/* SPDX-License-Identifier: MIT
 * Messages: written whole, read whole.
 */
#include "msfs.h"

/* The head of the list. A buffer that is too small leaves it there. */
static NTSTATUS MsTakeLocked(MS_SLOT *Slot, PIRP Irp, PULONG_PTR Taken)
{
    MS_MESSAGE *message = CONTAINING_RECORD(Slot->Messages.Flink, MS_MESSAGE, Link);

    *Taken = 0;
    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length < message->Length)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, message->Data, message->Length);
    *Taken = message->Length;
    RemoveEntryList(&message->Link);
    Slot->Count--;
    Slot->Bytes -= message->Length;
    ExFreePoolWithTag(message, MS_TAG);
    return STATUS_SUCCESS;
}

static NTSTATUS MsReadLocked(MS_SLOT *Slot, PIRP Irp, IPC_TIMER *Timer)
{
    ULONG_PTR taken;
    NTSTATUS status;

    if (!Slot->IsOpen)
        return STATUS_FILE_CLOSED;
    if (!IsListEmpty(&Slot->Messages)) {
        status = MsTakeLocked(Slot, Irp, &taken);
        Irp->IoStatus.Information = taken;
        return status;
    }
    if (Slot->ReadTimeout.QuadPart == 0)
        return STATUS_IO_TIMEOUT;
    return IpcWaitLocked(&Slot->Head, &Slot->Readers, Irp, Timer) ? STATUS_PENDING : STATUS_CANCELLED;
}

static LARGE_INTEGER MsReadTimeout(MS_SLOT *Slot)
{
    LARGE_INTEGER timeout;
    KIRQL irql;

    KeAcquireSpinLock(&Slot->Head.Lock, &irql);
    timeout = Slot->ReadTimeout;
    KeReleaseSpinLock(&Slot->Head.Lock, irql);
    return timeout;
}

NTSTATUS MsRead(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    IPC_TIMER *timer;
    NTSTATUS status;
    KIRQL irql;

    if (!MsIsServer(Location->FileObject))
        return STATUS_INVALID_PARAMETER;
    status = IpcCreateTimer(&slot->Head, MsReadTimeout(slot), &timer);
    if (!NT_SUCCESS(status))
        return status;
    KeAcquireSpinLock(&slot->Head.Lock, &irql);
    status = MsReadLocked(slot, Irp, timer);
    KeReleaseSpinLock(&slot->Head.Lock, irql);
    if (status != STATUS_PENDING)
        IpcDeleteTimer(timer);
    return status;
}

/* ---- Writing ---- */
static NTSTATUS MsMayWriteLocked(const MS_SLOT *Slot, ULONG Length)
{
    if (!Slot->IsOpen)
        return STATUS_FILE_FORCED_CLOSED;
    if (Slot->MaximumMessageSize != 0 && Length > Slot->MaximumMessageSize)
        return STATUS_INVALID_PARAMETER;
    if (Slot->Count >= MS_MOST_MESSAGES || Length > MAXULONG - Slot->Bytes || (Slot->Quota != 0 && Length + Slot->Bytes > Slot->Quota))
        return STATUS_QUOTA_EXCEEDED;
    return STATUS_SUCCESS;
}

/* Readers that wait: each whose buffer is too small is told so, until one takes the message. */
static VOID MsServeLocked(MS_SLOT *Slot, PLIST_ENTRY Done)
{
    ULONG_PTR taken;
    PIRP irp;

    while (!IsListEmpty(&Slot->Messages) && (irp = IpcTakeLocked(&Slot->Readers)) != NULL) {
        NTSTATUS status = MsTakeLocked(Slot, irp, &taken);
        IpcEndLocked(irp, status, taken, Done);
    }
}

NTSTATUS MsWrite(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    ULONG length = Location->Parameters.Write.Length;
    MS_MESSAGE *message;
    LIST_ENTRY done;
    NTSTATUS status;
    KIRQL irql;

    if (slot == NULL || MsIsServer(Location->FileObject))
        return STATUS_INVALID_PARAMETER;
    message = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*message) + (SIZE_T)length, MS_TAG);
    if (message == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    message->Length = length;
    RtlCopyMemory(message->Data, Irp->AssociatedIrp.SystemBuffer, length);
    InitializeListHead(&done);
    KeAcquireSpinLock(&slot->Head.Lock, &irql);
    status = MsMayWriteLocked(slot, length);
    if (NT_SUCCESS(status)) {
        InsertTailList(&slot->Messages, &message->Link);
        slot->Count++;
        slot->Bytes += length;
        MsServeLocked(slot, &done);
    }
    KeReleaseSpinLock(&slot->Head.Lock, irql);
    IpcCompleteAll(&done);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(message, MS_TAG);
        return status;
    }
    Irp->IoStatus.Information = length;
    return STATUS_SUCCESS;
}

/* Nothing hangs on a read that waits. */
VOID IpcCancelled(IPC_OBJECT *Object, PIRP Irp, PLIST_ENTRY Done) {}
