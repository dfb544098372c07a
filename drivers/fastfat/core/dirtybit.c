/* SPDX-License-Identifier: MIT
 * What a mount leaves for the next one: whether the volume was left clean, and in FSInfo how much is free.
 */
#include "fat.h"
#include "bytes.h"

#define FAT_BOOT_DIRTY 1

/* Of the boot sector: the byte that Windows keeps the mark in. */
static uint32_t FatMarkOffset(const FAT_VOLUME *Volume)
{
    return Volume->Bits == 32 ? 65 : 37;
}

static FAT_STATUS FatMarkBootSector(FAT_VOLUME *Volume, bool Dirty)
{
    FAT_WINDOW window;
    uint8_t *at;

    FatOpenWindow(&window, Volume->Host, Volume->Stream, Volume->RootOffset, true);
    at = FatWindowAt(&window, FatMarkOffset(Volume));
    if (at != NULL)
        *at = (uint8_t)(Dirty ? *at | FAT_BOOT_DIRTY : *at & ~FAT_BOOT_DIRTY);
    FatCloseWindow(&window);
    return at == NULL ? FatIoError : FatOk;
}

/* The second entry has a bit that is clear while the volume is dirty; FAT12 has no room for it. */
static FAT_STATUS FatMarkTable(FAT_VOLUME *Volume, bool Dirty)
{
    uint32_t bit = Volume->Bits == 32 ? 0x08000000 : 0x8000;
    uint32_t value = Volume->Bits == 32 ? 0x0FFFFFFF : 0xFFFF;

    return Volume->Bits == 12 ? FatOk : FatSetRun(Volume, 1, 1, Dirty ? value & ~bit : value, false);
}

FAT_STATUS FatSetDirty(FAT_VOLUME *Volume, bool Dirty)
{
    FAT_STATUS status = FatMarkTable(Volume, Dirty);
    return status == FatOk ? FatMarkBootSector(Volume, Dirty) : status;
}

FAT_STATUS FatIsDirty(FAT_VOLUME *Volume, bool *Dirty)
{
    FAT_WINDOW window;
    uint8_t *at;

    FatOpenWindow(&window, Volume->Host, Volume->Stream, Volume->RootOffset, false);
    at = FatWindowAt(&window, FatMarkOffset(Volume));
    if (at != NULL)
        *Dirty = (*at & FAT_BOOT_DIRTY) != 0;
    FatCloseWindow(&window);
    return at == NULL ? FatIoError : FatOk;
}

FAT_STATUS FatWriteInformation(FAT_VOLUME *Volume)
{
    FAT_STATUS status = FatOk;
    FAT_WINDOW window;
    uint8_t *at;

    if (Volume->InformationOffset == 0)
        return FatOk;
    FatOpenWindow(&window, Volume->Host, Volume->Stream, Volume->RootOffset, true);
    at = FatWindowAt(&window, Volume->InformationOffset);
    if (at == NULL) {
        status = FatIoError;
    } else if (FatGet32(at) == 0x41615252 && FatGet32(at + 484) == 0x61417272) {
        FatPut32(at + 488, Volume->Free);
        FatPut32(at + 492, FatIsCluster(Volume, Volume->Hint) ? Volume->Hint : 2);
    }
    FatCloseWindow(&window);
    return status;
}
