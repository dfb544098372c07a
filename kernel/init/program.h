/* SPDX-License-Identifier: MIT
 * Running the programs of the job, one after the other: `exec=COMMAND` lines, whose output becomes events, then `shell=COMMAND` lines,
 * whose console is that of COM1.
 */
#pragma once
#include "initp.h"
#include "ps.h"

/* What a program writes to one of its streams, as `output` events. The reader's thread ends with the last handle of the other side. */
typedef struct INIT_STREAM {
    PCSTR Name;
    HANDLE Ours, Theirs;
    KEVENT Ended;
} INIT_STREAM;
/* Opens both ends. Theirs is the caller's to close once the program has its own. */
NTSTATUS InitOpenStream(INIT_STREAM *Stream, PCSTR Name);
/* After Theirs is closed: returns when everything was read. */
VOID InitFinishStream(INIT_STREAM *Stream);

/* Console and standard handles of the program; whoever has started it closes them. */
NTSTATUS InitOpenConsole(PS_PROGRAM *Program);
VOID InitCloseConsole(PS_PROGRAM *Program);

/* ntdll.dll is found and the services have their numbers; without one there are no programs. */
VOID InitStartUserMode(VOID);
/* TRUE when every program could be started. What it ended with is for the tool to judge. */
BOOLEAN InitRunPrograms(VOID);
