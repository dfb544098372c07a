/* SPDX-License-Identifier: MIT
 * Private to ex/.
 */
#pragma once
#include "ex.h"
#include "ob.h"
#include "ke.h"

VOID ExpInitializeTypes(VOID);
VOID ExpInitializeCallbacks(VOID);
VOID ExpInitializeLookaside(VOID);
/* For tests. */
USHORT ExpNewLookasideDepth(USHORT Depth, USHORT Maximum, ULONG Allocates, ULONG Misses);
VOID ExpInitializeWorkers(VOID);
VOID ExpInitializeLoadedModules(VOID);
