/* SPDX-License-Identifier: MIT
 * Duplicating handles within and between processes. The source handle is looked up, and closed, in its own process; the new one is
 * made by the caller, so that callbacks see who asks.
 */
#include "obp.h"
#include "ke.h"

#define OBP_DUP_HANDLE 0x0040u                   /* PROCESS_DUP_HANDLE */

typedef struct OBP_DUPLICATE {
    PEPROCESS Source, Target;
    HANDLE Handle;
    ACCESS_MASK Access;
    ULONG Attributes, Options;
    KPROCESSOR_MODE Mode;
} OBP_DUPLICATE;

/* Into the source's process, which does not end meanwhile; FALSE: it ends already. Nothing is called that could end it. */
static BOOLEAN ObpEnterSource(const OBP_DUPLICATE *Duplicate, PKAPC_STATE State)
{
    if (!ExAcquireRundownProtection(&Duplicate->Source->RundownProtect))
        return FALSE;
    KeStackAttachProcess(&Duplicate->Source->Pcb, State);
    return TRUE;
}

static VOID ObpLeaveSource(const OBP_DUPLICATE *Duplicate, PKAPC_STATE State)
{
    KeUnstackDetachProcess(State);
    ExReleaseRundownProtection(&Duplicate->Source->RundownProtect);
}

static NTSTATUS ObpReferenceSource(const OBP_DUPLICATE *Duplicate, PVOID *Object, POBJECT_HANDLE_INFORMATION Information)
{
    KAPC_STATE state;
    NTSTATUS status;

    if (!ObpEnterSource(Duplicate, &state))
        return STATUS_PROCESS_IS_TERMINATING;
    status = ObReferenceObjectByHandle(Duplicate->Handle, 0, NULL, Duplicate->Mode, Object, Information);
    ObpLeaveSource(Duplicate, &state);
    return status;
}

static NTSTATUS ObpCloseSource(const OBP_DUPLICATE *Duplicate)
{
    KAPC_STATE state;
    NTSTATUS status;

    if (!ObpEnterSource(Duplicate, &state))
        return STATUS_PROCESS_IS_TERMINATING;
    status = ObCloseHandle(Duplicate->Handle, Duplicate->Mode);
    ObpLeaveSource(Duplicate, &state);
    return status;
}

/* Rights that the source has need no judge; others are asked for as in opening the object. */
static NTSTATUS ObpDuplicateAccess(const OBP_DUPLICATE *Duplicate, PVOID Object, ACCESS_MASK Has, ACCESS_MASK *Granted)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));
    ACCESS_MASK wanted = Duplicate->Options & DUPLICATE_SAME_ACCESS ? Has : Duplicate->Access;
    ACCESS_STATE state;
    AUX_ACCESS_DATA auxiliary;
    NTSTATUS status;

    RtlMapGenericMask(&wanted, &type->TypeInfo.GenericMapping);
    if (!(wanted & ~Has)) {
        *Granted = wanted;
        return STATUS_SUCCESS;
    }
    ObCreateAccessState(&state, &auxiliary, wanted, &type->TypeInfo.GenericMapping);
    status = ObpCheckAccess(Object, &state, Duplicate->Mode, Granted);
    ObDeleteAccessState(&state);
    return status;
}

static NTSTATUS ObpDuplicateObject(const OBP_DUPLICATE *Duplicate, PVOID Object, const OBJECT_HANDLE_INFORMATION *Has, PHANDLE Handle)
{
    OBP_NEW_HANDLE new = { .Reason = ObDuplicateHandle, .Object = Object, .Attributes = Duplicate->Attributes,
                           .Mode = Duplicate->Mode, .Process = Duplicate->Target, .Source = Duplicate->Source };
    NTSTATUS status = ObpDuplicateAccess(Duplicate, Object, Has->GrantedAccess, &new.Access);

    if (!NT_SUCCESS(status))
        return status;
    if (Duplicate->Options & DUPLICATE_SAME_ATTRIBUTES)
        new.Attributes = (new.Attributes & ~(ULONG)OBP_ATTRIBUTES_MASK) | Has->HandleAttributes;
    return ObpCreateHandle(&new, Handle);
}

