/* SPDX-License-Identifier: MIT
 * Brings up the executive's own services.
 */
#include "exp.h"
#include "exsync.h"
#include "ke.h"

VOID ExInitialize(VOID)
{
    KeUpcalls.SListFault = (ULONG64)ExpInterlockedPopEntrySListFault;
    KeUpcalls.SListResume = (ULONG64)ExpInterlockedPopEntrySListResume;
    ExpInitializeTypes();
    ExpInitializeTimers();
    ExpInitializeKeyedEvents();
    ExpInitializeCallbacks();
    ExpInitializeLookaside();
    ExpInitializeWorkers();
    ExpInitializeLoadedModules();
}

#undef ExGetPreviousMode
KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID) { return ObPreviousMode(); }
