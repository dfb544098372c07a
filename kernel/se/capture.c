/* SPDX-License-Identifier: MIT
 * Security descriptors, SIDs and lists out of a user's memory, each part read once and then checked where nobody can change it.
 */
#include "sep.h"
#include "mm.h"

NTSTATUS SepReadCallerSid(KPROCESSOR_MODE Mode, PSID From, PSID *Sid)
{
    ULONG length;
    SID head;
    PVOID copy;
    NTSTATUS status = MmReadCaller(Mode, &head, From, FIELD_OFFSET(SID, SubAuthority));

    if (!NT_SUCCESS(status))
        return status;
    if (head.Revision != SID_REVISION || head.SubAuthorityCount > SID_MAX_SUB_AUTHORITIES)
        return STATUS_INVALID_SID;
    length = RtlLengthRequiredSid(head.SubAuthorityCount);
    status = MmReadCallerBlock(Mode, From, length, &copy);
    if (!NT_SUCCESS(status))
        return status;
    RtlCopyMemory(copy, &head, FIELD_OFFSET(SID, SubAuthority));         /* what was checked */
    *Sid = copy;
    return STATUS_SUCCESS;
}

NTSTATUS SepReadCallerAcl(KPROCESSOR_MODE Mode, PACL From, PACL *Acl)
{
    ACL head;
    PVOID copy;
    NTSTATUS status = MmReadCaller(Mode, &head, From, sizeof(head));

    if (!NT_SUCCESS(status))
        return status;
    if (head.AclSize < sizeof(head))
        return STATUS_INVALID_ACL;
    status = MmReadCallerBlock(Mode, From, head.AclSize, &copy);
    if (!NT_SUCCESS(status))
        return status;
    RtlCopyMemory(copy, &head, sizeof(head));
    if (!RtlValidAcl(copy)) {
        MmFreeCallerBlock(copy);
        return STATUS_INVALID_ACL;
    }
    *Acl = copy;
    return STATUS_SUCCESS;
}

NTSTATUS SepReadCallerPrivileges(KPROCESSOR_MODE Mode, const TOKEN_PRIVILEGES *From, PTOKEN_PRIVILEGES *Privileges)
{
    ULONG count;
    PVOID copy;
    NTSTATUS status = MmReadCaller(Mode, &count, &From->PrivilegeCount, sizeof(count));

    if (!NT_SUCCESS(status))
        return status;
    if (count > SEP_MOST_ENTRIES)
        return STATUS_INVALID_PARAMETER;
    status = MmReadCallerBlock(Mode, From, FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) + count * sizeof(LUID_AND_ATTRIBUTES), &copy);
    if (!NT_SUCCESS(status))
        return status;
    *Privileges = copy;
    (*Privileges)->PrivilegeCount = count;       /* as it was when its size was taken */
    return STATUS_SUCCESS;
}

/* Where the parts of the caller's descriptor are said to lie. */
static NTSTATUS SepLocateParts(PSECURITY_DESCRIPTOR From, RTL_DESCRIPTOR_PARTS *Parts)
{
    SECURITY_DESCRIPTOR_RELATIVE relative;
    SECURITY_DESCRIPTOR absolute;
    NTSTATUS status = MmReadCaller(UserMode, &relative, From, sizeof(relative));

    if (!NT_SUCCESS(status))
        return status;
    if (relative.Revision != SECURITY_DESCRIPTOR_REVISION1)
        return STATUS_UNKNOWN_REVISION;
    RtlZeroMemory(Parts, sizeof(*Parts));
    Parts->Control = relative.Control;
    if (relative.Control & SE_SELF_RELATIVE) {
        Parts->Owner = relative.Owner != 0 ? (PUCHAR)From + relative.Owner : NULL;
        Parts->Group = relative.Group != 0 ? (PUCHAR)From + relative.Group : NULL;
        Parts->Sacl = relative.Sacl != 0 ? (PVOID)((PUCHAR)From + relative.Sacl) : NULL;
        Parts->Dacl = relative.Dacl != 0 ? (PVOID)((PUCHAR)From + relative.Dacl) : NULL;
    } else {
        status = MmReadCaller(UserMode, &absolute, From, sizeof(absolute));
        if (!NT_SUCCESS(status))
            return status;
        Parts->Owner = absolute.Owner;
        Parts->Group = absolute.Group;
        Parts->Sacl = absolute.Sacl;
        Parts->Dacl = absolute.Dacl;
    }
    if (!(Parts->Control & SE_SACL_PRESENT))
        Parts->Sacl = NULL;
    if (!(Parts->Control & SE_DACL_PRESENT))
        Parts->Dacl = NULL;
    return STATUS_SUCCESS;
}

static VOID SepFreeParts(const RTL_DESCRIPTOR_PARTS *Parts)
{
    MmFreeCallerBlock(Parts->Owner);
    MmFreeCallerBlock(Parts->Group);
    MmFreeCallerBlock(Parts->Sacl);
    MmFreeCallerBlock(Parts->Dacl);
}

NTSTATUS SepReadCallerDescriptor(PSECURITY_DESCRIPTOR From, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Captured)
{
    RTL_DESCRIPTOR_PARTS there, here;
    NTSTATUS status = SepLocateParts(From, &there);

    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(&here, sizeof(here));
    here.Control = there.Control;
    if (there.Owner != NULL)
        status = SepReadCallerSid(UserMode, there.Owner, &here.Owner);
    if (NT_SUCCESS(status) && there.Group != NULL)
        status = SepReadCallerSid(UserMode, there.Group, &here.Group);
    if (NT_SUCCESS(status) && there.Sacl != NULL)
        status = SepReadCallerAcl(UserMode, there.Sacl, &here.Sacl);
    if (NT_SUCCESS(status) && there.Dacl != NULL)
        status = SepReadCallerAcl(UserMode, there.Dacl, &here.Dacl);
    if (NT_SUCCESS(status))
        status = SepMakeDescriptor(&here, PoolType, Captured);
    SepFreeParts(&here);
    return status;
}
