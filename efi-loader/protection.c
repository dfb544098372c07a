/* SPDX-License-Identifier: MIT
 * Page protection from section characteristics (PE format, "Section Flags"), and the W^X rule for our own images.
 */
#include "protection.h"
#include "pagetable.h"

static uint32_t SectionAccess(const PE_SECTION *Section)
{
    uint32_t access = PAGE_ACCESS_READ;

    if ((Section->Characteristics & PE_SCN_WRITE) != 0) {
        access |= PAGE_ACCESS_WRITE;
    }
    if ((Section->Characteristics & PE_SCN_EXECUTE) != 0) {
        access |= PAGE_ACCESS_EXECUTE;
    }
    return access;
}

uint32_t ImagePageAccess(const PE_IMAGE *Image, uint32_t Rva)
{
    uint32_t access = PAGE_ACCESS_READ;

    if (Image->SectionAlignment < PE_PAGE_SIZE) {
        return PAGE_ACCESS_WRITE | PAGE_ACCESS_EXECUTE;
    }
    for (uint32_t i = 0; i < Image->SectionCount; i++) {
        const PE_SECTION *section = &Image->Sections[i];

        if (section->Rva < (uint64_t)Rva + PE_PAGE_SIZE && Rva < (uint64_t)section->Rva + section->VirtualSize) {
            access |= SectionAccess(section);
        }
    }
    return access;
}

const char *FindProtectionFlaw(const PE_IMAGE *Image, const PE_SECTION **Section)
{
    *Section = NULL;
    if (Image->SectionAlignment < PE_PAGE_SIZE) {
        return "has sections that are aligned to less than 4096 bytes, so that its pages cannot be protected";
    }
    for (uint32_t i = 0; i < Image->SectionCount; i++) {
        if (SectionAccess(&Image->Sections[i]) == (PAGE_ACCESS_WRITE | PAGE_ACCESS_EXECUTE)) {
            *Section = &Image->Sections[i];
            return "has a section that is both writable and executable";
        }
    }
    return NULL;
}
