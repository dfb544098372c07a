/* SPDX-License-Identifier: MIT
 * The access check, descriptor by descriptor.
 */
#include "../sep.h"
#include "test.h"

typedef struct SUBJECT {
    SECURITY_SUBJECT_CONTEXT Context;
    SECURITY_DESCRIPTOR Descriptor;
    union { ACL Acl; UCHAR Bytes[256]; } Dacl, Sacl;
    NTSTATUS Status;
    ACCESS_MASK Granted;
} SUBJECT;

static GENERIC_MAPPING Mapping = { READ_CONTROL | 1, READ_CONTROL | 2, READ_CONTROL | 4, STANDARD_RIGHTS_REQUIRED | 7 };

/* A descriptor with an empty DACL and the world as its owner, and the token to judge. */
static VOID Begin(SUBJECT *Subject, PACCESS_TOKEN Token)
{
    RtlZeroMemory(Subject, sizeof(*Subject));
    Subject->Context.PrimaryToken = Token;
    CHECK(RtlCreateSecurityDescriptor(&Subject->Descriptor, 1) == STATUS_SUCCESS);
    CHECK(RtlCreateAcl(&Subject->Dacl.Acl, sizeof(Subject->Dacl), ACL_REVISION_DS) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(&Subject->Descriptor, TRUE, &Subject->Dacl.Acl, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetOwnerSecurityDescriptor(&Subject->Descriptor, SeExports->SeAliasGuestsSid, FALSE) == STATUS_SUCCESS);
}

static VOID Add(PACL Acl, UCHAR Type, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    PACCESS_ALLOWED_ACE ace = NULL;
    CHECK(RtlAddAccessAllowedAceEx(Acl, ACL_REVISION_DS, Flags, Mask, Sid) == STATUS_SUCCESS);
    CHECK(RtlGetAce(Acl, Acl->AceCount - 1u, (PVOID *)&ace) == STATUS_SUCCESS);
    ace->Header.AceType = Type;
}
#define ALLOW(s, mask, sid) Add(&(s)->Dacl.Acl, ACCESS_ALLOWED_ACE_TYPE, 0, mask, sid)
#define DENY(s, mask, sid) Add(&(s)->Dacl.Acl, ACCESS_DENIED_ACE_TYPE, 0, mask, sid)

static NTSTATUS Ask(SUBJECT *Subject, ACCESS_MASK Desired)
{
    BOOLEAN yes = SeAccessCheck(&Subject->Descriptor, &Subject->Context, FALSE, Desired, 0, NULL, &Mapping, UserMode,
                                &Subject->Granted, &Subject->Status);
    CHECK(yes == NT_SUCCESS(Subject->Status));
    return Subject->Status;
}

static VOID Order(VOID)
{
    SUBJECT subject;

    Begin(&subject, SeSystemToken);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED && subject.Granted == 0);       /* an empty DACL: nobody anything */
    ALLOW(&subject, 1, SepWorldSid);
    CHECK(Ask(&subject, 1) == STATUS_SUCCESS && subject.Granted == 1);
    CHECK(Ask(&subject, 3) == STATUS_ACCESS_DENIED);
    DENY(&subject, 3, SepSystemSid);             /* 1 is decided already */
    ALLOW(&subject, 6, SepAdministratorsSid);
    CHECK(Ask(&subject, 1) == STATUS_SUCCESS && Ask(&subject, 2) == STATUS_ACCESS_DENIED && Ask(&subject, 5) == STATUS_SUCCESS);
    CHECK(Ask(&subject, MAXIMUM_ALLOWED) == STATUS_SUCCESS && subject.Granted == 5);
    CHECK(Ask(&subject, MAXIMUM_ALLOWED | 2) == STATUS_ACCESS_DENIED);
    CHECK(Ask(&subject, GENERIC_EXECUTE) == STATUS_ACCESS_DENIED);                 /* READ_CONTROL is not there */
    ALLOW(&subject, READ_CONTROL, SepAuthenticatedSid);
    CHECK(Ask(&subject, GENERIC_EXECUTE) == STATUS_SUCCESS && subject.Granted == (READ_CONTROL | 4));
    CHECK(Ask(&subject, 0) == STATUS_ACCESS_DENIED);
    Add(&subject.Dacl.Acl, ACCESS_ALLOWED_ACE_TYPE, INHERIT_ONLY_ACE, DELETE, SepWorldSid);
    CHECK(Ask(&subject, DELETE) == STATUS_ACCESS_DENIED);
    CHECK(RtlSetDaclSecurityDescriptor(&subject.Descriptor, TRUE, NULL, FALSE) == STATUS_SUCCESS);
    CHECK(Ask(&subject, MAXIMUM_ALLOWED) == STATUS_SUCCESS && subject.Granted == Mapping.GenericAll);
}

