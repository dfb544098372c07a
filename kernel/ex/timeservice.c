/* SPDX-License-Identifier: MIT
 * Services about time, identifiers, processors and what is printed.
 */
#include "exp.h"
#include "hal.h"
#include "kd.h"

#define EXP_HIGHEST_TIME 0x20000000              /* upper half of a time that makes sense */
#define EXP_SET_TIMER_RESOLUTION 0x1000          /* EPROCESS.Flags: SetTimerResolution */

NTSTATUS NTAPI NtQuerySystemTime(PLARGE_INTEGER SystemTime)
{
    LARGE_INTEGER now;

    KeQuerySystemTime(&now);
    return ExpTell(SystemTime, &now, sizeof(now));
}

NTSTATUS NTAPI NtSetSystemTime(PLARGE_INTEGER NewTime, PLARGE_INTEGER OldTime)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER new, old;
    NTSTATUS status = MmReadCaller(mode, &new, NewTime, sizeof(new));

    if (NT_SUCCESS(status))
        status = ExpProbeOptional(OldTime, sizeof(old));
    if (!NT_SUCCESS(status))
        return status;
    if (new.HighPart < 0 || new.HighPart > EXP_HIGHEST_TIME)
        return STATUS_INVALID_PARAMETER;
    if (!SeSinglePrivilegeCheck(SeExports->SeSystemtimePrivilege, mode))
        return STATUS_PRIVILEGE_NOT_HELD;
    KeSetSystemTime(new, &old);
    ExNotifyCallback(ExSetSystemTimeCallback, NULL, NULL);
    return ExpTell(OldTime, &old, sizeof(old));
}

NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER PerformanceCounter, PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER frequency, counter = KeQueryPerformanceCounter(&frequency);
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), PerformanceCounter, &counter, sizeof(counter));

    return NT_SUCCESS(status) ? ExpTell(PerformanceFrequency, &frequency, sizeof(frequency)) : status;
}

/* ---- The clock's resolution ---- */
NTSTATUS NTAPI NtQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG resolution = HAL_CLOCK_INCREMENT;
    NTSTATUS status = MmWriteCaller(mode, MaximumTime, &resolution, sizeof(resolution));

    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, MinimumTime, &resolution, sizeof(resolution));
    return NT_SUCCESS(status) ? MmWriteCaller(mode, CurrentTime, &resolution, sizeof(resolution)) : status;
}

NTSTATUS NTAPI NtSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution, PULONG ActualTime)
{
    volatile LONG *flags = (volatile LONG *)&PsCurrentProcess()->Flags;
    ULONG resolution = ExSetTimerResolution(DesiredTime, SetResolution);
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), ActualTime, &resolution, sizeof(resolution));

    if (!NT_SUCCESS(status))
        return status;
    if (SetResolution)
        InterlockedOr(flags, EXP_SET_TIMER_RESOLUTION);
    else if (!(InterlockedAnd(flags, ~EXP_SET_TIMER_RESOLUTION) & EXP_SET_TIMER_RESOLUTION))
        return STATUS_TIMER_RESOLUTION_NOT_SET;
    return STATUS_SUCCESS;
}

/* ---- Processors ---- */
ULONG NTAPI NtGetCurrentProcessorNumber(VOID) { return KeProcessorNumber(); }

ULONG NTAPI NtGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcessorNumber)
{
    PROCESSOR_NUMBER number;
    ULONG index = KeGetCurrentProcessorNumberEx(&number);
    NTSTATUS status = ExpTell(ProcessorNumber, &number, sizeof(number));

    return NT_SUCCESS(status) ? index : (ULONG)status;
}

/* ---- Text ---- */
#define EXP_CHUNK 96u

NTSTATUS NTAPI NtDisplayString(PUNICODE_STRING String)
{
    CHAR chunk[EXP_CHUNK * 3 + 1];
    UNICODE_STRING text;
    ULONG at, bytes, characters;
    NTSTATUS status = MmReadCallerString(ObPreviousMode(), String, &text);

    for (at = 0; NT_SUCCESS(status) && at < text.Length / sizeof(WCHAR); at += characters) {
        characters = min(text.Length / sizeof(WCHAR) - at, EXP_CHUNK);
        if (characters == EXP_CHUNK && (text.Buffer[at + characters - 1] & 0xFC00) == 0xD800)
            characters--;                        /* a pair stays together */
        status = RtlUnicodeToUTF8N(chunk, sizeof(chunk) - 1, &bytes, text.Buffer + at, characters * sizeof(WCHAR));
        chunk[bytes] = '\0';
        KdPrintConsole("%s", chunk);
    }
    MmFreeCallerBlock(text.Buffer);
    return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

NTSTATUS NTAPI NtQueryDebugFilterState(ULONG ComponentId, ULONG Level) { return DbgQueryDebugFilterState(ComponentId, Level); }

NTSTATUS NTAPI NtSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State)
{
    if (!SeSinglePrivilegeCheck(SeExports->SeDebugPrivilege, ObPreviousMode()))
        return STATUS_ACCESS_DENIED;
    return DbgSetDebugFilterState(ComponentId, Level, State);
}
