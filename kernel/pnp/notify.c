/* SPDX-License-Identifier: MIT
 * Who wants to hear of devices. A registration stays in the list until its last reference is gone, so that a walk can go on from it;
 * Gone says that it hears no more. Its mutant is held over its callback: IoUnregisterPlugPlayNotificationEx takes it too, and is
 * therefore behind a callback that runs on another thread, and not in its own way when it is called from the callback.
 */
#include "pnpp.h"

typedef struct PNP_LISTENER {
    LIST_ENTRY Link;                             /* PnpNotifyLock */
    LONG References;                             /* PnpNotifyLock one is the registration's */
    BOOLEAN Gone;                                /* a */
    LONG64 Number;                               /* I of the registration, from one on */
    KMUTANT Running;
    IO_NOTIFICATION_EVENT_CATEGORY Category;     /* I */
    GUID Class;                                  /* I for interfaces */
    PFILE_OBJECT File;                           /* I for targets; the driver's to keep */
    PDEVICE_OBJECT Pdo;                          /* I for targets: referenced */
    PDRIVER_OBJECT Driver;                       /* I referenced */
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE Callback;
    PVOID Context;
} PNP_LISTENER;

const GUID PnpGuidArrival = { 0xcb3a4004, 0x46f0, 0x11d0, { 0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f } };
const GUID PnpGuidRemoval = { 0xcb3a4005, 0x46f0, 0x11d0, { 0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f } };
const GUID PnpGuidQueryRemove = { 0xcb3a4006, 0x46f0, 0x11d0, { 0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f } };
const GUID PnpGuidRemoveCancelled = { 0xcb3a4007, 0x46f0, 0x11d0, { 0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f } };
const GUID PnpGuidRemoveComplete = { 0xcb3a4008, 0x46f0, 0x11d0, { 0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f } };

static EX_PUSH_LOCK PnpNotifyLock;
static LONG PnpEventsUnderWay;                   /* PnpNotifyLock of interfaces */
static KEVENT PnpIsQuiet;
static LIST_ENTRY PnpListeners = { &PnpListeners, &PnpListeners };
volatile LONG64 PnpRegistrations;

/* ---- Listeners ---- */
static VOID PnpReleaseListener(PNP_LISTENER *Listener)
{
    BOOLEAN last;

    ExLockExclusive(&PnpNotifyLock);
    last = --Listener->References == 0;
    if (last)
        RemoveEntryList(&Listener->Link);
    ExUnlockExclusive(&PnpNotifyLock);
    if (!last)
        return;
    if (Listener->Pdo != NULL)
        ObfDereferenceObject(Listener->Pdo);
    ObfDereferenceObject(Listener->Driver);
    ExFreePoolWithTag(Listener, PNP_TAG);
}

/* Whom an event is for: those of an interface's class with a number up to Last, or those of a device. */
typedef struct PNP_AUDIENCE {
    const GUID *Class;
    LONG64 Last;
    PDEVICE_OBJECT Pdo;
} PNP_AUDIENCE;

static BOOLEAN PnpIsAddressed(const PNP_LISTENER *Listener, const PNP_AUDIENCE *Audience)
{
    if (Listener->Gone)
        return FALSE;
    if (Listener->Category == EventCategoryDeviceInterfaceChange)
        return Audience->Class != NULL && Listener->Number <= Audience->Last && IsEqualGUID(&Listener->Class, Audience->Class);
    return Listener->Category == EventCategoryTargetDeviceChange && Audience->Pdo != NULL && Listener->Pdo == Audience->Pdo;
}

/* The next one after Previous (NULL: the first), referenced; Previous is released. */
static PNP_LISTENER *PnpNextListener(PNP_LISTENER *Previous, const PNP_AUDIENCE *Audience)
{
    PNP_LISTENER *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&PnpNotifyLock);
    for (entry = Previous != NULL ? Previous->Link.Flink : PnpListeners.Flink; entry != &PnpListeners && found == NULL;
         entry = entry->Flink)
        if (PnpIsAddressed(CONTAINING_RECORD(entry, PNP_LISTENER, Link), Audience))
            found = CONTAINING_RECORD(entry, PNP_LISTENER, Link);
    if (found != NULL)
        found->References++;
    ExUnlockExclusive(&PnpNotifyLock);
    if (Previous != NULL)
        PnpReleaseListener(Previous);
    return found;
}

