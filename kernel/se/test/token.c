/* SPDX-License-Identifier: MIT
 * Tokens: the system's, copies, filtered copies, what they say, and changing their privileges.
 */
#include "../sep.h"
#include "test.h"

#define THREAD_IMPERSONATES 0x8u                 /* ETHREAD.CrossThreadFlags */

static PACCESS_TOKEN Copy(TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level, BOOLEAN EffectiveOnly)
{
    PACCESS_TOKEN copy = NULL;

    CHECK(SeDuplicateToken(SeSystemToken, NULL, EffectiveOnly, Type, Level, KernelMode, &copy) == STATUS_SUCCESS);
    CHECK(ObInsertObject(copy, NULL, 0, 0, NULL, NULL) == STATUS_SUCCESS);
    return copy;
}

static HANDLE Open(PACCESS_TOKEN Token, ACCESS_MASK Access)
{
    HANDLE handle = NULL;
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(Token, OBJ_KERNEL_HANDLE, NULL, Access, SepTokenObjectType, KernelMode, &handle)));
    return handle;
}

static VOID Exports(VOID)
{
    CHECK(SeExports->SeDebugPrivilege.LowPart == 20 && SeExports->SeCreateSymbolicLinkPrivilege.LowPart == 35);
    CHECK(RtlValidSid(SeExports->SeAliasAdminsSid) && RtlLengthSid(SeExports->SeAliasAdminsSid) == 16);
    CHECK(*RtlSubAuthoritySid(SeExports->SeAliasAdminsSid, 1) == 544 && *RtlSubAuthoritySid(SeExports->SeLocalSystemSid, 0) == 18);
    CHECK(RtlIdentifierAuthoritySid(SeExports->SeWorldSid)->Value[5] == 1);
    CHECK(*RtlSubAuthoritySid(SeExports->SeHighMandatorySid, 0) == 0x3000 && RtlValidSid(SeExports->SeOwnerRightsSid));
    CHECK(RtlValidAcl(SePublicDefaultDacl) && SePublicDefaultDacl->AceCount == 3);
    CHECK(RtlValidAcl(SeSystemDefaultDacl) && SeSystemDefaultDacl->AceCount == 2);
}

static VOID System(VOID)
{
    LUID id = { 0, 1 };
    ULONG session = 7;

    CHECK((PsInitialSystemProcess->Token.Value & ~0xFull) == (ULONG64)SeSystemToken);
    CHECK(ObGetObjectType(SeSystemToken) == SepTokenObjectType && SeTokenType(SeSystemToken) == TokenPrimary);
    CHECK(SeQueryAuthenticationIdToken(SeSystemToken, &id) == STATUS_SUCCESS && id.LowPart == 0x3E7 && id.HighPart == 0);
    CHECK(SeQuerySessionIdToken(SeSystemToken, &session) == STATUS_SUCCESS && session == 0);
    CHECK(SeTokenIsAdmin(SeSystemToken) && !SeTokenIsRestricted(SeSystemToken));
    CHECK(SepTokenHasPrivilege(SeSystemToken, SE_TCB_PRIVILEGE) && !SepTokenHasPrivilege(SeSystemToken, SE_BACKUP_PRIVILEGE));
    CHECK(SepTokenIntegrity(SeSystemToken) == 0x4000);
}

