/* SPDX-License-Identifier: MIT
 * Limits of the address space, as data that drivers import, and the size of the machine in three words.
 */
#include "mi.h"

MM_UPCALLS MmUpcalls;
PVOID MmHighestUserAddress = (PVOID)0x00007FFFFFFEFFFFull;
PVOID MmSystemRangeStart = (PVOID)MI_SYSTEM_START;
ULONG64 MmUserProbeAddress = 0x00007FFFFFFF0000ull;
BOOLEAN Mm64BitPhysicalAddress = TRUE;           /* PAE or wider */

#define MI_MEDIUM_MACHINE (32ull << (20 - PAGE_SHIFT))
#define MI_LARGE_MACHINE (512ull << (20 - PAGE_SHIFT))

MM_SYSTEMSIZE NTAPI MmQuerySystemSize(VOID)
{
    if (MiTotalPages < MI_MEDIUM_MACHINE)
        return MmSmallSystem;
    return MiTotalPages < MI_LARGE_MACHINE ? MmMediumSystem : MmLargeSystem;
}
