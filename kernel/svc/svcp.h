/* SPDX-License-Identifier: MIT
 * Private to svc/. Nothing here changes once the services have their numbers, but for the counts, which are atomic.
 */
#pragma once
#include "svc.h"
#include "ke.h"

#define SVC_ARGUMENTS 17u            /* of the service with the most */
#define SVC_REGISTER_ARGUMENTS 4u
#define SVC_NUMBERS 0x400u           /* of ntdll's table */

typedef enum SVC_KIND {
    SvcValue, SvcRead, SvcReadWrite, SvcReadBuffer, SvcWriteBuffer, SvcPointerBuffer, SvcAttributes, SvcString, SvcGuarded,
    SvcGuardedBuffer, SvcRaw
} SVC_KIND;

typedef struct SVC_SHAPE {
    UCHAR Kind;                      /* SVC_KIND */
    BOOLEAN Optional, Wide;          /* Wide: the length is a SIZE_T */
    USHORT Bytes;                    /* or, of a buffer, the argument that says how many */
} SVC_SHAPE;

typedef struct SVC_SERVICE {
    PCSTR Name;
    const UCHAR *Routine;
    PCSTR Shapes;                    /* as written in services.inc */
    UCHAR Count;
    BOOLEAN Plain;                   /* values only */
    SVC_SHAPE Arguments[SVC_ARGUMENTS];
} SVC_SERVICE;

typedef struct SVC_NUMBER {
    const SVC_SERVICE *Service;      /* NULL: there is none */
    CHAR *Name;                      /* ntdll's */
    volatile LONG Missed;            /* calls in vain */
} SVC_NUMBER;

/* One call: its arguments, and copies of what they point to. */
#define SVC_ROOM 0x400u
#define SVC_COPIES 24u
typedef struct SVC_COPY {
    PVOID User;                      /* NULL: nothing goes back */
    PUCHAR Kernel;
    SIZE_T Bytes;
    BOOLEAN Pool, Pointers;
} SVC_COPY;
typedef struct SVC_CALL {
    ULONG64 Arguments[SVC_ARGUMENTS];
    ULONG Used, Copied;
    SVC_COPY Copies[SVC_COPIES];
    DECLSPEC_ALIGN(16) UCHAR Room[SVC_ROOM];
} SVC_CALL;

SVC_SERVICE *SvcFind(PCSTR Name);
/* Replaces the arguments that point to user memory. What was copied is given back by SvcRelease in every case. */
NTSTATUS SvcCapture(const SVC_SERVICE *Service, SVC_CALL *Call);
/* What the service wrote goes to the caller. */
NTSTATUS SvcReturn(SVC_CALL *Call, NTSTATUS Status);
VOID SvcRelease(SVC_CALL *Call);
static inline NTSTATUS SvcCopyIn(PVOID To, ULONG64 From, SIZE_T Bytes) { return MmReadCaller(UserMode, To, (PVOID)From, Bytes); }
