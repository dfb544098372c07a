/* SPDX-License-Identifier: MIT
 * The driver that `petrel verify storage --traffic` has work on disks: many requests under way to each, and every block looked at.
 * scripts/petreltool/traffic.py makes the same blocks from the same seed.
 */
#pragma once
#include <ntifs.h>

#define TRAFFIC_TAG 'farT'
#define TRAFFIC_BLOCK 4096u
#define TRAFFIC_STREAMS 64u                 /* of a disk: so many requests are under way */
#define TRAFFIC_THREADS 4u
#define TRAFFIC_LENGTH 4u                   /* blocks of a request at most */
#define TRAFFIC_DISKS 8u

/* From the service's key Parameters. */
typedef struct TRAFFIC_PARAMETERS {
    ULONG Seed;
    ULONG First, Count;                     /* disks: \Device\Harddisk<number>\DR0 */
    ULONG Blocks;                           /* of each disk */
    ULONG Seconds;
} TRAFFIC_PARAMETERS;
extern TRAFFIC_PARAMETERS TrafficParameters;

/* A block holds generation Sure, or one of those behind it up to Perhaps, which could not be written. It belongs to one stream. */
typedef struct TRAFFIC_STATE {
    ULONG Sure, Perhaps;
    BOOLEAN ReadFailed, WriteFailed;        /* of the block alone */
} TRAFFIC_STATE;

typedef struct TRAFFIC_DISK {
    ULONG Number;
    PFILE_OBJECT File;
    PDEVICE_OBJECT Device;
    TRAFFIC_STATE *Blocks;
    volatile LONG UnderWay, Peak;
    volatile LONG64 Requests, Failed, Flushes, FailedFlushes;
    volatile LONG64 Sampled;                /* what else was under way when a request ended, added up */
    volatile LONG Wrong;
} TRAFFIC_DISK;

/* One request after the other on its own blocks of a disk. */
typedef struct TRAFFIC_STREAM {
    LIST_ENTRY Link;                        /* its thread's queue */
    PKQUEUE Queue;
    TRAFFIC_DISK *Disk;
    ULONG First, Count;                     /* its blocks */
    ULONG64 Random;
    PIRP Irp;
    PMDL Mdl;
    PUCHAR Buffer;
    UCHAR Major;
    ULONG At, Length;                       /* blocks of the request that is under way; Length 0: a flush */
    ULONG Left;                             /* blocks of one that failed, each to be done alone */
    BOOLEAN Ending;                         /* all of its blocks are read once more */
    ULONG Unread;                           /* then: so many are left */
} TRAFFIC_STREAM;

/* ---- traffic_blocks.c ---- */
VOID TrafficFill(ULONG Disk, ULONG Block, ULONG Generation, PUCHAR Bytes);
/* Prints what is wrong. */
VOID TrafficLook(TRAFFIC_DISK *Disk, ULONG Block, PUCHAR Bytes);

/* ---- traffic_stream.c ---- */
BOOLEAN TrafficMakeStream(TRAFFIC_STREAM *Stream, TRAFFIC_DISK *Disk, ULONG Number, PKQUEUE Queue);
VOID TrafficDropStream(TRAFFIC_STREAM *Stream);
/* Sends the next request; it comes to the queue when it is through. */
VOID TrafficSend(TRAFFIC_STREAM *Stream);
/* Of a stream without request, once time is up: FALSE when it has read all of its blocks for the last time. */
BOOLEAN TrafficGoesOn(TRAFFIC_STREAM *Stream);
/* What became of it. */
VOID TrafficTake(TRAFFIC_STREAM *Stream);
