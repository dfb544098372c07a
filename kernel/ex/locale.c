/* SPDX-License-Identifier: MIT
 * The system's and the user's locale and languages. What the registry says is read when it is first asked for; a change of the system's
 * locale is written back, a change of the user's lasts as long as the machine.
 */
#include "exp.h"

#define EXP_DEFAULT_LANGUAGE 0x409u
#define EXP_LOCALE_BITS 0xFFFFFu                 /* language and sort id */

static volatile ULONG ExpSystemLocale, ExpUserLocale, ExpInstallLanguage;     /* a 0: not read yet */

static NTSTATUS ExpOpenLanguages(ACCESS_MASK Access, PHANDLE Key)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Nls\\Language");
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    return ZwOpenKey(Key, Access, &attributes);
}

/* A value of four hexadecimal digits. */
static ULONG ExpReadLanguage(PCWSTR Name)
{
    union { KEY_VALUE_PARTIAL_INFORMATION Information; UCHAR Room[64]; } value;
    ULONG length, language = 0;
    UNICODE_STRING text;
    HANDLE key;
    NTSTATUS status = ExpOpenLanguages(KEY_QUERY_VALUE, &key);

    if (!NT_SUCCESS(status))
        return EXP_DEFAULT_LANGUAGE;
    RtlInitUnicodeString(&text, Name);
    status = ZwQueryValueKey(key, &text, KeyValuePartialInformation, &value, sizeof(value), &length);
    ZwClose(key);
    if (!NT_SUCCESS(status) || value.Information.Type != REG_SZ)
        return EXP_DEFAULT_LANGUAGE;
    text.Buffer = (PWSTR)value.Information.Data;
    text.Length = text.MaximumLength = (USHORT)value.Information.DataLength;
    status = RtlUnicodeStringToInteger(&text, 16, &language);
    return NT_SUCCESS(status) && language != 0 && language <= EXP_LOCALE_BITS ? language : EXP_DEFAULT_LANGUAGE;
}

static ULONG ExpLanguage(volatile ULONG *Kept, PCWSTR Name)
{
    if (*Kept == 0)
        InterlockedCompareExchange((volatile LONG *)Kept, (LONG)ExpReadLanguage(Name), 0);
    return *Kept;
}

NTSTATUS NTAPI NtQueryDefaultLocale(BOOLEAN UserProfile, PULONG DefaultLocaleId)
{
    ULONG locale = UserProfile && ExpUserLocale != 0 ? ExpUserLocale : ExpLanguage(&ExpSystemLocale, L"Default");
    return ExpTellInformation(DefaultLocaleId, NULL, &locale, sizeof(locale));
}

/* The caller must be allowed to write the key. */
static NTSTATUS ExpWriteLanguage(PCWSTR Name, ULONG Language)
{
    static const CHAR digits[] = "0123456789abcdef";
    WCHAR text[5] = { 0 };
    UNICODE_STRING name;
    HANDLE key;
    ULONG i;
    NTSTATUS status = ExpOpenLanguages(KEY_SET_VALUE, &key);

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < 4; i++)
        text[i] = (WCHAR)digits[Language >> (12 - 4 * i) & 0xF];
    RtlInitUnicodeString(&name, Name);
    status = ZwSetValueKey(key, &name, 0, REG_SZ, text, sizeof(text));
    ZwClose(key);
    return status;
}

NTSTATUS NTAPI NtSetDefaultLocale(BOOLEAN UserProfile, ULONG DefaultLocaleId)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (DefaultLocaleId > EXP_LOCALE_BITS || (DefaultLocaleId == 0 && !UserProfile))
        return STATUS_INVALID_PARAMETER;
    if (!UserProfile)
        status = ExpWriteLanguage(L"Default", DefaultLocaleId & 0xFFFF);
    if (NT_SUCCESS(status))
        InterlockedExchange((volatile LONG *)(UserProfile ? &ExpUserLocale : &ExpSystemLocale), (LONG)DefaultLocaleId);
    return status;
}

NTSTATUS NTAPI NtQueryDefaultUILanguage(PUSHORT DefaultUILanguageId) { return NtQueryInstallUILanguage(DefaultUILanguageId); }

NTSTATUS NTAPI NtQueryInstallUILanguage(PUSHORT InstallUILanguageId)
{
    USHORT language = (USHORT)ExpLanguage(&ExpInstallLanguage, L"InstallLanguage");
    return ExpTellInformation(InstallUILanguageId, NULL, &language, sizeof(language));
}
