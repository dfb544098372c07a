/* SPDX-License-Identifier: MIT
 * Virtual I/O Device (VIRTIO) 1.2: what a block device on PCI needs. Numbers in comments are its sections. Devices of the modern kind
 * and transitional ones, of which the modern half is used. The device is not trusted: whatever it writes is checked before use.
 */
#pragma once
#include "../storage/storage.h"
#include <wdmguid.h>

#define VIRTIO_QUEUE_SIZE 256u                   /* at most; a power of two */
#define VIRTIO_NO_VECTOR 0xFFFFu

/* ---- On PCI (4.1.4) ---- */
typedef enum VIRTIO_PART { VirtioCommon, VirtioNotify, VirtioIsr, VirtioConfig, VirtioPartCount } VIRTIO_PART;

typedef struct VIRTIO_COMMON {                   /* 4.1.4.3 */
    ULONG DeviceFeatureSelect, DeviceFeature, DriverFeatureSelect, DriverFeature;
    USHORT ConfigVector, QueueCount;
    UCHAR Status, Generation;
    USHORT QueueSelect, QueueSize, QueueVector, QueueEnable, QueueNotifyOffset;
    ULONG QueueDescriptors[2], QueueAvailable[2], QueueUsed[2];
} VIRTIO_COMMON;
C_ASSERT(sizeof(VIRTIO_COMMON) == 0x38 && FIELD_OFFSET(VIRTIO_COMMON, QueueDescriptors) == 0x20);

#define VIRTIO_STATUS_ACKNOWLEDGE 1u             /* 2.1 */
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u

/* ---- Features (6, 5.2.3) ---- */
#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE (1ull << 6)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)
#define VIRTIO_BLK_F_TOPOLOGY (1ull << 10)
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)

typedef struct VIRTIO_BLK_CONFIG {               /* 5.2.4 */
    ULONG Capacity[2];                           /* in 512 bytes */
    ULONG SizeMaximum, SegmentMaximum;
    USHORT Cylinders;
    UCHAR Heads, Sectors;
    ULONG BlockSize;
    UCHAR PhysicalExponent, AlignmentOffset;
    USHORT MinimumIo;
    ULONG OptimalIo;
} VIRTIO_BLK_CONFIG;
C_ASSERT(FIELD_OFFSET(VIRTIO_BLK_CONFIG, BlockSize) == 20);

/* ---- The queue (2.7) ---- */
typedef struct VIRTIO_DESCRIPTOR {
    ULONG64 Address;
    ULONG Length;
    USHORT Flags, Next;
} VIRTIO_DESCRIPTOR;
#define VIRTIO_NEXT 1u
#define VIRTIO_WRITE 2u                          /* the device writes there */
#define VIRTIO_INDIRECT 4u

typedef struct VIRTIO_AVAILABLE {
    USHORT Flags, Index, Ring[VIRTIO_QUEUE_SIZE];
} VIRTIO_AVAILABLE;
typedef struct VIRTIO_USED {
    USHORT Flags, Index;                         /* Flags 1: no need to notify */
    struct { ULONG Id, Length; } Ring[VIRTIO_QUEUE_SIZE];
} VIRTIO_USED;

/* What the device reads and writes of the queue: one piece of contiguous memory. */
typedef struct VIRTIO_RING {
    VIRTIO_DESCRIPTOR Descriptors[VIRTIO_QUEUE_SIZE];
    VIRTIO_AVAILABLE Available;
    VIRTIO_USED Used;
} VIRTIO_RING;
C_ASSERT(FIELD_OFFSET(VIRTIO_RING, Used) % 4 == 0);

/* ---- A command (5.2.6): one page each ---- */
#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_COMMAND_SEGMENTS 250u
typedef struct VIRTIO_COMMAND {
    ULONG Type, Reserved;
    ULONG64 Sector;
    UCHAR Status;                                /* the device's; 0: done */
    UCHAR Padding[15];
    VIRTIO_DESCRIPTOR Table[VIRTIO_COMMAND_SEGMENTS + 2];
} VIRTIO_COMMAND;
C_ASSERT(sizeof(VIRTIO_COMMAND) <= PAGE_SIZE);

typedef struct VIRTIO_BLK {
    STORAGE_DISK Disk;                           /* first */
    PVOID Parts[VirtioPartCount];                /* I the mapped structures */
    ULONG PartLengths[VirtioPartCount];          /* I */
    ULONG NotifyMultiplier;                      /* I */
    volatile VIRTIO_COMMON *Common;              /* I Parts[VirtioCommon] */
    volatile USHORT *Doorbell;                   /* I */
    ULONG64 Features;                            /* I that both sides have */
    PVOID Connection;                            /* I of interrupts */
    KDPC Dpc;

    VIRTIO_RING *Ring;                           /* Disk.Lock, what the driver writes of it */
    VIRTIO_COMMAND *Commands[STORAGE_MAXIMUM_SLOTS];         /* I one a slot */
    ULONG64 CommandAddresses[STORAGE_MAXIMUM_SLOTS];         /* I */
    ULONG QueueSize;                             /* I */
    ULONG Chain;                                 /* I descriptors of the ring a slot has; 1: a table in the command */
    USHORT Available, Used;                      /* Disk.Lock how far each side has come */
} VIRTIO_BLK;

static inline VIRTIO_BLK *VirtioBlk(STORAGE_DISK *Disk) { return (VIRTIO_BLK *)Disk; }

/* pci.c: finds and maps the device's structures; on failure none is. */
NTSTATUS VirtioMap(VIRTIO_BLK *Blk, PCM_RESOURCE_LIST Resources);
VOID VirtioUnmap(VIRTIO_BLK *Blk);
/* queue.c */
NTSTATUS VirtioCreateQueue(VIRTIO_BLK *Blk);     /* memory, and the device told of it; features are settled */
VOID VirtioDeleteQueue(VIRTIO_BLK *Blk);
VOID VirtioSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command);
VOID VirtioKick(STORAGE_DISK *Disk);
KDEFERRED_ROUTINE VirtioDpc;
