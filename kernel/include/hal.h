/* SPDX-License-Identifier: MIT
 * The HAL: everything that depends on the board. Linked into ntoskrnl.exe; hal.dll forwards its exported names.
 */
#pragma once
#include "nt.h"
#include "../abi/loaderblock.h"

/* ---- Interrupt vectors: the upper four bits are the IRQL ---- */
#define HAL_VECTOR_APC 0x1F
#define HAL_VECTOR_DISPATCH 0x2F
#define HAL_VECTOR_DEVICE_FIRST 0x30
#define HAL_VECTOR_DEVICE_LAST 0xBF
#define HAL_VECTOR_CLOCK 0xD1
#define HAL_VECTOR_IPI 0xE1
#define HAL_VECTOR_ERROR 0xE3
#define HAL_VECTOR_SPURIOUS 0xFF

#define HAL_MAXIMUM_PROCESSORS 8u
#define HAL_CLOCK_INCREMENT 10000u      /* 100 ns units between two clock interrupts: 1 ms */

/* ---- Phases ---- */
/* Before anything but the loader's mapping exists: device window, ACPI tables, local APIC of this processor, clock rates, IOAPICs,
 * PCI. Stops in words when the machine lacks what Petrel needs. HalInitializePorts came before. */
VOID HalInitializePhase0(const LOADER_BLOCK *Block);

/* ---- Local APIC ---- */
VOID HalInitializeLocalApic(VOID);             /* on each processor, interrupts off */
VOID HalEndOfInterrupt(VOID);
VOID HalRequestSoftwareInterrupt(KIRQL Irql);  /* APC_LEVEL or DISPATCH_LEVEL, on this processor */
VOID HalSendInterrupt(ULONG ApicId, UCHAR Vector);
VOID HalSendNmi(ULONG ApicId);
ULONG HalCurrentApicId(VOID);
VOID HalStartClock(VOID);                      /* this processor's periodic clock interrupt at HAL_VECTOR_CLOCK */
VOID HalStopClock(VOID);

/* ---- Processors ---- */
ULONG HalProcessorCount(VOID);                 /* enabled in the MADT, at most HAL_MAXIMUM_PROCESSORS */
ULONG HalProcessorApicId(ULONG Number);
/* Starts an application processor by INIT-SIPI-SIPI: it arrives at Entry(Context) on Stack with the kernel's CR3, paging and NX
 * on, interrupts off. TrampolinePage is a free physical page below 1 MiB that is identity-mapped read-write-execute for the
 * time of the call. FALSE when it did not arrive within one second. */
BOOLEAN HalStartProcessor(ULONG Number, ULONG64 TrampolinePage, ULONG64 Cr3, PVOID Stack, VOID (*Entry)(PVOID), PVOID Context);

/* ---- Time ---- */
ULONG64 HalTscFrequency(VOID);                 /* Hz */
ULONG64 HalSystemTimeAtStart(VOID);            /* 100 ns since 1601 UTC, from the loader or the CMOS clock */

/* ---- Interrupt routing ---- */
ULONG HalInterruptLineCount(VOID);             /* global system interrupts the IOAPICs serve */
/* The device vector of a line and back: fixed, so that drivers can be told before anybody connects. */
ULONG HalVectorOfLine(ULONG Gsi);              /* 0: there is no such line */
VOID HalEnableVector(ULONG Vector, ULONG ApicId, BOOLEAN LevelTriggered);
VOID HalDisableVector(ULONG Vector);
VOID HalEnableInterruptLine(ULONG Gsi, UCHAR Vector, ULONG ApicId, BOOLEAN LevelTriggered, BOOLEAN ActiveLow);
VOID HalDisableInterruptLine(ULONG Gsi);
/* Vector, IRQL and processors of a bus's interrupt; 0 when there is no such line. For buses without resource lists. */
ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE InterfaceType, ULONG BusNumber, ULONG BusInterruptLevel, ULONG BusInterruptVector,
                                  PKIRQL Irql, PKAFFINITY Affinity);
/* Count (a power of two, at most 16) aligned device vectors that no line has, for messages; the first, or 0. Any IRQL. */
ULONG HalAllocateMessageVectors(ULONG Count);
VOID HalFreeMessageVector(ULONG Vector);
/* What a device writes where to raise the vector on a processor. */
VOID HalGetMessage(ULONG Vector, ULONG Processor, PULONG64 Address, PULONG Data);
ULONG HalIsaToGsi(ULONG IsaIrq, PBOOLEAN LevelTriggered, PBOOLEAN ActiveLow);

/* ---- ACPI static tables ---- */
/* A table by signature ("APIC"), checksum verified, mapped for good; NULL when absent. */
const VOID *HalFindAcpiTable(PCSTR Signature);
/* Maps physical memory in the HAL's own window, usable before memory management. Never unmapped. */
PVOID HalpMapDevice(ULONG64 Physical, ULONG Length, BOOLEAN Cached);

/* ---- PCI configuration space ---- */
ULONG HalReadPci(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width);   /* all ones when absent */
VOID HalWritePci(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width, ULONG Value);

/* ---- Bus data, exported ---- */
#undef HalGetBusData
#undef HalSetBusData
ULONG NTAPI HalGetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length);
ULONG NTAPI HalSetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length);
ULONG NTAPI HalGetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
                                  ULONG Length);
ULONG NTAPI HalSetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
                                  ULONG Length);
BOOLEAN NTAPI HalTranslateBusAddress(INTERFACE_TYPE InterfaceType, ULONG BusNumber, PHYSICAL_ADDRESS BusAddress, PULONG AddressSpace,
                                     PPHYSICAL_ADDRESS TranslatedAddress);
BOOLEAN NTAPI HalMakeBeep(ULONG Frequency);

/* ---- Serial ports and the debug port ---- */
typedef enum HAL_PORT { HalPortConsole, HalPortEvents, HalPortDebugger, HalPortCount } HAL_PORT;   /* COM1, COM2, COM3 */
VOID HalInitializePorts(VOID);
VOID HalPortWrite(HAL_PORT Port, PCSTR Text, SIZE_T Length);
VOID HalDebugPortWrite(PCSTR Text, SIZE_T Length);      /* port 0xE9 */

/* ---- QEMU's fw_cfg ---- */
BOOLEAN HalFwCfgPresent(VOID);
/* Size of a named file, 0 when absent. */
ULONG HalFwCfgSize(PCSTR Name);
/* Copies a whole named file to Buffer (Size bytes, physically arbitrary: page by page). FALSE when absent or not that large. */
BOOLEAN HalFwCfgRead(PCSTR Name, PVOID Buffer, ULONG Size);

/* ---- The end ---- */
DECLSPEC_NORETURN VOID HalExit(ULONG Status);           /* 33, 35, 37, 39 through isa-debug-exit; halts where there is none */
DECLSPEC_NORETURN VOID HalHalt(VOID);                   /* interrupts off, for good */
VOID HalResetProcessor(VOID);
VOID HalPowerOff(VOID);
