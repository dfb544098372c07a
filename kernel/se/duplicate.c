/* SPDX-License-Identifier: MIT
 * Tokens made from tokens: copies, and filtered copies that may do less.
 */
#include "sep.h"

#define SEP_DISABLE_MAX_PRIVILEGE 0x1u           /* SeFilterToken's Flags */
#define SEP_SANDBOX_INERT 0x2u

static SID_AND_ATTRIBUTES *SepCopySids(const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    SID_AND_ATTRIBUTES *copy = ExAllocatePoolWithTag(PagedPool, max(Count, 1) * sizeof(*copy), SEP_TAG_TOKEN);
    if (copy != NULL && Count != 0)
        RtlCopyMemory(copy, Sids, Count * sizeof(*copy));
    return copy;
}

/* ---- Copies ---- */
/* Takes what is not enabled out of the array that Sids is; the indices follow. */
static VOID SepKeepEffective(SEP_TOKEN_TEMPLATE *Template, SID_AND_ATTRIBUTES *Sids)
{
    const ULONG keep = SEP_GROUP_ENABLED | SEP_GROUP_DENY_ONLY | SEP_GROUP_INTEGRITY;
    ULONG owner = Template->OwnerIndex, group = Template->PrimaryGroupIndex, label = Template->IntegrityIndex, i, to = 0;

    Template->OwnerIndex = 0;
    Template->PrimaryGroupIndex = 0;
    Template->IntegrityIndex = SEP_NO_INTEGRITY;
    for (i = 0; i < Template->SidCount; i++) {
        if (i != 0 && i != group && !(Sids[i].Attributes & keep))
            continue;
        if (i == owner)
            Template->OwnerIndex = to;
        if (i == group)
            Template->PrimaryGroupIndex = to;
        if (i == label)
            Template->IntegrityIndex = to;
        Sids[to++] = Sids[i];
    }
    Template->SidCount = to;
    Template->Sids = Sids;
    Template->Privileges.Present &= Template->Privileges.Enabled;
    Template->Privileges.EnabledByDefault &= Template->Privileges.Enabled;
}

static NTSTATUS SepCheckCopy(const SEP_TOKEN_TEMPLATE *Original, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level)
{
    if (Type != TokenPrimary && Type != TokenImpersonation)
        return STATUS_INVALID_PARAMETER;
    if (Original->Type == TokenPrimary)
        return STATUS_SUCCESS;
    if (Type == TokenPrimary)
        return Original->Level >= SecurityImpersonation ? STATUS_SUCCESS : STATUS_BAD_IMPERSONATION_LEVEL;
    return Level <= Original->Level ? STATUS_SUCCESS : STATUS_BAD_IMPERSONATION_LEVEL;
}

