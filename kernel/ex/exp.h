/* SPDX-License-Identifier: MIT
 * Private to ex/.
 */
#pragma once
#include "ex.h"
#include "ob.h"
#include "ke.h"

VOID ExpInitializeTypes(VOID);
VOID ExpInitializeWorkers(VOID);
