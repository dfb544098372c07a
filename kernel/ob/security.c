/* SPDX-License-Identifier: MIT
 * Security descriptors of objects. OBJECT_HEADER.SecurityDescriptor leads to a descriptor that never changes: a new one takes its
 * place, and the old one goes when its last reader is done. OBJECT_HEADER.Lock guards the pointer; references are counted in front
 * of the descriptor. An object without a descriptor grants what is asked for. A type with a security method keeps its objects'
 * descriptors by itself.
 */
#include "obp.h"
#include "ke.h"

#define OBP_TAG_SECURITY 'eSbO'

typedef struct OBP_DESCRIPTOR {
    volatile LONG64 References;                  /* a */
    ULONG64 Length;
    UCHAR Descriptor[];                          /* self-relative, 16-byte aligned */
} OBP_DESCRIPTOR;

static OBP_DESCRIPTOR *ObpDescriptorOf(PSECURITY_DESCRIPTOR Descriptor)
{
    return CONTAINING_RECORD((PUCHAR)Descriptor, OBP_DESCRIPTOR, Descriptor);
}

/* A shared copy of a self-relative descriptor with one reference. */
static PSECURITY_DESCRIPTOR ObpShareDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    ULONG length = RtlLengthSecurityDescriptor(Descriptor);
    OBP_DESCRIPTOR *shared = ExAllocatePoolWithTag(PagedPool, sizeof(*shared) + length, OBP_TAG_SECURITY);

    if (shared == NULL)
        return NULL;
    shared->References = 1;
    shared->Length = length;
    RtlCopyMemory(shared->Descriptor, Descriptor, length);
    return shared->Descriptor;
}

VOID ObpReleaseDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    if (Descriptor != NULL && InterlockedDecrement64(&ObpDescriptorOf(Descriptor)->References) == 0)
        ExFreePoolWithTag(ObpDescriptorOf(Descriptor), OBP_TAG_SECURITY);
}

PSECURITY_DESCRIPTOR ObpReferenceDescriptor(POBJECT_HEADER Header)
{
    PSECURITY_DESCRIPTOR descriptor;

    ExLockShared(&Header->Lock);
    descriptor = Header->SecurityDescriptor;
    if (descriptor != NULL)
        InterlockedIncrement64(&ObpDescriptorOf(descriptor)->References);
    ExUnlockShared(&Header->Lock);
    return descriptor;
}

/* New, a reference, takes Old's place. FALSE: somebody was faster, nothing happened. */
static BOOLEAN ObpExchangeDescriptor(POBJECT_HEADER Header, PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New)
{
    BOOLEAN exchanged;

    ExLockExclusive(&Header->Lock);
    exchanged = Header->SecurityDescriptor == Old;
    if (exchanged)
        Header->SecurityDescriptor = New;
    ExUnlockExclusive(&Header->Lock);
    if (exchanged)
        ObpReleaseDescriptor(Old);
    return exchanged;
}

/* ---- New objects ---- */
NTSTATUS ObpCaptureDescriptor(PSECURITY_DESCRIPTOR Descriptor, KPROCESSOR_MODE Mode, PSECURITY_DESCRIPTOR *Captured)
{
    *Captured = NULL;
    if (Descriptor == NULL || ObUpcalls.CaptureDescriptor == NULL)
        return STATUS_SUCCESS;
    return ObUpcalls.CaptureDescriptor(Descriptor, Mode, PagedPool, TRUE, Captured);
}

VOID ObpFreeCaptured(PSECURITY_DESCRIPTOR Captured, KPROCESSOR_MODE Mode)
{
    if (Captured != NULL)
        ObUpcalls.ReleaseDescriptor(Captured, Mode, TRUE);
}

