/* SPDX-License-Identifier: MIT
 * Routines that are told of threads and images: calls, limits, removal while a call is under way.
 */
#include "../psp.h"
#include "test.h"

static volatile LONG Created, Ended, WrongContext;
static HANDLE volatile LastCreated, LastEnded;

static VOID NTAPI CountThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
    if (KeIrql() != PASSIVE_LEVEL || !KeAreApcsDisabled() || ProcessId != (HANDLE)4)
        WrongContext++;
    if (Create) {
        LastCreated = ThreadId;
        InterlockedIncrement(&Created);
        return;
    }
    if (ThreadId != PsGetCurrentThreadId())
        WrongContext++;
    LastEnded = ThreadId;
    InterlockedIncrement(&Ended);
}

static VOID NTAPI Nothing(PVOID Context) { (void)Context; }

/* Starts a thread and waits for its end. */
static HANDLE RunThread(PKSTART_ROUTINE Routine, PVOID Context)
{
    CLIENT_ID id = { NULL, NULL };
    HANDLE handle;

    if (!CHECK(NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, &id, Routine, Context))))
        return NULL;
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS);
    ZwClose(handle);
    return id.UniqueThread;
}

static VOID Threads(VOID)
{
    HANDLE id;

    Created = Ended = WrongContext = 0;
    CHECK(NT_SUCCESS(PsSetCreateThreadNotifyRoutine(CountThread)));
    id = RunThread(Nothing, NULL);
    CHECK(Created == 1 && Ended == 1 && WrongContext == 0 && LastCreated == id && LastEnded == id);
    CHECK(NT_SUCCESS(PsRemoveCreateThreadNotifyRoutine(CountThread)));
    CHECK(PsRemoveCreateThreadNotifyRoutine(CountThread) == STATUS_PROCEDURE_NOT_FOUND);
    RunThread(Nothing, NULL);
    CHECK(Created == 1 && Ended == 1);
    CHECK(NT_SUCCESS(PsSetCreateThreadNotifyRoutineEx(PsCreateThreadNotifyNonSystem, CountThread)));
    RunThread(Nothing, NULL);                    /* a system thread, which it does not hear of */
    CHECK(Created == 1 && Ended == 1);
    CHECK(NT_SUCCESS(PsRemoveCreateThreadNotifyRoutine(CountThread)));
    CHECK(PsSetCreateThreadNotifyRoutineEx((PSCREATETHREADNOTIFYTYPE)7, CountThread) == STATUS_INVALID_PARAMETER);
}

static VOID NTAPI IgnoreImage(PUNICODE_STRING Name, HANDLE ProcessId, PIMAGE_INFO Info) { (void)Name, (void)ProcessId, (void)Info; }
static VOID NTAPI IgnoreProcess(HANDLE Parent, HANDLE Id, BOOLEAN Create) { (void)Parent, (void)Id, (void)Create; }
static VOID NTAPI IgnoreProcessEx(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info) { (void)Process, (void)Id, (void)Info; }

static VOID Limits(VOID)
{
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    ULONG i, added = 0;

    for (i = 0; i < 65; i++)
        added += NT_SUCCESS(PsSetLoadImageNotifyRoutine(IgnoreImage));
    CHECK(added == 64 && PsSetLoadImageNotifyRoutine(IgnoreImage) == STATUS_INSUFFICIENT_RESOURCES);
    for (i = 0; i < added; i++)
        CHECK(NT_SUCCESS(PsRemoveLoadImageNotifyRoutine(IgnoreImage)));
    CHECK(PsRemoveLoadImageNotifyRoutine(IgnoreImage) == STATUS_PROCEDURE_NOT_FOUND);
    CHECK(PsSetLoadImageNotifyRoutineEx(IgnoreImage, 2) == STATUS_INVALID_PARAMETER_2);

    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutine(IgnoreProcess, FALSE)));
    CHECK(PsSetCreateProcessNotifyRoutine(IgnoreProcess, FALSE) == STATUS_INVALID_PARAMETER);
    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutine(IgnoreProcess, TRUE)));
    CHECK(PsSetCreateProcessNotifyRoutine(IgnoreProcess, TRUE) == STATUS_PROCEDURE_NOT_FOUND);
    MmAllowUnsignedCallbacks = FALSE;            /* the kernel's own image is not marked */
    CHECK(PsSetCreateProcessNotifyRoutineEx(IgnoreProcessEx, FALSE) == STATUS_ACCESS_DENIED);
    CHECK(PsSetCreateProcessNotifyRoutineEx2(PsCreateProcessNotifySubsystems, IgnoreProcessEx, FALSE) == STATUS_ACCESS_DENIED);
    MmAllowUnsignedCallbacks = TRUE;
    CHECK(PsSetCreateProcessNotifyRoutineEx2(PsCreateProcessNotifySubsystems, IgnoreProcessEx, FALSE) == STATUS_SUCCESS);
    CHECK(PsSetCreateProcessNotifyRoutineEx2(PsCreateProcessNotifySubsystems, IgnoreProcessEx, TRUE) == STATUS_SUCCESS);
    MmAllowUnsignedCallbacks = allowed;
}

