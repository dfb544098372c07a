/* SPDX-License-Identifier: MIT
 * The machine's time zone as the registry has it, in the form that programs ask for. What is not there is UTC's.
 */
#include "systeminformation.h"

typedef struct EXP_ZONE_VALUE {
    PCWSTR Name;
    ULONG Type;
    USHORT Offset, Bytes;
} EXP_ZONE_VALUE;

#define ZONE_VALUE(name, type, field) { name, type, FIELD_OFFSET(EXP_TIME_ZONE, field), RTL_FIELD_SIZE(EXP_TIME_ZONE, field) }

static const EXP_ZONE_VALUE ExpZoneValues[] = {
    ZONE_VALUE(L"Bias", REG_DWORD, Bias),
    ZONE_VALUE(L"StandardName", REG_SZ, StandardName),
    ZONE_VALUE(L"StandardStart", REG_BINARY, StandardStart),
    ZONE_VALUE(L"StandardBias", REG_DWORD, StandardBias),
    ZONE_VALUE(L"DaylightName", REG_SZ, DaylightName),
    ZONE_VALUE(L"DaylightStart", REG_BINARY, DaylightStart),
    ZONE_VALUE(L"DaylightBias", REG_DWORD, DaylightBias),
    ZONE_VALUE(L"TimeZoneKeyName", REG_SZ, KeyName),
    ZONE_VALUE(L"DynamicDaylightTimeDisabled", REG_DWORD, DynamicDaylightTimeDisabled),      /* its lowest byte */
};

/* Text keeps its last character for the end. */
static VOID ExpTakeZoneValue(HANDLE Key, const EXP_ZONE_VALUE *Value, EXP_TIME_ZONE *Zone)
{
    union { KEY_VALUE_PARTIAL_INFORMATION Information; UCHAR Room[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 256]; } value;
    ULONG length, room = Value->Type == REG_SZ ? Value->Bytes - (ULONG)sizeof(WCHAR) : Value->Bytes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Value->Name);
    if (!NT_SUCCESS(ZwQueryValueKey(Key, &name, KeyValuePartialInformation, &value, sizeof(value), &length)) ||
        value.Information.Type != Value->Type)
        return;
    RtlCopyMemory((PUCHAR)Zone + Value->Offset, value.Information.Data, min(value.Information.DataLength, room));
}

VOID ExpReadTimeZone(EXP_TIME_ZONE *Zone)
{
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\TimeZoneInformation");
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    ULONG i;

    RtlZeroMemory(Zone, sizeof(*Zone));
    RtlCopyMemory(Zone->KeyName, L"UTC", sizeof(L"UTC"));
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_QUERY_VALUE, &attributes)))
        return;
    for (i = 0; i < RTL_NUMBER_OF(ExpZoneValues); i++)
        ExpTakeZoneValue(key, &ExpZoneValues[i], Zone);
    ZwClose(key);
}
