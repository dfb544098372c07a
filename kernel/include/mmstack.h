/* SPDX-License-Identifier: MIT
 * Stacks of user threads.
 */
#pragma once
#include "nt.h"

typedef struct MM_USER_STACK {
    PVOID Base;                      /* its highest end: TEB.NtTib.StackBase */
    PVOID Limit;                     /* the lowest byte of what is committed: TEB.NtTib.StackLimit */
    PVOID Bottom;                    /* of what is reserved: TEB.DeallocationStack */
} MM_USER_STACK;

/* A stack in the current process that grows by itself: Reserve bytes of addresses, in units of allocation, whose upper Commit bytes are
 * committed, in pages. When that is no less than what is reserved, it is rounded up to a MiB and reserved. Guard pages lie below. */
NTSTATUS MmCreateUserStack(SIZE_T Reserve, SIZE_T Commit, MM_USER_STACK *Stack);
