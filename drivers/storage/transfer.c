/* SPDX-License-Identifier: MIT
 * Requests, their parts, and the slots these run in.
 */
#include "storage.h"

/* Where a request stands, in its DriverContext. Lock. */
typedef struct STORAGE_REQUEST {
    ULONG Total, Issued;                         /* bytes; of a flush: commands */
    NTSTATUS Status;                             /* the first error */
    USHORT Outstanding;                          /* commands */
    UCHAR Kind;
    BOOLEAN Started : 1;                         /* not to be cancelled any more */
    BOOLEAN Queued : 1;                          /* in Waiting */
    BOOLEAN FlushAfter : 1;                      /* a write that is to last */
} STORAGE_REQUEST;
C_ASSERT(sizeof(STORAGE_REQUEST) <= sizeof(((PIRP)0)->Tail.Overlay.DriverContext));

static STORAGE_REQUEST *StorageRequest(PIRP Irp) { return (STORAGE_REQUEST *)Irp->Tail.Overlay.DriverContext; }
static PIRP StorageIrp(PLIST_ENTRY Entry) { return CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry); }

NTSTATUS StorageFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, NT_SUCCESS(Status) ? IO_DISK_INCREMENT : IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS StorageReject(STORAGE_DISK *Disk, PIRP Irp, NTSTATUS Status)
{
    IoReleaseRemoveLock(&Disk->RemoveLock, Irp);
    return StorageFinish(Irp, Status, 0);
}

/* ---- Making a command ---- */

/* The memory at From of the request, as long as it fits: whole blocks. Returns how long it is. */
static ULONG StorageDescribe(STORAGE_DISK *Disk, PIRP Irp, ULONG From, ULONG Length, ULONG *SegmentCount)
{
    const PFN_NUMBER *pages = MmGetMdlPfnArray(Irp->MdlAddress);
    ULONG64 place = (ULONG64)MmGetMdlByteOffset(Irp->MdlAddress) + From;
    ULONG covered = 0, count = 0, excess;

    while (covered < Length) {
        ULONG within = (ULONG)(place & (PAGE_SIZE - 1)), piece = min(Length - covered, PAGE_SIZE - within);
        ULONG64 address = ((ULONG64)pages[place >> PAGE_SHIFT] << PAGE_SHIFT) + within;
        STORAGE_SEGMENT *last = count != 0 ? &Disk->Segments[count - 1] : NULL;
        if (last != NULL && last->Address + last->Length == address)
            last->Length += piece;
        else if (count == Disk->MaximumSegments)
            break;
        else
            Disk->Segments[count++] = (STORAGE_SEGMENT){ address, piece };
        covered += piece;
        place += piece;
    }
    for (excess = covered % Disk->BlockSize; excess != 0;) {
        ULONG cut = min(excess, Disk->Segments[count - 1].Length);
        Disk->Segments[count - 1].Length -= cut;
        count -= Disk->Segments[count - 1].Length == 0;
        excess -= cut;
        covered -= cut;
    }
    *SegmentCount = count;
    return covered;
}

static VOID StorageIssue(STORAGE_DISK *Disk, PIRP Irp, ULONG Slot)
{
    STORAGE_REQUEST *request = StorageRequest(Irp);
    STORAGE_COMMAND command = { .Kind = request->Kind, .Segments = Disk->Segments };

    if (request->Kind == StorageFlush) {
        request->Issued = request->Total;
    } else {
        command.Offset = (ULONG64)IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.ByteOffset.QuadPart + request->Issued;
        command.Length = StorageDescribe(Disk, Irp, request->Issued, min(request->Total - request->Issued, Disk->MaximumTransfer),
                                         &command.SegmentCount);
        request->Issued += command.Length;
    }
    Disk->Slots[Slot] = (STORAGE_SLOT){ Irp, 0 };
    if (Disk->Busy++ == 0)
        KeClearEvent(&Disk->Idle);
    request->Outstanding++;
    Disk->Operations->Submit(Disk, Slot, &command);
}

/* ---- The queue ---- */
static ULONG StorageFreeSlot(const STORAGE_DISK *Disk, ULONG From)
{
    ULONG slot = From;

    while (slot < Disk->SlotCount && Disk->Slots[slot].Irp != NULL)
        slot++;
    return slot;
}

static VOID StorageUnqueue(PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    InitializeListHead(&Irp->Tail.Overlay.ListEntry);        /* for a cancel routine that may be on its way to it */
    StorageRequest(Irp)->Queued = FALSE;
}

/* Takes the first request from cancellation. FALSE: somebody cancels it, who will complete it. */
static BOOLEAN StorageBegin(PIRP Irp)
{
    STORAGE_REQUEST *request = StorageRequest(Irp);

    if (!request->Started && IoSetCancelRoutine(Irp, NULL) == NULL)
        return FALSE;
    request->Started = TRUE;
    return TRUE;
}

