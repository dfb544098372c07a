/* SPDX-License-Identifier: MIT
 * The mutations. Most leave the headers alone, so that most mutants are loaded and meet the code behind PeParse.
 */
#include "mutate.h"

#include <string.h>

#include "builder.h"

typedef struct TARGET {
    uint8_t *Bytes;
    size_t Size;
    const SEED *Other;
    RANDOM *Random;
    const PE_IMAGE *Image;    /* the unmutated seed; its offsets still hold */
} TARGET;

typedef void MUTATION(TARGET *Target);

static size_t Anywhere(TARGET *Target)
{
    return (size_t)(NextRandom(Target->Random) % Target->Size);
}

/* Values at edges, and RVAs that lead somewhere. */
static uint32_t Interesting(TARGET *Target)
{
    static const uint32_t edges[] = {
        0, 1, 2, 7, 8, 0x10, 0xFF, 0x100, 0xFFF, 0x1000, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000u, 0xFFFFF000u, 0xFFFFFFFFu,
    };
    const PE_IMAGE *image = Target->Image;
    uint32_t nudge = Below(Target->Random, 17) - 8;
    switch (Below(Target->Random, 5)) {
    case 0:
        return image->SizeOfImage + nudge;
    case 1:
        return image->Directories[Below(Target->Random, PE_DIR_COUNT)].Rva + nudge;
    case 2:
        return image->Sections[Below(Target->Random, image->SectionCount)].Rva + nudge;
    case 3:
        return Below(Target->Random, image->SizeOfImage);
    default:
        return edges[Below(Target->Random, sizeof(edges) / sizeof(edges[0]))];
    }
}

/* A value of 2, 4 or 8 bytes at Offset, if it fits. */
static void Set(TARGET *Target, size_t Offset)
{
    uint8_t value[8];
    size_t size = (size_t)2 << Below(Target->Random, 3);
    Put64(value, size == 8 ? Target->Image->ImageBase + Interesting(Target) : Interesting(Target));
    if (Offset < Target->Size && Target->Size - Offset >= size) {
        memcpy(Target->Bytes + Offset, value, size);
    }
}

static void FlipBits(TARGET *Target)
{
    uint32_t count = 1 + Below(Target->Random, 16);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = Anywhere(Target);
        if (at >= Target->Image->SizeOfHeaders) {
            Target->Bytes[at] ^= (uint8_t)(1u << Below(Target->Random, 8));
        }
    }
}

static void EditAnywhere(TARGET *Target)
{
    size_t at = Anywhere(Target) & ~(size_t)3;
    Set(Target, at < Target->Image->SizeOfHeaders ? at + Target->Image->SizeOfHeaders : at);
}

static void EditHeader(TARGET *Target)
{
    Set(Target, Below(Target->Random, Target->Image->SizeOfHeaders) & ~1u);
}

static void EditSectionHeader(TARGET *Target)
{
    uint32_t table = Target->Image->NtHeaderOffset + 24 + 240;
    Set(Target, table + Below(Target->Random, Target->Image->SectionCount) * 40 + 8 + Below(Target->Random, 8) * 4);
}

static void EditDirectoryEntry(TARGET *Target)
{
    Set(Target, Target->Image->NtHeaderOffset + 24 + 112 + Below(Target->Random, 2 * PE_DIR_COUNT) * 4);
}

/* The file offset of a byte at the start or anywhere inside a directory; 0 when there is none. */
static size_t InsideDirectory(TARGET *Target)
{
    PE_RANGE range = Target->Image->Directories[Below(Target->Random, PE_DIR_COUNT)];
    if (range.Size == 0) {
        return 0;
    }
    uint32_t offset = Below(Target->Random, Below(Target->Random, 2) == 0 ? 48 : range.Size) & ~1u;
    const uint8_t *bytes = PeAtRva(Target->Image, range.Rva + offset, 2);
    return bytes == NULL ? 0 : (size_t)(bytes - Target->Image->Data);
}

static void EditDirectory(TARGET *Target)
{
    uint32_t count = 1 + Below(Target->Random, 6);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = InsideDirectory(Target);
        if (at != 0) {
            Set(Target, at);
        }
    }
}

/* Follows a directory's 32-bit words to what they point at, and edits that. */
static void EditPointee(TARGET *Target)
{
    size_t at = InsideDirectory(Target);
    if (at == 0 || at + 4 > Target->Size) {
        return;
    }
    const uint8_t *pointee = PeAtRva(Target->Image, Get32(Target->Image->Data + at), 8);
    if (pointee != NULL) {
        Set(Target, (size_t)(pointee - Target->Image->Data) + Below(Target->Random, 4) * 8);
    }
}

static void Splice(TARGET *Target)
{
    size_t from = (size_t)(NextRandom(Target->Random) % Target->Other->Size);
    size_t to = Anywhere(Target);
    size_t size = Below(Target->Random, 0x200);
    if (to < Target->Image->SizeOfHeaders || Target->Size - to < size || Target->Other->Size - from < size) {
        return;
    }
    memcpy(Target->Bytes + to, Target->Other->Bytes + from, size);
}

static void Truncate(TARGET *Target)
{
    Target->Size = Below(Target->Random, 2) == 0 ? Anywhere(Target) : Target->Size - Below(Target->Random, 64) % Target->Size;
}

/* The mutation is chosen by weight; in all 100. */
static MUTATION *Choose(RANDOM *Random)
{
    static const struct {
        MUTATION *Mutation;
        uint32_t Weight;
    } choices[] = {
        { EditDirectory, 32 },     { EditPointee, 18 }, { FlipBits, 10 }, { EditAnywhere, 8 }, { Splice, 8 },
        { EditDirectoryEntry, 8 }, { EditHeader, 6 },   { EditSectionHeader, 6 }, { Truncate, 4 },
    };
    uint32_t ticket = Below(Random, 100);
    uint32_t i = 0;
    while (ticket >= choices[i].Weight) {
        ticket -= choices[i].Weight;
        i++;
    }
    return choices[i].Mutation;
}

size_t Mutate(const SEED *Seed, const SEED *Other, RANDOM *Random, uint8_t *To)
{
    PE_IMAGE image;
    TARGET target = { To, Seed->Size, Other, Random, &image };
    memcpy(To, Seed->Bytes, Seed->Size);
    if (PeParse(Seed->Bytes, Seed->Size, PE_LAYOUT_FILE, NULL, &image) != PE_OK) {
        return Seed->Size;
    }
    uint32_t count = 1 + Below(Random, 3);
    for (uint32_t i = 0; i < count && target.Size != 0; i++) {
        Choose(Random)(&target);
    }
    return target.Size;
}
