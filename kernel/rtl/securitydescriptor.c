/* SPDX-License-Identifier: MIT
 * Security descriptors, absolute (pointers) and self-relative (offsets): making them, their parts, and whether they are sound.
 */
#include "rtlp.h"
#include "rtlsecurity.h"

static BOOLEAN RtlpKnownDescriptor(PSECURITY_DESCRIPTOR sd)
{
    return ((PISECURITY_DESCRIPTOR)sd)->Revision == SECURITY_DESCRIPTOR_REVISION1;
}

NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION1)
        return STATUS_UNKNOWN_REVISION;
    memset(SecurityDescriptor, 0, sizeof(SECURITY_DESCRIPTOR));
    ((PISECURITY_DESCRIPTOR)SecurityDescriptor)->Revision = SECURITY_DESCRIPTOR_REVISION1;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCreateSecurityDescriptorRelative(PISECURITY_DESCRIPTOR_RELATIVE SecurityDescriptor, ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION1)
        return STATUS_UNKNOWN_REVISION;
    memset(SecurityDescriptor, 0, sizeof(*SecurityDescriptor));
    SecurityDescriptor->Revision = SECURITY_DESCRIPTOR_REVISION1;
    SecurityDescriptor->Control = SE_SELF_RELATIVE;
    return STATUS_SUCCESS;
}

/* ---- Parts ---- */
static PVOID RtlpAtOffset(PSECURITY_DESCRIPTOR sd, ULONG offset) { return offset != 0 ? (PUCHAR)sd + offset : NULL; }

VOID RtlGetDescriptorParts(PSECURITY_DESCRIPTOR SecurityDescriptor, RTL_DESCRIPTOR_PARTS *Parts)
{
    PISECURITY_DESCRIPTOR absolute = SecurityDescriptor;
    PISECURITY_DESCRIPTOR_RELATIVE relative = SecurityDescriptor;

    if (absolute->Control & SE_SELF_RELATIVE) {
        Parts->Owner = RtlpAtOffset(relative, relative->Owner);
        Parts->Group = RtlpAtOffset(relative, relative->Group);
        Parts->Sacl = RtlpAtOffset(relative, relative->Sacl);
        Parts->Dacl = RtlpAtOffset(relative, relative->Dacl);
    } else {
        Parts->Owner = absolute->Owner;
        Parts->Group = absolute->Group;
        Parts->Sacl = absolute->Sacl;
        Parts->Dacl = absolute->Dacl;
    }
    Parts->Control = absolute->Control;
    if (!(Parts->Control & SE_SACL_PRESENT))
        Parts->Sacl = NULL;
    if (!(Parts->Control & SE_DACL_PRESENT))
        Parts->Dacl = NULL;
}

static NTSTATUS RtlpPartsToGet(PSECURITY_DESCRIPTOR sd, RTL_DESCRIPTOR_PARTS *parts)
{
    if (!RtlpKnownDescriptor(sd))
        return STATUS_UNKNOWN_REVISION;
    RtlGetDescriptorParts(sd, parts);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Owner, PBOOLEAN OwnerDefaulted)
{
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status = RtlpPartsToGet(SecurityDescriptor, &parts);

    if (!NT_SUCCESS(status))
        return status;
    *Owner = parts.Owner;
    *OwnerDefaulted = (parts.Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Group, PBOOLEAN GroupDefaulted)
{
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status = RtlpPartsToGet(SecurityDescriptor, &parts);

    if (!NT_SUCCESS(status))
        return status;
    *Group = parts.Group;
    *GroupDefaulted = (parts.Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN DaclPresent, PACL *Dacl,
                                            PBOOLEAN DaclDefaulted)
{
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status = RtlpPartsToGet(SecurityDescriptor, &parts);

    if (!NT_SUCCESS(status))
        return status;
    *DaclPresent = (parts.Control & SE_DACL_PRESENT) != 0;
    if (*DaclPresent) {
        *Dacl = parts.Dacl;
        *DaclDefaulted = (parts.Control & SE_DACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN SaclPresent, PACL *Sacl,
                                            PBOOLEAN SaclDefaulted)
{
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status = RtlpPartsToGet(SecurityDescriptor, &parts);

    if (!NT_SUCCESS(status))
        return status;
    *SaclPresent = (parts.Control & SE_SACL_PRESENT) != 0;
    if (*SaclPresent) {
        *Sacl = parts.Sacl;
        *SaclDefaulted = (parts.Control & SE_SACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

/* ---- Setting: absolute descriptors only; what is set is referred to, not copied ---- */
static NTSTATUS RtlpMaySet(PISECURITY_DESCRIPTOR sd)
{
    if (!RtlpKnownDescriptor(sd))
        return STATUS_UNKNOWN_REVISION;
    return sd->Control & SE_SELF_RELATIVE ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

static VOID RtlpSetControl(PISECURITY_DESCRIPTOR sd, ULONG mask, ULONG bits)
{
    sd->Control = (SECURITY_DESCRIPTOR_CONTROL)((sd->Control & ~mask) | bits);
}

static NTSTATUS RtlpSetSid(PISECURITY_DESCRIPTOR sd, PSID *where, PSID sid, ULONG defaultedBit, BOOLEAN defaulted)
{
    NTSTATUS status = RtlpMaySet(sd);

    if (!NT_SUCCESS(status))
        return status;
    *where = sid;
    RtlpSetControl(sd, defaultedBit, defaulted ? defaultedBit : 0);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Owner, BOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR sd = SecurityDescriptor;
    return RtlpSetSid(sd, &sd->Owner, Owner, SE_OWNER_DEFAULTED, OwnerDefaulted);
}

NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Group, BOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR sd = SecurityDescriptor;
    return RtlpSetSid(sd, &sd->Group, Group, SE_GROUP_DEFAULTED, GroupDefaulted);
}

C_ASSERT(SE_DACL_DEFAULTED == SE_DACL_PRESENT << 1 && SE_SACL_DEFAULTED == SE_SACL_PRESENT << 1);

/* A list that is not there leaves the pointer and whether it was a default one alone. */
static NTSTATUS RtlpSetAcl(PISECURITY_DESCRIPTOR sd, PACL *where, PACL acl, ULONG presentBit, BOOLEAN present, BOOLEAN defaulted)
{
    NTSTATUS status = RtlpMaySet(sd);

    if (!NT_SUCCESS(status))
        return status;
    if (!present) {
        RtlpSetControl(sd, presentBit, 0);
        return STATUS_SUCCESS;
    }
    *where = acl;
    RtlpSetControl(sd, presentBit | presentBit << 1, presentBit | (defaulted ? presentBit << 1 : 0));
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent, PACL Dacl,
                                            BOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR sd = SecurityDescriptor;
    return RtlpSetAcl(sd, &sd->Dacl, Dacl, SE_DACL_PRESENT, DaclPresent, DaclDefaulted);
}

NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN SaclPresent, PACL Sacl,
                                            BOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR sd = SecurityDescriptor;
    return RtlpSetAcl(sd, &sd->Sacl, Sacl, SE_SACL_PRESENT, SaclPresent, SaclDefaulted);
}
