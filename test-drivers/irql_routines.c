/* SPDX-License-Identifier: MIT
 * The kernel's own IRQL routines under names of ours: the DDK of x64 knows them as inline functions only, while drivers built with
 * older headers import them. So nothing here includes wdm.h.
 */
#include <ntdef.h>
#include "irql_routines.h"

typedef UCHAR KIRQL;

DECLSPEC_IMPORT KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
DECLSPEC_IMPORT VOID NTAPI KeLowerIrql(KIRQL NewIrql);
DECLSPEC_IMPORT KIRQL NTAPI KeGetCurrentIrql(VOID);

UCHAR RaiseByRoutine(UCHAR NewIrql)
{
    return KfRaiseIrql(NewIrql);
}

VOID LowerByRoutine(UCHAR NewIrql)
{
    KeLowerIrql(NewIrql);
}

UCHAR GetByRoutine(VOID)
{
    return KeGetCurrentIrql();
}
