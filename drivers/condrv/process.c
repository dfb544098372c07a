/* SPDX-License-Identifier: MIT
 * Attached processes: each open of Connection is one. A process that has ended is not there any more, even while somebody who inherited
 * its handle keeps it.
 */
#include "condrv.h"

NTKERNELAPI PVOID NTAPI PsGetProcessPeb(PEPROCESS Process);

/* ---- Coming and going ---- */
/* The group that the process was started in: ProcessParameters.ProcessGroupId, read in the process itself; 0 when it has none. */
static ULONG CdGroupOfCaller(VOID)
{
    PUCHAR peb = PsGetProcessPeb(PsGetCurrentProcess());
    ULONG group = 0;

    if (peb == NULL)
        return 0;
    __try {
        PUCHAR parameters = *(PUCHAR volatile *)(peb + 0x20);
        ProbeForRead(parameters, 0x40C, sizeof(ULONG));
        if (*(volatile ULONG *)parameters >= 0x40C)      /* MaximumLength */
            group = *(volatile ULONG *)(parameters + 0x408);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        group = 0;
    }
    return group;
}

NTSTATUS CdAttach(CD_FILE *File)
{
    File->Process = PsGetCurrentProcess();
    ObReferenceObject(File->Process);
    File->Group = CdGroupOfCaller();
    CdLock();
    InsertTailList(&CdConsole.Clients, &File->Link);
    CdUnlock();
    return STATUS_SUCCESS;
}

VOID CdDetach(CD_FILE *File)
{
    CdLock();
    RemoveEntryList(&File->Link);
    CdUnlock();
}

static BOOLEAN CdHasEnded(PEPROCESS Process)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    return KeWaitForSingleObject(Process, Executive, KernelMode, FALSE, &none) == STATUS_SUCCESS;
}

/* The attached processes of the group, each once; their number. Referenced. */
static ULONG CdCollectLocked(ULONG Group, PEPROCESS *Processes)
{
    ULONG count = 0, i;
    PLIST_ENTRY link;

    for (link = CdConsole.Clients.Flink; link != &CdConsole.Clients && count < CD_MOST_CLIENTS; link = link->Flink) {
        CD_FILE *file = CONTAINING_RECORD(link, CD_FILE, Link);
        for (i = 0; i < count && Processes[i] != file->Process; i++)
            continue;
        if (i < count || CdHasEnded(file->Process))
            continue;
        if (Group != 0 && file->Group != Group && (ULONG_PTR)PsGetProcessId(file->Process) != Group)
            continue;
        ObReferenceObject(file->Process);
        Processes[count++] = file->Process;
    }
    return count;
}

/* NULL: no memory. */
static PEPROCESS *CdCollect(ULONG Group, PULONG Count)
{
    PEPROCESS *processes = ExAllocatePoolWithTag(PagedPool, CD_MOST_CLIENTS * sizeof(*processes), CD_TAG);

    if (processes == NULL)
        return NULL;
    CdLock();
    *Count = CdCollectLocked(Group, processes);
    CdUnlock();
    return processes;
}

static VOID CdReleaseAll(PEPROCESS *Processes, ULONG Count)
{
    while (Count-- > 0)
        ObDereferenceObject(Processes[Count]);
    ExFreePoolWithTag(Processes, CD_TAG);
}

/* A request that fails at once has no status block: who wants to know how much is needed is answered as if it had waited. */
static NTSTATUS CdAnswerTooSmall(CD_REQUEST *Request)
{
    IoMarkIrpPending(Request->Irp);
    Request->Irp->IoStatus.Status = STATUS_BUFFER_TOO_SMALL;
    Request->Irp->IoStatus.Information = Request->Information;
    IoCompleteRequest(Request->Irp, IO_NO_INCREMENT);
    return STATUS_PENDING;
}

NTSTATUS CdListProcesses(CD_REQUEST *Request)
{
    PULONG ids = (PULONG)Request->Buffer;
    ULONG count, i;
    PEPROCESS *processes = CdCollect(0, &count);

    if (processes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Request->Information = count * sizeof(ULONG);
    for (i = 0; i < count && Request->OutputLength >= Request->Information; i++)
        ids[i] = HandleToULong(PsGetProcessId(processes[i]));
    CdReleaseAll(processes, count);
    return Request->OutputLength >= Request->Information ? STATUS_SUCCESS : CdAnswerTooSmall(Request);
}

/* The caller's Connection is that of the process's console, which is the only one; -1 is whoever started the caller. */
NTSTATUS CdBindProcess(CD_REQUEST *Request)
{
    ULONG id = *(PULONG)Request->Buffer, count, i;
    PEPROCESS *processes = CdCollect(0, &count);
    BOOLEAN isThere = FALSE;

    if (processes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (i = 0; i < count; i++)
        isThere |= processes[i] != PsGetCurrentProcess() && (id == MAXULONG || HandleToULong(PsGetProcessId(processes[i])) == id);
    CdReleaseAll(processes, count);
    return isThere ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

/* ---- Events ---- */
typedef NTSTATUS NTAPI CREATE_USER_THREAD(HANDLE Process, PSECURITY_DESCRIPTOR Security, BOOLEAN IsSuspended, ULONG ZeroBits,
                                          SIZE_T Reserve, SIZE_T Commit, PVOID Start, PVOID Parameter, PHANDLE Thread, PCLIENT_ID Id);

static NTSTATUS CdTellProcess(PEPROCESS Process, ULONG Event)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"RtlCreateUserThread");
    CREATE_USER_THREAD *create = (CREATE_USER_THREAD *)MmGetSystemRoutineAddress(&name);
    PVOID routine = CondrvControlRoutine(Process);
    HANDLE process, thread;
    NTSTATUS status;

    if (create == NULL || routine == NULL)
        return STATUS_NOT_IMPLEMENTED;
    status = ObOpenObjectByPointer(Process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, *PsProcessType, KernelMode, &process);
    if (!NT_SUCCESS(status))
        return status;
    status = create(process, NULL, FALSE, 0, 0, 0, routine, ULongToPtr(Event), &thread, NULL);
    if (NT_SUCCESS(status))
        ZwClose(thread);
    ZwClose(process);
    return status;
}

/* The first failure. */
NTSTATUS CdTellProcesses(ULONG Event, ULONG Group)
{
    NTSTATUS status = STATUS_SUCCESS, one;
    ULONG count, i;
    PEPROCESS *processes = CdCollect(Group, &count);

    if (processes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (i = 0; i < count; i++) {
        one = CdTellProcess(processes[i], Event);
        if (NT_SUCCESS(status))
            status = one;
    }
    CdReleaseAll(processes, count);
    return count != 0 ? status : STATUS_INVALID_PARAMETER;
}

VOID CdTellEvents(VOID)
{
    ULONG events, event;

    CdLock();
    events = CdConsole.Events;
    CdConsole.Events = 0;
    CdUnlock();
    for (event = 0; events >> event != 0; event++)
        if (events >> event & 1)
            CdTellProcesses(event, 0);
}

NTSTATUS CdControlEvent(CD_REQUEST *Request)
{
    const ULONG *event = (const ULONG *)Request->Buffer;
    return event[0] > 1 ? STATUS_INVALID_PARAMETER : CdTellProcesses(event[0], event[1]);
}
