/* SPDX-License-Identifier: MIT
 * The one place where the I/O manager catches an exception: locking a caller's pages raises when they are not there.
 */
#include "iop.h"

NTSTATUS IopLockPages(PMDL Mdl, KPROCESSOR_MODE Mode, LOCK_OPERATION Operation)
{
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        MmProbeAndLockPages(Mdl, Mode, Operation);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}
