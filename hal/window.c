/* SPDX-License-Identifier: MIT
 * The device window: four megabytes at the top of the address space where the HAL maps devices and ACPI tables before memory
 * management exists. Its page tables are part of the kernel image. Mappings are never taken back, so only phase 0 code and
 * page slots with one owner use it; everybody else has MmMapIoSpace.
 */
#include "halp.h"
#include "../kernel/abi/pagetable.h"

#define WINDOW_PAGES 1024u

static DECLSPEC_ALIGN(4096) ULONG64 HalpDirectoryPointers[512];
static DECLSPEC_ALIGN(4096) ULONG64 HalpDirectory[512];
static DECLSPEC_ALIGN(4096) ULONG64 HalpTables[WINDOW_PAGES];
static ULONG HalpNextPage;

static ULONG64 HalpPhysicalOf(const VOID *Page)
{
    return *MiAddressToPte((ULONG64)Page) & MI_PTE_FRAME;
}

static VOID HalpInstallWindow(VOID)
{
    const ULONG64 bits = MI_PTE_VALID | MI_PTE_WRITE;
    HalpDirectory[510] = HalpPhysicalOf(&HalpTables[0]) | bits;
    HalpDirectory[511] = HalpPhysicalOf(&HalpTables[512]) | bits;
    HalpDirectoryPointers[511] = HalpPhysicalOf(HalpDirectory) | bits;
    *MiAddressToPxe(MI_HAL_SPACE) = HalpPhysicalOf(HalpDirectoryPointers) | bits;
}

VOID HalpRemapDevicePage(PVOID Slot, ULONG64 Physical)
{
    ULONG index = (ULONG)(((ULONG64)Slot - MI_HAL_SPACE) >> PAGE_SHIFT);
    HalpTables[index] = (Physical & MI_PTE_FRAME) | MI_PTE_VALID | MI_PTE_WRITE | MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH |
                        MI_PTE_ACCESSED | MI_PTE_DIRTY | MI_PTE_NO_EXECUTE;
    KiInvalidatePage((ULONG64)Slot);
}

PVOID HalpMapDevice(ULONG64 Physical, ULONG Length, BOOLEAN Cached)
{
    ULONG64 offset = Physical & (PAGE_SIZE - 1);
    ULONG pages = (ULONG)((offset + Length + PAGE_SIZE - 1) >> PAGE_SHIFT);
    ULONG first = HalpNextPage;
    ULONG i;

    if (HalpNextPage == 0)
        HalpInstallWindow();
    if (pages > WINDOW_PAGES - HalpNextPage)
        HalpFatal("the firmware's tables and devices need more than the 4 MiB window the HAL has for them");
    HalpNextPage += pages;
    for (i = 0; i < pages; i++) {
        PCHAR page = (PCHAR)MI_HAL_SPACE + ((ULONG64)(first + i) << PAGE_SHIFT);
        HalpRemapDevicePage(page, (Physical - offset) + ((ULONG64)i << PAGE_SHIFT));
        if (Cached)
            HalpTables[first + i] &= ~(MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH);
    }
    return (PCHAR)MI_HAL_SPACE + ((ULONG64)first << PAGE_SHIFT) + offset;
}
