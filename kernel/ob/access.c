/* SPDX-License-Identifier: MIT
 * Who may do what: access states, and what an object's security descriptor says to the subject of one. An object without a
 * descriptor grants what is asked for.
 */
#include "obp.h"
#include "ke.h"

OB_UPCALLS ObUpcalls;

/* ---- Access states ---- */
static ACCESS_MASK ObpMapAccess(ACCESS_MASK Access, PGENERIC_MAPPING Mapping)
{
    RtlMapGenericMask(&Access, Mapping);
    return Access;
}

VOID ObCreateAccessState(PACCESS_STATE State, PAUX_ACCESS_DATA Auxiliary, ACCESS_MASK DesiredAccess, PGENERIC_MAPPING Mapping)
{
    static volatile LONG nextOperation;

    RtlZeroMemory(State, sizeof(*State));
    RtlZeroMemory(Auxiliary, sizeof(*Auxiliary));
    if (Mapping != NULL) {
        DesiredAccess = ObpMapAccess(DesiredAccess, Mapping);
        Auxiliary->GenericMapping = *Mapping;
    }
    State->OperationID.LowPart = (ULONG)InterlockedIncrement(&nextOperation);
    State->OriginalDesiredAccess = DesiredAccess;
    State->RemainingDesiredAccess = DesiredAccess;
    State->AuxData = Auxiliary;
    Auxiliary->PrivilegesUsed = (PPRIVILEGE_SET)&State->Privileges;
    if (ObUpcalls.CaptureSubject != NULL)
        ObUpcalls.CaptureSubject(&State->SubjectSecurityContext);
}

VOID ObDeleteAccessState(PACCESS_STATE State)
{
    if (State->PrivilegesAllocated)
        ExFreePool(((PAUX_ACCESS_DATA)State->AuxData)->PrivilegesUsed);
    if (ObUpcalls.ReleaseSubject != NULL)
        ObUpcalls.ReleaseSubject(&State->SubjectSecurityContext);
}

ACCESS_MASK ObpGrantedAccess(POBJECT_TYPE Type, PACCESS_STATE State, ACCESS_MASK DesiredAccess)
{
    ACCESS_MASK access = State != NULL ? State->RemainingDesiredAccess | State->PreviouslyGrantedAccess : DesiredAccess;

    access = ObpMapAccess(access, &Type->TypeInfo.GenericMapping);
    if (access & MAXIMUM_ALLOWED)
        access |= Type->TypeInfo.GenericMapping.GenericAll;
    return access & (Type->TypeInfo.ValidAccessMask | ACCESS_SYSTEM_SECURITY);
}

/* ---- Checks ---- */
NTSTATUS ObpCheckAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK *Granted)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));
    PSECURITY_DESCRIPTOR descriptor;
    PPRIVILEGE_SET privileges = NULL;
    BOOLEAN allocated;
    NTSTATUS status;

    RtlMapGenericMask(&State->RemainingDesiredAccess, &type->TypeInfo.GenericMapping);
    *Granted = ObpGrantedAccess(type, State, 0);
    if (Mode == KernelMode || ObUpcalls.AccessCheck == NULL)
        return STATUS_SUCCESS;
    status = ObGetObjectSecurity(Object, &descriptor, &allocated);
    if (!NT_SUCCESS(status) || descriptor == NULL)
        return status;
    if (ObUpcalls.AccessCheck(descriptor, &State->SubjectSecurityContext, FALSE, State->RemainingDesiredAccess,
                              State->PreviouslyGrantedAccess, &privileges, &type->TypeInfo.GenericMapping, UserMode, Granted,
                              &status)) {
        State->PreviouslyGrantedAccess |= *Granted;
        State->RemainingDesiredAccess &= ~(*Granted | MAXIMUM_ALLOWED);
        *Granted &= type->TypeInfo.ValidAccessMask | ACCESS_SYSTEM_SECURITY;
    }
    if (privileges != NULL) {
        if (NT_SUCCESS(status))
            status = ObUpcalls.AppendPrivileges(State, privileges);
        ExFreePool(privileges);
    }
    ObReleaseObjectSecurity(descriptor, allocated);
    return status;
}

NTSTATUS ObCheckObjectAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode, ULONG Attributes, ACCESS_MASK *Granted)
{
    return ObpCheckAccess(Object, State, ObpCheckMode(Mode, Attributes), Granted);
}

static BOOLEAN ObpIsJudged(PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    return Mode != KernelMode && State != NULL && ObUpcalls.AccessCheck != NULL;
}

BOOLEAN ObpMayTraverse(PACCESS_STATE State, KPROCESSOR_MODE Mode)
{
    return !ObpIsJudged(State, Mode) || ObUpcalls.MayTraverse(&State->SubjectSecurityContext);
}

NTSTATUS ObpCheckDirectory(PVOID Directory, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK Access)
{
    POBJECT_TYPE type = ObpDirectoryObjectType;
    PSECURITY_DESCRIPTOR descriptor;
    NTSTATUS status = STATUS_SUCCESS;
    ACCESS_MASK granted;

    if (Access == DIRECTORY_TRAVERSE ? ObpMayTraverse(State, Mode) : !ObpIsJudged(State, Mode))
        return STATUS_SUCCESS;
    descriptor = ObpReferenceDescriptor(ObHeader(Directory));
    if (descriptor != NULL)
        ObUpcalls.AccessCheck(descriptor, &State->SubjectSecurityContext, FALSE, Access, 0, NULL, &type->TypeInfo.GenericMapping,
                              UserMode, &granted, &status);
    ObpReleaseDescriptor(descriptor);
    return status;
}
