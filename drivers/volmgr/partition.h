/* SPDX-License-Identifier: MIT
 * Partition tables: GPT (UEFI 2.10, chapter 5) and MBR with its chain of extended ones. Portable C, for the driver and for the host's
 * tests. A table is a stranger's: everything is checked, and what does not hold is not a partition.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PARTITION_MAXIMUM 128u                   /* of a disk; more are not looked at */
#define PARTITION_BLOCK_MAXIMUM 4096u
#define PARTITION_NAME_UNITS 36u

typedef struct PARTITION_DISK {
    uint64_t Length;                             /* bytes */
    uint32_t BlockSize;                          /* 512 to PARTITION_BLOCK_MAXIMUM, a power of two */
    /* Reads whole blocks. false: it could not. */
    bool (*Read)(void *Context, uint64_t Offset, void *Buffer, uint32_t Length);
    void *Context;
} PARTITION_DISK;

typedef enum PARTITION_STYLE_KIND { PartitionNone, PartitionMbr, PartitionGpt } PARTITION_STYLE_KIND;

typedef struct PARTITION {
    uint64_t Offset, Length;                     /* bytes: whole blocks, inside the disk, apart from all others */
    uint32_t Number;                             /* from 1: the entry's place in the table; logical ones from 5 */
    uint8_t Type;                                /* MBR */
    bool Active;                                 /* MBR */
    uint8_t TypeGuid[16], Guid[16];              /* GPT, as on the disk, which is how a GUID is in memory */
    uint64_t Attributes;                         /* GPT */
    uint16_t Name[PARTITION_NAME_UNITS];         /* GPT */
} PARTITION;

typedef struct PARTITION_TABLE {
    PARTITION_STYLE_KIND Style;
    bool FromBackup;                             /* GPT: the first copy is damaged */
    bool HasBootSector;                          /* None: the disk begins as a file system does */
    uint32_t Signature;                          /* MBR */
    uint8_t Guid[16];                            /* GPT: the disk's */
    uint32_t Count;
    PARTITION Partitions[PARTITION_MAXIMUM];
    uint8_t Block[PARTITION_BLOCK_MAXIMUM];      /* what is being looked at */
} PARTITION_TABLE;

/* Fills *Table. false: the disk cannot be read, or has no size that makes sense. PartitionNone with no partitions: there is no table,
 * the disk is a volume as it is, or empty. */
bool PartitionReadTable(const PARTITION_DISK *Disk, PARTITION_TABLE *Table);

/* ---- Between the files ---- */
uint32_t PartitionGet32(const uint8_t *Bytes);
uint64_t PartitionGet64(const uint8_t *Bytes);
bool PartitionReadBlock(const PARTITION_DISK *Disk, uint64_t Block, PARTITION_TABLE *Table);
/* Adds a partition when it lies in the disk and apart from those that are there. NULL: it does not, or there are too many. */
PARTITION *PartitionAdd(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, uint64_t FirstBlock, uint64_t BlockCount);
bool PartitionReadGpt(const PARTITION_DISK *Disk, PARTITION_TABLE *Table);
/* Block 0 is in Table->Block. */
void PartitionReadMbr(const PARTITION_DISK *Disk, PARTITION_TABLE *Table);
