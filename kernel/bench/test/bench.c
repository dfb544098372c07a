/* SPDX-License-Identifier: MIT
 * Every benchmark does its work; what it takes is not a test's business.
 */
#include "bench.h"
#include "test.h"

static VOID Works(VOID)
{
    PCSTR broken = BenchTry(20);
    if (broken != NULL)
        TestCheck(FALSE, broken, __FILE__, __LINE__);
}

static const KE_TEST tests[] = { { "bench.works", Works, 0 } };
const KE_TEST_GROUP BenchTests = { tests, RTL_NUMBER_OF(tests) };
