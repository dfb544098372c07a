/* SPDX-License-Identifier: MIT
 * Power for the other components.
 */
#pragma once
#include "nt.h"

VOID PoInitialize(VOID);
