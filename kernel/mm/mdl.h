/* SPDX-License-Identifier: MIT
 * Between the files that handle memory descriptor lists.
 */
#pragma once
#include "mi.h"

static inline ULONG MiMdlPages(const MDL *Mdl)
{
    return ADDRESS_AND_SIZE_TO_SPAN_PAGES((PVOID)((ULONG64)Mdl->StartVa + Mdl->ByteOffset), Mdl->ByteCount);
}

/* Adds to the reference counts of the pages that are RAM; a page whose last reference goes is free. IRQL <= DISPATCH_LEVEL. */
VOID MiReferencePages(PPFN_NUMBER Pages, ULONG Count, LONG Delta);
