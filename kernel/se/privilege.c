/* SPDX-License-Identifier: MIT
 * Privileges: does the subject hold them, and the sets that remember which ones a request needed.
 */
#include "sep.h"

static BOOLEAN SepHolds(PACCESS_TOKEN Token, const LUID *Privilege)
{
    return Privilege->HighPart == 0 && Privilege->LowPart <= SEP_HIGHEST_PRIVILEGE &&
           SepTokenHasPrivilege(Token, Privilege->LowPart);
}

/* A client that is not to be acted for holds nothing. */
static BOOLEAN SepMayActFor(PSECURITY_SUBJECT_CONTEXT Subject)
{
    return Subject->ClientToken == NULL || Subject->ImpersonationLevel >= SecurityImpersonation;
}

BOOLEAN NTAPI SePrivilegeCheck(PPRIVILEGE_SET RequiredPrivileges, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                               KPROCESSOR_MODE AccessMode)
{
    ULONG held = 0, i;

    if (AccessMode == KernelMode)
        return TRUE;
    if (!SepMayActFor(SubjectContext))
        return FALSE;
    SeLockSubjectContext(SubjectContext);
    for (i = 0; i < RequiredPrivileges->PrivilegeCount; i++) {
        LUID_AND_ATTRIBUTES *privilege = &RequiredPrivileges->Privilege[i];
        if (!SepHolds(SepEffectiveToken(SubjectContext), &privilege->Luid))
            continue;
        privilege->Attributes |= SE_PRIVILEGE_USED_FOR_ACCESS;
        held++;
    }
    SeUnlockSubjectContext(SubjectContext);
    return RequiredPrivileges->Control & PRIVILEGE_SET_ALL_NECESSARY ? held == RequiredPrivileges->PrivilegeCount : held != 0;
}

BOOLEAN NTAPI SeSinglePrivilegeCheck(LUID PrivilegeValue, KPROCESSOR_MODE PreviousMode)
{
    PRIVILEGE_SET set = { 1, PRIVILEGE_SET_ALL_NECESSARY, { { PrivilegeValue, 0 } } };
    SECURITY_SUBJECT_CONTEXT subject;
    BOOLEAN held;

    if (PreviousMode == KernelMode)
        return TRUE;
    SeCaptureSubjectContext(&subject);
    held = SePrivilegeCheck(&set, &subject, PreviousMode);
    SeReleaseSubjectContext(&subject);
    return held;
}

VOID NTAPI SeFreePrivileges(PPRIVILEGE_SET Privileges) { ExFreePoolWithTag(Privileges, SEP_TAG_PRIVILEGES); }

static ULONG SepSetBytes(ULONG Count)
{
    return (ULONG)FIELD_OFFSET(PRIVILEGE_SET, Privilege) + Count * (ULONG)sizeof(LUID_AND_ATTRIBUTES);
}

NTSTATUS NTAPI SeAppendPrivileges(PACCESS_STATE AccessState, PPRIVILEGE_SET Privileges)
{
    PAUX_ACCESS_DATA auxiliary = AccessState->AuxData;
    PPRIVILEGE_SET old = auxiliary->PrivilegesUsed, to = old;
    ULONG count = old->PrivilegeCount + Privileges->PrivilegeCount;
    BOOLEAN fits = count <= INITIAL_PRIVILEGE_COUNT && !AccessState->PrivilegesAllocated;

    if (Privileges->PrivilegeCount > SEP_HIGHEST_PRIVILEGE || count < Privileges->PrivilegeCount)
        return STATUS_INVALID_PARAMETER;
    if (!fits) {
        to = ExAllocatePoolWithTag(PagedPool, SepSetBytes(count), SEP_TAG_PRIVILEGES);
        if (to == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(to, old, SepSetBytes(old->PrivilegeCount));
    }
    RtlCopyMemory(&to->Privilege[to->PrivilegeCount], Privileges->Privilege,
                  Privileges->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
    to->PrivilegeCount = count;
    if (!fits) {
        if (AccessState->PrivilegesAllocated)
            SeFreePrivileges(old);
        AccessState->PrivilegesAllocated = TRUE;
        auxiliary->PrivilegesUsed = to;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI SeSetAccessStateGenericMapping(PACCESS_STATE AccessState, PGENERIC_MAPPING GenericMapping)
{
    ((PAUX_ACCESS_DATA)AccessState->AuxData)->GenericMapping = *GenericMapping;
}
