/* SPDX-License-Identifier: MIT
 * Security descriptors as data: capturing a caller's, reading parts of an object's, replacing parts of it.
 */
#include "sep.h"

#define SEP_OWNER_CONTROL SE_OWNER_DEFAULTED
#define SEP_GROUP_CONTROL SE_GROUP_DEFAULTED
#define SEP_DACL_CONTROL (SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED)
#define SEP_SACL_CONTROL (SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED)

/* ---- Capturing ---- */
static NTSTATUS SepCheckDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    RTL_DESCRIPTOR_PARTS parts;

    if (((PISECURITY_DESCRIPTOR)Descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION1)
        return STATUS_UNKNOWN_REVISION;
    RtlGetDescriptorParts(Descriptor, &parts);
    if ((parts.Owner != NULL && !RtlValidSid(parts.Owner)) || (parts.Group != NULL && !RtlValidSid(parts.Group)))
        return STATUS_INVALID_SID;
    if ((parts.Dacl != NULL && !RtlValidAcl(parts.Dacl)) || (parts.Sacl != NULL && !RtlValidAcl(parts.Sacl)))
        return STATUS_INVALID_ACL;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, KPROCESSOR_MODE Mode, POOL_TYPE PoolType,
                                           BOOLEAN ForceCapture, PSECURITY_DESCRIPTOR *CapturedDescriptor)
{
    RTL_DESCRIPTOR_PARTS parts;
    NTSTATUS status;

    if (Descriptor == NULL || (Mode == KernelMode && !ForceCapture)) {
        *CapturedDescriptor = Descriptor;
        return STATUS_SUCCESS;
    }
    if (Mode != KernelMode)
        return SepReadCallerDescriptor(Descriptor, PoolType, CapturedDescriptor);
    status = SepCheckDescriptor(Descriptor);
    if (!NT_SUCCESS(status))
        return status;
    RtlGetDescriptorParts(Descriptor, &parts);
    return SepMakeDescriptor(&parts, PoolType, CapturedDescriptor);
}

NTSTATUS NTAPI SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR CapturedDescriptor, KPROCESSOR_MODE Mode, BOOLEAN ForceCapture)
{
    if (CapturedDescriptor != NULL && (Mode != KernelMode || ForceCapture))
        ExFreePoolWithTag(CapturedDescriptor, SEP_TAG_DESCRIPTOR);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI SeValidSecurityDescriptor(ULONG Length, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return RtlValidRelativeSecurityDescriptor(SecurityDescriptor, Length, OWNER_SECURITY_INFORMATION);
}

/* ---- Reading ---- */
static VOID SepSelectParts(SECURITY_INFORMATION Wanted, const RTL_DESCRIPTOR_PARTS *From, RTL_DESCRIPTOR_PARTS *To)
{
    if (Wanted & OWNER_SECURITY_INFORMATION) {
        To->Owner = From->Owner;
        To->Control |= From->Control & SEP_OWNER_CONTROL;
    }
    if (Wanted & GROUP_SECURITY_INFORMATION) {
        To->Group = From->Group;
        To->Control |= From->Control & SEP_GROUP_CONTROL;
    }
    if (Wanted & DACL_SECURITY_INFORMATION) {
        To->Dacl = From->Dacl;
        To->Control |= From->Control & SEP_DACL_CONTROL;
    }
    if (Wanted & SACL_SECURITY_INFORMATION) {
        To->Sacl = From->Sacl;
        To->Control |= From->Control & SEP_SACL_CONTROL;
    }
}

/* An object without a descriptor has an empty one. */
NTSTATUS NTAPI SeQuerySecurityDescriptorInfo(PSECURITY_INFORMATION SecurityInformation, PSECURITY_DESCRIPTOR SecurityDescriptor,
                                             PULONG Length, PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor)
{
    RTL_DESCRIPTOR_PARTS all, wanted;

    RtlZeroMemory(&wanted, sizeof(wanted));
    if (*ObjectsSecurityDescriptor != NULL) {
        RtlGetDescriptorParts(*ObjectsSecurityDescriptor, &all);
        SepSelectParts(*SecurityInformation, &all, &wanted);
    }
    return RtlMakeRelativeDescriptor(&wanted, SecurityDescriptor, Length);
}

/* ---- Replacing ---- */
/* A new ACL in place of the old, with the type's rights; *Built is the caller's to free. */
static NTSTATUS SepReplaceAcl(PACL Acl, PGENERIC_MAPPING Mapping, PACL *Built)
{
    SEP_ACL_BUILDER builder = { .Mapping = Mapping, .IsContainer = TRUE };
    NTSTATUS status;

    *Built = NULL;
    if (Acl == NULL)
        return STATUS_SUCCESS;
    status = SepBeginAcl(&builder, Acl, NULL);
    if (!NT_SUCCESS(status))
        return status;
    SepTakeOver(&builder, Acl, FALSE);
    SepEndAcl(&builder);
    *Built = builder.Acl;
    return builder.Status;
}

static NTSTATUS SepCheckNewOwner(SECURITY_INFORMATION What, const RTL_DESCRIPTOR_PARTS *Change)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NTSTATUS status = STATUS_SUCCESS;

    if ((What & GROUP_SECURITY_INFORMATION) && Change->Group == NULL)
        return STATUS_INVALID_PRIMARY_GROUP;
    if (!(What & OWNER_SECURITY_INFORMATION))
        return STATUS_SUCCESS;
    if (Change->Owner == NULL)
        return STATUS_INVALID_OWNER;
    SeCaptureSubjectContext(&subject);
    if (!SepValidOwner(&subject, Change->Owner, ObPreviousMode()))
        status = STATUS_INVALID_OWNER;
    SeReleaseSubjectContext(&subject);
    return status;
}