/* The object, which nobody else sees yet, gets a descriptor made of its parent's and a given one; both may be NULL. */
static NTSTATUS ObpMakeSecurity(PVOID Object, PSECURITY_DESCRIPTOR Parent, PSECURITY_DESCRIPTOR Given)
{
    POBJECT_HEADER header = ObHeader(Object);
    POBJECT_TYPE type = ObpTypeOf(header);
    SECURITY_SUBJECT_CONTEXT subject;
    PSECURITY_DESCRIPTOR made;
    NTSTATUS status;

    ObUpcalls.CaptureSubject(&subject);
    status = ObUpcalls.AssignSecurity(Parent, Given, &made, type == ObpDirectoryObjectType, &subject,
                                      &type->TypeInfo.GenericMapping, PagedPool);
    ObUpcalls.ReleaseSubject(&subject);
    if (!NT_SUCCESS(status))
        return status;
    header->SecurityDescriptor = ObpShareDescriptor(made);
    ExFreePool(made);
    return header->SecurityDescriptor != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS ObpAssignSecurity(PVOID Object, PVOID Parent)
{
    POBJECT_HEADER header = ObHeader(Object);
    POBJECT_TYPE type = ObpTypeOf(header);
    PSECURITY_DESCRIPTOR given = header->ObjectCreateInfo->SecurityDescriptor, parent;
    NTSTATUS status;

    if (ObUpcalls.AssignSecurity == NULL || header->SecurityDescriptor != NULL || type->TypeInfo.SecurityProcedure != NULL ||
        (Parent == NULL && given == NULL && !(type->TypeInfo.ObjectTypeFlags & OB_TYPE_SECURITY_REQUIRED)))
        return STATUS_SUCCESS;
    parent = Parent != NULL ? ObpReferenceDescriptor(ObHeader(Parent)) : NULL;
    status = ObpMakeSecurity(Object, parent, given);
    ObpReleaseDescriptor(parent);
    return status;
}

typedef struct OBP_SECURE {
    PSECURITY_DESCRIPTOR Descriptor;
    NTSTATUS Status;                             /* of the first failure */
} OBP_SECURE;

static VOID ObpSecureTree(PVOID Context, PVOID Object)
{
    OBP_SECURE *secure = Context;

    if (NT_SUCCESS(secure->Status) && ObHeader(Object)->SecurityDescriptor == NULL)
        secure->Status = ObpMakeSecurity(Object, NULL, secure->Descriptor);
    if (ObpTypeOf(ObHeader(Object)) == ObpDirectoryObjectType)
        ObpVisitDirectory(Object, ObpSecureTree, secure);
}

NTSTATUS ObSecureInitialNamespace(PSECURITY_DESCRIPTOR Descriptor)
{
    OBP_SECURE secure = { Descriptor, STATUS_SUCCESS };

    ObpSecureTree(&secure, ObpRootDirectoryObject);      /* two levels deep while booting */
    return secure.Status;
}

/* ---- Reading ---- */
#define OBP_QUERY_ATTEMPTS 8                     /* for a descriptor that grows while it is read */

static NTSTATUS ObpQueryMethod(POBJECT_HEADER Header, SECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length)
{
    POBJECT_TYPE type = ObpTypeOf(Header);
    return type->TypeInfo.SecurityProcedure(&Header->Body, QuerySecurityDescriptor, &What, Buffer, Length,
                                            &Header->SecurityDescriptor, PagedPool, &type->TypeInfo.GenericMapping, KernelMode);
}

/* All of what the type's method has, in pool. */
static NTSTATUS ObpReadByMethod(POBJECT_HEADER Header, PSECURITY_DESCRIPTOR *Descriptor)
{
    const SECURITY_INFORMATION all = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                                     SACL_SECURITY_INFORMATION;
    ULONG length = 0, attempt;
    PVOID buffer = NULL;
    NTSTATUS status = ObpQueryMethod(Header, all, NULL, &length);

    for (attempt = 0; status == STATUS_BUFFER_TOO_SMALL && attempt < OBP_QUERY_ATTEMPTS; attempt++) {
        if (buffer != NULL)
            ExFreePoolWithTag(buffer, OBP_TAG_SECURITY);
        buffer = ExAllocatePoolWithTag(PagedPool, length, OBP_TAG_SECURITY);
        if (buffer == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        status = ObpQueryMethod(Header, all, buffer, &length);
    }
    if (NT_SUCCESS(status))
        *Descriptor = buffer;
    else if (buffer != NULL)
        ExFreePoolWithTag(buffer, OBP_TAG_SECURITY);
    return status;
}

NTSTATUS NTAPI ObGetObjectSecurity(PVOID Object, PSECURITY_DESCRIPTOR *SecurityDescriptor, PBOOLEAN MemoryAllocated)
{
    POBJECT_HEADER header = ObHeader(Object);
    NTSTATUS status = STATUS_SUCCESS;

    *MemoryAllocated = ObpTypeOf(header)->TypeInfo.SecurityProcedure != NULL;
    if (*MemoryAllocated)
        status = ObpReadByMethod(header, SecurityDescriptor);
    else
        *SecurityDescriptor = ObpReferenceDescriptor(header);
    return status;
}

VOID NTAPI ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN MemoryAllocated)
{
    if (SecurityDescriptor == NULL)
        return;
    if (MemoryAllocated)
        ExFreePool(SecurityDescriptor);
    else
        ObpReleaseDescriptor(SecurityDescriptor);
}

/* ---- Access ---- */
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

NTSTATUS ObpCheckDirectory(PVOID Directory, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK Access)
{
    POBJECT_TYPE type = ObpDirectoryObjectType;
    PSECURITY_DESCRIPTOR descriptor;
    NTSTATUS status = STATUS_SUCCESS;
    ACCESS_MASK granted;

    if (Mode == KernelMode || State == NULL || ObUpcalls.AccessCheck == NULL)
        return STATUS_SUCCESS;
    if (Access == DIRECTORY_TRAVERSE && ObUpcalls.MayTraverse(&State->SubjectSecurityContext))
        return STATUS_SUCCESS;
    descriptor = ObpReferenceDescriptor(ObHeader(Directory));
    if (descriptor != NULL)
        ObUpcalls.AccessCheck(descriptor, &State->SubjectSecurityContext, FALSE, Access, 0, NULL, &type->TypeInfo.GenericMapping,
                              UserMode, &granted, &status);
    ObpReleaseDescriptor(descriptor);
    return status;
}

/* ---- Setting, and the services ---- */
/* One try: STATUS_RETRY when the object's descriptor was replaced meanwhile. */
static NTSTATUS ObpTrySetSecurity(POBJECT_HEADER Header, PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Change)
{
    PSECURITY_DESCRIPTOR old = ObpReferenceDescriptor(Header), made = old, shared;
    NTSTATUS status = ObUpcalls.SetDescriptor(&Header->Body, What, Change, &made, PagedPool,
                                              &ObpTypeOf(Header)->TypeInfo.GenericMapping);

    if (NT_SUCCESS(status)) {
        shared = ObpShareDescriptor(made);
        ExFreePool(made);
        if (shared == NULL)
            status = STATUS_INSUFFICIENT_RESOURCES;
        else if (!ObpExchangeDescriptor(Header, old, shared)) {
            ObpReleaseDescriptor(shared);
            status = STATUS_RETRY;
        }
    }
    ObpReleaseDescriptor(old);
    return status;
}

NTSTATUS NTAPI ObSetSecurityObjectByPointer(PVOID Object, SECURITY_INFORMATION SecurityInformation,
                                            PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));
    NTSTATUS status;

    if (type->TypeInfo.SecurityProcedure != NULL)
        return type->TypeInfo.SecurityProcedure(Object, SetSecurityDescriptor, &SecurityInformation, SecurityDescriptor, NULL,
                                                &ObHeader(Object)->SecurityDescriptor, PagedPool, &type->TypeInfo.GenericMapping,
                                                KernelMode);
    do {                                         /* every failed try is another's success */
        status = ObpTrySetSecurity(ObHeader(Object), &SecurityInformation, SecurityDescriptor);
    } while (status == STATUS_RETRY);
    return status;
}

