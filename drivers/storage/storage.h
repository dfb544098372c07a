/* SPDX-License-Identifier: MIT
 * What the drivers of disks share: the device and its names, plug and play, the queue of requests and their parts, device control.
 * Compiled into each driver, which gives a STORAGE_OPERATIONS and calls StorageComplete and StorageBreak.
 *
 * A request waits in Waiting until there are slots for all its parts; a part is one command to the device, of at most MaximumTransfer
 * bytes, and names memory by the pages of the request's MDL. One spin lock of the disk, Lock, guards queue and slots and is held over
 * Submit, Kick and Reset. Requests are completed with it released.
 */
#pragma once
#include <ntddk.h>
#include <ntdddisk.h>
#include <ntddstor.h>

#define STORAGE_TAG 'rotS'
#define STORAGE_MAXIMUM_SLOTS 128u
#define STORAGE_MAXIMUM_SEGMENTS 256u
#define STORAGE_TIMEOUT 30u                      /* seconds that a command may take */

typedef enum STORAGE_STATE {
    StorageNew,                                  /* not started yet */
    StorageRunning,
    StorageHeld,                                 /* to be stopped: requests wait */
    StorageBroken,                               /* the device cannot be used until it is started again */
    StorageGone                                  /* removed */
} STORAGE_STATE;

typedef enum STORAGE_KIND { StorageRead, StorageWrite, StorageFlush } STORAGE_KIND;

typedef struct STORAGE_SEGMENT {
    ULONG64 Address;
    ULONG Length;
} STORAGE_SEGMENT;

typedef struct STORAGE_COMMAND {
    STORAGE_KIND Kind;
    ULONG64 Offset;                              /* bytes, whole blocks, within the disk; for Read and Write like the rest */
    ULONG Length;
    ULONG SegmentCount;
    const STORAGE_SEGMENT *Segments;
} STORAGE_COMMAND;

struct STORAGE_DISK;
typedef struct STORAGE_OPERATIONS {
    ULONG ExtensionSize;                         /* of what begins with a STORAGE_DISK */
    STORAGE_BUS_TYPE BusType;
    PCSTR Product;                               /* ASCII */
    /* Makes the device ready and fills what STORAGE_DISK says is the driver's. PASSIVE_LEVEL. On failure all is given back. */
    NTSTATUS (*Start)(struct STORAGE_DISK *Disk, PCM_RESOURCE_LIST Translated);
    /* No slot is in use. Gives back what Start took; after it neither interrupt nor DPC comes. PASSIVE_LEVEL. */
    VOID (*Stop)(struct STORAGE_DISK *Disk);
    /* Hands a command over; Slot is free. Lock held. */
    VOID (*Submit)(struct STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command);
    /* Tells the device of what was submitted since. Lock held. */
    VOID (*Kick)(struct STORAGE_DISK *Disk);
    /* The device touches no memory any more when this returns. Lock held; also of a device that is not there any more. */
    VOID (*Reset)(struct STORAGE_DISK *Disk);
} STORAGE_OPERATIONS;

typedef struct STORAGE_SLOT {
    PIRP Irp;                                    /* NULL: free */
    ULONG Age;                                   /* seconds */
} STORAGE_SLOT;

typedef struct STORAGE_DISK {
    const STORAGE_OPERATIONS *Operations;        /* I */
    PDEVICE_OBJECT Device, Lower, Pdo;           /* I */
    ULONG Number;                                /* I of \Device\HarddiskN */
    HANDLE Directory;                            /* I \Device\HarddiskN, which goes with it */
    UNICODE_STRING Interface;                    /* I GUID_DEVINTERFACE_DISK */
    IO_REMOVE_LOCK RemoveLock;
    PVOID Connection;                            /* of interrupts, between Start and Stop; NULL: none */
    KDPC Dpc;

    ULONG BlockSize, PhysicalBlockSize;          /* the driver's, like all down to ReadOnly: as of Start */
    ULONG64 Length;                              /* bytes, whole blocks */
    ULONG SlotCount, MaximumSegments, MaximumTransfer;
    ULONG AlignmentMask;                         /* of memory */
    BOOLEAN HasCache;                            /* writes last only when flushed */
    BOOLEAN ReadOnly;

    KSPIN_LOCK Lock;
    STORAGE_STATE State;                         /* Lock */
    BOOLEAN Started;                             /* plug and play's: between Start and Stop */
    LIST_ENTRY Waiting;                          /* Lock requests with parts that have not been submitted */
    LIST_ENTRY Done;                             /* Lock requests to be completed when it is released */
    ULONG Busy;                                  /* Lock slots in use */
    KEVENT Idle;                                 /* set while Busy is 0 */
    STORAGE_SLOT Slots[STORAGE_MAXIMUM_SLOTS];   /* Lock */
    STORAGE_SEGMENT Segments[STORAGE_MAXIMUM_SEGMENTS];      /* Lock of the command being made */
} STORAGE_DISK;

/* ---- For the drivers ---- */
/* Fills the dispatch table and what else the driver object wants; nothing is left to do when the driver is unloaded. */
VOID StorageInitializeDriver(PDRIVER_OBJECT Driver, PDRIVER_ADD_DEVICE AddDevice);
NTSTATUS StorageAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo, const STORAGE_OPERATIONS *Operations);
/* Between these two: StorageComplete for what the device has done, StorageBreak when it did what it must not. The second sends what
 * waits and completes what is done. DISPATCH_LEVEL. */
VOID StorageEnter(STORAGE_DISK *Disk);
VOID StorageLeave(STORAGE_DISK *Disk);
BOOLEAN StorageIsBusy(const STORAGE_DISK *Disk, ULONG Slot);
VOID StorageComplete(STORAGE_DISK *Disk, ULONG Slot, NTSTATUS Status);
VOID StorageBreak(STORAGE_DISK *Disk, NTSTATUS Status);

/* Every message of the device asks for Routine, whose context is the disk. PASSIVE_LEVEL. */
NTSTATUS StorageConnect(STORAGE_DISK *Disk, PKDEFERRED_ROUTINE Routine);
/* When it returns neither interrupt nor DPC comes. Nothing if there is no connection. PASSIVE_LEVEL. */
VOID StorageDisconnect(STORAGE_DISK *Disk);

/* ---- Between the files ---- */
static inline STORAGE_DISK *StorageDisk(PDEVICE_OBJECT Device) { return Device->DeviceExtension; }
NTSTATUS StorageFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
/* transfer.c */
NTSTATUS NTAPI StorageTransfer(PDEVICE_OBJECT Device, PIRP Irp);
NTSTATUS NTAPI StorageFlushBuffers(PDEVICE_OBJECT Device, PIRP Irp);         /* and shutdown */
IO_TIMER_ROUTINE StorageTick;
/* Lock held: ends all requests. */
VOID StorageFailAll(STORAGE_DISK *Disk, NTSTATUS Status);
/* Lets commands end, or after the time they may take ends them. PASSIVE_LEVEL. */
VOID StorageDrain(STORAGE_DISK *Disk);
/* control.c, plugplay.c, disk.c */
NTSTATUS NTAPI StorageControl(PDEVICE_OBJECT Device, PIRP Irp);
NTSTATUS NTAPI StoragePlugPlay(PDEVICE_OBJECT Device, PIRP Irp);
NTSTATUS NTAPI StoragePower(PDEVICE_OBJECT Device, PIRP Irp);
VOID StorageDelete(STORAGE_DISK *Disk);