static VOID Modes(VOID)
{
    SUBJECT subject;

    Begin(&subject, SeSystemToken);
    CHECK(SeAccessCheck(&subject.Descriptor, &subject.Context, FALSE, 2, 8, NULL, &Mapping, KernelMode, &subject.Granted,
                        &subject.Status) && subject.Granted == 10 && subject.Status == STATUS_SUCCESS);
    CHECK(SeAccessCheck(NULL, NULL, FALSE, MAXIMUM_ALLOWED, 0, NULL, &Mapping, KernelMode, &subject.Granted, &subject.Status));
    CHECK(subject.Granted == Mapping.GenericAll);
    CHECK(!SeAccessCheck(NULL, &subject.Context, FALSE, 1, 0, NULL, &Mapping, UserMode, &subject.Granted, &subject.Status));
    CHECK(subject.Status == STATUS_ACCESS_DENIED);
    CHECK(SeAccessCheck(&subject.Descriptor, &subject.Context, FALSE, 2, 2, NULL, &Mapping, UserMode, &subject.Granted,
                        &subject.Status) && subject.Granted == 2);                 /* granted before */
    subject.Context.ClientToken = SeSystemToken;
    subject.Context.ImpersonationLevel = SecurityIdentification;
    CHECK(Ask(&subject, 1) == STATUS_BAD_IMPERSONATION_LEVEL);
}

static VOID Owner(VOID)
{
    SUBJECT subject;

    Begin(&subject, SeSystemToken);
    CHECK(Ask(&subject, READ_CONTROL) == STATUS_ACCESS_DENIED);
    CHECK(RtlSetOwnerSecurityDescriptor(&subject.Descriptor, SepAdministratorsSid, FALSE) == STATUS_SUCCESS);
    CHECK(Ask(&subject, READ_CONTROL | WRITE_DAC) == STATUS_SUCCESS && Ask(&subject, 1) == STATUS_ACCESS_DENIED);
    ALLOW(&subject, 1, SepOwnerRightsSid);       /* takes the place of what owners have */
    CHECK(Ask(&subject, 1) == STATUS_SUCCESS && Ask(&subject, WRITE_DAC) == STATUS_ACCESS_DENIED);
}

static PACCESS_TOKEN Enabled(ULONG Privilege)
{
    PACCESS_TOKEN token = NULL;
    CHECK(SeDuplicateToken(SeSystemToken, NULL, FALSE, TokenPrimary, SecurityAnonymous, KernelMode, &token) == STATUS_SUCCESS);
    CHECK(ObInsertObject(token, NULL, 0, 0, NULL, NULL) == STATUS_SUCCESS);
    SepToken(token)->Token.Privileges.Enabled |= SepPrivilegeBit(Privilege);
    return token;
}

static VOID Privileges(VOID)
{
    PACCESS_TOKEN token = Enabled(SE_SECURITY_PRIVILEGE);
    PPRIVILEGE_SET set = NULL;
    SUBJECT subject;

    Begin(&subject, SeSystemToken);
    CHECK(Ask(&subject, ACCESS_SYSTEM_SECURITY) == STATUS_PRIVILEGE_NOT_HELD && Ask(&subject, WRITE_OWNER) == STATUS_ACCESS_DENIED);
    subject.Context.PrimaryToken = token;
    CHECK(SeAccessCheck(&subject.Descriptor, &subject.Context, FALSE, ACCESS_SYSTEM_SECURITY, 0, &set, &Mapping, UserMode,
                        &subject.Granted, &subject.Status) && subject.Granted == ACCESS_SYSTEM_SECURITY);
    if (CHECK(set != NULL && set->PrivilegeCount == 1 && set->Privilege[0].Luid.LowPart == SE_SECURITY_PRIVILEGE))
        SeFreePrivileges(set);
    ObfDereferenceObject(token);
    token = Enabled(SE_TAKE_OWNERSHIP_PRIVILEGE);
    subject.Context.PrimaryToken = token;
    CHECK(Ask(&subject, WRITE_OWNER) == STATUS_SUCCESS && Ask(&subject, MAXIMUM_ALLOWED) == STATUS_ACCESS_DENIED);
    CHECK(Ask(&subject, MAXIMUM_ALLOWED | WRITE_OWNER) == STATUS_SUCCESS && subject.Granted == WRITE_OWNER);
    ObfDereferenceObject(token);
}

