/* SPDX-License-Identifier: MIT
 * The services that ask: about a key, its subkeys and its values.
 */
#include "cmp.h"

typedef struct CMP_QUERY {
    PCMP_KCB Kcb;
    ULONG Class, Index, Length;
    PVOID Buffer;
    PULONG ResultLength;
    PUNICODE_STRING ValueName;
} CMP_QUERY;

/* Runs Build under the shared lock on a key that is not deleted, then hands the result over. */
static NTSTATUS CmpAnswer(const CMP_QUERY *Query, NTSTATUS (*Build)(const CMP_QUERY *Query, CMP_RESULT *Result))
{
    CMP_RESULT result = { NULL, 0, 0 };
    NTSTATUS status = STATUS_KEY_DELETED;

    ExLockShared(&CmpRegistryLock);
    if (!Query->Kcb->Discarded)
        status = Build(Query, &result);
    ExUnlockShared(&CmpRegistryLock);
    return CmpEndResult(&result, status, Query->Buffer, Query->ResultLength);
}

/* Object: where the operation's information wants the key body. */
static NTSTATUS CmpRunQuery(HANDLE KeyHandle, ACCESS_MASK Access, CMP_QUERY *Query, CMP_OPERATION *Operation, PVOID *Object)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PCM_KEY_BODY body;
    NTSTATUS status;

    if (CmpIsForeign(mode, Query->Buffer) || CmpIsForeign(mode, Query->ResultLength))
        return STATUS_NOT_IMPLEMENTED;
    status = CmpReferenceHandle(KeyHandle, Access, &body);
    if (!NT_SUCCESS(status))
        return status;
    *Object = Operation->Object = body;
    Query->Kcb = body->KeyControlBlock;
    status = CmpFilter(Operation);
    ObfDereferenceObject(body);
    return status;
}

/* ---- Keys ---- */
static NTSTATUS CmpBuildQueryKey(const CMP_QUERY *Query, CMP_RESULT *Result)
{
    CMP_KCB *full = CmpFullKcb(Query->Kcb);
    UNICODE_STRING name = { full->NameLength, full->NameLength, full->Name };
    CMP_KEY_VIEW view = { Query->Kcb, Query->Kcb->KeyHive, Query->Kcb->KeyCell, &name };
    return CmpBuildKeyInformation(&view, Query->Class, Query->Length, Result);
}

static NTSTATUS CmpBuildEnumerateKey(const CMP_QUERY *Query, CMP_RESULT *Result)
{
    CMP_HIVE *hive = Query->Kcb->KeyHive;
    ULONG cell = RegfSubKeyAt(&hive->Regf, Query->Kcb->KeyCell, Query->Index);
    WCHAR text[REGF_MAXIMUM_KEY_NAME];
    UNICODE_STRING name = { 0, sizeof(text), text };
    CMP_KEY_VIEW view = { .Name = &name };

    if (Query->Class > KeyFullInformation)
        return STATUS_INVALID_PARAMETER;
    if (cell == REGF_NIL)
        return STATUS_NO_MORE_ENTRIES;
    name.Length = (USHORT)(RegfExpandKeyName(&hive->Regf, cell, text).Count * sizeof(WCHAR));
    CmpCrossMount(&hive, &cell);
    view.Hive = hive;
    view.Cell = cell;
    return CmpBuildKeyInformation(&view, Query->Class, Query->Length, Result);
}

static NTSTATUS CmpPerformQueryKey(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildQueryKey); }
static NTSTATUS CmpPerformEnumerateKey(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildEnumerateKey); }

NTSTATUS NTAPI NtQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length,
                          PULONG ResultLength)
{
    REG_QUERY_KEY_INFORMATION information = { NULL, KeyInformationClass, KeyInformation, Length, ResultLength, NULL, NULL, NULL };
    CMP_QUERY query = { NULL, KeyInformationClass, 0, Length, KeyInformation, ResultLength, NULL };
    CMP_OPERATION operation = { RegNtPreQueryKey, RegNtPostQueryKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformQueryKey, &query };
    ACCESS_MASK access = KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE;

    return CmpRunQuery(KeyHandle, access, &query, &operation, &information.Object);
}

