/* SPDX-License-Identifier: MIT
 * Security descriptors of keys.
 */
#include "testkeys.h"
#include "rtl.h"
#include "se.h"

typedef struct TEST_DESCRIPTOR {
    SECURITY_DESCRIPTOR Descriptor;
    union { ACL Acl; UCHAR Bytes[64]; } Dacl;
} TEST_DESCRIPTOR;

static VOID Describe(TEST_DESCRIPTOR *To, ACCESS_MASK Mask)
{
    CHECK(RtlCreateSecurityDescriptor(&To->Descriptor, 1) == STATUS_SUCCESS);
    CHECK(RtlCreateAcl(&To->Dacl.Acl, sizeof(To->Dacl), ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAce(&To->Dacl.Acl, ACL_REVISION, Mask, SeExports->SeWorldSid) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(&To->Descriptor, TRUE, &To->Dacl.Acl, FALSE) == STATUS_SUCCESS);
}

/* The mask of the only entry of the key's DACL, 0 when it has not just one. */
static ACCESS_MASK MaskOf(HANDLE Key)
{
    UCHAR buffer[256];
    PACCESS_ALLOWED_ACE ace;
    RTL_DESCRIPTOR_PARTS parts;
    ULONG length;

    if (!NT_SUCCESS(ZwQuerySecurityObject(Key, DACL_SECURITY_INFORMATION, buffer, sizeof(buffer), &length)))
        return 0;
    RtlGetDescriptorParts(buffer, &parts);
    return parts.Dacl != NULL && parts.Dacl->AceCount == 1 && NT_SUCCESS(RtlGetAce(parts.Dacl, 0, (PVOID *)&ace)) ? ace->Mask : 0;
}

static NTSTATUS OpenJudged(HANDLE Root, PCWSTR Name, ACCESS_MASK Access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE key;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, Root, NULL);
    status = ZwOpenKey(&key, Access, &attributes);
    if (NT_SUCCESS(status))
        ZwClose(key);
    return status;
}

static VOID TestSecurity(VOID)
{
    HANDLE root = TestBegin(), key = NULL, child = NULL;
    TEST_DESCRIPTOR descriptor;
    PSECURITY_DESCRIPTOR own = NULL;
    BOOLEAN allocated = FALSE;
    PCM_KEY_BODY body;
    ULONG length = 0;

    CHECK(TestCreate(root, L"Key", 0, &key, NULL) == STATUS_SUCCESS);
    Describe(&descriptor, GENERIC_READ);
    CHECK(ZwSetSecurityObject(key, DACL_SECURITY_INFORMATION, &descriptor.Descriptor) == STATUS_SUCCESS);
    CHECK(MaskOf(key) == KEY_READ);
    CHECK(ZwQuerySecurityObject(key, DACL_SECURITY_INFORMATION, NULL, 0, &length) == STATUS_BUFFER_TOO_SMALL && length == 20 + 28);
    CHECK(NT_SUCCESS(CmpReferenceHandle(key, 0, &body)));
    CHECK(ObGetObjectSecurity(body, &own, &allocated) == STATUS_SUCCESS && allocated && RtlValidSecurityDescriptor(own));
    ObReleaseObjectSecurity(own, allocated);
    ObfDereferenceObject(body);
    CHECK(TestCreate(key, L"Child", 0, &child, NULL) == STATUS_SUCCESS && MaskOf(child) == KEY_READ);      /* its parent's */
    CHECK(OpenJudged(root, L"Key", KEY_READ) == STATUS_SUCCESS && OpenJudged(root, L"Key", KEY_SET_VALUE) == STATUS_ACCESS_DENIED);
    Describe(&descriptor, KEY_SET_VALUE);
    CHECK(ZwSetSecurityObject(key, DACL_SECURITY_INFORMATION, &descriptor.Descriptor) == STATUS_SUCCESS);
    CHECK(MaskOf(key) == KEY_SET_VALUE && MaskOf(child) == KEY_READ);
    CHECK(OpenJudged(root, L"Key", KEY_SET_VALUE) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(child) == STATUS_SUCCESS);
    CHECK(ZwSetSecurityObject(child, DACL_SECURITY_INFORMATION, &descriptor.Descriptor) == STATUS_KEY_DELETED);
    ZwClose(child);
    ZwClose(key);
    TestEnd(root);
}

static const KE_TEST CmSecurityTable[] = { { "cm.security", TestSecurity, 0 } };
const KE_TEST_GROUP CmSecurityTests = { CmSecurityTable, RTL_NUMBER_OF(CmSecurityTable) };
