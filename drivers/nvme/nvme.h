/* SPDX-License-Identifier: MIT
 * NVM Express Base Specification 1.4: the first namespace of a controller, with one pair of queues for administration, which is only
 * used while the device starts, and one for transfers. The device is not trusted: what it says is checked before use.
 */
#pragma once
#include "../storage/storage.h"

#define NVME_QUEUE 128u                          /* entries of the queues for transfers, at most; a slot less than that */
#define NVME_ADMIN_QUEUE 8u
#define NVME_PAGES 256u                          /* of memory, that a command names at most */

typedef struct NVME_REGISTERS {                  /* 3.1 */
    ULONG CapabilitiesLow, CapabilitiesHigh, Version, MaskSet, MaskClear, Configuration, Reserved, Status, SubsystemReset;
    ULONG AdminSizes, AdminSubmission[2], AdminCompletion[2];
} NVME_REGISTERS;
C_ASSERT(FIELD_OFFSET(NVME_REGISTERS, AdminCompletion) == 0x30);
#define NVME_DOORBELLS 0x1000u
#define NVME_ENABLE 1u                           /* Configuration; 6: submission entries of 64 bytes, 4: completions of 16 */
#define NVME_CONFIGURATION (NVME_ENABLE | 6u << 16 | 4u << 20)
#define NVME_SHUTDOWN (1u << 14)
#define NVME_READY 1u                            /* Status */
#define NVME_FATAL 2u
#define NVME_SHUT_DOWN (2u << 2)

typedef struct NVME_COMMAND {                    /* 4.2 */
    UCHAR Opcode, Flags;
    USHORT Id;
    ULONG Namespace, Reserved[2];
    ULONG64 Metadata, Page1, Page2;
    ULONG Words[6];                              /* 10 to 15 */
} NVME_COMMAND;
C_ASSERT(sizeof(NVME_COMMAND) == 64);

typedef struct NVME_COMPLETION {                 /* 4.6 */
    ULONG Result, Reserved;
    USHORT Head, Queue, Id, Status;              /* bit 0 of Status: the phase */
} NVME_COMPLETION;
C_ASSERT(sizeof(NVME_COMPLETION) == 16);

#define NVME_FLUSH 0x00u                         /* 6 */
#define NVME_WRITE 0x01u
#define NVME_READ 0x02u
#define NVME_ADMIN_CREATE_SUBMISSION 0x01u       /* 5 */
#define NVME_ADMIN_CREATE_COMPLETION 0x05u
#define NVME_ADMIN_IDENTIFY 0x06u
#define NVME_IDENTIFY_NAMESPACE 0u
#define NVME_IDENTIFY_CONTROLLER 1u
#define NVME_IDENTIFY_ACTIVE 2u

/* A pair of queues in two pages of each slot's size or more. */
typedef struct NVME_PAIR {
    volatile NVME_COMMAND *Submission;
    volatile NVME_COMPLETION *Completion;
    ULONG Number, Entries;                       /* I */
    ULONG Tail, Head;                            /* of submissions; of completions */
    USHORT Phase;                                /* what a new completion has */
} NVME_PAIR;

typedef struct NVME_DEVICE {
    STORAGE_DISK Disk;                           /* first */
    volatile NVME_REGISTERS *Registers;          /* I */
    ULONG RegistersLength, Stride;               /* I; Stride: bytes from doorbell to doorbell */
    ULONG Namespace;                             /* I */
    NVME_PAIR Admin;                             /* Start's */
    NVME_PAIR Io;                                /* Disk.Lock */
    PULONG64 Lists[NVME_QUEUE];                  /* I a page of addresses a slot */
    ULONG64 ListAddresses[NVME_QUEUE];           /* I */
} NVME_DEVICE;

static inline NVME_DEVICE *NvmeDevice(STORAGE_DISK *Disk) { return (NVME_DEVICE *)Disk; }

/* queue.c */
NTSTATUS NvmeCreatePair(NVME_PAIR *Pair, ULONG Number, ULONG Entries);
VOID NvmeDeletePair(NVME_PAIR *Pair);
VOID NvmePut(NVME_PAIR *Pair, const NVME_COMMAND *Command);
VOID NvmeRing(NVME_DEVICE *Nvme, const NVME_PAIR *Pair);                     /* tells of what was put */
/* The next completion, taken; FALSE: there is none. The doorbell is the caller's. */
BOOLEAN NvmeTake(NVME_PAIR *Pair, NVME_COMPLETION *Completion);
VOID NvmeRingCompletion(NVME_DEVICE *Nvme, const NVME_PAIR *Pair);
VOID NvmeSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command);
VOID NvmeKick(STORAGE_DISK *Disk);
KDEFERRED_ROUTINE NvmeDpc;
/* admin.c: the controller is enabled; finds out about the disk and makes the queues for transfers. PASSIVE_LEVEL. */
NTSTATUS NvmeIdentify(NVME_DEVICE *Nvme);
NTSTATUS NvmeCreateQueues(NVME_DEVICE *Nvme);
