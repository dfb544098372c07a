/* SPDX-License-Identifier: MIT
 * The security descriptor of a new object, from its parent's, the creator's word, and the creator's token.
 */
#include "sep.h"

#define SEP_DACL_AUTO_INHERIT 0x01u              /* SeAssignSecurityEx's AutoInheritFlags, SEF_... */
#define SEP_SACL_AUTO_INHERIT 0x02u
#define SEP_DEFAULT_DESCRIPTOR 0x04u
#define SEP_AVOID_PRIVILEGE_CHECK 0x08u
#define SEP_AVOID_OWNER_CHECK 0x10u
#define SEP_OWNER_FROM_PARENT 0x20u
#define SEP_GROUP_FROM_PARENT 0x40u

typedef struct SEP_ASSIGNMENT {
    RTL_DESCRIPTOR_PARTS Parent, Explicit, New;
    SEP_ACL_BUILDER Dacl, Sacl;
    TOKEN *Token;
    ULONG Flags;
} SEP_ASSIGNMENT;

NTSTATUS SepMakeDescriptor(const RTL_DESCRIPTOR_PARTS *Parts, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Descriptor)
{
    ULONG length = 0;
    PVOID buffer;
    NTSTATUS status = RtlMakeRelativeDescriptor(Parts, NULL, &length);

    buffer = ExAllocatePoolWithTag(PoolType, length, SEP_TAG_DESCRIPTOR);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = RtlMakeRelativeDescriptor(Parts, buffer, &length);
    if (NT_SUCCESS(status))
        *Descriptor = buffer;
    else
        ExFreePoolWithTag(buffer, SEP_TAG_DESCRIPTOR);
    return status;
}

BOOLEAN SepHoldsPrivilege(PSECURITY_SUBJECT_CONTEXT Subject, ULONG Number, KPROCESSOR_MODE Mode)
{
    PRIVILEGE_SET set = { 1, PRIVILEGE_SET_ALL_NECESSARY, { { { Number, 0 }, 0 } } };
    return SePrivilegeCheck(&set, Subject, Mode);
}

BOOLEAN SepValidOwner(PSECURITY_SUBJECT_CONTEXT Subject, PSID Owner, KPROCESSOR_MODE Mode)
{
    TOKEN *token = &SepToken(SepEffectiveToken(Subject))->Token;
    ULONG i;

    if (Mode == KernelMode)
        return TRUE;
    for (i = 0; i < token->UserAndGroupCount; i++) {
        ULONG attributes = token->UserAndGroups[i].Attributes;
        if ((attributes & SEP_GROUP_DENY_ONLY) || (i != 0 && !(attributes & SEP_GROUP_OWNER)))
            continue;
        if (RtlEqualSid(token->UserAndGroups[i].Sid, Owner))
            return TRUE;
    }
    return SepHoldsPrivilege(Subject, SE_RESTORE_PRIVILEGE, Mode);
}

static NTSTATUS SepAssignOwner(SEP_ASSIGNMENT *This, PSECURITY_SUBJECT_CONTEXT Subject, KPROCESSOR_MODE Mode)
{
    This->New.Owner = This->Explicit.Owner;
    if (This->New.Owner == NULL && (This->Flags & SEP_OWNER_FROM_PARENT))
        This->New.Owner = This->Parent.Owner;
    if (This->New.Owner == NULL)
        This->New.Owner = This->Token->UserAndGroups[This->Token->DefaultOwnerIndex].Sid;
    else if (!(This->Flags & SEP_AVOID_OWNER_CHECK) && !SepValidOwner(Subject, This->New.Owner, Mode))
        return STATUS_INVALID_OWNER;
    This->New.Group = This->Explicit.Group;
    if (This->New.Group == NULL && (This->Flags & SEP_GROUP_FROM_PARENT))
        This->New.Group = This->Parent.Group;
    if (This->New.Group == NULL)
        This->New.Group = This->Token->PrimaryGroup;
    return STATUS_SUCCESS;
}

