/* SPDX-License-Identifier: MIT
 * UNICODE_STRING: making, copying, appending, freeing. A counted string ends with a NUL only where its documentation says so; a
 * NUL is written behind every result that has room for it.
 */
#include "rtlp.h"

#define MAXIMUM_BYTES 0xFFFCu             /* the longest Length that leaves room for a NUL in MaximumLength */

static VOID RtlpTerminate(PUNICODE_STRING string)
{
    if ((ULONG)string->Length + sizeof(WCHAR) <= string->MaximumLength)
        string->Buffer[string->Length / sizeof(WCHAR)] = 0;
}

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T bytes = SourceString != NULL ? wcslen(SourceString) * sizeof(WCHAR) : 0;

    if (bytes > MAXIMUM_BYTES)
        bytes = MAXIMUM_BYTES;
    DestinationString->Length = (USHORT)bytes;
    DestinationString->MaximumLength = (USHORT)(SourceString != NULL ? bytes + sizeof(WCHAR) : 0);
    DestinationString->Buffer = (PWSTR)(ULONG_PTR)SourceString;
}

NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    if (SourceString != NULL && wcslen(SourceString) * sizeof(WCHAR) > MAXIMUM_BYTES)
        return STATUS_NAME_TOO_LONG;
    RtlInitUnicodeString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

/* Cut at DestinationString's size. */
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    USHORT length = SourceString != NULL ? SourceString->Length : 0;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength;
    if (length != 0)
        memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
    RtlpTerminate(DestinationString);
}

static NTSTATUS RtlpAppend(PUNICODE_STRING destination, const VOID *source, SIZE_T bytes)
{
    if (bytes > (SIZE_T)destination->MaximumLength - destination->Length || destination->Length > destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    if (bytes != 0)
        memmove((PUCHAR)destination->Buffer + destination->Length, source, bytes);
    destination->Length = (USHORT)(destination->Length + bytes);
    RtlpTerminate(destination);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return RtlpAppend(Destination, Source->Buffer, Source->Length);
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    return Source != NULL ? RtlpAppend(Destination, Source, wcslen(Source) * sizeof(WCHAR)) : STATUS_SUCCESS;
}

/* FALSE: no memory, or too long. Free with RtlFreeUnicodeString. */
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T bytes = (wcslen(SourceString) + 1) * sizeof(WCHAR);
    PWSTR buffer;

    if (bytes > MAXIMUM_BYTES + sizeof(WCHAR) || (buffer = RtlUpcalls.Allocate(bytes)) == NULL)
        return FALSE;
    memcpy(buffer, SourceString, bytes);
    DestinationString->Buffer = buffer;
    DestinationString->Length = (USHORT)(bytes - sizeof(WCHAR));
    DestinationString->MaximumLength = (USHORT)bytes;
    return TRUE;
}

NTSTATUS NTAPI RtlValidateUnicodeString(ULONG Flags, PCUNICODE_STRING String)
{
    if (Flags != 0)
        return STATUS_INVALID_PARAMETER;
    if (String == NULL)
        return STATUS_SUCCESS;
    if (String->Length % sizeof(WCHAR) != 0 || String->MaximumLength % sizeof(WCHAR) != 0 ||
        String->Length > String->MaximumLength)
        return STATUS_INVALID_PARAMETER;
    return String->Buffer != NULL || String->MaximumLength == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

#define DUPLICATE_NULL_TERMINATE 1u
#define DUPLICATE_ALLOCATE_NULL_STRING 2u

NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING StringIn, PUNICODE_STRING StringOut)
{
    ULONG bytes, room;
    PWSTR buffer = NULL;

    if (StringOut == NULL || (Flags & ~(DUPLICATE_NULL_TERMINATE | DUPLICATE_ALLOCATE_NULL_STRING)) != 0 ||
        Flags == DUPLICATE_ALLOCATE_NULL_STRING || !NT_SUCCESS(RtlValidateUnicodeString(0, StringIn)))
        return STATUS_INVALID_PARAMETER;
    bytes = StringIn != NULL ? StringIn->Length : 0;
    room = bytes + ((Flags & DUPLICATE_NULL_TERMINATE) != 0 ? (ULONG)sizeof(WCHAR) : 0);
    if (bytes == 0 && (Flags & DUPLICATE_ALLOCATE_NULL_STRING) == 0)
        room = 0;
    if (room > MAXUSHORT)
        return STATUS_NAME_TOO_LONG;
    if (room != 0 && (buffer = RtlUpcalls.Allocate(room)) == NULL)
        return STATUS_NO_MEMORY;
    if (bytes != 0)
        memcpy(buffer, StringIn->Buffer, bytes);
    if (room > bytes)
        buffer[bytes / sizeof(WCHAR)] = 0;
    *StringOut = (UNICODE_STRING){ (USHORT)bytes, (USHORT)room, buffer };
    return STATUS_SUCCESS;
}

VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    if (UnicodeString->Buffer != NULL)
        RtlUpcalls.Free(UnicodeString->Buffer);
    *UnicodeString = (UNICODE_STRING){ 0 };
}
