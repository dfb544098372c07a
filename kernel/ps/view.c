/* SPDX-License-Identifier: MIT
 * Views of section objects, in processes and in system space.
 */
#include "section.h"
#include "visit.h"

#define PSP_GRANULARITY 0x10000ull

/* The rights to a section that a view of this protection needs. */
static ACCESS_MASK PspViewAccess(ULONG Protect)
{
    switch (Protect & 0xFF) {
    case PAGE_READWRITE: return SECTION_MAP_WRITE;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY: return SECTION_MAP_EXECUTE;
    case PAGE_EXECUTE_READWRITE: return SECTION_MAP_WRITE | SECTION_MAP_EXECUTE;
    default: return SECTION_MAP_READ;
    }
}


/* Base and offset are rounded down to 64 KiB, as documented; the view grows by what that puts in front. */
static VOID PspPrepareView(MM_VIEW *View, PVOID Base, PLARGE_INTEGER Offset, SIZE_T Size)
{
    ULONG64 offset = Offset != NULL ? (ULONG64)Offset->QuadPart : 0, delta = offset & (PSP_GRANULARITY - 1);

    View->Base = (PVOID)((ULONG64)Base & ~(PSP_GRANULARITY - 1));
    View->Offset = offset - delta;
    View->Size = Size != 0 ? Size + delta : 0;
}

static VOID PspReturnView(const MM_VIEW *View, PVOID *Base, PLARGE_INTEGER Offset, PSIZE_T Size)
{
    *Base = View->Base;
    *Size = View->Size;
    if (Offset != NULL)
        Offset->QuadPart = (LONG64)View->Offset;
}

NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                  SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                                  SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    MM_VIEW view = { .ZeroBits = ZeroBits, .CommitSize = CommitSize, .AllocationType = AllocationType, .Protect = Win32Protect };
    PSP_VISIT visit;
    PVOID section;
    NTSTATUS status;

    if (InheritDisposition != ViewShare && InheritDisposition != ViewUnmap)
        return STATUS_INVALID_PARAMETER_8;
    PspPrepareView(&view, *BaseAddress, SectionOffset, *ViewSize);
    status = ObReferenceObjectByHandle(SectionHandle, PspViewAccess(Win32Protect), MmpSectionObjectType, ObPreviousMode(), &section, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (NT_SUCCESS(status)) {
        status = MmMapView(section, &view);
        PspLeaveProcess(&visit);
    }
    ObfDereferenceObject(section);
    if (NT_SUCCESS(status))
        PspReturnView(&view, BaseAddress, SectionOffset, ViewSize);
    return status;
}

NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmUnmapView(BaseAddress);
    PspLeaveProcess(&visit);
    return status;
}

NTSTATUS NTAPI ZwMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                  SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                                  SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtMapViewOfSection(SectionHandle, ProcessHandle, BaseAddress, ZeroBits, CommitSize, SectionOffset,
                                                      ViewSize, InheritDisposition, AllocationType, Win32Protect));
}

NTSTATUS NTAPI ZwUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtUnmapViewOfSection(ProcessHandle, BaseAddress));
}

/* ---- Flushing ---- */
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus)
{
    PVOID base = *BaseAddress;
    SIZE_T size = *RegionSize;
    IO_STATUS_BLOCK result;
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmFlushView(&base, &size, &result);
    PspLeaveProcess(&visit);
    if (!NT_SUCCESS(status))
        return status;
    *BaseAddress = base;
    *RegionSize = size;
    *IoStatus = result;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtFlushVirtualMemory(ProcessHandle, BaseAddress, RegionSize, IoStatus));
}

/* ---- By object ---- */
NTSTATUS NTAPI MmMapViewOfSection(PVOID SectionObject, PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
                                  PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize, SECTION_INHERIT InheritDisposition,
                                  ULONG AllocationType, ULONG Win32Protect)
{
    MM_VIEW view = { .ZeroBits = ZeroBits, .CommitSize = CommitSize, .AllocationType = AllocationType, .Protect = Win32Protect };
    KAPC_STATE state;
    NTSTATUS status;

    (void)InheritDisposition;
    PspPrepareView(&view, *BaseAddress, SectionOffset, *ViewSize);
    KeStackAttachProcess(&Process->Pcb, &state);
    status = MmMapView(SectionObject, &view);
    KeUnstackDetachProcess(&state);
    if (NT_SUCCESS(status))
        PspReturnView(&view, BaseAddress, SectionOffset, ViewSize);
    return status;
}

NTSTATUS NTAPI MmUnmapViewOfSection(PEPROCESS Process, PVOID BaseAddress)
{
    KAPC_STATE state;
    NTSTATUS status;

    KeStackAttachProcess(&Process->Pcb, &state);
    status = MmUnmapView(BaseAddress);
    KeUnstackDetachProcess(&state);
    return status;
}

NTSTATUS NTAPI MmMapViewInSystemSpace(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize)
{
    return MmMapSystemView(Section, MappedBase, 0, ViewSize);
}

NTSTATUS NTAPI MmMapViewInSystemSpaceEx(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize, PLARGE_INTEGER SectionOffset,
                                        ULONG_PTR Flags)
{
    ULONG64 offset = (ULONG64)SectionOffset->QuadPart, delta = offset & (PSP_GRANULARITY - 1);
    SIZE_T size = *ViewSize != 0 ? *ViewSize + delta : 0;
    NTSTATUS status;

    if (Flags != 0)
        return STATUS_INVALID_PARAMETER_5;
    status = MmMapSystemView(Section, MappedBase, offset - delta, &size);
    if (NT_SUCCESS(status)) {
        SectionOffset->QuadPart = (LONG64)(offset - delta);
        *ViewSize = size;
    }
    return status;
}

NTSTATUS NTAPI MmUnmapViewInSystemSpace(PVOID MappedBase) { return MmUnmapSystemView(MappedBase); }
