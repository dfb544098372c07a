/* SPDX-License-Identifier: MIT
 * Between the parts of pipes: ends of pipes by handles, requests that are waited for, and what every part says of itself.
 */
#pragma once
#include <ntifs.h>

#define PIPES_DEVICE L"\\Device\\NamedPipe"
#define PIPES_DUPLEX (FILE_SHARE_READ | FILE_SHARE_WRITE)
#define PIPES_BOTH (GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE)

typedef struct PIPES_HOW {                       /* how a pipe is created */
    ULONG Share, Disposition, Type, Mode, Completion, Maximum, Inbound, Outbound;
    ACCESS_MASK Access;                          /* 0: PIPES_BOTH */
    ULONG Options;                               /* 0: asynchronous */
    PSECURITY_DESCRIPTOR Security;
    HANDLE Root;
    ULONG IoOptions;
} PIPES_HOW;
extern const PIPES_HOW PipesBytes, PipesMessages;

VOID PipesCheck(BOOLEAN Held, PCSTR What);
VOID PipesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What);

NTSTATUS PipesCreate(PCWSTR Name, const PIPES_HOW *How, HANDLE *Server);
NTSTATUS PipesOpen(HANDLE Root, PCWSTR Name, ACCESS_MASK Access, ULONG Options, HANDLE *File);
/* Both ends, connected. */
BOOLEAN PipesPair(PCWSTR Name, const PIPES_HOW *How, HANDLE *Server, HANDLE *Client);
VOID PipesClose(HANDLE Server, HANDLE Client);

/* One asynchronous request. */
typedef struct PIPES_REQUEST {
    HANDLE Event;
    IO_STATUS_BLOCK Result;
    NTSTATUS Status;                             /* what the service returned */
} PIPES_REQUEST;
VOID PipesBeginRead(HANDLE File, PVOID Buffer, ULONG Length, PIPES_REQUEST *Request);
VOID PipesBeginWrite(HANDLE File, const VOID *Buffer, ULONG Length, PIPES_REQUEST *Request);
VOID PipesBeginControl(HANDLE File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PIPES_REQUEST *Request);
BOOLEAN PipesIsPending(PIPES_REQUEST *Request);
/* Its final status; *Bytes, which may be NULL: its information. */
NTSTATUS PipesEnd(PIPES_REQUEST *Request, PULONG Bytes);
/* Both at once. */
NTSTATUS PipesRead(HANDLE File, PVOID Buffer, ULONG Length, PULONG Bytes);
NTSTATUS PipesWrite(HANDLE File, const VOID *Buffer, ULONG Length, PULONG Bytes);
NTSTATUS PipesControl(HANDLE File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Bytes);
NTSTATUS PipesSetMode(HANDLE File, ULONG ReadMode, ULONG CompletionMode);
FILE_PIPE_LOCAL_INFORMATION PipesLocal(HANDLE File);

/* ---- The parts ---- */
VOID PipesTestCreation(VOID);                    /* pipes_create.c */
VOID PipesTestSecurity(VOID);
VOID PipesTestDirectory(VOID);
VOID PipesTestStates(VOID);                      /* pipes_state.c */
VOID PipesTestWait(VOID);
VOID PipesTestControls(VOID);
VOID PipesTestThreads(VOID);                     /* pipes_threads.c */
