/* SPDX-License-Identifier: MIT
 * Questions about processes and threads, and looking them up by id.
 */
#include "psp.h"
#include "rtl.h"

#undef PsGetCurrentProcess
PEPROCESS NTAPI PsGetCurrentProcess(VOID);
PETHREAD NTAPI PsGetCurrentThread(VOID);

PEPROCESS NTAPI IoGetCurrentProcess(VOID) { return PsCurrentProcess(); }
PEPROCESS NTAPI PsGetCurrentProcess(VOID) { return PsCurrentProcess(); }
PETHREAD NTAPI PsGetCurrentThread(VOID) { return PsCurrentThread(); }
HANDLE NTAPI PsGetCurrentProcessId(VOID) { return PsCurrentThread()->Cid.UniqueProcess; }
HANDLE NTAPI PsGetCurrentThreadId(VOID) { return PsCurrentThread()->Cid.UniqueThread; }
HANDLE NTAPI PsGetProcessId(PEPROCESS Process) { return Process->UniqueProcessId; }
HANDLE NTAPI PsGetThreadId(PETHREAD Thread) { return Thread->Cid.UniqueThread; }
HANDLE NTAPI PsGetThreadProcessId(PETHREAD Thread) { return Thread->Cid.UniqueProcess; }
PEPROCESS NTAPI PsGetThreadProcess(PETHREAD Thread) { return (PEPROCESS)Thread->Tcb.Process; }
PEPROCESS NTAPI IoThreadToProcess(PETHREAD Thread) { return (PEPROCESS)Thread->Tcb.Process; }
PUCHAR NTAPI PsGetProcessImageFileName(PEPROCESS Process) { return (PUCHAR)Process->ImageFileName; }
HANDLE NTAPI PsGetProcessInheritedFromUniqueProcessId(PEPROCESS Process) { return (HANDLE)Process->InheritedFromUniqueProcessId; }
NTSTATUS NTAPI PsGetProcessExitStatus(PEPROCESS Process) { return Process->ExitStatus; }
PPEB NTAPI PsGetProcessPeb(PEPROCESS Process) { return (PPEB)Process->Peb; }
LONGLONG NTAPI PsGetProcessCreateTimeQuadPart(PEPROCESS Process) { return Process->CreateTime.QuadPart; }
BOOLEAN NTAPI PsIsSystemThread(PETHREAD Thread) { return Thread->Tcb.SystemThread != 0; }
BOOLEAN NTAPI IoIsSystemThread(PETHREAD Thread) { return PsIsSystemThread(Thread); }
BOOLEAN NTAPI PsIsThreadTerminating(PETHREAD Thread) { return (Thread->CrossThreadFlags & PSP_THREAD_TERMINATED) != 0; }

/* TRUE for a checked build, which no Windows 10 is. */
BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber, PUNICODE_STRING CSDVersion)
{
    if (MajorVersion != NULL)
        *MajorVersion = RtlVersion.Major;
    if (MinorVersion != NULL)
        *MinorVersion = RtlVersion.Minor;
    if (BuildNumber != NULL)
        *BuildNumber = RtlVersion.Build;
    if (CSDVersion != NULL) {
        CSDVersion->Length = CSDVersion->MaximumLength = 0;
        CSDVersion->Buffer = NULL;
    }
    return FALSE;
}

/* ---- By id ---- */
/* The object behind an id, referenced; NULL when the id is free, is the other kind's, or its object is being deleted. */
static PVOID PspLookupId(HANDLE Id, POBJECT_TYPE Type)
{
    KIRQL irql;
    PHANDLE_TABLE_ENTRY entry = ObLockHandle(PspCidTable, Id, &irql);
    PVOID object;

    if (entry == NULL)
        return NULL;
    object = ObHandlePointer(entry);
    if (ObGetObjectType(object) != Type || !ObReferenceObjectSafe(object))
        object = NULL;
    ObUnlockHandle(entry, irql);
    return object;
}

NTSTATUS NTAPI PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    PEPROCESS process = PspLookupId(ProcessId, PspProcessType);
    if (process == NULL)
        return STATUS_INVALID_CID;
    *Process = process;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    PETHREAD thread = PspLookupId(ThreadId, PspThreadType);
    if (thread == NULL)
        return STATUS_INVALID_CID;
    *Thread = thread;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PsLookupProcessThreadByCid(PCLIENT_ID Cid, PEPROCESS *Process, PETHREAD *Thread)
{
    PETHREAD thread = PspLookupId(Cid->UniqueThread, PspThreadType);

    if (thread == NULL)
        return STATUS_INVALID_CID;
    if (thread->Cid.UniqueProcess != Cid->UniqueProcess) {
        ObfDereferenceObject(thread);
        return STATUS_INVALID_CID;
    }
    if (Process != NULL) {
        *Process = (PEPROCESS)thread->Tcb.Process;
        ObfReferenceObject(*Process);
    }
    *Thread = thread;
    return STATUS_SUCCESS;
}
