/* SPDX-License-Identifier: MIT
 * Private to the PCI bus driver (pci*.c), \Driver\pci. One device of the root bus stands for all PCI buses; every function on them is
 * a child of it. Lock: PciLock, a push lock before those of pnpp.h, guards the list of functions.
 */
#pragma once
#include "pnpp.h"
#include "hal.h"

/* Configuration space (PCI Local Bus 3.0, 6.1 and 6.8; PCI Express Base, 7.8) */
#define PCI_ID 0x00u
#define PCI_COMMAND 0x04u
#define PCI_REVISION 0x08u
#define PCI_HEADER 0x0Eu
#define PCI_BAR0 0x10u
#define PCI_SECONDARY_BUS 0x19u
#define PCI_SUBSYSTEM 0x2Cu
#define PCI_CAPABILITIES 0x34u
#define PCI_COMMAND_PORTS 0x0001u
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_DECODING (PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY)
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_LINE 0x0400u
#define PCI_STATUS_HAS_CAPABILITIES 0x0010u
#define PCI_CAPABILITY_MSI 0x05u
#define PCI_CAPABILITY_EXPRESS 0x10u
#define PCI_CAPABILITY_MSIX 0x11u

typedef struct PCI_BAR {
    ULONG64 Base, Length;                        /* Length 0: not there, or without an address */
    BOOLEAN Port, Prefetchable, Wide;
} PCI_BAR;

typedef struct PCI_FUNCTION {                    /* the extension of its physical device; all but the list I */
    PDEVICE_OBJECT Pdo;
    LIST_ENTRY Link;                             /* PciLock */
    BOOLEAN Present;                             /* PciLock found by the last look */
    ULONG Bus, Device, Function;
    USHORT Vendor, DeviceId, SubVendor, Subsystem;
    UCHAR Revision, Interface, Subclass, Class, Header;
    USHORT Command;                              /* as the firmware left it */
    PCI_BAR Bars[6];
    ULONG Msi, MsiX, Express;                    /* where the capabilities are; 0: it has none */
    ULONG MessageCount;                          /* that it can signal, of MSI-X if it has both */
    ULONG ExpressType;
} PCI_FUNCTION;

/* ---- Configuration space (pcifunction.c) ---- */
static inline ULONG PciRead(const PCI_FUNCTION *Function, ULONG Offset, ULONG Width)
{
    return HalReadPci(Function->Bus, Function->Device, Function->Function, Offset, Width);
}
static inline VOID PciWrite(const PCI_FUNCTION *Function, ULONG Offset, ULONG Width, ULONG Value)
{
    HalWritePci(Function->Bus, Function->Device, Function->Function, Offset, Width, Value);
}
/* Fills all from configuration space; Bus, Device and Function are set. The device must not be in use: its decoding is switched off
 * while the sizes of its ranges are probed. */
VOID PciReadFunction(PCI_FUNCTION *Function);

/* IRQL <= DISPATCH_LEVEL, no device's interrupt lock held. */
VOID PciWriteCommand(const PCI_FUNCTION *Function, ULONG Command);

/* ---- The bus (pcibus.c) ---- */
/* \Driver\pci and its device, added but not started; NULL: there is no memory for it. */
PDEVICE_OBJECT PciCreateBus(VOID);
NTSTATUS PciCreateFunction(ULONG Bus, ULONG Device, ULONG Function, PCI_FUNCTION **Made);
VOID PciForgetFunction(PCI_FUNCTION *Function);  /* its device is deleted when the last look did not find it */
extern PDRIVER_OBJECT PciDriver;

/* ---- The functions' answers ---- */
NTSTATUS PciDispatchFunction(PCI_FUNCTION *Function, PIRP Irp);                              /* pcidispatch.c: IRP_MJ_PNP */
NTSTATUS PciQueryId(const PCI_FUNCTION *Function, PIRP Irp, BUS_QUERY_ID_TYPE Type);         /* pciid.c */
NTSTATUS PciQueryText(const PCI_FUNCTION *Function, PIRP Irp, DEVICE_TEXT_TYPE Type);
NTSTATUS PciQueryResources(const PCI_FUNCTION *Function, PIRP Irp);                          /* pciresource.c */
NTSTATUS PciQueryRequirements(const PCI_FUNCTION *Function, PIRP Irp);
NTSTATUS PciQueryInterface(PCI_FUNCTION *Function, PIRP Irp);                                /* pciinterface.c */
NTSTATUS PciTransferConfiguration(const PCI_FUNCTION *Function, PIRP Irp, BOOLEAN Write);

/* ---- Messages (pcimessage.c) ---- */
/* Has the function signal these messages, the first ones it has. FALSE: its table of them cannot be reached. */
BOOLEAN PciEnableMessages(const PCI_FUNCTION *Function, const PNP_MESSAGE *Messages, ULONG Count);
VOID PciDisableMessages(const PCI_FUNCTION *Function);
