/* SPDX-License-Identifier: MIT
 * What the caller of a system service points at. User memory is probed and copied under a handler: it may be anything, and may change
 * or go away at any moment, so each part of it is read once. Kernel mode is trusted.
 */
#include "mi.h"

#define MM_TAG_CALLER 'rlCM'

NTSTATUS MmReadCaller(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Bytes)
{
    if (Mode == KernelMode) {
        RtlCopyMemory(To, From, Bytes);
        return STATUS_SUCCESS;
    }
    __try {
        ProbeForRead(From, Bytes, 1);
        RtlCopyMemory(To, From, Bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS MmWriteCaller(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Bytes)
{
    if (Mode == KernelMode) {
        RtlCopyMemory(To, From, Bytes);
        return STATUS_SUCCESS;
    }
    __try {
        ProbeForRead(To, Bytes, 1);              /* the range; writing finds the rest out */
        RtlCopyMemory(To, From, Bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS MmProbeCaller(KPROCESSOR_MODE Mode, PVOID To, SIZE_T Bytes)
{
    if (Mode == KernelMode)
        return STATUS_SUCCESS;
    __try {
        ProbeForWrite(To, Bytes, 1);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS MmReadCallerInOut(KPROCESSOR_MODE Mode, PVOID To, PVOID From, SIZE_T Bytes)
{
    NTSTATUS status = MmProbeCaller(Mode, From, Bytes);
    return NT_SUCCESS(status) ? MmReadCaller(Mode, To, From, Bytes) : status;
}

NTSTATUS MmReadCallerBlock(KPROCESSOR_MODE Mode, const VOID *From, SIZE_T Bytes, PVOID *Copy)
{
    PVOID copy = NULL;
    NTSTATUS status;

    if (Mode == KernelMode || Bytes <= MM_LONGEST_BLOCK)
        copy = ExAllocatePoolWithTag(PagedPool, max(Bytes, 1), MM_TAG_CALLER);
    status = copy != NULL ? MmReadCaller(Mode, copy, From, Bytes) : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status))
        *Copy = copy;
    else
        MmFreeCallerBlock(copy);
    return status;
}

VOID MmFreeCallerBlock(PVOID Copy)
{
    if (Copy != NULL)
        ExFreePoolWithTag(Copy, MM_TAG_CALLER);
}

NTSTATUS MmReadCallerString(KPROCESSOR_MODE Mode, const UNICODE_STRING *From, PUNICODE_STRING Copy)
{
    UNICODE_STRING string;
    PWCHAR buffer;
    NTSTATUS status = MmReadCaller(Mode, &string, From, sizeof(string));

    RtlZeroMemory(Copy, sizeof(*Copy));
    if (!NT_SUCCESS(status) || string.Length == 0)
        return status;
    buffer = ExAllocatePoolWithTag(PagedPool, string.Length + sizeof(WCHAR), MM_TAG_CALLER);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = MmReadCaller(Mode, buffer, string.Buffer, string.Length);
    if (!NT_SUCCESS(status)) {
        MmFreeCallerBlock(buffer);
        return status;
    }
    buffer[string.Length / sizeof(WCHAR)] = L'\0';
    *Copy = (UNICODE_STRING){ string.Length, (USHORT)min(string.Length + sizeof(WCHAR), 0xFFFEu), buffer };
    return STATUS_SUCCESS;
}

/* ---- Answers ---- */
NTSTATUS MmBeginAnswer(MM_ANSWER *Answer, KPROCESSOR_MODE Mode, PVOID To, SIZE_T Length)
{
    *Answer = (MM_ANSWER){ .To = To, .Buffer = To, .Length = To != NULL ? Length : 0, .Mode = Mode };
    if (Mode == KernelMode || Answer->Length == 0)
        return STATUS_SUCCESS;
    Answer->Length = min(Answer->Length, MM_LONGEST_ANSWER);
    Answer->Buffer = ExAllocatePoolWithTag(PagedPool, Answer->Length, MM_TAG_CALLER);
    if (Answer->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Answer->Buffer, Answer->Length);
    return STATUS_SUCCESS;
}

NTSTATUS MmEndAnswer(MM_ANSWER *Answer, SIZE_T Bytes)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Answer->Buffer == Answer->To)
        return STATUS_SUCCESS;
    ASSERT(Bytes <= Answer->Length);
    if (Bytes != 0)
        status = MmWriteCaller(Answer->Mode, Answer->To, Answer->Buffer, Bytes);
    MmFreeCallerBlock(Answer->Buffer);
    return status;
}
