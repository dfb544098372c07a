/* SPDX-License-Identifier: MIT
 * Generic tables of both kinds against an array of flags, under random insertions and deletions; the trees' own rules each time.
 */
#include "host.h"
#include "rtl.h"

#define KEYS 400
#define STEPS 20000

static BOOLEAN Present[KEYS];
static ULONG Count, Blocks, Failing;

static PVOID Take(CLONG bytes)
{
    if (Failing)
        return NULL;
    Blocks++;
    return malloc(bytes);
}

static VOID Give(PVOID block)
{
    Blocks--;
    free(block);
}

static RTL_GENERIC_COMPARE_RESULTS CompareKeys(PVOID left, PVOID right)
{
    int a = *(int *)left, b = *(int *)right;
    return a == b ? GenericEqual : a < b ? GenericLessThan : GenericGreaterThan;
}

static RTL_GENERIC_COMPARE_RESULTS AvlCompare(PRTL_AVL_TABLE table, PVOID left, PVOID right) { return CompareKeys(left, right); }
static PVOID AvlAllocate(PRTL_AVL_TABLE table, CLONG bytes) { return Take(bytes); }
static VOID AvlFree(PRTL_AVL_TABLE table, PVOID block) { Give(block); }
static RTL_GENERIC_COMPARE_RESULTS SplayCompare(PRTL_GENERIC_TABLE table, PVOID left, PVOID right)
{
    return CompareKeys(left, right);
}
static PVOID SplayAllocate(PRTL_GENERIC_TABLE table, CLONG bytes) { return Take(bytes); }
static VOID SplayFree(PRTL_GENERIC_TABLE table, PVOID block) { Give(block); }

static int setup(void **state)
{
    memset(Present, 0, sizeof(Present));
    Count = Blocks = Failing = 0;
    return 0;
}

/* The height, with order, parents and balances checked. */
static int CheckAvl(PRTL_BALANCED_LINKS node, PRTL_BALANCED_LINKS parent, int low, int high)
{
    int key, left, right;

    if (node == NULL)
        return 0;
    key = *(int *)(node + 1);
    assert_true(key > low && key < high && node->Parent == parent);
    left = CheckAvl(node->LeftChild, node, low, key);
    right = CheckAvl(node->RightChild, node, key, high);
    assert_int_equal(node->Balance, right - left);
    assert_true(node->Balance >= -1 && node->Balance <= 1);
    return 1 + (left > right ? left : right);
}

static void test_avl(void **state)
{
    RTL_AVL_TABLE table;
    uint32_t seed = 5;
    int step, key, *found;
    BOOLEAN new;
    ULONG i;

    RtlInitializeGenericTableAvl(&table, AvlCompare, AvlAllocate, AvlFree, NULL);
    assert_null(RtlEnumerateGenericTableAvl(&table, TRUE));
    for (step = 0; step < STEPS; step++) {
        key = (int)(HostRandom(&seed) % KEYS);
        if (HostRandom(&seed) % 2) {
            found = RtlInsertElementGenericTableAvl(&table, &key, sizeof(key), &new);
            assert_int_equal(*found, key);
            assert_int_equal(new, !Present[key]);
            Count += !Present[key];
            Present[key] = TRUE;
        } else {
            assert_int_equal(RtlDeleteElementGenericTableAvl(&table, &key), Present[key]);
            Count -= Present[key];
            Present[key] = FALSE;
        }
        if (step % 16 == 0)
            assert_int_equal(CheckAvl(table.BalancedRoot.RightChild, &table.BalancedRoot, -1, KEYS), table.DepthOfTree);
        assert_int_equal(RtlNumberGenericTableElementsAvl(&table), Count);
    }
    for (i = 0, key = 0; key < KEYS; key++) {
        found = RtlLookupElementGenericTableAvl(&table, &key);
        assert_int_equal(found != NULL, Present[key]);
        if (found != NULL)
            assert_ptr_equal(RtlGetElementGenericTableAvl(&table, i++), found);
    }
    for (found = RtlEnumerateGenericTableAvl(&table, TRUE), i = 0; found != NULL; i++) {
        key = *found;                                         /* deleting what was just returned does not disturb */
        assert_true(RtlDeleteElementGenericTableAvl(&table, &key));
        found = RtlEnumerateGenericTableAvl(&table, FALSE);
        assert_true(found == NULL || *found > key);
    }
    assert_int_equal(i, Count);
    assert_true(RtlIsGenericTableEmptyAvl(&table) && Blocks == 0);
    Failing = 1;
    assert_null(RtlInsertElementGenericTableAvl(&table, &key, sizeof(key), &new));
    assert_false(new);
}

static ULONG CheckSplay(PRTL_SPLAY_LINKS node, PRTL_SPLAY_LINKS parent, int low, int high)
{
    int key;

    if (node == NULL)
        return 0;
    key = *(int *)((char *)node + sizeof(*node) + sizeof(LIST_ENTRY));
    assert_true(key > low && key < high && node->Parent == parent);
    return 1 + CheckSplay(node->LeftChild, node, low, key) + CheckSplay(node->RightChild, node, key, high);
}

static void test_splay(void **state)
{
    static int order[STEPS];
    RTL_GENERIC_TABLE table;
    uint32_t seed = 6;
    int step, key, *found, last = -1, inserted = 0;
    PVOID restart = NULL;
    BOOLEAN new;
    ULONG i;

    RtlInitializeGenericTable(&table, SplayCompare, SplayAllocate, SplayFree, NULL);
    assert_null(RtlEnumerateGenericTable(&table, TRUE));
    for (step = 0; step < STEPS; step++) {
        key = (int)(HostRandom(&seed) % KEYS);
        if (HostRandom(&seed) % 2) {
            found = RtlInsertElementGenericTable(&table, &key, sizeof(key), &new);
            assert_int_equal(*found, key);
            assert_int_equal(new, !Present[key]);
            if (new)
                order[inserted++] = key;
            Count += new;
            Present[key] = TRUE;
        } else {
            assert_int_equal(RtlDeleteElementGenericTable(&table, &key), Present[key]);
            for (i = 0; Present[key] && (int)i < inserted; i++)
                if (order[i] == key)
                    order[i] = -1;
            Count -= Present[key];
            Present[key] = FALSE;
        }
        if (step % 16 == 0)
            assert_int_equal(CheckSplay(table.TableRoot, table.TableRoot, -1, KEYS), Count);
    }
    for (i = 0, step = 0; step < inserted; step++)
        if (order[step] >= 0)
            assert_int_equal(*(int *)RtlGetElementGenericTable(&table, i++), order[step]);
    assert_int_equal(*(int *)RtlGetElementGenericTable(&table, 0), *(int *)RtlGetElementGenericTable(&table, 0));
    for (i = 0; (found = RtlEnumerateGenericTableWithoutSplaying(&table, &restart)) != NULL; i++, last = *found)
        assert_true(*found > last && Present[*found]);
    assert_int_equal(i, Count);
    for (found = RtlEnumerateGenericTable(&table, TRUE), i = 0; found != NULL; found = RtlEnumerateGenericTable(&table, FALSE))
        i++;
    assert_int_equal(i, Count);
    while (table.TableRoot != NULL) {
        key = *(int *)RtlGetElementGenericTable(&table, 0);
        assert_non_null(RtlLookupElementGenericTable(&table, &key));
        assert_true(RtlDeleteElementGenericTable(&table, &key));
    }
    assert_true(RtlIsGenericTableEmpty(&table) && Blocks == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup(test_avl, setup), cmocka_unit_test_setup(test_splay, setup) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
