/* SPDX-License-Identifier: MIT
 * From registry values to a block of variables.
 */
#include "environment.h"

#define LONGEST_VALUE 0x1000u                    /* bytes, with its name */

static const WCHAR KeyName[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Session Manager\\Environment";

static WCHAR ToUpper(WCHAR Character) { return Character >= L'a' && Character <= L'z' ? (WCHAR)(Character - 0x20) : Character; }

/* The text of a variable that the block has already: its length, or 0 when there is none. */
static ULONG FindVariable(const TEXT_BUFFER *Environment, const WCHAR *Name, ULONG Length, const WCHAR **Value)
{
    const WCHAR *at = Environment->Characters, *end = at + Environment->Length;

    for (; at < end; at += TextLength(at) + 1) {
        ULONG i = 0;
        while (i < Length && ToUpper(at[i]) == ToUpper(Name[i]))
            i++;
        if (i == Length && at[i] == L'=') {
            *Value = at + i + 1;
            return TextLength(*Value);
        }
    }
    return 0;
}

/* %NAME% becomes the variable's text; an unknown one stays as it is. */
static void AppendExpanded(TEXT_BUFFER *Environment, const WCHAR *Text, ULONG Length)
{
    ULONG at = 0, end, found;
    const WCHAR *value;

    while (at < Length) {
        for (end = at + 1; Text[at] == L'%' && end < Length && Text[end] != L'%'; end++)
            ;
        found = end < Length && Text[at] == L'%' ? FindVariable(Environment, Text + at + 1, end - at - 1, &value) : 0;
        if (found != 0) {
            TextAppend(Environment, value, found);
            at = end + 1;
        } else
            TextAppend(Environment, &Text[at++], 1);
    }
}

static void AppendValue(TEXT_BUFFER *Environment, const NATIVE_VALUE *Value)
{
    const WCHAR *text = (const WCHAR *)((const char *)Value + Value->DataOffset);
    ULONG length = Value->DataLength / sizeof(WCHAR), before = Environment->Length;

    if (Value->Type != REG_SZ && Value->Type != REG_EXPAND_SZ)
        return;
    while (length != 0 && text[length - 1] == L'\0')
        length--;
    TextAppend(Environment, Value->Name, Value->NameLength / sizeof(WCHAR));
    TextAppend(Environment, L"=", 1);
    if (Value->Type == REG_EXPAND_SZ)
        AppendExpanded(Environment, text, length);
    else
        TextAppend(Environment, text, length);
    TextAppend(Environment, L"", 1);
    if (Environment->Full)
        Environment->Length = before;            /* whole variables only */
}

NTSTATUS ReadEnvironment(TEXT_BUFFER *Environment)
{
    UNICODE_STRING name = TextOf(KeyName, ARRAYSIZE(KeyName) - 1);
    OBJECT_ATTRIBUTES attributes = { .Length = sizeof(attributes), .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE };
    static ULONG64 value[LONGEST_VALUE / sizeof(ULONG64)];
    ULONG index, length;
    HANDLE key;
    NTSTATUS status = NtOpenKey(&key, KEY_QUERY_VALUE, &attributes);

    if (!NT_SUCCESS(status))
        return status;
    for (index = 0; NT_SUCCESS(status); index++) {
        status = NtEnumerateValueKey(key, index, NATIVE_VALUE_FULL, value, sizeof(value), &length);
        if (NT_SUCCESS(status))
            AppendValue(Environment, (const NATIVE_VALUE *)value);
    }
    NtClose(key);
    TextAppend(Environment, L"", 1);
    if (Environment->Full)
        return STATUS_BUFFER_TOO_SMALL;
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
}