static NTSTATUS PnpCall(PNP_LISTENER *Listener, PVOID Structure)
{
    NTSTATUS status = STATUS_SUCCESS;

    KeWaitForSingleObject(&Listener->Running, Executive, KernelMode, FALSE, NULL);
    if (!__atomic_load_n(&Listener->Gone, __ATOMIC_ACQUIRE))
        status = Listener->Callback(Structure, Listener->Context);
    KeReleaseMutant(&Listener->Running, 1, FALSE, FALSE);
    return status;
}

/* ---- Interfaces ---- */
static VOID PnpTellInterface(PNP_LISTENER *Listener, PNP_INTERFACE *Interface, BOOLEAN Arrival)
{
    UNICODE_STRING name = Interface->Name;
    DEVICE_INTERFACE_CHANGE_NOTIFICATION change = { .Version = 1, .Size = sizeof(change), .InterfaceClassGuid = Interface->Class,
                                                    .SymbolicLinkName = &name };

    change.Event = Arrival ? PnpGuidArrival : PnpGuidRemoval;
    PnpCall(Listener, &change);
}

typedef struct PNP_EVENT {
    WORK_QUEUE_ITEM Work;
    PNP_INTERFACE *Interface;
    BOOLEAN Arrival;
    LONG64 AnnouncedAt;
} PNP_EVENT;

/* PnpIsQuiet is set while no event is on its way. */
static VOID PnpCountEvents(LONG More)
{
    ExLockExclusive(&PnpNotifyLock);
    PnpEventsUnderWay += More;
    if (PnpEventsUnderWay == 0)
        KeSetEvent(&PnpIsQuiet, IO_NO_INCREMENT, FALSE);
    else
        KeClearEvent(&PnpIsQuiet);
    ExUnlockExclusive(&PnpNotifyLock);
}

VOID PnpInitializeNotification(VOID) { KeInitializeEvent(&PnpIsQuiet, NotificationEvent, TRUE); }
VOID PnpAwaitEvents(VOID) { KeWaitForSingleObject(&PnpIsQuiet, Executive, KernelMode, FALSE, NULL); }

static VOID NTAPI PnpInterfaceWorker(PVOID Context)
{
    PNP_EVENT *event = Context;
    PNP_AUDIENCE audience = { &event->Interface->Class, event->AnnouncedAt, NULL };
    PNP_LISTENER *listener = NULL;

    while ((listener = PnpNextListener(listener, &audience)) != NULL)
        PnpTellInterface(listener, event->Interface, event->Arrival);
    ExFreePoolWithTag(event, PNP_TAG);
    PnpCountEvents(-1);
}

/* From a worker: who enables an interface may hold what a listener wants. */
VOID PnpNotifyInterface(PNP_INTERFACE *Interface, BOOLEAN Arrival, LONG64 AnnouncedAt)
{
    PNP_AUDIENCE audience = { &Interface->Class, AnnouncedAt, NULL };
    PNP_LISTENER *listener = PnpNextListener(NULL, &audience);
    PNP_EVENT *event;

    if (listener == NULL)
        return;
    PnpReleaseListener(listener);
    event = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*event), PNP_TAG);
    if (event == NULL)
        return;                                  /* nobody to tell it to */
    event->Interface = Interface;
    event->Arrival = Arrival;
    event->AnnouncedAt = AnnouncedAt;
    PnpCountEvents(1);
    ExInitializeWorkItem(&event->Work, PnpInterfaceWorker, event);
    ExQueueWorkItem(&event->Work, DelayedWorkQueue);
}

/* ---- Targets ---- */
NTSTATUS PnpNotifyTarget(PDEVICE_OBJECT Pdo, const GUID *Event, BOOLEAN Veto)
{
    TARGET_DEVICE_REMOVAL_NOTIFICATION removal = { .Version = 1, .Size = sizeof(removal), .Event = *Event };
    PNP_AUDIENCE audience = { NULL, 0, Pdo };
    PNP_LISTENER *listener = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    while ((listener = PnpNextListener(listener, &audience)) != NULL) {
        removal.FileObject = listener->File;
        status = PnpCall(listener, &removal);
        if (Veto && !NT_SUCCESS(status)) {
            PnpReleaseListener(listener);
            PnpNotifyTarget(Pdo, &PnpGuidRemoveCancelled, FALSE);
            return status;
        }
    }
    return STATUS_SUCCESS;
}

