/* SPDX-License-Identifier: MIT
 * Serial ATA AHCI 1.3.1: the first disk of a controller, one command at a time: controllers, emulated ones among them, differ in what
 * they tell of an error among several. The device is not trusted.
 */
#pragma once
#include "../storage/storage.h"

#define AHCI_PORTS 32u
#define AHCI_RANGES 247u                         /* of memory in a command; its page has room for a few more */

typedef struct AHCI_PORT {                       /* 3.3 */
    ULONG Commands[2], Received[2], Interrupt, InterruptEnable, Command, Reserved, TaskFile, Signature, Link, LinkControl, LinkError,
          Active, Issue, Notification, More[16];
} AHCI_PORT;
C_ASSERT(sizeof(AHCI_PORT) == 0x80 && FIELD_OFFSET(AHCI_PORT, Issue) == 0x38);
#define AHCI_PORT_START 0x1u                     /* Command */
#define AHCI_PORT_SPIN_UP 0x2u
#define AHCI_PORT_POWER_ON 0x4u
#define AHCI_PORT_RECEIVE 0x10u
#define AHCI_PORT_RECEIVING 0x4000u
#define AHCI_PORT_RUNNING 0x8000u
#define AHCI_PORT_ERRORS 0x78000000u             /* Interrupt */
#define AHCI_PORT_INTERRUPTS (AHCI_PORT_ERRORS | 0x1u | 0x2u)
#define AHCI_TASK_BUSY 0x88u                     /* TaskFile */
#define AHCI_TASK_BAD_DATA 0x4000u               /* of its error: UNC */
#define AHCI_SIGNATURE_DISK 0x101u

typedef struct AHCI_REGISTERS {                  /* 3.1 */
    ULONG Capabilities, Control, Interrupt, Ports, More[60];
    AHCI_PORT Port[AHCI_PORTS];
} AHCI_REGISTERS;
C_ASSERT(FIELD_OFFSET(AHCI_REGISTERS, Port) == 0x100);
#define AHCI_RESET 0x1u                          /* Control */
#define AHCI_INTERRUPTS 0x2u
#define AHCI_ENABLE 0x80000000u
#define AHCI_ADDRESSES_64 0x80000000u            /* Capabilities */

typedef struct AHCI_HEADER {                     /* 4.2.2 */
    USHORT Flags, RangeCount;                    /* Flags: dwords of the command, bit 6: the device is written to */
    ULONG Transferred, Table[2], Reserved[4];
} AHCI_HEADER;
typedef struct AHCI_RANGE {
    ULONG Address[2], Reserved, Length;          /* less one */
} AHCI_RANGE;
typedef struct AHCI_TABLE {                      /* 4.2.3; a page */
    UCHAR Command[64], Packet[64];
    AHCI_RANGE Ranges[AHCI_RANGES];
} AHCI_TABLE;
C_ASSERT(FIELD_OFFSET(AHCI_TABLE, Ranges) == 0x80 && sizeof(AHCI_TABLE) <= PAGE_SIZE);

typedef struct AHCI_MEMORY {                     /* a page: what the port reads and writes besides */
    AHCI_HEADER Headers[32];                     /* the first is used */
    UCHAR Received[256];
} AHCI_MEMORY;
C_ASSERT(FIELD_OFFSET(AHCI_MEMORY, Received) == 1024);

#define ATA_READ_DMA_EXT 0x25u
#define ATA_WRITE_DMA_EXT 0x35u
#define ATA_FLUSH_CACHE_EXT 0xEAu
#define ATA_IDENTIFY_DEVICE 0xECu

typedef struct AHCI_DEVICE {
    STORAGE_DISK Disk;                           /* first */
    volatile AHCI_REGISTERS *Registers;          /* I */
    volatile AHCI_PORT *Port;                    /* I the disk's */
    ULONG RegistersLength, Number;               /* I */
    AHCI_MEMORY *Memory;                         /* Disk.Lock */
    AHCI_TABLE *Table;                           /* Disk.Lock */
    BOOLEAN Issued;                              /* Disk.Lock the port has the command */
} AHCI_DEVICE;

static inline AHCI_DEVICE *AhciDevice(STORAGE_DISK *Disk) { return (AHCI_DEVICE *)Disk; }

/* port.c */
NTSTATUS AhciAllocate(AHCI_DEVICE *Ahci);
VOID AhciFree(AHCI_DEVICE *Ahci);
/* Finds the first port with a disk and runs it. */
NTSTATUS AhciFindDisk(AHCI_DEVICE *Ahci);
VOID AhciStartPort(AHCI_DEVICE *Ahci);
/* FALSE: it does not stop. */
BOOLEAN AhciStopPort(AHCI_DEVICE *Ahci);
/* What the disk says of itself, waited for. PASSIVE_LEVEL. */
NTSTATUS AhciIdentify(AHCI_DEVICE *Ahci);
/* command.c */
VOID AhciPrepare(AHCI_DEVICE *Ahci, UCHAR Opcode, ULONG64 Block, ULONG Blocks, const STORAGE_COMMAND *Memory);
VOID AhciSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command);
VOID AhciKick(STORAGE_DISK *Disk);
KDEFERRED_ROUTINE AhciDpc;
