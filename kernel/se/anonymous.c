/* SPDX-License-Identifier: MIT
 * Acting for nobody in particular: a token of the anonymous user, without groups and privileges, untrusted.
 */
#include "sep.h"

#define SEP_THREAD_IMPERSONATE 0x0100u
#define SEP_ANONYMOUS_LUID 0x3E6u                /* ANONYMOUS_LOGON_LUID */

static NTSTATUS SepMakeAnonymousToken(PACCESS_TOKEN *Token)
{
    SID_AND_ATTRIBUTES sids[] = {
        { SeExports->SeAnonymousLogonSid, 0 },
        { SeExports->SeUntrustedMandatorySid, SEP_GROUP_INTEGRITY | SEP_GROUP_INTEGRITY_ENABLED },
    };
    SEP_TOKEN_TEMPLATE template = {
        .Type = TokenImpersonation, .Level = SecurityImpersonation, .AuthenticationId = { SEP_ANONYMOUS_LUID, 0 },
        .Source = { .SourceName = { 'A', 'n', 'o', 'n', 'y', 'm', 'o', 'u' } },
        .ExpirationTime.QuadPart = MAXLONGLONG, .Sids = sids, .SidCount = RTL_NUMBER_OF(sids), .OwnerIndex = 0, .PrimaryGroupIndex = 0,
        .IntegrityIndex = 1, .DefaultDacl = SePublicDefaultDacl, .MandatoryPolicy = TOKEN_MANDATORY_POLICY_NO_WRITE_UP,
    };
    PACCESS_TOKEN token;
    NTSTATUS status = SepCreateToken(&template, NULL, KernelMode, &token);

    if (NT_SUCCESS(status))
        status = ObInsertObject(token, NULL, 0, 0, NULL, NULL);
    if (NT_SUCCESS(status))
        *Token = token;
    return status;
}

NTSTATUS NTAPI NtImpersonateAnonymousToken(HANDLE ThreadHandle)
{
    SE_IMPERSONATION nobody = { .Level = SecurityImpersonation };
    PVOID thread;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle, SEP_THREAD_IMPERSONATE, ObpThreadType, ObPreviousMode(), &thread, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = SepMakeAnonymousToken(&nobody.Token);
    if (NT_SUCCESS(status)) {
        SeSetThreadToken(thread, &nobody);
        ObfDereferenceObject(nobody.Token);
    }
    ObfDereferenceObject(thread);
    return status;
}
