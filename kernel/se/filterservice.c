/* SPDX-License-Identifier: MIT
 * Services that make filtered tokens, compare tokens, and change what of a token can be changed.
 */
#include "sep.h"
#include "mm.h"

/* ---- Groups out of a caller's memory ---- */
static VOID SepFreeGroups(PTOKEN_GROUPS Groups)
{
    ULONG i;

    if (Groups == NULL)
        return;
    for (i = 0; i < Groups->GroupCount; i++)
        MmFreeCallerBlock(Groups->Groups[i].Sid);
    MmFreeCallerBlock(Groups);
}

/* From NULL: none, *Groups stays NULL. */
static NTSTATUS SepReadGroups(PTOKEN_GROUPS From, PTOKEN_GROUPS *Groups)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG count, i;
    PTOKEN_GROUPS groups;
    PVOID copy;
    NTSTATUS status = From != NULL ? MmReadCaller(mode, &count, &From->GroupCount, sizeof(count)) : STATUS_SUCCESS;

    if (From == NULL || !NT_SUCCESS(status))
        return status;
    if (count > SEP_MOST_ENTRIES)
        return STATUS_INVALID_PARAMETER;
    status = MmReadCallerBlock(mode, From, FIELD_OFFSET(TOKEN_GROUPS, Groups) + count * sizeof(SID_AND_ATTRIBUTES), &copy);
    if (!NT_SUCCESS(status))
        return status;
    groups = copy;
    groups->GroupCount = 0;                      /* those that are copies */
    for (i = 0; i < count && NT_SUCCESS(status); i++) {
        status = SepReadCallerSid(mode, groups->Groups[i].Sid, &groups->Groups[i].Sid);
        if (NT_SUCCESS(status))
            groups->GroupCount++;
    }
    if (NT_SUCCESS(status))
        *Groups = groups;
    else
        SepFreeGroups(groups);
    return status;
}

/* ---- NtFilterToken ---- */
typedef struct SEP_FILTER {
    PTOKEN_GROUPS Disable, Restrict;
    PTOKEN_PRIVILEGES Delete;
} SEP_FILTER;

static VOID SepFreeFilter(const SEP_FILTER *Filter)
{
    SepFreeGroups(Filter->Disable);
    SepFreeGroups(Filter->Restrict);
    MmFreeCallerBlock(Filter->Delete);
}

static NTSTATUS SepFilterByHandle(HANDLE Existing, ULONG Flags, const SEP_FILTER *Filter, PHANDLE Handle)
{
    OBJECT_HANDLE_INFORMATION information;
    PACCESS_TOKEN filtered;
    PVOID token;
    NTSTATUS status = ObReferenceObjectByHandle(Existing, TOKEN_DUPLICATE, SepTokenObjectType, ObPreviousMode(), &token, &information);

    if (!NT_SUCCESS(status))
        return status;
    status = SeFilterToken(token, Flags, Filter->Disable, Filter->Delete, Filter->Restrict, &filtered);
    ObfDereferenceObject(token);
    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(filtered, 0, NULL, information.GrantedAccess, SepTokenObjectType, KernelMode, Handle);
    ObfDereferenceObject(filtered);
    return status;
}

NTSTATUS NTAPI NtFilterToken(HANDLE ExistingTokenHandle, ULONG Flags, PTOKEN_GROUPS SidsToDisable, PTOKEN_PRIVILEGES PrivilegesToDelete,
                             PTOKEN_GROUPS RestrictedSids, PHANDLE NewTokenHandle)
{
    SEP_FILTER filter = { NULL, NULL, NULL };
    HANDLE handle = NULL;
    NTSTATUS status = SepReadGroups(SidsToDisable, &filter.Disable);

    if (NT_SUCCESS(status))
        status = SepReadGroups(RestrictedSids, &filter.Restrict);
    if (NT_SUCCESS(status) && PrivilegesToDelete != NULL)
        status = SepReadCallerPrivileges(ObPreviousMode(), PrivilegesToDelete, &filter.Delete);
    if (NT_SUCCESS(status))
        status = SepFilterByHandle(ExistingTokenHandle, Flags, &filter, &handle);
    SepFreeFilter(&filter);
    return ObReturnHandle(status, NewTokenHandle, handle);
}

/* ---- NtCompareTokens ---- */
static BOOLEAN SepSameSids(const SID_AND_ATTRIBUTES *First, ULONG FirstCount, const SID_AND_ATTRIBUTES *Second, ULONG SecondCount)
{
    ULONG i;

    if (FirstCount != SecondCount)
        return FALSE;
    for (i = 0; i < FirstCount; i++)
        if (First[i].Attributes != Second[i].Attributes || !RtlEqualSid(First[i].Sid, Second[i].Sid))
            return FALSE;
    return TRUE;
}

