/* SPDX-License-Identifier: MIT
 * Block, arrays and strings share one run of pages; everything in it has a physical address (the loader's) and a virtual one
 * (the kernel's) that differ by a constant.
 *
 *     | LOADER_BLOCK | LOADER_IMAGE[] | LOADER_FILE[] | LOADER_MEMORY[capacity] | strings |
 */
#include "block.h"
#include "allocate.h"
#include "fail.h"
#include "memory.h"
#include "memorymap.h"
#include "text.h"

typedef struct ARENA {
    uint8_t *Next, *End;
    uint64_t Shift;              /* virtual minus physical */
} ARENA;

static void *Take(ARENA *Arena, uint64_t Bytes)
{
    void *place = Arena->Next;

    if (Bytes > (uint64_t)(Arena->End - Arena->Next)) {
        FailBoot("the loader block does not fit its own estimate; this is a defect of the loader, please report it");
    }
    Arena->Next += Bytes;
    return place;
}

static uint64_t AddressOf(const ARENA *Arena, const void *Place)
{
    return (uint64_t)Place + Arena->Shift;
}

static uint64_t AddText(ARENA *Arena, const char *Text)
{
    size_t size = TextLength(Text) + 1;

    return AddressOf(Arena, memcpy(Take(Arena, size), Text, size));
}

static uint64_t CountBytes(const BLOCK_SOURCES *Sources, uint32_t MemoryCapacity)
{
    uint64_t bytes = sizeof(LOADER_BLOCK) + MemoryCapacity * sizeof(LOADER_MEMORY) + TextLength(Sources->Options) + 1;

    for (uint32_t i = 0; i < Sources->Images->Count; i++) {
        bytes += sizeof(LOADER_IMAGE) + TextLength(Sources->Images->Images[i].Path) + 1;
    }
    for (uint32_t i = 0; i < Sources->Files->Count; i++) {
        bytes += sizeof(LOADER_FILE) + TextLength(Sources->Files->Files[i].Path) + 1;
    }
    return bytes;
}

static void AddImages(ARENA *Arena, const BOOT_IMAGES *Images, LOADER_IMAGE *Target)
{
    for (uint32_t i = 0; i < Images->Count; i++) {
        const BOOT_IMAGE *image = &Images->Images[i];
        uint64_t path = AddText(Arena, image->Path);

        Target[i] = (LOADER_IMAGE){
            .NameAddress = path + (uint64_t)(image->Name - image->Path),
            .PathAddress = path,
            .BaseAddress = image->Base,
            .EntryAddress = image->Mapped.EntryRva == 0 ? 0 : image->Base + image->Mapped.EntryRva,
            .ImageSize = image->Mapped.SizeOfImage,
            .Flags = image->Flags,
        };
    }
}

static void AddFiles(ARENA *Arena, const BOOT_FILES *Files, LOADER_FILE *Target)
{
    for (uint32_t i = 0; i < Files->Count; i++) {
        const BOOT_FILE *file = &Files->Files[i];

        Target[i] = (LOADER_FILE){ AddText(Arena, file->Path), file->Address, file->Size, file->Kind, 0 };
    }
}

static void OpenArena(ARENA *Arena, uint64_t Bytes, ADDRESS_SPACE *Space)
{
    uint64_t pages = PagesFor(Bytes);
    uint64_t physical = AllocatePages(pages, LOADER_MEMORY_DATA, "the loader block");

    memset((void *)physical, 0, pages * PAGE_BYTES);
    Arena->Next = (uint8_t *)physical;
    Arena->End = Arena->Next + pages * PAGE_BYTES;
    Arena->Shift = MapData(Space, physical, pages) - physical;
}

void BuildBlock(const BLOCK_SOURCES *Sources, ADDRESS_SPACE *Space, BLOCK_PLACE *Place)
{
    uint64_t stack = MapBootStack(Space);
    uint32_t capacity = MemoryCapacity();
    ARENA arena;

    OpenArena(&arena, CountBytes(Sources, capacity), Space);
    LOADER_BLOCK *block = Take(&arena, sizeof(LOADER_BLOCK));
    LOADER_IMAGE *images = Take(&arena, Sources->Images->Count * sizeof(LOADER_IMAGE));
    LOADER_FILE *files = Take(&arena, Sources->Files->Count * sizeof(LOADER_FILE));
    LOADER_MEMORY *memory = Take(&arena, capacity * sizeof(LOADER_MEMORY));

    AddImages(&arena, Sources->Images, images);
    AddFiles(&arena, Sources->Files, files);
    *block = (LOADER_BLOCK){
        .Signature = LOADER_BLOCK_SIGNATURE,
        .Version = LOADER_BLOCK_VERSION,
        .Size = sizeof(LOADER_BLOCK),
        .MemoryAddress = AddressOf(&arena, memory),
        .ImageAddress = AddressOf(&arena, images),
        .FileAddress = AddressOf(&arena, files),
        .ImageCount = Sources->Images->Count,
        .FileCount = Sources->Files->Count,
        .OptionsAddress = AddText(&arena, Sources->Options),
        .PageTableRootPhysical = Space->Tables.Root,
        .BootStackBaseAddress = stack,
        .DataRegionNextAddress = Space->NextData,
        .ImageRegionNextAddress = Sources->Images->NextBase,
    };
    *Place = (BLOCK_PLACE){ block, AddressOf(&arena, block), memory, capacity };
}
