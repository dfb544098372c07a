/* SPDX-License-Identifier: MIT
 * The trap space: addresses that are never mapped, one page for each missing import. A call or an access there faults, and the
 * page tells which import it was and whose.
 */
#include "vfp.h"
#include "kd.h"
#include "hal.h"
#include "../abi/pagetable.h"

#define VF_TRAP_SLOTS 4096u
#define VF_TRAP_FRAMES 32u
#define PF_WRITE 2u

static VF_IMPORT *volatile VfpTraps[VF_TRAP_SLOTS];         /* a */

ULONG64 VfpAllocateTrap(VF_IMPORT *Import)
{
    ULONG i;
    for (i = 0; i < VF_TRAP_SLOTS; i++)
        if (InterlockedCompareExchangePointer((PVOID *)&VfpTraps[i], Import, NULL) == NULL) {
            Import->TrapSlot = i + 1;
            return MI_TRAP_SPACE + ((ULONG64)i << PAGE_SHIFT);
        }
    return 0;
}

VOID VfpReleaseTraps(VF_DRIVER *Driver)
{
    LONG i;
    for (i = 0; i < Driver->Count; i++)
        if (Driver->Imports[i].TrapSlot != 0)
            InterlockedExchangePointer((PVOID *)&VfpTraps[Driver->Imports[i].TrapSlot - 1], NULL);
}

/* Frames of the use: for a call the fault is in the trap page itself, so the first frame is the call instruction before the return
 * address on top of the stack. */
static ULONG VfpStackOfUse(ULONG64 Address, PKTRAP_FRAME Frame, PULONG64 Frames)
{
    CONTEXT context;
    ULONG count;

    KeContextFromFrames(&context, Frame, NULL);
    if (Frame->Rip != Address)
        return KeWalkStack(&context, Frames, VF_TRAP_FRAMES);
    if (!KeIsOnStack(context.Rsp, sizeof(ULONG64)))
        return 0;
    context.Rip = *(ULONG64 *)context.Rsp;
    context.Rsp += sizeof(ULONG64);
    count = KeWalkStack(&context, Frames, VF_TRAP_FRAMES);
    if (count != 0)
        Frames[0]--;
    return count;
}

VOID VfpMissingImport(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame)
{
    VF_IMPORT *import;
    ULONG64 frames[VF_TRAP_FRAMES];
    ULONG count;
    PCSTR kind = Frame->Rip == Address ? "call" : ErrorCode & PF_WRITE ? "write" : "read";

    if (Address - MI_TRAP_SPACE >= (ULONG64)VF_TRAP_SLOTS << PAGE_SHIFT)
        return;
    import = VfpTraps[(Address - MI_TRAP_SPACE) >> PAGE_SHIFT];
    if (import == NULL)
        return;
    count = VfpStackOfUse(Address, Frame, frames);
    KeFreezeProcessors();
    KdSeizeChannels();
    KdBeginEvent("trap");
    KdEventText("file", KeUpcalls.DriverUnderTest != NULL ? KeUpcalls.DriverUnderTest() : NULL);
    KdEventText("module", import->Module);
    KdEventText("name", import->Name);
    KdEventText("kind", kind);
    KdEventNumber("cpu", KeProcessorNumber());
    KdEventNumber("irql", Frame->PreviousIrql);
    KdEventFrames("stack", frames, count);
    KdEndEvent();
    if (KeUpcalls.FlushTrace != NULL)
        KeUpcalls.FlushTrace();
    KdPrintConsole("\r\n*** %s uses %s!%s (%s), which Petrel does not have\r\n", import->Owner->AnsiName, import->Module,
                   import->Name, kind);
    KdBeginEvent("end");
    KdEventNumber("status", 35);
    KdEndEvent();
    HalExit(35);
}
