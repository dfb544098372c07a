/* SPDX-License-Identifier: MIT
 * The console driver around the core (core/console.h): handles, requests that wait, attached processes, COM1, and the machine's own
 * screen and keyboard.
 *
 * Locks, in the order they are taken:
 *   StartLock           mutex: the first open starts wire, screen and keyboard (serial.c)
 *   Console.Lock        fast mutex: screens, input, the line being edited, who is attached, what is sent to the terminal
 *   Console.QueueLock   spin lock of the cancel-safe queue of reads; taken by IoCsq... only
 *   the interrupt's     spin lock: the ring of received bytes (serial.c)
 * Requests are completed, and threads started in processes, with none of them held.
 *
 * Marks: L Console.Lock, Q the queue's lock, I immutable once published, a atomic.
 */
#pragma once
#include <ntifs.h>
#include "core/console.h"
#include "core/display.h"

#define CD_TAG 'rDnC'
#define CD_DEVICE_TYPE 0x50                      /* FILE_DEVICE_CONSOLE */
#define FO_INDIRECT_WAIT_OBJECT 0x10000000       /* newer headers: who waits for the file waits for what FsContext2 is */
#define CD_TITLE_BYTES 0x2000u
#define CD_MOST_CLIENTS 256u                     /* who are told of one event */

typedef struct CD_SCREEN {                       /* a screen buffer; gone with its last handle, the console's own never */
    LONG References;                             /* L */
    CON_SCREEN Screen;                           /* L */
} CD_SCREEN;

typedef enum CD_KIND { CdReference = 1, CdConnection = 2, CdInput = 4, CdOutput = 8 } CD_KIND;

typedef struct CD_FILE {                         /* FsContext of every file object */
    CD_KIND Kind;                                /* I */
    CD_SCREEN *Screen;                           /* I CdOutput: referenced */
    LIST_ENTRY Link;                             /* L CdConnection: of Clients, until its last handle is closed */
    PEPROCESS Process;                           /* I CdConnection: referenced */
    ULONG Group;                                 /* I its process group */
} CD_FILE;

typedef struct CD_CONSOLE {
    FAST_MUTEX Lock;
    KEVENT HasInput;                             /* what a wait for an input handle waits for; FsContext2 of those files */
    CON_TERMINAL Terminal;                       /* L */
    CON_DISPLAY Display;                         /* L */
    BOOLEAN HasDisplay;                          /* L there is a frame buffer */
    CD_SCREEN First;                             /* L the console's own screen buffer */
    CD_SCREEN *Active;                           /* L referenced: the one that is shown */
    CON_QUEUE Queue;                             /* L */
    CON_KEYBOARD Keyboard;                       /* L */
    CON_HISTORY History;                         /* L */
    CON_LINE Line;                               /* L */
    ULONG_PTR Editing;                           /* L the number of the read that the line is edited for; 0: none */
    PUSHORT Rest;                                /* L what was entered and not read: CON_LINE_ROOM units */
    ULONG RestAt, RestLength;                    /* L */
    UCHAR RestBytes[4];                          /* L of a character that was read in part */
    ULONG RestByteCount;                         /* L */
    uint32_t InputMode;                          /* L */
    ULONG InputCodePage, OutputCodePage;         /* L */
    PWCHAR Title;                                /* L CD_TITLE_BYTES */
    ULONG TitleBytes;                            /* L */
    LIST_ENTRY Clients;                          /* L CD_FILE.Link */
    ULONG Events;                                /* L of the keyboard, not yet told: bits */
    BOOLEAN IsCancelled;                         /* L Ctrl+C: the line being edited ends */
    IO_CSQ Readers;
    KSPIN_LOCK QueueLock;
    LIST_ENTRY ReaderList;                       /* Q reads that wait; DriverContext[0] is the read's number */
    ULONG_PTR LastRead;                          /* L the last number */
} CD_CONSOLE;

extern CD_CONSOLE CdConsole;
extern const CON_HOST CdHost;

/* A request on its way. What it returns is in Information. */
typedef struct CD_REQUEST {
    PIRP Irp;
    CD_FILE *File;
    PUCHAR Buffer;                               /* the system's; in and out */
    ULONG InputLength, OutputLength;
    ULONG_PTR Information;
} CD_REQUEST;