static VOID Duplicate(VOID)
{
    PACCESS_TOKEN copy = Copy(TokenImpersonation, SecurityIdentification, FALSE), other;
    OBJECT_ATTRIBUTES attributes;
    SECURITY_QUALITY_OF_SERVICE qos = { sizeof(qos), SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE };
    HANDLE handle, made = NULL;

    CHECK(SeTokenType(copy) == TokenImpersonation && SeTokenImpersonationLevel(copy) == SecurityIdentification);
    CHECK(!RtlEqualLuid(&SepToken(copy)->Token.TokenId, &SepToken(SeSystemToken)->Token.TokenId));
    CHECK(SepToken(copy)->Token.UserAndGroups != SepToken(SeSystemToken)->Token.UserAndGroups && SeTokenIsAdmin(copy));
    CHECK(SeDuplicateToken(copy, NULL, FALSE, TokenPrimary, 0, KernelMode, &other) == STATUS_BAD_IMPERSONATION_LEVEL);
    handle = Open(copy, TOKEN_ALL_ACCESS);
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwDuplicateToken(handle, 0, &attributes, FALSE, TokenImpersonation, &made) == STATUS_SUCCESS);
    CHECK(ZwClose(made) == STATUS_SUCCESS);
    attributes.SecurityQualityOfService = &qos;
    CHECK(ZwDuplicateToken(handle, 0, &attributes, FALSE, TokenImpersonation, &made) == STATUS_BAD_IMPERSONATION_LEVEL);
    CHECK(ZwDuplicateToken(handle, 0, NULL, FALSE, (TOKEN_TYPE)3, &made) == STATUS_INVALID_PARAMETER);
    CHECK(ZwDuplicateToken((HANDLE)0x7FFF0, 0, NULL, FALSE, TokenPrimary, &made) == STATUS_INVALID_HANDLE);
    ZwClose(handle);
    ObfDereferenceObject(copy);
    copy = Copy(TokenPrimary, SecurityAnonymous, TRUE);
    CHECK(SepToken(copy)->Token.Privileges.Present == SepToken(SeSystemToken)->Token.Privileges.Enabled);
    ObfDereferenceObject(copy);
}

static VOID Filter(VOID)
{
    struct { TOKEN_GROUPS Groups; SID_AND_ATTRIBUTES More; } disable = { { 1, { { SepAdministratorsSid, 0 } } } },
                                                              restricting = { { 1, { { SepWorldSid, 0 } } } };
    TOKEN_PRIVILEGES remove = { 1, { { { SE_DEBUG_PRIVILEGE, 0 }, 0 } } };
    PACCESS_TOKEN filtered = NULL, again = NULL;

    CHECK(SeFilterToken(SeSystemToken, 8, NULL, NULL, NULL, &filtered) == STATUS_INVALID_PARAMETER);
    CHECK(SeFilterToken(SeSystemToken, 0, &disable.Groups, &remove, &restricting.Groups, &filtered) == STATUS_SUCCESS);
    CHECK(!SeTokenIsAdmin(filtered) && SeTokenIsAdmin(SeSystemToken) && SeTokenIsRestricted(filtered));
    CHECK(SepSidInToken(filtered, SepAdministratorsSid, TRUE, FALSE) && SepSidInToken(filtered, SepWorldSid, FALSE, TRUE));
    CHECK(!SepSidInToken(filtered, SepSystemSid, FALSE, TRUE));
    CHECK(!SepTokenHasPrivilege(filtered, SE_DEBUG_PRIVILEGE) && SepTokenHasPrivilege(filtered, SE_TCB_PRIVILEGE));
    CHECK(RtlEqualLuid(&SepToken(filtered)->Token.ParentTokenId, &SepToken(SeSystemToken)->Token.TokenId));
    CHECK(SeFilterToken(filtered, 1, NULL, NULL, NULL, &again) == STATUS_SUCCESS);
    CHECK(SepToken(again)->Token.Privileges.Present == SepPrivilegeBit(SE_CHANGE_NOTIFY_PRIVILEGE) && SeTokenIsRestricted(again));
    ObfDereferenceObject(again);
    restricting.Groups.Groups[0].Attributes = 1;
    CHECK(SeFilterToken(SeSystemToken, 0, NULL, NULL, &restricting.Groups, &again) == STATUS_INVALID_PARAMETER);
    ObfDereferenceObject(filtered);
}

