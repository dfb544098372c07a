/* SPDX-License-Identifier: MIT
 * What is mapped where, on top of the page-table builder.
 */
#include "addressspace.h"
#include "allocate.h"
#include "fail.h"
#include "memory.h"
#include "protection.h"

static void Map(ADDRESS_SPACE *Space, uint64_t Virtual, uint64_t Physical, uint64_t PageCount, uint32_t Access)
{
    PAGE_RUN run = { Virtual, Physical, PageCount, Access };
    PAGE_TABLE_STATUS status = MapPages(&Space->Tables, &run);

    if (status != PAGE_TABLE_OK) {
        FailBoot("the loader's page tables cannot map 0x%llx (its reason is number %llu); this is a defect of the loader, "
                 "please report it",
                 (unsigned long long)Virtual, (unsigned long long)status);
    }
}

void CreateAddressSpace(ADDRESS_SPACE *Space)
{
    Space->Tables = (PAGE_TABLES){ .Allocate = AllocateTablePage };
    Space->NextData = LOADER_DATA_REGION;
    CreatePageTables(&Space->Tables, LOADER_SELF_MAP_INDEX);         /* AllocateTablePage does not return without a page */
}

static uint64_t TakeData(ADDRESS_SPACE *Space, uint64_t PageCount)
{
    uint64_t address = Space->NextData;

    if (PageCount > (LOADER_DATA_REGION_END - address) / PAGE_BYTES) {
        FailBoot("the files that boot.cfg names are larger than 1024 MiB together; name fewer");
    }
    Space->NextData += PageCount * PAGE_BYTES;
    return address;
}

uint64_t MapData(ADDRESS_SPACE *Space, uint64_t Physical, uint64_t PageCount)
{
    uint64_t address = TakeData(Space, PageCount);

    Map(Space, address, Physical, PageCount, PAGE_ACCESS_WRITE);
    return address;
}

uint64_t MapBootStack(ADDRESS_SPACE *Space)
{
    uint64_t pages = LOADER_STACK_SIZE / PAGE_BYTES;
    uint64_t physical = AllocatePages(pages, LOADER_MEMORY_DATA, "the boot stack");

    memset((void *)physical, 0, LOADER_STACK_SIZE);
    TakeData(Space, 1);
    return MapData(Space, physical, pages) + LOADER_STACK_SIZE;
}

void MapImage(ADDRESS_SPACE *Space, const BOOT_IMAGE *Image)
{
    uint32_t size = Image->Mapped.SizeOfImage;

    for (uint64_t start = 0, end; start < size; start = end) {
        uint32_t access = ImagePageAccess(&Image->Mapped, (uint32_t)start);

        end = start + PAGE_BYTES;
        while (end < size && ImagePageAccess(&Image->Mapped, (uint32_t)end) == access) {
            end += PAGE_BYTES;
        }
        Map(Space, Image->Base + start, Image->Physical + start, (end - start) / PAGE_BYTES, access);
    }
}

void MapSwitchPage(ADDRESS_SPACE *Space, uint64_t Address)
{
    uint64_t page = Address & ~(PAGE_BYTES - 1);

    Map(Space, page, page, 1, PAGE_ACCESS_EXECUTE);
}