/* STATUS_PENDING: it waits, or is completed by now. */
typedef NTSTATUS CD_HANDLER(PIRP Irp, PIO_STACK_LOCATION Location);
CD_HANDLER CdCreate, CdCleanup, CdClose, CdRead, CdWrite, CdFlush, CdControl, CdQueryInformation;
typedef NTSTATUS CD_CONTROL(CD_REQUEST *Request);

/* ---- console.c ---- */
NTSTATUS CdCreateConsole(VOID);                  /* all but the wire; the driver's entry */
VOID CdDeleteConsole(VOID);
VOID CdLock(VOID);
VOID CdUnlock(VOID);
/* A new screen buffer; NULL: no memory. */
CD_SCREEN *CdNewScreenLocked(VOID);
VOID CdReferenceScreenLocked(CD_SCREEN *Screen);
VOID CdDereferenceScreenLocked(CD_SCREEN *Screen);
VOID CdActivateLocked(CD_SCREEN *Screen);
/* The line is edited no longer: its reader has gone. */
VOID CdForgetLineLocked(VOID);

/* ---- read.c ---- */
VOID CdInitializeReaders(VOID);
/* Gives waiting reads what there is; completed ones come into Done. */
VOID CdServeLocked(PLIST_ENTRY Done);
/* Keys have come. */
VOID CdTypeLocked(const CON_RECORD *Records, ULONG Count);
/* Who waits for them gets them, and who is to be told of Ctrl+C is told. The lock was held and is no more. */
VOID CdServeAndUnlock(VOID);
VOID CdCompleteAll(PLIST_ENTRY Done);            /* no lock is held */
/* The read waits, until it is served or cancelled. */
NTSTATUS CdWaitForInput(PIRP Irp);
VOID CdCancelReads(PFILE_OBJECT File);
CD_CONTROL CdReadConsole, CdReadInput;
/* For who must be signalled: after every change of the queue. */
VOID CdSignalInputLocked(VOID);

/* ---- input.c, output.c, cells.c ---- */
CD_CONTROL CdGetMode, CdSetMode, CdIsUnix, CdWriteInput, CdPeekInput, CdCountInput, CdFlushInput, CdGetInputInfo, CdSetInputInfo,
    CdGetTitle, CdSetTitle, CdBeep, CdGetWindow;
CD_CONTROL CdWriteConsole, CdWriteFile, CdGetOutputInfo, CdSetOutputInfo, CdActivate;
CD_CONTROL CdReadOutput, CdWriteOutput, CdFillOutput, CdScrollOutput;
/* The screen's changes are sent. */
VOID CdShowLocked(CD_SCREEN *Screen);

/* ---- message.c ---- */
CD_CONTROL CdIssueUserIo;

/* ---- process.c ---- */
CD_CONTROL CdControlEvent, CdListProcesses, CdBindProcess;
NTSTATUS CdAttach(CD_FILE *File);
VOID CdDetach(CD_FILE *File);
/* What runs in the process when an event comes; NULL: it has none. No lock is held. (routine.c) */
PVOID CondrvControlRoutine(PEPROCESS Process);
/* Each attached process of the group (0: all) is told. No lock is held. */
NTSTATUS CdTellProcesses(ULONG Event, ULONG Group);
/* What the keyboard asked for. */
VOID CdTellEvents(VOID);

/* ---- serial.c ---- */
VOID CdInitializeSerial(VOID);
/* Begins to listen; once. The wire is the console's from then on. */
NTSTATUS CdStartSerial(VOID);
VOID CdStopSerial(VOID);
VOID CdSendLocked(PVOID Context, const char *Bytes, SIZE_T Length);      /* CON_TERMINAL.Send */
VOID CdFlushLocked(VOID);                        /* what was sent leaves */
/* There is room for keys again. */
VOID CdWakeListener(VOID);
NTSTATUS CdStartThread(PKSTART_ROUTINE Routine, PVOID *Thread);         /* referenced */

/* ---- picture.c, keys.c: the machine's own screen and keyboard, as far as it has them ---- */
VOID CdStartPicture(VOID);
VOID CdStopPicture(VOID);
VOID CdDrawLocked(CD_SCREEN *Screen);
VOID CdStartKeys(VOID);
VOID CdStopKeys(VOID);
