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

PSECURITY_DESCRIPTOR ObpShareDescriptor(PSECURITY_DESCRIPTOR Descriptor)
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

BOOLEAN ObpExchangeDescriptor(POBJECT_HEADER Header, PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New)
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
    PSECURITY_DESCRIPTOR given = header->ObjectCreateInfo != NULL ? header->ObjectCreateInfo->SecurityDescriptor : NULL, parent;
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

NTSTATUS ObpQueryMethod(POBJECT_HEADER Header, SECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length)
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
