/* SPDX-License-Identifier: MIT
 * The access check. In this order: what the mandatory label forbids, what privileges give, what the owner has, then the DACL's
 * entries one after the other: a right is decided by the first entry that names it. A restricted token is judged twice, by its SIDs
 * and by its restricting SIDs, and has what both give.
 */
#include "sep.h"

typedef struct SEP_CHECK {
    PACCESS_TOKEN Token;
    RTL_DESCRIPTOR_PARTS Parts;
    PGENERIC_MAPPING Mapping;
    ACCESS_MASK Desired;                         /* without generic rights and MAXIMUM_ALLOWED */
    BOOLEAN Maximum;
    ULONG64 UsedPrivileges;
} SEP_CHECK;

/* ---- Mandatory label ---- */
static PACE_HEADER SepFindLabel(PACL Sacl)
{
    PVOID ace;
    ULONG i;

    for (i = 0; Sacl != NULL && NT_SUCCESS(RtlGetAce(Sacl, i, &ace)); i++)
        if (((PACE_HEADER)ace)->AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE && !(((PACE_HEADER)ace)->AceFlags & INHERIT_ONLY_ACE))
            return ace;
    return NULL;
}

/* The rights that the object's label leaves to a token of less integrity. No label: medium, nobody below may write. */
static ACCESS_MASK SepMandatoryLimit(const SEP_CHECK *Check)
{
    PACE_HEADER label = SepFindLabel(Check->Parts.Sacl);
    PSID sid = label != NULL ? RtlAceSid(label) : NULL;
    ULONG level = SECURITY_MANDATORY_MEDIUM_RID, policy = SYSTEM_MANDATORY_LABEL_NO_WRITE_UP;
    GENERIC_MAPPING *mapping = Check->Mapping;
    ACCESS_MASK allowed = MAXULONG;

    if (sid != NULL && *RtlSubAuthorityCountSid(sid) != 0) {
        level = *RtlSubAuthoritySid(sid, (ULONG)*RtlSubAuthorityCountSid(sid) - 1);
        policy = ((PSYSTEM_MANDATORY_LABEL_ACE)label)->Mask;
    }
    if (!(SepToken(Check->Token)->Token.MandatoryPolicy & TOKEN_MANDATORY_POLICY_NO_WRITE_UP) ||
        SepTokenIntegrity(Check->Token) >= level)
        return allowed;
    allowed = SYNCHRONIZE | READ_CONTROL | ACCESS_SYSTEM_SECURITY | mapping->GenericRead | mapping->GenericExecute |
              mapping->GenericWrite;
    if (policy & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP)
        allowed &= ~(mapping->GenericWrite & ~(mapping->GenericRead | mapping->GenericExecute)) &
                   ~(ACCESS_MASK)(WRITE_DAC | WRITE_OWNER | DELETE);
    if (policy & SYSTEM_MANDATORY_LABEL_NO_READ_UP)
        allowed &= ~(mapping->GenericRead & ~(mapping->GenericWrite | mapping->GenericExecute));
    if (policy & SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP)
        allowed &= ~(mapping->GenericExecute & ~(mapping->GenericRead | mapping->GenericWrite));
    return allowed;
}

/* ---- DACL ---- */
typedef enum SEP_VERDICT { SepIgnore, SepAllow, SepDeny } SEP_VERDICT;

/* What an entry does when nobody gave an object type and no condition can be evaluated: it denies if in doubt, never grants. */
static SEP_VERDICT SepKindOf(const ACE_HEADER *Ace)
{
    switch (Ace->AceType) {
    case ACCESS_ALLOWED_ACE_TYPE: return SepAllow;
    case ACCESS_ALLOWED_OBJECT_ACE_TYPE: return RtlAceObjectType(Ace) == NULL ? SepAllow : SepIgnore;
    case ACCESS_DENIED_ACE_TYPE:
    case ACCESS_DENIED_OBJECT_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE: return SepDeny;
    default: return SepIgnore;
    }
}