static UNICODE_STRING SeenName;
static IMAGE_INFO SeenInfo;
static HANDLE SeenProcess;

static VOID NTAPI SeeImage(PUNICODE_STRING Name, HANDLE ProcessId, PIMAGE_INFO Info)
{
    SeenName = *Name;
    SeenProcess = ProcessId;
    SeenInfo = *Info;
}

static VOID Images(VOID)
{
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");

    SeenProcess = (HANDLE)1;
    CHECK(NT_SUCCESS(PsSetLoadImageNotifyRoutine(SeeImage)));
    PsNotifySystemImage(kernel);
    CHECK(NT_SUCCESS(PsRemoveLoadImageNotifyRoutine(SeeImage)));
    CHECK(SeenProcess == NULL && SeenInfo.SystemModeImage && SeenInfo.ImageBase == kernel->Entry.DllBase);
    CHECK(SeenInfo.ImageSize == kernel->Entry.SizeOfImage && SeenName.Buffer == kernel->Entry.FullDllName.Buffer);
}

/* ---- Removal waits for a call under way, which does not end before somebody has seen the removal begin ---- */
static KEVENT InRoutine, LeaveRoutine;
static volatile LONG RoutineLeft, Removed;

static VOID NTAPI BlockImage(PUNICODE_STRING Name, HANDLE ProcessId, PIMAGE_INFO Info)
{
    (void)Name, (void)ProcessId, (void)Info;
    KeSetEvent(&InRoutine, 0, FALSE);
    KeWaitForSingleObject(&LeaveRoutine, Executive, KernelMode, FALSE, NULL);
    InterlockedExchange(&RoutineLeft, 1);
}

static VOID Crew(PVOID Context, ULONG Index)
{
    NTSTATUS status;

    (void)Context;
    if (Index == 0) {
        PsNotifySystemImage(MmFindImage("ntoskrnl.exe"));
        return;
    }
    KeWaitForSingleObject(&InRoutine, Executive, KernelMode, FALSE, NULL);
    status = PsRemoveLoadImageNotifyRoutine(BlockImage);
    if (NT_SUCCESS(status)) {
        CHECK(RoutineLeft);
        InterlockedExchange(&Removed, 1);
        return;
    }
    CHECK(status == STATUS_PROCEDURE_NOT_FOUND && !Removed);     /* the other one is waiting */
    KeSetEvent(&LeaveRoutine, 0, FALSE);
}

static VOID Removal(VOID)
{
    KeInitializeEvent(&InRoutine, NotificationEvent, FALSE);
    KeInitializeEvent(&LeaveRoutine, NotificationEvent, FALSE);
    RoutineLeft = Removed = 0;
    CHECK(NT_SUCCESS(PsSetLoadImageNotifyRoutine(BlockImage)));
    TestRunThreads(3, Crew, NULL);
    CHECK(Removed && RoutineLeft);
}

static const KE_TEST PspNotifyTable[] = {
    { "ps.notify.threads", Threads, 0 },
    { "ps.notify.limits", Limits, 0 },
    { "ps.notify.images", Images, 0 },
    { "ps.notify.removal", Removal, 0 },
};
const KE_TEST_GROUP PspNotifyTests = { PspNotifyTable, RTL_NUMBER_OF(PspNotifyTable) };
