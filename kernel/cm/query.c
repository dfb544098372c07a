/* SPDX-License-Identifier: MIT
 * The services that ask: about a key, its subkeys and its values.
 */
#include "cmp.h"

/* The answer is made in kernel memory, where registry callbacks see it, and handed over when they have. */
typedef struct CMP_QUERY {
    PCMP_KCB Kcb;
    ULONG Class, Index;
    MM_ANSWER Answer;
    ULONG Length, ResultLength;                  /* of the answer */
    UNICODE_STRING ValueName;                    /* captured */
} CMP_QUERY;

/* Runs Build under the shared lock on a key that is not deleted, then hands the result over. */
static NTSTATUS CmpAnswer(CMP_QUERY *Query, NTSTATUS (*Build)(const CMP_QUERY *Query, CMP_RESULT *Result))
{
    CMP_RESULT result = { NULL, 0, 0 };
    NTSTATUS status = STATUS_KEY_DELETED;

    ExLockShared(&CmpRegistryLock);
    if (!Query->Kcb->Discarded)
        status = Build(Query, &result);
    ExUnlockShared(&CmpRegistryLock);
    return CmpEndResult(&result, status, Query->Answer.Buffer, &Query->ResultLength);
}

static NTSTATUS CmpBeginQuery(CMP_QUERY *Query, PVOID Buffer, ULONG Length)
{
    NTSTATUS status = MmBeginAnswer(&Query->Answer, ObPreviousMode(), Buffer, Length);

    Query->Length = (ULONG)Query->Answer.Length;
    return status;
}

/* Object: where the operation's information wants the key body. */
static NTSTATUS CmpRunQuery(HANDLE KeyHandle, ACCESS_MASK Access, CMP_QUERY *Query, CMP_OPERATION *Operation, PVOID *Object)
{
    PCM_KEY_BODY body;
    NTSTATUS status = CmpReferenceHandle(KeyHandle, Access, &body);

    if (!NT_SUCCESS(status))
        return status;
    *Object = Operation->Object = body;
    Query->Kcb = body->KeyControlBlock;
    status = CmpFilter(Operation);
    ObfDereferenceObject(body);
    return status;
}

/* The caller is told how long the answer is when he has it, or has part of it, or must ask again. */
static NTSTATUS CmpEndQuery(CMP_QUERY *Query, NTSTATUS Status, PULONG ResultLength)
{
    BOOLEAN answered = NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW;
    NTSTATUS told = MmEndAnswer(&Query->Answer, answered ? min(Query->ResultLength, Query->Answer.Length) : 0);

    if (NT_SUCCESS(told) && (answered || Status == STATUS_BUFFER_TOO_SMALL))
        told = MmWriteCaller(ObPreviousMode(), ResultLength, &Query->ResultLength, sizeof(*ResultLength));
    return NT_SUCCESS(told) ? Status : told;
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
    CMP_QUERY query = { .Class = KeyInformationClass };
    REG_QUERY_KEY_INFORMATION information = { .KeyInformationClass = KeyInformationClass, .ResultLength = &query.ResultLength };
    CMP_OPERATION operation = { RegNtPreQueryKey, RegNtPostQueryKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformQueryKey, &query };
    ACCESS_MASK access = KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE;
    NTSTATUS status = CmpBeginQuery(&query, KeyInformation, Length);

    if (!NT_SUCCESS(status))
        return status;
    information.KeyInformation = query.Answer.Buffer;
    information.Length = query.Length;
    status = CmpRunQuery(KeyHandle, access, &query, &operation, &information.Object);
    return CmpEndQuery(&query, status, ResultLength);
}

NTSTATUS NTAPI NtEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                              ULONG Length, PULONG ResultLength)
{
    CMP_QUERY query = { .Class = KeyInformationClass, .Index = Index };
    REG_ENUMERATE_KEY_INFORMATION information = { .Index = Index, .KeyInformationClass = KeyInformationClass,
                                                  .ResultLength = &query.ResultLength };
    CMP_OPERATION operation = { RegNtPreEnumerateKey, RegNtPostEnumerateKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformEnumerateKey, &query };
    NTSTATUS status = CmpBeginQuery(&query, KeyInformation, Length);

    if (!NT_SUCCESS(status))
        return status;
    information.KeyInformation = query.Answer.Buffer;
    information.Length = query.Length;
    status = CmpRunQuery(KeyHandle, KEY_ENUMERATE_SUB_KEYS, &query, &operation, &information.Object);
    return CmpEndQuery(&query, status, ResultLength);
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
    ULONG index = RegfFindValue(CmpHiveOf(Query->Kcb), Query->Kcb->KeyCell, CmpName(&Query->ValueName));
    return CmpBuildValueAt(Query, index, STATUS_OBJECT_NAME_NOT_FOUND, Result);
}

static NTSTATUS CmpPerformEnumerateValue(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildEnumerateValue); }
static NTSTATUS CmpPerformQueryValue(PVOID Arguments) { return CmpAnswer(Arguments, CmpBuildQueryValue); }

NTSTATUS NTAPI NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    CMP_QUERY query = { .Class = KeyValueInformationClass, .Index = Index };
    REG_ENUMERATE_VALUE_KEY_INFORMATION information = { .Index = Index, .KeyValueInformationClass = KeyValueInformationClass,
                                                        .ResultLength = &query.ResultLength };
    CMP_OPERATION operation = { RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformEnumerateValue, &query };
    NTSTATUS status = CmpBeginQuery(&query, KeyValueInformation, Length);

    if (!NT_SUCCESS(status))
        return status;
    information.KeyValueInformation = query.Answer.Buffer;
    information.Length = query.Length;
    status = CmpRunQuery(KeyHandle, KEY_QUERY_VALUE, &query, &operation, &information.Object);
    return CmpEndQuery(&query, status, ResultLength);
}

static NTSTATUS CmpQueryValue(HANDLE KeyHandle, CMP_QUERY *Query)
{
    REG_QUERY_VALUE_KEY_INFORMATION information = { .ValueName = &Query->ValueName, .KeyValueInformationClass = Query->Class,
                                                    .KeyValueInformation = Query->Answer.Buffer, .Length = Query->Length,
                                                    .ResultLength = &Query->ResultLength };
    CMP_OPERATION operation = { RegNtPreQueryValueKey, RegNtPostQueryValueKey, NULL, &information, &information.CallContext,
                                &information.ObjectContext, NULL, CmpPerformQueryValue, Query };

    return CmpRunQuery(KeyHandle, KEY_QUERY_VALUE, Query, &operation, &information.Object);
}

NTSTATUS NTAPI NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                               PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    CMP_QUERY query = { .Class = KeyValueInformationClass };
    NTSTATUS status = CmpCaptureValueName(ValueName, &query.ValueName);

    if (NT_SUCCESS(status))
        status = CmpBeginQuery(&query, KeyValueInformation, Length);
    if (NT_SUCCESS(status))
        status = CmpEndQuery(&query, CmpQueryValue(KeyHandle, &query), ResultLength);
    MmFreeCallerBlock(query.ValueName.Buffer);
    return status;
}
