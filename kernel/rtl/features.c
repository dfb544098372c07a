/* SPDX-License-Identifier: MIT
 * RtlGetEnabledExtendedFeatures, from the page that user mode sees too.
 */
#include "rtlp.h"

/* The processor state components in XCR0, of those asked for. */
ULONG64 NTAPI RtlGetEnabledExtendedFeatures(ULONG64 FeatureMask)
{
    return SharedUserData->XState.EnabledFeatures & FeatureMask;
}
