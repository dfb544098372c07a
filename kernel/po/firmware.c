/* SPDX-License-Identifier: MIT
 * The machine's end on a driver's word, at once: nobody is told (IRP_MJ_SHUTDOWN is the system's orderly end), at any IRQL.
 */
#include "po.h"
#include "hal.h"
#include "io.h"
#include "ke.h"
#include "kd.h"
#include "intrinsics.h"

#define PO_FAILED 35                             /* exit status, where the machine does not obey */

DECLSPEC_NORETURN static VOID PoEnd(PCSTR Why, VOID (*Routine)(VOID))
{
    static volatile LONG ending;                 /* a */

    KiDisableInterrupts();
    if (InterlockedExchange(&ending, 1) != 0)    /* another processor has the last word */
        HalHalt();
    KeFreezeProcessors();
    KdSeizeChannels();
    if (IoUpcalls.TellEnd != NULL)
        IoUpcalls.TellEnd(Why);
    Routine();
    HalExit(PO_FAILED);
}

VOID NTAPI HalReturnToFirmware(FIRMWARE_REENTRY Routine)
{
    switch (Routine) {
    case HalHaltRoutine:
        PoEnd("the machine was halted by HalReturnToFirmware", HalHalt);
    case HalPowerDownRoutine:
        PoEnd("the machine was powered off by HalReturnToFirmware", HalPowerOff);
    case HalRestartRoutine:
    case HalRebootRoutine:
        PoEnd("the machine was reset by HalReturnToFirmware", HalResetProcessor);
    default:                                     /* nobody to talk to */
        return;
    }
}
