/* SPDX-License-Identifier: MIT
 * What drivers ask of the kernel debugger. There is none, and none can come: nothing can be switched on, off, or changed.
 */
#include "nt.h"

NTSTATUS NTAPI KdDisableDebugger(VOID) { return STATUS_DEBUGGER_INACTIVE; }
NTSTATUS NTAPI KdEnableDebugger(VOID) { return STATUS_DEBUGGER_INACTIVE; }

NTSTATUS NTAPI KdChangeOption(KD_OPTION Option, ULONG InBufferBytes, PVOID InBuffer, ULONG OutBufferBytes, PVOID OutBuffer,
                              PULONG OutBufferNeeded)
{
    return STATUS_DEBUGGER_INACTIVE;
}
