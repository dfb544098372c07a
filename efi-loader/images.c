/* SPDX-License-Identifier: MIT
 * From files to images in their final place. Each image has physically contiguous pages and a 2 MiB aligned slot of
 * LOADER_IMAGE_REGION in which at least the last page stays unmapped.
 */
#include "images.h"
#include "allocate.h"
#include "fail.h"
#include "protection.h"
#include "text.h"
#include "volume.h"

#define SLOT_BYTES 0x200000ull

bool IsOwnImage(const BOOT_IMAGE *Image)
{
    return (Image->Flags & (LOADER_IMAGE_KERNEL | LOADER_IMAGE_HAL)) != 0 || TextStartsWith(Image->Path, "\\petrel\\");
}

static _Noreturn void RefuseImage(const BOOT_IMAGE *Image, PE_STATUS Status, uint16_t Machine)
{
    if (Status == PE_WRONG_MACHINE) {
        FailBoot("%s is for another processor (%s, where x86-64 is needed); put its x86-64 build there", Image->Path,
                 PeMachineName(Machine));
    }
    FailBoot("%s cannot be loaded: %s; copy or build the file again", Image->Path, PeStatusText(Status));
}

static void CheckProtection(const BOOT_IMAGE *Image)
{
    bool mustBeOurs = (Image->Flags & (LOADER_IMAGE_KERNEL | LOADER_IMAGE_HAL)) != 0;
    const PE_SECTION *section;
    const char *flaw = IsOwnImage(Image) ? FindProtectionFlaw(&Image->Mapped, &section) : NULL;

    if (flaw != NULL) {
        FailBoot("%s %s%s%s; build it without%s", Image->Path, flaw, section == NULL ? "" : ": ",
                 section == NULL ? "" : section->Name, mustBeOurs ? "" : ", or move a foreign driver out of \\petrel");
    }
}

static void TakeSlot(BOOT_IMAGES *Images, BOOT_IMAGE *Image)
{
    uint64_t slot = (Image->Mapped.SizeOfImage + PAGE_BYTES + SLOT_BYTES - 1) / SLOT_BYTES * SLOT_BYTES;

    if (slot > LOADER_IMAGE_REGION_END - Images->NextBase) {
        FailBoot("the boot images are larger than 1024 MiB together, at %s; name fewer in \\petrel\\boot.cfg", Image->Path);
    }
    Image->Base = Images->NextBase;
    Images->NextBase += slot;
}

/* Maps the file's bytes to new pages. */
static void MapFile(BOOT_IMAGE *Image, const void *Data, uint64_t Size)
{
    PE_OPTIONS options = { .RequireExecutable = true };
    PE_IMAGE file;
    PE_STATUS status;

    if ((Image->Flags & LOADER_IMAGE_KERNEL) != 0) {
        options.Subsystem = PE_SUBSYSTEM_NATIVE;
    }
    status = PeParse(Data, Size, PE_LAYOUT_FILE, &options, &file);
    if (status == PE_OK && file.Machine != PE_MACHINE_AMD64) {
        status = PE_WRONG_MACHINE;
    }
    if (status != PE_OK) {
        RefuseImage(Image, status, file.Machine);
    }
    Image->Physical = AllocatePages(PagesFor(file.SizeOfImage), LOADER_MEMORY_IMAGE, Image->Path);
    status = PeMap(&file, (void *)Image->Physical, PagesFor(file.SizeOfImage) * PAGE_BYTES, &Image->Mapped);
    if (status != PE_OK) {
        RefuseImage(Image, status, file.Machine);
    }
}

static void LoadImage(BOOT_IMAGES *Images, BOOT_IMAGE *Image)
{
    VOLUME_FILE file;
    PE_STATUS status;

    OpenVolumeFile(Image->Path, ADVICE_NAMED_FILE, &file);
    if (file.Size == 0) {
        RefuseImage(Image, PE_EMPTY, 0);
    }
    void *data = AllocateScratch(file.Size, Image->Path);

    ReadVolumeFile(&file, data);
    MapFile(Image, data, file.Size);
    FreeScratch(data, file.Size);
    CheckProtection(Image);
    TakeSlot(Images, Image);
    status = PeRelocate(&Image->Mapped, Image->Base);
    if (status != PE_OK) {
        RefuseImage(Image, status, PE_MACHINE_AMD64);
    }
}

static void AddImage(BOOT_IMAGES *Images, const char *Path, uint32_t Flags)
{
    BOOT_IMAGE *image = &Images->Images[Images->Count];

    image->Path = Path;
    image->Name = TextFileName(Path);
    image->Flags = Flags;
    for (uint32_t i = 0; i < Images->Count; i++) {
        if (TextModuleEqual(Images->Images[i].Name, image->Name)) {
            FailBoot("boot.cfg names two images of one module name, %s and %s; keep one of them", Images->Images[i].Path, Path);
        }
    }
    Images->Count++;
    LoadImage(Images, image);
}

static void AddEntries(BOOT_IMAGES *Images, const BOOT_CONFIG *Config, CONFIG_KIND Kind, uint32_t Flags)
{
    for (uint32_t i = 0; i < Config->EntryCount; i++) {
        if (Config->Entries[i].Kind == Kind) {
            AddImage(Images, Config->Entries[i].Path, Flags);
        }
    }
}

void LoadImages(const BOOT_CONFIG *Config, BOOT_IMAGES *Images)
{
    Images->Images = AllocateScratch((Config->EntryCount + 2) * sizeof(BOOT_IMAGE), "the list of images");
    Images->Count = 0;
    Images->NextBase = LOADER_IMAGE_REGION;
    AddImage(Images, Config->Single[CONFIG_KERNEL], LOADER_IMAGE_KERNEL);
    if (Config->Single[CONFIG_HAL] != NULL) {
        AddImage(Images, Config->Single[CONFIG_HAL], LOADER_IMAGE_HAL);
    }
    AddEntries(Images, Config, CONFIG_LIBRARY, 0);
    AddEntries(Images, Config, CONFIG_DRIVER, LOADER_IMAGE_BOOT_DRIVER);
    if (Images->Images[0].Mapped.EntryRva == 0) {
        FailBoot("%s has no entry point, so it is no kernel; build it again", Images->Images[0].Path);
    }
}