NTSTATUS SeDuplicateToken(PACCESS_TOKEN Token, POBJECT_ATTRIBUTES Attributes, BOOLEAN EffectiveOnly, TOKEN_TYPE Type,
                          SECURITY_IMPERSONATION_LEVEL Level, KPROCESSOR_MODE Mode, PACCESS_TOKEN *Copy)
{
    SEP_TOKEN_TEMPLATE template;
    SID_AND_ATTRIBUTES *sids;
    NTSTATUS status;

    if ((ULONG)Level > SecurityDelegation)
        return STATUS_BAD_IMPERSONATION_LEVEL;
    SepDescribeToken(Token, &template);
    status = SepCheckCopy(&template, Type, Level);
    if (!NT_SUCCESS(status))
        return status;
    sids = SepCopySids(template.Sids, template.SidCount);
    if (sids == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    template.Type = Type;
    template.Level = Type == TokenPrimary ? SecurityAnonymous : Level;
    if (EffectiveOnly)
        SepKeepEffective(&template, sids);
    status = SepCreateToken(&template, Attributes, Mode, Copy);
    ExFreePoolWithTag(sids, SEP_TAG_TOKEN);
    return status;
}

/* ---- Filtered copies ---- */
static BOOLEAN SepInGroups(const TOKEN_GROUPS *Groups, PSID Sid)
{
    ULONG i;
    for (i = 0; i < Groups->GroupCount; i++)
        if (RtlEqualSid(Groups->Groups[i].Sid, Sid))
            return TRUE;
    return FALSE;
}

static VOID SepDenyOnly(SID_AND_ATTRIBUTES *Sids, ULONG Count, const TOKEN_GROUPS *Disable)
{
    ULONG i;
    for (i = 0; i < Count; i++)
        if (!(Sids[i].Attributes & SEP_GROUP_INTEGRITY) && SepInGroups(Disable, Sids[i].Sid))
            Sids[i].Attributes = (Sids[i].Attributes & ~(SEP_GROUP_ENABLED | SEP_GROUP_ENABLED_BY_DEFAULT)) | SEP_GROUP_DENY_ONLY;
}

static VOID SepRemovePrivileges(SEP_TOKEN_PRIVILEGES *Privileges, ULONG64 Remove)
{
    Privileges->Present &= ~Remove;
    Privileges->Enabled &= ~Remove;
    Privileges->EnabledByDefault &= ~Remove;
}

static ULONG64 SepPrivilegesToDelete(ULONG Flags, const TOKEN_PRIVILEGES *Delete)
{
    ULONG64 remove = 0;
    ULONG i;

    if (Flags & SEP_DISABLE_MAX_PRIVILEGE)
        return ~SepPrivilegeBit(SE_CHANGE_NOTIFY_PRIVILEGE);
    for (i = 0; Delete != NULL && i < Delete->PrivilegeCount; i++)
        if (Delete->Privileges[i].Luid.HighPart == 0 && Delete->Privileges[i].Luid.LowPart <= SEP_HIGHEST_PRIVILEGE)
            remove |= SepPrivilegeBit(Delete->Privileges[i].Luid.LowPart);
    return remove;
}

/* The new restricting SIDs; those that an already restricted token has too. */
static NTSTATUS SepRestrict(SEP_TOKEN_TEMPLATE *Template, const TOKEN_GROUPS *Restricted, SID_AND_ATTRIBUTES *To)
{
    const TOKEN_GROUPS *list = Restricted;
    BOOLEAN again = Template->RestrictedCount != 0;
    ULONG i, j, count = 0;

    for (i = 0; i < list->GroupCount; i++) {
        if (list->Groups[i].Attributes != 0 || !RtlValidSid(list->Groups[i].Sid))
            return STATUS_INVALID_PARAMETER;
        for (j = 0; again && j < Template->RestrictedCount && !RtlEqualSid(Template->Restricted[j].Sid, list->Groups[i].Sid); j++)
            continue;
        if (again && j == Template->RestrictedCount)
            continue;
        To[count].Sid = list->Groups[i].Sid;
        To[count++].Attributes = SEP_GROUP_MANDATORY | SEP_GROUP_ENABLED_BY_DEFAULT | SEP_GROUP_ENABLED;
    }
    Template->Restricted = To;
    Template->RestrictedCount = count;
    return count != 0 || list->GroupCount == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS SepFilter(SEP_TOKEN_TEMPLATE *Template, SID_AND_ATTRIBUTES *Sids, const TOKEN_GROUPS *Disable,
                          const TOKEN_GROUPS *Restricted, PACCESS_TOKEN *Filtered)
{
    SID_AND_ATTRIBUTES *restricting = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    if (Disable != NULL)
        SepDenyOnly(Sids, Template->SidCount, Disable);
    Template->Sids = Sids;
    if (Restricted != NULL) {
        restricting = SepCopySids(Restricted->Groups, Restricted->GroupCount);
        status = restricting != NULL ? SepRestrict(Template, Restricted, restricting) : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Template->RestrictedCount != 0)
        Template->Flags |= TOKEN_IS_RESTRICTED;
    Template->Flags |= TOKEN_IS_FILTERED;
    if (NT_SUCCESS(status))
        status = SepCreateToken(Template, NULL, KernelMode, Filtered);
    if (restricting != NULL)
        ExFreePoolWithTag(restricting, SEP_TAG_TOKEN);
    return status;
}

NTSTATUS NTAPI SeFilterToken(PACCESS_TOKEN ExistingToken, ULONG Flags, PTOKEN_GROUPS SidsToDisable,
                             PTOKEN_PRIVILEGES PrivilegesToDelete, PTOKEN_GROUPS RestrictedSids, PACCESS_TOKEN *FilteredToken)
{
    SEP_TOKEN_TEMPLATE template;
    SID_AND_ATTRIBUTES *sids;
    PACCESS_TOKEN token;
    NTSTATUS status;

    if (Flags & ~(SEP_DISABLE_MAX_PRIVILEGE | SEP_SANDBOX_INERT))
        return STATUS_INVALID_PARAMETER;
    SepDescribeToken(ExistingToken, &template);
    template.ParentTokenId = SepToken(ExistingToken)->Token.TokenId;
    SepRemovePrivileges(&template.Privileges, SepPrivilegesToDelete(Flags, PrivilegesToDelete));
    if (Flags & SEP_SANDBOX_INERT)
        template.Flags |= TOKEN_SANDBOX_INERT;
    sids = SepCopySids(template.Sids, template.SidCount);
    if (sids == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = SepFilter(&template, sids, SidsToDisable, RestrictedSids, &token);
    ExFreePoolWithTag(sids, SEP_TAG_TOKEN);
    if (!NT_SUCCESS(status))
        return status;
    status = ObInsertObject(token, NULL, 0, 0, NULL, NULL);
    if (NT_SUCCESS(status))
        *FilteredToken = token;
    return status;
}
