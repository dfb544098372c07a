/* SPDX-License-Identifier: MIT
 * The FAT file system driver: what its files share. Bytes of the disk are understood by core/ alone; here are requests, caching, locks.
 *
 * Locks, in the order they are taken:
 *   FAT_VCB.Resource       exclusive: names, directories, opens and closes; shared: looking at them
 *   FAT_FCB.Resource       a file's data and sizes: shared to read, exclusive to write and to change a size
 *   FAT_FCB.PagingIo       shared by who transfers pages, exclusive while sizes or runs change; nothing is read or written inside
 *   FAT_VCB.FatLock        the FAT and the bitmap of free clusters
 * Paging requests of directories and of the FAT take no lock but the directory's PagingIo. All are executive resources inside
 * FsRtlEnterFileSystem.
 *
 * Marks: V FAT_VCB.Resource, F FAT_FCB.Resource, P PagingIo, A FatLock, I immutable once published.
 */
#pragma once
#include <ntifs.h>
#include <ntdddisk.h>
#include "core/fat.h"

#define FAT_TAG ' taF'
#ifndef MdlMappingNoExecute                      /* mingw's wdm.h lacks it */
#define MdlMappingNoExecute 0x40000000
#endif
#define FAT_NODE_VOLUME 0x0F01
#define FAT_NODE_FILE 0x0F02
#define FAT_NODE_FOLDER 0x0F03

typedef struct FAT_STREAM {                      /* a file object of ours by which metadata are cached */
    PFILE_OBJECT File;
    SECTION_OBJECT_POINTERS Section;
} FAT_STREAM;

typedef struct FAT_VCB {                         /* the extension of a mounted volume's device */
    FSRTL_ADVANCED_FCB_HEADER Header;            /* I of the bytes before the root, which Stream caches */
    FAST_MUTEX HeaderMutex;
    ERESOURCE Resource, PagingIo, FatLock;
    FAT_STREAM Stream;
    FAT_VOLUME Volume;                           /* A */
    PDEVICE_OBJECT Device, Target;               /* I ours, the disk's */
    PVPB Vpb;                                    /* V */
    struct FAT_FCB *Root;                        /* I */
    LIST_ENTRY Link;                             /* FatVolumesLock */
    SHARE_ACCESS Share;                          /* V of the volume's own opens */
    PNOTIFY_SYNC NotifySync;
    LIST_ENTRY NotifyList;
    PFILE_OBJECT Locker;                         /* V who locked the volume; NULL: nobody */
    ULONG Opens;                                 /* V file objects, without our streams */
    ULONG Handles;                               /* V of them those not cleaned up */
    BOOLEAN Dismounted;                          /* V */
    BOOLEAN WriteProtected;                      /* I */
    BOOLEAN WasDirty;                            /* I when it was mounted */
    BOOLEAN IsMarked;                            /* A it is marked dirty on the disk */
} FAT_VCB;

typedef struct FAT_FCB {
    FSRTL_ADVANCED_FCB_HEADER Header;            /* sizes: F and P */
    FAST_MUTEX HeaderMutex;
    ERESOURCE Resource, PagingIo;
    SECTION_OBJECT_POINTERS Section;             /* of a file's data */
    FAT_STREAM Stream;                           /* of a directory's entries */
    FAT_VCB *Vcb;                                /* I */
    struct FAT_FCB *Parent;                      /* V NULL: the root */
    LIST_ENTRY Link, Children;                   /* V */
    FAT_RUNS Runs;                               /* F and P */
    FAT_FOLDER Folder;                           /* V of a directory */
    FAT_RECORD Record;                           /* F what the entry on the disk says, or will: IsChanged */
    ULONG Offset, First;                         /* V where the entry is */
    UNICODE_STRING Name, ShortName;              /* V */
    WCHAR NameBuffer[FAT_MAXIMUM_NAME], ShortBuffer[FAT_SHORT_TEXT];
    SHARE_ACCESS Share;                          /* V */
    FILE_LOCK Lock;
    OPLOCK Oplock;
    ULONG Opens, Handles;                        /* V */
    BOOLEAN IsChanged;                           /* F */
    BOOLEAN DeletePending;                       /* V */
    BOOLEAN IsRemoved;                           /* V there is no entry any more */
    BOOLEAN IsPageFile;                          /* V opened as one: for good */
} FAT_FCB;

typedef struct FAT_CCB {
    WORK_QUEUE_ITEM CloseItem;
    FAT_VCB *Vcb;                                /* I */
    FAT_FCB *Fcb;                                /* I NULL: the volume itself */
    UNICODE_STRING Pattern;                      /* V of a directory query; upper case */
    UNICODE_STRING Watched;                      /* V the path while changes below it are notified */
    ULONG Cursor;                                /* V */
    BOOLEAN HasPattern, MatchesAll, HasMatched;  /* V */
    BOOLEAN DeleteOnClose;                       /* I */
    BOOLEAN IsDirect;                            /* I of the volume: writes beyond its last sector go through */
    BOOLEAN TimesGiven;                          /* F last write time was set through this handle */
} FAT_CCB;

