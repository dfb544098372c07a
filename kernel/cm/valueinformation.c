/* SPDX-License-Identifier: MIT
 * The classes of information about values. The registry lock is held throughout.
 */
#include "cmp.h"

static ULONG CmpValueNameLength(const CM_KEY_VALUE *Value)
{
    return RegfNameCount(Value->NameLength, (Value->Flags & VALUE_COMP_NAME) != 0) * (ULONG)sizeof(WCHAR);
}

static VOID CmpPutValueName(const CM_KEY_VALUE *Value, ULONG Offset, CMP_RESULT *Result)
{
    BOOLEAN compressed = (Value->Flags & VALUE_COMP_NAME) != 0;
    ULONG count = RegfNameCount(Value->NameLength, compressed), i;

    for (i = 0; i < count; i++) {
        WCHAR unit = RegfNameUnit(Value->Name, i, compressed);
        CmpPutResult(Result, Offset + i * (ULONG)sizeof(WCHAR), &unit, sizeof(unit));
    }
}

static VOID CmpPutData(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, ULONG Offset, CMP_RESULT *Result)
{
    if (Offset < Result->Room)
        RegfReadData(Hive, Value, Result->Block + Offset, Result->Room - Offset);
}

static NTSTATUS CmpBuildValueBasic(const CM_KEY_VALUE *Value, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
    ULONG name = CmpValueNameLength(Value);
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, fixed + name);
    KEY_VALUE_BASIC_INFORMATION *information = (KEY_VALUE_BASIC_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->Type = Value->Type;
    information->NameLength = name;
    CmpPutValueName(Value, fixed, Result);
    return status;
}

static NTSTATUS CmpBuildValueFull(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, ULONG Align, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
    ULONG name = CmpValueNameLength(Value), bytes = RegfDataLength(Value);
    ULONG data = (fixed + name + Align - 1) & ~(Align - 1);
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, bytes != 0 ? (ULONG64)data + bytes : fixed + name);
    KEY_VALUE_FULL_INFORMATION *information = (KEY_VALUE_FULL_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->Type = Value->Type;
    information->DataOffset = data;
    information->DataLength = bytes;
    information->NameLength = name;
    CmpPutValueName(Value, fixed, Result);
    CmpPutData(Hive, Value, data, Result);
    return status;
}

/* Type and DataLength, at Head, then the data: the two partial classes differ in what is in front. */
typedef struct CMP_VALUE_HEAD {
    ULONG Type, DataLength;
    UCHAR Data[1];
} CMP_VALUE_HEAD;
C_ASSERT(FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, DataLength) == FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Type) + 4 &&
         FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) == FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Type) + 8 &&
         FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data) == FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Type) + 8);

static NTSTATUS CmpBuildValuePartial(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, ULONG Head, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = Head + FIELD_OFFSET(CMP_VALUE_HEAD, Data);
    ULONG bytes = RegfDataLength(Value);
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, (ULONG64)fixed + bytes);
    CMP_VALUE_HEAD *information;

    if (Result->Block == NULL)
        return status;
    information = (CMP_VALUE_HEAD *)(Result->Block + Head);
    information->Type = Value->Type;
    information->DataLength = bytes;
    CmpPutData(Hive, Value, fixed, Result);
    return status;
}

NTSTATUS CmpBuildValueInformation(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, KEY_VALUE_INFORMATION_CLASS Class, ULONG Length,
                                  CMP_RESULT *Result)
{
    switch (Class) {
    case KeyValueBasicInformation:
        return CmpBuildValueBasic(Value, Length, Result);
    case KeyValueFullInformation:
        return CmpBuildValueFull(Hive, Value, 4, Length, Result);
    case KeyValueFullInformationAlign64:
        return CmpBuildValueFull(Hive, Value, 8, Length, Result);
    case KeyValuePartialInformation:
        return CmpBuildValuePartial(Hive, Value, FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Type), Length, Result);
    case KeyValuePartialInformationAlign64:
        return CmpBuildValuePartial(Hive, Value, FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Type), Length, Result);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
