/* SPDX-License-Identifier: MIT
 * Who may open a device that nobody has set a descriptor for. Administrators and the system may do everything; everybody else may read, write
 * and execute, as Microsoft's "Securing device objects" has it for most types, but not write to what holds others' files.
 */
#include "iop.h"
#include "se.h"

static SECURITY_DESCRIPTOR IopOpenDescriptor, IopStorageDescriptor;     /* I */

static BOOLEAN IopIsStorage(DEVICE_TYPE Type)
{
    switch (Type) {
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM:
    case FILE_DEVICE_FILE_SYSTEM:
    case FILE_DEVICE_MASS_STORAGE:
    case FILE_DEVICE_TAPE:
    case FILE_DEVICE_TAPE_FILE_SYSTEM:
    case FILE_DEVICE_VIRTUAL_DISK:
        return TRUE;
    default:
        return FALSE;
    }
}

static VOID IopMust(NTSTATUS Status)
{
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(0x69, (ULONG_PTR)Status, 0, 0, 0);        /* IO1_INITIALIZATION_FAILED */
}

static VOID IopMakeDescriptor(SECURITY_DESCRIPTOR *Descriptor, PACL Dacl)
{
    IopMust(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION));
    IopMust(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Dacl, FALSE));
}

VOID IopInitializeDeviceSecurity(VOID)
{
    static DECLSPEC_ALIGN(8) UCHAR buffer[sizeof(ACL) + 3 * 24];
    PACL acl = (PACL)buffer;

    IopMust(RtlCreateAcl(acl, sizeof(buffer), ACL_REVISION));
    IopMust(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE, SeExports->SeWorldSid));
    IopMust(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeLocalSystemSid));
    IopMust(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeAliasAdminsSid));
    IopMakeDescriptor(&IopOpenDescriptor, acl);
    IopMakeDescriptor(&IopStorageDescriptor, SePublicDefaultDacl);
}

PSECURITY_DESCRIPTOR IopDefaultDescriptor(DEVICE_TYPE Type) { return IopIsStorage(Type) ? &IopStorageDescriptor : &IopOpenDescriptor; }
