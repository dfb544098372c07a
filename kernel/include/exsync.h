/* SPDX-License-Identifier: MIT
 * Locks for code that may wait, and the lists that need none. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"

/* ---- Push locks: many readers or one writer, one word, first come first served ----
 * IRQL <= APC_LEVEL with normal kernel APCs disabled (a critical region): the holder must not be held up by one. Not recursive.
 */
VOID NTAPI ExfAcquirePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID NTAPI ExfAcquirePushLockShared(PEX_PUSH_LOCK Lock);
BOOLEAN NTAPI ExfTryAcquirePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID NTAPI ExfReleasePushLockExclusive(PEX_PUSH_LOCK Lock);
VOID NTAPI ExfReleasePushLockShared(PEX_PUSH_LOCK Lock);
VOID NTAPI ExfReleasePushLock(PEX_PUSH_LOCK Lock);            /* held either way */
VOID NTAPI ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK Lock, ULONG Flags);
VOID NTAPI ExAcquirePushLockSharedEx(PEX_PUSH_LOCK Lock, ULONG Flags);
VOID NTAPI ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK Lock, ULONG Flags);
VOID NTAPI ExReleasePushLockSharedEx(PEX_PUSH_LOCK Lock, ULONG Flags);
VOID NTAPI ExReleasePushLockEx(PEX_PUSH_LOCK Lock, ULONG Flags);

/* With the critical region that the kernel's own users need around it. */
static inline VOID ExLockExclusive(PEX_PUSH_LOCK Lock)
{
    KeEnterCriticalRegion();
    ExfAcquirePushLockExclusive(Lock);
}
static inline VOID ExLockShared(PEX_PUSH_LOCK Lock)
{
    KeEnterCriticalRegion();
    ExfAcquirePushLockShared(Lock);
}
static inline VOID ExUnlockExclusive(PEX_PUSH_LOCK Lock)
{
    ExfReleasePushLockExclusive(Lock);
    KeLeaveCriticalRegion();
}
static inline VOID ExUnlockShared(PEX_PUSH_LOCK Lock)
{
    ExfReleasePushLockShared(Lock);
    KeLeaveCriticalRegion();
}

/* ---- S-lists (slist.S): where a pop may fault because another processor took and freed the entry it looked at, and where it
 * then starts over. The page-fault handler sets Rip from the first to the second. ---- */
extern const UCHAR ExpInterlockedPopEntrySListFault[];
extern const UCHAR ExpInterlockedPopEntrySListResume[];
PSLIST_ENTRY NTAPI FirstEntrySList(PSLIST_HEADER ListHead);

extern const struct KE_TEST_GROUP ExPushLockTests, ExFastMutexTests, ExListTests;
