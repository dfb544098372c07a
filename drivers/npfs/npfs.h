/* SPDX-License-Identifier: MIT
 * The named pipe file system. A pipe is a name with instances; an instance has a server's and a client's end and a stream of data to each.
 *
 * Locks, in the order they are taken (drivers/ipc/ipc.h):
 *   IpcNames         exclusive: creating, opening, closing, disconnecting; shared: impersonating, looking for a name
 *   a pipe's Lock    its instances, their states and streams, and every request that waits for any of them; one lock for each pipe
 * Data are copied under the pipe's lock, between system buffers. Requests are completed after it is released.
 *
 * Marks: N IpcNames, L the pipe's lock, I immutable once published, a atomic.
 */
#pragma once
#include "../ipc/ipc.h"

#define NP_TAG ' pN '
#define NP_MOST_MESSAGES 0x10000u                /* more than so many unread ones wait, however short they are */

typedef struct NP_PIPE {
    IPC_OBJECT Head;
    LIST_ENTRY Instances;                        /* N and L */
    LIST_ENTRY Waiters;                          /* L FSCTL_PIPE_WAIT */
    ULONG Count;                                 /* N instances */
    ULONG MaximumInstances, Type, Configuration; /* I FILE_PIPE_... */
    LARGE_INTEGER DefaultTimeout;                /* I */
} NP_PIPE;

typedef struct NP_ENTRY {                        /* what one write put into a stream, or a flush that waits for what is before it */
    LIST_ENTRY Link;
    PIRP Irp;                                    /* L who waits for it; NULL: nobody */
    ULONG Length, Read;                          /* L */
    BOOLEAN IsFlush;                             /* I */
    BOOLEAN IsCharged;                           /* L its unread bytes count in Used */
    BOOLEAN IsHeld;                              /* L the writer frees it, not who reads the last of it */
    UCHAR Data[];
} NP_ENTRY;

/* L. While Readers wait there are no entries but those of writes that are being cancelled. A request in Writers has its entry in DriverContext[1] and the stream in [2]. */
typedef struct NP_STREAM {
    LIST_ENTRY Entries, Readers, Writers;
    ULONG Quota;                                 /* I */
    ULONG Bytes;                                 /* unread, of all entries */
    ULONG Used;                                  /* unread, of those that are charged: nobody waits with them */
    ULONG Messages;                              /* entries but flushes */
} NP_STREAM;

typedef struct NP_END {
    IPC_FILE File;
    struct NP_INSTANCE *Instance;                /* I referenced */
    ULONG Side;                                  /* I FILE_PIPE_..._END */
    BOOLEAN IsOpen;                              /* L it has a handle */
    BOOLEAN ReadsMessages, IsNonBlocking;        /* L */
    PKEVENT Event;                               /* L FSCTL_PIPE_ASSIGN_EVENT; referenced */
    ULONG Key;                                   /* L */
} NP_END;

typedef struct NP_CLIENT {                       /* who the client is */
    SECURITY_CLIENT_CONTEXT Security;
    HANDLE ProcessId;
    ULONG SessionId;
} NP_CLIENT;

typedef struct NP_INSTANCE {
    LIST_ENTRY Link;                             /* N and L */
    LONG References;                             /* a its ends, until they are closed */
    NP_PIPE *Pipe;                               /* I referenced */
    ULONG State;                                 /* L FILE_PIPE_..._STATE */
    NP_STREAM Streams[2];                        /* L by the side that reads */
    LIST_ENTRY Listeners;                        /* L FSCTL_PIPE_LISTEN */
    NP_END Server;
    NP_END *Client;                              /* L NULL: none, or it was cast off, or closed */
    NP_CLIENT *Caller;                           /* N the client of whom data may still come; NULL: none */
    HANDLE ServerProcessId;                      /* I */
    ULONG ServerSessionId;                       /* I */
} NP_INSTANCE;

/* ---- handlers ---- */
IPC_HANDLER NpCreatePipe, NpOpen, NpCleanup, NpClose, NpRead, NpWrite, NpFlush, NpQueryInformation, NpSetInformation, NpQueryVolume,
    NpFsControl, NpQuerySecurity, NpSetSecurity;

/* ---- pipe.c ---- */
static inline NP_PIPE *NpPipeOf(IPC_OBJECT *Object)
{
    return CONTAINING_RECORD(Object, NP_PIPE, Head);
}
/* NULL: it is no end of a pipe. */
NP_END *NpEndOf(PFILE_OBJECT File);
KIRQL NpLock(NP_PIPE *Pipe);
VOID NpUnlock(NP_PIPE *Pipe, KIRQL Irql);
/* What ended under the lock is completed, too: IpcNames is not held. */
VOID NpUnlockAndComplete(NP_PIPE *Pipe, KIRQL Irql, PLIST_ENTRY Done);
/* A listening instance of a new or a known pipe, with the server's end open. IpcNames held exclusively. */
NTSTATUS NpCreateInstance(NP_PIPE *Pipe, PIRP Irp, const NAMED_PIPE_CREATE_PARAMETERS *Parameters, NP_INSTANCE **Instance,
                          PLIST_ENTRY Done);
