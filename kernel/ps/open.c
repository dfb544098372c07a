/* SPDX-License-Identifier: MIT
 * Handles of processes and threads by their ids.
 */
#include "psp.h"

static NTSTATUS PspCheckOpen(POBJECT_ATTRIBUTES Attributes, PCLIENT_ID ClientId)
{
    if (Attributes != NULL && Attributes->Length != sizeof(*Attributes))
        return STATUS_INVALID_PARAMETER;
    if (ClientId == NULL || (Attributes != NULL && Attributes->ObjectName != NULL))
        return STATUS_INVALID_PARAMETER_MIX;     /* neither kind of object has a name */
    return STATUS_SUCCESS;
}

static NTSTATUS PspOpen(PVOID Object, POBJECT_ATTRIBUTES Attributes, ACCESS_MASK Access, POBJECT_TYPE Type, PHANDLE Handle)
{
    HANDLE handle;
    NTSTATUS status = ObOpenObjectByPointer(Object, Attributes != NULL ? Attributes->Attributes : 0, NULL, Access, Type,
                                            ObPreviousMode(), &handle);
    ObfDereferenceObject(Object);
    if (NT_SUCCESS(status))
        *Handle = handle;
    return status;
}

NTSTATUS NTAPI NtOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId)
{
    NTSTATUS status = PspCheckOpen(ObjectAttributes, ClientId);
    PEPROCESS process;
    PETHREAD thread;

    if (!NT_SUCCESS(status))
        return status;
    if (ClientId->UniqueThread != NULL) {
        status = PsLookupProcessThreadByCid(ClientId, &process, &thread);
        if (NT_SUCCESS(status))
            ObfDereferenceObject(thread);
    } else {
        status = PsLookupProcessByProcessId(ClientId->UniqueProcess, &process);
    }
    return NT_SUCCESS(status) ? PspOpen(process, ObjectAttributes, DesiredAccess, PspProcessType, ProcessHandle) : status;
}

NTSTATUS NTAPI NtOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId)
{
    NTSTATUS status = PspCheckOpen(ObjectAttributes, ClientId);
    PETHREAD thread;

    if (!NT_SUCCESS(status))
        return status;
    status = ClientId->UniqueProcess != NULL ? PsLookupProcessThreadByCid(ClientId, NULL, &thread)
                                             : PsLookupThreadByThreadId(ClientId->UniqueThread, &thread);
    return NT_SUCCESS(status) ? PspOpen(thread, ObjectAttributes, DesiredAccess, PspThreadType, ThreadHandle) : status;
}

NTSTATUS NTAPI ZwOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenProcess(ProcessHandle, DesiredAccess, ObjectAttributes, ClientId));
}

NTSTATUS NTAPI ZwOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenThread(ThreadHandle, DesiredAccess, ObjectAttributes, ClientId));
}
