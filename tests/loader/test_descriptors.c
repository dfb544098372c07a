/* SPDX-License-Identifier: MIT
 * Memory descriptors: painting against a page-by-page model, and the conversion of firmware maps.
 */
#include "check.h"
#include "../../efi-loader/descriptors.h"

#define WB 8u
#define ENTRIES 64u

static LOADER_MEMORY Entries[ENTRIES];

static MEMORY_LIST EmptyList(uint32_t Capacity)
{
    return (MEMORY_LIST){ Entries, 0, Capacity };
}

static void CheckOrder(const MEMORY_LIST *List)
{
    for (uint32_t i = 0; i < List->Count; i++) {
        const LOADER_MEMORY *entry = &List->Entries[i];

        assert_true(entry->PageCount != 0);
        if (i != 0) {
            uint64_t end = entry[-1].BasePage + entry[-1].PageCount;

            assert_true(end <= entry->BasePage);
            assert_false(end == entry->BasePage && entry[-1].Type == entry->Type);
        }
    }
}

static uint32_t TypeOf(const MEMORY_LIST *List, uint64_t Page)
{
    for (uint32_t i = 0; i < List->Count; i++) {
        if (Page >= List->Entries[i].BasePage && Page - List->Entries[i].BasePage < List->Entries[i].PageCount) {
            return List->Entries[i].Type;
        }
    }
    return 0;
}

static void PaintingEqualsTheModel(void **State)
{
    uint64_t seed = 0xDE5C;

    for (int round = 0; round < 3000; round++) {
        MEMORY_LIST list = EmptyList(ENTRIES);
        uint8_t model[64] = { 0 };

        for (int step = 0; step < 30; step++) {
            uint64_t base = NextRandom(&seed) % 64;
            uint64_t count = NextRandom(&seed) % (65 - base);
            uint8_t type = 1 + NextRandom(&seed) % 3;

            assert_true(PaintMemory(&list, base, count, type));
            memset(model + base, type, count);
            CheckOrder(&list);
        }
        for (uint64_t page = 0; page < 64; page++) {
            assert_int_equal(TypeOf(&list, page), model[page]);
        }
    }
}

static void AFullListIsLeftAlone(void **State)
{
    MEMORY_LIST list = EmptyList(2);

    assert_true(PaintMemory(&list, 10, 10, LOADER_MEMORY_FREE));
    assert_false(PaintMemory(&list, 14, 1, LOADER_MEMORY_DATA));
    assert_int_equal(list.Count, 1);
    assert_int_equal(list.Entries[0].PageCount, 10);
    assert_true(PaintMemory(&list, 15, 5, LOADER_MEMORY_DATA));
    assert_false(PaintMemory(&list, 30, 1, LOADER_MEMORY_DATA));
}

static bool Convert(MEMORY_LIST *List, const FIRMWARE_MEMORY *Memory, size_t Count)
{
    FIRMWARE_MAP map = { Memory, Count * sizeof(*Memory), sizeof(*Memory) };

    return ConvertFirmwareMap(List, &map);
}

static void FirmwareTypesBecomeOurs(void **State)
{
    static const uint32_t expected[] = {
        LOADER_MEMORY_RESERVED, LOADER_MEMORY_FREE,         LOADER_MEMORY_FREE,     LOADER_MEMORY_FREE,
        LOADER_MEMORY_FREE,     LOADER_MEMORY_RUNTIME,      LOADER_MEMORY_RUNTIME,  LOADER_MEMORY_FREE,
        LOADER_MEMORY_RESERVED, LOADER_MEMORY_ACPI_RECLAIM, LOADER_MEMORY_ACPI_NVS, LOADER_MEMORY_RESERVED,
        LOADER_MEMORY_RESERVED, LOADER_MEMORY_RESERVED,     LOADER_MEMORY_RESERVED, LOADER_MEMORY_RESERVED,
        LOADER_MEMORY_RESERVED,
    };
    FIRMWARE_MEMORY memory[17] = { 0 };
    MEMORY_LIST list = EmptyList(ENTRIES);

    for (uint32_t i = 0; i < 17; i++) {
        memory[i] = (FIRMWARE_MEMORY){
            .Type = i == 16 ? 0x80000000u : i, .PhysicalStart = (17 - i) * 0x2000ull, .PageCount = 2, .Attribute = WB
        };
    }
    assert_true(Convert(&list, memory, 17));
    CheckOrder(&list);
    for (uint32_t i = 0; i < 17; i++) {
        assert_int_equal(TypeOf(&list, (17 - i) * 2), expected[i]);
        assert_int_equal(TypeOf(&list, (17 - i) * 2 + 1), expected[i]);
    }
}