static VOID Information(VOID)
{
    HANDLE handle = Open(SeSystemToken, TOKEN_QUERY);
    UCHAR buffer[400];
    PTOKEN_USER user = (PVOID)buffer;
    PTOKEN_GROUPS groups = (PVOID)buffer;
    PVOID information = NULL;
    ULONG needed = 0, used = 0;

    CHECK(ZwQueryInformationToken(handle, TokenUser, NULL, 0, &needed) == STATUS_BUFFER_TOO_SMALL && needed == 28);
    CHECK(ZwQueryInformationToken(handle, TokenUser, buffer, 27, &needed) == STATUS_BUFFER_TOO_SMALL && needed == 28);
    CHECK(ZwQueryInformationToken(handle, TokenUser, buffer, sizeof(buffer), &used) == STATUS_SUCCESS && used == needed);
    CHECK((PUCHAR)user->User.Sid == buffer + 16 && RtlEqualSid(user->User.Sid, SepSystemSid));
    CHECK(ZwQueryInformationToken(handle, TokenGroups, buffer, sizeof(buffer), &used) == STATUS_SUCCESS);
    CHECK(groups->GroupCount == 4 && RtlEqualSid(groups->Groups[0].Sid, SepAdministratorsSid) && groups->Groups[0].Attributes == 0xE);
    CHECK(ZwQueryInformationToken(handle, TokenOwner, buffer, sizeof(buffer), &used) == STATUS_SUCCESS);
    CHECK(RtlEqualSid(((PTOKEN_OWNER)buffer)->Owner, SepAdministratorsSid));
    CHECK(ZwQueryInformationToken(handle, TokenStatistics, buffer, sizeof(buffer), &used) == STATUS_SUCCESS);
    CHECK(used == sizeof(TOKEN_STATISTICS) && ((PTOKEN_STATISTICS)buffer)->GroupCount == 4);
    CHECK(ZwQueryInformationToken(handle, TokenImpersonationLevel, buffer, sizeof(buffer), &used) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQueryInformationToken(handle, (TOKEN_INFORMATION_CLASS)900, buffer, sizeof(buffer), &used) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQueryInformationToken((HANDLE)0x7FFF0, TokenUser, buffer, sizeof(buffer), &used) == STATUS_INVALID_HANDLE);
    CHECK(SeQueryInformationToken(SeSystemToken, TokenPrivileges, &information) == STATUS_SUCCESS);
    CHECK(((PTOKEN_PRIVILEGES)information)->PrivilegeCount == 31);
    ExFreePool(information);
    CHECK(SeQueryInformationToken(SeSystemToken, TokenDefaultDacl, &information) == STATUS_SUCCESS);
    CHECK(RtlValidAcl(((PTOKEN_DEFAULT_DACL)information)->DefaultDacl));
    ExFreePool(information);
    CHECK(SeQueryInformationToken(SeSystemToken, TokenIntegrityLevel, (PVOID *)&needed) == STATUS_SUCCESS && needed == 0x4000);
    CHECK(SeQueryInformationToken(SeSystemToken, (TOKEN_INFORMATION_CLASS)0, &information) == STATUS_INVALID_INFO_CLASS);
    ZwClose(handle);
}

