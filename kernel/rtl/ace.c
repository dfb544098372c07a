/* SPDX-License-Identifier: MIT
 * What is inside an access control entry:
 *
 *   plain      header, mask, SID
 *   compound   header, mask, 4 bytes, server SID, client SID
 *   object     header, mask, flags, [object GUID], [inherited GUID], SID
 */
#include "rtlp.h"

#define RTLP_ACE_LAST_TYPE 0x14u          /* SYSTEM_PROCESS_TRUST_LABEL_ACE */
#define RTLP_OBJECT_ACE_TYPES 0x199E0u    /* a bit for each type of the object kind: 5-8, B, C, F, 10 */

static BOOLEAN RtlpIsObjectAce(UCHAR type) { return type <= RTLP_ACE_LAST_TYPE && (RTLP_OBJECT_ACE_TYPES >> type & 1); }

BOOLEAN RtlAceHasSid(const ACE_HEADER *Ace) { return Ace->AceType <= RTLP_ACE_LAST_TYPE; }

ULONG RtlAceRevision(UCHAR AceType)
{
    if (RtlpIsObjectAce(AceType))
        return ACL_REVISION4;
    return AceType == ACCESS_ALLOWED_COMPOUND_ACE_TYPE ? ACL_REVISION3 : ACL_REVISION2;
}

const GUID *RtlAceObjectType(const ACE_HEADER *Ace)
{
    const ACCESS_MASK *mask = (const ACCESS_MASK *)(Ace + 1);

    if (!RtlpIsObjectAce(Ace->AceType) || Ace->AceSize < sizeof(*Ace) + 2 * sizeof(ULONG) + sizeof(GUID) || !(mask[1] & 1))
        return NULL;
    return (const GUID *)(mask + 2);
}

const GUID *RtlAceInheritedType(const ACE_HEADER *Ace)
{
    const ULONG *flags = (const ULONG *)(Ace + 1) + 1;
    ULONG offset = sizeof(*Ace) + 2 * sizeof(ULONG);

    if (!RtlpIsObjectAce(Ace->AceType) || Ace->AceSize < offset || !(*flags & 2))
        return NULL;
    offset += *flags & 1 ? sizeof(GUID) : 0;
    return Ace->AceSize < offset + sizeof(GUID) ? NULL : (const GUID *)((const UCHAR *)Ace + offset);
}

PSID RtlAceSid(const ACE_HEADER *Ace)
{
    ULONG offset = sizeof(*Ace) + sizeof(ACCESS_MASK), flags;
    PISID sid;

    if (Ace->AceType > RTLP_ACE_LAST_TYPE)
        return NULL;
    if (Ace->AceType == ACCESS_ALLOWED_COMPOUND_ACE_TYPE) {
        offset += sizeof(ULONG);
    } else if (RtlpIsObjectAce(Ace->AceType)) {
        if (Ace->AceSize < offset + sizeof(ULONG))
            return NULL;
        flags = *(const ULONG *)((const UCHAR *)Ace + offset);
        offset += sizeof(ULONG) + (flags & 1 ? sizeof(GUID) : 0) + (flags & 2 ? sizeof(GUID) : 0);
    }
    if (Ace->AceSize < offset + FIELD_OFFSET(SID, SubAuthority))
        return NULL;
    sid = (PISID)((PUCHAR)Ace + offset);
    return RtlValidSid(sid) && RtlLengthSid(sid) <= Ace->AceSize - offset ? sid : NULL;
}
