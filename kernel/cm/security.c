/* SPDX-License-Identifier: MIT
 * Security descriptors of keys: kept in the hive, where keys with equal ones share a cell. What the file has is checked each time it
 * is looked at; a broken one counts as none.
 */
#include "cmp.h"
#include "se.h"

typedef struct CMP_SECURITY {
    PCM_KEY_BODY Body;
    PSECURITY_INFORMATION What;
    PSECURITY_DESCRIPTOR Descriptor;             /* set: the change; query: the caller's buffer */
    PULONG Length;
    PGENERIC_MAPPING Mapping;
} CMP_SECURITY;

/* The key's descriptor in pool, NULL for none. The registry lock is held. */
static NTSTATUS CmpCopyDescriptorLocked(PCMP_KCB Kcb, PSECURITY_DESCRIPTOR *Copy)
{
    const VOID *descriptor;
    uint32_t length = 0;

    *Copy = NULL;
    if (Kcb->Discarded)
        return STATUS_KEY_DELETED;
    descriptor = RegfDescriptor(CmpHiveOf(Kcb), Kcb->KeyCell, &length);
    if (descriptor == NULL || length > 0x10000)
        return STATUS_SUCCESS;
    *Copy = ExAllocatePoolWithTag(PagedPool, length, CMP_TAG);
    if (*Copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(*Copy, descriptor, length);
    if (!RtlValidRelativeSecurityDescriptor(*Copy, length, 0)) {
        ExFreePoolWithTag(*Copy, CMP_TAG);
        *Copy = NULL;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS CmpPerformQuerySecurity(PVOID Arguments)
{
    CMP_SECURITY *security = Arguments;
    PSECURITY_DESCRIPTOR copy;
    NTSTATUS status;

    ExLockShared(&CmpRegistryLock);
    status = CmpCopyDescriptorLocked(security->Body->KeyControlBlock, &copy);
    ExUnlockShared(&CmpRegistryLock);
    if (!NT_SUCCESS(status))
        return status;
    status = SeQuerySecurityDescriptorInfo(security->What, security->Descriptor, security->Length, &copy);
    if (copy != NULL)
        ExFreePoolWithTag(copy, CMP_TAG);
    return status;
}

/* The key's descriptor, or the one it would have been made with. */
static NTSTATUS CmpDescriptorToChangeLocked(PCMP_KCB Kcb, PGENERIC_MAPPING Mapping, PSECURITY_DESCRIPTOR *Descriptor)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NTSTATUS status = CmpCopyDescriptorLocked(Kcb, Descriptor);

    if (!NT_SUCCESS(status) || *Descriptor != NULL)
        return status;
    SeCaptureSubjectContext(&subject);
    status = SeAssignSecurity(NULL, NULL, Descriptor, TRUE, &subject, Mapping, PagedPool);
    SeReleaseSubjectContext(&subject);
    return status;
}

static NTSTATUS CmpSetSecurityLocked(PCMP_KCB Kcb, const CMP_SECURITY *Security)
{
    PSECURITY_DESCRIPTOR old, made;
    NTSTATUS status = CmpDescriptorToChangeLocked(Kcb, Security->Mapping, &old);

    if (!NT_SUCCESS(status))
        return status;
    made = old;
    status = SeSetSecurityDescriptorInfo(NULL, Security->What, Security->Descriptor, &made, PagedPool, Security->Mapping);
    if (NT_SUCCESS(status)) {
        status = CmpStatus(RegfSetSecurity(CmpHiveOf(Kcb), Kcb->KeyCell, made, RtlLengthSecurityDescriptor(made)));
        ExFreePool(made);
    }
    ExFreePool(old);
    return status;
}

static NTSTATUS CmpPerformSetSecurity(PVOID Arguments)
{
    CMP_SECURITY *security = Arguments;
    NTSTATUS status;

    ExLockExclusive(&CmpRegistryLock);
    status = CmpSetSecurityLocked(security->Body->KeyControlBlock, security);
    CmpNoteChangeLocked(security->Body->KeyControlBlock->KeyHive);
    ExUnlockExclusive(&CmpRegistryLock);
    if (NT_SUCCESS(status))
        CmpPostChange(security->Body->KeyControlBlock, REG_NOTIFY_CHANGE_SECURITY);
    return status;
}

static NTSTATUS CmpQuerySecurity(CMP_SECURITY *Security)
{
    REG_QUERY_KEY_SECURITY_INFORMATION information = { Security->Body, Security->What, Security->Descriptor, Security->Length };
    CMP_OPERATION operation = { RegNtPreQueryKeySecurity, RegNtPostQueryKeySecurity, Security->Body, &information,
                                &information.CallContext, &information.ObjectContext, NULL, CmpPerformQuerySecurity, Security };
    return CmpFilter(&operation);
}

static NTSTATUS CmpSetSecurity(CMP_SECURITY *Security)
{
    REG_SET_KEY_SECURITY_INFORMATION information = { Security->Body, Security->What, Security->Descriptor };
    CMP_OPERATION operation = { RegNtPreSetKeySecurity, RegNtPostSetKeySecurity, Security->Body, &information,
                                &information.CallContext, &information.ObjectContext, NULL, CmpPerformSetSecurity, Security };
    return CmpFilter(&operation);
}

NTSTATUS CmpSecurityMethod(PVOID Object, ULONG OperationCode, PSECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor,
                           PULONG Length, PSECURITY_DESCRIPTOR *ObjectDescriptor, POOL_TYPE PoolType, PGENERIC_MAPPING Mapping,
                           KPROCESSOR_MODE Mode)
{
    CMP_SECURITY security = { Object, Information, Descriptor, Length, Mapping };

    switch (OperationCode) {
    case SetSecurityDescriptor: return CmpSetSecurity(&security);
    case QuerySecurityDescriptor: return CmpQuerySecurity(&security);
    default: return STATUS_INVALID_PARAMETER;
    }
}
