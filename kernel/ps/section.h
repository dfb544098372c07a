/* SPDX-License-Identifier: MIT
 * Between the files that handle section objects, whose body is an MM_SECTION.
 */
#pragma once
#include "psp.h"

#define PSP_SEC_NOCACHE 0x10000000u

/* What a caller asks a new section to be. */
typedef struct PSP_NEW_SECTION {
    POBJECT_ATTRIBUTES ObjectAttributes;
    PLARGE_INTEGER MaximumSize;      /* NULL: the file's */
    ULONG Protect, Attributes;
} PSP_NEW_SECTION;
