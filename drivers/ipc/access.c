/* SPDX-License-Identifier: MIT
 * Who may open an object, and its descriptor.
 */
#include "ipc.h"

static VOID IpcGrant(PACCESS_STATE State, ACCESS_MASK Granted)
{
    State->PreviouslyGrantedAccess |= Granted;
    State->RemainingDesiredAccess &= ~(Granted | MAXIMUM_ALLOWED);
}

NTSTATUS IpcCheckAccess(IPC_OBJECT *Object, PIRP Irp, PIO_STACK_LOCATION Location, ACCESS_MASK More)
{
    PIO_SECURITY_CONTEXT context = Location->Parameters.Create.SecurityContext;
    PACCESS_STATE state = context->AccessState;
    KPROCESSOR_MODE mode = Location->Flags & SL_FORCE_ACCESS_CHECK ? UserMode : Irp->RequestorMode;
    ACCESS_MASK wanted = context->DesiredAccess, granted = 0;
    PPRIVILEGE_SET privileges = NULL;
    NTSTATUS status;
    BOOLEAN may;

    RtlMapGenericMask(&wanted, IoGetFileObjectGenericMapping());
    SeLockSubjectContext(&state->SubjectSecurityContext);
    may = SeAccessCheck(Object->Security, &state->SubjectSecurityContext, TRUE, wanted | More, 0, &privileges,
                        IoGetFileObjectGenericMapping(), mode, &granted, &status);
    SeUnlockSubjectContext(&state->SubjectSecurityContext);
    if (privileges != NULL) {
        if (may)
            SeAppendPrivileges(state, privileges);
        SeFreePrivileges(privileges);
    }
    if (!may)
        return status;
    IpcGrant(state, wanted & MAXIMUM_ALLOWED ? granted : wanted);
    return STATUS_SUCCESS;
}

NTSTATUS IpcQuerySecurity(IPC_OBJECT *Object, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG length = Location->Parameters.QuerySecurity.Length;
    NTSTATUS status = STATUS_FILE_CLOSED;

    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    if (Object->Security != NULL) {
        __try {
            status = SeQuerySecurityDescriptorInfo(&Location->Parameters.QuerySecurity.SecurityInformation, Irp->UserBuffer, &length,
                                                   &Object->Security);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            status = STATUS_INVALID_USER_BUFFER;
        }
    }
    ExReleaseResourceLite(&IpcNames);
    if (status == STATUS_BUFFER_TOO_SMALL)
        status = STATUS_BUFFER_OVERFLOW;
    if (!NT_ERROR(status))
        Irp->IoStatus.Information = length;
    return status;
}

NTSTATUS IpcSetSecurity(IPC_OBJECT *Object, PIO_STACK_LOCATION Location)
{
    PSECURITY_DESCRIPTOR old, new;
    NTSTATUS status = STATUS_FILE_CLOSED;

    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    if (Object->Security != NULL) {
        old = new = Object->Security;
        status = SeSetSecurityDescriptorInfo(NULL, &Location->Parameters.SetSecurity.SecurityInformation,
                                             Location->Parameters.SetSecurity.SecurityDescriptor, &new, PagedPool,
                                             IoGetFileObjectGenericMapping());
        if (NT_SUCCESS(status)) {
            Object->Security = new;
            SeDeassignSecurity(&old);
        }
    }
    ExReleaseResourceLite(&IpcNames);
    return status;
}
