/* SPDX-License-Identifier: MIT
 * Tokens of processes and threads under ps's names. What they are and what guards them: kernel/se/subject.c.
 */
#include "psp.h"
#include "se.h"

#undef PsDereferenceImpersonationToken
VOID NTAPI PsDereferenceImpersonationToken(PACCESS_TOKEN ImpersonationToken);

/* ---- Referencing ---- */
PACCESS_TOKEN NTAPI PsReferencePrimaryToken(PEPROCESS Process) { return SeReferenceProcessToken(Process); }
VOID NTAPI PsDereferencePrimaryToken(PACCESS_TOKEN PrimaryToken) { ObfDereferenceObject(PrimaryToken); }

VOID NTAPI PsDereferenceImpersonationToken(PACCESS_TOKEN ImpersonationToken)
{
    if (ImpersonationToken != NULL)
        ObfDereferenceObject(ImpersonationToken);
}

PACCESS_TOKEN NTAPI PsReferenceImpersonationToken(PETHREAD Thread, PBOOLEAN CopyOnOpen, PBOOLEAN EffectiveOnly,
                                                  PSECURITY_IMPERSONATION_LEVEL ImpersonationLevel)
{
    SE_IMPERSONATION impersonation;

    SeReferenceThreadToken(Thread, &impersonation);
    if (impersonation.Token == NULL)
        return NULL;
    *CopyOnOpen = impersonation.CopyOnOpen;
    *EffectiveOnly = impersonation.EffectiveOnly;
    *ImpersonationLevel = impersonation.Level;
    return impersonation.Token;
}

BOOLEAN NTAPI PsIsThreadImpersonating(PETHREAD Thread) { return Thread->CrossThreadFlags & PSP_THREAD_IMPERSONATES ? TRUE : FALSE; }

/* ---- Impersonating ---- */
NTSTATUS NTAPI PsImpersonateClient(PETHREAD Thread, PACCESS_TOKEN Token, BOOLEAN CopyOnOpen, BOOLEAN EffectiveOnly,
                                   SECURITY_IMPERSONATION_LEVEL ImpersonationLevel)
{
    SE_IMPERSONATION to = { Token, CopyOnOpen, EffectiveOnly, ImpersonationLevel };

    if ((ULONG)ImpersonationLevel > SecurityDelegation)
        return STATUS_INVALID_PARAMETER;
    if (Token != NULL)
        to.Level = SeLimitImpersonation((PEPROCESS)Thread->Tcb.Process, Token, ImpersonationLevel);
    SeSetThreadToken(Thread, &to);
    return STATUS_SUCCESS;
}

VOID NTAPI PsRevertToSelf(VOID)
{
    static const SE_IMPERSONATION nobody;
    SeSetThreadToken(PsCurrentThread(), &nobody);
}

NTSTATUS NTAPI PsAssignImpersonationToken(PETHREAD Thread, HANDLE Token)
{
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    PVOID token = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    if (Token != NULL)
        status = ObReferenceObjectByHandle(Token, TOKEN_IMPERSONATE, SepTokenObjectType, ObPreviousMode(), &token, NULL);
    if (!NT_SUCCESS(status))
        return status;
    if (token != NULL && SeTokenType(token) != TokenImpersonation) {
        ObfDereferenceObject(token);
        return STATUS_BAD_TOKEN_TYPE;
    }
    if (token != NULL)
        level = SeTokenImpersonationLevel(token);
    status = PsImpersonateClient(Thread, token, FALSE, FALSE, level);
    PsDereferenceImpersonationToken(token);
    return status;
}

BOOLEAN NTAPI PsDisableImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE ImpersonationState)
{
    static const SE_IMPERSONATION nobody;
    SE_IMPERSONATION now;

    SeReferenceThreadToken(Thread, &now);
    ImpersonationState->Token = now.Token;       /* with the reference, until PsRestoreImpersonation */
    ImpersonationState->CopyOnOpen = now.CopyOnOpen;
    ImpersonationState->EffectiveOnly = now.EffectiveOnly;
    ImpersonationState->Level = now.Level;
    SeSetThreadToken(Thread, &nobody);
    return now.Token != NULL;
}

VOID NTAPI PsRestoreImpersonation(PETHREAD Thread, PSE_IMPERSONATION_STATE ImpersonationState)
{
    SE_IMPERSONATION to = { ImpersonationState->Token, ImpersonationState->CopyOnOpen, ImpersonationState->EffectiveOnly,
                            ImpersonationState->Level };

    SeSetThreadToken(Thread, &to);
    PsDereferenceImpersonationToken(to.Token);
}

