/* SPDX-License-Identifier: MIT
 * Setting and querying the security descriptors of objects, by pointer and by handle.
 */
#include "obp.h"

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

static NTSTATUS ObpQuerySecurity(POBJECT_HEADER Header, SECURITY_INFORMATION What, PVOID Buffer, PULONG Length)
{
    PSECURITY_DESCRIPTOR descriptor;
    NTSTATUS status;

    if (ObpTypeOf(Header)->TypeInfo.SecurityProcedure != NULL)
        return ObpQueryMethod(Header, What, Buffer, Length);
    descriptor = ObpReferenceDescriptor(Header);
    status = ObUpcalls.QueryDescriptor(&What, Buffer, Length, &descriptor);
    ObpReleaseDescriptor(descriptor);
    return status;
}

NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                     PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    MM_ANSWER answer;
    ULONG needed;
    PVOID object;
    NTSTATUS status, written;

    status = ObReferenceObjectByHandle(Handle, ObpAccessToQuery(SecurityInformation), NULL, mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = MmBeginAnswer(&answer, mode, SecurityDescriptor, Length);
    if (NT_SUCCESS(status)) {
        needed = (ULONG)answer.Length;
        status = ObpQuerySecurity(ObHeader(object), SecurityInformation, answer.Buffer, &needed);
        written = MmEndAnswer(&answer, NT_SUCCESS(status) ? needed : 0);
        if (NT_SUCCESS(written))
            written = MmWriteCaller(mode, LengthNeeded, &needed, sizeof(needed));
        if (!NT_SUCCESS(written))
            status = written;
    }
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
