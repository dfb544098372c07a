/* SPDX-License-Identifier: MIT
 * Token information by class. Each answer is a structure followed by what it points to, written in one pass: with no buffer the
 * pass only counts, so that length and contents cannot disagree.
 */
#include "sep.h"
#include "mm.h"

/* Classes younger than the DDK. */
#define SEP_TOKEN_LOGON_SID 28u
#define SEP_TOKEN_IS_APP_CONTAINER 29u
#define SEP_TOKEN_CAPABILITIES 30u
#define SEP_TOKEN_APP_CONTAINER_SID 31u
#define SEP_TOKEN_PRIVATE_NAMESPACE 42u

typedef struct SEP_ANSWER {
    PUCHAR Buffer;                               /* NULL: count only */
    PUCHAR To;                                   /* where the caller will read it */
    ULONG Used;
} SEP_ANSWER;

/* Room for Bytes at the end of the answer, 8-aligned; NULL when only counting. */
static PVOID SepReserve(SEP_ANSWER *Answer, ULONG Bytes)
{
    ULONG at = (Answer->Used + 7u) & ~7u;

    Answer->Used = at + Bytes;
    if (Answer->Buffer == NULL)
        return NULL;
    RtlZeroMemory(Answer->Buffer + at, Bytes);
    return Answer->Buffer + at;
}

/* The address that the data will have. */
static PVOID SepAppend(SEP_ANSWER *Answer, const VOID *Data, ULONG Bytes)
{
    PUCHAR to = SepReserve(Answer, Bytes);
    if (to == NULL)
        return NULL;
    RtlCopyMemory(to, Data, Bytes);
    return Answer->To + (to - Answer->Buffer);
}

static PSID SepAppendSid(SEP_ANSWER *Answer, PSID Sid) { return SepAppend(Answer, Sid, RtlLengthSid(Sid)); }

static VOID SepAnswerValue(SEP_ANSWER *Answer, ULONG Value) { SepAppend(Answer, &Value, sizeof(Value)); }

static VOID SepAnswerSids(SEP_ANSWER *Answer, const SID_AND_ATTRIBUTES *Sids, ULONG Count)
{
    PTOKEN_GROUPS groups = SepReserve(Answer, (ULONG)FIELD_OFFSET(TOKEN_GROUPS, Groups) + Count * (ULONG)sizeof(*Sids));
    ULONG i;

    if (groups != NULL)
        groups->GroupCount = Count;
    for (i = 0; i < Count; i++) {
        PSID sid = SepAppendSid(Answer, Sids[i].Sid);
        if (groups != NULL) {
            groups->Groups[i].Sid = sid;
            groups->Groups[i].Attributes = Sids[i].Attributes;
        }
    }
}

static ULONG SepCountPrivileges(ULONG64 Present)
{
    ULONG count = 0;
    for (; Present != 0; Present &= Present - 1)
        count++;
    return count;
}

static VOID SepAnswerPrivileges(SEP_ANSWER *Answer, const SEP_TOKEN_PRIVILEGES *From)
{
    ULONG count = SepCountPrivileges(From->Present), number, i = 0;
    PTOKEN_PRIVILEGES to = SepReserve(Answer, (ULONG)FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) +
                                                  count * (ULONG)sizeof(LUID_AND_ATTRIBUTES));

    if (to == NULL)
        return;
    to->PrivilegeCount = count;
    for (number = 0; number <= SEP_HIGHEST_PRIVILEGE; number++) {
        ULONG64 bit = SepPrivilegeBit(number);
        if (!(From->Present & bit))
            continue;
        to->Privileges[i].Luid.LowPart = number;
        to->Privileges[i++].Attributes = (From->Enabled & bit ? SE_PRIVILEGE_ENABLED : 0) |
                                         (From->EnabledByDefault & bit ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0);
    }
}

/* A structure that is one pointer to a SID, with or without attributes behind it. */
static VOID SepAnswerSid(SEP_ANSWER *Answer, const SID_AND_ATTRIBUTES *Sid, BOOLEAN WithAttributes)
{
    SID_AND_ATTRIBUTES *to = SepReserve(Answer, WithAttributes ? sizeof(*to) : sizeof(PSID));
    PSID copy = SepAppendSid(Answer, Sid->Sid);

    if (to == NULL)
        return;
    to->Sid = copy;
    if (WithAttributes)
        to->Attributes = Sid->Attributes;
}

