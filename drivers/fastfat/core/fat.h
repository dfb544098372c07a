/* SPDX-License-Identifier: MIT
 * FAT12, FAT16 and FAT32 with long names as they lie on a disk. Portable: no DDK, no globals; memory, case, code page and cached
 * bytes come through FAT_HOST. Everything read from the disk is hostile: a field is used only after it was checked, a chain is walked
 * with a bound, and a finding is FatCorrupt.
 *
 *   boot sector, reserved | FAT 1 | FAT 2 ... | root (FAT12/16) | cluster 2, 3, ...
 *
 * A stream is a run of cached bytes: the volume's (all before the root or cluster 2), and one for each directory. It is mapped a page
 * (FAT_PAGE) at a time.
 *
 * No locks: who changes FAT entries or the bitmap is alone on the volume, who changes a directory alone in it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAT_PAGE 4096u
#define FAT_ENTRY_SIZE 32u
#define FAT_MAXIMUM_NAME 255u                    /* UTF-16 units */
#define FAT_MAXIMUM_DIRECTORY 0x200000u          /* bytes: 65536 entries */
#define FAT_MAXIMUM_FILE 0xFFFFFFFFu
#define FAT_SHORT_LENGTH 11u
#define FAT_SHORT_TEXT 12u                       /* with the dot */

typedef enum FAT_STATUS {
    FatOk,
    FatNotFat,
    FatNoMemory,
    FatIoError,
    FatNotFound,
    FatDiskFull,
    FatDirectoryFull,
    FatBadName,
    FatTorn, /* within core/ only: a chain that leads to no cluster of its own */
    FatCorrupt
} FAT_STATUS;

enum {
    FatReadOnly = 0x01,
    FatHidden = 0x02,
    FatSystem = 0x04,
    FatVolumeLabel = 0x08,
    FatDirectory = 0x10,
    FatArchive = 0x20,
    FatLongName = 0x0F,
    FatSettable = FatReadOnly | FatHidden | FatSystem | FatArchive
};

typedef struct FAT_HOST {
    void *(*Allocate)(size_t Bytes);
    void (*Free)(void *Block);
    /* Length bytes of a stream inside one page; for Write they will be written back. NULL: they cannot be read. */
    uint8_t *(*Map)(void *Stream, uint64_t Offset, uint32_t Length, bool Write, void **Pin);
    void (*Unmap)(void *Pin);
    uint16_t (*Upcase)(uint16_t Character);
    uint8_t (*ToOem)(uint16_t Character);        /* 0: the code page has no such character of one byte */
    uint16_t (*FromOem)(uint8_t Character);
} FAT_HOST;

/* A page of a stream that stays mapped while neighbours are visited. */
typedef struct FAT_WINDOW {
    const FAT_HOST *Host;
    void *Stream, *Pin;
    uint8_t *Bytes;                              /* NULL: nothing is mapped */
    uint64_t Limit;                              /* the stream's size */
    uint64_t Base;
    bool Write;
} FAT_WINDOW;

void FatOpenWindow(FAT_WINDOW *Window, const FAT_HOST *Host, void *Stream, uint64_t Limit, bool Write);
/* The byte at Offset and those after it up to the end of its page. NULL: beyond the limit, or it cannot be read. */
uint8_t *FatWindowAt(FAT_WINDOW *Window, uint64_t Offset);
void FatCloseWindow(FAT_WINDOW *Window);

/* ---- The volume ---- */
typedef struct FAT_VOLUME {
    const FAT_HOST *Host;
    void *Stream; /* the bytes before DataOffset, or before RootOffset when there is a fixed root */
    uint32_t Bits; /* 12, 16, 32 */
    uint32_t SectorSize, SectorShift, ClusterSize, ClusterShift;
    uint32_t FatCount, ActiveFat; /* Mirror: all are written, else ActiveFat alone */
    bool Mirror;
    uint64_t FatOffset, FatBytes; /* of the first, of each */
    uint64_t RootOffset; /* where the FATs end */
    uint32_t RootBytes, RootCluster; /* FAT12/16, FAT32 */
    uint64_t DataOffset, TotalBytes;
    uint32_t Clusters; /* numbers 2 ... Clusters + 1 */
    uint32_t InformationOffset; /* FSInfo; 0: none */
    uint32_t Serial;
    uint8_t Media;
    uint64_t *Used; /* a bit for each cluster number */
    uint64_t *Held; /* of those that are free: what the disk may still lead to */
    uint32_t Free, Hint; /* Free counts what is held, too */
    uint32_t HeldCount, Frees; /* Frees: how often something was freed */
} FAT_VOLUME;

