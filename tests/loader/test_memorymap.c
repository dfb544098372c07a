/* SPDX-License-Identifier: MIT
 * Leaving the firmware: stale map keys, growing maps, refusals; and the descriptors that come of it.
 */
#include "fakes.h"
#include "../../efi-loader/memorymap.h"

#define STRIDE 48u

static EFI_BOOT_SERVICES Boot;
static EFI_LOADED_IMAGE LoadedImage;
static UINTN CurrentKey, StaleExits, MapReads, ExitCalls, Descriptors;
static EFI_STATUS MapStatus, ExitStatus;
static uint64_t FreePages;
static void *LastBuffer;

static EFI_STATUS EFIAPI FakeGetMemoryMap(UINTN *Size, EFI_MEMORY_DESCRIPTOR *Map, UINTN *Key, UINTN *Stride, UINT32 *Version)
{
    UINTN given = *Size;

    MapReads++;
    *Size = Descriptors * STRIDE;
    *Stride = STRIDE;
    *Version = 1;
    LastBuffer = Map;
    if (MapStatus != EFI_SUCCESS) {
        return MapStatus;
    }
    if (given < *Size) {
        return EFI_BUFFER_TOO_SMALL;
    }
    *Key = CurrentKey;
    for (UINTN i = 0; i < Descriptors; i++) {
        FIRMWARE_MEMORY memory = { .Type = i == 0 ? 7 : 0,
                                   .PhysicalStart = i == 0 ? 0x100000 : 0x10000000000 + i * 0x2000,
                                   .PageCount = i == 0 ? FreePages : 1,
                                   .Attribute = 8 };

        memcpy((char *)Map + i * STRIDE, &memory, sizeof(memory));
    }
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI FakeExitBootServices(EFI_HANDLE Image, UINTN Key)
{
    ExitCalls++;
    if (ExitStatus != EFI_SUCCESS) {
        return ExitStatus;
    }
    if (StaleExits != 0) {
        StaleExits--;
        CurrentKey++;            /* the map changed; and it grew */
        Descriptors++;
        return EFI_INVALID_PARAMETER;
    }
    return Key == CurrentKey ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

static int Reset(void **State)
{
    Boot.GetMemoryMap = FakeGetMemoryMap;
    Boot.ExitBootServices = FakeExitBootServices;
    LoadedImage = (EFI_LOADED_IMAGE){ .ImageBase = (void *)0x300000, .ImageSize = 0x2800 };
    Firmware = (FIRMWARE){ .Boot = &Boot, .LoadedImage = &LoadedImage };
    CurrentKey = 1;
    StaleExits = MapReads = ExitCalls = 0;
    Descriptors = 10;
    MapStatus = ExitStatus = EFI_SUCCESS;
    FreePages = 0x8000;
    return 0;
}

static int Release(void **State)
{
    free(LastBuffer);
    LastBuffer = NULL;
    ScratchPages = 0;
    return 0;
}

static void TwoMapReadsAreEnough(void **State)
{
    CheckMemory();
    LeaveFirmware();
    assert_int_equal(MapReads, 2);
    assert_int_equal(ExitCalls, 1);
    assert_true(Firmware.Leaving);
}

static void AStaleKeyIsTriedAgainWithoutAllocation(void **State)
{
    CheckMemory();
    uint64_t pages = ScratchPages;

    StaleExits = 3;
    LeaveFirmware();
    assert_int_equal(ExitCalls, 4);
    assert_int_equal(MapReads, 5);
    assert_int_equal(ScratchPages, pages);
}

static void EndlessStaleKeysEndInWords(void **State)
{
    CheckMemory();
    StaleExits = 1000;
    assert_true(FAILS(LeaveFirmware()));
    assert_non_null(strstr(FailSentence, "invalid parameter"));
    assert_true(ExitCalls < 20);
}

static void OtherRefusalsEndInWords(void **State)
{
    CheckMemory();
    ExitStatus = EFI_DEVICE_ERROR;
    assert_true(FAILS(LeaveFirmware()));
    assert_int_equal(ExitCalls, 1);
    assert_non_null(strstr(FailSentence, "device error"));
}

static void ABigMapGetsABiggerBuffer(void **State)
{
    Descriptors = 5000;
    CheckMemory();
    assert_true(ScratchPages * 4096 >= (5000 + 64) * STRIDE);
    LeaveFirmware();
}

static void NoMapEndsInWords(void **State)
{
    MapStatus = EFI_DEVICE_ERROR;
    assert_true(FAILS(CheckMemory()));
    assert_non_null(strstr(FailSentence, "device error"));
}

static void LittleMemoryEndsInWords(void **State)
{
    FreePages = 63 * 256;
    assert_true(FAILS(CheckMemory()));
    assert_non_null(strstr(FailSentence, "63 MiB"));
    assert_non_null(strstr(FailSentence, "64 MiB"));
}

static uint32_t TypeOf(const LOADER_MEMORY *Entries, uint32_t Count, uint64_t Page)
{
    for (uint32_t i = 0; i < Count; i++) {
        if (Page >= Entries[i].BasePage && Page - Entries[i].BasePage < Entries[i].PageCount) {
            return Entries[i].Type;
        }
    }
    return 0;
}

static void OwnPagesShowTheirTypes(void **State)
{
    static LOADER_MEMORY entries[1024];
    uint32_t count;

    CheckMemory();
    StaleExits = 2;
    LeaveFirmware();
    count = FillMemory(entries, MemoryCapacity());
    assert_true(MemoryCapacity() <= 1024);
    assert_int_equal(TypeOf(entries, count, 0), LOADER_MEMORY_RESERVED);
    assert_int_equal(TypeOf(entries, count, 0x1FF), LOADER_MEMORY_FREE);
    assert_int_equal(TypeOf(entries, count, 0x203), LOADER_MEMORY_IMAGE);
    assert_int_equal(TypeOf(entries, count, 0x210), LOADER_MEMORY_PAGE_TABLE);
    assert_int_equal(TypeOf(entries, count, 0x302), LOADER_MEMORY_RECLAIMABLE);
    assert_int_equal(TypeOf(entries, count, 0x303), LOADER_MEMORY_FREE);
    assert_int_equal(TypeOf(entries, count, 0x10000000 + 22), LOADER_MEMORY_RESERVED);   /* appeared between the tries */
    assert_true(FAILS(FillMemory(entries, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(TwoMapReadsAreEnough, Reset, Release),
        cmocka_unit_test_setup_teardown(AStaleKeyIsTriedAgainWithoutAllocation, Reset, Release),
        cmocka_unit_test_setup_teardown(EndlessStaleKeysEndInWords, Reset, Release),
        cmocka_unit_test_setup_teardown(OtherRefusalsEndInWords, Reset, Release),
        cmocka_unit_test_setup_teardown(ABigMapGetsABiggerBuffer, Reset, Release),
        cmocka_unit_test_setup_teardown(NoMapEndsInWords, Reset, Release),
        cmocka_unit_test_setup_teardown(LittleMemoryEndsInWords, Reset, Release),
        cmocka_unit_test_setup_teardown(OwnPagesShowTheirTypes, Reset, Release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