static VOID Adjust(VOID)
{
    PACCESS_TOKEN token = Copy(TokenPrimary, SecurityAnonymous, FALSE);
    HANDLE handle = Open(token, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY);
    TOKEN_PRIVILEGES wanted = { 1, { { { SE_BACKUP_PRIVILEGE, 0 }, SE_PRIVILEGE_ENABLED } } }, before = { 0 };
    ULONG length = 0;

    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, 3, &before, &length) == STATUS_BUFFER_TOO_SMALL && length == 16);
    CHECK(!SepTokenHasPrivilege(token, SE_BACKUP_PRIVILEGE));            /* nothing was done */
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, sizeof(before), &before, &length) == STATUS_SUCCESS);
    CHECK(SepTokenHasPrivilege(token, SE_BACKUP_PRIVILEGE) && before.PrivilegeCount == 1 && before.Privileges[0].Attributes == 0);
    CHECK(SepToken(token)->Token.TokenFlags & TOKEN_HAS_BACKUP_PRIVILEGE);
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, sizeof(before), &before, &length) == STATUS_SUCCESS);
    CHECK(before.PrivilegeCount == 0);
    wanted.Privileges[0].Attributes = SE_PRIVILEGE_REMOVED;
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, 0, NULL, NULL) == STATUS_SUCCESS);
    CHECK(!SepTokenHasPrivilege(token, SE_BACKUP_PRIVILEGE));
    wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, 0, NULL, NULL) == STATUS_NOT_ALL_ASSIGNED);
    wanted.Privileges[0].Luid.LowPart = 0xFFFFFFFF;
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, 0, NULL, NULL) == STATUS_NOT_ALL_ASSIGNED);
    CHECK(ZwAdjustPrivilegesToken(handle, TRUE, NULL, 0, NULL, NULL) == STATUS_SUCCESS);
    CHECK(SepToken(token)->Token.Privileges.Enabled == 0 && SepToken(token)->Token.Privileges.Present != 0);
    CHECK(ZwAdjustPrivilegesToken(handle, FALSE, NULL, 0, NULL, NULL) == STATUS_INVALID_PARAMETER);
    ZwClose(handle);
    ObfDereferenceObject(token);
}

/* Four processors turn one privilege on and off while they read sets of them: nothing is lost, nobody waits for ever. */
static VOID AdjustStorm(PVOID Context, ULONG Index)
{
    HANDLE handle = Open(Context, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY);
    SECURITY_SUBJECT_CONTEXT subject = { NULL, SecurityAnonymous, Context, NULL };
    TOKEN_PRIVILEGES wanted = { 1, { { { 2 + Index % 4, 0 }, 0 } } };
    ULONG i;

    for (i = 0; i < 200; i++) {
        wanted.Privileges[0].Attributes = i & 1 ? SE_PRIVILEGE_ENABLED : 0;
        CHECK(ZwAdjustPrivilegesToken(handle, FALSE, &wanted, 0, NULL, NULL) == STATUS_SUCCESS);
        SeLockSubjectContext(&subject);
        CHECK(SepTokenHasPrivilege(Context, 2 + Index % 4) == (BOOLEAN)(i & 1));
        SeUnlockSubjectContext(&subject);
    }
    ZwClose(handle);
}

static VOID Storm(VOID)
{
    PACCESS_TOKEN token = Copy(TokenPrimary, SecurityAnonymous, FALSE);

    TestRunThreads(4, AdjustStorm, token);
    CHECK((SepToken(token)->Token.Privileges.Enabled & 0x3C) == 0x3C);
    ObfDereferenceObject(token);
}

/* A new process has a copy of its parent's token, protected like any other. */
static VOID Process(VOID)
{
    static EPROCESS process;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACCESS_TOKEN token;
    BOOLEAN allocated;

    CHECK(SeAssignProcessToken(&process, SeSystemToken) == STATUS_SUCCESS);
    token = SeReferenceProcessToken(&process);
    CHECK(token != SeSystemToken && SeTokenType(token) == TokenPrimary && SeTokenIsAdmin(token));
    CHECK(ObGetObjectSecurity(token, &descriptor, &allocated) == STATUS_SUCCESS && descriptor != NULL);
    ObReleaseObjectSecurity(descriptor, allocated);
    SeReleaseProcessToken(&process);
    CHECK(ObHeader(token)->PointerCount == 1 && process.Token.Value == 0);
    ObfDereferenceObject(token);
}

