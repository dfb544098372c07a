/* SPDX-License-Identifier: MIT
 * NtGetWriteWatch, NtResetWriteWatch: which pages of a watched region were written.
 */
#include "visit.h"
#include "user.h"

#define PSP_WATCH_RESET 1u                       /* WRITE_WATCH_FLAG_RESET */
#define PSP_WATCH_BATCH 64u                      /* addresses at a time */

static NTSTATUS PspCheckWatched(PVOID BaseAddress, SIZE_T RegionSize, NTSTATUS BadBase, NTSTATUS BadSize)
{
    if (BaseAddress > MmHighestUserAddress)
        return BadBase;
    if (RegionSize == 0 || RegionSize > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)BaseAddress)
        return BadSize;
    return STATUS_SUCCESS;
}

/* The next addresses from *At on. */
static NTSTATUS PspNextWritten(HANDLE ProcessHandle, PULONG64 At, ULONG64 End, BOOLEAN Reset, PVOID *Addresses, PULONG Count)
{
    PSP_VISIT visit;
    NTSTATUS status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);

    if (!NT_SUCCESS(status))
        return status;
    status = MmGetWriteWatch(At, End, Reset, Addresses, Count);
    PspLeaveProcess(&visit);
    return status;
}

/* As many as *Count, which says afterwards how many there were. */
static NTSTATUS PspListWritten(HANDLE ProcessHandle, ULONG64 At, ULONG64 End, BOOLEAN Reset, PVOID *To, PULONG_PTR Count)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID addresses[PSP_WATCH_BATCH];
    ULONG_PTR room = *Count, done = 0;
    ULONG count;
    NTSTATUS status;

    do {
        count = (ULONG)min(room - done, PSP_WATCH_BATCH);
        status = PspNextWritten(ProcessHandle, &At, End, Reset, addresses, &count);
        if (NT_SUCCESS(status))
            status = MmWriteCaller(mode, To + done, addresses, count * sizeof(PVOID));
        done += count;
    } while (NT_SUCCESS(status) && At < End && done < room);
    *Count = done;
    return status;
}

NTSTATUS NTAPI NtGetWriteWatch(HANDLE ProcessHandle, ULONG Flags, PVOID BaseAddress, SIZE_T RegionSize, PVOID *UserAddressArray,
                               PULONG_PTR EntriesInUserAddressArray, PULONG Granularity)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG granularity = PAGE_SIZE;
    ULONG_PTR count;
    NTSTATUS status;

    if (Flags & ~PSP_WATCH_RESET)
        return STATUS_INVALID_PARAMETER_2;
    status = PspCheckWatched(BaseAddress, RegionSize, STATUS_INVALID_PARAMETER_3, STATUS_INVALID_PARAMETER_4);
    if (NT_SUCCESS(status))
        status = MmReadCallerInOut(mode, &count, EntriesInUserAddressArray, sizeof(count));
    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, Granularity, sizeof(granularity));
    if (!NT_SUCCESS(status))
        return status;
    if (count == 0 || count > MAXULONG_PTR / sizeof(PVOID))
        return STATUS_INVALID_PARAMETER_6;
    count = min(count, (RegionSize >> PAGE_SHIFT) + 2);          /* more pages there are not */
    status = MmProbeCaller(mode, UserAddressArray, count * sizeof(PVOID));       /* before anything is forgotten */
    if (NT_SUCCESS(status))
        status = PspListWritten(ProcessHandle, (ULONG64)BaseAddress, (ULONG64)BaseAddress + RegionSize, (Flags & PSP_WATCH_RESET) != 0,
                                UserAddressArray, &count);
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, EntriesInUserAddressArray, &count, sizeof(count));
    return NT_SUCCESS(status) ? MmWriteCaller(mode, Granularity, &granularity, sizeof(granularity)) : status;
}

NTSTATUS NTAPI NtResetWriteWatch(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T RegionSize)
{
    NTSTATUS status = PspCheckWatched(BaseAddress, RegionSize, STATUS_INVALID_PARAMETER_2, STATUS_INVALID_PARAMETER_3);
    PSP_VISIT visit;

    if (NT_SUCCESS(status))
        status = PspEnterProcess(ProcessHandle, PROCESS_VM_OPERATION, &visit);
    if (!NT_SUCCESS(status))
        return status;
    status = MmResetWriteWatch((ULONG64)BaseAddress, RegionSize);
    PspLeaveProcess(&visit);
    return status;
}
