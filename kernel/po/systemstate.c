/* SPDX-License-Identifier: MIT
 * Who needs the system or the display awake. Nothing puts this machine to sleep; what is asked for is counted all the same, and
 * ZwPowerInformation(SystemExecutionState) says it.
 */
#include "po.h"

#define PO_TAG 'woPP'
#define PO_FLAGS 3u                              /* ES_SYSTEM_REQUIRED 1, ES_DISPLAY_REQUIRED 2, ES_USER_PRESENT 4 */

typedef struct PO_STATE {
    EXECUTION_STATE Flags;                       /* a */
} PO_STATE;

static volatile LONG PoRequired[PO_FLAGS];       /* a: how many need each */

static VOID PoCountState(EXECUTION_STATE Flags, LONG By)
{
    ULONG i;
    for (i = 0; i < PO_FLAGS; i++)
        if (Flags & 1u << i)
            InterlockedExchangeAdd(&PoRequired[i], By);
}

/* ---- Activity of a moment ---- */
static volatile LONG64 PoLastActive[PO_FLAGS];   /* a: interrupt time, in 100 ns */

VOID NTAPI PoSetSystemState(EXECUTION_STATE Flags)
{
    LONG64 now = (LONG64)KeQueryInterruptTime();
    ULONG i;

    for (i = 0; i < PO_FLAGS; i++)
        if (Flags & 1u << i)
            InterlockedExchange64(&PoLastActive[i], now);
}

LONG64 PoQueryLastActive(ULONG Flag)
{
    return PoLastActive[Flag];
}

/* ---- Activity that lasts ---- */
ULONG PoExecutionState(VOID)
{
    ULONG flags = 0, i;
    for (i = 0; i < PO_FLAGS; i++)
        if (PoRequired[i] > 0)
            flags |= 1u << i;
    return flags;
}

PVOID NTAPI PoRegisterSystemState(PVOID StateHandle, EXECUTION_STATE Flags)
{
    PO_STATE *state = StateHandle;

    if (state == NULL) {
        state = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*state), PO_TAG);
        if (state == NULL)
            return NULL;
        state->Flags = 0;
    }
    PoCountState(Flags, 1);
    PoCountState((EXECUTION_STATE)InterlockedExchange((volatile LONG *)&state->Flags, (LONG)Flags), -1);
    return state;
}

VOID NTAPI PoUnregisterSystemState(PVOID StateHandle)
{
    PO_STATE *state = StateHandle;

    PoCountState(state->Flags, -1);
    ExFreePoolWithTag(state, PO_TAG);
}

