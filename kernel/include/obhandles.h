/* SPDX-License-Identifier: MIT
 * Looking at the handles of processes.
 */
#pragma once
#include "nt.h"

typedef struct OB_HANDLE_FACTS {
    PVOID Object;                    /* an address to show, no reference */
    HANDLE Handle;
    ACCESS_MASK Access;
    ULONG Attributes;
    UCHAR TypeIndex;
} OB_HANDLE_FACTS;
/* The handles of a process, which may end meanwhile, at most Maximum; Facts is nonpaged. PASSIVE_LEVEL. */
ULONG ObDescribeHandles(PEPROCESS Process, OB_HANDLE_FACTS *Facts, ULONG Maximum);
