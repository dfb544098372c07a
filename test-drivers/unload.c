/* SPDX-License-Identifier: MIT
 * Everything that DriverEntry takes and DriverUnload gives back: memory, a thread, a timer, a DPC, callbacks, notifications, a link, a
 * device, a work item in flight, handles. The lab sees whether something stays.
 */
#include "thread.h"

DRIVER_INITIALIZE DriverEntry;

#define MILLISECOND 10000ll

static PDEVICE_OBJECT Device;
static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\PetrelUnload");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\PetrelUnload");
static UNICODE_STRING CallbackName = RTL_CONSTANT_STRING(L"\\Callback\\PetrelUnload");
static PVOID Pool[8], Thread, Registration;
static PCALLBACK_OBJECT Callback;
static NPAGED_LOOKASIDE_LIST Lookaside;
static PVOID Block;
static ERESOURCE Resource;
static PIO_WORKITEM WorkItem;
static KTIMER Timer;
static KDPC Dpc;
static KEVENT Stop, Ticked, Worked;
static PMDL Mdl;
static PIRP Irp;
static UNICODE_STRING EventName = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\PetrelUnload");
static PKEVENT NamedEvent;
static HANDLE Key, Event;
static volatile LONG CallbackRuns;

static VOID NTAPI Tick(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2) { KeSetEvent(&Ticked, IO_NO_INCREMENT, FALSE); }
static VOID NTAPI OnCallback(PVOID Context, PVOID Argument1, PVOID Argument2) { InterlockedIncrement(&CallbackRuns); }
static VOID NTAPI OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create) {}
static VOID NTAPI OnImage(PUNICODE_STRING Name, HANDLE ProcessId, PIMAGE_INFO Info) { (void)Name, (void)ProcessId, (void)Info; }
static VOID NTAPI OnProcess(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create) { (void)ParentId, (void)ProcessId, (void)Create; }

static VOID NTAPI Worker(PVOID Context)
{
    KeWaitForSingleObject(&Stop, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI WorkRoutine(PDEVICE_OBJECT DeviceObject, PVOID Context) { KeSetEvent(&Worked, IO_NO_INCREMENT, FALSE); }

/* ---- Taking ---- */

static VOID TakeMemory(VOID)
{
    ULONG i;

    for (i = 0; i < sizeof(Pool) / sizeof(Pool[0]); i++)
        Pool[i] = ExAllocatePoolWithTag(i % 2 != 0 ? NonPagedPool : PagedPool, 100u << i, TEST_TAG);
    ExInitializeNPagedLookasideList(&Lookaside, NULL, NULL, 0, 64, TEST_TAG, 0);
    Block = ExAllocateFromNPagedLookasideList(&Lookaside);
    Mdl = IoAllocateMdl(Pool[1], 200, FALSE, FALSE, NULL);
    Irp = IoAllocateIrp(2, FALSE);
    Check(Pool[7] != NULL && Block != NULL && Mdl != NULL && Irp != NULL, "memory");
}

static VOID TakeNames(VOID)
{
    UNICODE_STRING root = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System");
    OBJECT_ATTRIBUTES attributes;

    CheckStatus(IoCreateSymbolicLink(&LinkName, &DeviceName), STATUS_SUCCESS, "a link");
    InitializeObjectAttributes(&attributes, &root, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    CheckStatus(ZwOpenKey(&Key, KEY_READ, &attributes), STATUS_SUCCESS, "a key");
    NamedEvent = IoCreateNotificationEvent(&EventName, &Event);
    Check(NamedEvent != NULL, "an event with a name");
}

static VOID TakeNotifications(VOID)
{
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &CallbackName, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CheckStatus(ExCreateCallback(&Callback, &attributes, TRUE, TRUE), STATUS_SUCCESS, "a callback object");
    Registration = ExRegisterCallback(Callback, OnCallback, NULL);
    Check(Registration != NULL, "a callback");
    ExNotifyCallback(Callback, NULL, NULL);
    Check(CallbackRuns == 1, "it is called");
    CheckStatus(PsSetCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS, "thread notification");
    CheckStatus(PsSetLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS, "image notification");
    CheckStatus(PsSetCreateProcessNotifyRoutine(OnProcess, FALSE), STATUS_SUCCESS, "process notification");
    CheckStatus(IoRegisterShutdownNotification(Device), STATUS_SUCCESS, "shutdown notification");
}

static VOID TakeTime(VOID)
{
    LARGE_INTEGER due;

    due.QuadPart = -MILLISECOND;
    KeInitializeDpc(&Dpc, Tick, NULL);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeSetTimerEx(&Timer, due, 1, &Dpc);
    KeWaitForSingleObject(&Ticked, Executive, KernelMode, FALSE, NULL);
}

/* ---- Giving back ---- */

static VOID GiveNotifications(VOID)
{
    CheckStatus(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS, "thread notification");
    CheckStatus(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS, "image notification");
    CheckStatus(PsSetCreateProcessNotifyRoutine(OnProcess, TRUE), STATUS_SUCCESS, "process notification");
    ExUnregisterCallback(Registration);
    ExNotifyCallback(Callback, NULL, NULL);
    Check(CallbackRuns == 1, "a callback that is gone is not called");
    ObDereferenceObject(Callback);
}

static VOID GiveMemory(VOID)
{
    ULONG i;

    IoFreeIrp(Irp);
    IoFreeMdl(Mdl);
    ExFreeToNPagedLookasideList(&Lookaside, Block);
    ExDeleteNPagedLookasideList(&Lookaside);
    for (i = 0; i < sizeof(Pool) / sizeof(Pool[0]); i++)
        ExFreePoolWithTag(Pool[i], TEST_TAG);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    IoQueueWorkItem(WorkItem, WorkRoutine, DelayedWorkQueue, NULL);
    KeSetEvent(&Stop, IO_NO_INCREMENT, FALSE);
    JoinThread(Thread);
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    KeWaitForSingleObject(&Worked, Executive, KernelMode, FALSE, NULL);
    IoFreeWorkItem(WorkItem);
    GiveNotifications();
    GiveMemory();
    CheckStatus(ExDeleteResourceLite(&Resource), STATUS_SUCCESS, "a resource");
    CheckStatus(ZwClose(Key), STATUS_SUCCESS, "a key");
    CheckStatus(ZwClose(Event), STATUS_SUCCESS, "an event with a name");
    IoUnregisterShutdownNotification(Device);
    CheckStatus(IoDeleteSymbolicLink(&LinkName), STATUS_SUCCESS, "a link");
    IoDeleteDevice(Device);
    if (CheckFailures != 0)
        KeBugCheckEx(MANUALLY_INITIATED_CRASH, CheckFailures, 0, 0, 0);    /* a DriverUnload has no other answer */
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);

    if (!NT_SUCCESS(status))
        return status;
    DriverObject->DriverUnload = Unload;
    KeInitializeEvent(&Stop, NotificationEvent, FALSE);
    KeInitializeEvent(&Ticked, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Worked, NotificationEvent, FALSE);
    CheckStatus(ExInitializeResourceLite(&Resource), STATUS_SUCCESS, "a resource");
    WorkItem = IoAllocateWorkItem(Device);
    Check(WorkItem != NULL, "a work item");
    TakeMemory();
    TakeNames();
    TakeNotifications();
    TakeTime();
    Thread = StartThread(Worker, NULL);
    return STATUS_SUCCESS;      /* what failed is told by DriverUnload, which gives everything back */
}
