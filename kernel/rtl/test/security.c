/* SPDX-License-Identifier: MIT
 * ACLs and security descriptors, sound and broken.
 */
#include "test.h"
#include "rtlsecurity.h"

typedef union ACL_BUFFER {
    ACL Acl;
    UCHAR Bytes[256];
} ACL_BUFFER;

static SID World = { SID_REVISION, 1, { SECURITY_WORLD_SID_AUTHORITY }, { SECURITY_WORLD_RID } };
static struct { SID Sid; ULONG More; } Admins = { { SID_REVISION, 2, { SECURITY_NT_AUTHORITY }, { SECURITY_BUILTIN_DOMAIN_RID } },
                                                  DOMAIN_ALIAS_RID_ADMINS };

static VOID MakeList(ACL_BUFFER *List, ULONG Size)
{
    CHECK(RtlCreateAcl(&List->Acl, Size, ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAce(&List->Acl, ACL_REVISION, 0x11, &World) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAceEx(&List->Acl, ACL_REVISION, CONTAINER_INHERIT_ACE, 0x22, &Admins.Sid) == STATUS_SUCCESS);
}

static VOID TestAclCreate(VOID)
{
    ACL_BUFFER list;

    CHECK(RtlCreateAcl(&list.Acl, sizeof(ACL) - 1, ACL_REVISION) == STATUS_BUFFER_TOO_SMALL);
    CHECK(RtlCreateAcl(&list.Acl, sizeof(list), 1) == STATUS_INVALID_PARAMETER);
    CHECK(RtlCreateAcl(&list.Acl, sizeof(list), 5) == STATUS_INVALID_PARAMETER);
    CHECK(RtlCreateAcl(&list.Acl, 0x10000, ACL_REVISION) == STATUS_INVALID_PARAMETER);
    CHECK(RtlCreateAcl(&list.Acl, 30, ACL_REVISION) == STATUS_SUCCESS && list.Acl.AclSize == 28 && list.Acl.AceCount == 0);
    CHECK(list.Acl.AclRevision == ACL_REVISION && RtlValidAcl(&list.Acl) && !RtlValidAcl(NULL));
    CHECK(RtlAddAccessAllowedAce(&list.Acl, ACL_REVISION, 1, &World) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAce(&list.Acl, ACL_REVISION, 1, &World) == STATUS_ALLOTTED_SPACE_EXCEEDED);
    CHECK(list.Acl.AceCount == 1);
}

static VOID TestAclAdd(VOID)
{
    PACCESS_ALLOWED_ACE ace = NULL;
    ACL_BUFFER list;
    SID bad = World;
    PVOID free = NULL;

    MakeList(&list, sizeof(list));
    CHECK(RtlGetAce(&list.Acl, 0, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x11 && ace->Header.AceFlags == 0);
    CHECK(RtlEqualSid(&ace->SidStart, &World) && RtlEqualSid(RtlAceSid(&ace->Header), &World));
    CHECK(RtlGetAce(&list.Acl, 1, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x22);
    CHECK(ace->Header.AceFlags == CONTAINER_INHERIT_ACE && RtlEqualSid(&ace->SidStart, &Admins.Sid));
    CHECK(RtlGetAce(&list.Acl, 2, (PVOID *)&ace) == STATUS_INVALID_PARAMETER);
    CHECK(RtlFirstFreeAce(&list.Acl, &free) && (PUCHAR)free == list.Bytes + sizeof(ACL) + 20 + 24);
    bad.SubAuthorityCount = 16;
    CHECK(RtlAddAccessAllowedAce(&list.Acl, ACL_REVISION, 1, &bad) == STATUS_INVALID_SID);
    CHECK(RtlAddAccessAllowedAce(&list.Acl, 9, 1, &World) == STATUS_REVISION_MISMATCH);
    CHECK(RtlAddAccessAllowedAceEx(&list.Acl, ACL_REVISION, 0x80, 1, &World) == STATUS_INVALID_PARAMETER);
    CHECK(RtlAddAccessAllowedAce(&list.Acl, ACL_REVISION_DS, 1, &World) == STATUS_SUCCESS);
    CHECK(list.Acl.AclRevision == ACL_REVISION_DS && list.Acl.AceCount == 3);
}

static VOID TestAclMove(VOID)
{
    struct { ACE_HEADER Header; ACCESS_MASK Mask; SID Sid; } denied = { { ACCESS_DENIED_ACE_TYPE, 0, 20 }, 0x44, World };
    PACCESS_ALLOWED_ACE ace = NULL;
    ACL_BUFFER list;

    MakeList(&list, sizeof(list));
    CHECK(RtlAddAce(&list.Acl, ACL_REVISION, 1, &denied, 20) == STATUS_SUCCESS && list.Acl.AceCount == 3);
    CHECK(RtlGetAce(&list.Acl, 1, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x44);
    CHECK(RtlGetAce(&list.Acl, 2, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x22);
    CHECK(RtlAddAce(&list.Acl, ACL_REVISION, MAXULONG, &denied, 20) == STATUS_SUCCESS);
    CHECK(RtlGetAce(&list.Acl, 3, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x44);
    CHECK(RtlDeleteAce(&list.Acl, 0) == STATUS_SUCCESS && list.Acl.AceCount == 3);
    CHECK(RtlGetAce(&list.Acl, 0, (PVOID *)&ace) == STATUS_SUCCESS && ace->Mask == 0x44);
    CHECK(RtlDeleteAce(&list.Acl, 3) == STATUS_INVALID_PARAMETER);
    CHECK(RtlAddAce(&list.Acl, ACL_REVISION, 0, &denied, 16) == STATUS_INVALID_PARAMETER);      /* half an entry */
    CHECK(RtlAddAce(&list.Acl, 7, 0, &denied, 20) == STATUS_INVALID_PARAMETER);
    denied.Header.AceType = ACCESS_DENIED_OBJECT_ACE_TYPE;
    CHECK(RtlAddAce(&list.Acl, ACL_REVISION, 0, &denied, 20) == STATUS_INVALID_PARAMETER);      /* needs a DS list */
    denied.Header.AceType = ACCESS_DENIED_ACE_TYPE;
    CHECK(RtlCreateAcl(&list.Acl, sizeof(ACL) + 16, ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlAddAce(&list.Acl, ACL_REVISION, 0, &denied, 20) == STATUS_BUFFER_TOO_SMALL);
}

static VOID TestAclHostile(VOID)
{
    PACE_HEADER first;
    ACL_BUFFER list;
    PVOID ace;

    MakeList(&list, 64);
    first = (PACE_HEADER)(list.Bytes + sizeof(ACL));
    first->AceSize = 0;
    CHECK(!RtlValidAcl(&list.Acl) && RtlGetAce(&list.Acl, 1, &ace) == STATUS_INVALID_PARAMETER);
    CHECK(RtlDeleteAce(&list.Acl, 0) == STATUS_INVALID_PARAMETER && !RtlFirstFreeAce(&list.Acl, &ace));
    CHECK(RtlAddAccessAllowedAce(&list.Acl, ACL_REVISION, 1, &World) == STATUS_INVALID_ACL);
    first->AceSize = 0xFFFC;
    CHECK(!RtlValidAcl(&list.Acl));
    first->AceSize = 12;                         /* no room for its SID */
    CHECK(!RtlValidAcl(&list.Acl));
    first->AceSize = 20;
    CHECK(RtlValidAcl(&list.Acl));
    list.Acl.AceCount = 500;
    CHECK(!RtlValidAcl(&list.Acl) && RtlGetAce(&list.Acl, 400, &ace) == STATUS_INVALID_PARAMETER);
    list.Acl.AceCount = 2;
    list.Acl.AclSize = 4;
    CHECK(!RtlValidAcl(&list.Acl));
}

static VOID TestObjectAce(VOID)
{
    struct { ACE_HEADER Header; ACCESS_MASK Mask; ULONG Flags; GUID Type; SID Sid; } ace;

    RtlZeroMemory(&ace, sizeof(ace));
    ace.Header.AceType = ACCESS_ALLOWED_OBJECT_ACE_TYPE;
    ace.Header.AceSize = sizeof(ace);
    ace.Flags = 1;
    ace.Sid = World;
    CHECK(RtlAceSid(&ace.Header) == &ace.Sid && RtlAceObjectType(&ace.Header) == &ace.Type);
    ace.Flags = 3;                               /* a second GUID that is not there */
    CHECK(RtlAceSid(&ace.Header) == NULL);
    ace.Flags = 0;
    CHECK(RtlAceObjectType(&ace.Header) == NULL);
    ace.Header.AceSize = 8;
    CHECK(RtlAceSid(&ace.Header) == NULL && RtlAceObjectType(&ace.Header) == NULL);
}

/* ---- Descriptors ---- */
static VOID TestDescriptorParts(VOID)
{
    SECURITY_DESCRIPTOR sd;
    ACL_BUFFER list;
    BOOLEAN present = TRUE, defaulted = TRUE;
    PACL acl = &list.Acl;
    PSID sid = &World;

    MakeList(&list, 64);
    CHECK(RtlCreateSecurityDescriptor(&sd, 2) == STATUS_UNKNOWN_REVISION);
    CHECK(RtlCreateSecurityDescriptor(&sd, SECURITY_DESCRIPTOR_REVISION) == STATUS_SUCCESS);
    CHECK(sd.Control == 0 && RtlLengthSecurityDescriptor(&sd) == sizeof(sd) && RtlValidSecurityDescriptor(&sd));
    CHECK(RtlGetDaclSecurityDescriptor(&sd, &present, &acl, &defaulted) == STATUS_SUCCESS && !present);
    CHECK(RtlGetOwnerSecurityDescriptor(&sd, &sid, &defaulted) == STATUS_SUCCESS && sid == NULL && !defaulted);
    CHECK(RtlSetDaclSecurityDescriptor(&sd, TRUE, &list.Acl, TRUE) == STATUS_SUCCESS);
    CHECK(RtlGetDaclSecurityDescriptor(&sd, &present, &acl, &defaulted) == STATUS_SUCCESS && present && defaulted);
    CHECK(acl == &list.Acl && RtlSetSaclSecurityDescriptor(&sd, TRUE, NULL, FALSE) == STATUS_SUCCESS);
    CHECK(RtlGetSaclSecurityDescriptor(&sd, &present, &acl, &defaulted) == STATUS_SUCCESS && present && acl == NULL);
    CHECK(RtlSetOwnerSecurityDescriptor(&sd, &Admins.Sid, TRUE) == STATUS_SUCCESS);
    CHECK(RtlSetGroupSecurityDescriptor(&sd, &World, FALSE) == STATUS_SUCCESS);
    CHECK(RtlGetOwnerSecurityDescriptor(&sd, &sid, &defaulted) == STATUS_SUCCESS && sid == &Admins.Sid && defaulted);
    CHECK(RtlGetGroupSecurityDescriptor(&sd, &sid, &defaulted) == STATUS_SUCCESS && sid == &World && !defaulted);
    CHECK(RtlLengthSecurityDescriptor(&sd) == sizeof(sd) + 64 + 16 + 12);
    CHECK(RtlSetDaclSecurityDescriptor(&sd, FALSE, NULL, FALSE) == STATUS_SUCCESS && !(sd.Control & SE_DACL_PRESENT));
    sd.Revision = 3;
    CHECK(RtlSetDaclSecurityDescriptor(&sd, TRUE, NULL, FALSE) == STATUS_UNKNOWN_REVISION);
    CHECK(RtlGetDaclSecurityDescriptor(&sd, &present, &acl, &defaulted) == STATUS_UNKNOWN_REVISION);
    CHECK(!RtlValidSecurityDescriptor(&sd));
}

static VOID MakeDescriptor(PISECURITY_DESCRIPTOR sd, ACL_BUFFER *List)
{
    MakeList(List, 64);
    CHECK(RtlCreateSecurityDescriptor(sd, SECURITY_DESCRIPTOR_REVISION) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(sd, TRUE, &List->Acl, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetOwnerSecurityDescriptor(sd, &Admins.Sid, FALSE) == STATUS_SUCCESS);
}

static VOID TestDescriptorRelative(VOID)
{
    SECURITY_DESCRIPTOR sd;
    UCHAR buffer[200];
    PISECURITY_DESCRIPTOR_RELATIVE relative = (PVOID)buffer;
    ULONG length = 10, needed = sizeof(SECURITY_DESCRIPTOR_RELATIVE) + 64 + 16;
    ACL_BUFFER list;

    MakeDescriptor(&sd, &list);
    CHECK(RtlAbsoluteToSelfRelativeSD(&sd, relative, &length) == STATUS_BUFFER_TOO_SMALL && length == needed);
    CHECK(RtlAbsoluteToSelfRelativeSD(&sd, relative, &length) == STATUS_SUCCESS && length == needed);
    CHECK(RtlLengthSecurityDescriptor(relative) == needed && RtlValidSecurityDescriptor(relative));
    CHECK(RtlValidRelativeSecurityDescriptor(relative, needed, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION));
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed, GROUP_SECURITY_INFORMATION));
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed, SACL_SECURITY_INFORMATION));
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed - 1, 0) && !RtlValidRelativeSecurityDescriptor(&sd, 40, 0));
    CHECK(RtlAbsoluteToSelfRelativeSD(relative, buffer, &length) == STATUS_BAD_DESCRIPTOR_FORMAT);
    CHECK(RtlSetOwnerSecurityDescriptor(relative, NULL, FALSE) == STATUS_INVALID_SECURITY_DESCR);
    relative->Owner = 0xFFFFFFF0;
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed, 0));
    relative->Owner = 4;                         /* inside the header */
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed, 0));
    relative->Owner = 0;
    relative->Dacl = needed - 4;                 /* half a header of an ACL */
    CHECK(!RtlValidRelativeSecurityDescriptor(relative, needed, 0));
    CHECK(RtlCreateSecurityDescriptorRelative(relative, 1) == STATUS_SUCCESS && relative->Control == SE_SELF_RELATIVE);
}

