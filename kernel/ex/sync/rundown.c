/* SPDX-License-Identifier: MIT
 * Rundown protection: users of something come and go until its owner says no more and waits for the last to leave. One word:
 * twice the number of users; or, with bit 0 set, rundown has begun, and the rest is the address of the owner's wait block,
 * which counts the users that are left (0: none were).
 */
#include "exsync.h"
#include "ke.h"

#define EXP_RUNDOWN 1ull
#define EXP_USER 2ull

typedef struct EXP_RUNDOWN_WAIT {
    volatile LONG64 Users;           /* a */
    KGATE Left;
} EXP_RUNDOWN_WAIT;

static inline ULONG64 ExpReadRundown(PEX_RUNDOWN_REF Ref) { return __atomic_load_n(&Ref->Count, __ATOMIC_ACQUIRE); }

static inline BOOLEAN ExpSwapRundown(PEX_RUNDOWN_REF Ref, ULONG64 Old, ULONG64 New)
{
    return __atomic_compare_exchange_n(&Ref->Count, &Old, New, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

VOID FASTCALL ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef) { RunRef->Count = 0; }
VOID FASTCALL ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    ASSERT(RunRef->Count == EXP_RUNDOWN);
    __atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}
VOID FASTCALL ExRundownCompleted(PEX_RUNDOWN_REF RunRef) { __atomic_store_n(&RunRef->Count, EXP_RUNDOWN, __ATOMIC_RELEASE); }

BOOLEAN FASTCALL ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    ULONG64 value;
    do {
        value = ExpReadRundown(RunRef);
        if (value & EXP_RUNDOWN)
            return FALSE;
    } while (!ExpSwapRundown(RunRef, value, value + Count * EXP_USER));
    return TRUE;
}

VOID FASTCALL ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    EXP_RUNDOWN_WAIT *wait;
    ULONG64 value;

    do {
        value = ExpReadRundown(RunRef);
        if (value & EXP_RUNDOWN) {
            wait = (EXP_RUNDOWN_WAIT *)(value & ~EXP_RUNDOWN);
            if (InterlockedAdd64(&wait->Users, -(LONG64)Count) == 0)
                KeSignalGateBoostPriority(&wait->Left);
            return;
        }
        ASSERT(value >= Count * EXP_USER);
    } while (!ExpSwapRundown(RunRef, value, value - Count * EXP_USER));
}

BOOLEAN FASTCALL ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef) { return ExAcquireRundownProtectionEx(RunRef, 1); }
VOID FASTCALL ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef) { ExReleaseRundownProtectionEx(RunRef, 1); }

VOID FASTCALL ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    EXP_RUNDOWN_WAIT wait;
    ULONG64 value;

    KeInitializeGate(&wait.Left);
    do {
        value = ExpReadRundown(RunRef);
        if (value & EXP_RUNDOWN)
            return;
        wait.Users = (LONG64)(value / EXP_USER);
    } while (!ExpSwapRundown(RunRef, value, value == 0 ? EXP_RUNDOWN : (ULONG64)&wait | EXP_RUNDOWN));
    if (value == 0)
        return;
    KeWaitForGate(&wait.Left, WrRundown, KernelMode);
    __atomic_store_n(&RunRef->Count, EXP_RUNDOWN, __ATOMIC_RELEASE);       /* the wait block is about to go */
}