/* TargetProcess or TargetHandle NULL: no duplicate is wanted. DUPLICATE_CLOSE_SOURCE closes the source whatever else happens; how
 * that went is told only when no duplicate was wanted, as a duplicate that is there must not be lost. */
NTSTATUS NTAPI ObDuplicateObject(PEPROCESS SourceProcess, HANDLE SourceHandle, PEPROCESS TargetProcess, PHANDLE TargetHandle,
                                 ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options, KPROCESSOR_MODE PreviousMode)
{
    OBP_DUPLICATE duplicate = { SourceProcess, TargetProcess, SourceHandle, DesiredAccess, HandleAttributes, Options, PreviousMode };
    BOOLEAN wanted = TargetProcess != NULL && TargetHandle != NULL;
    OBJECT_HANDLE_INFORMATION has;
    NTSTATUS status, closed;
    PVOID object;

    if (HandleAttributes & ~(OBJ_VALID_ATTRIBUTES | OBP_ATTRIBUTES_MASK))
        return STATUS_INVALID_PARAMETER;
    status = ObpReferenceSource(&duplicate, &object, &has);
    if (!NT_SUCCESS(status))
        return status;
    if (wanted)
        status = ObpDuplicateObject(&duplicate, object, &has, TargetHandle);
    ObfDereferenceObject(object);
    closed = Options & DUPLICATE_CLOSE_SOURCE ? ObpCloseSource(&duplicate) : STATUS_SUCCESS;
    return wanted ? status : closed;
}

/* The handle is Target's: there it is closed when its value cannot be told. */
static NTSTATUS ObpTellDuplicate(PEPROCESS Target, PHANDLE To, HANDLE Handle)
{
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), To, &Handle, sizeof(Handle));
    KAPC_STATE state;

    if (NT_SUCCESS(status))
        return status;
    KeStackAttachProcess(&Target->Pcb, &state);
    ObCloseHandle(Handle, ObPreviousMode());
    KeUnstackDetachProcess(&state);
    return status;
}

NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle, PHANDLE TargetHandle,
                                 ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID source, target = NULL;
    HANDLE handle = NULL;
    NTSTATUS status, found = STATUS_SUCCESS;

    if (TargetHandle != NULL) {
        status = MmProbeCaller(mode, TargetHandle, sizeof(HANDLE));
        if (!NT_SUCCESS(status))
            return status;
    }
    status = ObReferenceObjectByHandle(SourceProcessHandle, OBP_DUP_HANDLE, ObpProcessType, mode, &source, NULL);
    if (!NT_SUCCESS(status))
        return status;
    if (TargetProcessHandle != NULL || !(Options & DUPLICATE_CLOSE_SOURCE))
        found = ObReferenceObjectByHandle(TargetProcessHandle, OBP_DUP_HANDLE, ObpProcessType, mode, &target, NULL);
    status = ObDuplicateObject(source, SourceHandle, target, TargetHandle != NULL ? &handle : NULL, DesiredAccess, HandleAttributes,
                               Options, mode);
    if (NT_SUCCESS(status) && target != NULL && TargetHandle != NULL)
        status = ObpTellDuplicate(target, TargetHandle, handle);
    if (target != NULL)
        ObfDereferenceObject(target);
    ObfDereferenceObject(source);
    return NT_SUCCESS(found) ? status : found;
}

NTSTATUS NTAPI ZwDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle, PHANDLE TargetHandle,
                                 ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtDuplicateObject(SourceProcessHandle, SourceHandle, TargetProcessHandle, TargetHandle,
                                                     DesiredAccess, HandleAttributes, Options));
}

/* ---- Comparing ---- */
NTSTATUS NTAPI NtCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID first, second;
    NTSTATUS status = ObReferenceObjectByHandle(FirstObjectHandle, 0, NULL, mode, &first, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(SecondObjectHandle, 0, NULL, mode, &second, NULL);
    if (NT_SUCCESS(status)) {
        status = first == second ? STATUS_SUCCESS : STATUS_NOT_SAME_OBJECT;
        ObfDereferenceObject(second);
    }
    ObfDereferenceObject(first);
    return status;
}

NTSTATUS NTAPI ZwCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCompareObjects(FirstObjectHandle, SecondObjectHandle));
}
