/* SPDX-License-Identifier: MIT
 * Access control lists. Every list and entry is distrusted: nothing is read past AclSize, whatever its entries say of their sizes.
 *
 *   ACL header | ACE | ACE | ... | free space up to AclSize
 */
#include "rtlp.h"
#include "rtlsecurity.h"

#define RTLP_MAXIMUM_ACL 0xFFFCu          /* AclSize is a USHORT and a multiple of 4 */
#define RTLP_ACE_FLAGS_VALID (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | NO_PROPAGATE_INHERIT_ACE | INHERIT_ONLY_ACE | INHERITED_ACE)

static BOOLEAN RtlpKnownRevision(ULONG Revision) { return Revision >= MIN_ACL_REVISION && Revision <= MAX_ACL_REVISION; }

static BOOLEAN RtlpHeaderValid(PACL Acl)
{
    return Acl != NULL && RtlpKnownRevision(Acl->AclRevision) && Acl->AclSize >= sizeof(ACL);
}

NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    if (AclLength < sizeof(ACL))
        return STATUS_BUFFER_TOO_SMALL;
    if (!RtlpKnownRevision(AclRevision) || AclLength > 0xFFFF)
        return STATUS_INVALID_PARAMETER;
    Acl->AclRevision = (UCHAR)AclRevision;
    Acl->Sbz1 = 0;
    Acl->AclSize = (USHORT)(AclLength & RTLP_MAXIMUM_ACL);
    Acl->AceCount = 0;
    Acl->Sbz2 = 0;
    return STATUS_SUCCESS;
}

/* The end of entry Index, which begins at Ace; NULL when it does not lie in the list. */
static PUCHAR RtlpAceEnd(PACL Acl, const UCHAR *Ace)
{
    SIZE_T left = (SIZE_T)((PUCHAR)Acl + Acl->AclSize - Ace);
    USHORT size;

    if (left < sizeof(ACE_HEADER))
        return NULL;
    size = ((const ACE_HEADER *)Ace)->AceSize;
    return size < sizeof(ACE_HEADER) || size > left ? NULL : (PUCHAR)Ace + size;
}

/* Where entry Index begins, or would begin when it is the count; NULL for a broken list. */
static PUCHAR RtlpFindAce(PACL Acl, ULONG Index)
{
    PUCHAR ace = (PUCHAR)(Acl + 1);
    for (; ace != NULL && Index != 0; Index--)
        ace = RtlpAceEnd(Acl, ace);
    return ace;
}

BOOLEAN NTAPI RtlValidAcl(PACL Acl)
{
    PUCHAR ace = (PUCHAR)(Acl + 1);
    ULONG i;

    if (!RtlpHeaderValid(Acl) || (Acl->AclSize & 3))
        return FALSE;
    for (i = 0; i < Acl->AceCount; i++) {
        PUCHAR end = RtlpAceEnd(Acl, ace);
        if (end == NULL || (((PACE_HEADER)ace)->AceSize & 3))
            return FALSE;
        if (RtlAceHasSid((PACE_HEADER)ace) && RtlAceSid((PACE_HEADER)ace) == NULL)
            return FALSE;
        ace = end;
    }
    return TRUE;
}

BOOLEAN NTAPI RtlFirstFreeAce(PACL Acl, PVOID *FirstFree)
{
    PUCHAR end = RtlpHeaderValid(Acl) ? RtlpFindAce(Acl, Acl->AceCount) : NULL;

    *FirstFree = end != NULL && end != (PUCHAR)Acl + Acl->AclSize ? end : NULL;
    return end != NULL;
}

NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace)
{
    PUCHAR ace;

    if (!RtlpHeaderValid(Acl) || AceIndex >= Acl->AceCount)
        return STATUS_INVALID_PARAMETER;
    ace = RtlpFindAce(Acl, AceIndex);
    if (ace == NULL || RtlpAceEnd(Acl, ace) == NULL)
        return STATUS_INVALID_PARAMETER;
    *Ace = ace;
    return STATUS_SUCCESS;
}

