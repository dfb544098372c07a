/* SPDX-License-Identifier: MIT
 * boot.cfg itself, and the files it names that are not images. Each is read straight to its final pages.
 */
#include "files.h"
#include "allocate.h"
#include "fail.h"
#include "memory.h"
#include "volume.h"

#define CONFIG_PATH "\\petrel\\boot.cfg"
#define CASING_BYTES 0x40000u            /* 2 * 65,536 UTF-16 values */

void LoadBootConfig(BOOT_CONFIG *Config, const char **Options)
{
    static char text[CONFIG_MAX_BYTES + 1];
    static char options[CONFIG_OPTIONS_BYTES];
    VOLUME_FILE file;
    CONFIG_ERROR error;

    OpenVolumeFile(CONFIG_PATH, "write the volume anew (scripts/petrel image)", &file);
    if (file.Size > CONFIG_MAX_BYTES) {
        FailBoot(CONFIG_PATH " has %llu bytes, and more than 65536 are refused; shorten it", (unsigned long long)file.Size);
    }
    ReadVolumeFile(&file, text);
    if (!ParseBootConfig(text, file.Size, options, Config, &error)) {
        FailBoot("line %llu of " CONFIG_PATH " %s; correct it", (unsigned long long)error.Line, error.Reason);
    }
    *Options = options;
}

/* Only a log may be missing: a hive that is whole needs none. */
static bool FindFile(const char *Path, LOADER_FILE_KIND Kind, VOLUME_FILE *File)
{
    if (Kind == LOADER_FILE_SYSTEM_LOG) {
        return FindVolumeFile(Path, File);
    }
    OpenVolumeFile(Path, ADVICE_NAMED_FILE, File);
    return true;
}

/* An empty file still gets a page, so that its address is valid; one that is not there counts as empty. */
static void LoadFile(BOOT_FILES *Files, ADDRESS_SPACE *Space, const char *Path, LOADER_FILE_KIND Kind)
{
    BOOT_FILE *entry = &Files->Files[Files->Count++];
    VOLUME_FILE file = { Path, 0, NULL };
    bool found = FindFile(Path, Kind, &file);

    if (Kind == LOADER_FILE_CASING_TABLE && file.Size != CASING_BYTES) {
        FailBoot("%s has %llu bytes where casing tables have 262144; build the file again", Path, (unsigned long long)file.Size);
    }
    uint64_t pages = file.Size == 0 ? 1 : PagesFor(file.Size);
    uint64_t physical = AllocatePages(pages, LOADER_MEMORY_DATA, Path);

    if (found) {
        ReadVolumeFile(&file, (void *)physical);
    }
    memset((uint8_t *)physical + file.Size, 0, pages * PAGE_BYTES - file.Size);
    *entry = (BOOT_FILE){ Path, MapData(Space, physical, pages), file.Size, Kind };
}

void LoadFiles(const BOOT_CONFIG *Config, ADDRESS_SPACE *Space, BOOT_FILES *Files)
{
    Files->Files = AllocateScratch((Config->EntryCount + 2) * sizeof(BOOT_FILE), "the list of files");
    Files->Count = 0;
    if (Config->Single[CONFIG_HIVE] != NULL) {
        LoadFile(Files, Space, Config->Single[CONFIG_HIVE], LOADER_FILE_SYSTEM_HIVE);
    }
    if (Config->Single[CONFIG_CASING] != NULL) {
        LoadFile(Files, Space, Config->Single[CONFIG_CASING], LOADER_FILE_CASING_TABLE);
    }
    for (uint32_t i = 0; i < Config->EntryCount; i++) {
        const CONFIG_ENTRY *entry = &Config->Entries[i];

        if (entry->Kind == CONFIG_FILE) {
            LoadFile(Files, Space, entry->Path, LOADER_FILE_OTHER);
        } else if (entry->Kind == CONFIG_TEST) {
            LoadFile(Files, Space, entry->Path, LOADER_FILE_TEST_DRIVER);
        } else if (entry->Kind == CONFIG_HIVE_LOG) {
            LoadFile(Files, Space, entry->Path, LOADER_FILE_SYSTEM_LOG);
        }
    }
}
