/* SPDX-License-Identifier: MIT
 * What drivers ask about the system and about who is asking.
 */
#include "iop.h"

#define IOP_WDM_MAJOR 6u                         /* since Windows Vista */
#define IOP_WDM_MINOR 0u
#define IOP_HARD_ERRORS_DISABLED 0x10            /* ETHREAD.CrossThreadFlags */

BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)
{
    return MajorVersion < IOP_WDM_MAJOR || (MajorVersion == IOP_WDM_MAJOR && MinorVersion <= IOP_WDM_MINOR);
}

/* There are no 32-bit processes, whoever sent the packet. */
BOOLEAN IoIs32bitProcess(PIRP Irp) { return FALSE; }

/* Counts that the drivers of these devices keep themselves. */
PCONFIGURATION_INFORMATION NTAPI IoGetConfigurationInformation(VOID)
{
    static CONFIGURATION_INFORMATION information = { .Version = sizeof(CONFIGURATION_INFORMATION) };
    return &information;
}

/* What a thread wants of hard errors; nobody raises them yet. Returns what it wanted before. */
BOOLEAN NTAPI IoSetThreadHardErrorMode(BOOLEAN EnableHardErrors)
{
    volatile LONG *flags = (volatile LONG *)&PsCurrentThread()->CrossThreadFlags;
    LONG old = EnableHardErrors ? InterlockedAnd(flags, ~IOP_HARD_ERRORS_DISABLED) : InterlockedOr(flags, IOP_HARD_ERRORS_DISABLED);
    return (old & IOP_HARD_ERRORS_DISABLED) == 0;
}

/* Exported: 0, the machine was not started in safe mode. */
extern ULONG InitSafeBootMode;
ULONG InitSafeBootMode;
