/* SPDX-License-Identifier: MIT
 * Between the files that handle file systems and volumes.
 */
#pragma once
#include "iop.h"

typedef enum IOP_MEDIA { IopMediaDisk, IopMediaCdRom, IopMediaTape, IopMediaNetwork, IopMediaCount } IOP_MEDIA;
extern ERESOURCE IopFileSystemLock;

/* The file systems for devices of that type, linked by their devices' Queue.ListEntry; NULL: none can be mounted there. */
PLIST_ENTRY IopFileSystemsFor(DEVICE_TYPE Type);
/* The file system of last resort (raw.c), which takes every disk; NULL: not for such media. */
PDEVICE_OBJECT IopRawFileSystemFor(DEVICE_TYPE Type);

/* The volume parameter block of a device that carries a mounted volume, mounting it first when need be, with a reference for a file.
 * STATUS_UNRECOGNIZED_VOLUME: nobody knows what is on the medium (and RawAllowed is not set); STATUS_ACCESS_DENIED: it is locked.
 * PASSIVE_LEVEL. */
NTSTATUS IopReferenceVolume(PDEVICE_OBJECT Device, BOOLEAN RawAllowed, PVPB *Vpb);
/* One more file on a volume that has one already. */
VOID IopReferenceVpb(PVPB Vpb);
/* The file is gone; a block that its device has no more goes with its last file. */
VOID IopReleaseVpb(PVPB Vpb);
