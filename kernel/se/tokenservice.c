/* SPDX-License-Identifier: MIT
 * System services that make and change tokens.
 */
#include "sep.h"
#include "mm.h"

/* ---- NtDuplicateToken ---- */
/* The level the copy is to have: the caller's word, else the original's, else SecurityImpersonation for a primary token. */
static NTSTATUS SepRequestedLevel(PACCESS_TOKEN Token, POBJECT_ATTRIBUTES Attributes, SECURITY_IMPERSONATION_LEVEL *Level)
{
    SECURITY_QUALITY_OF_SERVICE qos;
    BOOLEAN given;
    NTSTATUS status = ObReadCallerQos(Attributes, ObPreviousMode(), &qos, &given);

    if (!NT_SUCCESS(status))
        return status;
    if (given)
        *Level = qos.ImpersonationLevel;
    else
        *Level = SeTokenType(Token) == TokenPrimary ? SecurityImpersonation
                                                    : (SECURITY_IMPERSONATION_LEVEL)SepToken(Token)->Token.ImpersonationLevel;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtDuplicateToken(HANDLE ExistingTokenHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                BOOLEAN EffectiveOnly, TOKEN_TYPE TokenType, PHANDLE NewTokenHandle)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    OBJECT_HANDLE_INFORMATION information;
    PVOID original;
    SECURITY_IMPERSONATION_LEVEL level;
    PACCESS_TOKEN copy;
    NTSTATUS status;

    status = ObReferenceObjectByHandle(ExistingTokenHandle, TOKEN_DUPLICATE, SepTokenObjectType, mode, &original, &information);
    if (!NT_SUCCESS(status))
        return status;
    status = SepRequestedLevel(original, ObjectAttributes, &level);
    if (NT_SUCCESS(status))
        status = SeDuplicateToken(original, ObjectAttributes, EffectiveOnly, TokenType, level, mode, &copy);
    ObfDereferenceObject(original);
    if (!NT_SUCCESS(status))
        return status;
    return ObInsertAndReturn(copy, DesiredAccess != 0 ? DesiredAccess : information.GrantedAccess, NewTokenHandle);
}

NTSTATUS NTAPI ZwDuplicateToken(HANDLE ExistingTokenHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                BOOLEAN EffectiveOnly, TOKEN_TYPE TokenType, PHANDLE NewTokenHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtDuplicateToken(ExistingTokenHandle, DesiredAccess, ObjectAttributes, EffectiveOnly, TokenType,
                                                    NewTokenHandle));
}

/* ---- NtAdjustPrivilegesToken ---- */
typedef struct SEP_ADJUSTMENT {
    ULONG64 Enable, Disable, Remove;
    BOOLEAN Unassigned;                          /* the token has not all of them */
} SEP_ADJUSTMENT;

static VOID SepPlanOne(const LUID_AND_ATTRIBUTES *Wanted, ULONG64 Present, SEP_ADJUSTMENT *Plan)
{
    ULONG64 bit = Wanted->Luid.HighPart == 0 && Wanted->Luid.LowPart <= SEP_HIGHEST_PRIVILEGE
                      ? SepPrivilegeBit(Wanted->Luid.LowPart) & Present : 0;

    if (bit == 0)
        Plan->Unassigned = TRUE;
    else if (Wanted->Attributes & SE_PRIVILEGE_REMOVED)
        Plan->Remove |= bit;
    else if (Wanted->Attributes & SE_PRIVILEGE_ENABLED)
        Plan->Enable |= bit;
    else
        Plan->Disable |= bit;
}

static VOID SepPlanLocked(const TOKEN *Token, BOOLEAN DisableAll, const TOKEN_PRIVILEGES *NewState, SEP_ADJUSTMENT *Plan)
{
    ULONG i;

    RtlZeroMemory(Plan, sizeof(*Plan));
    if (DisableAll) {
        Plan->Disable = Token->Privileges.Present;
        return;
    }
    for (i = 0; i < NewState->PrivilegeCount; i++)
        SepPlanOne(&NewState->Privileges[i], Token->Privileges.Present, Plan);
}

static ULONG64 SepChangesOf(const TOKEN *Token, const SEP_ADJUSTMENT *Plan)
{
    return (Plan->Enable & ~Token->Privileges.Enabled) | (Plan->Disable & Token->Privileges.Enabled) | Plan->Remove;
}

