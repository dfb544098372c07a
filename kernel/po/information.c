/* SPDX-License-Identifier: MIT
 * ZwPowerInformation: what this machine's power management is.
 */
#include "po.h"
#include "hal.h"
#include "ke.h"
#include "mm.h"
#include "ob.h"

typedef struct PO_PROCESSOR {                    /* PROCESSOR_POWER_INFORMATION */
    ULONG Number, MaxMhz, CurrentMhz, MhzLimit, MaxIdleState, CurrentIdleState;
} PO_PROCESSOR;

typedef struct PO_BATTERY {                      /* SYSTEM_BATTERY_STATE */
    BOOLEAN AcOnLine, BatteryPresent, Charging, Discharging, Spare[4];
    ULONG MaxCapacity, RemainingCapacity, Rate, EstimatedTime, DefaultAlert1, DefaultAlert2;
} PO_BATTERY;

static NTSTATUS PoReturn(const VOID *Data, ULONG Size, PVOID Output, ULONG Length)
{
    if (Output == NULL)
        return STATUS_INVALID_PARAMETER;
    if (Length < Size)
        return STATUS_BUFFER_TOO_SMALL;
    return MmWriteCaller(ObPreviousMode(), Output, Data, Size);
}

static NTSTATUS PoReturnProcessors(PVOID Output, ULONG Length)
{
    PO_PROCESSOR processors[KE_MAXIMUM_PROCESSORS] = { 0 };
    ULONG count = KeQueryActiveProcessorCount(NULL), mhz = (ULONG)(HalTscFrequency() / 1000000), i;

    for (i = 0; i < count; i++)
        processors[i] = (PO_PROCESSOR){ i, mhz, mhz, mhz, 1, 1 };      /* hlt is the one idle state */
    return PoReturn(processors, count * (ULONG)sizeof(processors[0]), Output, Length);
}

static NTSTATUS PoQuery(POWER_INFORMATION_LEVEL Level, PVOID Output, ULONG Length)
{
    static const PO_BATTERY battery = { .AcOnLine = TRUE };
    static const ULONG64 never = 0;
    static const BOOLEAN alwaysOn = FALSE;       /* POWER_PLATFORM_INFORMATION: no modern standby */
    ULONG state = PoExecutionState();

    switch (Level) {
    case SystemBatteryState:
        return PoReturn(&battery, sizeof(battery), Output, Length);
    case ProcessorInformation:
        return PoReturnProcessors(Output, Length);
    case SystemExecutionState:
        return PoReturn(&state, sizeof(state), Output, Length);
    case LastWakeTime:
    case LastSleepTime:
        return PoReturn(&never, sizeof(never), Output, Length);
    case PlatformInformation:
        return PoReturn(&alwaysOn, sizeof(alwaysOn), Output, Length);
    default:
        return STATUS_NOT_IMPLEMENTED;
    }
}

NTSTATUS NTAPI NtPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength)
{
    if (InputBuffer != NULL || InputBufferLength != 0)           /* every level here is a question */
        return STATUS_INVALID_PARAMETER;
    return PoQuery(PowerInformationLevel, OutputBuffer, OutputBufferLength);
}

NTSTATUS NTAPI ZwPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtPowerInformation(PowerInformationLevel, InputBuffer, InputBufferLength, OutputBuffer,
                                                      OutputBufferLength));
}
