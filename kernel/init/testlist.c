/* SPDX-License-Identifier: MIT
 * Every group of self-tests, in the order of the layers.
 */
#include "initp.h"

#define GROUP(name) extern const KE_TEST_GROUP name
GROUP(RtlExceptionTests);
GROUP(RtlUnwindTests);
GROUP(KiCoreTests);
GROUP(KiEventTests);
GROUP(KiWaitTests);
GROUP(KiDeferredTests);
GROUP(MiMemoryTests);
GROUP(VfBindTests);

const KE_TEST_GROUP *const InitTestGroups[] = {
    &RtlExceptionTests, &RtlUnwindTests,
    &KiCoreTests, &KiEventTests, &KiWaitTests, &KiDeferredTests,
    &MiMemoryTests,
    &VfBindTests,
};
const ULONG InitTestGroupCount = RTL_NUMBER_OF(InitTestGroups);
