/* SPDX-License-Identifier: MIT
 * I/O timers: a routine for a device, once a second at DISPATCH_LEVEL while it is started. One kernel timer ticks for all of them
 * while there is any; IopTimerLock guards the list and each timer's state and is not held over a routine, so that each tick goes
 * through the list anew for whoever has not had it. The device stays referenced over the call, and its timer with it.
 */
#include "iop.h"

#define IOP_TAG_TIMER 'iToI'

typedef struct _IO_TIMER {
    SHORT Type;                                  /* I IO_TYPE_TIMER */
    SHORT TimerFlag;                             /* IopTimerLock 1: started */
    LIST_ENTRY TimerList;                        /* IopTimerLock */
    PIO_TIMER_ROUTINE TimerRoutine;              /* I */
    PVOID Context;                               /* I */
    PDEVICE_OBJECT DeviceObject;                 /* I whose Timer this is */
    ULONG64 LastTick;                            /* IopTimerLock the last tick it had */
} IO_TIMER;
C_ASSERT(FIELD_OFFSET(IO_TIMER, TimerRoutine) == 0x18 && FIELD_OFFSET(IO_TIMER, DeviceObject) == 0x28);

static KE_LOCK IopTimerLock = KE_LOCK_OF_RANK(KeRankIoTimer);
static LIST_ENTRY IopTimers = { &IopTimers, &IopTimers };        /* IopTimerLock */
static ULONG64 IopTimerTick;                                     /* IopTimerLock */
static KTIMER IopTickTimer;
static KDPC IopTickDpc;
static volatile LONG IopTickStarted;

/* The next started timer that has not had this tick, with its device referenced, or NULL. */
static IO_TIMER *IopNextTimer(ULONG64 Tick)
{
    KIRQL irql = KeLockAcquire(&IopTimerLock);
    IO_TIMER *found = NULL;
    PLIST_ENTRY entry;

    for (entry = IopTimers.Flink; entry != &IopTimers && found == NULL; entry = entry->Flink) {
        IO_TIMER *timer = CONTAINING_RECORD(entry, IO_TIMER, TimerList);
        if (timer->TimerFlag != 0 && timer->LastTick != Tick && ObReferenceObjectSafe(timer->DeviceObject))
            found = timer;
    }
    if (found != NULL)
        found->LastTick = Tick;
    KeLockRelease(&IopTimerLock, irql);
    return found;
}

static VOID NTAPI IopTick(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ULONG64 tick = ++IopTimerTick;               /* only this DPC, which does not run twice at a time */
    IO_TIMER *timer;

    while ((timer = IopNextTimer(tick)) != NULL) {
        timer->TimerRoutine(timer->DeviceObject, timer->Context);
        ObfDereferenceObject(timer->DeviceObject);
    }
    IopScanIdleDevices();
}

VOID IopStartTicking(VOID)
{
    LARGE_INTEGER second = { .QuadPart = -10000000 };

    if (InterlockedExchange(&IopTickStarted, 1) != 0)
        return;
    KeInitializeDpc(&IopTickDpc, IopTick, NULL);
    KeSetTargetProcessorDpc(&IopTickDpc, 0);     /* always the same one: not on two at a time */
    KeInitializeTimerEx(&IopTickTimer, NotificationTimer);
    KeSetTimerEx(&IopTickTimer, second, 1000, &IopTickDpc);
}

NTSTATUS NTAPI IoInitializeTimer(PDEVICE_OBJECT DeviceObject, PIO_TIMER_ROUTINE TimerRoutine, PVOID Context)
{
    IO_TIMER *timer;
    KIRQL irql;

    if (DeviceObject->Timer != NULL)             /* once for each device */
        return STATUS_INVALID_PARAMETER;
    timer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*timer), IOP_TAG_TIMER);
    if (timer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(timer, sizeof(*timer));
    timer->Type = IO_TYPE_TIMER;
    timer->TimerRoutine = TimerRoutine;
    timer->Context = Context;
    timer->DeviceObject = DeviceObject;
    DeviceObject->Timer = timer;
    irql = KeLockAcquire(&IopTimerLock);
    InsertTailList(&IopTimers, &timer->TimerList);
    KeLockRelease(&IopTimerLock, irql);
    IopStartTicking();
    return STATUS_SUCCESS;
}

static VOID IopSetTimer(PDEVICE_OBJECT Device, BOOLEAN Started)
{
    IO_TIMER *timer = Device->Timer;
    KIRQL irql;

    if (timer == NULL)
        return;
    irql = KeLockAcquire(&IopTimerLock);
    timer->TimerFlag = Started;
    KeLockRelease(&IopTimerLock, irql);
}

VOID NTAPI IoStartTimer(PDEVICE_OBJECT DeviceObject)
{
    if (!(IoDeviceExtension(DeviceObject)->ExtensionFlags & DOE_GOING))
        IopSetTimer(DeviceObject, TRUE);
}

VOID NTAPI IoStopTimer(PDEVICE_OBJECT DeviceObject) { IopSetTimer(DeviceObject, FALSE); }

VOID IopDeleteTimer(PDEVICE_OBJECT Device)
{
    IO_TIMER *timer = Device->Timer;
    KIRQL irql;

    if (timer == NULL)
        return;
    irql = KeLockAcquire(&IopTimerLock);
    RemoveEntryList(&timer->TimerList);
    KeLockRelease(&IopTimerLock, irql);
    Device->Timer = NULL;
    ExFreePoolWithTag(timer, IOP_TAG_TIMER);
}
