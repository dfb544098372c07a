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

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize,
                                       ULONG AllocationType, ULONG Protect)
{
    PVOID base = *BaseAddress;
    SIZE_T size = *RegionSize;
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmAllocateUserMemory(&base, ZeroBits, &size, AllocationType, Protect);
    PspLeaveProcess(&visit);
    if (NT_SUCCESS(status)) {
        *BaseAddress = base;
        *RegionSize = size;
    }
    return status;
}

NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    PVOID base = *BaseAddress;
    SIZE_T size = *RegionSize;
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmFreeUserMemory(&base, &size, FreeType);
    PspLeaveProcess(&visit);
    if (NT_SUCCESS(status)) {
        *BaseAddress = base;
        *RegionSize = size;
    }
    return status;
}

NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect)
{
    PVOID base = *BaseAddress;
    SIZE_T size = *RegionSize;
    ULONG old = 0;
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmProtectUserMemory(&base, &size, NewProtect, &old);
    PspLeaveProcess(&visit);
    if (NT_SUCCESS(status)) {
        *BaseAddress = base;
        *RegionSize = size;
        *OldProtect = old;
    }
    return status;
}

static NTSTATUS PspQueryUnixHalf(PVOID Module, PVOID Information, SIZE_T Length, PSIZE_T ReturnLength)
{
    ULONG64 handle = PspUnixHandleOf(Module);

    if (Length != sizeof(handle))
        return STATUS_INFO_LENGTH_MISMATCH;
    *(PULONG64)Information = handle;
    if (ReturnLength != NULL)
        *ReturnLength = sizeof(handle);
    return STATUS_SUCCESS;
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
    if (!NT_SUCCESS(status))
        return status;
    RtlCopyMemory(MemoryInformation, &information, sizeof(information));
    if (ReturnLength != NULL)
        *ReturnLength = sizeof(information);
    return STATUS_SUCCESS;
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
