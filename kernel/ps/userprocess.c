/* SPDX-License-Identifier: MIT
 * A process that runs a program: its image, ntdll.dll, the PEB and its parameters in a new address space.
 */
#include "user.h"
#include "job.h"
#include "ob.h"
#include "rtl.h"

#define PSP_HEAP_RESERVE 0x100000u               /* defaults of the heaps that programs make */
#define PSP_HEAP_COMMIT 0x2000u
#define PSP_HEAP_DECOMMIT_TOTAL 0x10000u
#define PSP_HEAP_DECOMMIT_BLOCK 0x1000u
#define PSP_MAXIMUM_HEAPS ((PAGE_SIZE - sizeof(PEB)) / sizeof(PVOID))
#define PSP_SECTION_TIMEOUT (-30ll * 24 * 3600 * 10000000)       /* thirty days for a critical section */

static VOID PspFillPeb(const PSP_NEW_PROCESS *New, const MM_VIEW *Image, PEB *Peb)
{
    const MM_SECTION_IMAGE *facts = MmSectionImage(New->Section);

    Peb->Mutant = (PVOID)-1;
    Peb->ImageBaseAddress = Image->Base;
    Peb->NumberOfProcessors = KeQueryActiveProcessorCount(NULL);
    Peb->ActiveProcessAffinityMask = KeQueryActiveProcessors();
    Peb->CriticalSectionTimeout.QuadPart = PSP_SECTION_TIMEOUT;
    Peb->HeapSegmentReserve = PSP_HEAP_RESERVE;
    Peb->HeapSegmentCommit = PSP_HEAP_COMMIT;
    Peb->HeapDeCommitTotalFreeThreshold = PSP_HEAP_DECOMMIT_TOTAL;
    Peb->HeapDeCommitFreeBlockThreshold = PSP_HEAP_DECOMMIT_BLOCK;
    Peb->MaximumNumberOfHeaps = (ULONG)PSP_MAXIMUM_HEAPS;
    Peb->OSMajorVersion = RtlVersion.Major;
    Peb->OSMinorVersion = RtlVersion.Minor;
    Peb->OSBuildNumber = (USHORT)RtlVersion.Build;
    Peb->OSPlatformId = VER_PLATFORM_WIN32_NT;
    Peb->ImageSubsystem = facts->SubSystemType;
    Peb->ImageSubsystemMajorVersion = facts->SubSystemMajorVersion;
    Peb->ImageSubsystemMinorVersion = facts->SubSystemMinorVersion;
    Peb->BitField = facts->ImageFlags & MM_IMAGE_DYNAMICALLY_RELOCATED ? 0x04 : 0;
}

static PVOID PspMapApiSet(VOID)
{
    MM_VIEW view = { .Protect = PAGE_READONLY };

    if (PspSystemDll.ApiSet == NULL || !NT_SUCCESS(MmMapView(PspSystemDll.ApiSet, &view)))
        return NULL;
    return (PUCHAR)view.Base + PspSystemDll.ApiSetOffset;
}

/* The thread is in the new process. */
static NTSTATUS PspFurnish(const PSP_NEW_PROCESS *New, PEPROCESS Process)
{
    MM_VIEW image = { .Protect = PAGE_EXECUTE_WRITECOPY }, dll = { .Base = PspSystemDll.Base, .Protect = PAGE_EXECUTE_WRITECOPY };
    SIZE_T size = PSP_PEB_BYTES;
    PVOID peb = NULL;
    PEB value = { 0 };
    NTSTATUS status = MmMapView(PspSystemDll.Section, &dll);

    if (NT_SUCCESS(status))
        status = PspPrepareFlavour();
    if (NT_SUCCESS(status))
        status = MmMapView(New->Section, &image);
    if (NT_SUCCESS(status))
        status = MmAllocateUserMemory(&peb, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!NT_SUCCESS(status))
        return status;
    PspFillPeb(New, &image, &value);
    value.ApiSetMap = PspMapApiSet();
    status = PspWriteParameters(New->Parameters, (PVOID *)&value.ProcessParameters);
    if (NT_SUCCESS(status))
        status = PspWriteUser(peb, &value, sizeof(value));
    Process->Peb = peb;
    Process->SectionBaseAddress = image.Base;
    return status;
}

/* Without inheritance the console and the standard handles still come along, under new values. */
static VOID PspCopyStandardHandle(const PSP_NEW_PROCESS *New, PEPROCESS Process, PVOID *Handle)
{
    HANDLE copy = NULL;

    if ((LONG64)*Handle <= 0 || !NT_SUCCESS(ObDuplicateObject(New->Parent, *Handle, Process, &copy, 0, OBJ_INHERIT,
                                                              DUPLICATE_SAME_ACCESS, KernelMode)))
        copy = (LONG64)*Handle < 0 ? *Handle : NULL;
    *Handle = copy;
}

static NTSTATUS PspGiveHandles(const PSP_NEW_PROCESS *New, PEPROCESS Process)
{
    RTL_USER_PROCESS_PARAMETERS *fixed = &New->Parameters->Fixed;

    if (New->InheritHandles)
        return ObInheritHandles(New->Parent, Process);
    PspCopyStandardHandle(New, Process, &fixed->ConsoleHandle);
    PspCopyStandardHandle(New, Process, &fixed->StandardInput);
    PspCopyStandardHandle(New, Process, &fixed->StandardOutput);
    PspCopyStandardHandle(New, Process, &fixed->StandardError);
    return STATUS_SUCCESS;
}

NTSTATUS PspCreateUserProcess(const PSP_NEW_PROCESS *New, PEPROCESS *Process)
{
    PEPROCESS process;
    KAPC_STATE state;
    NTSTATUS status;

    if (PspSystemDll.Section == NULL)
        return STATUS_DLL_NOT_FOUND;
    status = PspMakeProcess(New->Parent, New->Token, New->ImageName, &process);
    if (!NT_SUCCESS(status))
        return status;
    if (New->File != NULL) {
        MmUpcalls.HoldFile(New->File, TRUE);
        process->ImageFilePointer = New->File;
    }
    ObfReferenceObject(New->Section);
    process->SectionObject = New->Section;
    status = PspJoinParentsJob(New->Parent, process, New->Breakaway);
    if (NT_SUCCESS(status))
        status = PspGiveHandles(New, process);
    if (NT_SUCCESS(status)) {
        KeStackAttachProcess(&process->Pcb, &state);
        status = PspFurnish(New, process);
        KeUnstackDetachProcess(&state);
    }
    if (!NT_SUCCESS(status)) {
        PsTerminateProcess(process, status);
        ObfDereferenceObject(process);
        return status;
    }
    *Process = process;
    return STATUS_SUCCESS;
}