/* One of the two ACLs: Given says that the creator named one himself. Default is used when there is nothing else. */
static NTSTATUS SepAssignAcl(SEP_ACL_BUILDER *Builder, PACL Given, BOOLEAN IsGiven, BOOLEAN IsDefault, BOOLEAN Protect, PACL Parent,
                             PACL Default)
{
    NTSTATUS status = SepBeginAcl(Builder, Given != NULL ? Given : Default, Parent);

    if (!NT_SUCCESS(status))
        return status;
    if (IsGiven && !IsDefault) {
        SepTakeOver(Builder, Given, Builder->AutoInherit && !Protect);
        if (Builder->AutoInherit && !Protect)
            SepInherit(Builder, Parent);
    } else {
        SepInherit(Builder, Parent);
        if (Builder->Acl->AceCount == 0)
            SepTakeOver(Builder, IsGiven ? Given : Default, FALSE);
    }
    SepEndAcl(Builder);
    return Builder->Status;
}

static NTSTATUS SepAssignDacl(SEP_ASSIGNMENT *This)
{
    USHORT control = This->Explicit.Control;
    BOOLEAN given = (control & SE_DACL_PRESENT) != 0;
    BOOLEAN isDefault = (control & SE_DACL_DEFAULTED) || (This->Flags & SEP_DEFAULT_DESCRIPTOR);
    NTSTATUS status;

    if (given && !isDefault && This->Explicit.Dacl == NULL) {    /* a NULL DACL: everybody everything */
        This->New.Control |= SE_DACL_PRESENT;
        return STATUS_SUCCESS;
    }
    status = SepAssignAcl(&This->Dacl, This->Explicit.Dacl, given, isDefault, (control & SE_DACL_PROTECTED) != 0,
                          This->Parent.Dacl, This->Token->DefaultDacl);
    if (This->Token->DefaultDacl == NULL && !given && NT_SUCCESS(status) && This->Dacl.Acl->AceCount == 0)
        return status;                           /* nothing at all: no DACL */
    This->New.Dacl = This->Dacl.Acl;
    This->New.Control |= SE_DACL_PRESENT | (control & SE_DACL_PROTECTED) |
                         (This->Dacl.AutoInherit ? SE_DACL_AUTO_INHERITED : 0);
    return status;
}

static NTSTATUS SepAssignSacl(SEP_ASSIGNMENT *This, PSECURITY_SUBJECT_CONTEXT Subject, KPROCESSOR_MODE Mode)
{
    USHORT control = This->Explicit.Control;
    BOOLEAN given = (control & SE_SACL_PRESENT) != 0;
    BOOLEAN isDefault = (control & SE_SACL_DEFAULTED) || (This->Flags & SEP_DEFAULT_DESCRIPTOR);
    NTSTATUS status;

    if (given && !isDefault && !(This->Flags & SEP_AVOID_PRIVILEGE_CHECK) && !SepHoldsPrivilege(Subject, SE_SECURITY_PRIVILEGE, Mode))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = SepAssignAcl(&This->Sacl, This->Explicit.Sacl, given, isDefault, (control & SE_SACL_PROTECTED) != 0,
                          This->Parent.Sacl, NULL);
    if (NT_SUCCESS(status) && (given || This->Sacl.Acl->AceCount != 0)) {
        This->New.Sacl = This->Sacl.Acl;
        This->New.Control |= SE_SACL_PRESENT | (control & SE_SACL_PROTECTED) |
                             (This->Sacl.AutoInherit ? SE_SACL_AUTO_INHERITED : 0);
    }
    return status;
}

