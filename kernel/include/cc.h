/* SPDX-License-Identifier: MIT
 * The cache manager for the other components. What file systems call is declared by the DDK (ntifs.h).
 */
#pragma once
#include "nt.h"

/* Views and the lazy writer. After ExInitialize and MmInitialize. */
VOID CcInitialize(VOID);

extern const struct KE_TEST_GROUP CcCopyTests, CcPinTests, CcSectionTests, CcImageTests;
