/* SPDX-License-Identifier: MIT
 * MSI (PCI Local Bus 3.0, 6.8.1) and MSI-X (6.8.2): telling a function which messages to write, and switching them on and off.
 */
#include "pci.h"

#define MSI_CONTROL 2u
#define MSI_ADDRESS 4u
#define MSI_ENABLE 0x0001u
#define MSI_COUNT_SHIFT 4u
#define MSI_COUNT_BITS 0x0070u
#define MSI_WIDE 0x0080u
#define MSI_MASKABLE 0x0100u

#define MSIX_TABLE 4u
#define MSIX_ENABLE 0x8000u
#define MSIX_MASK_ALL 0x4000u
#define MSIX_ENTRY_MASKED 1u

typedef struct PCI_MSIX_ENTRY {
    ULONG AddressLow, AddressHigh, Data, Control;
} PCI_MSIX_ENTRY;

/* ---- MSI: one address, data that differs in its lowest bits ---- */
/* As many of the first as have neighbouring vectors: a power of two. */
static ULONG PciCountBlock(const PNP_MESSAGE *Messages, ULONG Count)
{
    ULONG length = 1, block = 1;

    while (length < Count && Messages[length].Vector == Messages[0].Vector + length)
        length++;
    while (block * 2 <= length && Messages[0].Vector % (block * 2) == 0)
        block *= 2;
    return block;
}

static VOID PciEnableMsi(const PCI_FUNCTION *Function, const PNP_MESSAGE *Messages, ULONG Count)
{
    ULONG control = PciRead(Function, Function->Msi + MSI_CONTROL, 2) & ~(MSI_ENABLE | MSI_COUNT_BITS);
    ULONG data = Function->Msi + (control & MSI_WIDE ? 12u : 8u);
    ULONG block = min(PciCountBlock(Messages, Count), Function->MessageCount), value;
    ULONG64 address;

    HalGetMessage(Messages[0].Vector, Messages[0].Processor, &address, &value);
    PciWrite(Function, Function->Msi + MSI_CONTROL, 2, control);
    PciWrite(Function, Function->Msi + MSI_ADDRESS, 4, (ULONG)address);
    if (control & MSI_WIDE)
        PciWrite(Function, Function->Msi + MSI_ADDRESS + 4, 4, (ULONG)(address >> 32));
    PciWrite(Function, data, 2, value);
    if (control & MSI_MASKABLE)
        PciWrite(Function, data + 4, 4, 0);
    PciWrite(Function, Function->Msi + MSI_CONTROL, 2, control | MSI_ENABLE | (ULONG)__builtin_ctz(block) << MSI_COUNT_SHIFT);
}

/* ---- MSI-X: a table in one of the function's ranges ---- */
/* NULL: it lies outside of every range. MessageCount entries, to unmap. */
static volatile PCI_MSIX_ENTRY *PciMapTable(const PCI_FUNCTION *Function)
{
    ULONG where = PciRead(Function, Function->MsiX + MSIX_TABLE, 4), index = where & 7, offset = where & ~7u;
    ULONG size = Function->MessageCount * (ULONG)sizeof(PCI_MSIX_ENTRY);
    const PCI_BAR *bar = &Function->Bars[min(index, 5u)];
    PHYSICAL_ADDRESS physical = { .QuadPart = (LONGLONG)(bar->Base + offset) };

    if (index > 5 || bar->Port || bar->Length < size || offset > bar->Length - size)
        return NULL;
    return MmMapIoSpace(physical, size, MmNonCached);
}

static BOOLEAN PciEnableMsiX(const PCI_FUNCTION *Function, const PNP_MESSAGE *Messages, ULONG Count)
{
    ULONG control = PciRead(Function, Function->MsiX + MSI_CONTROL, 2), i, data;
    volatile PCI_MSIX_ENTRY *table = PciMapTable(Function);
    ULONG64 address;

    if (table == NULL)
        return FALSE;
    PciWrite(Function, Function->MsiX + MSI_CONTROL, 2, control | MSIX_ENABLE | MSIX_MASK_ALL);
    for (i = 0; i < Function->MessageCount; i++) {
        table[i].Control = MSIX_ENTRY_MASKED;
        if (i >= Count)
            continue;
        HalGetMessage(Messages[i].Vector, Messages[i].Processor, &address, &data);
        table[i].AddressLow = (ULONG)address;
        table[i].AddressHigh = (ULONG)(address >> 32);
        table[i].Data = data;
        table[i].Control = 0;
    }
    MmUnmapIoSpace((PVOID)table, Function->MessageCount * sizeof(PCI_MSIX_ENTRY));
    PciWrite(Function, Function->MsiX + MSI_CONTROL, 2, (control & ~MSIX_MASK_ALL) | MSIX_ENABLE);
    return TRUE;
}

BOOLEAN PciEnableMessages(const PCI_FUNCTION *Function, const PNP_MESSAGE *Messages, ULONG Count)
{
    if (Function->MsiX != 0)
        return PciEnableMsiX(Function, Messages, Count);
    PciEnableMsi(Function, Messages, Count);
    return TRUE;
}

VOID PciDisableMessages(const PCI_FUNCTION *Function)
{
    if (Function->Msi != 0)
        PciWrite(Function, Function->Msi + MSI_CONTROL, 2, PciRead(Function, Function->Msi + MSI_CONTROL, 2) & ~MSI_ENABLE);
    if (Function->MsiX != 0)
        PciWrite(Function, Function->MsiX + MSI_CONTROL, 2, PciRead(Function, Function->MsiX + MSI_CONTROL, 2) & ~MSIX_ENABLE);
}