static VOID TestDescriptorAbsolute(VOID)
{
    SECURITY_DESCRIPTOR sd, back;
    UCHAR buffer[200], dacl[64], owner[16];
    ULONG length = sizeof(buffer), sizes[5] = { sizeof(back), 10, 0, sizeof(owner), 0 };
    ACL_BUFFER list;

    MakeDescriptor(&sd, &list);
    CHECK(RtlAbsoluteToSelfRelativeSD(&sd, buffer, &length) == STATUS_SUCCESS);
    CHECK(RtlSelfRelativeToAbsoluteSD(buffer, &back, &sizes[0], (PACL)dacl, &sizes[1], NULL, &sizes[2], owner, &sizes[3], NULL,
                                      &sizes[4]) == STATUS_BUFFER_TOO_SMALL);
    CHECK(sizes[0] == sizeof(back) && sizes[1] == 64 && sizes[2] == 0 && sizes[3] == 16 && sizes[4] == 0);
    CHECK(RtlSelfRelativeToAbsoluteSD(buffer, &back, &sizes[0], (PACL)dacl, &sizes[1], NULL, &sizes[2], owner, &sizes[3], NULL,
                                      &sizes[4]) == STATUS_SUCCESS);
    CHECK(back.Control == SE_DACL_PRESENT && back.Dacl == (PACL)dacl && back.Owner == owner && back.Group == NULL);
    CHECK(RtlEqualSid(back.Owner, &Admins.Sid) && RtlCompareMemory(dacl, &list, 52) == 52);
    CHECK(RtlSelfRelativeToAbsoluteSD(&sd, &back, &sizes[0], NULL, &sizes[1], NULL, &sizes[2], NULL, &sizes[3], NULL, &sizes[4]) ==
          STATUS_BAD_DESCRIPTOR_FORMAT);
}

static const KE_TEST RtlSecurityTable[] = {
    { "rtl.acl.create", TestAclCreate, 0 },
    { "rtl.acl.add", TestAclAdd, 0 },
    { "rtl.acl.move", TestAclMove, 0 },
    { "rtl.acl.hostile", TestAclHostile, 0 },
    { "rtl.acl.object", TestObjectAce, 0 },
    { "rtl.descriptor.parts", TestDescriptorParts, 0 },
    { "rtl.descriptor.relative", TestDescriptorRelative, 0 },
    { "rtl.descriptor.absolute", TestDescriptorAbsolute, 0 },
};
const KE_TEST_GROUP RtlSecurityTests = { RtlSecurityTable, RTL_NUMBER_OF(RtlSecurityTable) };
