/* SPDX-License-Identifier: MIT
 * Mutants by handle. One that is owned is in its owner's list: whether the thread or the mutant goes first, it leaves the list.
 */
#include "exp.h"

#define EXP_MUTANT_INCREMENT 1

VOID ExpDeleteMutant(PVOID Mutant) { KeReleaseMutant(Mutant, EXP_MUTANT_INCREMENT, TRUE, FALSE); }

NTSTATUS NTAPI NtCreateMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                              BOOLEAN InitialOwner)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID mutant;
    NTSTATUS status = ObCreateObject(mode, ExpMutantObjectType, ObjectAttributes, mode, NULL, sizeof(KMUTANT), 0, 0, &mutant);

    if (!NT_SUCCESS(status))
        return status;
    KeInitializeMutant(mutant, InitialOwner);
    return ObInsertAndReturn(mutant, DesiredAccess, MutantHandle);
}

NTSTATUS NTAPI NtOpenMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ExpMutantObjectType, DesiredAccess, MutantHandle);
}

/* STATUS_MUTANT_NOT_OWNED, STATUS_ABANDONED. */
static NTSTATUS ExpReleaseMutant(PRKMUTANT Mutant, PLONG Old)
{
    __try {
        *Old = KeReleaseMutant(Mutant, EXP_MUTANT_INCREMENT, FALSE, FALSE);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReleaseMutant(HANDLE MutantHandle, PLONG PreviousCount)
{
    PVOID mutant;
    LONG old = 0;
    NTSTATUS status = ExpProbeOptional(PreviousCount, sizeof(LONG));

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(MutantHandle, 0, ExpMutantObjectType, ObPreviousMode(), &mutant, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ExpReleaseMutant(mutant, &old);
    ObfDereferenceObject(mutant);
    return NT_SUCCESS(status) ? ExpTell(PreviousCount, &old, sizeof(old)) : status;
}

/* Class 0: MUTANT_BASIC_INFORMATION; 1: MUTANT_OWNER_INFORMATION, zeros when nobody owns it. */
NTSTATUS NTAPI NtQueryMutant(HANDLE MutantHandle, ULONG MutantInformationClass, PVOID MutantInformation, ULONG MutantInformationLength,
                             PULONG ReturnLength)
{
    struct { LONG Count; BOOLEAN OwnedByCaller, Abandoned; } basic;
    CLIENT_ID owner = { NULL, NULL };
    PRKMUTANT mutant;
    PVOID object;
    NTSTATUS status;

    if (MutantInformationClass > 1)
        return STATUS_INVALID_INFO_CLASS;
    if (MutantInformationLength != (MutantInformationClass == 0 ? sizeof(basic) : sizeof(owner)))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObReferenceObjectByHandle(MutantHandle, MUTANT_QUERY_STATE, ExpMutantObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    mutant = object;
    RtlZeroMemory(&basic, sizeof(basic));
    KeQueryMutant(mutant, &basic.Count, &basic.Abandoned, &basic.OwnedByCaller, &owner);
    ObfDereferenceObject(object);
    if (MutantInformationClass == 0)
        return ExpTellInformation(MutantInformation, ReturnLength, &basic, sizeof(basic));
    return ExpTellInformation(MutantInformation, ReturnLength, &owner, sizeof(owner));
}
