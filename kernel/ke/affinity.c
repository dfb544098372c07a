/* SPDX-License-Identifier: MIT
 * Where threads may run: on the processors of UserAffinity, or of a system affinity that a thread gave itself for a while. All under
 * KiDispatcherLock; what is set takes effect before return for a caller below DISPATCH_LEVEL, else when it gets there, and for another
 * thread as soon as the processor it is on takes interrupts.
 */
#include "ki.h"

static VOID KiSetAffinityLocked(PKTHREAD Thread, KAFFINITY Affinity, KIRQL OldIrql) REQUIRES_LOCK(KiDispatcherLock)
{
    Thread->Affinity.Mask = Affinity;
    KiMoveThreadLocked(Thread, OldIrql);
}

KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity)
{
    KIRQL irql = KiLockDispatcher();
    KAFFINITY old = Thread->UserAffinity.Mask;

    if ((Affinity & KeQueryActiveProcessors()) == 0 || (Affinity & ~Thread->Process->Affinity.Bitmap[0]) != 0)
        KeBugCheckEx(INVALID_AFFINITY_SET, Affinity, Thread->Process->Affinity.Bitmap[0], (ULONG_PTR)Thread, 0);
    Thread->UserAffinity.Mask = Affinity;
    if (!Thread->SystemAffinityActive)
        KiSetAffinityLocked(Thread, Affinity, irql);
    KiExitDispatcher(irql);
    return old;
}

KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY Affinity)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    KAFFINITY old = thread->SystemAffinityActive ? thread->Affinity.Mask : 0;
    KAFFINITY usable = Affinity & KeQueryActiveProcessors();

    if (usable != 0) {
        thread->SystemAffinityActive = 1;
        KiSetAffinityLocked(thread, usable, irql);
    }
    KiExitDispatcher(irql);
    return old;
}

VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY Affinity)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();

    thread->SystemAffinityActive = Affinity != 0;
    KiSetAffinityLocked(thread, Affinity != 0 ? Affinity : thread->UserAffinity.Mask, irql);
    KiExitDispatcher(irql);
}

VOID NTAPI KeSetSystemAffinityThread(KAFFINITY Affinity) { KeSetSystemAffinityThreadEx(Affinity); }
VOID NTAPI KeRevertToUserAffinityThread(VOID) { KeRevertToUserAffinityThreadEx(0); }

ULONG KeSetIdealProcessor(PKTHREAD Thread, ULONG Processor)
{
    KIRQL irql = KiLockDispatcher();
    ULONG old = Thread->IdealProcessor;

    if (Processor < (ULONG)KeNumberProcessors)
        Thread->IdealProcessor = Processor;
    KiExitDispatcher(irql);
    return old;
}

VOID KeSetProcessAffinity(PKPROCESS Process, KAFFINITY Affinity)
{
    KIRQL irql = KiLockDispatcher();
    PLIST_ENTRY entry;

    Process->Affinity.Bitmap[0] = Affinity;
    for (entry = Process->ThreadListHead.Flink; entry != &Process->ThreadListHead; entry = entry->Flink) {
        PKTHREAD thread = CONTAINING_RECORD(entry, KTHREAD, ThreadListEntry);
        thread->UserAffinity.Mask = Affinity;
        if (!thread->SystemAffinityActive && thread != KeCurrentThread())
            KiSetAffinityLocked(thread, Affinity, irql);
    }
    if (KeCurrentThread()->Process == Process && !KeCurrentThread()->SystemAffinityActive)      /* last: it may move */
        KiSetAffinityLocked(KeCurrentThread(), Affinity, irql);
    KiExitDispatcher(irql);
}
