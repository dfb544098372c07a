/* SPDX-License-Identifier: MIT
 * Sound security descriptors, how long they are, and turning one format into the other.
 *
 *   self-relative:  header | SACL | DACL | owner | group     each on a multiple of 4, only those that are there
 */
#include "rtlp.h"
#include "rtlsecurity.h"

#define RTLP_ALIGN(length) (((length) + 3u) & ~3u)

/* ---- Validity ---- */
static BOOLEAN RtlpPartsValid(const RTL_DESCRIPTOR_PARTS *parts)
{
    return (parts->Owner == NULL || RtlValidSid(parts->Owner)) && (parts->Group == NULL || RtlValidSid(parts->Group)) &&
           (parts->Sacl == NULL || RtlValidAcl(parts->Sacl)) && (parts->Dacl == NULL || RtlValidAcl(parts->Dacl));
}

BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    RTL_DESCRIPTOR_PARTS parts;

    if (SecurityDescriptor == NULL || ((PISECURITY_DESCRIPTOR)SecurityDescriptor)->Revision != SECURITY_DESCRIPTOR_REVISION1)
        return FALSE;
    RtlGetDescriptorParts(SecurityDescriptor, &parts);
    return RtlpPartsValid(&parts);
}

/* Offset leads to Minimum bytes inside the buffer behind the header. */
static BOOLEAN RtlpOffsetFits(ULONG offset, ULONG minimum, ULONG length)
{
    return offset >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) && (offset & 3) == 0 && offset <= length && length - offset >= minimum;
}

static BOOLEAN RtlpRelativeSidFits(PUCHAR base, ULONG offset, ULONG length)
{
    if (offset == 0)
        return TRUE;
    return RtlpOffsetFits(offset, FIELD_OFFSET(SID, SubAuthority), length) && RtlValidSid(base + offset) &&
           RtlLengthSid(base + offset) <= length - offset;
}

static BOOLEAN RtlpRelativeAclFits(PUCHAR base, ULONG offset, ULONG length)
{
    if (offset == 0)
        return TRUE;
    return RtlpOffsetFits(offset, sizeof(ACL), length) && ((PACL)(base + offset))->AclSize <= length - offset &&
           RtlValidAcl((PACL)(base + offset));
}

BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptorInput, ULONG SecurityDescriptorLength,
                                                 SECURITY_INFORMATION RequiredInformation)
{
    PISECURITY_DESCRIPTOR_RELATIVE sd = SecurityDescriptorInput;
    PUCHAR base = SecurityDescriptorInput;
    ULONG length = SecurityDescriptorLength;

    if (sd == NULL || length < sizeof(*sd) || sd->Revision != SECURITY_DESCRIPTOR_REVISION1 || !(sd->Control & SE_SELF_RELATIVE))
        return FALSE;
    if (((RequiredInformation & OWNER_SECURITY_INFORMATION) && sd->Owner == 0) ||
        ((RequiredInformation & GROUP_SECURITY_INFORMATION) && sd->Group == 0) ||
        ((RequiredInformation & DACL_SECURITY_INFORMATION) && !(sd->Control & SE_DACL_PRESENT)) ||
        ((RequiredInformation & SACL_SECURITY_INFORMATION) && !(sd->Control & SE_SACL_PRESENT)))
        return FALSE;
    return RtlpRelativeSidFits(base, sd->Owner, length) && RtlpRelativeSidFits(base, sd->Group, length) &&
           (!(sd->Control & SE_DACL_PRESENT) || RtlpRelativeAclFits(base, sd->Dacl, length)) &&
           (!(sd->Control & SE_SACL_PRESENT) || RtlpRelativeAclFits(base, sd->Sacl, length));
}

/* ---- Length ---- */
static ULONG RtlpSidBytes(PSID sid) { return sid != NULL ? RTLP_ALIGN(RtlLengthSid(sid)) : 0; }
static ULONG RtlpAclBytes(PACL acl) { return acl != NULL ? RTLP_ALIGN((ULONG)acl->AclSize) : 0; }

static ULONG RtlpPartsBytes(const RTL_DESCRIPTOR_PARTS *parts)
{
    return RtlpAclBytes(parts->Sacl) + RtlpAclBytes(parts->Dacl) + RtlpSidBytes(parts->Owner) + RtlpSidBytes(parts->Group);
}

ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    RTL_DESCRIPTOR_PARTS parts;

    RtlGetDescriptorParts(SecurityDescriptor, &parts);
    return RtlpPartsBytes(&parts) + (parts.Control & SE_SELF_RELATIVE ? (ULONG)sizeof(SECURITY_DESCRIPTOR_RELATIVE)
                                                                      : (ULONG)sizeof(SECURITY_DESCRIPTOR));
}

/* ---- To self-relative ---- */
static ULONG RtlpAppend(PUCHAR base, PULONG used, const VOID *part, ULONG bytes, ULONG room)
{
    ULONG offset = *used;

    if (part == NULL)
        return 0;
    memcpy(base + offset, part, bytes);
    memset(base + offset + bytes, 0, room - bytes);
    *used += room;
    return offset;
}

