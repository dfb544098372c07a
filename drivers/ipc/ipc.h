/* SPDX-License-Identifier: MIT
 * What the drivers of named pipes and of mailslots share: objects with names and descriptors, requests that wait, and the directory.
 * Compiled into each of them.
 *
 * Locks, in the order they are taken:
 *   IpcNames       executive resource, inside FsRtlEnterFileSystem: the list of objects and their descriptors; exclusive to change them
 *   IPC_OBJECT.Lock  spin lock of one object: whatever its driver says, and every request that waits for it
 * Neither is held while a request is completed: what ends under a lock goes into a list for IpcCompleteAll.
 *
 * A request that waits belongs to who takes it out of its list and gets its cancel routine back (IpcTakeLocked); who gets none leaves
 * it to the cancel routine. It holds a reference to its object until it is completed.
 *
 * Marks: N IpcNames, L IPC_OBJECT.Lock, I immutable once published, a atomic.
 */
#pragma once
#include <ntifs.h>

#define IPC_TAG ' cpI'

typedef struct IPC_OBJECT {                      /* a pipe or a mailslot; the driver's structure begins with it */
    LIST_ENTRY Link;                             /* N of IpcObjects; to itself: not listed (any more) */
    LONG References;                             /* a */
    KSPIN_LOCK Lock;
    UNICODE_STRING Name;                         /* I without a backslash in front; empty: unnamed */
    ULONG64 Number;                              /* I its place in the directory */
    PSECURITY_DESCRIPTOR Security;               /* N NULL when nobody has it open any more */
} IPC_OBJECT;

extern ERESOURCE IpcNames;
extern LIST_ENTRY IpcObjects;                    /* N in the order of their numbers */

/* ---- The driver's part ---- */
/* STATUS_PENDING, or the status that the request is completed with. */
typedef NTSTATUS IPC_HANDLER(PIRP Irp, PIO_STACK_LOCATION Location);
extern IPC_HANDLER *const IpcHandlers[IRP_MJ_MAXIMUM_FUNCTION + 1];
/* A request of the object was cancelled while it waited: what hung on it goes, and others may end now. Lock is held. */
VOID IpcCancelled(IPC_OBJECT *Object, PIRP Irp, PLIST_ENTRY Done);
/* What the directory says of an object. Lock is not held. */
VOID IpcDescribe(IPC_OBJECT *Object, PLARGE_INTEGER AllocationSize, PLARGE_INTEGER EndOfFile);

/* ---- names.c ---- */
/* The name that is opened, without the backslash in front. FALSE: it is not one. */
BOOLEAN IpcTakeName(PFILE_OBJECT File, PUNICODE_STRING Name, PBOOLEAN HasBackslash);
/* IpcNames is held. NULL: nothing has the name. */
IPC_OBJECT *IpcFind(PCUNICODE_STRING Name);
/* An object of Size bytes (zeroed behind the head) with one reference, not listed. The descriptor is made of what the creator gave. */
NTSTATUS IpcCreateObject(SIZE_T Size, PCUNICODE_STRING Name, PACCESS_STATE State, IPC_OBJECT **Object);
VOID IpcList(IPC_OBJECT *Object);                /* IpcNames held exclusively */
/* Nobody can find it any more, and its descriptor goes. IpcNames held exclusively. */
VOID IpcUnlist(IPC_OBJECT *Object);
VOID IpcReference(IPC_OBJECT *Object);
VOID IpcDereference(IPC_OBJECT *Object);

