/* SPDX-License-Identifier: MIT
 * Every group of self-tests, in the order of the layers. The build finds them: a test folder's table cannot be forgotten here.
 */
#include "initp.h"

#define GROUP(name) extern const KE_TEST_GROUP name;
#include <generated/testlist.h>
#undef GROUP

#define GROUP(name) &name,
const KE_TEST_GROUP *const InitTestGroups[] = {
#include <generated/testlist.h>
};
const ULONG InitTestGroupCount = RTL_NUMBER_OF(InitTestGroups);
