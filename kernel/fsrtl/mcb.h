/* SPDX-License-Identifier: MIT
 * Private to fsrtl: map control blocks. BASE_MCB.Mapping is an array of PairCount runs of room for MaximumPairCount; each begins where the
 * one before it ends, so that every VBN up to the last mapped one lies in exactly one run, mapped or a hole. Neighbours never continue
 * each other, and the last run is no hole. Numbers have 32 bits, as in the structure itself.
 */
#pragma once
#include "fsrtlp.h"
#include "exsync.h"

#define FSRTL_TAG_MCB 'mRsF'
#define FSRTL_HOLE MAXULONG

typedef struct FSRTL_RUN {
    ULONG End;                                   /* the first VBN behind it */
    ULONG Lbn;                                   /* FSRTL_HOLE */
} FSRTL_RUN;

static inline FSRTL_RUN *FsRtlRunsOf(const BASE_MCB *Mcb) { return Mcb->Mapping; }
static inline ULONG FsRtlRunStart(const BASE_MCB *Mcb, ULONG Index) { return Index == 0 ? 0 : FsRtlRunsOf(Mcb)[Index - 1].End; }
/* The run that holds it; PairCount: it lies behind all of them. */
ULONG FsRtlFindRun(const BASE_MCB *Mcb, ULONG64 Vbn);

/* STATUS_SUCCESS; STATUS_INSUFFICIENT_RESOURCES: nothing was changed; STATUS_UNSUCCESSFUL: the VBNs are mapped elsewhere, or are none. */
NTSTATUS FsRtlMapRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG Count);
NTSTATUS FsRtlUnmapRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Count);
/* Moves what is mapped from Vbn on up. */
NTSTATUS FsRtlShiftRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount);
