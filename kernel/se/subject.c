/* SPDX-License-Identifier: MIT
 * Whose rights a request is judged by: the tokens of processes and threads, and subject contexts, which hold on to them.
 *
 * EPROCESS.Token is set before anybody sees the process and goes with it. What a thread impersonates is guarded by its ThreadLock:
 * ClientSecurity holds token, level and "effective only" in one word, CrossThreadFlags says that there is one at all.
 */
#include "sep.h"

#define SEP_FAST_REF_BITS 0xFull
#define SEP_THREAD_IMPERSONATES 0x8              /* ETHREAD.CrossThreadFlags */
#define SEP_THREAD_COPY_TOKEN 0x100
#define SEP_EFFECTIVE_ONLY 0x4ull                /* PS_CLIENT_SECURITY_CONTEXT.ImpersonationData */
#define SEP_LEVEL_BITS 0x3ull

/* ---- Processes ---- */
static PACCESS_TOKEN SepProcessToken(PEPROCESS Process) { return (PACCESS_TOKEN)(Process->Token.Value & ~SEP_FAST_REF_BITS); }

PACCESS_TOKEN SeReferenceProcessToken(PEPROCESS Process)
{
    PACCESS_TOKEN token = SepProcessToken(Process);
    ObfReferenceObject(token);
    return token;
}

NTSTATUS SeAssignProcessToken(PEPROCESS Process, PACCESS_TOKEN From)
{
    PACCESS_TOKEN token = SeSystemToken;
    NTSTATUS status = STATUS_SUCCESS;

    if (From != NULL)
        status = SeDuplicateToken(From, NULL, FALSE, TokenPrimary, SecurityAnonymous, KernelMode, &token);
    else
        ObfReferenceObject(token);
    if (NT_SUCCESS(status) && From != NULL)
        status = ObInsertObject(token, NULL, 0, 0, NULL, NULL);
    if (!NT_SUCCESS(status))
        return status;
    SepToken(token)->Token.TokenInUse = TRUE;
    Process->Token.Value = (ULONG64)token;
    return STATUS_SUCCESS;
}

VOID SeReleaseProcessToken(PEPROCESS Process)
{
    PACCESS_TOKEN token = SepProcessToken(Process);

    Process->Token.Value = 0;
    if (token != NULL)
        ObfDereferenceObject(token);
}

/* ---- Threads ---- */
VOID SeReferenceThreadToken(PETHREAD Thread, SE_IMPERSONATION *Impersonation)
{
    ULONG64 data;

    RtlZeroMemory(Impersonation, sizeof(*Impersonation));
    if (!(Thread->CrossThreadFlags & SEP_THREAD_IMPERSONATES))
        return;
    ExLockShared(&Thread->ThreadLock);
    if (Thread->CrossThreadFlags & SEP_THREAD_IMPERSONATES) {
        data = Thread->ClientSecurity.ImpersonationData;
        Impersonation->Token = (PACCESS_TOKEN)(data & ~(SEP_LEVEL_BITS | SEP_EFFECTIVE_ONLY));
        Impersonation->Level = (SECURITY_IMPERSONATION_LEVEL)(data & SEP_LEVEL_BITS);
        Impersonation->EffectiveOnly = (data & SEP_EFFECTIVE_ONLY) != 0;
        Impersonation->CopyOnOpen = (Thread->CrossThreadFlags & SEP_THREAD_COPY_TOKEN) != 0;
        ObfReferenceObject(Impersonation->Token);
    }
    ExUnlockShared(&Thread->ThreadLock);
}

