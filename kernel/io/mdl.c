/* SPDX-License-Identifier: MIT
 * Allocating memory descriptor lists, and locking pages without an exception.
 */
#include "iop.h"

PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota, PIRP Irp)
{
    PMDL mdl, *link;

    if (Length & 0x80000000)
        return NULL;
    mdl = ExAllocatePoolWithTag(NonPagedPoolNx, MmSizeOfMdl(VirtualAddress, Length), ' ldM');
    if (mdl == NULL)
        return NULL;
    MmInitializeMdl(mdl, VirtualAddress, Length);
    if (Irp == NULL)
        return mdl;
    link = &Irp->MdlAddress;
    while (SecondaryBuffer && *link != NULL)
        link = &(*link)->Next;
    *link = mdl;
    return mdl;
}

VOID NTAPI IoFreeMdl(PMDL Mdl)
{
    MmPrepareMdlForReuse(Mdl);
    ExFreePoolWithTag(Mdl, ' ldM');
}
