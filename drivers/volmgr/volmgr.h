/* SPDX-License-Identifier: MIT
 * The volume manager: every disk that registers GUID_DEVINTERFACE_DISK is opened and its partition table read; each partition becomes
 * a volume, \Device\HarddiskVolumeN, with the names \Device\HarddiskN\PartitionM, \??\Volume{guid} and a drive letter.
 *
 * VolmgrLock, a mutex, guards the disks and their volumes; it is held over requests to a disk, never over one that comes from above.
 * A request takes its volume's remove lock. A volume goes when its disk does.
 */
#pragma once
#include <ntddk.h>
#include <ntdddisk.h>
#include <ntddstor.h>
#include <ntddvol.h>
#include <mountdev.h>
#include "partition.h"

#define VOLMGR_TAG 'mlVP'
#define VOLMGR_NAME_CHARACTERS 64u

typedef struct VOLMGR_NAME {
    UNICODE_STRING String;                       /* empty: it has no such name */
    WCHAR Buffer[VOLMGR_NAME_CHARACTERS];
} VOLMGR_NAME;

typedef struct VOLMGR_DISK {
    LIST_ENTRY Link;                             /* VolmgrLock, as all here that is not I */
    UNICODE_STRING Interface;                    /* I behind the structure */
    PFILE_OBJECT File;                           /* referenced; NULL: let go of */
    PDEVICE_OBJECT Device;                       /* the top of its stack while there is a File */
    PVOID Notification;
    ULONG Number;
    ULONG BlockSize;
    ULONG64 Length;
    LIST_ENTRY Volumes;
} VOLMGR_DISK;

/* A volume device's extension. */
typedef struct VOLMGR_VOLUME {
    PDEVICE_OBJECT Device;                       /* I */
    PFILE_OBJECT File;                           /* I the disk's, referenced */
    PDEVICE_OBJECT Disk;                         /* I where requests go */
    ULONG DiskNumber, Number;                    /* I */
    PARTITION_STYLE_KIND Style;                  /* I */
    ULONG Signature;                             /* I MBR */
    PARTITION Partition;                         /* I */
    IO_REMOVE_LOCK RemoveLock;
    LIST_ENTRY Link;                             /* VolmgrLock of its disk */
    VOLMGR_NAME Name;                            /* I */
    VOLMGR_NAME PartitionLink, GuidLink, LetterLink;     /* I */
} VOLMGR_VOLUME;

extern PDRIVER_OBJECT VolmgrDriver;
extern KMUTEX VolmgrLock;

/* ---- disk.c; PASSIVE_LEVEL, VolmgrLock held ---- */
VOID VolmgrAddDisk(PCUNICODE_STRING Interface);
/* Its volumes go, the disk is let go of; the structure stays until VolmgrForgetDisk. */
VOID VolmgrReleaseDisk(VOLMGR_DISK *Disk);
VOID VolmgrForgetDisk(VOLMGR_DISK *Disk);
BOOLEAN VolmgrIsInUse(const VOLMGR_DISK *Disk);
/* volmgr.c: EventCategoryTargetDeviceChange of a disk */
NTSTATUS NTAPI VolmgrHearDisk(PVOID Structure, PVOID Context);

/* ---- volume.c; VolmgrLock held ---- */
NTSTATUS VolmgrCreateVolume(VOLMGR_DISK *Disk, const PARTITION_TABLE *Table, const PARTITION *Partition);
VOID VolmgrDeleteVolume(VOLMGR_VOLUME *Volume);
VOID VolmgrAppend(VOLMGR_NAME *Name, PCWSTR Text);
VOID VolmgrAppendNumber(VOLMGR_NAME *Name, ULONG Number);

/* ---- request.c, control.c ---- */
DRIVER_DISPATCH VolmgrOpenClose, VolmgrTransfer, VolmgrPass, VolmgrControl;
NTSTATUS VolmgrFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
/* Sends a request on to the disk; the volume's remove lock is held and given back with the request's end. */
NTSTATUS VolmgrSend(VOLMGR_VOLUME *Volume, PIRP Irp, ULONG64 Shift);
