/* SPDX-License-Identifier: MIT
 * Private to se/.
 *
 * A token is one object: the structure NT has, then what it points to (SIDs, default DACL). All of it is fixed when the token is
 * made except privileges, session, flags, and which of its SIDs are owner and primary group, which SEP_TOKEN.Lock guards. Two tokens' locks are taken primary token first.
 */
#pragma once
#include "se.h"
#include "exsync.h"
#include "ob.h"
#include "ke.h"
#include "rtlsecurity.h"

#define SEP_TAG_TOKEN 'koTS'
#define SEP_TAG_DESCRIPTOR 'dSeS'
#define SEP_TAG_PRIVILEGES 'rPeS'
#define SEP_TAG_INFORMATION 'fIeS'

#define SEP_GROUP_MANDATORY 0x01u                /* SID_AND_ATTRIBUTES.Attributes */
#define SEP_GROUP_ENABLED_BY_DEFAULT 0x02u
#define SEP_GROUP_ENABLED 0x04u
#define SEP_GROUP_OWNER 0x08u
#define SEP_GROUP_DENY_ONLY 0x10u
#define SEP_GROUP_INTEGRITY 0x20u
#define SEP_GROUP_INTEGRITY_ENABLED 0x40u

#define SEP_NO_INTEGRITY 0xFFFFFFFFu             /* TOKEN.IntegrityLevelIndex of a token without a label */
#define SEP_HIGHEST_PRIVILEGE 36u                /* SeDelegateSessionUserImpersonatePrivilege */
static inline ULONG64 SepPrivilegeBit(ULONG Number) { return 1ull << Number; }

typedef struct SEP_TOKEN {
    TOKEN Token;
    EX_PUSH_LOCK Lock;
    ULONG64 Variable[];                          /* UserAndGroups, RestrictedSids, their SIDs, DefaultDacl */
} SEP_TOKEN;
static inline SEP_TOKEN *SepToken(PACCESS_TOKEN Token) { return Token; }

/* ---- Well-known SIDs (sids.c) ---- */
extern PSID SepSystemSid, SepAdministratorsSid, SepWorldSid, SepAuthenticatedSid, SepSystemLabelSid, SepOwnerRightsSid,
    SepCreatorOwnerSid, SepCreatorGroupSid;
extern const LUID SepSystemLuid;
LUID SepNewLuid(VOID);

/* ---- Making tokens (token.c) ---- */
typedef struct SEP_TOKEN_TEMPLATE {
    TOKEN_TYPE Type;
    SECURITY_IMPERSONATION_LEVEL Level;
    TOKEN_SOURCE Source;
    LUID AuthenticationId, OriginatingLogonSession, ParentTokenId;
    LARGE_INTEGER ExpirationTime;
    SEP_TOKEN_PRIVILEGES Privileges;
    const SID_AND_ATTRIBUTES *Sids, *Restricted;
    ULONG SidCount, RestrictedCount;
    ULONG OwnerIndex, PrimaryGroupIndex, IntegrityIndex;
    ULONG MandatoryPolicy, SessionId, Flags;
    PACL DefaultDacl;                            /* may be NULL */
} SEP_TOKEN_TEMPLATE;
/* TokenHandle may be one of the pseudo handles, for queries. The reference is the caller's. */
NTSTATUS SepReferenceTokenHandle(HANDLE Handle, ACCESS_MASK Access, KPROCESSOR_MODE Mode, PVOID *Token);
NTSTATUS SepCreateToken(const SEP_TOKEN_TEMPLATE *Template, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                        PACCESS_TOKEN *Token);
/* What the token says of itself as a template; its arrays are the token's. */
VOID SepDescribeToken(PACCESS_TOKEN Token, SEP_TOKEN_TEMPLATE *Template);
/* The type and the system's token, which is not inserted yet. */
VOID SepInitializeTokens(VOID);
/* Flags follow the enabled privileges. The token is locked exclusively or not yet seen by anybody. */
VOID SepUpdateTokenFlagsLocked(TOKEN *Token);

/* ---- Asking tokens (tokenquery.c) ---- */
/* Sid is in the token and counts: for granting it must be enabled, for denying deny-only will do. */
BOOLEAN SepSidInToken(PACCESS_TOKEN Token, PSID Sid, BOOLEAN ForDeny, BOOLEAN Restricted);
BOOLEAN SepTokenHasPrivilege(PACCESS_TOKEN Token, ULONG Number);
/* The token a request is judged by. */
static inline PACCESS_TOKEN SepEffectiveToken(PSECURITY_SUBJECT_CONTEXT Subject)
{
    return Subject->ClientToken != NULL ? Subject->ClientToken : Subject->PrimaryToken;
}
/* The relative identifier of the token's integrity label; no label is untrusted. */
ULONG SepTokenIntegrity(PACCESS_TOKEN Token);

/* ---- ACLs of objects (acl.c) ---- */
typedef struct SEP_ACL_BUILDER {
    PACL Acl;                                    /* from pool, the caller's to free */
    ULONG Used;
    NTSTATUS Status;                             /* of the first entry that did not fit */
    PSID Owner, Group;                           /* who CREATOR OWNER and CREATOR GROUP are; NULL: they stay */
    PGENERIC_MAPPING Mapping;
    const GUID *ObjectType;
    BOOLEAN IsContainer, AutoInherit;
} SEP_ACL_BUILDER;
/* An empty list with room for all that can become of two. */
NTSTATUS SepBeginAcl(SEP_ACL_BUILDER *Builder, PACL First, PACL Second);
VOID SepTakeOver(SEP_ACL_BUILDER *Builder, PACL Acl, BOOLEAN WithoutInherited);
VOID SepInherit(SEP_ACL_BUILDER *Builder, PACL Parent);
VOID SepEndAcl(SEP_ACL_BUILDER *Builder);
/* The subject may make Owner the owner of an object; kernel mode may. */
BOOLEAN SepValidOwner(PSECURITY_SUBJECT_CONTEXT Subject, PSID Owner, KPROCESSOR_MODE Mode);
BOOLEAN SepHoldsPrivilege(PSECURITY_SUBJECT_CONTEXT Subject, ULONG Number, KPROCESSOR_MODE Mode);
/* ---- Out of a caller's memory (capture.c): checked copies, for MmFreeCallerBlock ---- */
NTSTATUS SepReadCallerSid(KPROCESSOR_MODE Mode, PSID From, PSID *Sid);
NTSTATUS SepReadCallerAcl(KPROCESSOR_MODE Mode, PACL From, PACL *Acl);
/* STATUS_INVALID_PARAMETER: more than SEP_MOST_ENTRIES. */
#define SEP_MOST_ENTRIES 0x400u
NTSTATUS SepReadCallerPrivileges(KPROCESSOR_MODE Mode, const TOKEN_PRIVILEGES *From, PTOKEN_PRIVILEGES *Privileges);
/* A user's descriptor as SepMakeDescriptor makes them. */
NTSTATUS SepReadCallerDescriptor(PSECURITY_DESCRIPTOR From, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Captured);

/* A self-relative descriptor of the parts, in pool. */
NTSTATUS SepMakeDescriptor(const RTL_DESCRIPTOR_PARTS *Parts, POOL_TYPE PoolType, PSECURITY_DESCRIPTOR *Descriptor);
