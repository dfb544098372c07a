/* SPDX-License-Identifier: MIT
 * NtSetInformationProcess: the classes that programs set. A class that is not here is STATUS_INVALID_INFO_CLASS.
 */
#include "visit.h"
#include "se.h"

#define PROCESS_SET_INFORMATION 0x0200
#define PSP_EXECUTE_FLAGS 34u                    /* ProcessExecuteFlags */
#define PSP_EXECUTE_DISABLE 0x1u                 /* MEM_EXECUTE_OPTION_... */
#define PSP_EXECUTE_ENABLE 0x2u
#define PSP_EXECUTE_VALID 0x3Fu
#define PSP_REALTIME_CLASS 4u
#define PSP_STACK_ALLOCATION 41u                 /* ProcessThreadStackAllocation */

typedef struct PSP_STACK_WISH {                  /* PROCESS_STACK_ALLOCATION_INFORMATION */
    SIZE_T ReserveSize, ZeroBits;
    PVOID StackBase;                             /* the answer: its lowest address */
} PSP_STACK_WISH;
C_ASSERT(sizeof(PSP_STACK_WISH) == 0x18);

/* Base priorities of PROCESS_PRIORITY_CLASS_...: unknown, idle, normal, high, realtime, below normal, above normal. */
static const UCHAR PspPriorities[] = { 8, 4, 8, 13, 24, 6, 10 };

static NTSTATUS PspSetPriorityClass(PEPROCESS Process, const UCHAR Class[2])
{
    if (Class[1] == 0 || Class[1] >= sizeof(PspPriorities))
        return STATUS_INVALID_PARAMETER;
    if (Class[1] == PSP_REALTIME_CLASS && !SeSinglePrivilegeCheck(SeExports->SeIncreaseBasePriorityPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    Process->PriorityClass = Class[1];
    KeSetProcessPriority(&Process->Pcb, PspPriorities[Class[1]]);
    return STATUS_SUCCESS;
}

/* Data is never executed: who wants it otherwise is refused. */
static NTSTATUS PspSetExecuteFlags(ULONG Flags)
{
    if ((Flags & ~PSP_EXECUTE_VALID) || (Flags & (PSP_EXECUTE_DISABLE | PSP_EXECUTE_ENABLE)) == 0)
        return STATUS_INVALID_PARAMETER;
    return Flags & PSP_EXECUTE_ENABLE ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

static NTSTATUS PspSetAffinity(PEPROCESS Process, KAFFINITY Affinity)
{
    if (Affinity == 0 || (Affinity & ~KeQueryActiveProcessors()))
        return STATUS_INVALID_PARAMETER;
    KeSetProcessAffinity(&Process->Pcb, Affinity);
    return STATUS_SUCCESS;
}

static ULONG PspSizeOfClass(ULONG Class)
{
    switch (Class) {
    case ProcessPriorityClass: return 2;
    case ProcessDefaultHardErrorMode:
    case PSP_EXECUTE_FLAGS: return sizeof(ULONG);
    case ProcessAffinityMask: return sizeof(KAFFINITY);
    default: return 0;
    }
}

static NTSTATUS PspSetProcess(PEPROCESS Process, ULONG Class, const UCHAR *Value)
{
    switch (Class) {
    case ProcessPriorityClass: return PspSetPriorityClass(Process, Value);
    case PSP_EXECUTE_FLAGS: return PspSetExecuteFlags(*(const ULONG *)Value);
    case ProcessAffinityMask: return PspSetAffinity(Process, *(const KAFFINITY *)Value);
    default: return *(const ULONG *)Value & ~0x8007u ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;      /* there are no error boxes */
    }
}

/* Addresses for a stack that the caller furnishes himself: RtlCreateUserStack's way to one for a fiber. */
static NTSTATUS PspReserveStack(HANDLE ProcessHandle, PSP_STACK_WISH *Wish, ULONG Length)
{
    PSP_STACK_WISH wish;
    PSP_VISIT visit;
    NTSTATUS status;

    if (Length != sizeof(wish))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCallerInOut(ObPreviousMode(), &wish, Wish, sizeof(wish));
    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_SET_INFORMATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    wish.StackBase = NULL;
    status = MmAllocateUserMemory(&wish.StackBase, wish.ZeroBits, &wish.ReserveSize, MEM_RESERVE, PAGE_READWRITE);
    PspLeaveProcess(&visit);
    return NT_SUCCESS(status) ? MmWriteCaller(ObPreviousMode(), &Wish->StackBase, &wish.StackBase, sizeof(wish.StackBase)) : status;
}

NTSTATUS NTAPI NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                       ULONG ProcessInformationLength)
{
    ULONG size = PspSizeOfClass(ProcessInformationClass);
    DECLSPEC_ALIGN(8) UCHAR value[8];
    PVOID process;
    NTSTATUS status;

    if (ProcessInformationClass == PSP_STACK_ALLOCATION)
        return PspReserveStack(ProcessHandle, ProcessInformation, ProcessInformationLength);
    if (size == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (ProcessInformationLength != size)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCaller(ObPreviousMode(), value, ProcessInformation, size);
    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SET_INFORMATION, PspProcessType, ObPreviousMode(), &process, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = PspSetProcess(process, ProcessInformationClass, value);
    ObfDereferenceObject(process);
    return status;
}

NTSTATUS NTAPI ZwSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                       ULONG ProcessInformationLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetInformationProcess(ProcessHandle, ProcessInformationClass, ProcessInformation,
                                                           ProcessInformationLength));
}
