/* SPDX-License-Identifier: MIT
 * Guarded mutexes: fast mutexes whose owner keeps all APCs away by a guarded region and stays at the caller's IRQL. Since Windows 8
 * both structures are the same one.
 */
#include "exsync.h"
#include "ke.h"

C_ASSERT(sizeof(KGUARDED_MUTEX) == sizeof(FAST_MUTEX));

static inline PFAST_MUTEX ExpFastMutexOf(PKGUARDED_MUTEX Mutex) { return (PFAST_MUTEX)Mutex; }

VOID NTAPI KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex) { ExInitializeFastMutex(ExpFastMutexOf(Mutex)); }

VOID NTAPI KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    ASSERT(KeIrql() <= APC_LEVEL);
    KeEnterGuardedRegion();
    ExAcquireFastMutexUnsafe(ExpFastMutexOf(Mutex));
}

VOID NTAPI KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    ExReleaseFastMutexUnsafe(ExpFastMutexOf(Mutex));
    KeLeaveGuardedRegion();
}

VOID NTAPI KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex) { ExAcquireFastMutexUnsafe(ExpFastMutexOf(Mutex)); }
VOID NTAPI KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex) { ExReleaseFastMutexUnsafe(ExpFastMutexOf(Mutex)); }

BOOLEAN NTAPI KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    KeEnterGuardedRegion();
    if (InterlockedCompareExchange(&ExpFastMutexOf(Mutex)->Count, 0, 1) != 1) {
        KeLeaveGuardedRegion();
        return FALSE;
    }
    ExpFastMutexOf(Mutex)->Owner = KeCurrentThread();
    return TRUE;
}