/* ---- Subjects and clients ---- */
static VOID Subject(VOID)
{
    SE_IMPERSONATION client = { Copy(TokenImpersonation, SecurityImpersonation, FALSE), FALSE, FALSE, SecurityImpersonation };
    SECURITY_SUBJECT_CONTEXT subject;
    PETHREAD thread = (PETHREAD)KeCurrentThread();
    LONG64 before = ObHeader(client.Token)->PointerCount;

    SeCaptureSubjectContext(&subject);
    CHECK(subject.ClientToken == NULL && subject.PrimaryToken == SeSystemToken && subject.ProcessAuditId == (PVOID)4);
    SeLockSubjectContext(&subject);
    CHECK(KeAreApcsDisabled());
    SeUnlockSubjectContext(&subject);
    SeReleaseSubjectContext(&subject);
    CHECK(subject.PrimaryToken == NULL && !KeAreApcsDisabled());
    SeSetThreadToken(thread, &client);
    SeCaptureSubjectContext(&subject);
    CHECK(subject.ClientToken == client.Token && subject.ImpersonationLevel == SecurityImpersonation);
    SeReleaseSubjectContext(&subject);
    SeCaptureSubjectContextEx(NULL, PsInitialSystemProcess, &subject);
    CHECK(subject.ClientToken == NULL && subject.PrimaryToken == SeSystemToken);
    SeReleaseSubjectContext(&subject);
    PsRevertToSelf();
    CHECK(ObHeader(client.Token)->PointerCount == before);
    ObfDereferenceObject(client.Token);
}

static VOID Client(VOID)
{
    SECURITY_QUALITY_OF_SERVICE qos = { sizeof(qos), SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE };
    SE_IMPERSONATION weak = { Copy(TokenImpersonation, SecurityIdentification, FALSE), FALSE, FALSE, SecurityIdentification };
    SECURITY_CLIENT_CONTEXT context;
    PETHREAD thread = (PETHREAD)KeCurrentThread();

    CHECK(SeCreateClientSecurity(thread, &qos, FALSE, &context) == STATUS_SUCCESS);
    CHECK(SeTokenType(context.ClientToken) == TokenImpersonation && !context.DirectlyAccessClientToken);
    CHECK(SeImpersonateClientEx(&context, NULL) == STATUS_SUCCESS && (thread->CrossThreadFlags & THREAD_IMPERSONATES));
    PsRevertToSelf();
    CHECK(!(thread->CrossThreadFlags & THREAD_IMPERSONATES));
    SeDeleteClientSecurity(&context);
    CHECK(context.ClientToken == NULL);
    qos.ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
    CHECK(SeCreateClientSecurity(thread, &qos, FALSE, &context) == STATUS_SUCCESS);
    CHECK(context.DirectlyAccessClientToken && context.ClientToken == SeSystemToken);
    ObfDereferenceObject(context.ClientToken);
    SeSetThreadToken(thread, &weak);
    CHECK(SeCreateClientSecurity(thread, &qos, FALSE, &context) == STATUS_BAD_IMPERSONATION_LEVEL);
    PsRevertToSelf();
    qos.ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)9;
    CHECK(SeCreateClientSecurity(thread, &qos, FALSE, &context) == STATUS_BAD_IMPERSONATION_LEVEL);
    ObfDereferenceObject(weak.Token);
}

static NTSTATUS NTAPI SessionEnded(PLUID LogonId) { return STATUS_SUCCESS; }

static VOID Sessions(VOID)
{
    LUID nobody = { 0x12345, 6 };
    LUID system = SYSTEM_LUID;

    CHECK(SeRegisterLogonSessionTerminatedRoutine(NULL) == STATUS_INVALID_PARAMETER);
    CHECK(SeUnregisterLogonSessionTerminatedRoutine(SessionEnded) == STATUS_NOT_FOUND);
    CHECK(SeRegisterLogonSessionTerminatedRoutine(SessionEnded) == STATUS_SUCCESS);
    CHECK(SeMarkLogonSessionForTerminationNotification(&system) == STATUS_SUCCESS);
    CHECK(SeMarkLogonSessionForTerminationNotification(&nobody) == STATUS_NOT_FOUND);
    CHECK(SeUnregisterLogonSessionTerminatedRoutine(SessionEnded) == STATUS_SUCCESS);
    CHECK(SeUnregisterLogonSessionTerminatedRoutine(SessionEnded) == STATUS_NOT_FOUND);
}