static BOOLEAN SepIsOwner(const SEP_CHECK *Check, BOOLEAN Restricted)
{
    return Check->Parts.Owner != NULL && SepSidInToken(Check->Token, Check->Parts.Owner, FALSE, Restricted);
}

static BOOLEAN SepAceIsFor(const SEP_CHECK *Check, PSID Sid, SEP_VERDICT Kind, BOOLEAN Restricted)
{
    if (RtlEqualSid(Sid, SepOwnerRightsSid))
        return SepIsOwner(Check, Restricted);
    return SepSidInToken(Check->Token, Sid, Kind == SepDeny, Restricted);
}

/* The rights that the DACL gives, and those of the owner unless an entry for OWNER RIGHTS replaces them. */
static ACCESS_MASK SepWalkDacl(const SEP_CHECK *Check, BOOLEAN Restricted)
{
    ACCESS_MASK granted = 0, denied = 0, mask;
    BOOLEAN ownerRights = FALSE;
    PVOID ace;
    ULONG i;

    if (Check->Parts.Dacl == NULL)
        return MAXULONG;
    for (i = 0; NT_SUCCESS(RtlGetAce(Check->Parts.Dacl, i, &ace)); i++) {
        SEP_VERDICT kind = SepKindOf(ace);
        PSID sid = RtlAceSid(ace);
        if (kind == SepIgnore || sid == NULL || (((PACE_HEADER)ace)->AceFlags & INHERIT_ONLY_ACE))
            continue;
        ownerRights |= RtlEqualSid(sid, SepOwnerRightsSid);
        if (!SepAceIsFor(Check, sid, kind, Restricted))
            continue;
        mask = ((PACCESS_ALLOWED_ACE)ace)->Mask;
        RtlMapGenericMask(&mask, Check->Mapping);
        if (kind == SepAllow)
            granted |= mask & ~denied;
        else
            denied |= mask & ~granted;
    }
    if (!ownerRights && SepIsOwner(Check, Restricted))
        granted |= READ_CONTROL | WRITE_DAC;
    return granted;
}

static ACCESS_MASK SepDiscretionary(const SEP_CHECK *Check)
{
    TOKEN *token = &SepToken(Check->Token)->Token;
    ACCESS_MASK granted = SepWalkDacl(Check, FALSE);

    if (token->RestrictedSidCount == 0)
        return granted;
    if (token->TokenFlags & TOKEN_WRITE_RESTRICTED)      /* only writing is judged twice */
        return granted & (SepWalkDacl(Check, TRUE) | ~(Check->Mapping->GenericWrite & ~STANDARD_RIGHTS_WRITE));
    return granted & SepWalkDacl(Check, TRUE);
}

/* ---- Privileges ---- */
/* Rights that were asked for by name and that a privilege gives. */
static ACCESS_MASK SepFromPrivileges(SEP_CHECK *Check)
{
    static const struct { ACCESS_MASK Right; ULONG Privilege; } table[] = {
        { ACCESS_SYSTEM_SECURITY, SE_SECURITY_PRIVILEGE }, { WRITE_OWNER, SE_TAKE_OWNERSHIP_PRIVILEGE },
    };
    ACCESS_MASK granted = 0;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(table); i++)
        if ((Check->Desired & table[i].Right) && SepTokenHasPrivilege(Check->Token, table[i].Privilege)) {
            granted |= table[i].Right;
            Check->UsedPrivileges |= SepPrivilegeBit(table[i].Privilege);
        }
    return granted;
}

