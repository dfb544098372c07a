/* SPDX-License-Identifier: MIT
 * What stands between a driver and the kernel: binding of its imports, to the exports themselves, through thunks that count, or to
 * traps for what is missing (design, decisions 6 and 7).
 */
#pragma once
#include "nt.h"
#include "mm.h"

VOID VfInitialize(BOOLEAN Trace);

typedef struct VF_IMPORT_COUNTS {
    ULONG Total, Resolved, Partial, Trapped;
} VF_IMPORT_COUNTS;

/* MM_BIND for every driver the kernel loads or adopts; Context is unused. */
BOOLEAN VfBindImport(PVOID Context, MM_IMAGE *Importer, const PE_IMPORT *Import, ULONG64 *Address);
/* How an image's imports came out. */
VOID VfQueryImports(const MM_IMAGE *Image, VF_IMPORT_COUNTS *Counts);
/* Emits one `call` event for each import of the image that was called; nothing without trace. */
VOID VfReportCalls(const MM_IMAGE *Image, PCSTR File);
/* Forgets an image that is about to be unloaded. */
VOID VfForgetImage(const MM_IMAGE *Image);
