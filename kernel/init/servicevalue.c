/* SPDX-License-Identifier: MIT
 * Values for a driver's service key from the job: lines `service-value=[SUBKEY\]NAME=dword:NUMBER` or `...=sz:TEXT`.
 */
#include "lab.h"
#include "kd.h"

#define INIT_VALUE_BYTES 1024u

typedef struct INIT_VALUE {
    ANSI_STRING Subkey, Name;                    /* in the option's text; Subkey may be empty */
    ULONG Type, Bytes;
    union {
        ULONG Number;
        WCHAR Text[INIT_VALUE_BYTES / sizeof(WCHAR)];
    } Data;
} INIT_VALUE;

static ANSI_STRING InitPart(PCSTR Begin, PCSTR End)
{
    USHORT length = (USHORT)min((SIZE_T)(End - Begin), INIT_VALUE_BYTES);
    return (ANSI_STRING){ length, length, (PCHAR)Begin };
}

static BOOLEAN InitParseData(PCSTR Text, INIT_VALUE *Value)
{
    ULONG bytes;

    if (strncmp(Text, "dword:", 6) == 0) {
        Value->Type = REG_DWORD;
        Value->Bytes = sizeof(ULONG);
        return Text[6] != '\0' && NT_SUCCESS(RtlCharToInteger(Text + 6, 0, &Value->Data.Number));
    }
    if (strncmp(Text, "sz:", 3) != 0)
        return FALSE;
    Value->Type = REG_SZ;
    if (!NT_SUCCESS(RtlUTF8ToUnicodeN(Value->Data.Text, INIT_VALUE_BYTES - sizeof(WCHAR), &bytes, Text + 3,
                                      (ULONG)strlen(Text + 3))))
        return FALSE;
    Value->Data.Text[bytes / sizeof(WCHAR)] = L'\0';
    Value->Bytes = bytes + sizeof(WCHAR);
    return TRUE;
}

static BOOLEAN InitParseValue(PCSTR Line, INIT_VALUE *Value)
{
    PCSTR equals = strchr(Line, '='), name = Line, at;

    if (equals == NULL)
        return FALSE;
    for (at = Line; at < equals; at++)
        if (*at == '\\')
            name = at + 1;
    Value->Subkey = InitPart(Line, name != Line ? name - 1 : Line);
    Value->Name = InitPart(name, equals);
    return InitParseData(equals + 1, Value);
}

/* Into Key, or into the key below it that the value names, made when it is not there. */
static NTSTATUS InitSetIn(HANDLE Key, PUNICODE_STRING Subkey, PUNICODE_STRING Name, INIT_VALUE *Value)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;
    HANDLE key;

    InitializeObjectAttributes(&attributes, Subkey, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Key, NULL);
    status = ZwCreateKey(&key, KEY_SET_VALUE, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwSetValueKey(key, Name, 0, Value->Type, &Value->Data, Value->Bytes);
    ZwClose(key);
    return status;
}

static NTSTATUS InitSetValue(HANDLE Key, INIT_VALUE *Value)
{
    UNICODE_STRING subkey, name;
    NTSTATUS status = RtlAnsiStringToUnicodeString(&name, &Value->Name, TRUE);

    if (!NT_SUCCESS(status))
        return status;
    if (Value->Subkey.Length == 0) {
        status = ZwSetValueKey(Key, &name, 0, Value->Type, &Value->Data, Value->Bytes);
    } else {
        status = RtlAnsiStringToUnicodeString(&subkey, &Value->Subkey, TRUE);
        if (NT_SUCCESS(status)) {
            status = InitSetIn(Key, &subkey, &name, Value);
            RtlFreeUnicodeString(&subkey);
        }
    }
    RtlFreeUnicodeString(&name);
    return status;
}

NTSTATUS InitSetServiceValue(HANDLE Key, PCSTR Line)
{
    INIT_VALUE *value = ExAllocatePoolWithTag(PagedPool, sizeof(*value), LAB_TAG);
    NTSTATUS status;

    if (value == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = InitParseValue(Line, value) ? InitSetValue(Key, value) : STATUS_INVALID_PARAMETER;
    ExFreePoolWithTag(value, LAB_TAG);
    return status;
}

static VOID InitVisitValue(PVOID Context, PCSTR Line)
{
    if (!NT_SUCCESS(InitSetServiceValue(Context, Line)))
        KdLogEvent("warning", "a service-value line is not [SUBKEY\\]NAME=TYPE:DATA, or could not be set");
}

VOID InitSetServiceValues(HANDLE Key) { InitForEachOption("service-value", InitVisitValue, Key); }