typedef NTSTATUS FAT_HANDLER(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location);

extern PDEVICE_OBJECT FatFileSystemDevice;
extern const FAT_HOST FatHost;
extern FAST_IO_DISPATCH FatFastIo;

/* ---- init.c ---- */
static inline BOOLEAN FatIsSet(ULONG Flags, ULONG Flag)
{
    return (Flags & Flag) != 0;
}
/* What a core routine's answer means to a caller. */
NTSTATUS FatToNtStatus(FAT_STATUS Status);

/* Unless Status is STATUS_PENDING; returns it. */
NTSTATUS FatComplete(PIRP Irp, NTSTATUS Status);

/* ---- handlers, one for each major function ---- */
FAT_HANDLER FatCreate, FatCleanup, FatRead, FatWrite, FatQueryInformation, FatSetInformation, FatQueryEa, FatFlush,
    FatDirectoryControl, FatQueryVolume, FatSetVolume;
/* These complete the request. */
FAT_HANDLER FatClose, FatFsControl, FatLockControl, FatDeviceControl, FatPnp;
NTSTATUS FatMountOrVerify(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Location);
VOID FatShutdown(VOID);

/* ---- device.c: transfers of whole sectors, waiting ---- */
NTSTATUS FatReadDevice(PDEVICE_OBJECT Target, ULONG64 Offset, ULONG Length, PVOID Buffer);
NTSTATUS FatControlDevice(PDEVICE_OBJECT Target, ULONG Code, PVOID Output, ULONG Length);
NTSTATUS FatFlushDevice(PDEVICE_OBJECT Target);
/* Length bytes from Skip on of what the list describes. */
NTSTATUS FatTransfer(PDEVICE_OBJECT Target, PMDL Mdl, ULONG Skip, ULONG64 Offset, ULONG Length, BOOLEAN Write);
NTSTATUS FatZeroDevice(FAT_VCB *Vcb, ULONG64 Offset, ULONG64 Length);
/* A file's or directory's bytes; whole sectors, all of them allocated. PagingIo or Resource is held. */
NTSTATUS FatTransferFile(FAT_FCB *Fcb, PMDL Mdl, ULONG64 Offset, ULONG Length, BOOLEAN Write);

/* ---- stream.c ---- */
NTSTATUS FatOpenStream(FAT_VCB *Vcb, PVOID Context, PFSRTL_ADVANCED_FCB_HEADER Header, FAT_STREAM *Stream);
VOID FatCloseStream(FAT_STREAM *Stream);
NTSTATUS FatFlushStream(FAT_STREAM *Stream);
NTSTATUS FatFlushSection(PSECTION_OBJECT_POINTERS Section, PLARGE_INTEGER Offset, ULONG Length);

/* ---- mount.c, dismount.c ---- */
extern LIST_ENTRY FatVolumes;
extern ERESOURCE FatVolumesLock;
/* Marks the volume dirty on the disk before its first change. */
NTSTATUS FatBeginChange(FAT_VCB *Vcb);
/* Everything that is not on the disk yet; Resource held. Clean: the mark goes, too. */
NTSTATUS FatFlushVolume(FAT_VCB *Vcb, BOOLEAN Clean);
/* The FAT and every entry; then what was freed before can be used again. Resource held exclusively. */
NTSTATUS FatFlushMetadata(FAT_VCB *Vcb);
/* The FAT and a directory's way from the root: what is in it now can be found. Resource held exclusively. */
NTSTATUS FatFlushPath(FAT_FCB *Folder);
/* No more requests of files; Resource held exclusively. */
VOID FatDismount(FAT_VCB *Vcb);
/* The device goes when nothing is left of a dismounted volume. Resource held exclusively; TRUE: it is released and gone. */
BOOLEAN FatDeleteVolume(FAT_VCB *Vcb);

/* ---- fcb.c ---- */
NTSTATUS FatCreateFcb(FAT_VCB *Vcb, FAT_FCB *Parent, const FAT_ENTRY *Entry, FAT_FCB **Fcb);
VOID FatDeleteFcb(FAT_FCB *Fcb);
VOID FatSetName(FAT_FCB *Fcb, const FAT_ENTRY *Entry);
static inline BOOLEAN FatIsFolder(const FAT_FCB *Fcb)
{
    return Fcb->Header.NodeTypeCode == FAT_NODE_FOLDER;
}
/* One that is open below the folder already; NULL: none. Vcb->Resource held exclusively. */
FAT_FCB *FatFindChild(FAT_FCB *Folder, PCUNICODE_STRING Name);
FAT_FCB *FatFindChildAt(FAT_FCB *Folder, ULONG Offset);
/* Everything that is open below Top and at last Top itself, each after what is below it: begins with FatFirstOpen, ends with NULL.
 * No recursion: paths are deep. */
