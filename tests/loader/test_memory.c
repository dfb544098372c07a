/* SPDX-License-Identifier: MIT
 * The loader's memory functions against the C library's, which keep their names here.
 */
#include "check.h"

void *LoaderMemcpy(void *restrict Target, const void *restrict Source, size_t Size);
void *LoaderMemset(void *Target, int Value, size_t Size);
void *LoaderMemmove(void *Target, const void *Source, size_t Size);
int LoaderMemcmp(const void *Left, const void *Right, size_t Size);

#define BYTES 64

static void FillRandom(uint8_t *Bytes, uint64_t *Seed)
{
    for (size_t i = 0; i < BYTES; i++) {
        Bytes[i] = (uint8_t)NextRandom(Seed);
    }
}

static void MovesLikeTheLibrary(void **State)
{
    uint64_t seed = 0x3E3;

    for (int round = 0; round < 20000; round++) {
        uint8_t ours[BYTES];
        uint8_t theirs[BYTES];
        size_t size = NextRandom(&seed) % (BYTES + 1);
        size_t from = NextRandom(&seed) % (BYTES - size + 1);
        size_t to = NextRandom(&seed) % (BYTES - size + 1);

        FillRandom(ours, &seed);
        memcpy(theirs, ours, BYTES);
        assert_ptr_equal(LoaderMemmove(ours + to, ours + from, size), ours + to);
        memmove(theirs + to, theirs + from, size);
        assert_memory_equal(ours, theirs, BYTES);
    }
}

static void CopiesAndFillsLikeTheLibrary(void **State)
{
    uint64_t seed = 0x5E7;

    for (size_t size = 0; size <= BYTES; size++) {
        uint8_t source[BYTES];
        uint8_t ours[BYTES] = { 0 };
        uint8_t theirs[BYTES] = { 0 };

        FillRandom(source, &seed);
        LoaderMemcpy(ours, source, size);
        memcpy(theirs, source, size);
        assert_memory_equal(ours, theirs, BYTES);
        LoaderMemset(ours, (int)size | 0xF00, size);
        memset(theirs, (int)size | 0xF00, size);
        assert_memory_equal(ours, theirs, BYTES);
    }
}

static void ComparesLikeTheLibrary(void **State)
{
    assert_int_equal(LoaderMemcmp("abc", "abc", 3), 0);
    assert_true(LoaderMemcmp("abc", "abd", 3) < 0);
    assert_true(LoaderMemcmp("ab\xFF", "abc", 3) > 0);
    assert_int_equal(LoaderMemcmp("a", "b", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MovesLikeTheLibrary),
        cmocka_unit_test(CopiesAndFillsLikeTheLibrary),
        cmocka_unit_test(ComparesLikeTheLibrary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
