/* SPDX-License-Identifier: MIT
 * Between the files that handle memory descriptor lists.
 */
#pragma once
#include "mi.h"

static inline ULONG MiMdlPages(const MDL *Mdl)
{
    return ADDRESS_AND_SIZE_TO_SPAN_PAGES((PVOID)((ULONG64)Mdl->StartVa + Mdl->ByteOffset), Mdl->ByteCount);
}

/* User pages of the current process, made to be there; each gets a reference. A status to raise otherwise. IRQL <= APC_LEVEL. */
NTSTATUS MiLockUserPages(ULONG64 Start, PPFN_NUMBER Pages, ULONG Count, LOCK_OPERATION Operation);
/* The MDL's pages, writable, at addresses of the current process; BaseAddress NULL: anywhere. IRQL <= APC_LEVEL. */
NTSTATUS MiMapMdlInUserSpace(const MDL *Mdl, ULONG64 CacheBits, PVOID BaseAddress, PVOID *Mapping);
VOID MiUnmapMdlFromUserSpace(PVOID BaseAddress);
/* Adds to the reference counts of the pages that are RAM; a page whose last reference goes is free. IRQL <= DISPATCH_LEVEL. */
VOID MiReferencePages(PPFN_NUMBER Pages, ULONG Count, LONG Delta);
