/* SPDX-License-Identifier: MIT
 * The mailslot file system. A mailslot belongs to who created it, who reads whole messages; everybody else writes them.
 *
 * Locks, in the order they are taken (drivers/ipc/ipc.h):
 *   IpcNames           exclusive: creating, opening and closing
 *   a mailslot's Lock  its messages and the reads that wait for one
 *
 * Marks: L the mailslot's lock, I immutable once published, a atomic.
 */
#pragma once
#include "../ipc/ipc.h"

#define MS_TAG ' sM '
#define MS_MOST_MESSAGES 0x10000u                /* unread ones, however short they are */

typedef struct MS_MESSAGE {
    LIST_ENTRY Link;
    ULONG Length;
    UCHAR Data[];
} MS_MESSAGE;

typedef struct MS_SLOT {
    IPC_OBJECT Head;                             /* referenced by every file object of it */
    IPC_FILE Server;                             /* FsContext2 of its owner's file object */
    LIST_ENTRY Messages, Readers;                /* L while readers wait there are no messages */
    ULONG Count, Bytes;                          /* L of messages */
    ULONG Quota, MaximumMessageSize;             /* I 0: any */
    LARGE_INTEGER ReadTimeout;                   /* L relative; 0: nobody waits, MINLONGLONG: for ever */
    BOOLEAN IsOpen;                              /* L its owner has it open */
} MS_SLOT;

typedef struct MS_CLIENT {                       /* FsContext2 of who writes */
    IPC_FILE File;
    MS_SLOT *Slot;                               /* I */
} MS_CLIENT;

/* ---- handlers ---- */
IPC_HANDLER MsCreate, MsOpen, MsCleanup, MsClose, MsRead, MsWrite, MsQueryInformation, MsSetInformation, MsQueryVolume, MsQuerySecurity,
    MsSetSecurity;

/* FsContext is the mailslot, of both kinds of file objects; NULL: the file is none. */
static inline MS_SLOT *MsSlotOf(PFILE_OBJECT File)
{
    return File->FsContext;
}
static inline BOOLEAN MsIsServer(PFILE_OBJECT File)
{
    return MsSlotOf(File) != NULL && File->FsContext2 == &MsSlotOf(File)->Server;
}
/* Any way to say "for ever" becomes one. */
LARGE_INTEGER MsTimeout(LARGE_INTEGER Timeout);
