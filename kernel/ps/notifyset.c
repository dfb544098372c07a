/* SPDX-License-Identifier: MIT
 * Who is told of processes, threads and images, and what each is told.
 */
#include "notify.h"
#include "user.h"

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

/* Sets a flag of the process; FALSE: it was set. */
static BOOLEAN PspMarkProcess(PEPROCESS Process, ULONG Flag)
{
    KIRQL irql = KeLockAcquire(&PspListLock);
    BOOLEAN first = !(Process->Flags & Flag);

    Process->Flags |= Flag;
    KeLockRelease(&PspListLock, irql);
    return first;
}

NTSTATUS PspNotifyProcessCreate(PEPROCESS Process, PCUNICODE_STRING ImageName, PFILE_OBJECT File, PCUNICODE_STRING CommandLine)
{
    PS_CREATE_NOTIFY_INFO info;
    PSP_PROCESS_CALL call = { Process, &info };

    RtlZeroMemory(&info, sizeof(info));
    info.Size = sizeof(info);
    info.ParentProcessId = (HANDLE)Process->InheritedFromUniqueProcessId;
    info.CreatingThreadId = PsCurrentThread()->Cid;
    info.FileOpenNameAvailable = File != NULL;
    info.FileObject = File;
    info.ImageFileName = ImageName;
    info.CommandLine = CommandLine;
    info.CreationStatus = STATUS_SUCCESS;
    PspMarkProcess(Process, PSP_PROCESS_TOLD);
    PspCallNotify(&PspProcessNotify, PspCallProcessRoutine, &call);
    return info.CreationStatus;
}

VOID PspNotifyProcessExit(PEPROCESS Process)
{
    PSP_PROCESS_CALL call = { Process, NULL };

    if (Process->Flags & PSP_PROCESS_TOLD)
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
    BOOLEAN Own;                     /* the new thread itself calls */
} PSP_THREAD_CALL;

static VOID PspCallThreadRoutine(PVOID Context, PVOID Routine, PSP_NOTIFY_KIND Kind)
{
    PSP_THREAD_CALL *call = Context;

    /* Those of this kind hear of threads in user mode, and of their beginning in the thread itself. */
    if (Kind == PspNotifyNonSystem ? call->Thread->Tcb.SystemThread || (call->Create && !call->Own) : call->Own)
        return;
    ((PCREATE_THREAD_NOTIFY_ROUTINE)Routine)(call->Thread->Cid.UniqueProcess, call->Thread->Cid.UniqueThread, call->Create);
}

VOID PspNotifyThread(PETHREAD Thread, BOOLEAN Create)
{
    PSP_THREAD_CALL call = { Thread, Create, FALSE };
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

/* The name on the device that the file is on; NULL: it cannot be told. Pool. */
static PUNICODE_STRING PspNameOfFile(PFILE_OBJECT File)
{
    POBJECT_NAME_INFORMATION name;
    ULONG length = 0;

    if (ObQueryNameString(File, NULL, 0, &length) != STATUS_INFO_LENGTH_MISMATCH)
        return NULL;
    name = ExAllocatePoolWithTag(PagedPool, length, TAG_IMAGE_NAME);
    if (name != NULL && !NT_SUCCESS(ObQueryNameString(File, name, length, &length))) {
        ExFreePoolWithTag(name, TAG_IMAGE_NAME);
        name = NULL;
    }
    return name != NULL ? &name->Name : NULL;
}

VOID PspNotifyUserImage(PEPROCESS Process, const MM_SECTION *Section, PVOID Base)
{
    IMAGE_INFO_EX info = { .Size = sizeof(info), .FileObject = MmSectionFile(Section) };
    PSP_IMAGE_CALL call = { NULL, Process->UniqueProcessId, &info.ImageInfo };

    if (PspImageNotify.Count == 0 || info.FileObject == NULL)
        return;
    info.ImageInfo.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;
    info.ImageInfo.ExtendedInfoPresent = 1;
    info.ImageInfo.ImageBase = Base;
    info.ImageInfo.ImageSize = Section->Bytes;
    call.Name = PspNameOfFile(info.FileObject);
    PspCallNotify(&PspImageNotify, PspCallImageRoutine, &call);
    if (call.Name != NULL)
        ExFreePoolWithTag(call.Name, TAG_IMAGE_NAME);
}

/* A process's first thread tells of its program and of ntdll.dll, which nobody maps by a service. */
VOID PspNotifyOwnStart(VOID)
{
    PETHREAD thread = PsCurrentThread();
    PEPROCESS process = (PEPROCESS)thread->Tcb.Process;
    PSP_THREAD_CALL call = { thread, TRUE, TRUE };

    if (PspMarkProcess(process, PSP_PROCESS_IMAGES_TOLD)) {
        PspNotifyUserImage(process, process->SectionObject, process->SectionBaseAddress);
        PspNotifyUserImage(process, PspSystemDll.Section, PspSystemDll.Base);
    }
    PspCallNotify(&PspThreadNotify, PspCallThreadRoutine, &call);
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