static ACCESS_MASK ObpAccessToSet(SECURITY_INFORMATION What)
{
    return (What & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION) ? WRITE_OWNER : 0u) |
           (What & DACL_SECURITY_INFORMATION ? WRITE_DAC : 0u) | (What & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0u);
}

static ACCESS_MASK ObpAccessToQuery(SECURITY_INFORMATION What)
{
    return (What & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION) ? READ_CONTROL : 0u) |
           (What & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0u);
}

NTSTATUS NTAPI NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PSECURITY_DESCRIPTOR captured;
    PVOID object;
    NTSTATUS status;

    if (SecurityDescriptor == NULL)
        return STATUS_ACCESS_VIOLATION;
    status = ObReferenceObjectByHandle(Handle, ObpAccessToSet(SecurityInformation), NULL, mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ObpCaptureDescriptor(SecurityDescriptor, mode, &captured);
    if (NT_SUCCESS(status)) {
        status = ObSetSecurityObjectByPointer(object, SecurityInformation, captured);
        ObpFreeCaptured(captured, mode);
    }
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                     PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PSECURITY_DESCRIPTOR descriptor;
    PVOID object;
    NTSTATUS status;

    if (mode != KernelMode && ((LONG64)SecurityDescriptor >= 0 || (LONG64)LengthNeeded >= 0))
        return STATUS_NOT_IMPLEMENTED;           /* guarded copies come with user mode */
    status = ObReferenceObjectByHandle(Handle, ObpAccessToQuery(SecurityInformation), NULL, mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    if (ObpTypeOf(ObHeader(object))->TypeInfo.SecurityProcedure != NULL) {
        status = ObpQueryMethod(ObHeader(object), SecurityInformation, SecurityDescriptor, &Length);
    } else {
        descriptor = ObpReferenceDescriptor(ObHeader(object));
        status = ObUpcalls.QueryDescriptor(&SecurityInformation, SecurityDescriptor, &Length, &descriptor);
        ObpReleaseDescriptor(descriptor);
    }
    *LengthNeeded = Length;
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI ZwSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetSecurityObject(Handle, SecurityInformation, SecurityDescriptor));
}

NTSTATUS NTAPI ZwQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                     PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQuerySecurityObject(Handle, SecurityInformation, SecurityDescriptor, Length, LengthNeeded));
}
