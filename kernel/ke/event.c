/* SPDX-License-Identifier: MIT
 * Events. State under KiDispatcherLock.
 */
#include "ki.h"

VOID NTAPI KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    Event->Header.Lock = 0;
    Event->Header.Type = Type == NotificationEvent ? EventNotificationObject : EventSynchronizationObject;
    Event->Header.Size = sizeof(KEVENT) / sizeof(LONG);
    Event->Header.SignalState = State ? 1 : 0;
    InitializeListHead(&Event->Header.WaitListHead);
}

LONG KiSetEventLocked(PKEVENT Event, KPRIORITY Increment)
{
    LONG old = Event->Header.SignalState;
    Event->Header.SignalState = 1;
    if (old == 0 && !IsListEmpty(&Event->Header.WaitListHead))
        KiWaitTestLocked(Event, Increment);
    return old;
}

LONG NTAPI KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = KiSetEventLocked(Event, Increment);
    (void)Wait;                                  /* a promise to wait at once: allowed to be broken, costs one switch */
    KiExitDispatcher(irql);
    return old;
}

/* Sets, wakes who waits now, and clears. */
LONG NTAPI KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = KiSetEventLocked(Event, Increment);
    (void)Wait;
    Event->Header.SignalState = 0;
    KiExitDispatcher(irql);
    return old;
}

LONG NTAPI KeResetEvent(PRKEVENT Event)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    KiExitDispatcher(irql);
    return old;
}

VOID NTAPI KeClearEvent(PRKEVENT Event) { __atomic_store_n(&Event->Header.SignalState, 0, __ATOMIC_RELEASE); }
LONG NTAPI KeReadStateEvent(PRKEVENT Event) { return __atomic_load_n(&Event->Header.SignalState, __ATOMIC_ACQUIRE); }