NTSTATUS RtlMakeRelativeDescriptor(const RTL_DESCRIPTOR_PARTS *Parts, PSECURITY_DESCRIPTOR Buffer, PULONG BufferLength)
{
    PISECURITY_DESCRIPTOR_RELATIVE sd = Buffer;
    ULONG needed = (ULONG)sizeof(*sd) + RtlpPartsBytes(Parts), used = sizeof(*sd);

    if (Buffer == NULL || *BufferLength < needed) {
        *BufferLength = needed;
        return STATUS_BUFFER_TOO_SMALL;
    }
    *BufferLength = needed;
    sd->Revision = SECURITY_DESCRIPTOR_REVISION1;
    sd->Sbz1 = 0;
    sd->Control = (SECURITY_DESCRIPTOR_CONTROL)(Parts->Control | SE_SELF_RELATIVE);
    sd->Sacl = RtlpAppend(Buffer, &used, Parts->Sacl, Parts->Sacl != NULL ? Parts->Sacl->AclSize : 0, RtlpAclBytes(Parts->Sacl));
    sd->Dacl = RtlpAppend(Buffer, &used, Parts->Dacl, Parts->Dacl != NULL ? Parts->Dacl->AclSize : 0, RtlpAclBytes(Parts->Dacl));
    sd->Owner = RtlpAppend(Buffer, &used, Parts->Owner, RtlpSidBytes(Parts->Owner), RtlpSidBytes(Parts->Owner));
    sd->Group = RtlpAppend(Buffer, &used, Parts->Group, RtlpSidBytes(Parts->Group), RtlpSidBytes(Parts->Group));
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
                                           PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor, PULONG BufferLength)
{
    RTL_DESCRIPTOR_PARTS parts;

    if (((PISECURITY_DESCRIPTOR)AbsoluteSecurityDescriptor)->Control & SE_SELF_RELATIVE)
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    if (!RtlValidSecurityDescriptor(AbsoluteSecurityDescriptor))
        return STATUS_INVALID_SECURITY_DESCR;
    RtlGetDescriptorParts(AbsoluteSecurityDescriptor, &parts);
    return RtlMakeRelativeDescriptor(&parts, SelfRelativeSecurityDescriptor, BufferLength);
}

/* ---- To absolute ---- */
static BOOLEAN RtlpHasRoom(PULONG size, ULONG needed, const VOID *buffer)
{
    BOOLEAN room = *size >= needed && (needed == 0 || buffer != NULL);
    *size = needed;
    return room;
}

NTSTATUS NTAPI RtlSelfRelativeToAbsoluteSD(PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
                                           PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor, PULONG AbsoluteSecurityDescriptorSize,
                                           PACL Dacl, PULONG DaclSize, PACL Sacl, PULONG SaclSize, PSID Owner, PULONG OwnerSize,
                                           PSID PrimaryGroup, PULONG PrimaryGroupSize)
{
    PISECURITY_DESCRIPTOR sd = AbsoluteSecurityDescriptor;
    RTL_DESCRIPTOR_PARTS parts;
    BOOLEAN room;

    if (!(((PISECURITY_DESCRIPTOR)SelfRelativeSecurityDescriptor)->Control & SE_SELF_RELATIVE))
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    if (!RtlValidSecurityDescriptor(SelfRelativeSecurityDescriptor))
        return STATUS_INVALID_SECURITY_DESCR;
    RtlGetDescriptorParts(SelfRelativeSecurityDescriptor, &parts);
    room = RtlpHasRoom(AbsoluteSecurityDescriptorSize, sizeof(*sd), sd);
    room &= RtlpHasRoom(DaclSize, RtlpAclBytes(parts.Dacl), Dacl);
    room &= RtlpHasRoom(SaclSize, RtlpAclBytes(parts.Sacl), Sacl);
    room &= RtlpHasRoom(OwnerSize, RtlpSidBytes(parts.Owner), Owner);
    room &= RtlpHasRoom(PrimaryGroupSize, RtlpSidBytes(parts.Group), PrimaryGroup);
    if (!room)
        return STATUS_BUFFER_TOO_SMALL;
    sd->Revision = SECURITY_DESCRIPTOR_REVISION1;
    sd->Sbz1 = 0;
    sd->Control = (SECURITY_DESCRIPTOR_CONTROL)(parts.Control & ~SE_SELF_RELATIVE);
    sd->Dacl = parts.Dacl != NULL ? memcpy(Dacl, parts.Dacl, parts.Dacl->AclSize) : NULL;
    sd->Sacl = parts.Sacl != NULL ? memcpy(Sacl, parts.Sacl, parts.Sacl->AclSize) : NULL;
    sd->Owner = parts.Owner != NULL ? memcpy(Owner, parts.Owner, *OwnerSize) : NULL;
    sd->Group = parts.Group != NULL ? memcpy(PrimaryGroup, parts.Group, *PrimaryGroupSize) : NULL;
    return STATUS_SUCCESS;
}
