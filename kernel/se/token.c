/* SPDX-License-Identifier: MIT
 * Tokens are made here: from a template, in one block, complete before anybody sees them.
 */
#include "sep.h"

POBJECT_TYPE SepTokenObjectType;
PACCESS_TOKEN SeSystemToken;
PACL SePublicDefaultDacl, SePublicOpenDacl, SeSystemDefaultDacl;

static ULONG SepSidRoom(PSID Sid) { return (RtlLengthSid(Sid) + 7u) & ~7u; }

static ULONG SepArrayRoom(const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    ULONG room = Count * (ULONG)sizeof(*Sids), i;
    for (i = 0; i < Count; i++)
        room += SepSidRoom(Sids[i].Sid);
    return room;
}

/* Copies the array and then its SIDs to *At, which moves behind them. */
static PSID_AND_ATTRIBUTES SepCopyArray(PUCHAR *At, const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    PSID_AND_ATTRIBUTES copy = (PSID_AND_ATTRIBUTES)*At;
    ULONG i;

    *At += Count * sizeof(*copy);
    for (i = 0; i < Count; i++) {
        copy[i].Attributes = Sids[i].Attributes;
        copy[i].Sid = *At;
        RtlCopyMemory(*At, Sids[i].Sid, RtlLengthSid(Sids[i].Sid));
        *At += SepSidRoom(Sids[i].Sid);
    }
    return Count != 0 ? copy : NULL;
}

VOID SepUpdateTokenFlagsLocked(TOKEN *Token)
{
    static const struct { ULONG Privilege, Flag; } table[] = {
        { SE_CHANGE_NOTIFY_PRIVILEGE, TOKEN_HAS_TRAVERSE_PRIVILEGE }, { SE_BACKUP_PRIVILEGE, TOKEN_HAS_BACKUP_PRIVILEGE },
        { SE_RESTORE_PRIVILEGE, TOKEN_HAS_RESTORE_PRIVILEGE }, { SE_IMPERSONATE_PRIVILEGE, TOKEN_HAS_IMPERSONATE_PRIVILEGE },
    };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(table); i++) {
        Token->TokenFlags &= ~table[i].Flag;
        if (Token->Privileges.Enabled & SepPrivilegeBit(table[i].Privilege))
            Token->TokenFlags |= table[i].Flag;
    }
}

static VOID SepFillToken(SEP_TOKEN *New, const SEP_TOKEN_TEMPLATE *Template)
{
    TOKEN *token = &New->Token;
    PUCHAR at = (PUCHAR)New->Variable;

    token->TokenSource = Template->Source;
    token->TokenId = SepNewLuid();
    token->ModifiedId = SepNewLuid();
    token->AuthenticationId = Template->AuthenticationId;
    token->OriginatingLogonSession = Template->OriginatingLogonSession;
    token->ParentTokenId = Template->ParentTokenId;
    token->ExpirationTime = Template->ExpirationTime;
    token->Privileges = Template->Privileges;
    token->SessionId = Template->SessionId;
    token->TokenType = (ULONG)Template->Type;
    token->ImpersonationLevel = (ULONG)Template->Level;
    token->TokenFlags = Template->Flags;
    token->MandatoryPolicy = Template->MandatoryPolicy;
    token->UserAndGroupCount = Template->SidCount;
    token->RestrictedSidCount = Template->RestrictedCount;
    token->DefaultOwnerIndex = Template->OwnerIndex;
    token->IntegrityLevelIndex = Template->IntegrityIndex;
    token->UserAndGroups = SepCopyArray(&at, Template->Sids, Template->SidCount);
    token->RestrictedSids = SepCopyArray(&at, Template->Restricted, Template->RestrictedCount);
    token->PrimaryGroup = token->UserAndGroups[Template->PrimaryGroupIndex].Sid;
    token->VariableLength = (ULONG)(at - (PUCHAR)New->Variable);
    if (Template->DefaultDacl != NULL) {
        token->DefaultDacl = (PACL)at;
        RtlCopyMemory(at, Template->DefaultDacl, Template->DefaultDacl->AclSize);
        token->DynamicCharged = Template->DefaultDacl->AclSize;
    }
    SepUpdateTokenFlagsLocked(token);
}

