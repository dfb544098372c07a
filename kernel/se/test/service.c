/* SPDX-License-Identifier: MIT
 * Tokens and access checks as programs use them, with everything in user memory.
 */
#include "../sep.h"
#include "test.h"

typedef struct PAGE {
    HANDLE Primary, Client, Filtered;
    SECURITY_DESCRIPTOR Descriptor;
    GENERIC_MAPPING Mapping;
    PRIVILEGE_SET Set;
    ULONG Length;
    ACCESS_MASK Granted;
    NTSTATUS Status;
    BOOLEAN Flag;
    PSID Pointer;
    TOKEN_GROUPS Groups;
    TOKEN_PRIVILEGES Privileges, Previous;
    OBJECT_ATTRIBUTES Attributes;
    SECURITY_QUALITY_OF_SERVICE Qos;
    DECLSPEC_ALIGN(8) UCHAR Sid[64], Other[64], Room[512];
    struct { ACL Acl; UCHAR Room[128]; } List;
} PAGE;

/* A copy of the system's token that can be asked, and the page with its handles. */
static PAGE *Begin(VOID)
{
    PAGE *page = TestUserPage();

    if (!CHECK(page != NULL))
        return NULL;
    CHECK(ObOpenObjectByPointer(SeSystemToken, 0, NULL, TOKEN_ALL_ACCESS, SepTokenObjectType, KernelMode, &page->Primary) ==
          STATUS_SUCCESS);
    page->Qos = (SECURITY_QUALITY_OF_SERVICE){ sizeof(page->Qos), SecurityImpersonation, SECURITY_STATIC_TRACKING, FALSE };
    InitializeObjectAttributes(&page->Attributes, NULL, 0, NULL, NULL);
    page->Attributes.SecurityQualityOfService = &page->Qos;
    CHECK(AS_USER(NtDuplicateToken(page->Primary, TOKEN_ALL_ACCESS, &page->Attributes, FALSE, TokenImpersonation, &page->Client)) ==
          STATUS_SUCCESS);
    return page;
}

static VOID End(PAGE *Page)
{
    AS_USER(NtClose(Page->Primary));
    AS_USER(NtClose(Page->Client));
    TestFreeUserPage(Page);
}

static NTSTATUS Check(PAGE *Page, HANDLE Token, ACCESS_MASK Desired)
{
    Page->Length = sizeof(Page->Set);
    return AS_USER(NtAccessCheck(&Page->Descriptor, Token, Desired, &Page->Mapping, &Page->Set, &Page->Length, &Page->Granted,
                                 &Page->Status));
}

static VOID AccessCheck(VOID)
{
    PAGE *page = Begin();

    if (page == NULL)
        return;
    page->Mapping = (GENERIC_MAPPING){ 1, 2, 4, 7 };
    RtlCopySid(sizeof(page->Sid), page->Sid, SepSystemSid);
    RtlCopySid(sizeof(page->Other), page->Other, SeExports->SeLocalServiceSid);
    RtlCreateSecurityDescriptor(&page->Descriptor, SECURITY_DESCRIPTOR_REVISION);
    CHECK(Check(page, page->Client, 1) == STATUS_INVALID_SECURITY_DESCR);
    page->Descriptor.Owner = page->Descriptor.Group = page->Sid;
    RtlCreateAcl(&page->List.Acl, sizeof(page->List), ACL_REVISION);
    RtlAddAccessAllowedAce(&page->List.Acl, ACL_REVISION, 1, page->Sid);
    RtlAddAccessAllowedAce(&page->List.Acl, ACL_REVISION, 2, page->Other);
    RtlSetDaclSecurityDescriptor(&page->Descriptor, TRUE, &page->List.Acl, FALSE);
    CHECK(Check(page, page->Client, 1) == STATUS_SUCCESS && page->Status == STATUS_SUCCESS && page->Granted == 1);
    CHECK(Check(page, page->Client, 3) == STATUS_SUCCESS && page->Status == STATUS_ACCESS_DENIED && page->Granted == 0);
    CHECK(Check(page, page->Client, GENERIC_READ) == STATUS_GENERIC_NOT_MAPPED);
    CHECK(Check(page, page->Primary, 1) == STATUS_NO_IMPERSONATION_TOKEN);
    page->Length = 4;
    CHECK(AS_USER(NtAccessCheck(&page->Descriptor, page->Client, 1, &page->Mapping, &page->Set, &page->Length, &page->Granted,
                                &page->Status)) == STATUS_BUFFER_TOO_SMALL && page->Length == sizeof(page->Set));
    CHECK(AS_USER(NtAccessCheck(TEST_BAD_USER, page->Client, 1, &page->Mapping, &page->Set, &page->Length, &page->Granted,
                                &page->Status)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtAccessCheck(&page->Descriptor, page->Client, 1, &page->Mapping, &page->Set, &page->Length, TEST_BAD_USER,
                                &page->Status)) == STATUS_ACCESS_VIOLATION);
    End(page);
}

