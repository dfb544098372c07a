/* SPDX-License-Identifier: MIT
 * Handles of processes and threads by their ids.
 */
#include "psp.h"

NTSTATUS PspReadObjectAttributes(const OBJECT_ATTRIBUTES *From, POBJECT_ATTRIBUTES To)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status;

    RtlZeroMemory(To, sizeof(*To));
    if (From == NULL)
        return STATUS_SUCCESS;
    status = MmReadCaller(mode, To, From, sizeof(*To));
    if (NT_SUCCESS(status) && To->Length != sizeof(*To))
        status = STATUS_INVALID_PARAMETER;
    if (mode != KernelMode)
        To->Attributes &= ~(ULONG)OBJ_KERNEL_HANDLE;
    return status;
}

/* Only kernel mode may leave the attributes away. */
static NTSTATUS PspReadOpen(POBJECT_ATTRIBUTES Attributes, PCLIENT_ID ClientId, PULONG HandleAttributes, PCLIENT_ID Id)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status = Attributes != NULL || ObPreviousMode() == KernelMode ? PspReadObjectAttributes(Attributes, &attributes)
                                                                           : STATUS_ACCESS_VIOLATION;

    if (!NT_SUCCESS(status))
        return status;
    if (ClientId == NULL || attributes.ObjectName != NULL)
        return STATUS_INVALID_PARAMETER_MIX;     /* neither kind of object has a name */
    *HandleAttributes = attributes.Attributes;
    return MmReadCaller(ObPreviousMode(), Id, ClientId, sizeof(*Id));
}

static NTSTATUS PspOpen(PVOID Object, ULONG Attributes, ACCESS_MASK Access, POBJECT_TYPE Type, PHANDLE To)
{
    HANDLE handle = NULL;
    NTSTATUS status = ObOpenObjectByPointer(Object, Attributes, NULL, Access, Type, ObPreviousMode(), &handle);

    ObfDereferenceObject(Object);
    return ObReturnHandle(status, To, handle);
}

NTSTATUS NTAPI NtOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId)
{
    CLIENT_ID id;
    ULONG attributes;
    PEPROCESS process;
    PETHREAD thread;
    NTSTATUS status = PspReadOpen(ObjectAttributes, ClientId, &attributes, &id);

    if (!NT_SUCCESS(status))
        return status;
    if (id.UniqueThread != NULL) {
        status = PsLookupProcessThreadByCid(&id, &process, &thread);
        if (NT_SUCCESS(status))
            ObfDereferenceObject(thread);
    } else {
        status = PsLookupProcessByProcessId(id.UniqueProcess, &process);
    }
    return NT_SUCCESS(status) ? PspOpen(process, attributes, DesiredAccess, PspProcessType, ProcessHandle) : status;
}

NTSTATUS NTAPI NtOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId)
{
    CLIENT_ID id;
    ULONG attributes;
    PETHREAD thread;
    NTSTATUS status = PspReadOpen(ObjectAttributes, ClientId, &attributes, &id);

    if (!NT_SUCCESS(status))
        return status;
    status = id.UniqueProcess != NULL ? PsLookupProcessThreadByCid(&id, NULL, &thread) : PsLookupThreadByThreadId(id.UniqueThread, &thread);
    return NT_SUCCESS(status) ? PspOpen(thread, attributes, DesiredAccess, PspThreadType, ThreadHandle) : status;
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
