/* SPDX-License-Identifier: MIT
 * A device's security descriptor decides who opens it.
 */
#include "fixture.h"
#include "se.h"

static NTSTATUS OpenJudged(PCWSTR Name, ACCESS_MASK Access, ULONG Attributes)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    UNICODE_STRING name;
    HANDLE file;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | Attributes, NULL, NULL);
    status = ZwCreateFile(&file, Access, &attributes, &result, NULL, 0, 0, FILE_OPEN, 0, NULL, 0);
    if (NT_SUCCESS(status))
        ZwClose(file);
    return status;
}

/* The system may read, nobody else anything; somebody else owns it. */
static VOID Protect(PDEVICE_OBJECT Device)
{
    union { ACL Acl; UCHAR Bytes[64]; } dacl;
    SECURITY_DESCRIPTOR descriptor;
    HANDLE handle = NULL;

    CHECK(RtlCreateSecurityDescriptor(&descriptor, 1) == STATUS_SUCCESS);
    CHECK(RtlCreateAcl(&dacl.Acl, sizeof(dacl), ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlAddAccessAllowedAce(&dacl.Acl, ACL_REVISION, GENERIC_READ, SeExports->SeLocalSystemSid) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &dacl.Acl, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetOwnerSecurityDescriptor(&descriptor, SeExports->SeAliasGuestsSid, FALSE) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle)));
    CHECK(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION | OWNER_SECURITY_INFORMATION, &descriptor) == STATUS_SUCCESS);
    ZwClose(handle);
}

static VOID Open(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestSecurity", NULL);
    PDEVICE_OBJECT device, unnamed;

    if (driver == NULL)
        return;
    device = TestMakeDevice(driver, L"\\Device\\TestSecurity", 0);
    unnamed = TestMakeDevice(driver, NULL, 0);
    CHECK(OpenJudged(L"\\Device\\TestSecurity", FILE_GENERIC_WRITE, OBJ_FORCE_ACCESS_CHECK) == STATUS_SUCCESS);    /* the creator's */
    Protect(device);
    Protect(unnamed);
    CHECK(OpenJudged(L"\\Device\\TestSecurity", FILE_GENERIC_READ, OBJ_FORCE_ACCESS_CHECK) == STATUS_SUCCESS);
    CHECK(OpenJudged(L"\\Device\\TestSecurity", FILE_GENERIC_WRITE, OBJ_FORCE_ACCESS_CHECK) == STATUS_ACCESS_DENIED);
    CHECK(OpenJudged(L"\\Device\\TestSecurity", FILE_GENERIC_WRITE, 0) == STATUS_SUCCESS);         /* kernel mode is not judged */
    CHECK(OpenJudged(L"\\Device\\TestSecurity\\File", FILE_GENERIC_WRITE, OBJ_FORCE_ACCESS_CHECK) == STATUS_SUCCESS);
    device->Characteristics |= FILE_DEVICE_SECURE_OPEN;
    CHECK(OpenJudged(L"\\Device\\TestSecurity\\File", FILE_GENERIC_WRITE, OBJ_FORCE_ACCESS_CHECK) == STATUS_ACCESS_DENIED);
    CHECK(OpenJudged(L"\\Device\\TestSecurity\\File", FILE_GENERIC_READ, OBJ_FORCE_ACCESS_CHECK) == STATUS_SUCCESS);
    TestStopDriver(driver);
}

static const KE_TEST IoSecurityTable[] = { { "io.device.security", Open, 0 } };
const KE_TEST_GROUP IoSecurityTests = { IoSecurityTable, RTL_NUMBER_OF(IoSecurityTable) };
