/* SPDX-License-Identifier: MIT
 * Files of the volume the loader was started from. Whatever goes wrong ends the boot in a sentence that names the file.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "firmware.h"

typedef struct VOLUME_FILE {
    const char *Path;
    uint64_t Size;
    EFI_FILE *Handle;
} VOLUME_FILE;

/* Call once, first. */
void OpenBootVolume(void);

/* False: there is no such file. */
bool FindVolumeFile(const char *Path, VOLUME_FILE *File);

/* MissingAdvice tells the user what to do when there is no such file. */
void OpenVolumeFile(const char *Path, const char *MissingAdvice, VOLUME_FILE *File);

#define ADVICE_NAMED_FILE "copy it there, or correct its line in \\petrel\\boot.cfg"

/* Reads the whole file into Buffer (File->Size bytes) with one call and closes it. */
void ReadVolumeFile(VOLUME_FILE *File, void *Buffer);