FAT_FCB *FatFirstOpen(FAT_FCB *Top);
FAT_FCB *FatNextOpen(const FAT_FCB *Top, const FAT_FCB *Fcb);
/* Somebody has a handle of it or of anything below it. */
BOOLEAN FatIsInUse(FAT_FCB *Fcb);
/* The path from the root; the caller frees its buffer. */
NTSTATUS FatGetPath(const FAT_FCB *Fcb, PUNICODE_STRING Path);
/* Writes what Record says into the entry, when it changed. Vcb->Resource held exclusively. */
NTSTATUS FatUpdateEntry(FAT_FCB *Fcb);
/* Removes the entry and frees the clusters. Vcb->Resource held exclusively. */
NTSTATUS FatRemoveFile(FAT_FCB *Fcb);

/* ---- create.c, open.c ---- */
typedef struct FAT_OPENING {
    FAT_VCB *Vcb;
    PIRP Irp;
    PIO_STACK_LOCATION Location;
    PFILE_OBJECT File;
    ACCESS_MASK Access;
    ULONG Options, Disposition;
    FAT_FCB *Folder;                             /* where the last name is looked for */
    UNICODE_STRING Name;                         /* the last name; empty: Folder itself */
    BOOLEAN MustBeFolder;                        /* a backslash followed it */
    BOOLEAN OplockPassed;                        /* nobody's oplock stands against it any more */
    BOOLEAN ShareNoted;                          /* the file object says what Access shares, and nobody is against it */
    FAT_FCB *Busy;                               /* whose oplock must be broken first */
} FAT_OPENING;
NTSTATUS FatOpenExisting(FAT_OPENING *Opening, FAT_FCB *Fcb);
NTSTATUS FatCreateNew(FAT_OPENING *Opening);
NTSTATUS FatOpenVolumeItself(FAT_OPENING *Opening);
/* The file object leads to the file from now on. Fcb NULL: the volume. */
NTSTATUS FatFinishOpen(FAT_OPENING *Opening, FAT_FCB *Fcb);
/* The name below a directory; *Fcb NULL with STATUS_SUCCESS: nothing has it. STATUS_OBJECT_NAME_INVALID: nothing can. */
NTSTATUS FatLookUp(FAT_FCB *Folder, PCUNICODE_STRING Name, FAT_FCB **Fcb);
/* Forgets a file that nobody has open. */
VOID FatForget(FAT_FCB *Fcb);

/* ---- folder.c ---- */
NTSTATUS FatGrowFolder(FAT_FCB *Folder, ULONG Entries, uint32_t *Offset);
NTSTATUS FatAddEntry(FAT_FCB *Folder, const FAT_NEW_NAME *Name, const FAT_RECORD *Record, uint32_t *First);

/* ---- filesize.c: Resource of the file held exclusively ---- */
/* A chain of nobody else's: longer (its new clusters zeroed on the disk before anything leads to them), shorter. */
NTSTATUS FatGrowChain(FAT_VCB *Vcb, FAT_RUNS *Runs, ULONG Clusters, BOOLEAN Zero);
NTSTATUS FatCutChain(FAT_VCB *Vcb, FAT_RUNS *Runs, ULONG Clusters);
/* Changes the file's clusters; FileSize stays. */
NTSTATUS FatSetAllocation(FAT_FCB *Fcb, ULONG64 Bytes);
/* Tells the cache. */
VOID FatTellSizes(FAT_FCB *Fcb, PFILE_OBJECT File);
/* What a file gains is not valid yet: FatZeroTo, or data, follows. */
NTSTATUS FatSetFileSize(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 Bytes);
/* Zeroes from the end of valid data to To, within FileSize. */
NTSTATUS FatZeroTo(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 To);

/* ---- times.c ---- */
LARGE_INTEGER FatToSystemTime(FAT_TIME Time);
FAT_TIME FatFromSystemTime(LARGE_INTEGER Time);
FAT_TIME FatNow(VOID);
/* What queries say. */
ULONG FatAttributesOf(const FAT_RECORD *Record);

/* ---- notify.c ---- */
VOID FatReport(FAT_FCB *Fcb, ULONG Filter, ULONG Action);
NTSTATUS FatNotifyDirectory(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location);

/* ---- buffer.c: the caller's memory, locked, and then in system space ---- */
NTSTATUS FatLockBuffer(PIRP Irp, ULONG Length, LOCK_OPERATION Operation);
PVOID FatGetBuffer(PIRP Irp);

/* ---- others ---- */
NTSTATUS FatRename(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS FatGetPointers(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS FatGetBitmap(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location);
VOID FatQueryBasic(FAT_FCB *Fcb, PFILE_BASIC_INFORMATION Information);
VOID FatQueryStandard(FAT_FCB *Fcb, PFILE_STANDARD_INFORMATION Information);
VOID FatQueryNetworkOpen(FAT_FCB *Fcb, PFILE_NETWORK_OPEN_INFORMATION Information);
/* Caching begins with a file object's first cached transfer. */
NTSTATUS FatInitializeCache(FAT_FCB *Fcb, PFILE_OBJECT File);
/* Whether fast I/O may be tried, for Header.IsFastIoPossible. */
UCHAR FatFastIoState(FAT_FCB *Fcb);