NTSTATUS NTAPI NtEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                              ULONG Length, PULONG ResultLength)
{
    REG_ENUMERATE_KEY_INFORMATION information = { NULL, Index, KeyInformationClass, KeyInformation, Length, ResultLength, NULL, NULL,
                                                  NULL };
    CMP_QUERY query = { NULL, KeyInformationClass, Index, Length, KeyInformation, ResultLength, NULL };
    CMP_OPERATION operation = { RegNtPreEnumerateKey, RegNtPostEnumerateKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformEnumerateKey, &query };

    return CmpRunQuery(KeyHandle, KEY_ENUMERATE_SUB_KEYS, &query, &operation, &information.Object);
}

/* ---- Values ---- */
static NTSTATUS CmpBuildValueAt(const CMP_QUERY *Query, ULONG Index, NTSTATUS Missing, CMP_RESULT *Result)
{
    REGF_HIVE *hive = CmpHiveOf(Query->Kcb);
    ULONG cell = Index != REGF_NIL ? RegfValueAt(hive, Query->Kcb->KeyCell, Index) : REGF_NIL;

    if (Query->Class > KeyValuePartialInformationAlign64)
        return STATUS_INVALID_PARAMETER;
    if (cell == REGF_NIL)
        return Missing;
    return CmpBuildValueInformation(hive, RegfValue(hive, cell), Query->Class, Query->Length, Result);
}

static NTSTATUS CmpBuildEnumerateValue(const CMP_QUERY *Query, CMP_RESULT *Result)
{
    return CmpBuildValueAt(Query, Query->Index, STATUS_NO_MORE_ENTRIES, Result);
}

static NTSTATUS CmpBuildQueryValue(const CMP_QUERY *Query, CMP_RESULT *Result)
{
    ULONG index = RegfFindValue(CmpHiveOf(Query->Kcb), Query->Kcb->KeyCell, CmpName(Query->ValueName));
    return CmpBuildValueAt(Query, index, STATUS_OBJECT_NAME_NOT_FOUND, Result);
}

static NTSTATUS CmpPerformEnumerateValue(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildEnumerateValue); }
static NTSTATUS CmpPerformQueryValue(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildQueryValue); }

NTSTATUS NTAPI NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    REG_ENUMERATE_VALUE_KEY_INFORMATION information = { NULL, Index, KeyValueInformationClass, KeyValueInformation, Length,
                                                        ResultLength, NULL, NULL, NULL };
    CMP_QUERY query = { NULL, KeyValueInformationClass, Index, Length, KeyValueInformation, ResultLength, NULL };
    CMP_OPERATION operation = { RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformEnumerateValue, &query };

    return CmpRunQuery(KeyHandle, KEY_QUERY_VALUE, &query, &operation, &information.Object);
}

NTSTATUS NTAPI NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                               PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    UNICODE_STRING name = { 0, 0, NULL };
    REG_QUERY_VALUE_KEY_INFORMATION information = { NULL, &name, KeyValueInformationClass, KeyValueInformation, Length, ResultLength,
                                                    NULL, NULL, NULL };
    CMP_QUERY query = { NULL, KeyValueInformationClass, 0, Length, KeyValueInformation, ResultLength, &name };
    CMP_OPERATION operation = { RegNtPreQueryValueKey, RegNtPostQueryValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformQueryValue, &query };
    KPROCESSOR_MODE mode = ObPreviousMode();
    PCM_KEY_BODY body;
    NTSTATUS status;

    if (CmpIsForeign(mode, KeyValueInformation) || CmpIsForeign(mode, ResultLength) || CmpIsForeign(mode, ValueName))
        return STATUS_NOT_IMPLEMENTED;
    status = CmpReferenceHandle(KeyHandle, KEY_QUERY_VALUE, &body);
    if (!NT_SUCCESS(status))
        return status;
    status = CmpCaptureValueName(ValueName, &name);
    if (NT_SUCCESS(status)) {
        information.Object = operation.Object = body;
        query.Kcb = body->KeyControlBlock;
        status = CmpFilter(&operation);
    }
    if (name.Buffer != NULL)
        ExFreePoolWithTag(name.Buffer, CMP_TAG);
    ObfDereferenceObject(body);
    return status;
}
