/* SPDX-License-Identifier: MIT
 * Security as a driver uses it: building a descriptor, capturing the subject, the access and the privilege check, tokens, and the
 * descriptor of an object of its own.
 */
#include <ntifs.h>
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define ACL_SIZE 128
static UCHAR AclMemory[ACL_SIZE] __attribute__((aligned(4)));
static GENERIC_MAPPING Mapping = { READ_CONTROL | 1, READ_CONTROL | 2, READ_CONTROL | 4, STANDARD_RIGHTS_REQUIRED | 7 };

/* Everyone may read, administrators all; owned by the system. */
static VOID Build(PSECURITY_DESCRIPTOR Descriptor)
{
    PSE_EXPORTS exports = *(PSE_EXPORTS *)&SeExports;
    PACL acl = (PACL)AclMemory;

    CheckStatus(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS, "RtlCreateSecurityDescriptor");
    CheckStatus(RtlCreateAcl(acl, ACL_SIZE, ACL_REVISION), STATUS_SUCCESS, "RtlCreateAcl");
    CheckStatus(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_READ, exports->SeWorldSid), STATUS_SUCCESS, "everyone");
    CheckStatus(RtlAddAccessAllowedAce(acl, ACL_REVISION, 2, exports->SeAliasAdminsSid), STATUS_SUCCESS, "administrators");
    CheckStatus(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, acl, FALSE), STATUS_SUCCESS, "RtlSetDaclSecurityDescriptor");
    CheckStatus(RtlSetOwnerSecurityDescriptor(Descriptor, exports->SeAliasGuestsSid, FALSE), STATUS_SUCCESS, "owner");
    Check(RtlValidSecurityDescriptor(Descriptor), "the descriptor is sound");
    Check(RtlLengthSecurityDescriptor(Descriptor) == sizeof(SECURITY_DESCRIPTOR) + ACL_SIZE + 16, "its length");
}

static NTSTATUS Ask(PSECURITY_DESCRIPTOR Descriptor, ACCESS_MASK Desired, KPROCESSOR_MODE Mode, PACCESS_MASK Granted)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    BOOLEAN yes;

    SeCaptureSubjectContext(&subject);
    SeLockSubjectContext(&subject);
    yes = SeAccessCheck(Descriptor, &subject, TRUE, Desired, 0, NULL, &Mapping, Mode, Granted, &status);
    SeUnlockSubjectContext(&subject);
    SeReleaseSubjectContext(&subject);
    Check(yes == NT_SUCCESS(status), "the answer and its status agree");
    return status;
}

static VOID CheckAccess(VOID)
{
    SECURITY_DESCRIPTOR descriptor;
    ACCESS_MASK granted = 0;

    Build(&descriptor);
    CheckStatus(Ask(&descriptor, GENERIC_READ, UserMode, &granted), STATUS_SUCCESS, "everyone reads");
    Check(granted == (READ_CONTROL | 1), "what reading means");
    CheckStatus(Ask(&descriptor, 3, UserMode, &granted), STATUS_SUCCESS, "administrators write too");
    CheckStatus(Ask(&descriptor, 4, UserMode, &granted), STATUS_ACCESS_DENIED, "nobody executes");
    Check(granted == 0, "nothing is granted then");
    CheckStatus(Ask(&descriptor, 4, KernelMode, &granted), STATUS_SUCCESS, "kernel mode is not judged");
    CheckStatus(Ask(&descriptor, MAXIMUM_ALLOWED, UserMode, &granted), STATUS_SUCCESS, "the most there is");
    Check(granted == (READ_CONTROL | 3), "the most is all of it");
    CheckStatus(Ask(&descriptor, ACCESS_SYSTEM_SECURITY, UserMode, &granted), STATUS_PRIVILEGE_NOT_HELD, "the SACL needs a privilege");
}

