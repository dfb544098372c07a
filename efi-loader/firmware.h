/* SPDX-License-Identifier: MIT
 * The firmware as the loader sees it. One global: a loader is one thread with one firmware.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <efi.h>

typedef struct FIRMWARE {
    EFI_HANDLE Image;
    EFI_SYSTEM_TABLE *System;
    EFI_BOOT_SERVICES *Boot;
    EFI_LOADED_IMAGE *LoadedImage;
    bool Leaving;                /* ExitBootServices was called: no boot service and no console any more */
} FIRMWARE;

extern FIRMWARE Firmware;

/* The EFI status in words, to follow "the firmware said: ". */
const char *FirmwareStatusText(EFI_STATUS Status);