VOID SeSetThreadToken(PETHREAD Thread, const SE_IMPERSONATION *Impersonation)
{
    LONG volatile *flags = (LONG volatile *)&Thread->CrossThreadFlags;
    PACCESS_TOKEN old = NULL;

    if (Impersonation->Token != NULL)
        ObfReferenceObject(Impersonation->Token);
    ExLockExclusive(&Thread->ThreadLock);
    if (*flags & SEP_THREAD_IMPERSONATES)
        old = (PACCESS_TOKEN)(Thread->ClientSecurity.ImpersonationData & ~(SEP_LEVEL_BITS | SEP_EFFECTIVE_ONLY));
    InterlockedAnd(flags, ~(SEP_THREAD_IMPERSONATES | SEP_THREAD_COPY_TOKEN));
    Thread->ClientSecurity.ImpersonationData = 0;
    if (Impersonation->Token != NULL) {
        Thread->ClientSecurity.ImpersonationData = (ULONG64)Impersonation->Token | (ULONG64)Impersonation->Level |
                                                   (Impersonation->EffectiveOnly ? SEP_EFFECTIVE_ONLY : 0);
        InterlockedOr(flags, SEP_THREAD_IMPERSONATES | (Impersonation->CopyOnOpen ? SEP_THREAD_COPY_TOKEN : 0));
    }
    ExUnlockExclusive(&Thread->ThreadLock);
    if (old != NULL)
        ObfDereferenceObject(old);
}

SECURITY_IMPERSONATION_LEVEL SeLimitImpersonation(PEPROCESS Process, PACCESS_TOKEN Token, SECURITY_IMPERSONATION_LEVEL Level)
{
    TOKEN *client = &SepToken(Token)->Token, *own = &SepToken(SepProcessToken(Process))->Token;

    if (Level < SecurityImpersonation || SepTokenHasPrivilege(own, SE_IMPERSONATE_PRIVILEGE))
        return Level;
    if (RtlEqualLuid(&client->OriginatingLogonSession, &own->AuthenticationId))        /* it logged the client on */
        return Level;
    if (RtlEqualSid(client->UserAndGroups[0].Sid, own->UserAndGroups[0].Sid) && client->RestrictedSidCount >= own->RestrictedSidCount)
        return Level;
    return SecurityIdentification;
}

/* ---- Subject contexts ---- */
VOID NTAPI SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    SE_IMPERSONATION impersonation = { NULL, FALSE, FALSE, SecurityAnonymous };

    if (Thread != NULL)
        SeReferenceThreadToken(Thread, &impersonation);
    SubjectContext->ClientToken = impersonation.Token;
    SubjectContext->ImpersonationLevel = impersonation.Level;
    SubjectContext->PrimaryToken = SeReferenceProcessToken(Process);
    SubjectContext->ProcessAuditId = Process->UniqueProcessId;
}

VOID NTAPI SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    PKTHREAD thread = KeCurrentThread();
    SeCaptureSubjectContextEx((PETHREAD)thread, (PEPROCESS)thread->Process, SubjectContext);
}

VOID NTAPI SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    if (SubjectContext->ClientToken != NULL)
        ObfDereferenceObject(SubjectContext->ClientToken);
    if (SubjectContext->PrimaryToken != NULL)
        ObfDereferenceObject(SubjectContext->PrimaryToken);
    SubjectContext->ClientToken = NULL;
    SubjectContext->PrimaryToken = NULL;
}

/* Both tokens for reading: nobody changes them while a decision is made. */
VOID NTAPI SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    ExLockShared(&SepToken(SubjectContext->PrimaryToken)->Lock);
    if (SubjectContext->ClientToken != NULL)
        ExLockShared(&SepToken(SubjectContext->ClientToken)->Lock);
}

VOID NTAPI SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    if (SubjectContext->ClientToken != NULL)
        ExUnlockShared(&SepToken(SubjectContext->ClientToken)->Lock);
    ExUnlockShared(&SepToken(SubjectContext->PrimaryToken)->Lock);
}

/* ---- Access states: ob's, under the names that drivers use ---- */
NTSTATUS NTAPI SeCreateAccessState(PACCESS_STATE AccessState, PVOID AuxData, ACCESS_MASK DesiredAccess, PGENERIC_MAPPING Mapping)
{
    ObCreateAccessState(AccessState, AuxData, DesiredAccess, Mapping);
    return STATUS_SUCCESS;
}

VOID NTAPI SeDeleteAccessState(PACCESS_STATE AccessState) { ObDeleteAccessState(AccessState); }
