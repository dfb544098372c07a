/* SPDX-License-Identifier: MIT
 * Running the programs of the job, one after the other: those of `exec=COMMAND` lines with what they write as events, then those of
 * `shell=COMMAND` lines on the console.
 */
#pragma once
#include "initp.h"

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

/* ntdll.dll is found and the services have their numbers; without one there are no programs. */
VOID InitStartUserMode(VOID);
/* TRUE when every program could be started. What it ended with is for the tool to judge. */
BOOLEAN InitRunPrograms(VOID);