static VOID Privileges(VOID)
{
    PAGE *page = Begin();
    ULONG length;

    if (page == NULL)
        return;
    page->Set = (PRIVILEGE_SET){ 1, PRIVILEGE_SET_ALL_NECESSARY, { { { SE_TCB_PRIVILEGE, 0 }, 0 } } };
    CHECK(AS_USER(NtPrivilegeCheck(page->Client, &page->Set, &page->Flag)) == STATUS_SUCCESS && page->Flag &&
          (page->Set.Privilege[0].Attributes & SE_PRIVILEGE_USED_FOR_ACCESS));
    page->Set.Privilege[0].Luid.LowPart = SE_BACKUP_PRIVILEGE;
    CHECK(AS_USER(NtPrivilegeCheck(page->Client, &page->Set, &page->Flag)) == STATUS_SUCCESS && !page->Flag);
    page->Set.PrivilegeCount = 0xFFFFFFFF;
    CHECK(AS_USER(NtPrivilegeCheck(page->Client, &page->Set, &page->Flag)) == STATUS_INVALID_PARAMETER);
    page->Privileges = (TOKEN_PRIVILEGES){ 1, { { { SE_BACKUP_PRIVILEGE, 0 }, SE_PRIVILEGE_ENABLED } } };
    CHECK(AS_USER(NtAdjustPrivilegesToken(page->Client, FALSE, &page->Privileges, sizeof(page->Previous), &page->Previous,
                                          &page->Length)) == STATUS_SUCCESS);
    CHECK(page->Length == sizeof(page->Previous) && page->Previous.PrivilegeCount == 1 && page->Previous.Privileges[0].Attributes == 0);
    page->Set.PrivilegeCount = 1;
    CHECK(AS_USER(NtPrivilegeCheck(page->Client, &page->Set, &page->Flag)) == STATUS_SUCCESS && page->Flag);
    page->Privileges.PrivilegeCount = 0x10000;
    CHECK(AS_USER(NtAdjustPrivilegesToken(page->Client, FALSE, &page->Privileges, 0, NULL, NULL)) == STATUS_INVALID_PARAMETER);
    CHECK(AS_USER(NtQueryInformationToken(page->Client, TokenUser, page->Room, sizeof(page->Room), &page->Length)) == STATUS_SUCCESS);
    page->Pointer = ((PTOKEN_USER)page->Room)->User.Sid;
    length = RtlLengthSid(SepSystemSid);
    CHECK((PUCHAR)page->Pointer > page->Room && (PUCHAR)page->Pointer + length <= page->Room + page->Length &&
          RtlEqualSid(page->Pointer, SepSystemSid));
    CHECK(AS_USER(NtQueryInformationToken(page->Client, TokenUser, TEST_BAD_USER, 512, &page->Length)) == STATUS_ACCESS_VIOLATION);
    End(page);
}

static VOID Filter(VOID)
{
    PAGE *page = Begin();

    if (page == NULL)
        return;
    CHECK(AS_USER(NtCompareTokens(page->Primary, page->Client, &page->Flag)) == STATUS_SUCCESS && page->Flag);
    RtlCopySid(sizeof(page->Sid), page->Sid, SepAdministratorsSid);
    page->Groups.GroupCount = 1;
    page->Groups.Groups[0].Sid = page->Sid;
    CHECK(AS_USER(NtFilterToken(page->Primary, 0, &page->Groups, NULL, NULL, &page->Filtered)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtCompareTokens(page->Primary, page->Filtered, &page->Flag)) == STATUS_SUCCESS && !page->Flag);
    CHECK(AS_USER(NtQueryInformationToken(page->Filtered, TokenElevation, &page->Length, 4, &page->Length)) == STATUS_SUCCESS);
    AS_USER(NtClose(page->Filtered));
    CHECK(AS_USER(NtFilterToken(page->Primary, 0, &page->Groups, NULL, NULL, TEST_BAD_USER)) == STATUS_ACCESS_VIOLATION);
    page->Groups.Groups[0].Sid = TEST_BAD_USER;
    CHECK(AS_USER(NtFilterToken(page->Primary, 0, &page->Groups, NULL, NULL, &page->Filtered)) == STATUS_ACCESS_VIOLATION);
    End(page);
}

static VOID Set(VOID)
{
    PAGE *page = Begin();

    if (page == NULL)
        return;
    page->Pointer = page->Sid;
    RtlCopySid(sizeof(page->Sid), page->Sid, SepAdministratorsSid);
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenOwner, &page->Pointer, sizeof(PSID))) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryInformationToken(page->Client, TokenOwner, page->Room, sizeof(page->Room), &page->Length)) == STATUS_SUCCESS &&
          RtlEqualSid(*(PSID *)page->Room, SepAdministratorsSid));
    RtlCopySid(sizeof(page->Sid), page->Sid, SeExports->SeLocalServiceSid);
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenOwner, &page->Pointer, sizeof(PSID))) == STATUS_INVALID_OWNER);
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenPrimaryGroup, &page->Pointer, 8)) == STATUS_INVALID_PRIMARY_GROUP);
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenOwner, &page->Pointer, 4)) == STATUS_INFO_LENGTH_MISMATCH);
    page->Length = 3;
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenSessionId, &page->Length, 4)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryInformationToken(page->Client, TokenSessionId, page->Room, 4, &page->Length)) == STATUS_SUCCESS &&
          *(PULONG)page->Room == 3);
    CHECK(AS_USER(NtSetInformationToken(page->Client, TokenUser, &page->Pointer, 8)) == STATUS_INVALID_INFO_CLASS);
    End(page);
}

static const KE_TEST Tests[] = {
    { "se.service.accesscheck", AccessCheck, 0 },
    { "se.service.privileges", Privileges, 0 },
    { "se.service.filter", Filter, 0 },
    { "se.service.set", Set, 0 },
};
const KE_TEST_GROUP SeServiceTests = { Tests, RTL_NUMBER_OF(Tests) };
