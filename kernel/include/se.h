/* SPDX-License-Identifier: MIT
 * Security for the other components. There is no token yet: every request comes from kernel mode, which is not checked.
 */
#pragma once
#include "nt.h"

VOID SeInitialize(VOID);
