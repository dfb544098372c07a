/* SPDX-License-Identifier: MIT
 * The parts of sequenced lists that need no assembly.
 */
#include "exsync.h"

VOID InitializeSListHead(PSLIST_HEADER SListHead)
{
    if (((ULONG_PTR)SListHead & 15) != 0)
        ExRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
    SListHead->Alignment = 0;
    SListHead->Region = 0;
}

USHORT ExQueryDepthSList(PSLIST_HEADER ListHead) { return (USHORT)__atomic_load_n(&ListHead->Alignment, __ATOMIC_RELAXED); }

/* A glance: the entry may be gone when the caller looks at it. */
PSLIST_ENTRY NTAPI FirstEntrySList(PSLIST_HEADER ListHead)
{
    return (PSLIST_ENTRY)(__atomic_load_n(&ListHead->Region, __ATOMIC_RELAXED) & ~15ull);
}
