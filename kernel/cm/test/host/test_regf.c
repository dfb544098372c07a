/* SPDX-License-Identifier: MIT
 * The regf core: what is written is read back, images that break a rule are refused for it, memory that runs out harms nothing.
 */
#include "host.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const REGF_NAME None = { NULL, 0 };

static void Make(REGF_HIVE *Hive) { assert_int_equal(RegfCreate(Hive, &TestHost, TestName("ROOT"), RegfStable), RegfOk); }

static uint32_t Add(REGF_HIVE *Hive, uint32_t Parent, const char *Name, unsigned Space)
{
    uint32_t key = REGF_NIL;
    assert_int_equal(RegfCreateKey(Hive, Parent, TestName(Name), None, Space, &key), RegfOk);
    return key;
}

/* Saves, closes and opens the hive again. */
static void Reopen(REGF_HIVE *Hive)
{
    TEST_FILE file = TestSave(Hive);
    assert_true(file.Size != 0);
    RegfClose(Hive);
    assert_int_equal(RegfOpen(Hive, &TestHost, file.Data, file.Size), RegfOk);
    free(file.Data);
}

static void AssertSorted(const REGF_HIVE *Hive, uint32_t Key)
{
    uint32_t i;
    for (i = 1; i < RegfKey(Hive, Key)->SubKeyCounts[RegfStable]; i++)
        assert_true(RegfCompareKeys(Hive, RegfSubKeyAt(Hive, Key, i - 1), RegfSubKeyAt(Hive, Key, i)) < 0);
}

static void test_keys_sorted(void **state)
{
    REGF_HIVE hive;
    char name[32];
    uint32_t i, cells;

    (void)state;
    Make(&hive);
    cells = TestCellsInUse(&hive);
    for (i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "%s%u", i & 1 ? "Key_" : "kEYa", i * 7919 % 3001);
        Add(&hive, hive.RootCell, name, RegfStable);
    }
    assert_int_equal(RegfKey(&hive, hive.RootCell)->SubKeyCounts[0], 3000);
    AssertSorted(&hive, hive.RootCell);
    Reopen(&hive);
    assert_int_equal(RegfKey(&hive, hive.RootCell)->SubKeyCounts[0], 3000);
    AssertSorted(&hive, hive.RootCell);
    assert_int_not_equal(RegfFindSubKey(&hive, hive.RootCell, TestName("KEY_1917")), REGF_NIL);
    assert_int_equal(RegfFindSubKey(&hive, hive.RootCell, TestName("KEY_3001")), REGF_NIL);
    while (RegfKey(&hive, hive.RootCell)->SubKeyCounts[0] != 0) {
        uint32_t count = RegfKey(&hive, hive.RootCell)->SubKeyCounts[0];
        assert_int_equal(RegfDeleteKey(&hive, RegfSubKeyAt(&hive, hive.RootCell, count * 3 / 7)), RegfOk);
    }
    assert_int_equal(TestCellsInUse(&hive), cells);
    TestVisit(&hive);
    RegfClose(&hive);
}

static void test_exists(void **state)
{
    REGF_HIVE hive;
    uint32_t key;

    (void)state;
    Make(&hive);
    key = Add(&hive, hive.RootCell, "Name", RegfStable);
    Add(&hive, key, "below", RegfStable);
    assert_int_equal(RegfCreateKey(&hive, hive.RootCell, TestName("nAME"), None, RegfStable, &key), RegfExists);
    assert_int_equal(RegfCreateKey(&hive, hive.RootCell, TestName("nAME"), None, RegfVolatile, &key), RegfExists);
    assert_int_equal(RegfDeleteKey(&hive, RegfFindSubKey(&hive, hive.RootCell, TestName("NAME"))), RegfHasChildren);
    RegfClose(&hive);
}