/* How many entries fill Length bytes exactly, none of them younger than Revision; 0 when they do not. */
static ULONG RtlpCountAces(const UCHAR *List, ULONG Length, ULONG Revision)
{
    ULONG count = 0;

    while (Length != 0) {
        const ACE_HEADER *ace = (const ACE_HEADER *)List;
        if (Length < sizeof(*ace) || ace->AceSize < sizeof(*ace) || ace->AceSize > Length)
            return 0;
        if (RtlAceRevision(ace->AceType) > Revision)
            return 0;
        List += ace->AceSize;
        Length -= ace->AceSize;
        count++;
    }
    return count;
}

NTSTATUS NTAPI RtlAddAce(PACL Acl, ULONG AceRevision, ULONG StartingAceIndex, PVOID AceList, ULONG AceListLength)
{
    ULONG count = RtlpCountAces(AceList, AceListLength, AceRevision);
    PUCHAR end, at;

    if (!RtlValidAcl(Acl) || !RtlpKnownRevision(AceRevision) || count == 0 || (AceListLength & 3))
        return STATUS_INVALID_PARAMETER;
    end = RtlpFindAce(Acl, Acl->AceCount);
    at = RtlpFindAce(Acl, min(StartingAceIndex, Acl->AceCount));
    if (AceListLength > (ULONG)((PUCHAR)Acl + Acl->AclSize - end))
        return STATUS_BUFFER_TOO_SMALL;
    memmove(at + AceListLength, at, (SIZE_T)(end - at));
    memcpy(at, AceList, AceListLength);
    Acl->AceCount = (USHORT)(Acl->AceCount + count);
    Acl->AclRevision = (UCHAR)max(Acl->AclRevision, AceRevision);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlDeleteAce(PACL Acl, ULONG AceIndex)
{
    PUCHAR ace, next, end;

    if (!RtlValidAcl(Acl) || AceIndex >= Acl->AceCount)
        return STATUS_INVALID_PARAMETER;
    ace = RtlpFindAce(Acl, AceIndex);
    next = RtlpAceEnd(Acl, ace);
    end = RtlpFindAce(Acl, Acl->AceCount);
    memmove(ace, next, (SIZE_T)(end - next));
    memset(end - (next - ace), 0, (SIZE_T)(next - ace));
    Acl->AceCount--;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAddAccessAllowedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask, PSID Sid)
{
    PACCESS_ALLOWED_ACE ace;
    PUCHAR end;
    ULONG size;

    if (!RtlValidSid(Sid))
        return STATUS_INVALID_SID;
    if (!RtlpKnownRevision(AceRevision))
        return STATUS_REVISION_MISMATCH;
    if (Acl != NULL && !RtlpKnownRevision(Acl->AclRevision))
        return STATUS_REVISION_MISMATCH;
    if (AceFlags & ~(ULONG)RTLP_ACE_FLAGS_VALID)
        return STATUS_INVALID_PARAMETER;
    if (!RtlValidAcl(Acl))
        return STATUS_INVALID_ACL;
    size = (ULONG)FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Sid);
    end = RtlpFindAce(Acl, Acl->AceCount);
    if (size > (ULONG)((PUCHAR)Acl + Acl->AclSize - end))
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    ace = (PACCESS_ALLOWED_ACE)end;
    ace->Header.AceType = ACCESS_ALLOWED_ACE_TYPE;
    ace->Header.AceFlags = (UCHAR)AceFlags;
    ace->Header.AceSize = (USHORT)size;
    ace->Mask = AccessMask;
    memcpy(&ace->SidStart, Sid, RtlLengthSid(Sid));
    Acl->AceCount++;
    Acl->AclRevision = (UCHAR)max(Acl->AclRevision, AceRevision);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return RtlAddAccessAllowedAceEx(Acl, AceRevision, 0, AccessMask, Sid);
}
