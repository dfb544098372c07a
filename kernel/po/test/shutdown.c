/* SPDX-License-Identifier: MIT
 * NtShutdownSystem where it refuses. What it does when it does not is the last thing a machine does.
 */
#include "po.h"
#include "ob.h"
#include "test.h"

static VOID Refuses(VOID)
{
    BOOLEAN privileged = SeSinglePrivilegeCheck(SeExports->SeShutdownPrivilege, UserMode);

    CHECK(AS_USER(NtShutdownSystem(3)) == STATUS_INVALID_PARAMETER);
    if (!privileged)
        CHECK(AS_USER(NtShutdownSystem(2)) == STATUS_PRIVILEGE_NOT_HELD);
}

static const KE_TEST Tests[] = { { "po.shutdown.refuses", Refuses, 0 } };
const KE_TEST_GROUP PoShutdownTests = { Tests, RTL_NUMBER_OF(Tests) };
