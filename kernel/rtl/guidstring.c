/* SPDX-License-Identifier: MIT
 * GUIDs to and from "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}". Output is lower case, as in the names of device interfaces.
 */
#include "rtlp.h"

#define GUID_CHARACTERS 38u

/* Where each byte's digits stand, in the order in which the text has them. */
static const UCHAR RtlpGuidPlaces[16] = { 1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35 };
/* Which byte of the structure that is: the first three fields are little-endian numbers. */
static const UCHAR RtlpGuidBytes[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

/* Free with RtlFreeUnicodeString. */
NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
    static const WCHAR pattern[] = L"{00000000-0000-0000-0000-000000000000}";
    PWSTR text = RtlUpcalls.Allocate(sizeof(pattern));
    ULONG i;

    if (text == NULL)
        return STATUS_NO_MEMORY;
    memcpy(text, pattern, sizeof(pattern));
    for (i = 0; i < RTL_NUMBER_OF(RtlpGuidPlaces); i++) {
        UCHAR byte = ((const UCHAR *)Guid)[RtlpGuidBytes[i]];
        text[RtlpGuidPlaces[i]] = (WCHAR)"0123456789abcdef"[byte >> 4];
        text[RtlpGuidPlaces[i] + 1] = (WCHAR)"0123456789abcdef"[byte & 15];
    }
    *GuidString = (UNICODE_STRING){ GUID_CHARACTERS * sizeof(WCHAR), sizeof(pattern), text };
    return STATUS_SUCCESS;
}

static LONG RtlpHexadecimal(WCHAR character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    character = RtlpUpcase(character);
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

static BOOLEAN RtlpHasGuidFrame(PCUNICODE_STRING string)
{
    PCWSTR text = string->Buffer;

    return string->Length >= GUID_CHARACTERS * sizeof(WCHAR) && text[0] == '{' && text[9] == '-' && text[14] == '-' &&
           text[19] == '-' && text[24] == '-' && text[37] == '}';
}

NTSTATUS NTAPI RtlGUIDFromString(PUNICODE_STRING GuidString, GUID *Guid)
{
    UCHAR bytes[16];
    ULONG i;

    if (!RtlpHasGuidFrame(GuidString))
        return STATUS_INVALID_PARAMETER;
    for (i = 0; i < RTL_NUMBER_OF(RtlpGuidPlaces); i++) {
        LONG high = RtlpHexadecimal(GuidString->Buffer[RtlpGuidPlaces[i]]);
        LONG low = RtlpHexadecimal(GuidString->Buffer[RtlpGuidPlaces[i] + 1]);
        if (high < 0 || low < 0)
            return STATUS_INVALID_PARAMETER;
        bytes[RtlpGuidBytes[i]] = (UCHAR)(high << 4 | low);
    }
    memcpy(Guid, bytes, sizeof(bytes));
    return STATUS_SUCCESS;
}
