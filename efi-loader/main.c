/* SPDX-License-Identifier: MIT
 * The boot order. Every step either succeeds or ends the boot in FailBoot, so there is nothing to undo here.
 */
#include "addressspace.h"
#include "block.h"
#include "entropy.h"
#include "fail.h"
#include "files.h"
#include "firmware.h"
#include "images.h"
#include "memory.h"
#include "memorymap.h"
#include "platform.h"
#include "processor.h"
#include "serial.h"
#include "switch.h"
#include "volume.h"

#define ENTRY_FRAME_BYTES 0x28           /* return address and home space (kernel/abi/loaderblock.h) */

EFI_STATUS EFIAPI EfiMain(EFI_HANDLE Image, EFI_SYSTEM_TABLE *System);

static void AttachFirmware(EFI_HANDLE Image, EFI_SYSTEM_TABLE *System)
{
    EFI_GUID loadedImageGuid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_STATUS status;

    Firmware.Image = Image;
    Firmware.System = System;
    Firmware.Boot = System->BootServices;
    InitializeSerial(SERIAL_CONSOLE);
    InitializeSerial(SERIAL_EVENTS);
    Firmware.Boot->SetWatchdogTimer(0, 0, 0, NULL);
    status = Firmware.Boot->HandleProtocol(Image, &loadedImageGuid, (void **)&Firmware.LoadedImage);
    if (status != EFI_SUCCESS) {
        FailBoot("the firmware does not say where the loader came from (it said: %s); update the firmware",
                 FirmwareStatusText(status));
    }
}

static _Noreturn void StartKernel(const BLOCK_PLACE *Place, uint64_t Entry)
{
    LOADER_BLOCK *block = Place->Block;

    LeaveFirmware();
    block->MemoryCount = FillMemory(Place->Memory, Place->MemoryCapacity);
    PrepareProcessor();
    block->TscAtExit = ReadTsc();
    SwitchToKernel(block->PageTableRootPhysical, block->BootStackBaseAddress - ENTRY_FRAME_BYTES, Entry, Place->Address);
}

EFI_STATUS EFIAPI EfiMain(EFI_HANDLE Image, EFI_SYSTEM_TABLE *System)
{
    static BOOT_CONFIG config;
    uint64_t start = ReadTsc();
    BLOCK_SOURCES sources;
    ADDRESS_SPACE space;
    BOOT_IMAGES images;
    BOOT_FILES files;
    ENTROPY entropy;
    BLOCK_PLACE place;

    AttachFirmware(Image, System);                       /* serial ports, watchdog off */
    CheckProcessor();
    CheckMemory();
    OpenBootVolume();
    LoadBootConfig(&config, &sources.Options);
    GatherEntropy(&entropy);
    CreateAddressSpace(&space);                          /* empty tables with the self-map */
    LoadImages(&config, &images);
    BindImages(&images, entropy.CookieSeed);
    for (uint32_t i = 0; i < images.Count; i++) {
        MapImage(&space, &images.Images[i]);
    }
    LoadFiles(&config, &space, &files);
    MapSwitchPage(&space, (uint64_t)SwitchToKernel);
    sources.Images = &images;
    sources.Files = &files;
    BuildBlock(&sources, &space, &place);                /* stack, block, arrays, strings */
    DescribePlatform(place.Block);
    memcpy(place.Block->Entropy, entropy.ForKernel, sizeof(entropy.ForKernel));
    place.Block->EntropySource = entropy.Source;
    place.Block->TscAtStart = start;
    StartKernel(&place, images.Images[0].Base + images.Images[0].Mapped.EntryRva);
}