static NTSTATUS SepPrivilegeSet(ULONG64 Used, PPRIVILEGE_SET *Set)
{
    ULONG number;

    *Set = NULL;
    if (Used == 0)
        return STATUS_SUCCESS;
    *Set = ExAllocatePoolWithTag(PagedPool, sizeof(INITIAL_PRIVILEGE_SET), SEP_TAG_PRIVILEGES);
    if (*Set == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    (*Set)->PrivilegeCount = 0;
    (*Set)->Control = 0;
    for (number = 0; number <= SEP_HIGHEST_PRIVILEGE; number++)
        if (Used & SepPrivilegeBit(number)) {
            LUID_AND_ATTRIBUTES *entry = (*Set)->Privilege + (*Set)->PrivilegeCount++;
            entry->Luid.LowPart = number;
            entry->Luid.HighPart = 0;
            entry->Attributes = SE_PRIVILEGE_USED_FOR_ACCESS;
        }
    return STATUS_SUCCESS;
}

/* ---- The whole ---- */
/* With the tokens locked: *Granted is what the request gets. */
static NTSTATUS SepDecide(SEP_CHECK *Check, ACCESS_MASK Previous, PACCESS_MASK Granted)
{
    ACCESS_MASK privileged = SepFromPrivileges(Check), allowed, missing;

    if ((Check->Desired & ~Previous & ~privileged) & ACCESS_SYSTEM_SECURITY)
        return STATUS_PRIVILEGE_NOT_HELD;
    allowed = (SepDiscretionary(Check) & SepMandatoryLimit(Check) & ~(ACCESS_MASK)ACCESS_SYSTEM_SECURITY) | privileged | Previous;
    missing = Check->Desired & ~allowed;
    if (missing != 0)
        return STATUS_ACCESS_DENIED;
    *Granted = Check->Desired | Previous;
    if (Check->Maximum)
        *Granted |= allowed & (Check->Mapping->GenericAll | privileged);
    return *Granted != 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

static VOID SepKernelAccess(ACCESS_MASK Desired, ACCESS_MASK Previous, PGENERIC_MAPPING Mapping, PACCESS_MASK Granted)
{
    RtlMapGenericMask(&Desired, Mapping);
    *Granted = (Desired & ~(ACCESS_MASK)MAXIMUM_ALLOWED) | Previous | (Desired & MAXIMUM_ALLOWED ? Mapping->GenericAll : 0);
}

static NTSTATUS SepUserAccess(SEP_CHECK *Check, PSECURITY_DESCRIPTOR Descriptor, PSECURITY_SUBJECT_CONTEXT Subject,
                              BOOLEAN Locked, ACCESS_MASK Previous, PACCESS_MASK Granted)
{
    NTSTATUS status;

    if (Descriptor == NULL)
        return STATUS_ACCESS_DENIED;
    if (Subject->ClientToken != NULL && Subject->ImpersonationLevel < SecurityImpersonation)
        return STATUS_BAD_IMPERSONATION_LEVEL;
    Check->Token = SepEffectiveToken(Subject);
    RtlGetDescriptorParts(Descriptor, &Check->Parts);
    if (!Locked)
        SeLockSubjectContext(Subject);
    status = SepDecide(Check, Previous, Granted);
    if (!Locked)
        SeUnlockSubjectContext(Subject);
    return status;
}

BOOLEAN NTAPI SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext,
                            BOOLEAN SubjectContextLocked, ACCESS_MASK DesiredAccess, ACCESS_MASK PreviouslyGrantedAccess,
                            PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING GenericMapping, KPROCESSOR_MODE AccessMode,
                            PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
    SEP_CHECK check = { .Mapping = GenericMapping };
    ACCESS_MASK granted = 0;
    NTSTATUS status = STATUS_SUCCESS;

    if (Privileges != NULL)
        *Privileges = NULL;
    RtlMapGenericMask(&DesiredAccess, GenericMapping);
    check.Desired = DesiredAccess & ~(ACCESS_MASK)MAXIMUM_ALLOWED;
    check.Maximum = (DesiredAccess & MAXIMUM_ALLOWED) != 0;
    if (AccessMode == KernelMode)
        SepKernelAccess(DesiredAccess, PreviouslyGrantedAccess, GenericMapping, &granted);
    else
        status = SepUserAccess(&check, SecurityDescriptor, SubjectSecurityContext, SubjectContextLocked, PreviouslyGrantedAccess,
                               &granted);
    if (NT_SUCCESS(status) && Privileges != NULL)
        status = SepPrivilegeSet(check.UsedPrivileges, Privileges);
    *AccessStatus = status;
    *GrantedAccess = NT_SUCCESS(status) ? granted : 0;
    return NT_SUCCESS(status);
}
