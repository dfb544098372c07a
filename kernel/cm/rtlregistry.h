/* SPDX-License-Identifier: MIT
 * Shared by the Rtl registry routines.
 */
#pragma once
#include "cmp.h"

typedef struct RTLP_REGISTRY_KEY {
    HANDLE Handle;
    BOOLEAN IsOurs;                              /* to be closed; FALSE: the caller's (RTL_REGISTRY_HANDLE) */
} RTLP_REGISTRY_KEY;

NTSTATUS RtlpOpenRegistryKey(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, BOOLEAN Create, RTLP_REGISTRY_KEY *Key);
VOID RtlpCloseRegistryKey(RTLP_REGISTRY_KEY *Key);

/* One value as an entry of a query table wants it. */
typedef struct RTLP_VALUE {
    PWSTR Name;                                  /* with a NUL, or NULL */
    ULONG Type;
    PVOID Data;
    ULONG Length;
} RTLP_VALUE;
/* Hands the value to the entry's routine or stores it directly. */
NTSTATUS RtlpDeliverValue(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value, PVOID Context);