static VOID Restricted(VOID)
{
    TOKEN_GROUPS restricting = { 1, { { SepWorldSid, 0 } } }, disable = { 1, { { SepAdministratorsSid, 0 } } };
    PACCESS_TOKEN token = NULL;
    SUBJECT subject;

    CHECK(SeFilterToken(SeSystemToken, 0, &disable, NULL, &restricting, &token) == STATUS_SUCCESS);
    Begin(&subject, token);
    ALLOW(&subject, 1, SepSystemSid);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED);               /* the restricting SIDs have nothing */
    ALLOW(&subject, 3, SepWorldSid);
    CHECK(Ask(&subject, 1) == STATUS_SUCCESS && Ask(&subject, 3) == STATUS_SUCCESS);
    ALLOW(&subject, 4, SepAdministratorsSid);                      /* deny only: does not grant, but denies */
    CHECK(Ask(&subject, 4) == STATUS_ACCESS_DENIED);
    Begin(&subject, token);
    DENY(&subject, 1, SepAdministratorsSid);
    ALLOW(&subject, 3, SepWorldSid);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED && Ask(&subject, 2) == STATUS_SUCCESS);
    ObfDereferenceObject(token);
}

static VOID Label(VOID)
{
    PACCESS_TOKEN token = Enabled(SE_DEBUG_PRIVILEGE);
    SUBJECT subject;

    Begin(&subject, token);
    ALLOW(&subject, 7 | STANDARD_RIGHTS_REQUIRED, SepWorldSid);
    CHECK(Ask(&subject, 7) == STATUS_SUCCESS);
    SepToken(token)->Token.IntegrityLevelIndex = SEP_NO_INTEGRITY;                 /* untrusted */
    CHECK(Ask(&subject, 2) == STATUS_ACCESS_DENIED && Ask(&subject, 5) == STATUS_SUCCESS);
    CHECK(Ask(&subject, WRITE_DAC) == STATUS_ACCESS_DENIED);
    CHECK(RtlCreateAcl(&subject.Sacl.Acl, sizeof(subject.Sacl), ACL_REVISION) == STATUS_SUCCESS);
    Add(&subject.Sacl.Acl, SYSTEM_MANDATORY_LABEL_ACE_TYPE, 0, SYSTEM_MANDATORY_LABEL_NO_READ_UP, SeExports->SeLowMandatorySid);
    CHECK(RtlSetSaclSecurityDescriptor(&subject.Descriptor, TRUE, &subject.Sacl.Acl, FALSE) == STATUS_SUCCESS);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED && Ask(&subject, 2) == STATUS_SUCCESS);
    Begin(&subject, SeSystemToken);
    ObfDereferenceObject(token);
}

/* Entries that Petrel cannot evaluate never grant; broken ones end the list. */
static VOID Strange(VOID)
{
    struct { ACE_HEADER Header; ACCESS_MASK Mask; ULONG Flags; GUID Type; SID Sid; } object = {
        { ACCESS_ALLOWED_OBJECT_ACE_TYPE, 0, sizeof(object) }, 1, 1, { 0 }, { SID_REVISION, 1, { SECURITY_WORLD_SID_AUTHORITY }, { 0 } } };
    PACE_HEADER first;
    SUBJECT subject;

    Begin(&subject, SeSystemToken);
    CHECK(RtlAddAce(&subject.Dacl.Acl, ACL_REVISION_DS, 0, &object, sizeof(object)) == STATUS_SUCCESS);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED);
    Begin(&subject, SeSystemToken);
    Add(&subject.Dacl.Acl, ACCESS_ALLOWED_CALLBACK_ACE_TYPE, 0, 1, SepWorldSid);
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED);
    Add(&subject.Dacl.Acl, ACCESS_DENIED_CALLBACK_ACE_TYPE, 0, 2, SepWorldSid);
    ALLOW(&subject, 3, SepWorldSid);
    CHECK(Ask(&subject, 1) == STATUS_SUCCESS && Ask(&subject, 2) == STATUS_ACCESS_DENIED);
    Begin(&subject, SeSystemToken);
    ALLOW(&subject, 1, SepWorldSid);
    first = (PACE_HEADER)(&subject.Dacl.Acl + 1);
    first->AceSize = 0;
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED);
    first->AceSize = 0xFFFC;
    CHECK(Ask(&subject, 1) == STATUS_ACCESS_DENIED);
}

static const KE_TEST SeAccessTable[] = {
    { "se.access.order", Order, 0 },
    { "se.access.modes", Modes, 0 },
    { "se.access.owner", Owner, 0 },
    { "se.access.privileges", Privileges, 0 },
    { "se.access.restricted", Restricted, 0 },
    { "se.access.label", Label, 0 },
    { "se.access.strange", Strange, 0 },
};
const KE_TEST_GROUP SeAccessTests = { SeAccessTable, RTL_NUMBER_OF(SeAccessTable) };