static NTSTATUS PspImpersonateThread(PETHREAD Server, HANDLE ClientHandle, PSECURITY_QUALITY_OF_SERVICE Qos)
{
    SECURITY_CLIENT_CONTEXT context;
    PVOID client;
    NTSTATUS status = ObReferenceObjectByHandle(ClientHandle, PSP_THREAD_DIRECT_IMPERSONATION, PspThreadType, ObPreviousMode(), &client,
                                                NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = SeCreateClientSecurity(client, Qos, FALSE, &context);
    ObfDereferenceObject(client);
    if (!NT_SUCCESS(status))
        return status;
    status = SeImpersonateClientEx(&context, Server);
    SeDeleteClientSecurity(&context);
    return status;
}

NTSTATUS NTAPI NtImpersonateThread(HANDLE ServerThreadHandle, HANDLE ClientThreadHandle, PSECURITY_QUALITY_OF_SERVICE SecurityQos)
{
    SECURITY_QUALITY_OF_SERVICE qos;
    PVOID server;
    NTSTATUS status = MmReadCaller(ObPreviousMode(), &qos, SecurityQos, sizeof(qos));

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(ServerThreadHandle, PSP_THREAD_IMPERSONATE, PspThreadType, ObPreviousMode(), &server, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = PspImpersonateThread(server, ClientThreadHandle, &qos);
    ObfDereferenceObject(server);
    return status;
}

/* ---- Opening ---- */
/* The process or thread whose token is wanted. */
static NTSTATUS PspReferenceOwner(HANDLE Handle, ACCESS_MASK Access, POBJECT_TYPE Type, PVOID *Owner)
{
    return ObReferenceObjectByHandle(Handle, Access, Type, ObPreviousMode(), Owner, NULL);
}

/* A user's handle is a user's. */
static ULONG PspHandleAttributes(ULONG Attributes)
{
    return ObPreviousMode() == KernelMode ? Attributes : Attributes & ~(ULONG)OBJ_KERNEL_HANDLE;
}

NTSTATUS NTAPI NtOpenProcessTokenEx(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, PHANDLE TokenHandle)
{
    HANDLE handle = NULL;
    PACCESS_TOKEN token;
    PVOID process;
    NTSTATUS status = PspReferenceOwner(ProcessHandle, PROCESS_QUERY_LIMITED_INFORMATION, PspProcessType, &process);

    if (!NT_SUCCESS(status))
        return status;
    token = SeReferenceProcessToken(process);
    ObfDereferenceObject(process);
    status = ObOpenObjectByPointer(token, PspHandleAttributes(HandleAttributes), NULL, DesiredAccess, SepTokenObjectType,
                                   ObPreviousMode(), &handle);
    ObfDereferenceObject(token);
    return ObReturnHandle(status, TokenHandle, handle);
}

/* A token that is not to be opened itself is opened as a copy. */
static NTSTATUS PspOpenImpersonation(const SE_IMPERSONATION *From, ACCESS_MASK DesiredAccess, ULONG Attributes,
                                     KPROCESSOR_MODE Mode, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    PACCESS_TOKEN copy;
    NTSTATUS status;

    if (From->Level == SecurityAnonymous)
        return STATUS_CANT_OPEN_ANONYMOUS;
    if (!From->CopyOnOpen)
        return ObOpenObjectByPointer(From->Token, Attributes, NULL, DesiredAccess, SepTokenObjectType, Mode, Handle);
    InitializeObjectAttributes(&attributes, NULL, Attributes, NULL, NULL);
    status = SeDuplicateToken(From->Token, &attributes, From->EffectiveOnly, TokenImpersonation, From->Level, KernelMode, &copy);
    return NT_SUCCESS(status) ? ObInsertObject(copy, NULL, DesiredAccess, 0, NULL, Handle) : status;
}

/* OpenAsSelf: the access check is made with the process's token, not with the one being impersonated. */
NTSTATUS NTAPI NtOpenThreadTokenEx(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, ULONG HandleAttributes,
                                   PHANDLE TokenHandle)
{
    SE_IMPERSONATION_STATE own;
    SE_IMPERSONATION from;
    HANDLE handle = NULL;
    PVOID thread;
    NTSTATUS status = PspReferenceOwner(ThreadHandle, PSP_THREAD_QUERY, PspThreadType, &thread);

    if (!NT_SUCCESS(status))
        return status;
    SeReferenceThreadToken(thread, &from);
    ObfDereferenceObject(thread);
    if (from.Token == NULL)
        return STATUS_NO_TOKEN;
    if (OpenAsSelf)
        PsDisableImpersonation(PsCurrentThread(), &own);
    status = PspOpenImpersonation(&from, DesiredAccess, PspHandleAttributes(HandleAttributes), ObPreviousMode(), &handle);
    if (OpenAsSelf)
        PsRestoreImpersonation(PsCurrentThread(), &own);
    ObfDereferenceObject(from.Token);
    return ObReturnHandle(status, TokenHandle, handle);
}

NTSTATUS NTAPI NtOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle)
{
    return NtOpenProcessTokenEx(ProcessHandle, DesiredAccess, 0, TokenHandle);
}

NTSTATUS NTAPI NtOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, PHANDLE TokenHandle)
{
    return NtOpenThreadTokenEx(ThreadHandle, DesiredAccess, OpenAsSelf, 0, TokenHandle);
}

NTSTATUS NTAPI ZwOpenProcessTokenEx(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, PHANDLE TokenHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenProcessTokenEx(ProcessHandle, DesiredAccess, HandleAttributes, TokenHandle));
}

NTSTATUS NTAPI ZwOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle)
{
    return ZwOpenProcessTokenEx(ProcessHandle, DesiredAccess, 0, TokenHandle);
}

NTSTATUS NTAPI ZwOpenThreadTokenEx(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, ULONG HandleAttributes,
                                   PHANDLE TokenHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenThreadTokenEx(ThreadHandle, DesiredAccess, OpenAsSelf, HandleAttributes, TokenHandle));
}

NTSTATUS NTAPI ZwOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, PHANDLE TokenHandle)
{
    return ZwOpenThreadTokenEx(ThreadHandle, DesiredAccess, OpenAsSelf, 0, TokenHandle);
}