static void test_values(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 4, 5, 4096, 16343, 16344, 16345, 3 * 16344, 3 * 16344 + 1, 1000000 };
    uint8_t *data = malloc(1000100), *back = malloc(1000000);
    REGF_HIVE hive;
    char name[32];
    uint32_t i, j, cells;

    (void)state;
    Make(&hive);
    cells = TestCellsInUse(&hive);
    for (i = 0; i < 1000100; i++)
        data[i] = (uint8_t)(i * 31 + i / 16344);
    for (j = 0; j < 2; j++) {
        for (i = 0; i < 11; i++) {
            snprintf(name, sizeof(name), "v%u", i);
            assert_int_equal(RegfSetValue(&hive, hive.RootCell, TestName(name), i, data + i, sizes[(i + j) % 11]), RegfOk);
        }
        Reopen(&hive);
        for (i = 0; i < 11; i++) {
            const CM_KEY_VALUE *value = RegfValue(&hive, RegfValueAt(&hive, hive.RootCell, i));
            assert_int_equal(value->Type, i);
            assert_int_equal(RegfDataLength(value), sizes[(i + j) % 11]);
            assert_int_equal((value->Flags & VALUE_COMP_NAME), VALUE_COMP_NAME);
            RegfReadData(&hive, value, back, 1000000);
            assert_memory_equal(back, data + i, sizes[(i + j) % 11]);
            assert_true(RegfDataEquals(&hive, value, data + i, sizes[(i + j) % 11]));
        }
    }
    assert_int_equal(RegfKey(&hive, hive.RootCell)->MaxValueDataLen, 1000000);
    for (i = 0; i < 11; i++) {
        snprintf(name, sizeof(name), "V%u", i);
        assert_int_equal(RegfDeleteValue(&hive, hive.RootCell, TestName(name)), RegfOk);
        assert_int_equal(RegfDeleteValue(&hive, hive.RootCell, TestName(name)), RegfNotFound);
    }
    assert_int_equal(TestCellsInUse(&hive), cells);
    RegfClose(&hive);
    free(data);
    free(back);
}

static void test_big_data_format(void **state)
{
    static uint8_t data[16345];
    const CM_KEY_VALUE *value;
    const CM_BIG_DATA *big;
    REGF_HIVE hive;

    (void)state;
    Make(&hive);
    assert_int_equal(RegfSetValue(&hive, hive.RootCell, TestName("big"), 3, data, sizeof(data)), RegfOk);
    value = RegfValue(&hive, RegfValueAt(&hive, hive.RootCell, 0));
    big = RegfCell(&hive, value->Data);
    assert_int_equal(big->Signature, REGF_SIGN_DB);
    assert_int_equal(big->Count, 2);
    RegfClose(&hive);
}

static void test_names(void **state)
{
    static const uint16_t wide[] = { 0x416, 'x' };
    static uint16_t longest[256];
    REGF_NAME name = { wide, 2 }, limit = { longest, 255 };
    REGF_HIVE hive;
    uint32_t key, i;

    (void)state;
    Make(&hive);
    for (i = 0; i < 256; i++)
        longest[i] = (uint16_t)(0x400 + i);
    assert_int_equal(RegfCreateKey(&hive, hive.RootCell, name, name, RegfStable, &key), RegfOk);
    assert_int_equal(RegfKey(&hive, key)->Flags & KEY_COMP_NAME, 0);
    assert_int_equal(RegfKey(&hive, key)->NameLength, 4);
    assert_int_equal(RegfKey(&hive, key)->ClassLength, 4);
    assert_int_equal(RegfCreateKey(&hive, hive.RootCell, limit, None, RegfStable, &key), RegfOk);
    limit.Count = 256;
    assert_int_equal(RegfCreateKey(&hive, hive.RootCell, limit, None, RegfStable, &key), RegfTooBig);
    Add(&hive, hive.RootCell, "\xE9t\xE9", RegfStable);
    Reopen(&hive);
    assert_int_not_equal(RegfFindSubKey(&hive, hive.RootCell, name), REGF_NIL);
    assert_int_not_equal(RegfFindSubKey(&hive, hive.RootCell, TestName("\xC9T\xC9")), REGF_NIL);
    AssertSorted(&hive, hive.RootCell);
    RegfClose(&hive);
}

static void test_volatile(void **state)
{
    REGF_HIVE hive;
    uint32_t key;

    (void)state;
    Make(&hive);
    key = Add(&hive, hive.RootCell, "stable", RegfStable);
    Add(&hive, Add(&hive, key, "gone", RegfVolatile), "too", RegfVolatile);
    assert_int_equal(RegfSubKeyCount(RegfKey(&hive, key)), 1);
    assert_int_equal(RegfSpaceOf(RegfSubKeyAt(&hive, key, 0)), 1);
    Reopen(&hive);
    key = RegfFindSubKey(&hive, hive.RootCell, TestName("stable"));
    assert_int_equal(RegfSubKeyCount(RegfKey(&hive, key)), 0);
    RegfClose(&hive);
}

