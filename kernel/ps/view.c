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
static VOID PspPrepareView(MM_VIEW *View, PVOID Base, ULONG64 Offset, SIZE_T Size)
{
    ULONG64 delta = Offset & (PSP_GRANULARITY - 1);

    View->Base = (PVOID)((ULONG64)Base & ~(PSP_GRANULARITY - 1));
    View->Offset = Offset - delta;
    View->Size = Size != 0 ? Size + delta : 0;
}

static NTSTATUS PspReadView(MM_VIEW *View, PVOID *Base, PLARGE_INTEGER Offset, PSIZE_T Size)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    PSP_REGION region;
    NTSTATUS status = PspReadRegion(Base, Size, &region);

    if (NT_SUCCESS(status) && Offset != NULL)
        status = MmReadCallerInOut(ObPreviousMode(), &offset, Offset, sizeof(offset));
    if (NT_SUCCESS(status))
        PspPrepareView(View, region.Base, (ULONG64)offset.QuadPart, region.Size);
    return status;
}

static NTSTATUS PspTellView(NTSTATUS Status, const MM_VIEW *View, PVOID *Base, PLARGE_INTEGER Offset, PSIZE_T Size)
{
    NTSTATUS status = PspTellRegion(Status, &(PSP_REGION){ View->Base, View->Size }, Base, Size), told;

    if (!NT_SUCCESS(status))
        return status;
    told = MmWriteOptional(ObPreviousMode(), Offset, &View->Offset, sizeof(*Offset));
    return NT_SUCCESS(told) ? status : told;
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
    status = PspReadView(&view, BaseAddress, SectionOffset, ViewSize);
    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(SectionHandle, PspViewAccess(Win32Protect), MmpSectionObjectType, ObPreviousMode(), &section,
                                           NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (NT_SUCCESS(status)) {
        status = MmMapView(section, &view);
        if (NT_SUCCESS(status))
            PspNotifyUserImage(PsCurrentProcess(), section, view.Base);
        PspLeaveProcess(&visit);
    }
    ObfDereferenceObject(section);
    return PspTellView(status, &view, BaseAddress, SectionOffset, ViewSize);
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
    KPROCESSOR_MODE mode = ObPreviousMode();
    PSP_REGION region;
    IO_STATUS_BLOCK result;
    PSP_VISIT visit;
    NTSTATUS status = PspReadRegion(BaseAddress, RegionSize, &region);

    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, IoStatus, sizeof(*IoStatus));
    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmFlushView(&region.Base, &region.Size, &result);
    PspLeaveProcess(&visit);
    status = PspTellRegion(status, &region, BaseAddress, RegionSize);
    return NT_SUCCESS(status) ? MmWriteCaller(mode, IoStatus, &result, sizeof(result)) : status;
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
    PspPrepareView(&view, *BaseAddress, SectionOffset != NULL ? (ULONG64)SectionOffset->QuadPart : 0, *ViewSize);
    KeStackAttachProcess(&Process->Pcb, &state);
    status = MmMapView(SectionObject, &view);
    KeUnstackDetachProcess(&state);
    if (!NT_SUCCESS(status))
        return status;
    *BaseAddress = view.Base;
    *ViewSize = view.Size;
    if (SectionOffset != NULL)
        SectionOffset->QuadPart = (LONG64)view.Offset;
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
