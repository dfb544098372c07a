/* SPDX-License-Identifier: MIT
 * All handles of all processes: SystemHandleInformation with its 16-bit fields, and SystemExtendedHandleInformation.
 */
#include "systeminformation.h"
#include "obhandles.h"

#define TAG_HANDLES 'hSxE'
#define EXP_HANDLE_SLACK 64u

typedef struct EXP_HANDLE {                      /* SYSTEM_HANDLE_TABLE_ENTRY_INFO */
    USHORT UniqueProcessId, CreatorBackTraceIndex;
    UCHAR ObjectTypeIndex, HandleAttributes;
    USHORT HandleValue;
    PVOID Object;
    ULONG GrantedAccess, Padding;                /* said, so that it is zero */
} EXP_HANDLE;
C_ASSERT(sizeof(EXP_HANDLE) == 0x18);

typedef struct EXP_HANDLE_EX {                   /* SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX */
    PVOID Object;
    ULONG_PTR UniqueProcessId, HandleValue;
    ULONG GrantedAccess;
    USHORT CreatorBackTraceIndex, ObjectTypeIndex;
    ULONG HandleAttributes, Reserved;
} EXP_HANDLE_EX;
C_ASSERT(sizeof(EXP_HANDLE_EX) == 0x28);

typedef struct EXP_HANDLES {
    PUCHAR Buffer;
    ULONG Length, Used;                          /* Used counts what does not fit as well */
    ULONG64 Count;
    BOOLEAN Extended;
} EXP_HANDLES;

static VOID ExpPutHandle(EXP_HANDLES *List, PEPROCESS Process, const OB_HANDLE_FACTS *Facts)
{
    ULONG_PTR id = (ULONG_PTR)Process->UniqueProcessId, value = (ULONG_PTR)Facts->Handle;
    EXP_HANDLE_EX extended = { Facts->Object, id, value, Facts->Access, 0, Facts->TypeIndex, Facts->Attributes, 0 };
    EXP_HANDLE plain = { (USHORT)id, 0, Facts->TypeIndex, (UCHAR)Facts->Attributes, (USHORT)value, Facts->Object, Facts->Access };
    ULONG bytes = List->Extended ? sizeof(extended) : sizeof(plain);

    if (List->Used + bytes <= List->Length)
        RtlCopyMemory(List->Buffer + List->Used, List->Extended ? (PVOID)&extended : (PVOID)&plain, bytes);
    List->Used += bytes;
    List->Count++;
}

static NTSTATUS ExpAddHandles(EXP_HANDLES *List, PEPROCESS Process)
{
    ULONG room = (Process->ObjectTable != NULL ? ObHandleCount(Process->ObjectTable) : 0) + EXP_HANDLE_SLACK, count, i;
    OB_HANDLE_FACTS *facts = ExAllocatePoolWithTag(NonPagedPoolNx, room * sizeof(*facts), TAG_HANDLES);

    if (facts == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    count = ObDescribeHandles(Process, facts, room);
    for (i = 0; i < count; i++)
        ExpPutHandle(List, Process, &facts[i]);
    ExFreePoolWithTag(facts, TAG_HANDLES);
    return STATUS_SUCCESS;
}

NTSTATUS ExpQueryHandles(BOOLEAN Extended, PVOID Buffer, ULONG Length, PULONG Needed)
{
    EXP_HANDLES list = { .Buffer = Buffer, .Length = Length, .Used = Extended ? 16 : 8, .Extended = Extended };
    NTSTATUS status = STATUS_SUCCESS;
    PEPROCESS process;

    for (process = PsGetNextProcess(NULL); process != NULL; process = PsGetNextProcess(process))
        if (NT_SUCCESS(status))
            status = ExpAddHandles(&list, process);
    *Needed = list.Used;
    if (!NT_SUCCESS(status))
        return status;
    if (list.Used > Length)
        return STATUS_INFO_LENGTH_MISMATCH;
    RtlZeroMemory(Buffer, Extended ? 16 : 8);
    *(PULONG64)Buffer = list.Count;              /* of the plain form the lower half is the number, the rest padding */
    return STATUS_SUCCESS;
}
