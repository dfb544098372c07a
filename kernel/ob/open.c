/* SPDX-License-Identifier: MIT
 * Opening and inserting: an object gets a name, a handle, or a reference by name. Who opens what exists is judged by its security
 * descriptor; who makes something has the rights he asked for.
 */
#include "obp.h"

/* ---- By name ---- */
static NTSTATUS ObpOpenByName(OBP_LOOKUP *Lookup, OBP_NEW_HANDLE *New, PHANDLE Handle)
{
    NTSTATUS status = ObpLookupObjectName(Lookup, &New->Object);

    if (!NT_SUCCESS(status))
        return status;
    New->Attributes = Lookup->Attributes;
    status = ObpCheckAccess(New->Object, Lookup->AccessState, ObpCheckMode(New->Mode, Lookup->Attributes), &New->Access);
    if (NT_SUCCESS(status))
        status = ObpCreateHandle(New, Handle);
    ObfDereferenceObject(New->Object);
    return status;
}

/* The descriptor that is given is for what a parse method makes (a new file, a pipe): it stands in the access state. */
static NTSTATUS ObpOpenCaptured(OBP_ATTRIBUTES *From, OBP_LOOKUP *Lookup, PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                                PHANDLE Handle)
{
    OBP_NEW_HANDLE new = { .Reason = ObOpenHandle, .Mode = Lookup->Mode };
    POBJECT_TYPE type = Lookup->Type;
    ACCESS_STATE state;
    AUX_ACCESS_DATA auxiliary;
    PSECURITY_DESCRIPTOR given;
    NTSTATUS status = ObpCaptureDescriptor(From->Attributes.SecurityDescriptor, Lookup->Mode, &given);

    if (!NT_SUCCESS(status))
        return status;
    Lookup->AccessState = AccessState != NULL ? AccessState : &state;
    if (AccessState == NULL) {
        ObCreateAccessState(&state, &auxiliary, DesiredAccess, type != NULL ? &type->TypeInfo.GenericMapping : NULL);
        state.SecurityDescriptor = given;
    }
    Lookup->RootDirectory = From->Attributes.RootDirectory;
    Lookup->Name = From->Attributes.ObjectName;
    Lookup->Attributes = From->Attributes.Attributes;
    Lookup->Qos = From->Attributes.SecurityQualityOfService;
    status = ObpOpenByName(Lookup, &new, Handle);
    if (AccessState == NULL)
        ObDeleteAccessState(&state);
    ObpFreeCaptured(given, Lookup->Mode);
    return status;
}

NTSTATUS NTAPI ObOpenObjectByName(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                  PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess, PVOID ParseContext, PHANDLE Handle)
{
    OBP_LOOKUP lookup = { .Type = ObjectType, .Mode = AccessMode, .ParseContext = ParseContext };
    OBP_ATTRIBUTES captured;
    NTSTATUS status;

    if (ObjectAttributes == NULL)
        return STATUS_INVALID_PARAMETER;
    status = ObpCaptureAttributes(ObjectAttributes, AccessMode, &captured);
    if (NT_SUCCESS(status)) {
        status = ObpOpenCaptured(&captured, &lookup, AccessState, DesiredAccess, Handle);
        ObpReleaseAttributes(&captured);
    }
    return status;
}

NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING ObjectName, ULONG Attributes, PACCESS_STATE PassedAccessState,
                                       ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                       PVOID ParseContext, PVOID *Object)
{
    OBP_LOOKUP lookup = { .Type = ObjectType, .Mode = AccessMode, .ParseContext = ParseContext, .Name = ObjectName,
                          .Attributes = Attributes };
    ACCESS_STATE state;
    AUX_ACCESS_DATA auxiliary;
    ACCESS_MASK granted;
    PVOID object = NULL;
    NTSTATUS status;

    if (ObjectName == NULL || ObjectName->Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    lookup.AccessState = PassedAccessState != NULL ? PassedAccessState : &state;
    if (PassedAccessState == NULL)
        ObCreateAccessState(&state, &auxiliary, DesiredAccess, ObjectType != NULL ? &ObjectType->TypeInfo.GenericMapping : NULL);
    status = ObpLookupObjectName(&lookup, &object);
    if (NT_SUCCESS(status)) {
        status = ObpCheckAccess(object, lookup.AccessState, ObpCheckMode(AccessMode, Attributes), &granted);
        if (NT_SUCCESS(status))
            *Object = object;
        else
            ObfDereferenceObject(object);
    }
    if (PassedAccessState == NULL)
        ObDeleteAccessState(&state);
    return status;
}

/* ---- By pointer ---- */
NTSTATUS NTAPI ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState,
                                     ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                     PHANDLE Handle)
{
    OBP_NEW_HANDLE new = { .Reason = ObOpenHandle, .Object = Object, .Attributes = HandleAttributes, .Mode = AccessMode };
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));
    ACCESS_STATE state;
    AUX_ACCESS_DATA auxiliary;
    NTSTATUS status;

    if ((HandleAttributes & ~OBJ_VALID_ATTRIBUTES) || (HandleAttributes & type->TypeInfo.InvalidAttributes & ~OBJ_OPENLINK) ||
        (HandleAttributes & (OBJ_EXCLUSIVE | OBJ_INHERIT)) == (OBJ_EXCLUSIVE | OBJ_INHERIT))
        return STATUS_INVALID_PARAMETER;
    status = ObReferenceObjectByPointer(Object, 0, ObjectType, AccessMode);
    if (!NT_SUCCESS(status))
        return status;
    if (PassedAccessState == NULL)
        ObCreateAccessState(&state, &auxiliary, DesiredAccess, &type->TypeInfo.GenericMapping);
    status = ObpCheckAccess(Object, PassedAccessState != NULL ? PassedAccessState : &state,
                            ObpCheckMode(AccessMode, HandleAttributes), &new.Access);
    if (NT_SUCCESS(status))
        status = ObpCreateHandle(&new, Handle);
    if (PassedAccessState == NULL)
        ObDeleteAccessState(&state);
    ObfDereferenceObject(Object);
    return status;
}

