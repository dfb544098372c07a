/* SPDX-License-Identifier: MIT
 * System services for the memory of a process: the caller's, or another's, which the thread visits meanwhile. What the caller
 * passes by pointer is read before the visit and written after it.
 */
#include "visit.h"
#include "user.h"

NTSTATUS PspEnterProcess(HANDLE Handle, ACCESS_MASK Access, PSP_VISIT *Visit)
{
    NTSTATUS status = ObReferenceObjectByHandle(Handle, Access, PspProcessType, ObPreviousMode(), (PVOID *)&Visit->Process, NULL);

    if (NT_SUCCESS(status))
        KeStackAttachProcess(&Visit->Process->Pcb, &Visit->State);
    return status;
}

VOID PspLeaveProcess(PSP_VISIT *Visit)
{
    KeUnstackDetachProcess(&Visit->State);
    ObfDereferenceObject(Visit->Process);
}

/* ---- What the caller passes ---- */
NTSTATUS PspReadRegion(PVOID *BaseAddress, PSIZE_T RegionSize, PSP_REGION *Region)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = MmReadCallerInOut(mode, &Region->Base, BaseAddress, sizeof(*BaseAddress));
    return NT_SUCCESS(status) ? MmReadCallerInOut(mode, &Region->Size, RegionSize, sizeof(*RegionSize)) : status;
}

NTSTATUS PspTellRegion(NTSTATUS Status, const PSP_REGION *Region, PVOID *BaseAddress, PSIZE_T RegionSize)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS told;

    if (!NT_SUCCESS(Status))
        return Status;
    told = MmWriteCaller(mode, BaseAddress, &Region->Base, sizeof(*BaseAddress));
    if (NT_SUCCESS(told))
        told = MmWriteCaller(mode, RegionSize, &Region->Size, sizeof(*RegionSize));
    return NT_SUCCESS(told) ? Status : told;
}

NTSTATUS PspTell(PVOID To, PSIZE_T ReturnLength, const VOID *From, SIZE_T Size)
{
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), To, From, Size);
    return NT_SUCCESS(status) ? MmWriteOptional(ObPreviousMode(), ReturnLength, &Size, sizeof(Size)) : status;
}

/* ---- The services ---- */
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize,
                                       ULONG AllocationType, ULONG Protect)
{
    PSP_REGION region;
    PSP_VISIT visit;
    NTSTATUS status = PspReadRegion(BaseAddress, RegionSize, &region);

    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmAllocateUserMemory(&region.Base, ZeroBits, &region.Size, AllocationType, Protect);
    PspLeaveProcess(&visit);
    return PspTellRegion(status, &region, BaseAddress, RegionSize);
}

NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    PSP_REGION region;
    PSP_VISIT visit;
    NTSTATUS status = PspReadRegion(BaseAddress, RegionSize, &region);

    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmFreeUserMemory(&region.Base, &region.Size, FreeType);
    PspLeaveProcess(&visit);
    return PspTellRegion(status, &region, BaseAddress, RegionSize);
}

NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect)
{
    PSP_REGION region;
    ULONG old = 0;
    PSP_VISIT visit;
    NTSTATUS status = PspReadRegion(BaseAddress, RegionSize, &region);

    if (NT_SUCCESS(status))
        status = MmProbeCaller(ObPreviousMode(), OldProtect, sizeof(*OldProtect));
    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmProtectUserMemory(&region.Base, &region.Size, NewProtect, &old);
    PspLeaveProcess(&visit);
    status = PspTellRegion(status, &region, BaseAddress, RegionSize);
    return NT_SUCCESS(status) ? MmWriteCaller(ObPreviousMode(), OldProtect, &old, sizeof(old)) : status;
}

static NTSTATUS PspQueryUnixHalf(PVOID Module, PVOID Information, SIZE_T Length, PSIZE_T ReturnLength)
{
    ULONG64 handle = PspUnixHandleOf(Module);

    if (Length != sizeof(handle))
        return STATUS_INFO_LENGTH_MISMATCH;
    return PspTell(Information, ReturnLength, &handle, sizeof(handle));
}

/* MemoryBasicInformation, and the flavours' own. */
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, MEMORY_INFORMATION_CLASS MemoryInformationClass,
                                    PVOID MemoryInformation, SIZE_T MemoryInformationLength, PSIZE_T ReturnLength)
{
    MEMORY_BASIC_INFORMATION information;
    PSP_VISIT visit;
    NTSTATUS status;

    if (MemoryInformationClass == MemoryWineUnixFuncs && PspIsWine())
        return PspQueryUnixHalf(BaseAddress, MemoryInformation, MemoryInformationLength, ReturnLength);
    if (MemoryInformationClass != MemoryBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (MemoryInformationLength < sizeof(information))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = PspEnterProcess(ProcessHandle, PROCESS_QUERY_INFORMATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmQueryUserMemory(BaseAddress, &information);
    PspLeaveProcess(&visit);
    return NT_SUCCESS(status) ? PspTell(MemoryInformation, ReturnLength, &information, sizeof(information)) : status;
}

/* ---- From kernel mode ---- */
NTSTATUS NTAPI ZwAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize,
                                       ULONG AllocationType, ULONG Protect)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtAllocateVirtualMemory(ProcessHandle, BaseAddress, ZeroBits, RegionSize, AllocationType, Protect));
}

NTSTATUS NTAPI ZwFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtFreeVirtualMemory(ProcessHandle, BaseAddress, RegionSize, FreeType));
}

NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtProtectVirtualMemory(ProcessHandle, BaseAddress, RegionSize, NewProtect, OldProtect));
}

NTSTATUS NTAPI ZwQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, MEMORY_INFORMATION_CLASS MemoryInformationClass,
                                    PVOID MemoryInformation, SIZE_T MemoryInformationLength, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryVirtualMemory(ProcessHandle, BaseAddress, MemoryInformationClass, MemoryInformation,
                                                        MemoryInformationLength, ReturnLength));
}
