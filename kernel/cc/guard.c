/* SPDX-License-Identifier: MIT
 * The one place where the cache touches callers' memory.
 */
#include "ccp.h"

NTSTATUS CcpCopyGuarded(PVOID To, const VOID *From, SIZE_T Length)
{
    __try {
        RtlCopyMemory(To, From, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
