/* SPDX-License-Identifier: MIT
 * Data that drivers import: the limits of the address space.
 */
#include "mi.h"

PVOID MmHighestUserAddress = (PVOID)0x00007FFFFFFEFFFFull;
PVOID MmSystemRangeStart = (PVOID)MI_SYSTEM_START;
ULONG64 MmUserProbeAddress = 0x00007FFFFFFF0000ull;
