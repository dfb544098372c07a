/* SPDX-License-Identifier: MIT
 * What file systems share, for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"

extern const struct KE_TEST_GROUP FsRtlNameTests;