/* Sends what there are slots for. Lock held. */
static VOID StoragePump(STORAGE_DISK *Disk)
{
    ULONG slot = 0;
    BOOLEAN submitted = FALSE;

    while (Disk->State == StorageRunning && !IsListEmpty(&Disk->Waiting)) {
        PIRP irp = StorageIrp(Disk->Waiting.Flink);
        STORAGE_REQUEST *request = StorageRequest(irp);
        slot = StorageFreeSlot(Disk, slot);
        if (slot == Disk->SlotCount)
            break;
        if (!StorageBegin(irp)) {
            StorageUnqueue(irp);
            continue;
        }
        if (NT_SUCCESS(request->Status)) {
            StorageIssue(Disk, irp, slot);
            submitted = TRUE;
        }
        if (request->Issued == request->Total || !NT_SUCCESS(request->Status))
            StorageUnqueue(irp);
    }
    if (submitted)
        Disk->Operations->Kick(Disk);
}

static VOID NTAPI StorageCancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeAcquireSpinLock(&disk->Lock, &irql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeReleaseSpinLock(&disk->Lock, irql);
    StorageReject(disk, Irp, STATUS_CANCELLED);
}

/* FALSE: it is not queued, and the caller's to reject. Lock held. */
static BOOLEAN StorageEnqueue(STORAGE_DISK *Disk, PIRP Irp, NTSTATUS *Status)
{
    *Status = Disk->State == StorageNew ? STATUS_DEVICE_NOT_READY : Disk->State == StorageBroken ? STATUS_IO_DEVICE_ERROR
                                                                                                 : STATUS_NO_SUCH_DEVICE;
    if (Disk->State != StorageRunning && Disk->State != StorageHeld)
        return FALSE;
    *Status = STATUS_CANCELLED;
    InsertTailList(&Disk->Waiting, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, StorageCancel);
    if (!Irp->Cancel || IoSetCancelRoutine(Irp, NULL) == NULL)
        return TRUE;
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    return FALSE;
}

static NTSTATUS StorageSend(STORAGE_DISK *Disk, PIRP Irp, const STORAGE_REQUEST *Request)
{
    NTSTATUS status;
    BOOLEAN queued;
    KIRQL irql;

    *StorageRequest(Irp) = *Request;
    IoMarkIrpPending(Irp);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    StorageEnter(Disk);
    queued = StorageEnqueue(Disk, Irp, &status);
    StorageLeave(Disk);
    KeLowerIrql(irql);
    if (!queued)
        StorageReject(Disk, Irp, status);
    return STATUS_PENDING;
}

/* ---- What the device has done ---- */
VOID StorageEnter(STORAGE_DISK *Disk) { KeAcquireSpinLockAtDpcLevel(&Disk->Lock); }

/* The remove lock goes first: who completes the last request may be whom the removal waits for. */
VOID StorageLeave(STORAGE_DISK *Disk)
{
    LIST_ENTRY done;

    InitializeListHead(&done);
    StoragePump(Disk);
    while (!IsListEmpty(&Disk->Done))
        InsertTailList(&done, RemoveHeadList(&Disk->Done));
    KeReleaseSpinLockFromDpcLevel(&Disk->Lock);
    while (!IsListEmpty(&done)) {
        PIRP irp = StorageIrp(RemoveHeadList(&done));
        STORAGE_REQUEST request = *StorageRequest(irp);
        IoReleaseRemoveLock(&Disk->RemoveLock, irp);
        StorageFinish(irp, request.Status, NT_SUCCESS(request.Status) && request.Kind != StorageFlush ? request.Total : 0);
    }
}

BOOLEAN StorageIsBusy(const STORAGE_DISK *Disk, ULONG Slot) { return Slot < Disk->SlotCount && Disk->Slots[Slot].Irp != NULL; }

/* All commands that there will be have ended. */
static VOID StorageEnd(STORAGE_DISK *Disk, PIRP Irp)
{
    STORAGE_REQUEST *request = StorageRequest(Irp);

    if (request->Queued)
        StorageUnqueue(Irp);
    if (request->FlushAfter && NT_SUCCESS(request->Status)) {
        request->FlushAfter = FALSE;
        request->Kind = StorageFlush;            /* Total stays what was written, and is what Issued must reach */
        request->Issued = 0;
        request->Queued = TRUE;
        InsertHeadList(&Disk->Waiting, &Irp->Tail.Overlay.ListEntry);
        return;
    }
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_WRITE)
        request->Kind = StorageWrite;
    InsertTailList(&Disk->Done, &Irp->Tail.Overlay.ListEntry);
}

