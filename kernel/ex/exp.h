/* SPDX-License-Identifier: MIT
 * Private to ex/.
 */
#pragma once
#include "ex.h"
#include "ob.h"
#include "ke.h"
#include "mm.h"
#include "ps.h"

/* Rights of types that the DDK leaves to user mode's headers. */
#define MUTANT_QUERY_STATE 0x0001u
#define MUTANT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | MUTANT_QUERY_STATE)
#define TIMER_QUERY_STATE 0x0001u
#define TIMER_MODIFY_STATE 0x0002u
#define TIMER_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | TIMER_QUERY_STATE | TIMER_MODIFY_STATE)

VOID ExpInitializeTypes(VOID);
/* A mutant that goes while a thread owns it is taken from the thread. */
VOID ExpDeleteMutant(PVOID Mutant);
VOID ExpInitializeTimers(VOID);
VOID ExpInitializeKeyedEvents(VOID);

/* ---- What services tell their callers. To may be NULL where it is optional ---- */
static inline NTSTATUS ExpProbeOptional(PVOID To, SIZE_T Bytes)
{
    return MmProbeOptional(ObPreviousMode(), To, Bytes);
}
static inline NTSTATUS ExpTell(PVOID To, const VOID *From, SIZE_T Bytes)
{
    return MmWriteOptional(ObPreviousMode(), To, From, Bytes);
}
/* The end of a query whose class has exactly Size bytes. */
NTSTATUS ExpTellInformation(PVOID To, PULONG ReturnLength, const VOID *From, ULONG Size);
VOID ExpInitializeCallbacks(VOID);
VOID ExpInitializeLookaside(VOID);
/* For tests. */
USHORT ExpNewLookasideDepth(USHORT Depth, USHORT Maximum, ULONG Allocates, ULONG Misses);
VOID ExpInitializeWorkers(VOID);
VOID ExpInitializeLoadedModules(VOID);
