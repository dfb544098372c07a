/* SPDX-License-Identifier: MIT
 * Non-maskable interrupts. They come for two reasons: a bug check on another processor freezes this one, or the tool's time limit
 * asks what every processor is doing (docs/protocol.md, "hang report"). The handler runs on its own stack and trusts nothing.
 */
#include "ki.h"
#include "kd.h"

#define KI_HANG_FRAMES 32u

static volatile LONG KiFreezeOwner;              /* a nonzero: a bug check is under way */
static volatile LONG KiHangReports;              /* a processors that reported */

static VOID KiSaveProcessorState(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    KeContextFromFrames(&prcb->ProcessorState.ContextFrame, Trap, Exception);
    prcb->ProcessorState.SpecialRegisters.Cr3 = KiReadCr3();
    prcb->IpiFrozen = 1;
}

VOID KeFreezeProcessors(VOID)
{
    ULONG self = KeProcessorNumber(), i, spins;

    InterlockedExchange(&KiFreezeOwner, 1);
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++) {
        if (i == self || KiProcessors[i] == NULL || !KiProcessors[i]->ReadyToRun)
            continue;
        HalSendNmi(HalProcessorApicId(i));
        for (spins = 0; spins < 1000000 && __atomic_load_n(&KiProcessors[i]->Pcr.Prcb.IpiFrozen, __ATOMIC_ACQUIRE) == 0; spins++)
            KiPause();
    }
}

static VOID KiReportHang(ULONG Irql)
{
    ULONG64 frames[KI_HANG_FRAMES];
    ULONG count = KeWalkStack(&KeGetCurrentPrcb()->ProcessorState.ContextFrame, frames, KI_HANG_FRAMES);

    KdBeginEvent("hang");
    KdEventText("file", KeUpcalls.DriverUnderTest != NULL ? KeUpcalls.DriverUnderTest() : NULL);
    KdEventNumber("cpu", KeProcessorNumber());
    KdEventNumber("irql", Irql);
    KdEventFrames("stack", frames, count);
    KdEndEvent();
}

/* Threads that wait, or wait to run: with all processors idle, one of these is why. */
static VOID KiReportThread(PKTHREAD Thread, PCSTR Process)
{
    ULONG64 frames[KI_HANG_FRAMES];
    ULONG count;

    if (Thread->State == Running || Thread->State == Terminated || Thread->State == Initialized)
        return;
    count = KiWalkWaitingThread(Thread, frames, KI_HANG_FRAMES);
    KdBeginEvent("thread");
    KdEventText("process", Process);
    KdEventAddress("thread", (ULONG64)Thread);
    KdEventNumber("state", Thread->State);
    KdEventNumber("reason", Thread->WaitReason);
    KdEventNumber("priority", Thread->Priority);
    KdEventFrames("stack", frames, count);
    KdEndEvent();
}

static LONG KiRunningProcessors(VOID)
{
    LONG count = 0;
    ULONG i;
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++)
        count += KiProcessors[i] != NULL && KiProcessors[i]->ReadyToRun;
    return count;
}

VOID KiNmi(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    KiSaveProcessorState(Trap, Exception);
    if (KiFreezeOwner != 0)
        HalHalt();
    if (InterlockedExchange(&KeCurrentProcessor()->NmiReported, 1) != 0)
        HalHalt();
    KiReportHang(Trap->PreviousIrql);
    if (InterlockedIncrement(&KiHangReports) < KiRunningProcessors())
        HalHalt();
    if (KeUpcalls.VisitThreads != NULL)
        KeUpcalls.VisitThreads(KiReportThread);
    if (KeUpcalls.FlushTrace != NULL)
        KeUpcalls.FlushTrace();
    KdBeginEvent("end");
    KdEventNumber("status", 35);
    KdEndEvent();
    HalExit(35);
}