static BOOLEAN PnpIsSystemEvent(const GUID *Event)
{
    return IsEqualGUID(Event, &PnpGuidQueryRemove) || IsEqualGUID(Event, &PnpGuidRemoveCancelled) ||
           IsEqualGUID(Event, &PnpGuidRemoveComplete);
}

/* A copy of the driver's structure for each listener, with its own file. */
static NTSTATUS PnpTellCustom(PDEVICE_OBJECT Pdo, TARGET_DEVICE_CUSTOM_NOTIFICATION *Notification)
{
    PNP_AUDIENCE audience = { NULL, 0, Pdo };
    PNP_LISTENER *listener = NULL;

    while ((listener = PnpNextListener(listener, &audience)) != NULL) {
        Notification->FileObject = listener->File;
        PnpCall(listener, Notification);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS PnpCheckCustom(PDEVICE_OBJECT Pdo, const TARGET_DEVICE_CUSTOM_NOTIFICATION *Notification)
{
    if (PnpNode(Pdo) == NULL || Notification == NULL || PnpIsSystemEvent(&Notification->Event))
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Notification->FileObject != NULL || Notification->Size < FIELD_OFFSET(TARGET_DEVICE_CUSTOM_NOTIFICATION, CustomDataBuffer))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

typedef struct PNP_CUSTOM_EVENT {
    WORK_QUEUE_ITEM Work;
    PDEVICE_OBJECT Pdo;                          /* referenced */
    PDEVICE_CHANGE_COMPLETE_CALLBACK Callback;
    PVOID Context;
    DECLSPEC_ALIGN(16) UCHAR Notification[];
} PNP_CUSTOM_EVENT;

static VOID NTAPI PnpCustomWorker(PVOID Context)
{
    PNP_CUSTOM_EVENT *event = Context;

    PnpTellCustom(event->Pdo, (TARGET_DEVICE_CUSTOM_NOTIFICATION *)event->Notification);
    if (event->Callback != NULL)
        event->Callback(event->Context);
    ObfDereferenceObject(event->Pdo);
    ExFreePoolWithTag(event, PNP_TAG);
}

NTSTATUS NTAPI IoReportTargetDeviceChangeAsynchronous(PDEVICE_OBJECT PhysicalDeviceObject, PVOID NotificationStructure,
                                                      PDEVICE_CHANGE_COMPLETE_CALLBACK Callback, PVOID Context)
{
    TARGET_DEVICE_CUSTOM_NOTIFICATION *notification = NotificationStructure;
    NTSTATUS status = PnpCheckCustom(PhysicalDeviceObject, notification);
    PNP_CUSTOM_EVENT *event;

    if (!NT_SUCCESS(status))
        return status;
    event = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*event) + notification->Size, PNP_TAG);
    if (event == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(event->Notification, notification, notification->Size);
    event->Pdo = PhysicalDeviceObject;
    ObfReferenceObject(PhysicalDeviceObject);
    event->Callback = Callback;
    event->Context = Context;
    ExInitializeWorkItem(&event->Work, PnpCustomWorker, event);
    ExQueueWorkItem(&event->Work, DelayedWorkQueue);
    return STATUS_SUCCESS;
}

/* Returns when everybody has been told. */
NTSTATUS NTAPI IoReportTargetDeviceChange(PDEVICE_OBJECT PhysicalDeviceObject, PVOID NotificationStructure)
{
    TARGET_DEVICE_CUSTOM_NOTIFICATION *notification = NotificationStructure, *copy;
    NTSTATUS status = PnpCheckCustom(PhysicalDeviceObject, notification);

    if (!NT_SUCCESS(status))
        return status;
    copy = ExAllocatePoolWithTag(PagedPool, notification->Size, PNP_TAG);
    if (copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy, notification, notification->Size);
    status = PnpTellCustom(PhysicalDeviceObject, copy);
    ExFreePoolWithTag(copy, PNP_TAG);
    return status;
}

/* ---- Registration ---- */
/* The physical device that a file's stack stands on says itself which it is. */
static NTSTATUS PnpFindTarget(PNP_LISTENER *Listener)
{
    PDEVICE_OBJECT top = IoGetRelatedDeviceObject(Listener->File);
    PDEVICE_RELATIONS relations;
    NTSTATUS status = PnpQueryRelations(top, TargetDeviceRelation, &relations);

    if (!NT_SUCCESS(status))
        return status;
    if (relations == NULL || relations->Count == 0) {
        PnpFreeRelations(relations);
        return STATUS_NO_SUCH_DEVICE;
    }
    Listener->Pdo = relations->Objects[0];
    ObfReferenceObject(Listener->Pdo);
    PnpFreeRelations(relations);
    return STATUS_SUCCESS;
}

static NTSTATUS PnpDescribeListener(PNP_LISTENER *Listener, PVOID Data)
{
    switch (Listener->Category) {
    case EventCategoryHardwareProfileChange:
        return Data == NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    case EventCategoryDeviceInterfaceChange:
        if (Data == NULL)
            return STATUS_INVALID_PARAMETER;
        Listener->Class = *(GUID *)Data;
        return STATUS_SUCCESS;
    case EventCategoryTargetDeviceChange:
        if (Data == NULL)
            return STATUS_INVALID_PARAMETER;
        Listener->File = Data;
        return PnpFindTarget(Listener);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

static VOID PnpTellExisting(PNP_LISTENER *Listener)
{
    PNP_INTERFACE *found = NULL;

    while ((found = PnpNextInterface(&Listener->Class, found, Listener->Number)) != NULL)
        PnpTellInterface(Listener, found, TRUE);
}

NTSTATUS NTAPI IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY EventCategory, ULONG EventCategoryFlags,
                                              PVOID EventCategoryData, PDRIVER_OBJECT DriverObject,
                                              PDRIVER_NOTIFICATION_CALLBACK_ROUTINE CallbackRoutine, PVOID Context,
                                              PVOID *NotificationEntry)
{
    PNP_LISTENER *listener = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*listener), PNP_TAG);
    NTSTATUS status;

    if (listener == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(listener, sizeof(*listener));
    KeInitializeMutant(&listener->Running, FALSE);
    listener->Category = EventCategory;
    listener->Driver = DriverObject;
    listener->Callback = CallbackRoutine;
    listener->Context = Context;
    listener->References = 1;
    status = PnpDescribeListener(listener, EventCategoryData);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(listener, PNP_TAG);
        return status;
    }
    ObfReferenceObject(DriverObject);
    *NotificationEntry = listener;               /* before the first call */
    ExLockExclusive(&PnpNotifyLock);
    listener->Number = InterlockedIncrement64(&PnpRegistrations);
    InsertTailList(&PnpListeners, &listener->Link);
    listener->References++;                      /* until this returns */
    ExUnlockExclusive(&PnpNotifyLock);
    if (EventCategory == EventCategoryDeviceInterfaceChange &&
        (EventCategoryFlags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES))
        PnpTellExisting(listener);
    PnpReleaseListener(listener);
    return STATUS_SUCCESS;
}

