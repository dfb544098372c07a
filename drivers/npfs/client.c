/* SPDX-License-Identifier: MIT
 * Who the client of an instance is: FSCTL_PIPE_IMPERSONATE, and what is told about processes.
 */
#include "npfs.h"

NTSTATUS NpCaptureClient(PIRP Irp, PSECURITY_QUALITY_OF_SERVICE Qos, NP_CLIENT **Client)
{
    SECURITY_QUALITY_OF_SERVICE usual = { sizeof(usual), SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE };
    NP_CLIENT *client = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*client), NP_TAG);
    NTSTATUS status;

    if (client == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = SeCreateClientSecurity(Irp->Tail.Overlay.Thread, Qos != NULL ? Qos : &usual, FALSE, &client->Security);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(client, NP_TAG);
        return status;
    }
    client->ProcessId = (HANDLE)(ULONG_PTR)IoGetRequestorProcessId(Irp);
    if (!NT_SUCCESS(IoGetRequestorSessionId(Irp, &client->SessionId)))
        client->SessionId = 0;
    *Client = client;
    return STATUS_SUCCESS;
}

VOID NpDeleteClient(NP_CLIENT *Client)
{
    if (Client == NULL)
        return;
    SeDeleteClientSecurity(&Client->Security);
    ExFreePoolWithTag(Client, NP_TAG);
}

/* There is a client, or data of one that is gone. IpcNames is held. */
static NTSTATUS NpCheckClient(NP_END *End)
{
    KIRQL irql = NpLock(End->Instance->Pipe);
    NTSTATUS status = NpCheckLocked(End, STATUS_SUCCESS);

    NpUnlock(End->Instance->Pipe, irql);
    return NT_SUCCESS(status) && End->Instance->Caller == NULL ? STATUS_PIPE_DISCONNECTED : status;
}

NTSTATUS NpImpersonate(NP_END *End)
{
    NTSTATUS status;

    if (End->Side != FILE_PIPE_SERVER_END)
        return STATUS_ILLEGAL_FUNCTION;
    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    status = NpCheckClient(End);
    if (NT_SUCCESS(status))
        status = SeImpersonateClientEx(&End->Instance->Caller->Security, NULL);
    ExReleaseResourceLite(&IpcNames);
    return status;
}

/* ---- Attributes: numbers with names of single-byte characters ---- */
static BOOLEAN NpIsNamed(PIRP Irp, PIO_STACK_LOCATION Location, PCSTR Name)
{
    ULONG length = Location->Parameters.FileSystemControl.InputBufferLength;
    ULONG needed = 0;

    while (Name[needed] != '\0')
        needed++;
    return length == needed + 1 && RtlCompareMemory(Irp->AssociatedIrp.SystemBuffer, Name, length) == length;
}

static NTSTATUS NpFindAttribute(NP_END *End, BOOLEAN OfConnection, PIRP Irp, PIO_STACK_LOCATION Location, PULONG Value)
{
    const NP_INSTANCE *instance = End->Instance;

    if (!OfConnection) {
        *Value = (ULONG)(ULONG_PTR)instance->ServerProcessId;
        if (NpIsNamed(Irp, Location, "ServerProcessId"))
            return STATUS_SUCCESS;
        *Value = instance->ServerSessionId;
        return NpIsNamed(Irp, Location, "ServerSessionId") ? STATUS_SUCCESS : STATUS_NOT_FOUND;
    }
    if (instance->Caller == NULL)
        return STATUS_PIPE_DISCONNECTED;
    *Value = (ULONG)(ULONG_PTR)instance->Caller->ProcessId;
    if (NpIsNamed(Irp, Location, "ClientProcessId"))
        return STATUS_SUCCESS;
    *Value = instance->Caller->SessionId;
    return NpIsNamed(Irp, Location, "ClientSessionId") ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

NTSTATUS NpGetAttribute(NP_END *End, BOOLEAN OfConnection, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG value;
    NTSTATUS status;

    if (Location->Parameters.FileSystemControl.InputBufferLength == 0)
        return STATUS_INVALID_PARAMETER;
    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    status = OfConnection ? NpCheckClient(End) : STATUS_SUCCESS;
    if (NT_SUCCESS(status))
        status = NpFindAttribute(End, OfConnection, Irp, Location, &value);
    ExReleaseResourceLite(&IpcNames);
    if (!NT_SUCCESS(status))
        return status;
    if (Location->Parameters.FileSystemControl.OutputBufferLength < sizeof(value))
        return STATUS_BUFFER_TOO_SMALL;
    *(PULONG)Irp->AssociatedIrp.SystemBuffer = value;
    Irp->IoStatus.Information = sizeof(value);
    return STATUS_SUCCESS;
}

NTSTATUS NpQueryClientProcess(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_PIPE_CLIENT_PROCESS_BUFFER buffer = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS status;

    if (Location->Parameters.FileSystemControl.OutputBufferLength < sizeof(*buffer))
        return STATUS_BUFFER_TOO_SMALL;
    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    status = NpCheckClient(End);
    if (NT_SUCCESS(status)) {
        buffer->ClientSession = (PVOID)(ULONG_PTR)End->Instance->Caller->SessionId;
        buffer->ClientProcess = End->Instance->Caller->ProcessId;
        Irp->IoStatus.Information = sizeof(*buffer);
    }
    ExReleaseResourceLite(&IpcNames);
    return status;
}
