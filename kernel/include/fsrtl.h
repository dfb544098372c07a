/* SPDX-License-Identifier: MIT
 * What file systems share, for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"

/* Exported as FsRtlLegalAnsiCharacterArray: FSRTL_..._LEGAL and FSRTL_WILD_CHARACTER of the ASCII characters. */
extern const UCHAR *const FsRtlpLegalAnsiCharacterArray;

extern const struct KE_TEST_GROUP FsRtlNameTests, FsRtlDbcsTests, FsRtlLockTests, FsRtlNotifyTests;
