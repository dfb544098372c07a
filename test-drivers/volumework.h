/* SPDX-License-Identifier: MIT
 * The driver that `petrel verify storage` has work on volumes: sums of everything on them, trees of files from a seed, a load with
 * flushes and markers. scripts/petreltool/worktree.py and workload.py make the same trees and loads from the same seeds.
 */
#pragma once
#include <ntifs.h>
#include "worknumbers.h"

#define WORK_TAG 'krwV'
#define WORK_BUFFER (64u << 10)
#define WORK_SECTOR 512u
#define WORK_HASH_START 0xCBF29CE484222325ull

/* From the service's key Parameters. */
typedef struct WORK_PARAMETERS {
    UNICODE_STRING Mode;                    /* sum, fill, load, check, speed */
    ULONG Seed;
    ULONG First, Count;                     /* disks: the volume is \Device\Harddisk<number>\Partition1 */
    ULONG Files, Kilobytes;                 /* fill: how many files, of how much in all; speed: how much */
    ULONG Operations;                       /* load */
    ULONG EntryLimit, SizeLimit;            /* check: entries of a volume, bytes read of a file */
} WORK_PARAMETERS;

extern WORK_PARAMETERS WorkParameters;
extern PUCHAR WorkBuffer;                   /* WORK_BUFFER bytes */

/* ---- volumework.c ---- */
/* Fills Name with the name of the partition, with a backslash behind it for its root directory. */
VOID WorkNamePartition(PUNICODE_STRING Name, ULONG Disk, ULONG Partition, BOOLEAN Root);
NTSTATUS WorkOpen(HANDLE Parent, PUNICODE_STRING Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options, ULONG Attributes,
                  PHANDLE File);
/* A printed line of any length: a head, and a name in UTF-8. */
VOID WorkPrintName(PCSTR Head, PCUNICODE_STRING Name);
/* Prints what failed; returns FALSE then. */
BOOLEAN WorkSucceeded(NTSTATUS Status, PCSTR What);
NTSTATUS WorkFlushVolume(ULONG Disk);

/* 64-bit FNV-1a over words of 8 bytes, the last filled up with zeros; the buffer has room for that. */
ULONG64 WorkHash(ULONG64 Hash, PUCHAR Bytes, ULONG Length);

/* ---- the modes; what went wrong is printed ---- */
/* Hostile: the volume may be damaged, so nothing is mapped, and there are limits. */
VOID WorkSumVolume(ULONG Disk, BOOLEAN Hostile);
VOID WorkFillVolume(ULONG Disk);
VOID WorkLoadVolume(ULONG Disk);
/* Prints how long it takes to write and read much of it, in microseconds. */
VOID WorkMeasureDisk(ULONG Disk);
/* Prints of which generations the sectors are that the load wrote. */
VOID WorkPrintParts(PUCHAR Bytes, ULONG FirstSector, ULONG Sectors);
