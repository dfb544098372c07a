/* SPDX-License-Identifier: MIT
 * The lock of every volume parameter block, which file systems and filters take to look at one.
 */
#include "iop.h"

static KE_LOCK IopVpbLock = KE_LOCK_OF_RANK(KeRankVpb);

VOID NTAPI IoAcquireVpbSpinLock(PKIRQL Irql) UNCHECKED_LOCKS { *Irql = KeLockAcquire(&IopVpbLock); }
VOID NTAPI IoReleaseVpbSpinLock(KIRQL Irql) UNCHECKED_LOCKS { KeLockRelease(&IopVpbLock, Irql); }
