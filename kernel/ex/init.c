/* SPDX-License-Identifier: MIT
 * Brings up the executive's own services.
 */
#include "exp.h"

VOID ExInitialize(VOID)
{
    ExpInitializeTypes();
    ExpInitializeWorkers();
}

#undef ExGetPreviousMode
KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID) { return ObPreviousMode(); }