/* The privileges that Changes names, as they are now; *Needed is the room it takes. */
static NTSTATUS SepDescribeChanges(const TOKEN *Token, ULONG64 Changes, PTOKEN_PRIVILEGES To, ULONG Length, PULONG Needed)
{
    ULONG number, count = 0;

    for (number = 0; number <= SEP_HIGHEST_PRIVILEGE; number++)
        count += (ULONG)(Changes >> number & 1);
    *Needed = (ULONG)FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) + count * (ULONG)sizeof(LUID_AND_ATTRIBUTES);
    if (Length < *Needed)
        return STATUS_BUFFER_TOO_SMALL;
    To->PrivilegeCount = 0;
    for (number = 0; number <= SEP_HIGHEST_PRIVILEGE; number++) {
        ULONG64 bit = SepPrivilegeBit(number);
        LUID_AND_ATTRIBUTES *entry = &To->Privileges[To->PrivilegeCount];
        if (!(Changes & bit))
            continue;
        entry->Luid.LowPart = number;
        entry->Luid.HighPart = 0;
        entry->Attributes = (Token->Privileges.Enabled & bit ? SE_PRIVILEGE_ENABLED : 0) |
                            (Token->Privileges.EnabledByDefault & bit ? SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0);
        To->PrivilegeCount++;
    }
    return STATUS_SUCCESS;
}

static VOID SepApplyLocked(TOKEN *Token, const SEP_ADJUSTMENT *Plan)
{
    Token->Privileges.Enabled = (Token->Privileges.Enabled | Plan->Enable) & ~(Plan->Disable | Plan->Remove);
    Token->Privileges.Present &= ~Plan->Remove;
    Token->Privileges.EnabledByDefault &= ~Plan->Remove;
    Token->ModifiedId = SepNewLuid();
    SepUpdateTokenFlagsLocked(Token);
}

static NTSTATUS SepAdjust(SEP_TOKEN *Token, BOOLEAN DisableAll, const TOKEN_PRIVILEGES *NewState, ULONG Length,
                          PTOKEN_PRIVILEGES Previous, PULONG Needed)
{
    SEP_ADJUSTMENT plan;
    ULONG64 changes;
    NTSTATUS status = STATUS_SUCCESS;

    ExLockExclusive(&Token->Lock);
    SepPlanLocked(&Token->Token, DisableAll, NewState, &plan);
    changes = SepChangesOf(&Token->Token, &plan);
    if (Previous != NULL)
        status = SepDescribeChanges(&Token->Token, changes, Previous, Length, Needed);
    if (NT_SUCCESS(status)) {
        if (changes != 0)
            SepApplyLocked(&Token->Token, &plan);
        if (plan.Unassigned)
            status = STATUS_NOT_ALL_ASSIGNED;
    }
    ExUnlockExclusive(&Token->Lock);
    return status;
}

/* NewState NULL: all are disabled. */
static NTSTATUS SepAdjustForCaller(SEP_TOKEN *Token, const TOKEN_PRIVILEGES *NewState, ULONG Length, PTOKEN_PRIVILEGES Previous,
                                   PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG needed = 0;
    MM_ANSWER answer;
    NTSTATUS status = MmBeginAnswer(&answer, mode, Previous, Length), written;

    if (!NT_SUCCESS(status))
        return status;
    status = Previous != NULL ? MmProbeCaller(mode, ReturnLength, sizeof(ULONG)) : STATUS_SUCCESS;
    if (NT_SUCCESS(status))
        status = SepAdjust(Token, NewState == NULL, NewState, (ULONG)answer.Length, Previous != NULL ? answer.Buffer : NULL, &needed);
    written = MmEndAnswer(&answer, NT_SUCCESS(status) ? needed : 0);
    if (NT_SUCCESS(written) && needed != 0)
        written = MmWriteCaller(mode, ReturnLength, &needed, sizeof(needed));
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE TokenHandle, BOOLEAN DisableAllPrivileges, PTOKEN_PRIVILEGES NewState,
                                       ULONG BufferLength, PTOKEN_PRIVILEGES PreviousState, PULONG ReturnLength)
{
    ACCESS_MASK access = TOKEN_ADJUST_PRIVILEGES | (PreviousState != NULL ? TOKEN_QUERY : 0);
    PTOKEN_PRIVILEGES new = NULL;
    PVOID token;
    NTSTATUS status;

    if ((!DisableAllPrivileges && NewState == NULL) || (PreviousState != NULL && ReturnLength == NULL))
        return STATUS_INVALID_PARAMETER;
    status = DisableAllPrivileges ? STATUS_SUCCESS : SepReadCallerPrivileges(ObPreviousMode(), NewState, &new);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(TokenHandle, access, SepTokenObjectType, ObPreviousMode(), &token, NULL);
    if (NT_SUCCESS(status)) {
        status = SepAdjustForCaller(token, new, BufferLength, PreviousState, ReturnLength);
        ObfDereferenceObject(token);
    }
    MmFreeCallerBlock(new);
    return status;
}

NTSTATUS NTAPI ZwAdjustPrivilegesToken(HANDLE TokenHandle, BOOLEAN DisableAllPrivileges, PTOKEN_PRIVILEGES NewState,
                                       ULONG BufferLength, PTOKEN_PRIVILEGES PreviousState, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtAdjustPrivilegesToken(TokenHandle, DisableAllPrivileges, NewState, BufferLength, PreviousState,
                                                           ReturnLength));
}