static void OnlyOrdinaryMemoryIsFree(void **State)
{
    const FIRMWARE_MEMORY memory[] = {
        { .Type = 7, .PhysicalStart = 0x1000, .PageCount = 1, .Attribute = 1 },
        { .Type = 7, .PhysicalStart = 0x2000, .PageCount = 1, .Attribute = WB | 0x40000 },
        { .Type = 7, .PhysicalStart = 0x3000, .PageCount = 1, .Attribute = WB | 1ull << 63 },
    };
    MEMORY_LIST list = EmptyList(ENTRIES);

    assert_true(Convert(&list, memory, 3));
    assert_int_equal(TypeOf(&list, 1), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 2), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 3), LOADER_MEMORY_RUNTIME);
}

static void OverlapsGoToTheMoreRestrictive(void **State)
{
    const FIRMWARE_MEMORY memory[] = {
        { .Type = 0, .PhysicalStart = 0x8000, .PageCount = 4, .Attribute = WB },
        { .Type = 7, .PhysicalStart = 0x0000, .PageCount = 16, .Attribute = WB },
    };
    MEMORY_LIST list = EmptyList(ENTRIES);

    assert_true(Convert(&list, memory, 2));
    assert_int_equal(list.Count, 4);
    assert_int_equal(TypeOf(&list, 0), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 1), LOADER_MEMORY_FREE);
    assert_int_equal(TypeOf(&list, 8), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 15), LOADER_MEMORY_FREE);
}

static void HostileRangesAreCut(void **State)
{
    const FIRMWARE_MEMORY memory[] = {
        { .Type = 7, .PhysicalStart = 0xFFFFFFFFFFFFF000, .PageCount = ~0ull, .Attribute = WB },
        { .Type = 7, .PhysicalStart = 0x10800, .PageCount = 2, .Attribute = WB },
        { .Type = 0, .PhysicalStart = 0x20800, .PageCount = 2, .Attribute = WB },
        { .Type = 7, .PhysicalStart = 0x100000000, .PageCount = ~0ull, .Attribute = WB },
        { .Type = 7, .PhysicalStart = 0x30800, .PageCount = 0, .Attribute = WB },
    };
    MEMORY_LIST list = EmptyList(ENTRIES);

    assert_true(Convert(&list, memory, 5));
    CheckOrder(&list);
    assert_int_equal(TypeOf(&list, 0x10), 0);
    assert_int_equal(TypeOf(&list, 0x11), LOADER_MEMORY_FREE);
    assert_int_equal(TypeOf(&list, 0x12), 0);
    assert_int_equal(TypeOf(&list, 0x20), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 0x22), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(&list, 1ull << 40), 0);
    assert_int_equal(TypeOf(&list, (1ull << 40) - 1), LOADER_MEMORY_FREE);
}

static void StridesAreRespected(void **State)
{
    struct {
        FIRMWARE_MEMORY Memory;
        uint64_t More;
    } memory[2] = {
        { { .Type = 7, .PhysicalStart = 0x1000, .PageCount = 300, .Attribute = WB }, ~0ull },
        { { .Type = 4, .PhysicalStart = 0x900000, .PageCount = 5, .Attribute = WB }, ~0ull },
    };
    FIRMWARE_MAP map = { memory, sizeof(memory), sizeof(memory[0]) };
    MEMORY_LIST list = EmptyList(ENTRIES);

    assert_true(ConvertFirmwareMap(&list, &map));
    assert_int_equal(list.Count, 3);
    assert_int_equal(CountConventionalPages(&map), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PaintingEqualsTheModel),
        cmocka_unit_test(AFullListIsLeftAlone),
        cmocka_unit_test(FirmwareTypesBecomeOurs),
        cmocka_unit_test(OnlyOrdinaryMemoryIsFree),
        cmocka_unit_test(OverlapsGoToTheMoreRestrictive),
        cmocka_unit_test(HostileRangesAreCut),
        cmocka_unit_test(StridesAreRespected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