/* ---- A new object ---- */
/* Puts a named object where its name says, or finds the one that is there. *Found is referenced. */
static NTSTATUS ObpInsertName(PVOID Object, POBJECT_CREATE_INFORMATION Info, PACCESS_STATE State, PVOID *Found)
{
    OBP_LOOKUP lookup = { .RootDirectory = Info->RootDirectory, .Name = &ObpNameInfo(ObHeader(Object))->Name,
                          .Attributes = Info->Attributes, .Type = ObpTypeOf(ObHeader(Object)), .Mode = Info->ProbeMode,
                          .AccessState = State, .Insert = Object };
    return ObpLookupObjectName(&lookup, Found);
}

/* No handle could be made: the name must not outlive the failure. */
static VOID ObpUndoInsert(PVOID Object)
{
    POBJECT_HEADER header = ObHeader(Object);
    header->Flags &= ~OB_FLAG_PERMANENT_OBJECT;
    ObpDeleteNameCheck(header);
}

/* The object's place: its name and its security descriptor. *New says what the handle will be to and with which rights. */
static NTSTATUS ObpPlace(PVOID Object, PACCESS_STATE State, OBP_NEW_HANDLE *New)
{
    POBJECT_CREATE_INFORMATION info = ObHeader(Object)->ObjectCreateInfo;
    NTSTATUS status, access;

    if (ObpNameInfo(ObHeader(Object)) == NULL) {
        status = ObpAssignSecurity(Object, NULL);
        if (NT_SUCCESS(status))
            ObfReferenceObject(Object);
        return status;
    }
    status = ObpInsertName(Object, info, State, &New->Object);
    if (status != STATUS_OBJECT_NAME_EXISTS)
        return status;
    New->Reason = ObOpenHandle;                  /* another's object: its descriptor decides */
    access = ObpCheckAccess(New->Object, State, ObpCheckMode(info->ProbeMode, info->Attributes), &New->Access);
    if (NT_SUCCESS(access))
        return status;
    ObfDereferenceObject(New->Object);
    return access;
}

static BOOLEAN ObpMayBePermanent(POBJECT_CREATE_INFORMATION Info)
{
    return !(Info->Attributes & OBJ_PERMANENT) || ObpMayMakePermanent(Info->ProbeMode);
}

NTSTATUS NTAPI ObInsertObject(PVOID Object, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess, ULONG ObjectPointerBias,
                              PVOID *NewObject, PHANDLE Handle)
{
    POBJECT_HEADER header = ObHeader(Object);
    POBJECT_TYPE type = ObpTypeOf(header);
    POBJECT_CREATE_INFORMATION info = header->ObjectCreateInfo;
    OBP_NEW_HANDLE new = { .Reason = ObCreateHandle, .Object = Object, .Type = type, .Mode = info->ProbeMode,
                           .Attributes = info->Attributes, .Access = ObpGrantedAccess(type, PassedAccessState, DesiredAccess) };
    BOOLEAN isJudged = PassedAccessState == NULL && ObpNameInfo(header) != NULL;     /* only the way to a name asks who it is */
    ACCESS_STATE state;
    AUX_ACCESS_DATA auxiliary;
    NTSTATUS status, handleStatus;
    ULONG i;

    if (!ObpMayBePermanent(info)) {
        ObfDereferenceObject(Object);
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (isJudged)
        ObCreateAccessState(&state, &auxiliary, DesiredAccess, &type->TypeInfo.GenericMapping);
    status = ObpPlace(Object, isJudged ? &state : PassedAccessState, &new);
    if (isJudged)
        ObDeleteAccessState(&state);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(Object);
        return status;
    }
    ObpFreeCreateInfo(header);                   /* the object counts as made */
    handleStatus = Handle != NULL ? ObpCreateHandle(&new, Handle) : STATUS_SUCCESS;
    if (!NT_SUCCESS(handleStatus)) {
        if (new.Object == Object)
            ObpUndoInsert(Object);
        status = handleStatus;
    } else if (NewObject != NULL) {
        for (i = 0; i < ObjectPointerBias; i++)
            ObfReferenceObject(new.Object);
        *NewObject = new.Object;
    }
    /* The look-up's reference goes. So does the creator's, unless the object is the result and has nothing else to live by. */
    ObfDereferenceObject(new.Object);
    if (Handle != NULL || new.Object != Object)
        ObfDereferenceObject(Object);
    return status;
}
