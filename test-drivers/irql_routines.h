/* SPDX-License-Identifier: MIT
 * IRQL by call instead of inline (irql_routines.c).
 */
#pragma once

UCHAR RaiseByRoutine(UCHAR NewIrql);
VOID LowerByRoutine(UCHAR NewIrql);
UCHAR GetByRoutine(VOID);