/* ---- Privileges ---- */
static VOID PrivilegeCheck(VOID)
{
    struct { PRIVILEGE_SET Set; LUID_AND_ATTRIBUTES More; } set = {
        { 2, PRIVILEGE_SET_ALL_NECESSARY, { { { SE_TCB_PRIVILEGE, 0 }, 0 } } }, { { SE_BACKUP_PRIVILEGE, 0 }, 0 } };
    LUID tcb = { SE_TCB_PRIVILEGE, 0 }, backup = { SE_BACKUP_PRIVILEGE, 0 }, wrong = { 7, 7 };
    SECURITY_SUBJECT_CONTEXT subject;

    SeCaptureSubjectContext(&subject);
    CHECK(SePrivilegeCheck(&set.Set, &subject, KernelMode) && !SePrivilegeCheck(&set.Set, &subject, UserMode));
    CHECK(set.Set.Privilege[0].Attributes == SE_PRIVILEGE_USED_FOR_ACCESS && set.More.Attributes == 0);
    set.Set.Control = 0;
    CHECK(SePrivilegeCheck(&set.Set, &subject, UserMode));
    SeReleaseSubjectContext(&subject);
    CHECK(SeSinglePrivilegeCheck(tcb, UserMode) && !SeSinglePrivilegeCheck(backup, UserMode));
    CHECK(SeSinglePrivilegeCheck(backup, KernelMode) && !SeSinglePrivilegeCheck(wrong, UserMode));
}

static VOID PrivilegeAppend(VOID)
{
    struct { PRIVILEGE_SET Set; LUID_AND_ATTRIBUTES More; } two = { { 2, 0, { { { 5, 0 }, 0 } } }, { { 6, 0 }, 0 } };
    GENERIC_MAPPING mapping = { 1, 2, 4, 7 }, other = { 8, 8, 8, 8 };
    LUID_AND_ATTRIBUTES *last;
    AUX_ACCESS_DATA auxiliary;
    ACCESS_STATE state;

    CHECK(SeCreateAccessState(&state, &auxiliary, GENERIC_READ | GENERIC_EXECUTE, &mapping) == STATUS_SUCCESS);
    CHECK(state.RemainingDesiredAccess == 5 && state.OriginalDesiredAccess == 5 && auxiliary.GenericMapping.GenericAll == 7);
    CHECK(state.SubjectSecurityContext.PrimaryToken == SeSystemToken);
    SeSetAccessStateGenericMapping(&state, &other);
    CHECK(auxiliary.GenericMapping.GenericRead == 8);
    CHECK(SeAppendPrivileges(&state, &two.Set) == STATUS_SUCCESS && !state.PrivilegesAllocated);
    CHECK(SeAppendPrivileges(&state, &two.Set) == STATUS_SUCCESS && state.PrivilegesAllocated);
    last = auxiliary.PrivilegesUsed->Privilege + 3;
    CHECK(auxiliary.PrivilegesUsed->PrivilegeCount == 4 && last->Luid.LowPart == 6);
    two.Set.PrivilegeCount = 0xFFFFFFF0;
    CHECK(SeAppendPrivileges(&state, &two.Set) == STATUS_INVALID_PARAMETER);
    SeDeleteAccessState(&state);
    CHECK(state.SubjectSecurityContext.PrimaryToken == NULL);
}

static const KE_TEST SeTokenTable[] = {
    { "se.exports", Exports, 0 },
    { "se.token.system", System, 0 },
    { "se.token.duplicate", Duplicate, 0 },
    { "se.token.filter", Filter, 0 },
    { "se.token.information", Information, 0 },
    { "se.token.adjust", Adjust, 0 },
    { "se.token.storm", Storm, 4 },
    { "se.token.process", Process, 0 },
    { "se.subject", Subject, 0 },
    { "se.client", Client, 0 },
    { "se.session", Sessions, 0 },
    { "se.privilege.check", PrivilegeCheck, 0 },
    { "se.privilege.append", PrivilegeAppend, 0 },
};
const KE_TEST_GROUP SeTokenTests = { SeTokenTable, RTL_NUMBER_OF(SeTokenTable) };
