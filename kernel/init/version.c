/* SPDX-License-Identifier: MIT
 * The option `version=MAJOR.MINOR.BUILD`: what every version query answers.
 */
#include "initp.h"
#include "kd.h"
#include "rtl.h"

/* A decimal number of at most five digits that ends at End; moves *Text behind it. */
static BOOLEAN InitReadNumber(PCSTR *Text, CHAR End, PULONG Number)
{
    PCSTR at = *Text;

    for (*Number = 0; *at >= '0' && *at <= '9' && at < *Text + 5; at++)
        *Number = *Number * 10 + (ULONG)(*at - '0');
    if (at == *Text || *at != End)
        return FALSE;
    *Text = End != '\0' ? at + 1 : at;
    return TRUE;
}

VOID InitSetVersion(VOID)
{
    PCSTR text = InitOption("version");
    RTL_VERSION version = RtlVersion;

    if (text != NULL && !(InitReadNumber(&text, '.', &version.Major) && InitReadNumber(&text, '.', &version.Minor) &&
                          InitReadNumber(&text, '\0', &version.Build))) {
        KdLogEvent("warning", "version= is not of the form 10.0.19045 and changes nothing");
        version = RtlVersion;
    }
    RtlSetVersion(&version);
    SharedUserData->NtMajorVersion = version.Major;
    SharedUserData->NtMinorVersion = version.Minor;
}
