/* SPDX-License-Identifier: MIT
 * What changes a key: deleting it, setting and deleting values.
 */
#include "cmp.h"

/* ---- Deleting a key ---- */
static NTSTATUS CmpDeleteLocked(PCMP_KCB Kcb)
{
    CM_KEY_NODE *key;
    NTSTATUS status;

    if (Kcb->Discarded)
        return STATUS_KEY_DELETED;
    key = CmpNodeOf(Kcb);
    if ((key->Flags & (KEY_NO_DELETE | KEY_HIVE_ENTRY)) || Kcb->KeyHive == CmpMasterHive)
        return STATUS_CANNOT_DELETE;
    status = CmpStatus(RegfDeleteKey(CmpHiveOf(Kcb), Kcb->KeyCell));
    if (NT_SUCCESS(status)) {
        CmpNoteChangeLocked(Kcb->KeyHive);
        CmpDiscardKcb(Kcb);
    }
    return status;
}

static NTSTATUS CmpPerformDelete(PVOID Arguments)
{
    PCMP_KCB kcb = ((PCM_KEY_BODY)Arguments)->KeyControlBlock;
    NTSTATUS status;

    ExLockExclusive(&CmpRegistryLock);
    status = CmpDeleteLocked(kcb);
    ExUnlockExclusive(&CmpRegistryLock);
    if (NT_SUCCESS(status)) {
        CmpPostChange(kcb, REG_NOTIFY_CHANGE_NAME);
        CmpPostChange(kcb->ParentKcb, REG_NOTIFY_CHANGE_NAME);
    }
    return status;
}

NTSTATUS NTAPI NtDeleteKey(HANDLE KeyHandle)
{
    REG_DELETE_KEY_INFORMATION information = { NULL };
    CMP_OPERATION operation = { RegNtPreDeleteKey, RegNtPostDeleteKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformDelete, NULL };
    PCM_KEY_BODY body;
    NTSTATUS status = CmpReferenceHandle(KeyHandle, DELETE, &body);

    if (!NT_SUCCESS(status))
        return status;
    operation.Object = operation.Arguments = information.Object = body;
    status = CmpFilter(&operation);
    ObfDereferenceObject(body);
    return status;
}

/* ---- Values ---- */
typedef struct CMP_VALUE_CHANGE {
    PCMP_KCB Kcb;
    UNICODE_STRING Name;                         /* captured */
    ULONG Type;
    PVOID Data;                                  /* captured */
    ULONG DataSize;
} CMP_VALUE_CHANGE;

/* Kernel mode may leave the string of an empty name away. */
NTSTATUS CmpCaptureValueName(PUNICODE_STRING Source, PUNICODE_STRING Copy)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    UNICODE_STRING name = { 0, 0, NULL };
    NTSTATUS status = STATUS_SUCCESS;

    RtlZeroMemory(Copy, sizeof(*Copy));
    if (mode != KernelMode || Source != NULL)
        status = MmReadCaller(mode, &name, Source, sizeof(name));
    if (!NT_SUCCESS(status) || name.Length == 0)
        return status;
    if ((name.Length & 1) || name.Length > REGF_MAXIMUM_VALUE_NAME * sizeof(WCHAR) || name.Buffer == NULL)
        return STATUS_INVALID_PARAMETER;
    status = MmReadCallerBlock(mode, name.Buffer, name.Length, (PVOID *)&Copy->Buffer);
    if (NT_SUCCESS(status))
        Copy->Length = Copy->MaximumLength = name.Length;
    return status;
}

static VOID CmpFreeChange(CMP_VALUE_CHANGE *Change)
{
    MmFreeCallerBlock(Change->Name.Buffer);
    MmFreeCallerBlock(Change->Data);
}

/* A link has one value, where it leads to. */
static BOOLEAN CmpSuitsLink(const CMP_VALUE_CHANGE *Change)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(CMP_LINK_VALUE);
    return Change->Type == REG_LINK && RtlEqualUnicodeString(&Change->Name, &name, TRUE);
}

