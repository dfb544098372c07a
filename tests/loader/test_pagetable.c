/* SPDX-License-Identifier: MIT
 * The page-table builder, walked as the processor walks.
 */
#include "check.h"
#include "../../efi-loader/pagetable.h"

#define SELF_MAP 0x1EDu
#define KERNEL 0xFFFFF80000000000ull
#define NO_EXECUTE (1ull << 63)
#define ADDRESS 0x000FFFFFFFFFF000ull

static void *Pages[64];
static uint32_t PageCount, PageLimit;

static uint64_t Allocate(void *Context)
{
    if (PageCount == PageLimit) {
        return 0;
    }
    Pages[PageCount] = aligned_alloc(4096, 4096);
    memset(Pages[PageCount], 0, 4096);
    return (uintptr_t)Pages[PageCount++];
}

static PAGE_TABLES NewTables(void)
{
    PAGE_TABLES tables = { .Allocate = Allocate };

    PageLimit = 64;
    assert_int_equal(CreatePageTables(&tables, SELF_MAP), PAGE_TABLE_OK);
    return tables;
}

static int FreePages(void **State)
{
    while (PageCount != 0) {
        free(Pages[--PageCount]);
    }
    return 0;
}

static PAGE_TABLE_STATUS MapRun(PAGE_TABLES *Tables, uint64_t Virtual, uint64_t Physical, uint64_t Count, uint32_t Access)
{
    PAGE_RUN run = { Virtual, Physical, Count, Access };

    return MapPages(Tables, &run);
}

static void PagesGetTheirAccess(void **State)
{
    PAGE_TABLES tables = NewTables();

    assert_int_equal(MapRun(&tables, KERNEL, 0x100000, 1, PAGE_ACCESS_READ), PAGE_TABLE_OK);
    assert_int_equal(MapRun(&tables, KERNEL + 0x1000, 0x101000, 1, PAGE_ACCESS_EXECUTE), PAGE_TABLE_OK);
    assert_int_equal(MapRun(&tables, KERNEL + 0x2000, 0x102000, 1, PAGE_ACCESS_WRITE), PAGE_TABLE_OK);
    assert_int_equal(MapRun(&tables, KERNEL + 0x3000, 0x103000, 1, PAGE_ACCESS_WRITE | PAGE_ACCESS_EXECUTE), PAGE_TABLE_OK);
    assert_int_equal(FindPageEntry(&tables, KERNEL), 0x100021 | NO_EXECUTE);
    assert_int_equal(FindPageEntry(&tables, KERNEL + 0x1000), 0x101021);
    assert_int_equal(FindPageEntry(&tables, KERNEL + 0x2000), 0x102063 | NO_EXECUTE);
    assert_int_equal(FindPageEntry(&tables, KERNEL + 0x3000), 0x103063);
    assert_int_equal(FindPageEntry(&tables, KERNEL + 0x4000), 0);
    assert_int_equal(PageCount, 4);
}

static void LongRunsCrossEveryLevel(void **State)
{
    PAGE_TABLES tables = NewTables();
    uint64_t start = KERNEL + 0x40000000 - 700 * 0x1000;

    assert_int_equal(MapRun(&tables, start, 0x7000000, 1400, PAGE_ACCESS_WRITE), PAGE_TABLE_OK);
    for (uint64_t i = 0; i < 1400; i++) {
        assert_int_equal(FindPageEntry(&tables, start + i * 0x1000) & ADDRESS, 0x7000000 + i * 0x1000);
    }
    assert_int_equal(FindPageEntry(&tables, start - 0x1000), 0);
    assert_int_equal(FindPageEntry(&tables, start + 1400 * 0x1000), 0);
}

static void TheSelfMapShowsTheTables(void **State)
{
    PAGE_TABLES tables = NewTables();
    const uint64_t *root = (const uint64_t *)tables.Root;

    assert_int_equal(root[SELF_MAP] & ADDRESS, tables.Root);
    assert_true((root[SELF_MAP] & NO_EXECUTE) != 0);
    assert_int_equal(MapRun(&tables, KERNEL, 0x100000, 1, PAGE_ACCESS_READ), PAGE_TABLE_OK);
    /* The page of entries for KERNEL, through the self-map: its leaf is the last table. */
    uint64_t table = FindPageEntry(&tables, 0xFFFFF68000000000ull + ((KERNEL & 0xFFFFFFFFFFFFull) >> 9));

    assert_int_equal(*(const uint64_t *)(table & ADDRESS) & ADDRESS, 0x100000);
}

static void BadRunsAreRefused(void **State)
{
    PAGE_TABLES tables = NewTables();

    assert_int_equal(MapRun(&tables, KERNEL + 1, 0, 1, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, KERNEL, 0x800, 1, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, 0x0000800000000000, 0, 1, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, 0x00007FFFFFFFF000, 0, 2, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, 0xFFFFFFFFFFFFF000, 0, 2, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, 0xFFFFF68000000000, 0, 1, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, KERNEL, 0x0010000000000000, 1, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, KERNEL, 0x000FFFFFFFFFF000, 2, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, KERNEL, 0, ~0ull, 0), PAGE_TABLE_BAD_ADDRESS);
    assert_int_equal(MapRun(&tables, KERNEL, 0, 0, 0), PAGE_TABLE_OK);
    assert_int_equal(PageCount, 1);
}

static void NothingIsMappedTwice(void **State)
{
    PAGE_TABLES tables = NewTables();

    assert_int_equal(MapRun(&tables, KERNEL + 0x1000, 0x5000, 1, 0), PAGE_TABLE_OK);
    assert_int_equal(MapRun(&tables, KERNEL, 0x9000, 2, 0), PAGE_TABLE_OCCUPIED);
    assert_int_equal(FindPageEntry(&tables, KERNEL + 0x1000) & ADDRESS, 0x5000);
}

static void EveryAllocationMayFail(void **State)
{
    for (uint32_t limit = 0; limit <= 5; limit++) {
        PAGE_TABLES tables = { .Allocate = Allocate };
        PAGE_TABLE_STATUS status;

        PageLimit = limit;
        status = CreatePageTables(&tables, SELF_MAP);
        if (status == PAGE_TABLE_OK) {
            status = MapRun(&tables, KERNEL + 0x1FF000, 0x5000, 2, 0);
        }
        assert_int_equal(status, limit < 5 ? PAGE_TABLE_NO_MEMORY : PAGE_TABLE_OK);
        FreePages(State);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(PagesGetTheirAccess, FreePages),
        cmocka_unit_test_teardown(LongRunsCrossEveryLevel, FreePages),
        cmocka_unit_test_teardown(TheSelfMapShowsTheTables, FreePages),
        cmocka_unit_test_teardown(BadRunsAreRefused, FreePages),
        cmocka_unit_test_teardown(NothingIsMappedTwice, FreePages),
        cmocka_unit_test_teardown(EveryAllocationMayFail, FreePages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