VOID StorageComplete(STORAGE_DISK *Disk, ULONG Slot, NTSTATUS Status)
{
    PIRP irp = Disk->Slots[Slot].Irp;
    STORAGE_REQUEST *request = StorageRequest(irp);

    Disk->Slots[Slot].Irp = NULL;
    if (--Disk->Busy == 0)
        KeSetEvent(&Disk->Idle, IO_NO_INCREMENT, FALSE);
    if (!NT_SUCCESS(Status) && NT_SUCCESS(request->Status))
        request->Status = Status;
    if (--request->Outstanding == 0 && (request->Issued == request->Total || !NT_SUCCESS(request->Status)))
        StorageEnd(Disk, irp);
}

VOID StorageFailAll(STORAGE_DISK *Disk, NTSTATUS Status)
{
    ULONG slot;

    for (slot = 0; slot < Disk->SlotCount; slot++)
        if (Disk->Slots[slot].Irp != NULL)
            StorageComplete(Disk, slot, Status);
    while (!IsListEmpty(&Disk->Waiting)) {
        PIRP irp = StorageIrp(Disk->Waiting.Flink);
        StorageUnqueue(irp);
        if (!StorageBegin(irp))
            continue;
        StorageRequest(irp)->Status = Status;
        InsertTailList(&Disk->Done, &irp->Tail.Overlay.ListEntry);
    }
}

VOID StorageBreak(STORAGE_DISK *Disk, NTSTATUS Status)
{
    Disk->Operations->Reset(Disk);
    if (Disk->State == StorageRunning || Disk->State == StorageHeld)
        Disk->State = StorageBroken;
    StorageFailAll(Disk, Status);
}

/* Once a second, at DISPATCH_LEVEL. */
VOID NTAPI StorageTick(PDEVICE_OBJECT Device, PVOID Context)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    ULONG slot;

    StorageEnter(disk);
    for (slot = 0; slot < disk->SlotCount; slot++) {
        if (disk->Slots[slot].Irp == NULL || ++disk->Slots[slot].Age <= STORAGE_TIMEOUT)
            continue;
        StorageBreak(disk, STATUS_IO_TIMEOUT);
        break;
    }
    StorageLeave(disk);
}

VOID StorageDrain(STORAGE_DISK *Disk)
{
    LARGE_INTEGER limit = { .QuadPart = -10000000ll * STORAGE_TIMEOUT };
    KIRQL irql;

    if (KeWaitForSingleObject(&Disk->Idle, Executive, KernelMode, FALSE, &limit) != STATUS_TIMEOUT)
        return;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    StorageEnter(Disk);
    StorageBreak(Disk, STATUS_IO_TIMEOUT);
    StorageLeave(Disk);
    KeLowerIrql(irql);
}

/* ---- Dispatch ---- */
static NTSTATUS StorageCheckTransfer(const STORAGE_DISK *Disk, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    PMDL mdl = Irp->MdlAddress;

    if (Disk->BlockSize == 0)
        return STATUS_DEVICE_NOT_READY;
    if (location->MajorFunction == IRP_MJ_WRITE && Disk->ReadOnly)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (offset % Disk->BlockSize != 0 || length % Disk->BlockSize != 0)
        return STATUS_INVALID_PARAMETER;
    if (offset > Disk->Length || length > Disk->Length - offset)
        return STATUS_INVALID_PARAMETER;
    if (length == 0)
        return STATUS_SUCCESS;
    if (mdl == NULL || MmGetMdlByteCount(mdl) < length || (MmGetMdlByteOffset(mdl) & Disk->AlignmentMask))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI StorageTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN write = location->MajorFunction == IRP_MJ_WRITE;
    STORAGE_REQUEST request = { .Total = location->Parameters.Read.Length, .Kind = write ? StorageWrite : StorageRead, .Queued = TRUE,
                                .FlushAfter = write && disk->HasCache && (location->Flags & SL_WRITE_THROUGH) != 0 };
    NTSTATUS status = IoAcquireRemoveLock(&disk->RemoveLock, Irp);

    if (!NT_SUCCESS(status))
        return StorageFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
    status = StorageCheckTransfer(disk, Irp);
    if (!NT_SUCCESS(status) || request.Total == 0)
        return StorageReject(disk, Irp, status);
    return StorageSend(disk, Irp, &request);
}

/* A disk without a cache has nothing to flush: what it has taken lasts. */
NTSTATUS NTAPI StorageFlushBuffers(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    STORAGE_REQUEST request = { .Total = 1, .Kind = StorageFlush, .Queued = TRUE };

    if (!NT_SUCCESS(IoAcquireRemoveLock(&disk->RemoveLock, Irp)))
        return StorageFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
    if (!disk->HasCache)
        return StorageReject(disk, Irp, disk->BlockSize != 0 ? STATUS_SUCCESS : STATUS_DEVICE_NOT_READY);
    return StorageSend(disk, Irp, &request);
}
