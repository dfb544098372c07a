/* SPDX-License-Identifier: MIT
 * Entries of the FAT in their three widths. An entry of 12 bits may lie across two pages.
 */
#include "fat.h"
#include "bytes.h"

static uint64_t FatPlace(const FAT_VOLUME *Volume, uint32_t Cluster)
{
    return Volume->Bits == 32   ? (uint64_t)Cluster * 4
           : Volume->Bits == 16 ? (uint64_t)Cluster * 2
                                : (uint64_t)Cluster + Cluster / 2;
}

/* All values that end a chain are one. */
static uint32_t FatWiden(const FAT_VOLUME *Volume, uint32_t Raw)
{
    uint32_t bad = Volume->Bits == 32 ? FAT_BAD : (1u << Volume->Bits) - 9;
    return Raw < bad ? Raw : Raw == bad ? FAT_BAD : FAT_LAST;
}

void FatOpenTable(FAT_TABLE *Table, FAT_VOLUME *Volume)
{
    Table->Volume = Volume;
    FatOpenWindow(&Table->Window, Volume->Host, Volume->Stream, Volume->RootOffset, false);
}

void FatCloseTable(FAT_TABLE *Table)
{
    FatCloseWindow(&Table->Window);
}

static FAT_STATUS FatGetNarrow(FAT_TABLE *Table, uint64_t Offset, uint32_t Cluster, uint32_t *Raw)
{
    const uint8_t *at = FatWindowAt(&Table->Window, Offset);
    uint32_t low, high;

    if (at == NULL)
        return FatIoError;
    low = *at;
    at = FatWindowAt(&Table->Window, Offset + 1);
    if (at == NULL)
        return FatIoError;
    high = *at;
    *Raw = Cluster & 1 ? low >> 4 | high << 4 : low | (high & 0x0F) << 8;
    return FatOk;
}

FAT_STATUS FatGetEntry(FAT_TABLE *Table, uint32_t Cluster, uint32_t *Value)
{
    FAT_VOLUME *volume = Table->Volume;
    uint64_t offset = volume->FatOffset + volume->FatBytes * volume->ActiveFat + FatPlace(volume, Cluster);
    const uint8_t *at;
    uint32_t raw = 0;
    FAT_STATUS status = FatOk;

    if (Cluster - 2 >= volume->Clusters && Cluster > 1)
        return FatCorrupt;
    if (volume->Bits == 12) {
        status = FatGetNarrow(Table, offset, Cluster, &raw);
    } else {
        at = FatWindowAt(&Table->Window, offset);
        if (at == NULL)
            return FatIoError;
        raw = volume->Bits == 32 ? FatGet32(at) & 0x0FFFFFFF : FatGet16(at);
    }
    if (status == FatOk)
        *Value = FatWiden(volume, raw);
    return status;
}

static FAT_STATUS FatPutNarrow(FAT_WINDOW *Window, uint64_t Offset, uint32_t Cluster, uint32_t Value)
{
    uint8_t *at = FatWindowAt(Window, Offset);

    if (at == NULL)
        return FatIoError;
    *at = (uint8_t)(Cluster & 1 ? (*at & 0x0F) | Value << 4 : Value);
    at = FatWindowAt(Window, Offset + 1);
    if (at == NULL)
        return FatIoError;
    *at = (uint8_t)(Cluster & 1 ? Value >> 4 : (*at & 0xF0) | ((Value >> 8) & 0x0F));
    return FatOk;
}

/* The upper four bits of a wide entry are not ours. */
static FAT_STATUS FatPut(const FAT_VOLUME *Volume, FAT_WINDOW *Window, uint32_t Fat, uint32_t Cluster, uint32_t Value)
{
    uint64_t offset = Volume->FatOffset + Volume->FatBytes * Fat + FatPlace(Volume, Cluster);
    uint8_t *at;

    if (Volume->Bits == 12)
        return FatPutNarrow(Window, offset, Cluster, Value & 0xFFF);
    at = FatWindowAt(Window, offset);
    if (at == NULL)
        return FatIoError;
    if (Volume->Bits == 32)
        FatPut32(at, (FatGet32(at) & 0xF0000000) | (Value & 0x0FFFFFFF));
    else
        FatPut16(at, Value);
    return FatOk;
}

FAT_STATUS FatSetRun(FAT_VOLUME *Volume, uint32_t First, uint32_t Count, uint32_t Last, bool Free)
{
    uint32_t fat, i, end = Volume->Mirror ? Volume->FatCount : Volume->ActiveFat + 1;
    FAT_STATUS status = FatOk;
    FAT_WINDOW window;

    if (Count == 0 || (First > 1 && (First - 2 >= Volume->Clusters || Count > Volume->Clusters - (First - 2))))
        return FatCorrupt;
    for (fat = Volume->Mirror ? 0 : Volume->ActiveFat; fat < end && status == FatOk; fat++) {
        FatOpenWindow(&window, Volume->Host, Volume->Stream, Volume->RootOffset, true);
        for (i = 0; i < Count && status == FatOk; i++)
            status = FatPut(Volume, &window, fat, First + i, Free ? FAT_FREE : i + 1 == Count ? Last : First + i + 1);
        FatCloseWindow(&window);
    }
    return status;
}

FAT_STATUS FatSetEntry(FAT_VOLUME *Volume, uint32_t Cluster, uint32_t Value)
{
    return FatSetRun(Volume, Cluster, 1, Value, false);
}
