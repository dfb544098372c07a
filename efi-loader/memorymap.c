/* SPDX-License-Identifier: MIT
 * GetMemoryMap and ExitBootServices (UEFI 2.10, 7.2.3 and 7.4.6). GetMemoryMap is slow under emulation, so it is called
 * twice only: at the start and at the end.
 */
#include "memorymap.h"
#include "allocate.h"
#include "fail.h"
#include "firmware.h"

#define MINIMUM_MIB 64u
#define PAGES_PER_MIB 256u
#define FIRST_BUFFER_BYTES 0x8000u       /* 682 descriptors of OVMF's 48 bytes */
#define SPARE_DESCRIPTORS 64u            /* what may be added between the first map and the last */
#define MAX_ATTEMPTS 8

_Static_assert(sizeof(FIRMWARE_MEMORY) == sizeof(EFI_MEMORY_DESCRIPTOR), "FIRMWARE_MEMORY is EFI_MEMORY_DESCRIPTOR");
_Static_assert(offsetof(FIRMWARE_MEMORY, Attribute) == offsetof(EFI_MEMORY_DESCRIPTOR, Attribute), "up to its last field");

static FIRMWARE_MAP Map;
static void *Buffer;
static UINTN BufferSize;
static UINTN MapKey;

static EFI_STATUS ReadMap(void)
{
    UINTN size = BufferSize;
    UINTN stride;
    UINT32 version;
    EFI_STATUS status = Firmware.Boot->GetMemoryMap(&size, Buffer, &MapKey, &stride, &version);

    Map = (FIRMWARE_MAP){ Buffer, size, stride };
    if (status == EFI_SUCCESS && stride < sizeof(FIRMWARE_MEMORY)) {
        return EFI_UNSUPPORTED;
    }
    return status;
}

/* Reads the map to a buffer with room for what may be added later. */
static EFI_STATUS ReadFirstMap(void)
{
    EFI_STATUS status;

    BufferSize = FIRST_BUFFER_BYTES;
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        Buffer = AllocateScratch(BufferSize, "the firmware's memory map");
        status = ReadMap();
        if (status == EFI_SUCCESS && Map.Size + SPARE_DESCRIPTORS * Map.Stride <= BufferSize) {
            return EFI_SUCCESS;
        }
        if (status != EFI_SUCCESS && status != EFI_BUFFER_TOO_SMALL) {
            return status;
        }
        FreeScratch(Buffer, BufferSize);
        BufferSize = 2 * (Map.Size + FIRST_BUFFER_BYTES);
    }
    return EFI_BUFFER_TOO_SMALL;
}

void CheckMemory(void)
{
    EFI_STATUS status = ReadFirstMap();

    if (status != EFI_SUCCESS) {
        FailBoot("the firmware does not give its memory map (it said: %s); update the firmware", FirmwareStatusText(status));
    }
    uint64_t free = CountConventionalPages(&Map) / PAGES_PER_MIB;

    if (free < MINIMUM_MIB) {
        FailBoot("there is too little memory: %llu MiB are free and Petrel needs %llu MiB; give the machine more (QEMU: -m 256)",
                 (unsigned long long)free, (unsigned long long)MINIMUM_MIB);
    }
}

/* Painting a range adds two entries at most. */
uint32_t MemoryCapacity(void)
{
    uint32_t ranges = (uint32_t)(Map.Size / Map.Stride) + 2 * SPARE_DESCRIPTORS + AllocationCount();

    return 2 * ranges;
}

void LeaveFirmware(void)
{
    EFI_STATUS status = EFI_INVALID_PARAMETER;

    for (int i = 0; i < MAX_ATTEMPTS && status == EFI_INVALID_PARAMETER; i++) {
        status = ReadMap();
        if (status == EFI_SUCCESS) {
            Firmware.Leaving = true;
            status = Firmware.Boot->ExitBootServices(Firmware.Image, MapKey);
        }
    }
    if (status != EFI_SUCCESS) {
        FailBoot("the firmware does not let go of the machine (ExitBootServices said: %s); update the firmware",
                 FirmwareStatusText(status));
    }
}

uint32_t FillMemory(LOADER_MEMORY *Entries, uint32_t Capacity)
{
    MEMORY_LIST list = { Entries, 0, Capacity };
    uint64_t image = (uint64_t)Firmware.LoadedImage->ImageBase;
    uint64_t imagePages = PagesFor(image % PAGE_BYTES + Firmware.LoadedImage->ImageSize);

    if (!ConvertFirmwareMap(&list, &Map) || !PaintMemory(&list, image / PAGE_BYTES, imagePages, LOADER_MEMORY_RECLAIMABLE) ||
        !PaintAllocations(&list)) {
        FailBoot("the firmware's memory map grew by too many entries while it was being left; restart the machine");
    }
    return list.Count;
}
