/* SPDX-License-Identifier: MIT
 * PS_ATTRIBUTE_LIST: what the caller of NtCreateThreadEx or NtCreateUserProcess adds to the request, and where he wants to be told more.
 * The list is read once; its attributes' values are the caller's memory still.
 */
#include "user.h"

#define PSP_NUMBER_MASK 0xFFFFu                  /* PS_ATTRIBUTE_NUMBER_MASK */

NTSTATUS PspReadAttributes(const VOID *List, PSP_ATTRIBUTES *Attributes)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    SIZE_T size, count;
    NTSTATUS status;

    Attributes->Count = 0;
    if (List == NULL)
        return STATUS_SUCCESS;
    status = MmReadCaller(mode, &size, List, sizeof(size));
    if (!NT_SUCCESS(status))
        return status;
    if (size < sizeof(size) || (size - sizeof(size)) % sizeof(PSP_ATTRIBUTE) != 0)
        return STATUS_INVALID_PARAMETER;
    count = (size - sizeof(size)) / sizeof(PSP_ATTRIBUTE);
    if (count > PSP_MOST_ATTRIBUTES)
        return STATUS_INVALID_PARAMETER;
    Attributes->Count = (ULONG)count;
    return MmReadCaller(mode, Attributes->Attributes, (const SIZE_T *)List + 1, count * sizeof(PSP_ATTRIBUTE));
}

const PSP_ATTRIBUTE *PspFindAttribute(const PSP_ATTRIBUTES *Attributes, ULONG Number)
{
    ULONG i;
    for (i = 0; i < Attributes->Count; i++)
        if ((Attributes->Attributes[i].Attribute & PSP_NUMBER_MASK) == Number)
            return &Attributes->Attributes[i];
    return NULL;
}

NTSTATUS PspTellAttribute(const PSP_ATTRIBUTES *Attributes, ULONG Number, const VOID *Value, SIZE_T Size)
{
    const PSP_ATTRIBUTE *attribute = PspFindAttribute(Attributes, Number);
    return attribute != NULL ? PspTell(attribute->Value, attribute->ReturnLength, Value, min(Size, attribute->Size)) : STATUS_SUCCESS;
}

NTSTATUS PspTellOfThread(const PSP_ATTRIBUTES *Attributes, PETHREAD Thread)
{
    NTSTATUS status = PspTellAttribute(Attributes, PspAttributeClientId, &Thread->Cid, sizeof(Thread->Cid));
    PVOID teb = Thread->Tcb.Teb;

    return NT_SUCCESS(status) ? PspTellAttribute(Attributes, PspAttributeTeb, &teb, sizeof(teb)) : status;
}
