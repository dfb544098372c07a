/* SPDX-License-Identifier: MIT
 * Probing what a caller says is user memory: the range must be aligned and lie in the user half. Only ProbeForWrite touches it.
 */
#include "mi.h"

static VOID MiProbeRange(ULONG64 Address, SIZE_T Length, ULONG Alignment)
{
    ASSERT(Alignment == 1 || Alignment == 2 || Alignment == 4 || Alignment == 8 || Alignment == 16);
    if (Address & (Alignment - 1))
        ExRaiseDatatypeMisalignment();
    if (Address + Length < Address || Address + Length > MmUserProbeAddress)
        ExRaiseAccessViolation();
}

VOID NTAPI ProbeForRead(const VOID *Address, SIZE_T Length, ULONG Alignment)
{
    if (Length != 0)
        MiProbeRange((ULONG64)Address, Length, Alignment);
}

/* Each page is read and written back, so that the exception comes here and not later. */
VOID NTAPI ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment)
{
    ULONG64 at = (ULONG64)Address, end = at + Length;

    if (Length == 0)
        return;
    MiProbeRange(at, Length, Alignment);
    do {
        *(volatile UCHAR *)at = *(volatile UCHAR *)at;
        at = (at & ~(PAGE_SIZE - 1ull)) + PAGE_SIZE;
    } while (at < end);
}
