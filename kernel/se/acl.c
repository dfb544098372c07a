/* SPDX-License-Identifier: MIT
 * ACLs of new and changed objects: entries are taken over or inherited, generic rights become the type's own, CREATOR OWNER and
 * CREATOR GROUP become whoever that is. An entry that is both in force and inheritable, and would change, is split in two.
 */
#include "sep.h"

#define SEP_INHERIT_FLAGS (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | NO_PROPAGATE_INHERIT_ACE)
#define SEP_GENERIC (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL)

NTSTATUS SepBeginAcl(SEP_ACL_BUILDER *Builder, PACL First, PACL Second)
{
    ULONG room = sizeof(ACL), sidRoom = 8 + 4 * SID_MAX_SUB_AUTHORITIES;

    room += First != NULL ? 2u * First->AclSize + First->AceCount * sidRoom : 0;
    room += Second != NULL ? 2u * Second->AclSize + Second->AceCount * sidRoom : 0;
    room = min(room, 0xFFFCu);
    Builder->Acl = ExAllocatePoolWithTag(PagedPool, room, SEP_TAG_DESCRIPTOR);
    if (Builder->Acl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Builder->Status = RtlCreateAcl(Builder->Acl, room, ACL_REVISION);
    Builder->Used = sizeof(ACL);
    return Builder->Status;
}

VOID SepEndAcl(SEP_ACL_BUILDER *Builder) { Builder->Acl->AclSize = (USHORT)Builder->Used; }

static PSID SepSubstitute(const SEP_ACL_BUILDER *Builder, PSID Sid)
{
    if (Builder->Owner != NULL && RtlEqualSid(Sid, SepCreatorOwnerSid))
        return Builder->Owner;
    return Builder->Group != NULL && RtlEqualSid(Sid, SepCreatorGroupSid) ? Builder->Group : Sid;
}

/* Appends the entry with the flags; Translate: as it is in force on this object. */
static VOID SepAppendAce(SEP_ACL_BUILDER *Builder, const ACE_HEADER *Ace, UCHAR Flags, BOOLEAN Translate)
{
    PSID sid = RtlAceSid(Ace), with = sid != NULL && Translate ? SepSubstitute(Builder, sid) : sid;
    ULONG head = sid != NULL ? (ULONG)((PUCHAR)sid - (const UCHAR *)Ace) : Ace->AceSize;
    ULONG size = sid != NULL && with != sid ? head + RtlLengthSid(with) : Ace->AceSize;
    PACE_HEADER to = (PACE_HEADER)((PUCHAR)Builder->Acl + Builder->Used);

    if (size > (ULONG)Builder->Acl->AclSize - Builder->Used) {
        Builder->Status = STATUS_BAD_INHERITANCE_ACL;    /* more than an ACL can hold */
        return;
    }
    RtlCopyMemory(to, Ace, min(size, Ace->AceSize));
    if (sid != NULL && with != sid)
        RtlCopyMemory((PUCHAR)to + head, with, RtlLengthSid(with));
    to->AceSize = (USHORT)size;
    to->AceFlags = Flags;
    if (Translate && sid != NULL)
        RtlMapGenericMask((PACCESS_MASK)(to + 1), Builder->Mapping);
    Builder->Acl->AclRevision = (UCHAR)max(Builder->Acl->AclRevision, RtlAceRevision(Ace->AceType));
    Builder->Acl->AceCount++;
    Builder->Used += size;
}

static VOID SepAddAce(SEP_ACL_BUILDER *Builder, const ACE_HEADER *Ace, UCHAR Flags)
{
    PSID sid = RtlAceSid(Ace);
    BOOLEAN changes = sid != NULL && ((*(const ACCESS_MASK *)(Ace + 1) & SEP_GENERIC) || SepSubstitute(Builder, sid) != sid);
    BOOLEAN inheritable = Builder->IsContainer && (Flags & (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE));

    if ((Flags & INHERIT_ONLY_ACE) || !changes) {
        SepAppendAce(Builder, Ace, Flags, FALSE);
    } else if (!inheritable) {
        SepAppendAce(Builder, Ace, Flags, TRUE);
    } else {
        SepAppendAce(Builder, Ace, (UCHAR)(Flags & ~SEP_INHERIT_FLAGS), TRUE);
        SepAppendAce(Builder, Ace, Flags | INHERIT_ONLY_ACE, FALSE);
    }
}

VOID SepTakeOver(SEP_ACL_BUILDER *Builder, PACL Acl, BOOLEAN WithoutInherited)
{
    PVOID ace;
    ULONG i;

    for (i = 0; Acl != NULL && NT_SUCCESS(RtlGetAce(Acl, i, &ace)); i++)
        if (!WithoutInherited || !(((PACE_HEADER)ace)->AceFlags & INHERITED_ACE))
            SepAddAce(Builder, ace, ((PACE_HEADER)ace)->AceFlags);
}

/* The flags an entry of the parent has on the child; FALSE: the child does not get it. */
static BOOLEAN SepInheritedFlags(const SEP_ACL_BUILDER *Builder, UCHAR Flags, UCHAR *Result)
{
    UCHAR kept = Flags & (UCHAR) ~INHERIT_ONLY_ACE;

    if (!Builder->IsContainer || ((Flags & CONTAINER_INHERIT_ACE) && (Flags & NO_PROPAGATE_INHERIT_ACE)))
        kept &= (UCHAR) ~SEP_INHERIT_FLAGS;
    else if (!(Flags & CONTAINER_INHERIT_ACE))
        kept |= INHERIT_ONLY_ACE;                /* for the objects in the container only */
    *Result = kept | (Builder->AutoInherit ? INHERITED_ACE : 0);
    if (!Builder->IsContainer)
        return (Flags & OBJECT_INHERIT_ACE) != 0;
    return (Flags & CONTAINER_INHERIT_ACE) || ((Flags & OBJECT_INHERIT_ACE) && !(Flags & NO_PROPAGATE_INHERIT_ACE));
}

/* An object entry may be for children of one type only: others pass it on at most. */
static BOOLEAN SepForThisType(const SEP_ACL_BUILDER *Builder, const ACE_HEADER *Ace)
{
    const GUID *type = RtlAceInheritedType(Ace);
    return type == NULL || (Builder->ObjectType != NULL && RtlCompareMemory(type, Builder->ObjectType, sizeof(GUID)) == sizeof(GUID));
}

VOID SepInherit(SEP_ACL_BUILDER *Builder, PACL Parent)
{
    UCHAR flags;
    PVOID ace;
    ULONG i;

    for (i = 0; Parent != NULL && NT_SUCCESS(RtlGetAce(Parent, i, &ace)); i++) {
        if (!SepInheritedFlags(Builder, ((PACE_HEADER)ace)->AceFlags, &flags))
            continue;
        if (!SepForThisType(Builder, ace)) {
            if (!(flags & SEP_INHERIT_FLAGS))
                continue;
            flags |= INHERIT_ONLY_ACE;
        }
        SepAddAce(Builder, ace, flags);
    }
}
