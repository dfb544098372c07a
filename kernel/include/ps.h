/* SPDX-License-Identifier: MIT
 * Processes and threads for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"
#include "mm.h"

/* The System process, the table of ids, and the two threads that reap threads and delete objects; the idle threads stay in a
 * process of their own with id 0. From here threads can be created. */
VOID PsInitialize(VOID);

/* ---- Upward calls: "ps cancel I/O" of the design ---- */
typedef struct PS_UPCALLS {
    /* io: cancels every request of the calling thread, which is about to end, and waits for it. PASSIVE_LEVEL. */
    VOID (*CancelThreadIo)(PETHREAD Thread);
} PS_UPCALLS;
extern PS_UPCALLS PsUpcalls;

extern POBJECT_TYPE PspProcessType, PspThreadType;
extern LIST_ENTRY PsActiveProcessHead;
extern PHANDLE_TABLE PspCidTable;

/* What version queries answer; `version=` sets it. */
typedef struct PS_VERSION {
    ULONG Major, Minor, Build;
} PS_VERSION;
extern PS_VERSION PsVersion;

static inline PETHREAD PsCurrentThread(VOID) { return (PETHREAD)__readgsqword(0x188); }
static inline PEPROCESS PsCurrentProcess(VOID) { return (PEPROCESS)PsCurrentThread()->Tcb.ApcState.Process; }

/* ---- Notification ---- */
extern BOOLEAN PsAllowUnsignedCallbacks;         /* `allow-unsigned-callbacks`: routines of the Ex kind from any image */
/* Tells of a system image that was mapped and has not run yet. PASSIVE_LEVEL. */
VOID PsNotifySystemImage(MM_IMAGE *Image);

/* ---- Exported, but not declared by the DDK ---- */
typedef enum _PSCREATEPROCESSNOTIFYTYPE { PsCreateProcessNotifySubsystems = 0 } PSCREATEPROCESSNOTIFYTYPE;
typedef enum _PSCREATETHREADNOTIFYTYPE {
    PsCreateThreadNotifyNonSystem = 0, PsCreateThreadNotifySubsystems = 1
} PSCREATETHREADNOTIFYTYPE;
#define PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE 0x1
NTSTATUS NTAPI PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE NotifyType, PVOID NotifyInformation, BOOLEAN Remove);
NTSTATUS NTAPI PsSetCreateThreadNotifyRoutineEx(PSCREATETHREADNOTIFYTYPE NotifyType, PVOID NotifyInformation);
NTSTATUS NTAPI PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine, ULONG_PTR Flags);
PUCHAR NTAPI PsGetProcessImageFileName(PEPROCESS Process);
HANDLE NTAPI PsGetProcessInheritedFromUniqueProcessId(PEPROCESS Process);
NTSTATUS NTAPI PsGetProcessExitStatus(PEPROCESS Process);
PPEB NTAPI PsGetProcessPeb(PEPROCESS Process);
PEPROCESS NTAPI PsGetThreadProcess(PETHREAD Thread);
BOOLEAN NTAPI PsIsThreadImpersonating(PETHREAD Thread);
/* STATUS_NO_TOKEN: the thread impersonates nobody; STATUS_CANT_OPEN_ANONYMOUS: it does, but may not see whom. */
NTSTATUS NTAPI NtOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle);
NTSTATUS NTAPI NtOpenProcessTokenEx(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, PHANDLE TokenHandle);
NTSTATUS NTAPI NtOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, PHANDLE TokenHandle);
NTSTATUS NTAPI NtOpenThreadTokenEx(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf, ULONG HandleAttributes,
                                   PHANDLE TokenHandle);

extern const struct KE_TEST_GROUP PsTests;
