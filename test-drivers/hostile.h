/* SPDX-License-Identifier: MIT
 * What hostile.sys tells of the kernel. Included by the driver and by tests/user/hostile.c.
 */
#pragma once

/* Input: an unsigned long, the caller's process; output: HOSTILE_STATE. */
#define HOSTILE_MEASURE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x810, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* What must be equal before and after: digests; and amounts, which come back after warming up. */
typedef struct HOSTILE_STATE {
    unsigned long long SystemToken, CallersToken;        /* digests: user, groups, privileges, owner, default access */
    unsigned long long SystemHandles, CallersHandles;    /* value, object and access of each handle */
    unsigned long long Security;                         /* descriptors of protected objects, and what became of the event */
    unsigned long SystemHandleCount, CallersHandleCount, ProtectedObjects, Failures;
    unsigned long Processes, AvailablePages, CommittedPages, PagedBlocks, NonPagedBlocks, PagedPages, NonPagedPages;
} HOSTILE_STATE;