/* The object's parts with those that What names taken from the change. */
static VOID SepMerge(SECURITY_INFORMATION What, const RTL_DESCRIPTOR_PARTS *Old, const RTL_DESCRIPTOR_PARTS *Change,
                     RTL_DESCRIPTOR_PARTS *New)
{
    SECURITY_INFORMATION all = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION |
                               SACL_SECURITY_INFORMATION;

    RtlZeroMemory(New, sizeof(*New));
    SepSelectParts(all & ~What, Old, New);
    SepSelectParts(What, Change, New);
    if (What & PROTECTED_DACL_SECURITY_INFORMATION)
        New->Control |= SE_DACL_PROTECTED;
    if (What & PROTECTED_SACL_SECURITY_INFORMATION)
        New->Control |= SE_SACL_PROTECTED;
    if (What & UNPROTECTED_DACL_SECURITY_INFORMATION)
        New->Control &= (USHORT) ~SE_DACL_PROTECTED;
    if (What & UNPROTECTED_SACL_SECURITY_INFORMATION)
        New->Control &= (USHORT) ~SE_SACL_PROTECTED;
}

/* The old descriptor stays the caller's; *ObjectsSecurityDescriptor becomes a new one on success. */
NTSTATUS NTAPI SeSetSecurityDescriptorInfo(PVOID Object, PSECURITY_INFORMATION SecurityInformation,
                                           PSECURITY_DESCRIPTOR ModificationDescriptor,
                                           PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor, POOL_TYPE PoolType,
                                           PGENERIC_MAPPING GenericMapping)
{
    RTL_DESCRIPTOR_PARTS old, change, new;
    PACL dacl = NULL, sacl = NULL;
    NTSTATUS status;

    if (*ObjectsSecurityDescriptor == NULL)
        return STATUS_NO_SECURITY_ON_OBJECT;
    if (!(((PISECURITY_DESCRIPTOR)*ObjectsSecurityDescriptor)->Control & SE_SELF_RELATIVE))
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    status = SepCheckDescriptor(ModificationDescriptor);
    if (!NT_SUCCESS(status))
        return status;
    RtlGetDescriptorParts(*ObjectsSecurityDescriptor, &old);
    RtlGetDescriptorParts(ModificationDescriptor, &change);
    status = SepCheckNewOwner(*SecurityInformation, &change);
    if (NT_SUCCESS(status))
        status = SepReplaceAcl(change.Dacl, GenericMapping, &dacl);
    if (NT_SUCCESS(status))
        status = SepReplaceAcl(change.Sacl, GenericMapping, &sacl);
    change.Dacl = dacl;
    change.Sacl = sacl;
    SepMerge(*SecurityInformation, &old, &change, &new);
    if (NT_SUCCESS(status))
        status = SepMakeDescriptor(&new, PoolType, ObjectsSecurityDescriptor);
    if (dacl != NULL)
        ExFreePoolWithTag(dacl, SEP_TAG_DESCRIPTOR);
    if (sacl != NULL)
        ExFreePoolWithTag(sacl, SEP_TAG_DESCRIPTOR);
    return status;
}