/* Whether both decide every access check alike. */
static BOOLEAN SepTokensAgree(PACCESS_TOKEN First, PACCESS_TOKEN Second)
{
    SEP_TOKEN_TEMPLATE first, second;

    SepDescribeToken(First, &first);
    SepDescribeToken(Second, &second);
    return first.Privileges.Present == second.Privileges.Present && first.Privileges.Enabled == second.Privileges.Enabled &&
           first.IntegrityIndex == second.IntegrityIndex && SepSameSids(first.Sids, first.SidCount, second.Sids, second.SidCount) &&
           SepSameSids(first.Restricted, first.RestrictedCount, second.Restricted, second.RestrictedCount);
}

NTSTATUS NTAPI NtCompareTokens(HANDLE FirstTokenHandle, HANDLE SecondTokenHandle, PBOOLEAN Equal)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID first, second;
    BOOLEAN equal = FALSE;
    NTSTATUS status = ObReferenceObjectByHandle(FirstTokenHandle, TOKEN_QUERY, SepTokenObjectType, mode, &first, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(SecondTokenHandle, TOKEN_QUERY, SepTokenObjectType, mode, &second, NULL);
    if (NT_SUCCESS(status)) {
        equal = first == second || SepTokensAgree(first, second);
        ObfDereferenceObject(second);
    }
    ObfDereferenceObject(first);
    return NT_SUCCESS(status) ? MmWriteCaller(mode, Equal, &equal, sizeof(equal)) : status;
}

/* ---- NtSetInformationToken ---- */
/* Where in the token a SID stands; the token is locked. UserAndGroupCount: nowhere. */
static ULONG SepIndexOfLocked(const TOKEN *Token, PSID Sid)
{
    ULONG i = 0;
    while (i < Token->UserAndGroupCount && !RtlEqualSid(Token->UserAndGroups[i].Sid, Sid))
        i++;
    return i;
}

static NTSTATUS SepSetSidLocked(TOKEN *Token, ULONG Class, PSID Sid)
{
    ULONG index = SepIndexOfLocked(Token, Sid);

    if (index == Token->UserAndGroupCount)
        return Class == TokenOwner ? STATUS_INVALID_OWNER : STATUS_INVALID_PRIMARY_GROUP;
    if (Class == TokenOwner) {
        if (index != 0 && !(Token->UserAndGroups[index].Attributes & SEP_GROUP_OWNER))
            return STATUS_INVALID_OWNER;
        Token->DefaultOwnerIndex = index;
    } else {
        Token->PrimaryGroup = Token->UserAndGroups[index].Sid;
    }
    Token->ModifiedId = SepNewLuid();
    return STATUS_SUCCESS;
}

/* TOKEN_OWNER and TOKEN_PRIMARY_GROUP: a pointer to a SID that the token has. */
static NTSTATUS SepSetTokenSid(SEP_TOKEN *Token, ULONG Class, const VOID *Information, ULONG Length)
{
    PSID pointer, sid;
    NTSTATUS status;

    if (Length < sizeof(PSID))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCaller(ObPreviousMode(), &pointer, Information, sizeof(pointer));
    if (NT_SUCCESS(status))
        status = SepReadCallerSid(ObPreviousMode(), pointer, &sid);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&Token->Lock);
    status = SepSetSidLocked(&Token->Token, Class, sid);
    ExUnlockExclusive(&Token->Lock);
    MmFreeCallerBlock(sid);
    return status;
}

static NTSTATUS SepSetTokenSession(SEP_TOKEN *Token, const VOID *Information, ULONG Length)
{
    ULONG session;
    NTSTATUS status;

    if (Length != sizeof(session))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (!SeSinglePrivilegeCheck(SeExports->SeTcbPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = MmReadCaller(ObPreviousMode(), &session, Information, sizeof(session));
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&Token->Lock);
    Token->Token.SessionId = session;
    ExUnlockExclusive(&Token->Lock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID TokenInformation,
                                     ULONG TokenInformationLength)
{
    ULONG class = (ULONG)TokenInformationClass;
    ACCESS_MASK access = class == TokenSessionId ? TOKEN_ADJUST_SESSIONID | TOKEN_ADJUST_DEFAULT : TOKEN_ADJUST_DEFAULT;
    PVOID token;
    NTSTATUS status;

    if (class != TokenOwner && class != TokenPrimaryGroup && class != TokenSessionId)
        return STATUS_INVALID_INFO_CLASS;
    status = ObReferenceObjectByHandle(TokenHandle, access, SepTokenObjectType, ObPreviousMode(), &token, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = class == TokenSessionId ? SepSetTokenSession(token, TokenInformation, TokenInformationLength)
                                     : SepSetTokenSid(token, class, TokenInformation, TokenInformationLength);
    ObfDereferenceObject(token);
    return status;
}