/* Checks the first 512 bytes of a medium of that many bytes. FatNotFat: this is no FAT volume, or one that cannot be right. */
FAT_STATUS FatParseBootSector(const uint8_t *Sector, uint64_t MediumBytes, FAT_VOLUME *Volume);
/* After FatParseBootSector, Host and Stream: reads every FAT entry to know what is free. What is free though a chain leads to it counts as
 * used: else it would soon be in two chains. */
FAT_STATUS FatOpenVolume(FAT_VOLUME *Volume);
void FatCloseVolume(FAT_VOLUME *Volume);
/* The disk has everything that was so when Volume->Frees was Frees: what was freed before may be used again, unless more was freed since.
 * Without that, it is used again when nothing else is free. */
void FatSettle(FAT_VOLUME *Volume, uint32_t Frees);
static inline bool FatIsCluster(const FAT_VOLUME *Volume, uint32_t Cluster)
{
    return Cluster >= 2 && Cluster - 2 < Volume->Clusters;
}
/* Where a cluster lies on the medium. */
static inline uint64_t FatClusterOffset(const FAT_VOLUME *Volume, uint32_t Cluster)
{
    return Volume->DataOffset + ((uint64_t)(Cluster - 2) << Volume->ClusterShift);
}

/* The mark that changes may be unwritten. */
FAT_STATUS FatSetDirty(FAT_VOLUME *Volume, bool Dirty);
FAT_STATUS FatIsDirty(FAT_VOLUME *Volume, bool *Dirty);
/* Writes what is free where the next mount finds it; nothing to do without FSInfo. */
FAT_STATUS FatWriteInformation(FAT_VOLUME *Volume);

/* ---- Entries of the FAT. Values: 0 free, 2 ... a cluster, FAT_BAD, FAT_LAST. ---- */
#define FAT_FREE 0u
#define FAT_BAD 0x0FFFFFF7u
#define FAT_LAST 0x0FFFFFFFu

typedef struct FAT_TABLE { /* windows onto the FATs while entries are visited */
    FAT_VOLUME *Volume;
    FAT_WINDOW Window;
} FAT_TABLE;
void FatOpenTable(FAT_TABLE *Table, FAT_VOLUME *Volume);
void FatCloseTable(FAT_TABLE *Table);
/* FatCorrupt: no such cluster. */
FAT_STATUS FatGetEntry(FAT_TABLE *Table, uint32_t Cluster, uint32_t *Value);
FAT_STATUS FatSetEntry(FAT_VOLUME *Volume, uint32_t Cluster, uint32_t Value);
/* Count clusters from First on: each leads to the next, the last to Last; Free: all are free. */
FAT_STATUS FatSetRun(FAT_VOLUME *Volume, uint32_t First, uint32_t Count, uint32_t Last, bool Free);

/* ---- Chains as runs of clusters ---- */
typedef struct FAT_RUN {
    uint32_t First, Cluster, Count; /* First: the file's cluster it begins with */
} FAT_RUN;

typedef struct FAT_RUNS {
    FAT_RUN *Run;
    uint32_t Count, Capacity;
    uint32_t Clusters;
} FAT_RUNS;

/* Follows a chain; First may be 0: none. FatCorrupt: it leaves the volume, comes to what is free or bad, or comes back. */
FAT_STATUS FatLoadChain(FAT_VOLUME *Volume, uint32_t First, FAT_RUNS *Runs);
/* The same on a volume that was not shut down, where a chain may be longer or shorter than its file: at most Most clusters, and no more
 * than are there before it leaves the volume or comes to what is free or bad. FatCorrupt: not one is, or it comes back. */
FAT_STATUS FatLoadTornChain(FAT_VOLUME *Volume, uint32_t First, uint32_t Most, FAT_RUNS *Runs);
/* The run that holds the file's cluster; NULL: the file is shorter. */
const FAT_RUN *FatFindRun(const FAT_RUNS *Runs, uint32_t Cluster);
static inline uint32_t FatFirstCluster(const FAT_RUNS *Runs)
{
    return Runs->Count == 0 ? 0 : Runs->Run[0].Cluster;
}
FAT_STATUS FatAppendRun(const FAT_HOST *Host, FAT_RUNS *Runs, uint32_t Cluster, uint32_t Count);
void FatFreeRuns(const FAT_HOST *Host, FAT_RUNS *Runs);

/* Makes the chain longer in memory only: the new clusters are nobody else's, and can be filled. FatDiskFull: nothing has changed. */
FAT_STATUS FatReserveChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters);
/* Links what is behind the first Before clusters, its joint last; or gives it up, which a failure does, too. */
FAT_STATUS FatCommitChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Before);
void FatAbandonChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Before);
/* Both at once. */
FAT_STATUS FatExtendChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters);
/* Makes it shorter: its end is written before the rest is freed. */
FAT_STATUS FatTruncateChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters);

