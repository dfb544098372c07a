/* SPDX-License-Identifier: MIT
 * The services that there are, from services.inc.
 */
#include "svcp.h"

/* By names of our own for the linker's: the headers declare some of them, each as what it is. */
#define SERVICE(name, count) extern const UCHAR Svc##name[] __asm__(#name);
#include "services.inc"
#undef SERVICE
#define SERVICE(name, count) C_ASSERT((count) <= SVC_ARGUMENTS);
#include "services.inc"
#undef SERVICE
#define SERVICE(name, count) { #name, Svc##name, count },
static const SVC_SERVICE SvcServices[] = {
#include "services.inc"
};
#undef SERVICE

const SVC_SERVICE *SvcFind(PCSTR Name)
{
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(SvcServices); i++)
        if (strcmp(SvcServices[i].Name, Name) == 0)
            return &SvcServices[i];
    return NULL;
}
