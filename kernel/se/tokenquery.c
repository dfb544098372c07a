/* SPDX-License-Identifier: MIT
 * What a token says when it is asked a single question.
 */
#include "sep.h"

BOOLEAN SepSidInToken(PACCESS_TOKEN Token, PSID Sid, BOOLEAN ForDeny, BOOLEAN Restricted)
{
    TOKEN *token = &SepToken(Token)->Token;
    const SID_AND_ATTRIBUTES *sids = Restricted ? token->RestrictedSids : token->UserAndGroups;
    ULONG count = Restricted ? token->RestrictedSidCount : token->UserAndGroupCount, i;

    for (i = 0; i < count; i++) {
        ULONG attributes = sids[i].Attributes;
        BOOLEAN isUser = i == 0 && !Restricted && !(attributes & SEP_GROUP_DENY_ONLY);
        if ((Restricted || isUser || (attributes & SEP_GROUP_ENABLED) || (ForDeny && (attributes & SEP_GROUP_DENY_ONLY))) &&
            RtlEqualSid(sids[i].Sid, Sid))
            return TRUE;
    }
    return FALSE;
}

BOOLEAN SepTokenHasPrivilege(PACCESS_TOKEN Token, ULONG Number)
{
    return (SepToken(Token)->Token.Privileges.Enabled & SepPrivilegeBit(Number)) != 0;
}

ULONG SepTokenIntegrity(PACCESS_TOKEN Token)
{
    TOKEN *token = &SepToken(Token)->Token;
    PSID label;

    if (token->IntegrityLevelIndex >= token->UserAndGroupCount)
        return SECURITY_MANDATORY_UNTRUSTED_RID;
    label = token->UserAndGroups[token->IntegrityLevelIndex].Sid;
    return *RtlSubAuthoritySid(label, (ULONG)*RtlSubAuthorityCountSid(label) - 1);
}

TOKEN_TYPE NTAPI SeTokenType(PACCESS_TOKEN Token) { return (TOKEN_TYPE)SepToken(Token)->Token.TokenType; }

SECURITY_IMPERSONATION_LEVEL NTAPI SeTokenImpersonationLevel(PACCESS_TOKEN Token)
{
    return (SECURITY_IMPERSONATION_LEVEL)SepToken(Token)->Token.ImpersonationLevel;
}

BOOLEAN NTAPI SeTokenIsAdmin(PACCESS_TOKEN Token) { return SepSidInToken(Token, SepAdministratorsSid, FALSE, FALSE); }
BOOLEAN NTAPI SeTokenIsRestricted(PACCESS_TOKEN Token) { return SepToken(Token)->Token.RestrictedSidCount != 0; }

NTSTATUS NTAPI SeQueryAuthenticationIdToken(PACCESS_TOKEN Token, PLUID AuthenticationId)
{
    *AuthenticationId = SepToken(Token)->Token.AuthenticationId;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI SeQuerySessionIdToken(PACCESS_TOKEN Token, PULONG SessionId)
{
    *SessionId = *(volatile ULONG *)&SepToken(Token)->Token.SessionId;
    return STATUS_SUCCESS;
}