/* ---- access.c: IpcNames is held, exclusively to set ---- */
/* Whether the opener may have what it asks for and More; it is granted in the access state. */
NTSTATUS IpcCheckAccess(IPC_OBJECT *Object, PIRP Irp, PIO_STACK_LOCATION Location, ACCESS_MASK More);
/* IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY. Take IpcNames themselves. */
NTSTATUS IpcQuerySecurity(IPC_OBJECT *Object, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS IpcSetSecurity(IPC_OBJECT *Object, PIO_STACK_LOCATION Location);

/* ---- wait.c: requests that wait; ...Locked: the object's Lock is held ---- */
typedef struct IPC_TIMER IPC_TIMER;
/* For one request; the longest and the last time there is never come: NULL with STATUS_SUCCESS. */
NTSTATUS IpcCreateTimer(IPC_OBJECT *Object, LARGE_INTEGER Timeout, IPC_TIMER **Timer);
/* Of a request that did not have to wait. NULL is nothing. */
VOID IpcDeleteTimer(IPC_TIMER *Timer);
/* The request waits in List from now on, marked pending; Timer, which may be NULL, becomes its. FALSE: it was cancelled before, and
 * is still the caller's, as the timer is. */
BOOLEAN IpcWaitLocked(IPC_OBJECT *Object, PLIST_ENTRY List, PIRP Irp, IPC_TIMER *Timer);
/* The first of the list that nobody cancels; NULL: there is none. */
PIRP IpcTakeLocked(PLIST_ENTRY List);
/* This one. FALSE: it is being cancelled. */
BOOLEAN IpcClaimLocked(PIRP Irp);
/* This one, which keeps its place in the list while the lock is held. FALSE: it is being cancelled. Then it waits again (FALSE: it was
 * cancelled meanwhile, and is held still), or is taken out. */
BOOLEAN IpcHoldLocked(PIRP Irp);
BOOLEAN IpcResumeLocked(PIRP Irp);
VOID IpcTakeOutLocked(PIRP Irp);
/* A taken request ends so, when IpcCompleteAll comes to it. */
VOID IpcEndLocked(PIRP Irp, NTSTATUS Status, ULONG_PTR Information, PLIST_ENTRY Done);
/* Every request of the list, or of it those of one file. */
VOID IpcEndAllLocked(PLIST_ENTRY List, PFILE_OBJECT File, NTSTATUS Status, PLIST_ENTRY Done);
/* No lock is held. */
VOID IpcCompleteAll(PLIST_ENTRY Done);

/* ---- directory.c ---- */
typedef struct IPC_DIRECTORY {                   /* an open directory */
    UNICODE_STRING Pattern;                      /* N of its first query; upper case; empty: all */
    ULONG64 Next;                                /* N the number after that of the last object told */
    BOOLEAN HasPattern, HasMatched;              /* N */
} IPC_DIRECTORY;
NTSTATUS IpcQueryDirectory(IPC_DIRECTORY *Directory, PIRP Irp, PIO_STACK_LOCATION Location);

/* ---- system.c ---- */
typedef enum IPC_KIND { IpcKindDevice, IpcKindRoot, IpcKindOwn } IPC_KIND;
typedef struct IPC_FILE {                        /* FsContext2 of every file object; the driver's structures begin with it */
    IPC_KIND Kind;                               /* I */
    IPC_DIRECTORY Directory;                     /* of the root */
} IPC_FILE;
/* All of DriverEntry. */
NTSTATUS IpcStart(PDRIVER_OBJECT DriverObject, PCWSTR Name, PCWSTR Link, DEVICE_TYPE Type);
/* Of the file system and its root, IpcKindDevice and IpcKindRoot. */
NTSTATUS IpcOpenSystem(IPC_KIND Kind, PIRP Irp, PIO_STACK_LOCATION Location);
VOID IpcCloseSystem(PFILE_OBJECT File);
NTSTATUS IpcQuerySystem(PIRP Irp, PIO_STACK_LOCATION Location);
IPC_HANDLER IpcDirectoryControl;

/* ---- information.c: the buffer is the system's ---- */
/* What can be said of any such file; Used: how many bytes. */
NTSTATUS IpcQueryCommon(PCUNICODE_STRING Name, PVOID Id, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used);
NTSTATUS IpcQueryVolume(PCUNICODE_STRING FileSystem, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used);
