/* SPDX-License-Identifier: MIT
 * Access masks.
 */
#include "test.h"
#include "rtl.h"

static VOID TestMask(VOID)
{
    GENERIC_MAPPING mapping = { 0x1, 0x2, 0x4, 0xF };
    ACCESS_MASK mask = GENERIC_READ | GENERIC_EXECUTE | 0x10;

    RtlMapGenericMask(&mask, &mapping);
    CHECK(mask == 0x15);
    mask = GENERIC_ALL | GENERIC_WRITE;
    RtlMapGenericMask(&mask, &mapping);
    CHECK(mask == 0xF);
    CHECK(RtlAreAllAccessesGranted(0x15, 0x5) && !RtlAreAllAccessesGranted(0x15, 0x3));
    CHECK(RtlAreAnyAccessesGranted(0x15, 0x3) && !RtlAreAnyAccessesGranted(0x15, 0x2));
}

static const KE_TEST RtlMaskTable[] = { { "rtl.mask", TestMask, 0 } };
const KE_TEST_GROUP RtlMaskTests = { RtlMaskTable, RTL_NUMBER_OF(RtlMaskTable) };
