/* SPDX-License-Identifier: MIT
 * Access and privilege checks for programs that guard objects of their own: a client's token against their descriptor.
 */
#include "sep.h"
#include "mm.h"

/* A client's token, to be asked and not acted for: that it can be identified is enough. */
static NTSTATUS SepReferenceClient(HANDLE Handle, PSECURITY_SUBJECT_CONTEXT Subject)
{
    PVOID token;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, TOKEN_QUERY, SepTokenObjectType, ObPreviousMode(), &token, NULL);

    if (!NT_SUCCESS(status))
        return status;
    if (SeTokenType(token) != TokenImpersonation || SeTokenImpersonationLevel(token) < SecurityIdentification) {
        status = SeTokenType(token) != TokenImpersonation ? STATUS_NO_IMPERSONATION_TOKEN : STATUS_BAD_IMPERSONATION_LEVEL;
        ObfDereferenceObject(token);
        return status;
    }
    RtlZeroMemory(Subject, sizeof(*Subject));
    Subject->ClientToken = token;
    Subject->ImpersonationLevel = SecurityImpersonation;
    Subject->PrimaryToken = SeReferenceProcessToken(IoGetCurrentProcess());
    return STATUS_SUCCESS;
}

static VOID SepReleaseClient(PSECURITY_SUBJECT_CONTEXT Subject)
{
    ObfDereferenceObject(Subject->ClientToken);
    ObfDereferenceObject(Subject->PrimaryToken);
}

/* ---- NtAccessCheck ---- */
typedef struct SEP_QUESTION {
    PSECURITY_DESCRIPTOR Descriptor;             /* captured */
    GENERIC_MAPPING Mapping;
    ACCESS_MASK Desired;
    PPRIVILEGE_SET Used;                         /* out: pool, or NULL */
    ACCESS_MASK Granted;                         /* out */
    NTSTATUS Status;                             /* out */
} SEP_QUESTION;

/* An owner and a group belong to a descriptor that somebody is judged by. */
static NTSTATUS SepCaptureQuestion(PSECURITY_DESCRIPTOR Descriptor, PGENERIC_MAPPING Mapping, SEP_QUESTION *Question)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status;

    if (Question->Desired & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL))
        return STATUS_GENERIC_NOT_MAPPED;
    status = MmReadCaller(mode, &Question->Mapping, Mapping, sizeof(Question->Mapping));
    if (NT_SUCCESS(status))
        status = SeCaptureSecurityDescriptor(Descriptor, mode, PagedPool, TRUE, &Question->Descriptor);
    if (!NT_SUCCESS(status))
        return status;
    if (Question->Descriptor == NULL)
        return STATUS_INVALID_SECURITY_DESCR;
    RtlGetDescriptorParts(Question->Descriptor, &parts);
    if (parts.Owner != NULL && parts.Group != NULL)
        return STATUS_SUCCESS;
    SeReleaseSecurityDescriptor(Question->Descriptor, mode, TRUE);
    return STATUS_INVALID_SECURITY_DESCR;
}

static VOID SepJudge(SEP_QUESTION *Question, PSECURITY_SUBJECT_CONTEXT Subject)
{
    SeAccessCheck(Question->Descriptor, Subject, FALSE, Question->Desired, 0, &Question->Used, &Question->Mapping, UserMode,
                  &Question->Granted, &Question->Status);
}

/* The privileges that it took; an empty set has room for one all the same. */
static NTSTATUS SepTellUsed(const PRIVILEGE_SET *Used, PPRIVILEGE_SET To, PULONG Length)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PRIVILEGE_SET none = { 0 };
    ULONG count = Used != NULL ? Used->PrivilegeCount : 0, room;
    ULONG needed = (ULONG)FIELD_OFFSET(PRIVILEGE_SET, Privilege) + max(count, 1) * (ULONG)sizeof(LUID_AND_ATTRIBUTES);
    NTSTATUS status = MmReadCaller(mode, &room, Length, sizeof(room));

    if (!NT_SUCCESS(status))
        return status;
    if (room < needed) {
        status = MmWriteCaller(mode, Length, &needed, sizeof(needed));
        return NT_SUCCESS(status) ? STATUS_BUFFER_TOO_SMALL : status;
    }
    return MmWriteCaller(mode, To, count != 0 ? Used : &none, needed);
}

NTSTATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, HANDLE ClientToken, ACCESS_MASK DesiredAccess,
                             PGENERIC_MAPPING GenericMapping, PPRIVILEGE_SET PrivilegeSet, PULONG PrivilegeSetLength,
                             PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    SEP_QUESTION question = { .Desired = DesiredAccess };
    SECURITY_SUBJECT_CONTEXT subject;
    NTSTATUS status = SepCaptureQuestion(SecurityDescriptor, GenericMapping, &question);

    if (!NT_SUCCESS(status))
        return status;
    status = SepReferenceClient(ClientToken, &subject);
    if (NT_SUCCESS(status)) {
        SepJudge(&question, &subject);
        SepReleaseClient(&subject);
        status = SepTellUsed(question.Used, PrivilegeSet, PrivilegeSetLength);
    }
    if (question.Used != NULL)
        SeFreePrivileges(question.Used);
    SeReleaseSecurityDescriptor(question.Descriptor, mode, TRUE);
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, GrantedAccess, &question.Granted, sizeof(question.Granted));
    return NT_SUCCESS(status) ? MmWriteCaller(mode, AccessStatus, &question.Status, sizeof(question.Status)) : status;
}

/* ---- NtPrivilegeCheck ---- */
/* The set as it comes back says which of them the client holds. */
static NTSTATUS SepCheckSet(HANDLE ClientToken, PPRIVILEGE_SET Set, PBOOLEAN Held)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NTSTATUS status = SepReferenceClient(ClientToken, &subject);

    if (!NT_SUCCESS(status))
        return status;
    *Held = SePrivilegeCheck(Set, &subject, UserMode);
    SepReleaseClient(&subject);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtPrivilegeCheck(HANDLE ClientToken, PPRIVILEGE_SET RequiredPrivileges, PBOOLEAN Result)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    BOOLEAN held = FALSE;
    ULONG count, bytes;
    PPRIVILEGE_SET set;
    PVOID copy;
    NTSTATUS status = MmReadCaller(mode, &count, &RequiredPrivileges->PrivilegeCount, sizeof(count));

    if (!NT_SUCCESS(status))
        return status;
    if (count > SEP_MOST_ENTRIES)
        return STATUS_INVALID_PARAMETER;
    bytes = (ULONG)FIELD_OFFSET(PRIVILEGE_SET, Privilege) + count * (ULONG)sizeof(LUID_AND_ATTRIBUTES);
    status = MmReadCallerBlock(mode, RequiredPrivileges, bytes, &copy);
    if (!NT_SUCCESS(status))
        return status;
    set = copy;
    set->PrivilegeCount = count;
    status = SepCheckSet(ClientToken, set, &held);
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, RequiredPrivileges, set, bytes);
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Result, &held, sizeof(held));
    MmFreeCallerBlock(copy);
    return status;
}
