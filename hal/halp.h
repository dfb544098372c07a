/* SPDX-License-Identifier: MIT
 * Private to hal/.
 */
#pragma once
#include "hal.h"
#include "intrinsics.h"

/* What the MADT and FADT say, filled once by HalpReadAcpiTables. */
typedef struct HALP_BOARD {
    ULONG ProcessorCount;
    ULONG ApicIds[HAL_MAXIMUM_PROCESSORS];
    ULONG IoApicCount;
    struct HALP_IO_APIC {
        ULONG64 Physical;
        ULONG FirstGsi;
        volatile ULONG *Registers;
        ULONG LineCount;
    } IoApics[4];
    struct HALP_ISA_OVERRIDE {
        ULONG Gsi;
        BOOLEAN LevelTriggered, ActiveLow;
    } Isa[16];
    USHORT PmTimerPort;                /* 0 = none */
    UCHAR ResetValue;
    USHORT ResetPort;                  /* 0 = none */
    USHORT Pm1aControlPort;            /* 0 = none */
    ULONG64 EcamPhysical;              /* 0 = none */
    UCHAR EcamFirstBus, EcamLastBus;
} HALP_BOARD;
extern HALP_BOARD HalpBoard;

VOID HalpInitializeAcpi(ULONG64 RootPhysical);
VOID HalpReadAcpiTables(VOID);
VOID HalpCalibrate(VOID);
VOID HalpInitializeIoApics(VOID);
BOOLEAN HalpIsLineVector(ULONG Vector);
VOID HalpInitializePci(VOID);
ULONG HalpApicRead(ULONG Register);
VOID HalpApicWrite(ULONG Register, ULONG Value);
VOID HalpSendInit(ULONG ApicId);
VOID HalpSendStartup(ULONG ApicId, ULONG Page);
ULONG64 HalpReadCmosTime(VOID);
/* Points one page of the device window at Physical; Slot is a page of the window that the caller owns. */
VOID HalpRemapDevicePage(PVOID Slot, ULONG64 Physical);
DECLSPEC_NORETURN VOID HalpFatal(PCSTR Sentence);

extern ULONG64 HalpTscFrequency;
extern ULONG HalpApicTicksPerClock;
