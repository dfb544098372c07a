/* SPDX-License-Identifier: MIT
 * Small questions about processes and threads that drivers ask, most of which only programs make interesting.
 */
#include "psp.h"

PVOID NTAPI PsGetProcessSectionBaseAddress(PEPROCESS Process) { return Process->SectionBaseAddress; }
/* The 32-bit PEB: programs are 64-bit ones. */
PVOID NTAPI PsGetProcessWow64Process(PEPROCESS Process) { return (PVOID)Process->WoW64Process; }
PVOID NTAPI PsGetCurrentProcessWow64Process(VOID) { return (PVOID)PsCurrentProcess()->WoW64Process; }
PVOID NTAPI PsGetProcessDebugPort(PEPROCESS Process) { return Process->DebugPort; }
BOOLEAN NTAPI PsIsProcessBeingDebugged(PEPROCESS Process) { return Process->DebugPort != NULL; }
PVOID NTAPI PsGetProcessWin32Process(PEPROCESS Process) { return Process->Win32Process; }
PVOID NTAPI PsGetProcessJob(PEPROCESS Process) { return Process->Job; }
PVOID NTAPI PsGetThreadTeb(PETHREAD Thread) { return Thread->Tcb.Teb; }
PVOID NTAPI PsGetCurrentThreadTeb(VOID) { return PsCurrentThread()->Tcb.Teb; }
PVOID NTAPI PsGetThreadWin32Thread(PETHREAD Thread) { return Thread->Tcb.Win32Thread; }
UCHAR NTAPI PsGetProcessProtection(PEPROCESS Process) { return Process->Protection; }
BOOLEAN NTAPI PsIsProtectedProcess(PEPROCESS Process) { return (Process->Protection & PSP_PROTECTION_TYPE) != 0; }
BOOLEAN NTAPI PsIsProtectedProcessLight(PEPROCESS Process) { return (Process->Protection & PSP_PROTECTION_TYPE) == PSP_PROTECTED_LIGHT; }
BOOLEAN NTAPI PsGetProcessExitProcessCalled(PEPROCESS Process) { return (Process->Flags & PSP_PROCESS_EXITING) != 0; }
LARGE_INTEGER NTAPI PsGetProcessExitTime(VOID) { return PsCurrentProcess()->ExitTime; }
NTSTATUS NTAPI PsGetThreadExitStatus(PETHREAD Thread) { return Thread->ExitStatus; }
/* There is one session. */
ULONG NTAPI PsGetProcessSessionId(PEPROCESS Process) { return Process->Session != NULL ? *(PULONG)Process->Session : 0; }
ULONG NTAPI PsGetCurrentProcessSessionId(VOID) { return PsGetProcessSessionId(PsCurrentProcess()); }
ULONG NTAPI PsGetThreadSessionId(PETHREAD Thread) { return PsGetProcessSessionId((PEPROCESS)Thread->Tcb.Process); }

/* No process was made from a file. */
NTSTATUS NTAPI PsReferenceProcessFilePointer(PEPROCESS Process, PFILE_OBJECT *FileObject)
{
    if (Process->ImageFilePointer == NULL)
        return STATUS_UNSUCCESSFUL;
    ObfReferenceObject(Process->ImageFilePointer);
    *FileObject = (PFILE_OBJECT)Process->ImageFilePointer;
    return STATUS_SUCCESS;
}

/* While this is held the process does not finish its end. */
NTSTATUS NTAPI PsAcquireProcessExitSynchronization(PEPROCESS Process)
{
    return ExAcquireRundownProtection(&Process->RundownProtect) ? STATUS_SUCCESS : STATUS_PROCESS_IS_TERMINATING;
}

VOID NTAPI PsReleaseProcessExitSynchronization(PEPROCESS Process) { ExReleaseRundownProtection(&Process->RundownProtect); }