/* What CmpSetLocked returns when the value is like that already: nobody is told. */
#define CMP_UNCHANGED STATUS_OBJECT_NAME_EXISTS
static NTSTATUS CmpSetLocked(const CMP_VALUE_CHANGE *Change)
{
    REGF_HIVE *hive = CmpHiveOf(Change->Kcb);
    ULONG cell = Change->Kcb->KeyCell, index;
    const CM_KEY_VALUE *value;

    if (Change->Kcb->Discarded)
        return STATUS_KEY_DELETED;
    if ((RegfKey(hive, cell)->Flags & KEY_SYM_LINK) && !CmpSuitsLink(Change))
        return STATUS_ACCESS_DENIED;
    index = RegfFindValue(hive, cell, CmpName(&Change->Name));
    if (index != REGF_NIL) {
        value = RegfValue(hive, RegfValueAt(hive, cell, index));
        if (value->Type == Change->Type && RegfDataEquals(hive, value, Change->Data, Change->DataSize)) {
            RegfTouchKey(hive, cell);
            return CMP_UNCHANGED;
        }
    }
    return CmpStatus(RegfSetValue(hive, cell, CmpName(&Change->Name), Change->Type, Change->Data, Change->DataSize));
}

static NTSTATUS CmpPerformSet(PVOID Arguments)
{
    CMP_VALUE_CHANGE *change = Arguments;
    NTSTATUS status;

    ExLockExclusive(&CmpRegistryLock);
    status = CmpSetLocked(change);
    CmpNoteChangeLocked(change->Kcb->KeyHive);
    ExUnlockExclusive(&CmpRegistryLock);
    if (status == STATUS_SUCCESS)
        CmpPostChange(change->Kcb, REG_NOTIFY_CHANGE_LAST_SET);
    return status == CMP_UNCHANGED ? STATUS_SUCCESS : status;
}

static NTSTATUS CmpCaptureChange(PUNICODE_STRING Name, const VOID *Data, ULONG DataSize, CMP_VALUE_CHANGE *Change)
{
    NTSTATUS status = CmpCaptureValueName(Name, &Change->Name);

    if (!NT_SUCCESS(status) || DataSize == 0)
        return status;
    if (DataSize > REGF_MAXIMUM_DATA || Data == NULL)
        return STATUS_INVALID_PARAMETER;
    Change->DataSize = DataSize;
    return MmReadCallerBlock(ObPreviousMode(), Data, DataSize, &Change->Data);
}

NTSTATUS NTAPI NtSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
                             ULONG DataSize)
{
    CMP_VALUE_CHANGE change = { .Type = Type };
    REG_SET_VALUE_KEY_INFORMATION information = { .TitleIndex = TitleIndex, .Type = Type, .DataSize = DataSize };
    CMP_OPERATION operation = { RegNtPreSetValueKey, RegNtPostSetValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformSet, &change };
    PCM_KEY_BODY body;
    NTSTATUS status = CmpReferenceHandle(KeyHandle, KEY_SET_VALUE, &body);

    if (!NT_SUCCESS(status))
        return status;
    status = CmpCaptureChange(ValueName, Data, DataSize, &change);
    if (NT_SUCCESS(status)) {
        change.Kcb = body->KeyControlBlock;
        information.Object = operation.Object = body;
        information.ValueName = &change.Name;
        information.Data = change.Data;
        status = CmpFilter(&operation);
    }
    CmpFreeChange(&change);
    ObfDereferenceObject(body);
    return status;
}

static NTSTATUS CmpPerformDeleteValue(PVOID Arguments)
{
    CMP_VALUE_CHANGE *change = Arguments;
    NTSTATUS status = STATUS_KEY_DELETED;

    ExLockExclusive(&CmpRegistryLock);
    if (!change->Kcb->Discarded)
        status = CmpStatus(RegfDeleteValue(CmpHiveOf(change->Kcb), change->Kcb->KeyCell, CmpName(&change->Name)));
    CmpNoteChangeLocked(change->Kcb->KeyHive);
    ExUnlockExclusive(&CmpRegistryLock);
    if (NT_SUCCESS(status))
        CmpPostChange(change->Kcb, REG_NOTIFY_CHANGE_LAST_SET);
    return status;
}

NTSTATUS NTAPI NtDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    CMP_VALUE_CHANGE change = { .Type = REG_NONE };
    REG_DELETE_VALUE_KEY_INFORMATION information = { NULL };
    CMP_OPERATION operation = { RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformDeleteValue, &change };
    PCM_KEY_BODY body;
    NTSTATUS status = CmpReferenceHandle(KeyHandle, KEY_SET_VALUE, &body);

    if (!NT_SUCCESS(status))
        return status;
    status = CmpCaptureChange(ValueName, NULL, 0, &change);
    if (NT_SUCCESS(status)) {
        change.Kcb = body->KeyControlBlock;
        information.Object = operation.Object = body;
        information.ValueName = &change.Name;
        status = CmpFilter(&operation);
    }
    CmpFreeChange(&change);
    ObfDereferenceObject(body);
    return status;
}
