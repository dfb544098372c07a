/* SPDX-License-Identifier: MIT
 * Private to fsrtl: the tunnel cache, the names that have left a directory within the last 15 seconds. TUNNEL.TimerQueue has the entries,
 * oldest first; TUNNEL.Mutex guards it. There are few, so they are looked through.
 */
#pragma once
#include "fsrtlp.h"

#define FSRTL_TAG_TUNNEL 'tRsF'
#define FSRTL_TUNNEL_ENTRIES 256u
#define FSRTL_TUNNEL_AGE (15ull * 10000000)      /* units of 100 ns */

typedef struct FSRTL_TUNNELLED {
    LIST_ENTRY Links;
    ULONG64 Since;                               /* interrupt time */
    ULONGLONG Directory;
    UNICODE_STRING ShortName, LongName;
    BOOLEAN ByShortName;
    ULONG DataLength;
    PVOID Data;                                  /* behind the structure, and the names behind it */
} FSRTL_TUNNELLED;

/* Forgets what is older than the age at that time. Mutex held. */
VOID FsRtlForgetTunnelled(PTUNNEL Cache, ULONG64 Now);
