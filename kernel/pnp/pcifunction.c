/* SPDX-License-Identifier: MIT
 * What configuration space says of a function: who it is, which ranges it decodes and how long they are, what it can do.
 */
#include "pci.h"

#define PCI_CAPABILITY_LIMIT 48u                 /* as many as fit between 0x40 and 0x100: a list may be a ring */

/* ---- Ranges ---- */
/* All ones written and read back: the bits that stay zero are the length's. */
static ULONG PciProbe(const PCI_FUNCTION *Function, ULONG Offset)
{
    ULONG old = PciRead(Function, Offset, 4), mask;

    PciWrite(Function, Offset, 4, 0xFFFFFFFF);
    mask = PciRead(Function, Offset, 4);
    PciWrite(Function, Offset, 4, old);
    return mask;
}

static VOID PciReadPortBar(const PCI_FUNCTION *Function, ULONG Offset, ULONG Value, PCI_BAR *Bar)
{
    ULONG mask = PciProbe(Function, Offset) & 0xFFFC;

    Bar->Port = TRUE;
    Bar->Base = Value & 0xFFFC;
    Bar->Length = Bar->Base != 0 && mask != 0 ? (~mask & 0xFFFF) + 1 : 0;
}

static VOID PciReadMemoryBar(const PCI_FUNCTION *Function, ULONG Offset, ULONG Value, PCI_BAR *Bar)
{
    ULONG64 mask = PciProbe(Function, Offset) & ~15u;

    Bar->Wide = (Value & 6) == 4;
    Bar->Prefetchable = (Value & 8) != 0;
    Bar->Base = Value & ~15u;
    if (Bar->Wide) {
        Bar->Base |= (ULONG64)PciRead(Function, Offset + 4, 4) << 32;
        mask |= (ULONG64)PciProbe(Function, Offset + 4) << 32;
    } else {
        mask |= mask != 0 ? 0xFFFFFFFF00000000ull : 0;
    }
    Bar->Length = Bar->Base != 0 && mask != 0 ? ~mask + 1 : 0;
}

/* A length that is no power of two, or a base that is not aligned to it, is nobody's range. */
static BOOLEAN PciIsRange(const PCI_BAR *Bar)
{
    return Bar->Length != 0 && (Bar->Length & (Bar->Length - 1)) == 0 && (Bar->Base & (Bar->Length - 1)) == 0;
}

static VOID PciReadBars(PCI_FUNCTION *Function)
{
    ULONG count = Function->Header == 0 ? 6 : Function->Header == 1 ? 2 : 0, i;

    for (i = 0; i < count; i++) {
        PCI_BAR *bar = &Function->Bars[i];
        ULONG offset = PCI_BAR0 + 4 * i, value = PciRead(Function, offset, 4);
        if (value & 1)
            PciReadPortBar(Function, offset, value, bar);
        else if ((value & 6) != 4 || i + 1 < count)
            PciReadMemoryBar(Function, offset, value, bar);
        if (!PciIsRange(bar))
            bar->Length = 0;
        i += bar->Wide;
    }
}

/* ---- Decoding ---- */
/* While the map of addresses changes, the other processors stand still: what one of them wrote to the screen meanwhile would be lost,
 * and QEMU before 8.2 may take another device for the one that a processor has at hand (its own interrupt controller, say).
 */
static VOID PciProbeBars(PVOID Context)
{
    PCI_FUNCTION *function = Context;

    PciWrite(function, PCI_COMMAND, 2, function->Command & ~PCI_COMMAND_DECODING);
    PciReadBars(function);
    PciWrite(function, PCI_COMMAND, 2, function->Command);
}

typedef struct PCI_CHANGE { const PCI_FUNCTION *Function; ULONG Command; } PCI_CHANGE;

static VOID PciChangeCommand(PVOID Context)
{
    const PCI_CHANGE *change = Context;
    PciWrite(change->Function, PCI_COMMAND, 2, change->Command);
}

VOID PciWriteCommand(const PCI_FUNCTION *Function, ULONG Command)
{
    PCI_CHANGE change = { Function, Command };

    if ((PciRead(Function, PCI_COMMAND, 2) ^ Command) & PCI_COMMAND_DECODING)
        KeCallAlone(PciChangeCommand, &change);
    else
        PciChangeCommand(&change);
}

/* The processor's own bridge goes on decoding: what it decodes is memory itself. */
static VOID PciSizeRanges(PCI_FUNCTION *Function)
{
    if (Function->Class != 6 || Function->Subclass != 0)
        KeCallAlone(PciProbeBars, Function);
}

/* ---- Capabilities ---- */
static VOID PciReadMessageCount(PCI_FUNCTION *Function)
{
    if (Function->MsiX != 0)
        Function->MessageCount = (PciRead(Function, Function->MsiX + 2, 2) & 0x7FF) + 1;
    else if (Function->Msi != 0)
        Function->MessageCount = 1u << min(PciRead(Function, Function->Msi + 2, 2) >> 1 & 7, 5u);
}

static VOID PciReadCapabilities(PCI_FUNCTION *Function)
{
    ULONG offset, count;

    if (!(PciRead(Function, PCI_COMMAND + 2, 2) & PCI_STATUS_HAS_CAPABILITIES))
        return;
    offset = PciRead(Function, PCI_CAPABILITIES, 1) & 0xFC;
    for (count = 0; offset >= 0x40 && count < PCI_CAPABILITY_LIMIT; count++) {
        ULONG id = PciRead(Function, offset, 1);
        if (id == PCI_CAPABILITY_MSI && Function->Msi == 0)
            Function->Msi = offset;
        else if (id == PCI_CAPABILITY_MSIX && Function->MsiX == 0)
            Function->MsiX = offset;
        else if (id == PCI_CAPABILITY_EXPRESS)
            Function->Express = offset;
        offset = PciRead(Function, offset + 1, 1) & 0xFC;
    }
    PciReadMessageCount(Function);
    if (Function->Express != 0)
        Function->ExpressType = PciRead(Function, Function->Express + 2, 2) >> 4 & 15;
}

VOID PciReadFunction(PCI_FUNCTION *Function)
{
    ULONG id = PciRead(Function, PCI_ID, 4), class = PciRead(Function, PCI_REVISION, 4), subsystem;

    Function->Vendor = (USHORT)id;
    Function->DeviceId = (USHORT)(id >> 16);
    Function->Revision = (UCHAR) class;
    Function->Interface = (UCHAR)(class >> 8);
    Function->Subclass = (UCHAR)(class >> 16);
    Function->Class = (UCHAR)(class >> 24);
    Function->Header = (UCHAR)(PciRead(Function, PCI_HEADER, 1) & 0x7F);
    Function->Command = (USHORT)PciRead(Function, PCI_COMMAND, 2);
    subsystem = Function->Header == 0 ? PciRead(Function, PCI_SUBSYSTEM, 4) : 0;
    Function->SubVendor = (USHORT)subsystem;
    Function->Subsystem = (USHORT)(subsystem >> 16);
    PciSizeRanges(Function);
    PciReadCapabilities(Function);
}
