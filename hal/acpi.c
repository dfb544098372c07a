/* SPDX-License-Identifier: MIT
 * ACPI static tables (ACPI 6.4, chapter 5): find, verify, read what the board has. The tables come from firmware and are checked
 * like any other input; AML is not interpreted.
 */
#include "halp.h"

#define ACPI_TABLE_LIMIT 0x100000u
#define ACPI_TABLES_MAXIMUM 64u

typedef struct ACPI_HEADER {
    CHAR Signature[4];
    ULONG Length;
    UCHAR Revision, Checksum;
    CHAR OemId[6], OemTableId[8];
    ULONG OemRevision, CreatorId, CreatorRevision;
} ACPI_HEADER;
C_ASSERT(sizeof(ACPI_HEADER) == 36);

HALP_BOARD HalpBoard;
static const ACPI_HEADER *HalpTableList[ACPI_TABLES_MAXIMUM];
static ULONG HalpTableCount;

static ULONG HalpRead32(const UCHAR *p) { return p[0] | p[1] << 8 | p[2] << 16 | (ULONG)p[3] << 24; }
static ULONG64 HalpRead64(const UCHAR *p) { return HalpRead32(p) | (ULONG64)HalpRead32(p + 4) << 32; }

static BOOLEAN HalpChecksumIsGood(const VOID *Table, ULONG Length)
{
    const UCHAR *bytes = Table;
    UCHAR sum = 0;
    ULONG i;
    for (i = 0; i < Length; i++)
        sum += bytes[i];
    return sum == 0;
}

static BOOLEAN HalpSignatureIs(const ACPI_HEADER *Table, PCSTR Signature)
{
    return Table->Signature[0] == Signature[0] && Table->Signature[1] == Signature[1] &&
           Table->Signature[2] == Signature[2] && Table->Signature[3] == Signature[3];
}

/* Maps a whole table, or returns NULL when its header or checksum is bad. */
static const ACPI_HEADER *HalpMapTable(ULONG64 Physical)
{
    const ACPI_HEADER *table = HalpMapDevice(Physical, sizeof(ACPI_HEADER), TRUE);
    ULONG length = table->Length;

    if (length < sizeof(ACPI_HEADER) || length > ACPI_TABLE_LIMIT)
        return NULL;
    if ((Physical & (PAGE_SIZE - 1)) + length > PAGE_SIZE)
        table = HalpMapDevice(Physical, length, TRUE);
    return HalpChecksumIsGood(table, length) ? table : NULL;
}

static VOID HalpListTables(const ACPI_HEADER *Root, ULONG EntrySize)
{
    const UCHAR *entry = (const UCHAR *)(Root + 1);
    ULONG count = (Root->Length - sizeof(*Root)) / EntrySize;

    for (; count != 0 && HalpTableCount < ACPI_TABLES_MAXIMUM; count--, entry += EntrySize) {
        const ACPI_HEADER *table;
        ULONG64 physical = EntrySize == 8 ? HalpRead64(entry) : HalpRead32(entry);
        const CHAR *name = HalpMapDevice(physical, 4, TRUE);
        /* Only what is used gets mapped whole: the DSDT-sized tables would fill the window. */
        if (name[0] == 'S' && name[1] == 'S')
            continue;
        table = HalpMapTable(physical);
        if (table != NULL)
            HalpTableList[HalpTableCount++] = table;
    }
}

VOID HalpInitializeAcpi(ULONG64 RootPhysical)
{
    const UCHAR *rsdp;
    const ACPI_HEADER *root;
    BOOLEAN extended;

    if (RootPhysical == 0)
        HalpFatal("the firmware passed no ACPI tables");
    rsdp = HalpMapDevice(RootPhysical, 36, TRUE);
    if (!HalpChecksumIsGood(rsdp, 20))
        HalpFatal("the ACPI root pointer has a wrong checksum");
    extended = rsdp[15] >= 2 && HalpRead64(rsdp + 24) != 0;
    root = HalpMapTable(extended ? HalpRead64(rsdp + 24) : HalpRead32(rsdp + 16));
    if (root == NULL)
        HalpFatal("the ACPI root table is damaged");
    HalpListTables(root, extended ? 8 : 4);
}

const VOID *HalFindAcpiTable(PCSTR Signature)
{
    ULONG i;
    for (i = 0; i < HalpTableCount; i++)
        if (HalpSignatureIs(HalpTableList[i], Signature))
            return HalpTableList[i];
    return NULL;
}

