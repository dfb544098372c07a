/* SPDX-License-Identifier: MIT
 * The end of the machine: the first processor to get here stops the others, says what happened on the console and as an event,
 * and leaves with exit status 37. Memory of any kind may be broken: nothing here allocates, waits or takes a lock it did not seize.
 */
#include "ki.h"
#include "kd.h"

#define KI_BUGCHECK_FRAMES 48u

ULONG64 KiBugcheckData[5];
static volatile LONG KiBugcheckOwner = -1;       /* a processor that reports */
static CONTEXT KiBugcheckContext;
static ULONG64 KiBugcheckStack[KI_BUGCHECK_FRAMES];

static const struct KI_BUGCHECK_NAME {
    ULONG Code;
    PCSTR Name;
} KiBugcheckNames[] = {
#include <generated/bugcheck_names.h>
};

static PCSTR KiBugcheckName(ULONG Code)
{
    ULONG i;
    for (i = 0; i < RTL_NUMBER_OF(KiBugcheckNames); i++)
        if (KiBugcheckNames[i].Code == Code)
            return KiBugcheckNames[i].Name;
    return NULL;
}

static VOID KiPrintFrame(ULONG64 Address)
{
    KD_MODULE module;
    if (KdFindModule != NULL && KdFindModule(Address, &module))
        KdPrintConsole("    %s+0x%llx\r\n", module.Name, Address - module.Base);
    else
        KdPrintConsole("    0x%016llx\r\n", Address);
}

static VOID KiReportToConsole(ULONG Frames)
{
    PCSTR name = KiBugcheckName((ULONG)KiBugcheckData[0]);
    ULONG i;

    KdPrintConsole("\r\n*** STOP: 0x%08lx (0x%016llx, 0x%016llx, 0x%016llx, 0x%016llx) %s\r\n", (ULONG)KiBugcheckData[0],
                   KiBugcheckData[1], KiBugcheckData[2], KiBugcheckData[3], KiBugcheckData[4], name != NULL ? name : "");
    for (i = 0; i < Frames; i++)
        KiPrintFrame(KiBugcheckStack[i]);
}

static VOID KiReportToTool(ULONG Frames, KIRQL Irql)
{
    KdBeginEvent("bugcheck");
    KdEventText("file", KeUpcalls.DriverUnderTest != NULL ? KeUpcalls.DriverUnderTest() : NULL);
    KdEventCode("code", (ULONG)KiBugcheckData[0]);
    KdEventText("name", KiBugcheckName((ULONG)KiBugcheckData[0]));
    KdEventAddresses("params", &KiBugcheckData[1], 4);
    KdEventNumber("cpu", KeProcessorNumber());
    KdEventNumber("irql", Irql);
    KdEventFrames("stack", KiBugcheckStack, Frames);
    KdEndEvent();
}

/* The first one here owns the end; a bug check within it only stops. */
static VOID KiOwnBugcheck(VOID)
{
    LONG self = (LONG)KeProcessorNumber(), owner = InterlockedCompareExchange(&KiBugcheckOwner, self, -1);
    if (owner == self)
        HalExit(37);
    if (owner != -1)
        HalHalt();
}

VOID KeBugCheckFromFrame(ULONG Code, ULONG64 P1, ULONG64 P2, ULONG64 P3, ULONG64 P4, const CONTEXT *Context)
{
    KIRQL irql = KeIrql();
    ULONG frames;

    KiDisableInterrupts();
    KiOwnBugcheck();
    KiBugcheckData[0] = Code;
    KiBugcheckData[1] = P1;
    KiBugcheckData[2] = P2;
    KiBugcheckData[3] = P3;
    KiBugcheckData[4] = P4;
    KiBugcheckContext = *Context;
    KeFreezeProcessors();
    KdSeizeChannels();
    frames = KeWalkStack(&KiBugcheckContext, KiBugcheckStack, KI_BUGCHECK_FRAMES);
    KiReportToTool(frames, irql);
    if (KeUpcalls.FlushTrace != NULL)
        KeUpcalls.FlushTrace();
    KiReportToConsole(frames);
    KiCallBugcheckCallbacks();
    KdBeginEvent("end");
    KdEventNumber("status", 37);
    KdEndEvent();
    HalExit(37);
}

VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4)
{
    CONTEXT context;
    RtlCaptureContext(&context);
    KeBugCheckFromFrame(BugCheckCode, P1, P2, P3, P4, &context);
}

VOID NTAPI KeBugCheck(ULONG BugCheckCode)
{
    CONTEXT context;
    RtlCaptureContext(&context);
    KeBugCheckFromFrame(BugCheckCode, 0, 0, 0, 0, &context);
}

VOID KiAssertFailed(PCSTR Expression, PCSTR File, ULONG Line)
{
    KdPrintConsole("assertion failed: %s at %s:%lu\r\n", Expression, File, Line);
    KdLogEvent("error", Expression);
    KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, 0x50455452, (ULONG_PTR)Expression, (ULONG_PTR)File, Line);
}