/* hivex orders names by lower case: '_' stands before letters there and after them here. */
static void test_unsorted(void **state)
{
    REGF_HIVE hive;
    CM_KEY_INDEX *index;
    char name[8];
    uint32_t i, swap;

    (void)state;
    Make(&hive);
    for (i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%02u", i);
        Add(&hive, hive.RootCell, name, RegfStable);
    }
    index = RegfCell(&hive, RegfKey(&hive, hive.RootCell)->SubKeyLists[0]);
    for (i = 0; i < 50; i++) {
        swap = index->List[2 * i];
        index->List[2 * i] = index->List[2 * (99 - i)];
        index->List[2 * (99 - i)] = swap;
    }
    Reopen(&hive);
    AssertSorted(&hive, hive.RootCell);
    TestVisit(&hive);
    Reopen(&hive);
    RegfClose(&hive);
}

static void test_hash(void **state)
{
    REGF_HIVE hive;
    const CM_KEY_INDEX *index;

    (void)state;
    Make(&hive);
    Add(&hive, hive.RootCell, "ab", RegfStable);
    index = RegfCell(&hive, RegfKey(&hive, hive.RootCell)->SubKeyLists[0]);
    assert_int_equal(index->Signature, REGF_SIGN_LH);
    assert_int_equal(index->List[1], 'A' * 37 + 'B');
    RegfClose(&hive);
}

/* ---- Flaws ---- */
static REGF_FLAW FlawOf(TEST_FILE File)
{
    REGF_HIVE hive;
    TestFixHeader(File.Data, File.Size);
    if (RegfOpen(&hive, &TestHost, File.Data, File.Size) == RegfOk) {
        RegfClose(&hive);
        return RegfFlawNone;
    }
    return hive.Flaw;
}

static TEST_FILE Sample(void)
{
    static uint8_t data[20000];
    REGF_HIVE hive;
    TEST_FILE file;
    uint32_t key;

    Make(&hive);
    key = Add(&hive, hive.RootCell, "one", RegfStable);
    Add(&hive, key, "two", RegfStable);
    Add(&hive, key, "three", RegfStable);
    RegfSetValue(&hive, key, TestName("v"), 3, data, 20000);
    RegfSetValue(&hive, key, TestName("w"), 3, data, 20);
    file = TestSave(&hive);
    RegfClose(&hive);
    return file;
}

static void *CellOf(TEST_FILE File, uint32_t Cell) { return File.Data + 0x1000 + Cell + 4; }

static void test_header_flaws(void **state)
{
    TEST_FILE file = Sample();
    HBASE_BLOCK *header = (HBASE_BLOCK *)file.Data;
    REGF_HIVE hive;

    (void)state;
    assert_int_equal(FlawOf(file), RegfFlawNone);
    header->CheckSum ^= 1;
    assert_int_equal(RegfOpen(&hive, &TestHost, file.Data, file.Size), RegfNotHive);
    assert_int_equal(hive.Flaw, RegfFlawChecksum);
    TestFixHeader(file.Data, file.Size);
    header->Sequence2++;
    header->CheckSum = RegfHeaderSum(header);
    assert_int_equal(RegfOpen(&hive, &TestHost, file.Data, file.Size), RegfNotHive);
    assert_int_equal(hive.Flaw, RegfFlawSequence);
    header->Length += 0x1000;
    assert_int_equal(FlawOf(file), RegfFlawLength);
    header->Length -= 0x1000;
    header->Minor = 2;
    assert_int_equal(FlawOf(file), RegfFlawVersion);
    header->Signature = 0;
    assert_int_equal(FlawOf(file), RegfFlawSignature);
    file.Size = 100;
    assert_int_equal(FlawOf(file), RegfFlawSize);
    free(file.Data);
}

