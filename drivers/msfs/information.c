/* SPDX-License-Identifier: MIT
 * Information about mailslots and their file system.
 */
#include "msfs.h"

#define MS_NO_MESSAGE 0xFFFFFFFFu                /* MAILSLOT_NO_MESSAGE */

static VOID MsQuerySlotLocked(const MS_SLOT *Slot, PFILE_MAILSLOT_QUERY_INFORMATION Information)
{
    BOOLEAN isEmpty = IsListEmpty(&Slot->Messages);

    Information->MaximumMessageSize = Slot->MaximumMessageSize;
    Information->MailslotQuota = Slot->Quota;
    Information->NextMessageSize = isEmpty ? MS_NO_MESSAGE : CONTAINING_RECORD(Slot->Messages.Flink, MS_MESSAGE, Link)->Length;
    Information->MessagesAvailable = Slot->Count;
    Information->ReadTimeout = Slot->ReadTimeout;
}

static NTSTATUS MsQueryLocked(MS_SLOT *Slot, BOOLEAN IsServer, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used)
{
    PFILE_STANDARD_INFORMATION standard = Buffer;

    switch ((ULONG)Location->Parameters.QueryFile.FileInformationClass) {
    case FileMailslotQueryInformation:
        if (!IsServer)
            return STATUS_INVALID_PARAMETER;
        MsQuerySlotLocked(Slot, Buffer);
        *Used = sizeof(FILE_MAILSLOT_QUERY_INFORMATION);
        return STATUS_SUCCESS;
    case FileStandardInformation:
        RtlZeroMemory(standard, sizeof(*standard));
        standard->AllocationSize.QuadPart = Slot->Quota;
        standard->EndOfFile.QuadPart = Slot->Bytes;
        standard->NumberOfLinks = 1;
        *Used = sizeof(*standard);
        return STATUS_SUCCESS;
    default:
        return IpcQueryCommon(&Slot->Head.Name, Slot, Location, Buffer, Used);
    }
}

NTSTATUS MsQueryInformation(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    NTSTATUS status;
    KIRQL irql;

    if (slot == NULL)
        return IpcQuerySystem(Irp, Location);
    KeAcquireSpinLock(&slot->Head.Lock, &irql);
    status = MsQueryLocked(slot, MsIsServer(Location->FileObject), Location, Irp->AssociatedIrp.SystemBuffer, &Irp->IoStatus.Information);
    KeReleaseSpinLock(&slot->Head.Lock, irql);
    return status;
}

/* The structure holds a pointer to the caller's number. */
static NTSTATUS MsCaptureTimeout(PIRP Irp, PLARGE_INTEGER Timeout)
{
    const FILE_MAILSLOT_SET_INFORMATION *set = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS status = STATUS_SUCCESS;

    if (set->ReadTimeout == NULL)
        return STATUS_INVALID_PARAMETER;
    __try {
        if (Irp->RequestorMode != KernelMode)
            ProbeForRead(set->ReadTimeout, sizeof(LARGE_INTEGER), sizeof(ULONG));
        *Timeout = *(volatile LARGE_INTEGER *)set->ReadTimeout;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_ACCESS_VIOLATION;
    }
    return NT_SUCCESS(status) && Timeout->QuadPart > 0 ? STATUS_INVALID_PARAMETER : status;
}

NTSTATUS MsSetInformation(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    LARGE_INTEGER timeout;
    NTSTATUS status;
    KIRQL irql;

    if (!MsIsServer(Location->FileObject))
        return STATUS_INVALID_PARAMETER;
    if (Location->Parameters.SetFile.FileInformationClass != FileMailslotSetInformation)
        return STATUS_INVALID_INFO_CLASS;
    status = MsCaptureTimeout(Irp, &timeout);
    if (!NT_SUCCESS(status))
        return status;
    KeAcquireSpinLock(&slot->Head.Lock, &irql);
    slot->ReadTimeout = MsTimeout(timeout);
    KeReleaseSpinLock(&slot->Head.Lock, irql);
    return STATUS_SUCCESS;
}

NTSTATUS MsQueryVolume(PIRP Irp, PIO_STACK_LOCATION Location)
{
    static const UNICODE_STRING name = RTL_CONSTANT_STRING(L"MSFS");
    return IpcQueryVolume(&name, Location, Irp->AssociatedIrp.SystemBuffer, &Irp->IoStatus.Information);
}

VOID IpcDescribe(IPC_OBJECT *Object, PLARGE_INTEGER AllocationSize, PLARGE_INTEGER EndOfFile)
{
    MS_SLOT *slot = CONTAINING_RECORD(Object, MS_SLOT, Head);
    KIRQL irql;

    KeAcquireSpinLock(&Object->Lock, &irql);
    AllocationSize->QuadPart = slot->Quota;
    EndOfFile->QuadPart = slot->Bytes;
    KeReleaseSpinLock(&Object->Lock, irql);
}

NTSTATUS MsQuerySecurity(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    return slot != NULL ? IpcQuerySecurity(&slot->Head, Irp, Location) : STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS MsSetSecurity(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    return slot != NULL ? IpcSetSecurity(&slot->Head, Location) : STATUS_INVALID_DEVICE_REQUEST;
}
