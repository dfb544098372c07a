/* SPDX-License-Identifier: MIT
 * Alerts: what ends an alertable wait of a thread, the one it is in or, kept as a flag for each mode, the next one. Flags under
 * KiDispatcherLock.
 */
#include "ki.h"

#define KI_ALERT_INCREMENT 2

BOOLEAN NTAPI KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE AlertMode)
{
    KIRQL irql = KiLockDispatcher();
    BOOLEAN old = Thread->Alerted[(UCHAR)AlertMode];

    if (Thread->State == Waiting && Thread->Alertable && Thread->WaitMode == AlertMode)
        KiUnwaitThreadLocked(Thread, STATUS_ALERTED, KI_ALERT_INCREMENT);
    else
        Thread->Alerted[(UCHAR)AlertMode] = TRUE;
    KiExitDispatcher(irql);
    return old;
}

BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE AlertMode)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    BOOLEAN old = thread->Alerted[(UCHAR)AlertMode];

    if (old)
        thread->Alerted[(UCHAR)AlertMode] = FALSE;
    else if (AlertMode == UserMode && !IsListEmpty(&thread->ApcState.ApcListHead[UserMode]))
        thread->ApcState.UserApcPending = TRUE;
    KiExitDispatcher(irql);
    return old;
}

VOID KeAlertThreadById(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();

    if (Thread->State == Waiting && Thread->WaitReason == WrAlertByThreadId)
        KiUnwaitThreadLocked(Thread, STATUS_ALERTED, KI_ALERT_INCREMENT);
    else
        Thread->AlertedByThreadId = TRUE;
    KiExitDispatcher(irql);
}