static void test_tree_flaws(void **state)
{
    TEST_FILE file = Sample();
    uint32_t root = ((HBASE_BLOCK *)file.Data)->RootCell;
    CM_KEY_NODE *rootKey = CellOf(file, root), *key;
    CM_KEY_INDEX *list = CellOf(file, rootKey->SubKeyLists[0]), *below;
    CM_KEY_VALUE *value;
    CM_BIG_DATA *big;
    uint32_t saved;

    (void)state;
    key = CellOf(file, list->List[0]);
    below = CellOf(file, key->SubKeyLists[0]);
    value = CellOf(file, ((uint32_t *)CellOf(file, key->ValueList))[0]);
    big = CellOf(file, value->Data);
#define BROKEN(field, wrong, flaw) \
    saved = field; field = wrong; assert_int_equal(FlawOf(file), flaw); field = (__typeof__(field))saved
    BROKEN(below->List[0], list->List[0], RegfFlawReference);            /* a cycle */
    BROKEN(below->List[2], below->List[0], RegfFlawReference);           /* one key twice */
    BROKEN(key->Parent, 0x20, key->Parent == 0x20 ? RegfFlawNone : RegfFlawParent);
    BROKEN(key->SubKeyCounts[0], 3, RegfFlawCount);
    BROKEN(below->Count, 300, RegfFlawIndex);
    BROKEN(below->Signature, 0x4141, RegfFlawIndex);
    BROKEN(key->NameLength, 600, RegfFlawName);
    BROKEN(key->Signature, 0, RegfFlawKey);
    BROKEN(key->ClassLength, 8, RegfFlawClass);
    BROKEN(key->ValueCount, 4000, RegfFlawValue);
    BROKEN(value->DataLength, 60000, RegfFlawData);
    BROKEN(value->DataLength, REGF_INLINE | 5, RegfFlawData);
    BROKEN(big->Count, 3, RegfFlawData);
    BROKEN(big->Signature, 0, RegfFlawData);
    BROKEN(key->SubKeyLists[0], 0x80000020, RegfFlawReference);
    BROKEN(key->Security, 0x28, RegfFlawReference);
    assert_int_equal(FlawOf(file), RegfFlawNone);
    free(file.Data);
}

static void test_depth(void **state)
{
    uint32_t depths[] = { REGF_MAXIMUM_DEPTH - 1, REGF_MAXIMUM_DEPTH }, i, j;

    (void)state;
    for (i = 0; i < 2; i++) {
        REGF_HIVE hive;
        TEST_FILE file;
        uint32_t key;
        Make(&hive);
        key = hive.RootCell;
        for (j = 0; j < depths[i]; j++)
            key = Add(&hive, key, "d", RegfStable);
        file = TestSave(&hive);
        RegfClose(&hive);
        assert_int_equal(FlawOf(file), i == 0 ? RegfFlawNone : RegfFlawDepth);
        free(file.Data);
    }
}

/* ---- Memory that runs out: at every allocation in turn; what failed left everything as it was ---- */
static void Build(REGF_HIVE *Hive)
{
    static uint8_t data[40000];
    char name[16];
    uint32_t i, key;

    for (i = 0; i < 1200; i++) {
        snprintf(name, sizeof(name), "%u", i * 7 % 1201);
        RegfCreateKey(Hive, Hive->RootCell, TestName(name), TestName("class"), i % 3 == 0, &key);
    }
    for (i = 0; i < 30; i++)
        RegfSetValue(Hive, Hive->RootCell, TestName(i & 1 ? "odd" : "even"), 3, data, 40000 - i * 1000);
}

static void test_no_memory(void **state)
{
    long left, before = TestBlocks;

    (void)state;
    for (left = 0; left < 200; left++) {
        REGF_HIVE hive;
        TestAllocationsLeft = left;
        if (RegfCreate(&hive, &TestHost, TestName("ROOT"), RegfStable) == RegfOk) {
            Build(&hive);
            TestVisit(&hive);
            TestAllocationsLeft = -1;
            AssertSorted(&hive, hive.RootCell);
            Reopen(&hive);
            RegfClose(&hive);
        }
        TestAllocationsLeft = -1;
        assert_int_equal(TestBlocks, before);
    }
}

static void test_no_memory_open(void **state)
{
    TEST_FILE file = Sample();
    long left, before = TestBlocks;
    REGF_STATUS status = RegfNoMemory;
    REGF_HIVE hive;

    (void)state;
    for (left = 0; status == RegfNoMemory; left++) {
        TestAllocationsLeft = left;
        status = RegfOpen(&hive, &TestHost, file.Data, file.Size);
        if (status != RegfOk)
            assert_int_equal(TestBlocks, before);
    }
    TestAllocationsLeft = -1;
    assert_int_equal(status, RegfOk);
    RegfClose(&hive);
    free(file.Data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_sorted), cmocka_unit_test(test_exists), cmocka_unit_test(test_values),
        cmocka_unit_test(test_big_data_format), cmocka_unit_test(test_names), cmocka_unit_test(test_volatile),
        cmocka_unit_test(test_unsorted), cmocka_unit_test(test_hash), cmocka_unit_test(test_header_flaws),
        cmocka_unit_test(test_tree_flaws), cmocka_unit_test(test_depth), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_memory_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