/* Neither end has a handle: it is in nobody's way. IpcNames exclusively and the lock held. */
VOID NpRetireInstanceLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done);
VOID NpDereferenceInstance(NP_INSTANCE *Instance);
VOID NpDeleteClient(NP_CLIENT *Client);          /* NULL is nothing */

/* ---- state.c; the lock is held ---- */
/* FILE_PIPE_..._STATE as this end sees it. */
ULONG NpStateLocked(const NP_END *End);
/* Whether data can move: STATUS_SUCCESS, STATUS_PIPE_DISCONNECTED, STATUS_PIPE_LISTENING, or WhenClosing. */
NTSTATUS NpCheckLocked(const NP_END *End, NTSTATUS WhenClosing);
VOID NpListenLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done);
VOID NpConnectLocked(NP_INSTANCE *Instance, NP_END *Client, PLIST_ENTRY Done);
VOID NpDisconnectLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done);
/* The end's last handle goes. */
VOID NpCloseEndLocked(NP_END *End, PLIST_ENTRY Done);
/* Something happened that the end's event tells of. NULL is nothing. */
VOID NpSignalLocked(NP_END *End);

/* ---- stream.c; the lock is held ---- */
static inline ULONG NpSpaceLocked(const NP_STREAM *Stream)
{
    return Stream->Used < Stream->Quota ? Stream->Quota - Stream->Used : 0;
}
static inline NP_STREAM *NpStreamTo(NP_END *End)
{
    return &End->Instance->Streams[End->Side];
}
static inline NP_STREAM *NpStreamFrom(NP_END *End)
{
    return &End->Instance->Streams[!End->Side];
}
VOID NpInitializeStream(NP_STREAM *Stream, ULONG Quota);
NP_ENTRY *NpCreateEntry(ULONG Length, BOOLEAN IsFlush);  /* without a lock; NULL: no memory */
/* Copies what a read gets, and nothing of a write that is being cancelled; Message: up to the end of the first. STATUS_BUFFER_OVERFLOW:
 * a part of a message. STATUS_PIPE_EMPTY: there is nothing. */
NTSTATUS NpTakeLocked(NP_STREAM *Stream, PVOID Buffer, ULONG Length, BOOLEAN Message, PULONG Taken, PLIST_ENTRY Done);
NTSTATUS NpPeekLocked(const NP_STREAM *Stream, PUCHAR Buffer, ULONG Length, BOOLEAN Message, PULONG Taken);
VOID NpAppendLocked(NP_STREAM *Stream, NP_ENTRY *Entry);
VOID NpChargeLocked(NP_STREAM *Stream, NP_ENTRY *Entry);
/* Takes an entry out that is not wholly read; the caller frees it. */
VOID NpRemoveLocked(NP_STREAM *Stream, NP_ENTRY *Entry);
VOID NpCutLocked(NP_STREAM *Stream, NP_ENTRY *Entry, ULONG Length);
/* Gives waiting readers what there is, until the last entry, which IsHeld, is read. */
VOID NpServeLocked(NP_STREAM *Stream, NP_ENTRY *Last, PLIST_ENTRY Done);
/* Writers and flushes that waited for what was read by now. */
VOID NpSettleLocked(NP_STREAM *Stream, PLIST_ENTRY Done);
/* The writers that wait end, and what they wrote goes; what others wrote stays. */
VOID NpDropWritersLocked(NP_STREAM *Stream, NTSTATUS Status, PLIST_ENTRY Done);
/* The same, and everything goes. */
VOID NpDiscardLocked(NP_STREAM *Stream, NTSTATUS Status, PLIST_ENTRY Done);

/* ---- write.c ---- */
/* The entry becomes the stream's, or goes. Irp waits with it when it does not fit; NULL: it need not fit. */
NTSTATUS NpPutLocked(NP_END *End, PIRP Irp, NP_ENTRY *Entry, PULONG_PTR Written, PLIST_ENTRY Done);

/* ---- fscontrol.c's parts ---- */
NTSTATUS NpWaitForPipe(PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS NpTransceive(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS NpImpersonate(NP_END *End);
NTSTATUS NpGetAttribute(NP_END *End, BOOLEAN OfConnection, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS NpQueryClientProcess(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS NpAssignEvent(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location);
NTSTATUS NpQueryEvent(PIRP Irp, PIO_STACK_LOCATION Location);
/* The client's side of what FSCTL_PIPE_IMPERSONATE and the attributes tell. */
NTSTATUS NpCaptureClient(PIRP Irp, PSECURITY_QUALITY_OF_SERVICE Qos, NP_CLIENT **Client);
