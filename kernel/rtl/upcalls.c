/* SPDX-License-Identifier: MIT
 * What rtl asks from above. Safe answers until the owners register: no memory, no stack, no image.
 */
#include "rtlp.h"

static PVOID RtlpNoMemory(SIZE_T bytes) { return NULL; }
static VOID RtlpNoFree(PVOID block) { }
static BOOLEAN RtlpNoStack(ULONG64 address, ULONG length) { return FALSE; }

static BOOLEAN RtlpNoImage(ULONG64 address, PULONG64 base, PULONG size, const VOID **functionTable, PULONG functionCount)
{
    return FALSE;
}

RTL_UPCALLS RtlUpcalls = { RtlpNoMemory, RtlpNoFree, RtlpNoStack, RtlpNoImage };
