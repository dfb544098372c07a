/* SPDX-License-Identifier: MIT
 * A file of nobody's, for the tests of opportunistic locks: its oplock, three file objects, and requests that count their completions.
 */
#pragma once
#include "../oplock.h"
#include "test.h"

typedef struct OPLOCK_TEST {
    OPLOCK Oplock;
    FILE_OBJECT A, B, C;
} OPLOCK_TEST;

extern volatile LONG OplockCompletions;
VOID OplockStart(OPLOCK_TEST *Test);
/* A request through File, with room for what FSCTL_REQUEST_OPLOCK says. */
PIRP OplockMakeIrp(PFILE_OBJECT File, UCHAR Major);
VOID OplockFreeIrp(PIRP Irp);
/* Sends a control; the status must be what is expected, and only STATUS_PENDING leaves the request incomplete. */
PIRP OplockControl(OPLOCK_TEST *Test, PFILE_OBJECT File, ULONG Code, NTSTATUS Expected);
PIRP OplockLevel(OPLOCK_TEST *Test, PFILE_OBJECT File, ULONG Level, ULONG Flags, NTSTATUS Expected);
/* FsRtlCheckOplock for a request that does that to the file; it must not wait. */
NTSTATUS OplockDo(OPLOCK_TEST *Test, PFILE_OBJECT File, UCHAR Major);
/* An open of that access, sharing and disposition with options. */
PIRP OplockMakeOpen(PFILE_OBJECT File, ACCESS_MASK Access, USHORT Share, ULONG Options);
/* Begins the operation; it is to be pended. The request is the caller's. */
PIRP OplockBegin(OPLOCK_TEST *Test, PIRP Irp);
/* The completion routine has been called, with that status. */
BOOLEAN OplockResumed(PIRP Irp, NTSTATUS Status);
/* The break that a granular request was told of. */
BOOLEAN OplockTold(PIRP Irp, ULONG Original, ULONG New, BOOLEAN MustAcknowledge);
static inline BOOLEAN OplockPends(PIRP Irp) { return Irp->CancelRoutine != NULL; }