/* Marks a registration gone, once. FALSE: it is none, or gone. TRUE: the caller holds the registration's reference. */
static BOOLEAN PnpClaimListener(PVOID Entry)
{
    BOOLEAN claimed = FALSE;
    PLIST_ENTRY entry;

    ExLockExclusive(&PnpNotifyLock);
    for (entry = PnpListeners.Flink; entry != &PnpListeners && !claimed; entry = entry->Flink) {
        PNP_LISTENER *listener = CONTAINING_RECORD(entry, PNP_LISTENER, Link);
        claimed = listener == Entry && !listener->Gone;
        if (claimed)
            __atomic_store_n(&listener->Gone, TRUE, __ATOMIC_RELEASE);
    }
    ExUnlockExclusive(&PnpNotifyLock);
    return claimed;
}

NTSTATUS NTAPI IoUnregisterPlugPlayNotificationEx(PVOID NotificationEntry)
{
    PNP_LISTENER *listener = NotificationEntry;

    if (!PnpClaimListener(NotificationEntry))
        return STATUS_INVALID_PARAMETER;
    KeWaitForSingleObject(&listener->Running, Executive, KernelMode, FALSE, NULL);   /* a callback that runs elsewhere ends */
    KeReleaseMutant(&listener->Running, 1, FALSE, FALSE);
    PnpReleaseListener(listener);
    return STATUS_SUCCESS;
}

/* The same without the wait. */
NTSTATUS NTAPI IoUnregisterPlugPlayNotification(PVOID NotificationEntry)
{
    if (!PnpClaimListener(NotificationEntry))
        return STATUS_INVALID_PARAMETER;
    PnpReleaseListener(NotificationEntry);
    return STATUS_SUCCESS;
}
