/* SPDX-License-Identifier: MIT
 * Files of the volume the loader was started from. Whatever goes wrong ends the boot in a sentence that names the file.
 */
#pragma once
#include <stdint.h>
#include "firmware.h"

typedef struct VOLUME_FILE {
    const char *Path;
    uint64_t Size;
    EFI_FILE *Handle;
} VOLUME_FILE;

/* Call once, first. */
void OpenBootVolume(void);

void OpenVolumeFile(const char *Path, VOLUME_FILE *File);

/* Reads the whole file into Buffer (File->Size bytes) with one call and closes it. */
void ReadVolumeFile(VOLUME_FILE *File, void *Buffer);
