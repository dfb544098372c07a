/* SPDX-License-Identifier: MIT
 * Queues for components that wait at them on behalf of user mode.
 */
#pragma once
#include "nt.h"

/* KeRemoveQueue for a wait that alerts and user APCs may end: an entry, or in its place STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED.
 * IRQL <= APC_LEVEL, DISPATCH_LEVEL with a Timeout of zero. */
PLIST_ENTRY KeRemoveQueueAlertable(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
/* Whether what KeRemoveQueueAlertable returned is a status. */
static inline BOOLEAN KeIsQueueStatus(PLIST_ENTRY Entry) { return (ULONG64)Entry < 0x10000; }
