/* SPDX-License-Identifier: MIT
 * Objects with names: found, listed, counted.
 */
#include "ipc.h"

ERESOURCE IpcNames;
LIST_ENTRY IpcObjects;
static ULONG64 IpcLastNumber;                    /* N */

BOOLEAN IpcTakeName(PFILE_OBJECT File, PUNICODE_STRING Name, PBOOLEAN HasBackslash)
{
    *Name = File->FileName;
    *HasBackslash = FALSE;
    if (Name->Length & 1)
        return FALSE;
    if (Name->Length == 0 || Name->Buffer[0] != L'\\')
        return Name->Length == 0 || File->RelatedFileObject != NULL;
    if (File->RelatedFileObject != NULL)         /* a relative name has no backslash in front */
        return FALSE;
    *HasBackslash = TRUE;
    Name->Buffer++;
    Name->Length -= sizeof(WCHAR);
    Name->MaximumLength = Name->Length;
    return Name->Length == 0 || Name->Buffer[0] != L'\\';
}

IPC_OBJECT *IpcFind(PCUNICODE_STRING Name)
{
    PLIST_ENTRY link;

    for (link = IpcObjects.Flink; link != &IpcObjects; link = link->Flink) {
        IPC_OBJECT *object = CONTAINING_RECORD(link, IPC_OBJECT, Link);
        if (object->Name.Length != 0 && RtlEqualUnicodeString(&object->Name, (PUNICODE_STRING)Name, TRUE))
            return object;
    }
    return NULL;
}

static NTSTATUS IpcAssignSecurity(IPC_OBJECT *Object, PACCESS_STATE State)
{
    NTSTATUS status;

    SeLockSubjectContext(&State->SubjectSecurityContext);
    status = SeAssignSecurity(NULL, State->SecurityDescriptor, &Object->Security, FALSE, &State->SubjectSecurityContext,
                              IoGetFileObjectGenericMapping(), PagedPool);
    SeUnlockSubjectContext(&State->SubjectSecurityContext);
    return status;
}

NTSTATUS IpcCreateObject(SIZE_T Size, PCUNICODE_STRING Name, PACCESS_STATE State, IPC_OBJECT **Object)
{
    IPC_OBJECT *object = ExAllocatePoolWithTag(NonPagedPoolNx, Size + Name->Length, IPC_TAG);
    NTSTATUS status;

    if (object == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(object, Size);
    InitializeListHead(&object->Link);
    KeInitializeSpinLock(&object->Lock);
    object->References = 1;
    object->Name = (UNICODE_STRING){ Name->Length, Name->Length, (PWCHAR)((PUCHAR)object + Size) };
    RtlCopyMemory(object->Name.Buffer, Name->Buffer, Name->Length);
    status = IpcAssignSecurity(object, State);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(object, IPC_TAG);
        return status;
    }
    *Object = object;
    return STATUS_SUCCESS;
}

VOID IpcList(IPC_OBJECT *Object)
{
    Object->Number = ++IpcLastNumber;
    InsertTailList(&IpcObjects, &Object->Link);
}

VOID IpcUnlist(IPC_OBJECT *Object)
{
    RemoveEntryList(&Object->Link);
    InitializeListHead(&Object->Link);
    if (Object->Security != NULL)
        SeDeassignSecurity(&Object->Security);
}

VOID IpcReference(IPC_OBJECT *Object)
{
    InterlockedIncrement(&Object->References);
}

VOID IpcDereference(IPC_OBJECT *Object)
{
    if (InterlockedDecrement(&Object->References) == 0)
        ExFreePoolWithTag(Object, IPC_TAG);      /* its descriptor went with its place in the list */
}
