/* SPDX-License-Identifier: MIT
 * Creating mailslots, opening them to write, and closing.
 */
#include "msfs.h"

LARGE_INTEGER MsTimeout(LARGE_INTEGER Timeout)
{
    if (Timeout.QuadPart == -1)
        Timeout.QuadPart = MINLONGLONG;
    return Timeout;
}

/* ---- The owner ---- */
static NTSTATUS MsMakeSlot(PIO_STACK_LOCATION Location, PCUNICODE_STRING Name, MS_SLOT **Slot)
{
    const MAILSLOT_CREATE_PARAMETERS *parameters = Location->Parameters.CreateMailslot.Parameters;
    IPC_OBJECT *object;
    MS_SLOT *slot;
    NTSTATUS status = IpcCreateObject(sizeof(MS_SLOT), Name, Location->Parameters.CreateMailslot.SecurityContext->AccessState, &object);

    if (!NT_SUCCESS(status))
        return status;
    slot = CONTAINING_RECORD(object, MS_SLOT, Head);
    slot->Server.Kind = IpcKindOwn;
    InitializeListHead(&slot->Messages);
    InitializeListHead(&slot->Readers);
    slot->Quota = parameters->MailslotQuota;
    slot->MaximumMessageSize = parameters->MaximumMessageSize;
    slot->ReadTimeout.QuadPart = MINLONGLONG;
    if (parameters->TimeoutSpecified)
        slot->ReadTimeout = MsTimeout(parameters->ReadTimeout);
    slot->IsOpen = TRUE;
    IpcList(object);
    *Slot = slot;
    return STATUS_SUCCESS;
}

NTSTATUS MsCreate(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject, related = file->RelatedFileObject;
    UNICODE_STRING name;
    BOOLEAN backslash;
    MS_SLOT *slot;
    NTSTATUS status;

    if (Location->Parameters.CreateMailslot.Parameters == NULL)
        return STATUS_INVALID_PARAMETER;
    if (!IpcTakeName(file, &name, &backslash) || name.Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (related != NULL && (related->FsContext2 == NULL || ((IPC_FILE *)related->FsContext2)->Kind != IpcKindRoot))
        return STATUS_INVALID_PARAMETER;
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    status = IpcFind(&name) != NULL ? STATUS_OBJECT_NAME_COLLISION : MsMakeSlot(Location, &name, &slot);
    if (NT_SUCCESS(status)) {
        file->FsContext = slot;
        file->FsContext2 = &slot->Server;
        file->Flags |= FO_MAILSLOT;
        Irp->IoStatus.Information = FILE_CREATED;
    }
    ExReleaseResourceLite(&IpcNames);
    return status;
}

/* ---- Who writes ---- */
static NTSTATUS MsOpenSlot(PCUNICODE_STRING Name, PIRP Irp, PIO_STACK_LOCATION Location)
{
    IPC_OBJECT *object = IpcFind(Name);
    MS_CLIENT *client;
    NTSTATUS status;

    if (object == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Location->Parameters.Create.Options & FILE_DIRECTORY_FILE)
        return STATUS_NOT_A_DIRECTORY;
    status = IpcCheckAccess(object, Irp, Location, 0);
    if (!NT_SUCCESS(status))
        return status;
    client = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*client), MS_TAG);
    if (client == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(client, sizeof(*client));
    client->File.Kind = IpcKindOwn;
    client->Slot = CONTAINING_RECORD(object, MS_SLOT, Head);
    IpcReference(object);
    Location->FileObject->FsContext = client->Slot;
    Location->FileObject->FsContext2 = &client->File;
    Location->FileObject->Flags |= FO_MAILSLOT;
    Irp->IoStatus.Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

NTSTATUS MsOpen(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject, related = file->RelatedFileObject;
    UNICODE_STRING name;
    BOOLEAN backslash;
    NTSTATUS status;

    if (!IpcTakeName(file, &name, &backslash))
        return STATUS_OBJECT_NAME_INVALID;
    if (related != NULL && (related->FsContext2 == NULL || ((IPC_FILE *)related->FsContext2)->Kind != IpcKindRoot))
        return STATUS_INVALID_PARAMETER;
    if (name.Length == 0)
        return IpcOpenSystem(backslash || related != NULL ? IpcKindRoot : IpcKindDevice, Irp, Location);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    status = MsOpenSlot(&name, Irp, Location);
    ExReleaseResourceLite(&IpcNames);
    return status;
}

/* ---- The end ---- */
static VOID MsDiscardLocked(MS_SLOT *Slot)
{
    while (!IsListEmpty(&Slot->Messages))
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&Slot->Messages), MS_MESSAGE, Link), MS_TAG);
    Slot->Count = Slot->Bytes = 0;
}

NTSTATUS MsCleanup(PIRP Irp, PIO_STACK_LOCATION Location)
{
    MS_SLOT *slot = MsSlotOf(Location->FileObject);
    LIST_ENTRY done;
    KIRQL irql;

    if (!MsIsServer(Location->FileObject))
        return STATUS_SUCCESS;
    InitializeListHead(&done);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    KeAcquireSpinLock(&slot->Head.Lock, &irql);
    slot->IsOpen = FALSE;
    IpcEndAllLocked(&slot->Readers, NULL, STATUS_CANCELLED, &done);
    MsDiscardLocked(slot);
    KeReleaseSpinLock(&slot->Head.Lock, irql);
    IpcUnlist(&slot->Head);
    ExReleaseResourceLite(&IpcNames);
    IpcCompleteAll(&done);
    return STATUS_SUCCESS;
}

NTSTATUS MsClose(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    MS_SLOT *slot = MsSlotOf(file);

    if (slot == NULL) {
        IpcCloseSystem(file);
        return STATUS_SUCCESS;
    }
    if (!MsIsServer(file))
        ExFreePoolWithTag(CONTAINING_RECORD((IPC_FILE *)file->FsContext2, MS_CLIENT, File), MS_TAG);
    file->FsContext = file->FsContext2 = NULL;
    IpcDereference(&slot->Head);
    return STATUS_SUCCESS;
}