NTSTATUS SepCreateToken(const SEP_TOKEN_TEMPLATE *Template, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                        PACCESS_TOKEN *Token)
{
    ULONG size = (ULONG)sizeof(SEP_TOKEN) + SepArrayRoom(Template->Sids, Template->SidCount) +
                 SepArrayRoom(Template->Restricted, Template->RestrictedCount) +
                 (Template->DefaultDacl != NULL ? Template->DefaultDacl->AclSize : 0u);
    PVOID object;
    NTSTATUS status = ObCreateObject(Mode, SepTokenObjectType, Attributes, Mode, NULL, size, size, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(object, size);
    SepFillToken(object, Template);
    *Token = object;
    return STATUS_SUCCESS;
}

VOID SepDescribeToken(PACCESS_TOKEN Token, SEP_TOKEN_TEMPLATE *Template)
{
    TOKEN *token = &SepToken(Token)->Token;
    ULONG i = 0;

    RtlZeroMemory(Template, sizeof(*Template));
    Template->Type = (TOKEN_TYPE)token->TokenType;
    Template->Level = (SECURITY_IMPERSONATION_LEVEL)token->ImpersonationLevel;
    Template->Source = token->TokenSource;
    Template->AuthenticationId = token->AuthenticationId;
    Template->OriginatingLogonSession = token->OriginatingLogonSession;
    Template->ParentTokenId = token->ParentTokenId;
    Template->ExpirationTime = token->ExpirationTime;
    Template->Sids = token->UserAndGroups;
    Template->SidCount = token->UserAndGroupCount;
    Template->Restricted = token->RestrictedSids;
    Template->RestrictedCount = token->RestrictedSidCount;
    Template->OwnerIndex = token->DefaultOwnerIndex;
    while (token->UserAndGroups[i].Sid != token->PrimaryGroup)
        i++;
    Template->PrimaryGroupIndex = i;
    Template->IntegrityIndex = token->IntegrityLevelIndex;
    Template->MandatoryPolicy = token->MandatoryPolicy;
    Template->DefaultDacl = token->DefaultDacl;
    ExLockShared(&SepToken(Token)->Lock);
    Template->Privileges = token->Privileges;
    Template->SessionId = token->SessionId;
    Template->Flags = token->TokenFlags;
    ExUnlockShared(&SepToken(Token)->Lock);
}

/* ---- The system's ---- */
/* World is what everybody may; nothing: there is no such entry. */
static PACL SepMakeDacl(ACCESS_MASK World, ACCESS_MASK Administrators)
{
    ULONG size = sizeof(ACL) + 3 * 24;
    PACL acl = ExAllocatePoolWithTag(PagedPool, size, SEP_TAG_TOKEN);
    NTSTATUS status = acl != NULL ? RtlCreateAcl(acl, size, ACL_REVISION) : STATUS_INSUFFICIENT_RESOURCES;

    if (NT_SUCCESS(status) && World != 0)
        status = RtlAddAccessAllowedAce(acl, ACL_REVISION, World, SepWorldSid);
    if (NT_SUCCESS(status))
        status = RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SepSystemSid);
    if (NT_SUCCESS(status))
        status = RtlAddAccessAllowedAce(acl, ACL_REVISION, Administrators, SepAdministratorsSid);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(SECURITY_INITIALIZATION_FAILED, 0, (ULONG_PTR)status, 0, 0);
    return acl;
}

static ULONG64 SepSystemPrivileges(VOID)
{
    static const UCHAR missing[] = { SE_MACHINE_ACCOUNT_PRIVILEGE, SE_REMOTE_SHUTDOWN_PRIVILEGE, SE_SYNC_AGENT_PRIVILEGE,
                                     SE_ENABLE_DELEGATION_PRIVILEGE };
    ULONG64 all = SepPrivilegeBit(SEP_HIGHEST_PRIVILEGE + 1) - SepPrivilegeBit(SE_MIN_WELL_KNOWN_PRIVILEGE);
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(missing); i++)
        all &= ~SepPrivilegeBit(missing[i]);
    return all;
}

