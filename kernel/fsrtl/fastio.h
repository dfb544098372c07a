/* SPDX-License-Identifier: MIT
 * Private to fsrtl: what the routines of fast I/O have in common.
 */
#pragma once
#include "fsrtlp.h"
#include "cc.h"

typedef struct FSRTL_FAST {                      /* one transfer */
    PFILE_OBJECT File;
    ULONG64 Offset;
    ULONG Length, Key;
    PDEVICE_OBJECT Device;                       /* of the file system; NULL: it cannot be asked */
    BOOLEAN Wait, Write, Mdl;
} FSRTL_FAST;

/* FALSE: data is missing, and Fast->Wait is FALSE. Raises what the cache, or the buffer, gave. */
typedef BOOLEAN FSRTL_TRANSFER(const FSRTL_FAST *Fast, PVOID Target, PIO_STATUS_BLOCK Result);

static inline PFSRTL_COMMON_FCB_HEADER FsRtlHeaderOf(PFILE_OBJECT File) { return File->FsContext; }
/* Runs the transfer with the file's main resource, when fast I/O is possible now. FALSE: a request must do it. IRQL <= APC_LEVEL. */
BOOLEAN FsRtlTryFast(FSRTL_FAST *Fast, FSRTL_TRANSFER *Transfer, PVOID Target, PIO_STATUS_BLOCK Result);

typedef enum FSRTL_COUNT { FsRtlCountNoWait, FsRtlCountWait, FsRtlCountNotPossible, FsRtlCountResourceMiss } FSRTL_COUNT;
/* What performance counters of the processor say about cached reads. Any IRQL. */
VOID FsRtlCount(FSRTL_COUNT Which, BOOLEAN Mdl);
