/* SPDX-License-Identifier: MIT
 * Private to vf/.
 */
#pragma once
#include "vf.h"
#include "ke.h"

typedef enum VF_WRAP { VfCall, VfTail, VfDirect } VF_WRAP;

/* A row of the generated signature table, sorted by name. */
typedef struct VF_SIGNATURE {
    PCSTR Name;
    VF_WRAP Wrap;                    /* VfTail: counted, then jumped to (varargs, no return); VfDirect: bound itself */
    ULONG ArgumentCount;
    BOOLEAN Partial;
    PCSTR Result, Arguments;         /* type letters of kernel/exports/generate.py */
} VF_SIGNATURE;
const VF_SIGNATURE *VfpFindSignature(PCSTR Name);

/* One import of one driver. Its offsets are used by wrapper.S. */
typedef struct VF_IMPORT {
    ULONG64 Target;                  /* 0x00 I the export, or 0 for a trap */
    volatile LONG64 Count;           /* 0x08 a */
    volatile LONG MaxIrql;           /* 0x10 a */
    ULONG TrapSlot;                  /* I page of the trap space + 1, or 0 */
    const VF_SIGNATURE *Signature;   /* I NULL when nothing is known */
    MM_IMAGE *Owner;                 /* I */
    CHAR Module[32];                 /* I */
    CHAR Name[96];                   /* I "#12" for an ordinal */
} VF_IMPORT;
C_ASSERT(FIELD_OFFSET(VF_IMPORT, Target) == 0);

/* All imports of one driver; found by image. */
typedef struct VF_DRIVER {
    LIST_ENTRY Link;                 /* VfpLock */
    const MM_IMAGE *Image;           /* I */
    ULONG Capacity;                  /* I */
    volatile LONG Count;             /* a entries used */
    PUCHAR Thunks;                   /* I Capacity thunks, or NULL without trace */
    VF_IMPORT Imports[];
} VF_DRIVER;

extern KE_LOCK VfpLock;
extern LIST_ENTRY VfpDrivers;
extern BOOLEAN VfpTrace;
VF_DRIVER *VfpDriverOf(const MM_IMAGE *Image);

/* ---- Trap space ---- */
/* Gives the import a page of its own that is never mapped; 0 when all are taken. */
ULONG64 VfpAllocateTrap(VF_IMPORT *Import);
VOID VfpReleaseTraps(VF_DRIVER *Driver);
VOID VfpMissingImport(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame);

/* ---- Thunks ---- */
#define VF_THUNK_SIZE 32u
/* The address to bind: a thunk that leads to the right wrapper with the import's record, or the target itself. */
ULONG64 VfpMakeThunk(VF_DRIVER *Driver, VF_IMPORT *Import);
VOID VfpEnterCall(VF_IMPORT *Import, const ULONG64 *Arguments);
VOID VfpLeaveCall(VF_IMPORT *Import, ULONG64 Result);
