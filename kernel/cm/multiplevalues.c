/* SPDX-License-Identifier: MIT
 * NtQueryMultipleValueKey: several values of a key as they are at one moment. Names are captured before the lock is taken, data and
 * entries handed over after it is given up.
 */
#include "cmp.h"

#define CMP_MOST_VALUES 0x10000u                 /* in one request */

typedef struct CMP_WANTED {
    UNICODE_STRING Name;                         /* captured */
    KEY_VALUE_ENTRY Entry;                       /* what will be told */
} CMP_WANTED;

typedef struct CMP_MULTIPLE {
    PCMP_KCB Kcb;
    CMP_WANTED *Wanted;
    ULONG Count;
    PUCHAR Data;                                 /* pool of Length bytes */
    ULONG Length, Used, Required;
} CMP_MULTIPLE;

static VOID CmpFreeMultiple(CMP_MULTIPLE *Request)
{
    ULONG i;

    for (i = 0; Request->Wanted != NULL && i < Request->Count; i++)
        MmFreeCallerBlock(Request->Wanted[i].Name.Buffer);
    if (Request->Wanted != NULL)
        ExFreePoolWithTag(Request->Wanted, CMP_TAG);
    if (Request->Data != NULL)
        ExFreePoolWithTag(Request->Data, CMP_TAG);
}

static NTSTATUS CmpCaptureWanted(CMP_MULTIPLE *Request, PKEY_VALUE_ENTRY Entries)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    Request->Wanted = ExAllocatePoolWithTag(PagedPool, Request->Count * sizeof(CMP_WANTED), CMP_TAG);
    Request->Data = ExAllocatePoolWithTag(PagedPool, max(Request->Length, 1), CMP_TAG);
    if (Request->Wanted == NULL || Request->Data == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Request->Wanted, Request->Count * sizeof(CMP_WANTED));
    RtlZeroMemory(Request->Data, Request->Length);
    for (i = 0; i < Request->Count && NT_SUCCESS(status); i++) {
        CMP_WANTED *wanted = &Request->Wanted[i];
        status = MmReadCaller(mode, &wanted->Entry, &Entries[i], sizeof(wanted->Entry));
        if (NT_SUCCESS(status))
            status = MmReadCallerString(mode, wanted->Entry.ValueName, &wanted->Name);
        if (NT_SUCCESS(status) && (wanted->Name.Length & 1))
            status = STATUS_INVALID_PARAMETER;
    }
    return status;
}

/* The registry lock is held. What does not fit is only counted. */
static NTSTATUS CmpTakeValueLocked(CMP_MULTIPLE *Request, CMP_WANTED *Wanted)
{
    REGF_HIVE *hive = CmpHiveOf(Request->Kcb);
    ULONG index = RegfFindValue(hive, Request->Kcb->KeyCell, CmpName(&Wanted->Name));
    const CM_KEY_VALUE *value;
    ULONG bytes;

    if (index == REGF_NIL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    value = RegfValue(hive, RegfValueAt(hive, Request->Kcb->KeyCell, index));
    bytes = RegfDataLength(value);
    Request->Required = (Request->Required + 3) & ~3u;
    Wanted->Entry.DataLength = bytes;
    Wanted->Entry.Type = value->Type;
    Wanted->Entry.DataOffset = Request->Required;
    Request->Required += bytes;
    if (Request->Required > Request->Length)
        return STATUS_BUFFER_OVERFLOW;
    RegfReadData(hive, value, Request->Data + Wanted->Entry.DataOffset, bytes);
    Request->Used = Request->Required;
    return STATUS_SUCCESS;
}

static NTSTATUS CmpTakeValues(CMP_MULTIPLE *Request)
{
    NTSTATUS status = Request->Kcb->Discarded ? STATUS_KEY_DELETED : STATUS_SUCCESS, one;
    ULONG i;

    for (i = 0; i < Request->Count && (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW); i++) {
        one = CmpTakeValueLocked(Request, &Request->Wanted[i]);
        if (!NT_SUCCESS(one))
            status = one;
    }
    return status;
}

static NTSTATUS CmpTellMultiple(const CMP_MULTIPLE *Request, PKEY_VALUE_ENTRY Entries, PVOID Buffer, PULONG Length, PULONG Required)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = MmWriteCaller(mode, Buffer, Request->Data, Request->Used);
    ULONG i;

    for (i = 0; i < Request->Count && NT_SUCCESS(status); i++)
        status = MmWriteCaller(mode, &Entries[i], &Request->Wanted[i].Entry, sizeof(KEY_VALUE_ENTRY));
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Length, &Request->Used, sizeof(*Length));
    return NT_SUCCESS(status) ? MmWriteOptional(mode, Required, &Request->Required, sizeof(*Required)) : status;
}

NTSTATUS NTAPI NtQueryMultipleValueKey(HANDLE KeyHandle, PKEY_VALUE_ENTRY ValueEntries, ULONG EntryCount, PVOID ValueBuffer,
                                       PULONG BufferLength, PULONG RequiredBufferLength)
{
    CMP_MULTIPLE request = { .Count = EntryCount };
    PCM_KEY_BODY body;
    NTSTATUS status, told;

    if (EntryCount == 0 || EntryCount > CMP_MOST_VALUES)
        return STATUS_INVALID_PARAMETER;
    status = MmReadCaller(ObPreviousMode(), &request.Length, BufferLength, sizeof(ULONG));
    if (!NT_SUCCESS(status))
        return status;
    request.Length = min(request.Length, MM_LONGEST_ANSWER);
    status = CmpReferenceHandle(KeyHandle, KEY_QUERY_VALUE, &body);
    if (!NT_SUCCESS(status))
        return status;
    request.Kcb = body->KeyControlBlock;
    status = CmpCaptureWanted(&request, ValueEntries);
    if (NT_SUCCESS(status)) {
        ExLockShared(&CmpRegistryLock);
        status = CmpTakeValues(&request);
        ExUnlockShared(&CmpRegistryLock);
    }
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) {
        told = CmpTellMultiple(&request, ValueEntries, ValueBuffer, BufferLength, RequiredBufferLength);
        status = NT_SUCCESS(told) ? status : told;
    }
    CmpFreeMultiple(&request);
    ObfDereferenceObject(body);
    return status;
}
