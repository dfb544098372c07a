/* SPDX-License-Identifier: MIT
 * Who is told of processes, threads and images, and what each is told.
 */
#include "notify.h"

static PSP_NOTIFY_LIST PspProcessNotify, PspThreadNotify, PspImageNotify;

/* ---- Processes ---- */
static NTSTATUS PspSetProcessNotify(PVOID Routine, PSP_NOTIFY_KIND Kind, BOOLEAN Remove)
{
    if (Remove)
        return PspRemoveNotify(&PspProcessNotify, Routine, Kind);
    if (Kind != PspNotifyPlain && !MmVerifyCallbackFunction(Routine))
        return STATUS_ACCESS_DENIED;
    return PspAddNotify(&PspProcessNotify, Routine, Kind, TRUE);
}

NTSTATUS NTAPI PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE NotifyRoutine, BOOLEAN Remove)
{
    return PspSetProcessNotify(NotifyRoutine, PspNotifyPlain, Remove);
}

NTSTATUS NTAPI PsSetCreateProcessNotifyRoutineEx(PCREATE_PROCESS_NOTIFY_ROUTINE_EX NotifyRoutine, BOOLEAN Remove)
{
    return PspSetProcessNotify(NotifyRoutine, PspNotifyEx, Remove);
}

NTSTATUS NTAPI PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE NotifyType, PVOID NotifyInformation, BOOLEAN Remove)
{
    if (NotifyType != PsCreateProcessNotifySubsystems)
        return STATUS_INVALID_PARAMETER;
    return PspSetProcessNotify(NotifyInformation, PspNotifySubsystems, Remove);
}

typedef struct PSP_PROCESS_CALL {
    PEPROCESS Process;
    PPS_CREATE_NOTIFY_INFO Info;     /* NULL: exit */
} PSP_PROCESS_CALL;

static VOID PspCallProcessRoutine(PVOID Context, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_PROCESS_CALL *call = Context;
    PEPROCESS process = call->Process;

    if (Kind == PspNotifyPlain)
        ((PCREATE_PROCESS_NOTIFY_ROUTINE)Routine)((HANDLE)process->InheritedFromUniqueProcessId, process->UniqueProcessId,
                                                  call->Info != NULL);
    else
        ((PCREATE_PROCESS_NOTIFY_ROUTINE_EX)Routine)(process, process->UniqueProcessId, call->Info);
}

NTSTATUS PspNotifyProcessCreate(PEPROCESS Process, PCUNICODE_STRING ImageName)
{
    PS_CREATE_NOTIFY_INFO info;
    PSP_PROCESS_CALL call = { Process, &info };

    RtlZeroMemory(&info, sizeof(info));
    info.Size = sizeof(info);
    info.ParentProcessId = (HANDLE)Process->InheritedFromUniqueProcessId;
    info.CreatingThreadId = PsCurrentThread()->Cid;
    info.ImageFileName = ImageName;
    info.CreationStatus = STATUS_SUCCESS;
    PspCallNotify(&PspProcessNotify, PspCallProcessRoutine, &call);
    return info.CreationStatus;
}

VOID PspNotifyProcessExit(PEPROCESS Process)
{
    PSP_PROCESS_CALL call = { Process, NULL };
    PspCallNotify(&PspProcessNotify, PspCallProcessRoutine, &call);
}

/* ---- Threads ---- */
NTSTATUS NTAPI PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine)
{
    return PspAddNotify(&PspThreadNotify, NotifyRoutine, PspNotifyPlain, FALSE);
}

NTSTATUS NTAPI PsSetCreateThreadNotifyRoutineEx(PSCREATETHREADNOTIFYTYPE NotifyType, PVOID NotifyInformation)
{
    if (NotifyType != PsCreateThreadNotifyNonSystem && NotifyType != PsCreateThreadNotifySubsystems)
        return STATUS_INVALID_PARAMETER;
    return PspAddNotify(&PspThreadNotify, NotifyInformation,
                        NotifyType == PsCreateThreadNotifyNonSystem ? PspNotifyNonSystem : PspNotifySubsystems, FALSE);
}

NTSTATUS NTAPI PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine)
{
    return PspRemoveNotify(&PspThreadNotify, NotifyRoutine, PspNotifyAny);
}

typedef struct PSP_THREAD_CALL {
    PETHREAD Thread;
    BOOLEAN Create;
} PSP_THREAD_CALL;

static VOID PspCallThreadRoutine(PVOID Context, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_THREAD_CALL *call = Context;

    /* Routines for threads of user mode hear of none: every thread is a system thread yet. */
    if (Kind == PspNotifyNonSystem && call->Thread->Tcb.SystemThread)
        return;
    ((PCREATE_THREAD_NOTIFY_ROUTINE)Routine)(call->Thread->Cid.UniqueProcess, call->Thread->Cid.UniqueThread, call->Create);
}

VOID PspNotifyThread(PETHREAD Thread, BOOLEAN Create)
{
    PSP_THREAD_CALL call = { Thread, Create };
    PspCallNotify(&PspThreadNotify, PspCallThreadRoutine, &call);
}

/* ---- Images ---- */
NTSTATUS NTAPI PsSetLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine)
{
    return PspAddNotify(&PspImageNotify, NotifyRoutine, PspNotifyPlain, FALSE);
}

NTSTATUS NTAPI PsSetLoadImageNotifyRoutineEx(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine, ULONG_PTR Flags)
{
    if (Flags & ~(ULONG_PTR)PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE)
        return STATUS_INVALID_PARAMETER_2;
    return PspAddNotify(&PspImageNotify, NotifyRoutine, PspNotifyPlain, FALSE);
}

NTSTATUS NTAPI PsRemoveLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine)
{
    return PspRemoveNotify(&PspImageNotify, NotifyRoutine, PspNotifyAny);
}

typedef struct PSP_IMAGE_CALL {
    PUNICODE_STRING Name;
    HANDLE ProcessId;
    PIMAGE_INFO Info;
} PSP_IMAGE_CALL;

static VOID PspCallImageRoutine(PVOID Context, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_IMAGE_CALL *call = Context;
    (void)Kind;
    ((PLOAD_IMAGE_NOTIFY_ROUTINE)Routine)(call->Name, call->ProcessId, call->Info);
}

VOID PsNotifySystemImage(MM_IMAGE *Image)
{
    IMAGE_INFO info;
    PSP_IMAGE_CALL call = { &Image->Entry.FullDllName, NULL, &info };

    RtlZeroMemory(&info, sizeof(info));
    info.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;
    info.SystemModeImage = 1;
    info.ImageBase = Image->Entry.DllBase;
    info.ImageSize = Image->Entry.SizeOfImage;
    PspCallNotify(&PspImageNotify, PspCallImageRoutine, &call);
}