static VOID SepAnswerDacl(SEP_ANSWER *Answer, PACL Dacl)
{
    PTOKEN_DEFAULT_DACL to = SepReserve(Answer, sizeof(*to));
    PACL copy = Dacl != NULL ? SepAppend(Answer, Dacl, Dacl->AclSize) : NULL;
    if (to != NULL)
        to->DefaultDacl = copy;
}

static VOID SepAnswerStatistics(SEP_ANSWER *Answer, const TOKEN *Token)
{
    TOKEN_STATISTICS statistics = {
        .TokenId = Token->TokenId, .AuthenticationId = Token->AuthenticationId, .ExpirationTime = Token->ExpirationTime,
        .TokenType = (TOKEN_TYPE)Token->TokenType, .ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)Token->ImpersonationLevel,
        .DynamicCharged = Token->DynamicCharged, .DynamicAvailable = Token->DynamicAvailable,
        .GroupCount = Token->UserAndGroupCount - 1, .PrivilegeCount = SepCountPrivileges(Token->Privileges.Present),
        .ModifiedId = Token->ModifiedId,
    };
    SepAppend(Answer, &statistics, sizeof(statistics));
}

/* The second half of the classes. */
static NTSTATUS SepAnswerPolicy(SEP_ANSWER *Answer, const TOKEN *Token, ULONG Class)
{
    const SID_AND_ATTRIBUTES none = { SeExports->SeUntrustedMandatorySid, SEP_GROUP_INTEGRITY };

    switch (Class) {
    case TokenSandBoxInert: SepAnswerValue(Answer, (Token->TokenFlags & TOKEN_SANDBOX_INERT) != 0); break;
    case TokenOrigin: SepAppend(Answer, &Token->OriginatingLogonSession, sizeof(LUID)); break;
    case TokenElevationType: SepAnswerValue(Answer, 1); break;       /* TokenElevationTypeDefault: no token has a linked one */
    case TokenElevation: SepAnswerValue(Answer, SepSidInToken((PVOID)Token, SepAdministratorsSid, FALSE, FALSE)); break;
    case TokenHasRestrictions: SepAnswerValue(Answer, (Token->TokenFlags & TOKEN_IS_FILTERED) != 0); break;
    case TokenVirtualizationAllowed: SepAnswerValue(Answer, (Token->TokenFlags & TOKEN_VIRTUALIZE_ALLOWED) != 0); break;
    case TokenVirtualizationEnabled: SepAnswerValue(Answer, (Token->TokenFlags & TOKEN_VIRTUALIZE_ENABLED) != 0); break;
    case TokenUIAccess: SepAnswerValue(Answer, (Token->TokenFlags & TOKEN_UIACCESS) != 0); break;
    case SEP_TOKEN_IS_APP_CONTAINER:
    case SEP_TOKEN_PRIVATE_NAMESPACE: SepAnswerValue(Answer, FALSE); break;      /* there are no app containers */
    case SEP_TOKEN_CAPABILITIES:
    case SEP_TOKEN_LOGON_SID: SepAnswerSids(Answer, NULL, 0); break;
    case SEP_TOKEN_APP_CONTAINER_SID: SepReserve(Answer, sizeof(PSID)); break;
    case TokenMandatoryPolicy: SepAnswerValue(Answer, Token->MandatoryPolicy); break;
    case TokenIntegrityLevel:
        SepAnswerSid(Answer, Token->IntegrityLevelIndex < Token->UserAndGroupCount
                                 ? &Token->UserAndGroups[Token->IntegrityLevelIndex] : &none, TRUE);
        break;
    default: return STATUS_INVALID_INFO_CLASS;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS SepAnswerLocked(SEP_ANSWER *Answer, const TOKEN *Token, ULONG Class)
{
    const SID_AND_ATTRIBUTES group = { Token->PrimaryGroup, 0 };

    switch (Class) {
    case TokenUser: SepAnswerSid(Answer, &Token->UserAndGroups[0], TRUE); break;
    case TokenGroups: SepAnswerSids(Answer, Token->UserAndGroups + 1, Token->UserAndGroupCount - 1); break;
    case TokenPrivileges: SepAnswerPrivileges(Answer, &Token->Privileges); break;
    case TokenOwner: SepAnswerSid(Answer, &Token->UserAndGroups[Token->DefaultOwnerIndex], FALSE); break;
    case TokenPrimaryGroup: SepAnswerSid(Answer, &group, FALSE); break;
    case TokenDefaultDacl: SepAnswerDacl(Answer, Token->DefaultDacl); break;
    case TokenSource: SepAppend(Answer, &Token->TokenSource, sizeof(TOKEN_SOURCE)); break;
    case TokenType: SepAnswerValue(Answer, Token->TokenType); break;
    case TokenImpersonationLevel:
        if (Token->TokenType != TokenImpersonation)
            return STATUS_INVALID_INFO_CLASS;
        SepAnswerValue(Answer, Token->ImpersonationLevel);
        break;
    case TokenStatistics: SepAnswerStatistics(Answer, Token); break;
    case TokenRestrictedSids: SepAnswerSids(Answer, Token->RestrictedSids, Token->RestrictedSidCount); break;
    case TokenSessionId: SepAnswerValue(Answer, Token->SessionId); break;
    default: return SepAnswerPolicy(Answer, Token, Class);
    }
    return STATUS_SUCCESS;
}

/* Into a buffer of Length bytes (NULL with 0), to be read at To; *Needed is what the whole answer takes. */
static NTSTATUS SepAnswer(PACCESS_TOKEN Token, ULONG Class, PVOID Buffer, PVOID To, ULONG Length, PULONG Needed)
{
    SEP_ANSWER count = { NULL, NULL, 0 }, answer = { Buffer, To, 0 };
    NTSTATUS status;

    ExLockShared(&SepToken(Token)->Lock);
    status = SepAnswerLocked(&count, &SepToken(Token)->Token, Class);
    if (NT_SUCCESS(status)) {
        *Needed = count.Used;
        status = count.Used > Length ? STATUS_BUFFER_TOO_SMALL : SepAnswerLocked(&answer, &SepToken(Token)->Token, Class);
    }
    ExUnlockShared(&SepToken(Token)->Lock);
    return status;
}

/* Session and integrity come as values, not behind a pointer. */
NTSTATUS NTAPI SeQueryInformationToken(PACCESS_TOKEN Token, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID *TokenInformation)
{
    ULONG needed = 0;
    NTSTATUS status;
    PVOID buffer;

    if (TokenInformationClass == TokenSessionId)
        return SeQuerySessionIdToken(Token, (PULONG)TokenInformation);
    if (TokenInformationClass == TokenIntegrityLevel) {
        *(PULONG)TokenInformation = SepTokenIntegrity(Token);
        return STATUS_SUCCESS;
    }
    status = SepAnswer(Token, (ULONG)TokenInformationClass, NULL, NULL, 0, &needed);
    if (status != STATUS_BUFFER_TOO_SMALL)
        return status;
    buffer = ExAllocatePoolWithTag(PagedPool, needed, SEP_TAG_INFORMATION);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = SepAnswer(Token, (ULONG)TokenInformationClass, buffer, buffer, needed, &needed);
    if (NT_SUCCESS(status))
        *TokenInformation = buffer;
    else
        ExFreePoolWithTag(buffer, SEP_TAG_INFORMATION);
    return status;
}

static NTSTATUS SepReturnAnswer(PACCESS_TOKEN Token, ULONG Class, PVOID To, ULONG Length, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG needed = 0;
    MM_ANSWER answer;
    NTSTATUS status = MmBeginAnswer(&answer, mode, To, Length), written;

    if (!NT_SUCCESS(status))
        return status;
    status = SepAnswer(Token, Class, answer.Buffer, To, (ULONG)answer.Length, &needed);
    written = MmEndAnswer(&answer, NT_SUCCESS(status) ? needed : 0);
    if (NT_SUCCESS(written) && needed != 0)
        written = MmWriteCaller(mode, ReturnLength, &needed, sizeof(needed));
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI NtQueryInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID TokenInformation,
                                       ULONG TokenInformationLength, PULONG ReturnLength)
{
    ACCESS_MASK access = TokenInformationClass == TokenSource ? TOKEN_QUERY_SOURCE : TOKEN_QUERY;
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID token;
    NTSTATUS status = SepReferenceTokenHandle(TokenHandle, access, mode, &token);

    if (!NT_SUCCESS(status))
        return status;
    status = SepReturnAnswer(token, (ULONG)TokenInformationClass, TokenInformation, TokenInformationLength, ReturnLength);
    ObfDereferenceObject(token);
    return status;
}

NTSTATUS NTAPI ZwQueryInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID TokenInformation,
                                       ULONG TokenInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryInformationToken(TokenHandle, TokenInformationClass, TokenInformation,
                                                           TokenInformationLength, ReturnLength));
}