static VOID CheckPrivileges(VOID)
{
    LUID tcb = { SE_TCB_PRIVILEGE, 0 }, restore = { SE_RESTORE_PRIVILEGE, 0 };

    Check(SeSinglePrivilegeCheck(tcb, UserMode), "the system acts as part of itself");
    Check(!SeSinglePrivilegeCheck(restore, UserMode), "a privilege that is not enabled is not held");
    Check(SeSinglePrivilegeCheck(restore, KernelMode), "kernel mode holds them all");
}

static VOID CheckToken(VOID)
{
    PSE_EXPORTS exports = *(PSE_EXPORTS *)&SeExports;
    PACCESS_TOKEN token = PsReferencePrimaryToken(PsGetCurrentProcess());
    PTOKEN_USER user = NULL;
    UCHAR buffer[64];
    ULONG length = 0;
    HANDLE handle;

    Check(SeTokenIsAdmin(token) && SeTokenType(token) == TokenPrimary, "the System process's token");
    if (CheckStatus(SeQueryInformationToken(token, TokenUser, (PVOID *)&user), STATUS_SUCCESS, "SeQueryInformationToken")) {
        Check(RtlEqualSid(user->User.Sid, exports->SeLocalSystemSid), "its user is the system");
        ExFreePool(user);
    }
    PsDereferencePrimaryToken(token);
    if (!CheckStatus(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_QUERY, OBJ_KERNEL_HANDLE, &handle), STATUS_SUCCESS, "open it"))
        return;
    CheckStatus(ZwQueryInformationToken(handle, TokenUser, NULL, 0, &length), STATUS_BUFFER_TOO_SMALL, "how long is its user?");
    Check(length == sizeof(TOKEN_USER) + 12, "as long as a structure and a SID");
    CheckStatus(ZwQueryInformationToken(handle, TokenUser, buffer, sizeof(buffer), &length), STATUS_SUCCESS, "its user by handle");
    CheckStatus(ZwClose(handle), STATUS_SUCCESS, "close it");
}

/* A device's own descriptor, as a library that makes devices secure sets it. */
static VOID CheckDevice(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\SecurityTest");
    SECURITY_DESCRIPTOR descriptor;
    PDEVICE_OBJECT device;
    HANDLE handle = NULL;

    Build(&descriptor);
    if (!CheckStatus(IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS, "a device"))
        return;
    CheckStatus(ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle), STATUS_SUCCESS, "its handle");
    CheckStatus(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor), STATUS_SUCCESS, "ZwSetSecurityObject");
    CheckStatus(ZwClose(handle), STATUS_SUCCESS, "close it");
    IoDeleteDevice(device);
}

/* An object that only its reader may open once the check is asked for. */
static VOID CheckObject(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\SecurityTest");
    OBJECT_ATTRIBUTES attributes;
    SECURITY_DESCRIPTOR descriptor;
    HANDLE made, handle = NULL;

    Build(&descriptor);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, &descriptor);
    if (!CheckStatus(ZwCreateDirectoryObject(&made, DIRECTORY_ALL_ACCESS, &attributes), STATUS_SUCCESS, "a directory"))
        return;
    attributes.SecurityDescriptor = NULL;
    attributes.Attributes |= OBJ_FORCE_ACCESS_CHECK;
    CheckStatus(ZwOpenDirectoryObject(&handle, DIRECTORY_ALL_ACCESS, &attributes), STATUS_ACCESS_DENIED, "all of it is refused");
    if (CheckStatus(ZwOpenDirectoryObject(&handle, DIRECTORY_QUERY, &attributes), STATUS_SUCCESS, "reading is granted"))
        ZwClose(handle);
    attributes.Attributes &= ~OBJ_FORCE_ACCESS_CHECK;
    if (CheckStatus(ZwOpenDirectoryObject(&handle, DIRECTORY_ALL_ACCESS, &attributes), STATUS_SUCCESS, "unless nobody asks"))
        ZwClose(handle);
    ZwClose(made);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    CheckAccess();
    CheckPrivileges();
    CheckToken();
    CheckDevice(DriverObject);
    CheckObject();
    return CheckResult();
}
