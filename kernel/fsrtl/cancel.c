/* SPDX-License-Identifier: MIT
 * Requests that wait in the lists of fsrtl, and cancellation.
 */
#include "fsrtlp.h"

KE_LOCK FsRtlListLock = KE_LOCK_OF_RANK(KeRankFsRtl);

BOOLEAN FsRtlTakeFromCancel(PIRP Irp) { return IoSetCancelRoutine(Irp, NULL) != NULL; }

BOOLEAN FsRtlGiveToCancel(PIRP Irp, PDRIVER_CANCEL Routine)
{
    IoSetCancelRoutine(Irp, Routine);
    return !Irp->Cancel || IoSetCancelRoutine(Irp, NULL) == NULL;
}