static VOID SepPrepare(SEP_ACL_BUILDER *Builder, const SEP_ASSIGNMENT *This, const GUID *Type, BOOLEAN IsContainer, BOOLEAN Auto,
                       PGENERIC_MAPPING Mapping)
{
    Builder->Owner = This->New.Owner;
    Builder->Group = This->New.Group;
    Builder->ObjectType = Type;
    Builder->IsContainer = IsContainer;
    Builder->AutoInherit = Auto;
    Builder->Mapping = Mapping;
}

static NTSTATUS SepAssignParts(SEP_ASSIGNMENT *This, PSECURITY_SUBJECT_CONTEXT Subject, const GUID *Type, BOOLEAN IsContainer,
                               PGENERIC_MAPPING Mapping)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = SepAssignOwner(This, Subject, mode);

    if (!NT_SUCCESS(status))
        return status;
    SepPrepare(&This->Dacl, This, Type, IsContainer, (This->Flags & SEP_DACL_AUTO_INHERIT) != 0, Mapping);
    SepPrepare(&This->Sacl, This, Type, IsContainer, (This->Flags & SEP_SACL_AUTO_INHERIT) != 0, Mapping);
    status = SepAssignDacl(This);
    return NT_SUCCESS(status) ? SepAssignSacl(This, Subject, mode) : status;
}

NTSTATUS NTAPI SeAssignSecurityEx(PSECURITY_DESCRIPTOR ParentDescriptor, PSECURITY_DESCRIPTOR ExplicitDescriptor,
                                  PSECURITY_DESCRIPTOR *NewDescriptor, GUID *ObjectType, BOOLEAN IsDirectoryObject,
                                  ULONG AutoInheritFlags, PSECURITY_SUBJECT_CONTEXT SubjectContext, PGENERIC_MAPPING GenericMapping,
                                  POOL_TYPE PoolType)
{
    SEP_ASSIGNMENT this;
    NTSTATUS status = STATUS_SUCCESS;

    RtlZeroMemory(&this, sizeof(this));
    this.Token = &SepToken(SepEffectiveToken(SubjectContext))->Token;
    this.Flags = AutoInheritFlags;
    if (ParentDescriptor != NULL)
        RtlGetDescriptorParts(ParentDescriptor, &this.Parent);
    if (ExplicitDescriptor != NULL && !RtlValidSecurityDescriptor(ExplicitDescriptor))
        return STATUS_INVALID_SECURITY_DESCR;
    if (ExplicitDescriptor != NULL)
        RtlGetDescriptorParts(ExplicitDescriptor, &this.Explicit);
    status = SepAssignParts(&this, SubjectContext, ObjectType, IsDirectoryObject, GenericMapping);
    if (NT_SUCCESS(status))
        status = SepMakeDescriptor(&this.New, PagedPool, NewDescriptor);
    if (this.Dacl.Acl != NULL)
        ExFreePoolWithTag(this.Dacl.Acl, SEP_TAG_DESCRIPTOR);
    if (this.Sacl.Acl != NULL)
        ExFreePoolWithTag(this.Sacl.Acl, SEP_TAG_DESCRIPTOR);
    return status;
}

NTSTATUS NTAPI SeAssignSecurity(PSECURITY_DESCRIPTOR ParentDescriptor, PSECURITY_DESCRIPTOR ExplicitDescriptor,
                                PSECURITY_DESCRIPTOR *NewDescriptor, BOOLEAN IsDirectoryObject,
                                PSECURITY_SUBJECT_CONTEXT SubjectContext, PGENERIC_MAPPING GenericMapping, POOL_TYPE PoolType)
{
    return SeAssignSecurityEx(ParentDescriptor, ExplicitDescriptor, NewDescriptor, NULL, IsDirectoryObject, 0, SubjectContext,
                              GenericMapping, PoolType);
}

NTSTATUS NTAPI SeDeassignSecurity(PSECURITY_DESCRIPTOR *SecurityDescriptor)
{
    if (*SecurityDescriptor != NULL)
        ExFreePool(*SecurityDescriptor);
    *SecurityDescriptor = NULL;
    return STATUS_SUCCESS;
}
