/* SPDX-License-Identifier: MIT
 * The boot sector: every field is checked before anything is computed from it (Microsoft FAT32 File System Specification 1.03).
 */
#include "fat.h"
#include "bytes.h"

/* 0 when it is none. */
static uint32_t FatShift(uint32_t Power)
{
    uint32_t shift = 0;

    if (Power == 0 || (Power & (Power - 1)) != 0)
        return 0;
    while (Power >> shift != 1)
        shift++;
    return shift;
}

static bool FatHasGeometry(const uint8_t *Sector, FAT_VOLUME *Volume)
{
    uint32_t clusterSectors = Sector[13];

    if (Sector[0] != 0xEB && Sector[0] != 0xE9)
        return false;
    Volume->SectorSize = FatGet16(Sector + 11);
    Volume->SectorShift = FatShift(Volume->SectorSize);
    if (Volume->SectorShift < 9 || Volume->SectorShift > 12 || clusterSectors == 0 ||
        (clusterSectors & (clusterSectors - 1)) != 0)
        return false;
    Volume->ClusterSize = clusterSectors << Volume->SectorShift;
    Volume->ClusterShift = FatShift(Volume->ClusterSize);
    Volume->Media = Sector[21];
    return Volume->ClusterShift <= 18 && (Volume->Media == 0xF0 || Volume->Media >= 0xF8);
}

/* Reserved sectors, FATs, root, data: in this order, each within the volume. */
static bool FatPlaceAreas(const uint8_t *Sector, FAT_VOLUME *Volume)
{
    uint32_t reserved = FatGet16(Sector + 14), total = FatGet16(Sector + 19), fat = FatGet16(Sector + 22);
    bool large = fat == 0;

    if (total == 0)
        total = FatGet32(Sector + 32);
    if (large)
        fat = FatGet32(Sector + 36);
    Volume->FatCount = Sector[16];
    Volume->RootBytes = (uint32_t)FatGet16(Sector + 17) * FAT_ENTRY_SIZE;
    if (reserved == 0 || Volume->FatCount == 0 || fat == 0 || total == 0 || (Volume->RootBytes == 0) != large ||
        (Volume->RootBytes & (Volume->SectorSize - 1)) != 0)
        return false;
    Volume->FatOffset = (uint64_t)reserved << Volume->SectorShift;
    Volume->FatBytes = (uint64_t)fat << Volume->SectorShift;
    Volume->RootOffset = Volume->FatOffset + Volume->FatBytes * Volume->FatCount;
    Volume->DataOffset = Volume->RootOffset + Volume->RootBytes;
    Volume->TotalBytes = (uint64_t)total << Volume->SectorShift;
    return Volume->DataOffset < Volume->TotalBytes;
}

/* The width comes from the count of clusters alone, except that FAT32 says so by where its FAT's size stands. */
static bool FatCountClusters(const uint8_t *Sector, FAT_VOLUME *Volume)
{
    uint64_t clusters = (Volume->TotalBytes - Volume->DataOffset) >> Volume->ClusterShift, room;

    Volume->Bits = FatGet16(Sector + 22) == 0 ? 32 : clusters < 4085 ? 12 : 16;
    if (clusters == 0 || clusters > (Volume->Bits == 32 ? 0x0FFFFFF5u : 65524u))
        return false;
    room = Volume->FatBytes * 8 / Volume->Bits;
    if (room <= 2)
        return false;
    Volume->Clusters = (uint32_t)(clusters < room - 2 ? clusters : room - 2);
    return true;
}

static bool FatReadLargePart(const uint8_t *Sector, FAT_VOLUME *Volume)
{
    uint32_t flags = FatGet16(Sector + 40), information = FatGet16(Sector + 48);

    Volume->RootCluster = FatGet32(Sector + 44);
    Volume->Mirror = (flags & 0x80) == 0;
    Volume->ActiveFat = Volume->Mirror ? 0 : flags & 0x0F;
    if (information != 0 && information != 0xFFFF && ((uint64_t)information << Volume->SectorShift) + 512 <= Volume->FatOffset)
        Volume->InformationOffset = information << Volume->SectorShift;
    Volume->Serial = FatGet32(Sector + 67);
    return FatGet16(Sector + 42) == 0 && FatIsCluster(Volume, Volume->RootCluster) && Volume->ActiveFat < Volume->FatCount;
}

FAT_STATUS FatParseBootSector(const uint8_t *Sector, uint64_t MediumBytes, FAT_VOLUME *Volume)
{
    FAT_VOLUME volume = { .Mirror = true };

    if (!FatHasGeometry(Sector, &volume) || !FatPlaceAreas(Sector, &volume) || !FatCountClusters(Sector, &volume) ||
        volume.TotalBytes > MediumBytes)
        return FatNotFat;
    if (volume.Bits == 32) {
        if (!FatReadLargePart(Sector, &volume))
            return FatNotFat;
    } else if (Sector[38] == 0x28 || Sector[38] == 0x29) {
        volume.Serial = FatGet32(Sector + 39);
    }
    *Volume = volume;
    return FatOk;
}
