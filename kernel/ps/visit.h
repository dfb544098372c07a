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

/* Memory as the caller of a service names it by two pointers, and is told what became of it. Read before a visit, written after it. */
typedef struct PSP_REGION {
    PVOID Base;
    SIZE_T Size;
} PSP_REGION;
NTSTATUS PspReadRegion(PVOID *BaseAddress, PSIZE_T RegionSize, PSP_REGION *Region);
/* Status, or why the caller cannot be told; a failure says nothing else. */
NTSTATUS PspTellRegion(NTSTATUS Status, const PSP_REGION *Region, PVOID *BaseAddress, PSIZE_T RegionSize);
