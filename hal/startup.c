/* SPDX-License-Identifier: MIT
 * Starting application processors (Intel SDM volume 3, 9.4): one at a time, by the processor that boots, so no lock.
 */
#include "halp.h"

/* The parameter block at the end of trampoline.S; offsets are used there. */
typedef struct HALP_TRAMPOLINE {
    USHORT GdtLimit;                  /* 0x00 */
    UCHAR GdtBase[4];
    UCHAR Pad0[10];
    UCHAR FarProtected[6];            /* 0x10: offset32, selector16 */
    UCHAR Pad1[2];
    UCHAR FarLong[6];                 /* 0x18 */
    UCHAR Pad2[2];
    ULONG64 Cr3;                      /* 0x20 */
    ULONG64 Stack;                    /* 0x28 */
    ULONG64 Entry;                    /* 0x30 */
    ULONG64 Context;                  /* 0x38 */
    ULONG64 Gdt[4];                   /* 0x40: null, code32, data, code64 */
} HALP_TRAMPOLINE;
C_ASSERT(FIELD_OFFSET(HALP_TRAMPOLINE, Gdt) == 0x40);
C_ASSERT(FIELD_OFFSET(HALP_TRAMPOLINE, FarLong) == 0x18);

extern const UCHAR HalpTrampolineStart[], HalpTrampolineEnd[], HalpTrampolineParameters[];
extern const UCHAR HalpTrampolineProtected[], HalpTrampolineLong[];

static volatile LONG HalpArrived;

typedef struct HALP_ARRIVAL {
    VOID (*Entry)(PVOID);
    PVOID Context;
} HALP_ARRIVAL;

static VOID HalpArrive(PVOID Context)
{
    HALP_ARRIVAL arrival = *(HALP_ARRIVAL *)Context;
    InterlockedExchange(&HalpArrived, 1);
    arrival.Entry(arrival.Context);
}

static VOID HalpStoreFar(UCHAR Field[6], ULONG Offset, USHORT Selector)
{
    RtlCopyMemory(Field, &Offset, 4);
    RtlCopyMemory(Field + 4, &Selector, 2);
}

static VOID HalpFillTrampoline(ULONG64 Page, ULONG64 Cr3, PVOID Stack, HALP_ARRIVAL *Arrival)
{
    ULONG parameters = (ULONG)(HalpTrampolineParameters - HalpTrampolineStart);
    PUCHAR code = (PUCHAR)Page;
    HALP_TRAMPOLINE *block = (HALP_TRAMPOLINE *)(code + parameters);
    ULONG gdt = (ULONG)Page + parameters + FIELD_OFFSET(HALP_TRAMPOLINE, Gdt);

    RtlCopyMemory(code, HalpTrampolineStart, HalpTrampolineEnd - HalpTrampolineStart);
    block->Gdt[0] = 0;
    block->Gdt[1] = 0x00CF9A000000FFFFull;
    block->Gdt[2] = 0x00CF92000000FFFFull;
    block->Gdt[3] = 0x00AF9A000000FFFFull;
    block->GdtLimit = sizeof(block->Gdt) - 1;
    RtlCopyMemory(block->GdtBase, &gdt, 4);
    HalpStoreFar(block->FarProtected, (ULONG)(Page + (HalpTrampolineProtected - HalpTrampolineStart)), 0x08);
    HalpStoreFar(block->FarLong, (ULONG)(Page + (HalpTrampolineLong - HalpTrampolineStart)), 0x18);
    block->Cr3 = Cr3;
    block->Stack = (ULONG64)Stack;
    block->Entry = (ULONG64)HalpArrive;
    block->Context = (ULONG64)Arrival;
}

static BOOLEAN HalpWaitForArrival(ULONG Microseconds)
{
    for (; Microseconds != 0; Microseconds = Microseconds > 10 ? Microseconds - 10 : 0) {
        if (InterlockedOr(&HalpArrived, 0) != 0)
            return TRUE;
        KeStallExecutionProcessor(10);
    }
    return FALSE;
}

BOOLEAN HalStartProcessor(ULONG Number, ULONG64 TrampolinePage, ULONG64 Cr3, PVOID Stack, VOID (*Entry)(PVOID), PVOID Context)
{
    static HALP_ARRIVAL arrival;
    ULONG apicId = HalpBoard.ApicIds[Number];

    if (Cr3 > 0xFFFFFFFF)
        HalpFatal("the page tables lie above 4 GiB, where a starting processor cannot reach them");
    arrival.Entry = Entry;
    arrival.Context = Context;
    HalpArrived = 0;
    HalpFillTrampoline(TrampolinePage, Cr3, Stack, &arrival);
    HalpSendInit(apicId);
    KeStallExecutionProcessor(200);
    HalpSendStartup(apicId, (ULONG)(TrampolinePage >> PAGE_SHIFT));
    if (HalpWaitForArrival(10000))
        return TRUE;
    HalpSendStartup(apicId, (ULONG)(TrampolinePage >> PAGE_SHIFT));
    return HalpWaitForArrival(1000000);
}
