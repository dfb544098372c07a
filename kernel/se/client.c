/* SPDX-License-Identifier: MIT
 * Client contexts: what a server keeps of a client so that it can act for it later.
 */
#include "sep.h"

/* A context over Token, whose reference becomes the context's, or a copy of it. */
static NTSTATUS SepMakeClient(PACCESS_TOKEN Token, const SE_IMPERSONATION *From, PSECURITY_QUALITY_OF_SERVICE Qos, BOOLEAN Remote,
                              PSECURITY_CLIENT_CONTEXT Context)
{
    BOOLEAN dynamic = Qos->ContextTrackingMode == SECURITY_DYNAMIC_TRACKING && !Remote;
    TOKEN *token = &SepToken(Token)->Token;
    PACCESS_TOKEN copy = Token;
    NTSTATUS status;

    if (!dynamic) {
        status = SeDuplicateToken(Token, NULL, Qos->EffectiveOnly, TokenImpersonation, Qos->ImpersonationLevel, KernelMode, &copy);
        if (NT_SUCCESS(status))
            status = ObInsertObject(copy, NULL, 0, 0, NULL, NULL);
        if (!NT_SUCCESS(status))
            return status;
        ObfDereferenceObject(Token);
    }
    RtlZeroMemory(Context, sizeof(*Context));
    Context->SecurityQos = *Qos;
    Context->ClientToken = copy;
    Context->ServerIsRemote = Remote;
    Context->DirectlyAccessClientToken = dynamic;
    Context->DirectAccessEffectiveOnly = dynamic && (Qos->EffectiveOnly || From->EffectiveOnly);
    if (dynamic) {
        Context->ClientTokenControl.TokenId = token->TokenId;
        Context->ClientTokenControl.AuthenticationId = token->AuthenticationId;
        Context->ClientTokenControl.ModifiedId = token->ModifiedId;
        Context->ClientTokenControl.TokenSource = token->TokenSource;
    }
    return STATUS_SUCCESS;
}

/* From->Token (impersonated) or Primary, both referenced; the caller keeps what the context did not take. */
static NTSTATUS SepCreateClient(const SE_IMPERSONATION *From, PACCESS_TOKEN Primary, PSECURITY_QUALITY_OF_SERVICE Qos,
                                BOOLEAN Remote, PSECURITY_CLIENT_CONTEXT Context)
{
    if ((ULONG)Qos->ImpersonationLevel > SecurityDelegation)
        return STATUS_BAD_IMPERSONATION_LEVEL;
    if (From->Token != NULL) {
        if (From->Level < SecurityImpersonation || Qos->ImpersonationLevel > From->Level ||
            (Remote && From->Level != SecurityDelegation))
            return STATUS_BAD_IMPERSONATION_LEVEL;
        return SepMakeClient(From->Token, From, Qos, Remote, Context);
    }
    return SepMakeClient(Primary, From, Qos, Remote, Context);
}

static NTSTATUS SepClientFrom(const SE_IMPERSONATION *From, PEPROCESS Process, PSECURITY_QUALITY_OF_SERVICE Qos, BOOLEAN Remote,
                              PSECURITY_CLIENT_CONTEXT Context)
{
    PACCESS_TOKEN token = From->Token != NULL ? From->Token : SeReferenceProcessToken(Process);
    NTSTATUS status = SepCreateClient(From, token, Qos, Remote, Context);

    if (!NT_SUCCESS(status))
        ObfDereferenceObject(token);
    return status;
}

NTSTATUS NTAPI SeCreateClientSecurity(PETHREAD ClientThread, PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos, BOOLEAN RemoteSession,
                                      PSECURITY_CLIENT_CONTEXT ClientContext)
{
    SE_IMPERSONATION from;

    SeReferenceThreadToken(ClientThread, &from);
    return SepClientFrom(&from, (PEPROCESS)ClientThread->Tcb.Process, ClientSecurityQos, RemoteSession, ClientContext);
}

NTSTATUS NTAPI SeCreateClientSecurityFromSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext,
                                                        PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos, BOOLEAN ServerIsRemote,
                                                        PSECURITY_CLIENT_CONTEXT ClientContext)
{
    SE_IMPERSONATION from = { SubjectContext->ClientToken, FALSE, FALSE, SubjectContext->ImpersonationLevel };
    PACCESS_TOKEN token = SepEffectiveToken(SubjectContext);
    NTSTATUS status;

    ObfReferenceObject(token);
    status = SepCreateClient(&from, token, ClientSecurityQos, ServerIsRemote, ClientContext);
    if (!NT_SUCCESS(status))
        ObfDereferenceObject(token);
    return status;
}

NTSTATUS NTAPI SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread)
{
    PETHREAD thread = ServerThread != NULL ? ServerThread : (PETHREAD)KeCurrentThread();
    SE_IMPERSONATION to = { ClientContext->ClientToken, TRUE, FALSE, ClientContext->SecurityQos.ImpersonationLevel };

    if (to.Token == NULL)
        return STATUS_INVALID_PARAMETER;
    to.EffectiveOnly = ClientContext->DirectlyAccessClientToken ? ClientContext->DirectAccessEffectiveOnly
                                                                : ClientContext->SecurityQos.EffectiveOnly;
    to.CopyOnOpen = ClientContext->DirectlyAccessClientToken;
    to.Level = SeLimitImpersonation((PEPROCESS)thread->Tcb.Process, to.Token, to.Level);
    SeSetThreadToken(thread, &to);
    return STATUS_SUCCESS;
}

VOID NTAPI SeImpersonateClient(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread)
{
    (VOID)SeImpersonateClientEx(ClientContext, ServerThread);
}

VOID NTAPI SeDeleteClientSecurity(PSECURITY_CLIENT_CONTEXT ClientContext)
{
    if (ClientContext->ClientToken != NULL)
        ObfDereferenceObject(ClientContext->ClientToken);
    ClientContext->ClientToken = NULL;
}
