/* SPDX-License-Identifier: MIT
 * The system's orderly end on a program's word.
 */
#include "po.h"
#include "ob.h"
#include "ke.h"

#define PO_ACTIONS 3u                            /* ShutdownNoReboot, ShutdownReboot, ShutdownPowerOff */

NTSTATUS NTAPI NtShutdownSystem(ULONG Action)
{
    if (Action >= PO_ACTIONS)
        return STATUS_INVALID_PARAMETER;
    if (!SeSinglePrivilegeCheck(SeExports->SeShutdownPrivilege, ObPreviousMode()))
        return STATUS_PRIVILEGE_NOT_HELD;
    KeUpcalls.ShutDown(Action);
    return STATUS_SUCCESS;
}
