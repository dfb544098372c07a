/* SPDX-License-Identifier: MIT
 * Private to svc/. Nothing here changes once the services have their numbers, but for the counts, which are atomic.
 */
#pragma once
#include "svc.h"
#include "ke.h"

#define SVC_ARGUMENTS 17u            /* of the service with the most */
#define SVC_REGISTER_ARGUMENTS 4u
#define SVC_NUMBERS 0x400u           /* of ntdll's table */

typedef struct SVC_SERVICE {
    PCSTR Name;
    const UCHAR *Routine;
    ULONG Count;                     /* of arguments */
} SVC_SERVICE;

typedef struct SVC_NUMBER {
    const SVC_SERVICE *Service;      /* NULL: there is none */
    CHAR *Name;                      /* ntdll's */
    volatile LONG Missed;            /* calls in vain */
} SVC_NUMBER;

const SVC_SERVICE *SvcFind(PCSTR Name);
