/* SPDX-License-Identifier: MIT
 * Running the programs of the job, one after the other: those of `exec=COMMAND` lines with what they write as events, then those of
 * `shell=COMMAND` lines on the console.
 */
#pragma once
#include "initp.h"
#include "../../programs/smss/smss.h"

/* Our end of a named pipe of messages or of bytes, for one client: \Device\NamedPipe\Petrel-N. PASSIVE_LEVEL. */
NTSTATUS InitCreatePipe(BOOLEAN Messages, ACCESS_MASK Access, WCHAR FileName[SMSS_LONGEST_NAME], PHANDLE Pipe);
/* The other end. */
NTSTATUS InitOpenPipe(PCWSTR FileName, ACCESS_MASK Access, PHANDLE Client);

/* What a program writes to one of its streams, as `output` events. The reader's thread ends with the last handle of the other side. */
typedef struct INIT_STREAM {
    PCSTR Name;
    HANDLE Pipe;
    PCWSTR FileName;                             /* the other end's */
    KEVENT Ended;
} INIT_STREAM;
/* Opens our end, and says by which name a program finds the other. FileName stays the caller's, for as long as the stream is there. */
NTSTATUS InitOpenStream(INIT_STREAM *Stream, PCSTR Name, WCHAR FileName[SMSS_LONGEST_NAME]);
/* After the program, which may never have opened it: returns when everything was read. */
VOID InitFinishStream(INIT_STREAM *Stream);

/* Has the program run, and waits for its end. The first call starts the session manager. The status is that of starting either; a session
 * manager that ended before the program did is STATUS_PROCESS_IS_TERMINATING. PASSIVE_LEVEL, one thread. */
NTSTATUS InitAskSessionManager(const SMSS_PROGRAM *Program, NTSTATUS *ExitStatus);
/* No more programs: the session manager ends. */
VOID InitEndSessionManager(VOID);

/* ntdll.dll is found and the services have their numbers; without one there are no programs. */
VOID InitStartUserMode(VOID);
/* TRUE when every program could be started. What it ended with is for the tool to judge. */
BOOLEAN InitRunPrograms(VOID);
