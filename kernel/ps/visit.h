/* SPDX-License-Identifier: MIT
 * Working in the process that a handle stands for.
 */
#pragma once
#include "psp.h"

typedef struct PSP_VISIT {
    PEPROCESS Process;               /* referenced */
    KAPC_STATE State;
} PSP_VISIT;

/* References the handle's process and attaches to it; on failure nothing is held. PASSIVE_LEVEL. */
NTSTATUS PspEnterProcess(HANDLE Handle, ACCESS_MASK Access, PSP_VISIT *Visit);
VOID PspLeaveProcess(PSP_VISIT *Visit);
