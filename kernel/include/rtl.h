/* SPDX-License-Identifier: MIT
 * Run-time library for the kernel's components: what the DDK does not declare.
 */
#pragma once
#include "nt.h"
#include <stdarg.h>

/* ---- What rtl needs from above (design, "Upward calls": rtl heap) ---- */
typedef struct RTL_UPCALLS {
    PVOID (*Allocate)(SIZE_T Bytes);              /* paged memory for results such as RtlAnsiStringToUnicodeString's; NULL: none */
    VOID (*Free)(PVOID Block);
    BOOLEAN (*IsOnStack)(ULONG64 Address, ULONG Length);       /* ke: the range lies in a stack this processor may be on */
    /* mm: the image that holds an address, with its exception directory. Any IRQL. */
    BOOLEAN (*FindImage)(ULONG64 Address, PULONG64 Base, PULONG Size, const VOID **FunctionTable, PULONG FunctionCount);
} RTL_UPCALLS;
extern RTL_UPCALLS RtlUpcalls;

/* Hands over the casing tables (65,536 upcase, then 65,536 downcase values). Until then only ASCII has case. */
VOID RtlInitializeCasing(const USHORT *Table);
/* For what is below 0x80, without a look at the table. */
static inline WCHAR RtlUpcaseAscii(WCHAR Character)
{
    return Character >= 'a' && Character <= 'z' ? (WCHAR)(Character - ('a' - 'A')) : Character;
}
extern BOOLEAN RtlMbCodePageTag, RtlMbOemCodePageTag;

/* ---- Version: what version queries answer. init sets it from `version=` before the first driver runs ---- */
typedef struct RTL_VERSION {
    ULONG Major, Minor, Build;
} RTL_VERSION;
extern RTL_VERSION RtlVersion;
extern ULONG NtBuildNumber;                      /* the build, and 0xF in the upper four bits: not a checked one */
VOID RtlSetVersion(const RTL_VERSION *Version);

/* ---- Exceptions ---- */
/* Runs the handlers on the stack for an exception at Context. TRUE: continue at *Context. Does not return when a handler unwinds. */
BOOLEAN RtlDispatchException(PEXCEPTION_RECORD Record, PCONTEXT Context);
/* Moves Context to the caller of its frame. FALSE, with Context unchanged, when the frame or its unwind data make no sense or lie
 * outside the stack: never faults. Any IRQL. */
BOOLEAN RtlUnwindOneFrame(PCONTEXT Context);
/* Exported names that the DDK does not declare. */
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord);
DECLSPEC_NORETURN VOID NTAPI RtlRestoreContext(PCONTEXT ContextRecord, PEXCEPTION_RECORD ExceptionRecord);
/* Unwinds to TargetFrame and continues at TargetIp with ReturnValue in rax. Raises STATUS_BAD_STACK when there is none such. */
VOID NTAPI RtlUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue);

/* ---- printf family, as the C runtime of NT drivers: %s %S %c %C %d %i %u %x %X %o %p %e-less, %I64d %lld %zd %hs %hS %ls %wZ %Z ----
 * Count of characters written without the NUL, or -1 when they did not fit; the buffer then holds what did, NUL-terminated when
 * Size is not 0. */
int RtlFormatAnsi(PCHAR Buffer, SIZE_T Size, PCSTR Format, va_list Arguments);
int RtlFormatWide(PWCHAR Buffer, SIZE_T Count, PCWSTR Format, va_list Arguments);

/* Below 0, 0 or above 0 as the number in Altitude1 is less than, equal to or greater than that in Altitude2; whatever the texts are,
 * each pair has one order. Any IRQL where they are resident. */
LONG NTAPI RtlCompareAltitudes(PCUNICODE_STRING Altitude1, PCUNICODE_STRING Altitude2);

/* ---- Exported, but not declared by the DDK ---- */
BOOLEAN NTAPI RtlAreAllAccessesGranted(ACCESS_MASK GrantedAccess, ACCESS_MASK DesiredAccess);
BOOLEAN NTAPI RtlAreAnyAccessesGranted(ACCESS_MASK GrantedAccess, ACCESS_MASK DesiredAccess);
