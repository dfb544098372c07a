/* SPDX-License-Identifier: MIT
 * User memory of a process that the driver is attached to: allocated, probed, locked, mapped, freed.
 */
#include <ntifs.h>
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

static VOID TestMemory(VOID)
{
    PVOID base = NULL;
    SIZE_T size = 2 * PAGE_SIZE;
    volatile ULONG *system;
    PMDL mdl;

    if (!CheckStatus(ZwAllocateVirtualMemory(ZwCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
                     STATUS_SUCCESS, "allocate"))
        return;
    Check(((ULONG_PTR)base & 0xFFFF) == 0 && base < MmHighestUserAddress && size == 2 * PAGE_SIZE, "where it lies");
    ProbeForWrite(base, size, sizeof(ULONG));
    ((volatile ULONG *)base)[5] = 55;
    mdl = IoAllocateMdl(base, PAGE_SIZE, FALSE, FALSE, NULL);
    if (Check(mdl != NULL, "an MDL")) {
        MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
        system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
        Check(system != NULL && system[5] == 55, "locked and mapped");
        MmUnlockPages(mdl);
        IoFreeMdl(mdl);
    }
    size = 0;
    CheckStatus(ZwFreeVirtualMemory(ZwCurrentProcess(), &base, &size, MEM_RELEASE), STATUS_SUCCESS, "free");
    Check(!MmIsAddressValid(base), "it is gone");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PEPROCESS process;
    KAPC_STATE state;

    if (CheckStatus(PsLookupProcessByProcessId(PsGetCurrentProcessId(), &process), STATUS_SUCCESS, "look the process up")) {
        KeStackAttachProcess((PVOID)process, &state);
        TestMemory();
        KeUnstackDetachProcess(&state);
        ObDereferenceObject(process);
    }
    return CheckResult();
}
