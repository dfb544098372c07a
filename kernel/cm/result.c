/* SPDX-License-Identifier: MIT
 * What queries return. The fixed part fits, or nothing is written (STATUS_BUFFER_TOO_SMALL); what follows it may be cut off
 * (STATUS_BUFFER_OVERFLOW). The length that everything needs is returned in all three cases.
 */
#include "cmp.h"

NTSTATUS CmpBeginResult(CMP_RESULT *Result, ULONG Length, ULONG Fixed, ULONG64 Needed)
{
    if (Needed > MAXULONG)
        return STATUS_INSUFFICIENT_RESOURCES;
    Result->Needed = (ULONG)Needed;
    if (Length < Fixed)
        return STATUS_BUFFER_TOO_SMALL;
    Result->Room = min(Length, Result->Needed);
    Result->Block = ExAllocatePoolWithTag(PagedPool, max(Result->Room, Fixed), CMP_TAG);
    if (Result->Block == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Result->Block, max(Result->Room, Fixed));
    return Result->Room < Result->Needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

VOID CmpPutResult(CMP_RESULT *Result, ULONG Offset, const VOID *Source, ULONG Bytes)
{
    if (Offset < Result->Room)
        RtlCopyMemory(Result->Block + Offset, Source, min(Bytes, Result->Room - Offset));
}

NTSTATUS CmpEndResult(CMP_RESULT *Result, NTSTATUS Status, PVOID Buffer, PULONG ResultLength)
{
    if (Status == STATUS_SUCCESS || Status == STATUS_BUFFER_OVERFLOW || Status == STATUS_BUFFER_TOO_SMALL) {
        if (Result->Block != NULL)
            RtlCopyMemory(Buffer, Result->Block, Result->Room);
        *ResultLength = Result->Needed;
    }
    if (Result->Block != NULL)
        ExFreePoolWithTag(Result->Block, CMP_TAG);
    return Status;
}