static ULONG64 SepSystemEnabled(VOID)
{
    static const UCHAR enabled[] = {
        SE_LOCK_MEMORY_PRIVILEGE, SE_TCB_PRIVILEGE, SE_SYSTEM_PROFILE_PRIVILEGE, SE_PROF_SINGLE_PROCESS_PRIVILEGE,
        SE_INC_BASE_PRIORITY_PRIVILEGE, SE_CREATE_PAGEFILE_PRIVILEGE, SE_CREATE_PERMANENT_PRIVILEGE, SE_DEBUG_PRIVILEGE,
        SE_AUDIT_PRIVILEGE, SE_CHANGE_NOTIFY_PRIVILEGE, SE_IMPERSONATE_PRIVILEGE, SE_CREATE_GLOBAL_PRIVILEGE,
        SE_INC_WORKING_SET_PRIVILEGE, SE_TIME_ZONE_PRIVILEGE, SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, SEP_HIGHEST_PRIVILEGE,
    };
    ULONG64 bits = 0;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(enabled); i++)
        bits |= SepPrivilegeBit(enabled[i]);
    return bits;
}

static VOID SepCreateSystemToken(VOID)
{
    const ULONG usual = SEP_GROUP_MANDATORY | SEP_GROUP_ENABLED_BY_DEFAULT | SEP_GROUP_ENABLED;
    SID_AND_ATTRIBUTES sids[] = {
        { SepSystemSid, 0 },
        { SepAdministratorsSid, SEP_GROUP_ENABLED_BY_DEFAULT | SEP_GROUP_ENABLED | SEP_GROUP_OWNER },
        { SepWorldSid, usual },
        { SepAuthenticatedSid, usual },
        { SepSystemLabelSid, SEP_GROUP_INTEGRITY | SEP_GROUP_INTEGRITY_ENABLED },
    };
    SEP_TOKEN_TEMPLATE template = {
        .Type = TokenPrimary, .Level = SecurityAnonymous, .AuthenticationId = SepSystemLuid,
        .Source = { .SourceName = { '*', 'S', 'Y', 'S', 'T', 'E', 'M', '*' } },
        .ExpirationTime.QuadPart = MAXLONGLONG, .Sids = sids, .SidCount = RTL_NUMBER_OF(sids), .OwnerIndex = 1,
        .PrimaryGroupIndex = 0, .IntegrityIndex = RTL_NUMBER_OF(sids) - 1, .DefaultDacl = SeSystemDefaultDacl,
        .MandatoryPolicy = TOKEN_MANDATORY_POLICY_NO_WRITE_UP, .Flags = TOKEN_NOT_LOW,
        .Privileges = { SepSystemPrivileges(), SepSystemEnabled(), SepSystemEnabled() },
    };
    NTSTATUS status = SepCreateToken(&template, NULL, KernelMode, &SeSystemToken);

    if (!NT_SUCCESS(status))
        KeBugCheckEx(SECURITY_INITIALIZATION_FAILED, 1, (ULONG_PTR)status, 0, 0);
}

VOID SepInitializeTokens(VOID)
{
    static const OB_TYPE_TEMPLATE token = {
        .Name = L"Token", .ValidAccess = TOKEN_ALL_ACCESS, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { TOKEN_READ | TOKEN_DUPLICATE, TOKEN_WRITE, STANDARD_RIGHTS_EXECUTE | TOKEN_IMPERSONATE, TOKEN_ALL_ACCESS },
        .Flags = OB_TYPE_UNNAMED_ONLY | OB_TYPE_SECURITY_REQUIRED | OB_TYPE_USE_DEFAULT_OBJECT,
    };

    SepTokenObjectType = ObCreateSystemType(&token);
    SeSystemDefaultDacl = SepMakeDacl(0, GENERIC_EXECUTE | GENERIC_READ | READ_CONTROL);
    SePublicDefaultDacl = SepMakeDacl(GENERIC_EXECUTE | GENERIC_READ, GENERIC_ALL);
    SePublicOpenDacl = SepMakeDacl(GENERIC_EXECUTE | GENERIC_READ | GENERIC_WRITE, GENERIC_ALL);
    SepCreateSystemToken();
}
