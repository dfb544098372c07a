/* SPDX-License-Identifier: MIT
 * Mapping, and reading by RVA in either layout.
 */
#include "pep.h"

/* The last section that starts at or before Rva, or NULL. Sections ascend. */
static const PE_SECTION *PepSectionOfRva(const PE_IMAGE *Image, uint64_t Rva)
{
    uint32_t low = 0;
    uint32_t high = Image->SectionCount;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (Image->Sections[middle].Rva <= Rva) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? NULL : &Image->Sections[low - 1];
}

const uint8_t *PepSpan(const PE_IMAGE *Image, uint64_t Rva, uint32_t *Available)
{
    if (Rva >= Image->SizeOfImage) {
        return NULL;
    }
    uint32_t rva = (uint32_t)Rva;
    if (Image->Layout == PE_LAYOUT_MAPPED) {
        *Available = Image->SizeOfImage - rva;
        return Image->Data + rva;
    }
    if (rva < Image->SizeOfHeaders) {
        *Available = Image->SizeOfHeaders - rva;
        return Image->Data + rva;
    }
    const PE_SECTION *section = PepSectionOfRva(Image, rva);
    if (section == NULL || rva - section->Rva >= section->FileSize) {
        return NULL;
    }
    *Available = section->FileSize - (rva - section->Rva);
    return Image->Data + section->FileOffset + (rva - section->Rva);
}

const uint8_t *PepAt(const PE_IMAGE *Image, uint64_t Rva, uint64_t Size)
{
    uint32_t available;
    const uint8_t *bytes = PepSpan(Image, Rva, &available);
    return bytes != NULL && Size <= available ? bytes : NULL;
}

const void *PeAtRva(const PE_IMAGE *Image, uint32_t Rva, uint32_t Size)
{
    return PepAt(Image, Rva, Size);
}

const char *PepString(const PE_IMAGE *Image, uint64_t Rva, uint32_t MaxLength)
{
    uint32_t available;
    const uint8_t *bytes = PepSpan(Image, Rva, &available);
    if (bytes == NULL || bytes[0] == 0) {
        return NULL;
    }
    uint32_t limit = available <= MaxLength ? available : MaxLength + 1;
    for (uint32_t i = 1; i < limit; i++) {
        if (bytes[i] == 0) {
            return (const char *)bytes;
        }
    }
    return NULL;
}

int PepCompare(const char *Left, const char *Right)
{
    size_t i = 0;
    while (Left[i] != 0 && Left[i] == Right[i]) {
        i++;
    }
    return (int)(uint8_t)Left[i] - (int)(uint8_t)Right[i];
}

bool PepRvaOfAddress(const PE_IMAGE *Image, uint64_t Address, uint32_t Size, uint32_t *Rva)
{
    uint64_t rva = Address - Image->ImageBase;
    if (Address < Image->ImageBase || !PepInBody(Image, rva, Size)) {
        return false;
    }
    *Rva = (uint32_t)rva;
    return true;
}

PE_STATUS PeMap(const PE_IMAGE *Image, void *Memory, size_t MemorySize, PE_IMAGE *Mapped)
{
    if (Image->Layout != PE_LAYOUT_FILE) {
        return PE_WRONG_LAYOUT;
    }
    if (MemorySize < Image->SizeOfImage) {
        return PE_TOO_SMALL;
    }
    uint8_t *memory = Memory;
    PepCopy(memory, Image->Data, Image->SizeOfHeaders);
    uint32_t end = Image->SizeOfHeaders;
    for (uint32_t i = 0; i < Image->SectionCount; i++) {
        const PE_SECTION *section = &Image->Sections[i];
        PepZero(memory + end, section->Rva - end);
        PepCopy(memory + section->Rva, Image->Data + section->FileOffset, section->FileSize);
        end = section->Rva + section->FileSize;
    }
    PepZero(memory + end, MemorySize - end);
    return PeParse(Memory, MemorySize, PE_LAYOUT_MAPPED, NULL, Mapped);
}