/* ---- Time: 100 ns since 1601, in the zone the disk's time is in ---- */
typedef struct FAT_TIME {
    uint16_t Date, Time;
    uint8_t Hundredths; /* 0 ... 199 */
} FAT_TIME;
FAT_TIME FatEncodeTime(uint64_t Time);
/* 0 when the date is none. */
uint64_t FatDecodeTime(FAT_TIME Time);

/* ---- Directories ---- */
typedef struct FAT_FOLDER {
    FAT_VOLUME *Volume;
    void *Stream;
    uint32_t Bytes; /* all its clusters */
} FAT_FOLDER;

typedef struct FAT_RECORD { /* what the short entry says */
    uint8_t Name[FAT_SHORT_LENGTH];
    uint8_t Attributes;
    uint8_t Case; /* 8: the name is in lower case, 16: the extension */
    FAT_TIME Created, Accessed, Written;
    uint32_t Cluster, Size;
} FAT_RECORD;

typedef struct FAT_ENTRY {
    FAT_RECORD Record;
    uint32_t Offset, First; /* of the short entry, of the first long one (else the same) */
    uint16_t ShortName[FAT_SHORT_TEXT];
    uint16_t ShortLength;
    uint16_t Length; /* of Name: the long name, or the short one in its case */
    bool HasLong;
    uint16_t Name[FAT_MAXIMUM_NAME + 1];
} FAT_ENTRY;

typedef struct FAT_SCAN {
    FAT_FOLDER Folder;
    FAT_WINDOW Window;
    uint32_t Offset;
} FAT_SCAN;

void FatOpenScan(FAT_SCAN *Scan, const FAT_FOLDER *Folder, uint32_t Offset);
void FatCloseScan(FAT_SCAN *Scan);
/* The next entry in use that is no long name by itself (labels and dots included). FatNotFound: there is none. */
FAT_STATUS FatNextEntry(FAT_SCAN *Scan, FAT_ENTRY *Entry);
/* By long or short name, without case; never a label. */
FAT_STATUS FatFindEntry(const FAT_FOLDER *Folder, const uint16_t *Name, uint32_t Length, FAT_ENTRY *Entry);
FAT_STATUS FatFindLabel(const FAT_FOLDER *Folder, FAT_ENTRY *Entry);
/* FatOk: nothing but dots is in it. FatNotFound: something is. */
FAT_STATUS FatIsEmpty(const FAT_FOLDER *Folder);

void FatDecodeRecord(const FAT_VOLUME *Volume, const uint8_t *Bytes, FAT_RECORD *Record);
void FatEncodeRecord(const FAT_VOLUME *Volume, const FAT_RECORD *Record, uint8_t *Bytes);
/* Writes the short entry anew. */
FAT_STATUS FatWriteRecord(const FAT_FOLDER *Folder, uint32_t Offset, const FAT_RECORD *Record);

typedef struct FAT_NEW_NAME {
    uint16_t Name[FAT_MAXIMUM_NAME];
    uint16_t Length;
    uint8_t Short[FAT_SHORT_LENGTH];
    uint8_t Case;
    uint32_t Entries; /* with the short one */
} FAT_NEW_NAME;

/* Dots and spaces at the end do not count and are cut off *Length. FatBadName: nothing is left, or too much. */
FAT_STATUS FatTrimName(const uint16_t *Name, uint32_t *Length);
/* Trims it, and looks at the characters. */
FAT_STATUS FatCheckName(const uint16_t *Name, uint32_t *Length);
/* Decides how a name is stored: as it is in 8.3, or with a short name of which the folder has no other.
 * Except: an entry's offset whose short name does not count (it is being renamed); ~0: none. */
FAT_STATUS FatMakeName(const FAT_FOLDER *Folder, const uint16_t *Name, uint32_t Length, uint32_t Except, FAT_NEW_NAME *New);
/* Where that many entries are free in a row. FatDirectoryFull: *Offset is where they would begin if the folder were longer. */
FAT_STATUS FatFindSlots(const FAT_FOLDER *Folder, uint32_t Entries, uint32_t *Offset);
/* Record's Name and Case are taken from New. The short entry is written last. */
FAT_STATUS FatWriteName(const FAT_FOLDER *Folder, uint32_t Offset, const FAT_NEW_NAME *New, const FAT_RECORD *Record);
/* Frees the entries; the short one first. */
FAT_STATUS FatRemoveEntry(const FAT_FOLDER *Folder, uint32_t First, uint32_t Offset);
/* The first two entries of a new directory, whose bytes are zero. Parent 0: the root. */
FAT_STATUS FatWriteDots(const FAT_FOLDER *Folder, uint32_t Cluster, uint32_t Parent, const FAT_RECORD *Record);

uint8_t FatNameChecksum(const uint8_t *Short);
bool FatNamesEqual(const FAT_HOST *Host, const uint16_t *First, const uint16_t *Second, uint32_t Length);