static VOID HalpAddProcessor(ULONG ApicId, ULONG Flags)
{
    if ((Flags & 1) && HalpBoard.ProcessorCount < HAL_MAXIMUM_PROCESSORS)
        HalpBoard.ApicIds[HalpBoard.ProcessorCount++] = ApicId;
}

static VOID HalpAddOverride(const UCHAR *Entry)
{
    ULONG source = Entry[3], flags = Entry[8] | Entry[9] << 8;
    if (source >= 16)
        return;
    HalpBoard.Isa[source].Gsi = HalpRead32(Entry + 4);
    HalpBoard.Isa[source].ActiveLow = (flags & 3) == 3;
    HalpBoard.Isa[source].LevelTriggered = ((flags >> 2) & 3) == 3;
}

/* One MADT entry, Length bytes (ACPI 5.2.12). */
static VOID HalpReadMadtEntry(const UCHAR *Entry, ULONG Length)
{
    if (Entry[0] == 0 && Length >= 8)
        HalpAddProcessor(Entry[3], HalpRead32(Entry + 4));
    else if (Entry[0] == 9 && Length >= 16)
        HalpAddProcessor(HalpRead32(Entry + 4), HalpRead32(Entry + 8));
    else if (Entry[0] == 2 && Length >= 10)
        HalpAddOverride(Entry);
    else if (Entry[0] == 1 && Length >= 12 && HalpBoard.IoApicCount < RTL_NUMBER_OF(HalpBoard.IoApics)) {
        HalpBoard.IoApics[HalpBoard.IoApicCount].Physical = HalpRead32(Entry + 4);
        HalpBoard.IoApics[HalpBoard.IoApicCount++].FirstGsi = HalpRead32(Entry + 8);
    }
}

static VOID HalpReadMadt(VOID)
{
    const ACPI_HEADER *madt = HalFindAcpiTable("APIC");
    ULONG offset, i;

    if (madt == NULL || madt->Length < 44)
        HalpFatal("the firmware has no ACPI table of interrupt controllers (MADT)");
    for (i = 0; i < 16; i++)
        HalpBoard.Isa[i].Gsi = i;
    for (offset = 44; offset + 2 <= madt->Length;) {
        const UCHAR *entry = (const UCHAR *)madt + offset;
        if (entry[1] < 2 || entry[1] > madt->Length - offset)
            break;
        HalpReadMadtEntry(entry, entry[1]);
        offset += entry[1];
    }
    if (HalpBoard.ProcessorCount == 0)
        HalpFatal("the MADT lists no enabled processor");
}

static VOID HalpReadFadt(VOID)
{
    const ACPI_HEADER *fadt = HalFindAcpiTable("FACP");
    const UCHAR *bytes = (const UCHAR *)fadt;

    if (fadt == NULL || fadt->Length < 116)
        return;
    HalpBoard.Pm1aControlPort = (USHORT)HalpRead32(bytes + 64);
    if (bytes[91] == 4)
        HalpBoard.PmTimerPort = (USHORT)HalpRead32(bytes + 76);
    if (fadt->Length >= 129 && (HalpRead32(bytes + 112) & (1u << 10)) && bytes[116] == 1) {
        HalpBoard.ResetPort = (USHORT)HalpRead64(bytes + 120);
        HalpBoard.ResetValue = bytes[128];
    }
}

static VOID HalpReadMcfg(VOID)
{
    const ACPI_HEADER *mcfg = HalFindAcpiTable("MCFG");
    const UCHAR *bytes = (const UCHAR *)mcfg;

    if (mcfg == NULL || mcfg->Length < 60 || bytes[52] != 0 || bytes[53] != 0)
        return;                                  /* segment group 0 only */
    HalpBoard.EcamPhysical = HalpRead64(bytes + 44);
    HalpBoard.EcamFirstBus = bytes[54];
    HalpBoard.EcamLastBus = bytes[55];
}

VOID HalpReadAcpiTables(VOID)
{
    HalpReadMadt();
    HalpReadFadt();
    HalpReadMcfg();
}

ULONG HalProcessorCount(VOID) { return HalpBoard.ProcessorCount; }
ULONG HalProcessorApicId(ULONG Number) { return HalpBoard.ApicIds[Number]; }

ULONG HalIsaToGsi(ULONG IsaIrq, PBOOLEAN LevelTriggered, PBOOLEAN ActiveLow)
{
    *LevelTriggered = HalpBoard.Isa[IsaIrq & 15].LevelTriggered;
    *ActiveLow = HalpBoard.Isa[IsaIrq & 15].ActiveLow;
    return HalpBoard.Isa[IsaIrq & 15].Gsi;
}
