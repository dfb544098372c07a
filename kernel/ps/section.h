/* SPDX-License-Identifier: MIT
 * Between the files that handle section objects.
 */
#pragma once
#include "psp.h"

#define PSP_SEC_IMAGE 0x01000000u
#define PSP_SEC_NOCACHE 0x10000000u

/* The body of a section object. */
typedef struct PSP_SECTION {
    struct MI_SEGMENT *Segment;      /* I referenced */
    ULONG Attributes;                /* I SEC_... */
} PSP_SECTION;
