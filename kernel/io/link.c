/* SPDX-License-Identifier: MIT
 * Names that lead to devices.
 */
#include "iop.h"

NTSTATUS NTAPI IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE link;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, SymbolicLinkName, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, &attributes, DeviceName);
    return NT_SUCCESS(status) ? ZwClose(link) : status;
}

/* Unprotected: without a security descriptor, which is what no link has yet. */
NTSTATUS NTAPI IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return IoCreateSymbolicLink(SymbolicLinkName, DeviceName);
}

NTSTATUS NTAPI IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE link;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, SymbolicLinkName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenSymbolicLinkObject(&link, DELETE, &attributes);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwMakeTemporaryObject(link);
    ZwClose(link);
    return status;
}
