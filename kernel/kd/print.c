/* SPDX-License-Identifier: MIT
 * DbgPrint: formatted text to port 0xE9, filtered by component and level as documented, and the console on COM1.
 *
 * Output is line by line under KdPrintLock with interrupts off; it may come from any IRQL.
 */
#include "kd.h"
#include "hal.h"
#include "rtl.h"
#include "intrinsics.h"

#define KD_PRINT_LIMIT 512u

ULONG Kd_DEFAULT_Mask = 0xFFFFFFFF;
BOOLEAN KdpDebuggerEnabled = FALSE, KdpDebuggerNotPresent = TRUE;       /* exported without the p */
static ULONG KdComponentMasks[DPFLTR_ENDOFTABLE_ID];
static volatile LONG KdPrintLock;

static VOID KdWrite(PCSTR Text, SIZE_T Length, BOOLEAN Console)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    ULONG spins = 0;

    while (InterlockedExchange(&KdPrintLock, 1) != 0 && ++spins < 10000000)      /* never hang for a line of text */
        KiPause();
    if (Console)
        HalPortWrite(HalPortConsole, Text, Length);
    else
        HalDebugPortWrite(Text, Length);
    InterlockedExchange(&KdPrintLock, 0);
    KiRestoreInterrupts(enabled);
}

static SIZE_T KdFormat(PCHAR Buffer, PCSTR Prefix, PCSTR Format, va_list Arguments)
{
    SIZE_T used = 0;
    int count;

    while (Prefix != NULL && Prefix[used] != '\0' && used < KD_PRINT_LIMIT / 2) {
        Buffer[used] = Prefix[used];
        used++;
    }
    count = RtlFormatAnsi(Buffer + used, KD_PRINT_LIMIT - used, Format, Arguments);
    return count < 0 || (SIZE_T)count >= KD_PRINT_LIMIT - used ? KD_PRINT_LIMIT - 1 : used + (SIZE_T)count;
}

VOID KdPrintConsole(PCSTR Format, ...)
{
    CHAR buffer[KD_PRINT_LIMIT];
    va_list arguments;
    SIZE_T length;

    va_start(arguments, Format);
    length = KdFormat(buffer, NULL, Format, arguments);
    va_end(arguments);
    KdWrite(buffer, length, TRUE);
}

/* The level passes when its bit is in the component's mask or in the default mask (Microsoft: "Reading and Filtering Debugging
 * Messages"); a level below 32 is a bit number, else a mask. */
static BOOLEAN KdIsWanted(ULONG ComponentId, ULONG Level)
{
    ULONG bits = Level < 32 ? 1u << Level : Level;
    ULONG mask = ComponentId < DPFLTR_ENDOFTABLE_ID ? KdComponentMasks[ComponentId] : 0;
    return ComponentId == ~0u || ((mask | Kd_DEFAULT_Mask) & bits) != 0;
}

static NTSTATUS KdPrintArguments(PCSTR Prefix, ULONG ComponentId, ULONG Level, PCSTR Format, va_list Arguments)
{
    CHAR buffer[KD_PRINT_LIMIT];
    SIZE_T length;

    if (!KdIsWanted(ComponentId, Level))
        return STATUS_SUCCESS;
    length = KdFormat(buffer, Prefix, Format, Arguments);
    KdWrite(buffer, length, FALSE);
    return STATUS_SUCCESS;
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    va_list arguments;
    NTSTATUS status;
    va_start(arguments, Format);
    status = KdPrintArguments(NULL, ~0u, DPFLTR_INFO_LEVEL, Format, arguments);
    va_end(arguments);
    return (ULONG)status;
}

ULONG __cdecl DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    va_list arguments;
    NTSTATUS status;
    va_start(arguments, Format);
    status = KdPrintArguments(NULL, ComponentId, Level, Format, arguments);
    va_end(arguments);
    return (ULONG)status;
}

ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list ArgList)
{
    return (ULONG)KdPrintArguments(NULL, ComponentId, Level, Format, ArgList);
}

ULONG NTAPI vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list ArgList)
{
    return (ULONG)KdPrintArguments(Prefix, ComponentId, Level, Format, ArgList);
}

NTSTATUS NTAPI DbgSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State)
{
    ULONG bits = Level < 32 ? 1u << Level : Level;
    if (ComponentId >= DPFLTR_ENDOFTABLE_ID)
        return STATUS_INVALID_PARAMETER_1;
    if (State)
        KdComponentMasks[ComponentId] |= bits;
    else
        KdComponentMasks[ComponentId] &= ~bits;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI DbgQueryDebugFilterState(ULONG ComponentId, ULONG Level)
{
    if (ComponentId >= DPFLTR_ENDOFTABLE_ID)
        return STATUS_INVALID_PARAMETER_1;
    return KdIsWanted(ComponentId, Level);
}
