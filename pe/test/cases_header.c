/* SPDX-License-Identifier: MIT
 * Rules 1 to 19: headers.
 */
#include "cases.h"

#include <string.h>

static void Empty(BUILDER *b) { b->FileSize = 0; }
static void OtherFormat(BUILDER *b) { memcpy(b->File, "\x7F" "ELF", 4); }
static void ShortDosHeader(BUILDER *b) { b->FileSize = 63; }
static void NtBeyondFile(BUILDER *b) { Put32(b->File + 0x3C, 0xFFFFFFFCu); }
static void NtUnaligned(BUILDER *b) { memmove(b->File + 0x82, b->File + 0x80, 0x200); Put32(b->File + 0x3C, 0x82); }
static void CutInOptionalHeader(BUILDER *b) { b->FileSize = b->Optional + 239; }
static void Arm64(BUILDER *b) { Put16(b->File + b->NtOffset + 4, PE_MACHINE_ARM64); }
static void SmallOptionalHeader(BUILDER *b) { Put16(b->File + b->NtOffset + 20, 239); }
static void Pe32(BUILDER *b) { Put16(b->File + b->Optional, 0x10B); }
static void NotExecutable(BUILDER *b) { Put16(b->File + b->NtOffset + 22, 0x20); }
static void EfiSubsystem(BUILDER *b) { Put16(b->File + b->Optional + 68, PE_SUBSYSTEM_EFI_APPLICATION); }
static void NoSections(BUILDER *b) { Put16(b->File + b->NtOffset + 6, 0); }
static void PageFileAlignment(BUILDER *b) { Put32(b->File + b->Optional + 36, 0x200); }
static void TinyFileAlignment(BUILDER *b) { Put32(b->File + b->Optional + 36, 0x100); }
static void NoImageSize(BUILDER *b) { Put32(b->File + b->Optional + 56, 0); }
static void HeadersBeyondImage(BUILDER *b) { Put32(b->File + b->Optional + 56, 0x3FF); }
static void ShortHeaders(BUILDER *b) { Put32(b->File + b->Optional + 60, b->SectionTable + b->SectionCount * 40 - 1); }
static void TightHeaders(BUILDER *b) { Put32(b->File + b->Optional + 60, b->SectionTable + b->SectionCount * 40); }
static void HeadersBeyondFile(BUILDER *b) { Put32(b->File + b->Optional + 60, 0x1000); b->FileSize = 0x800; }
static void HighBase(BUILDER *b) { Put64(b->File + b->Optional + 24, 0xFFFFFFFFF0000000ull); }
static void WrappingBase(BUILDER *b) { Put64(b->File + b->Optional + 24, 0xFFFFFFFFFFFF0000ull); }
static void PageBase(BUILDER *b) { Put64(b->File + b->Optional + 24, 0x18000); }
static void NoEntry(BUILDER *b) { Put32(b->File + b->Optional + 16, 0); }
static void EntryInHeaders(BUILDER *b) { Put32(b->File + b->Optional + 16, 0x100); }

/* A smaller optional header with fewer directories. */
static void FewDirectories(BUILDER *b)
{
    Put32(b->File + b->Optional + 108, 2);
    memmove(b->File + b->Optional + 128, b->File + b->SectionTable, b->SectionCount * 40);
    Put16(b->File + b->NtOffset + 20, 128);
    b->SectionTable = b->Optional + 128;
}

/* Parses as RequireExecutable and native subsystem demand. */
static PE_STATUS RunWithOptions(BUILDER *Builder, PE_RULE *Rule)
{
    const PE_OPTIONS options = { .Subsystem = PE_SUBSYSTEM_NATIVE, .RequireExecutable = true };
    PE_IMAGE image;
    PE_STATUS status = PeParse(Builder->File, Builder->FileSize, PE_LAYOUT_FILE, &options, &image);
    *Rule = image.Rule;
    return status;
}

/* Parses the flat image in memory of the size the file claims, less a byte when FileSize was set to 0. */
static PE_STATUS RunMapped(BUILDER *Builder, PE_RULE *Rule)
{
    PE_IMAGE image;
    size_t size = ((size_t)Builder->At + 0xFFF) & ~(size_t)0xFFF;
    memcpy(Builder->Flat, Builder->File, 0x300);
    PE_STATUS status = PeParse(Builder->Flat, size - (Builder->FileSize == 0), PE_LAYOUT_MAPPED, NULL, &image);
    *Rule = image.Rule;
    return status;
}

const RULE_CASE HeaderCases[] = {
    { PE_RULE_NOT_EMPTY, PE_EMPTY, NULL, Empty, NULL, BUILD_FULL },
    { PE_RULE_DOS_SIGNATURE, PE_NOT_DOS, NULL, OtherFormat, NULL, BUILD_FULL },
    { PE_RULE_DOS_HEADER, PE_TRUNCATED, NULL, ShortDosHeader, NULL, BUILD_FULL },
    { PE_RULE_NT_SIGNATURE, PE_NOT_PE, NULL, NtBeyondFile, NULL, BUILD_FULL },
    { PE_RULE_NT_OFFSET, PE_BAD_HEADER, NULL, NtUnaligned, NULL, BUILD_FULL },
    { PE_RULE_NT_HEADER, PE_TRUNCATED, NULL, CutInOptionalHeader, NULL, BUILD_FULL },
    { PE_RULE_MACHINE, PE_WRONG_MACHINE, NULL, Arm64, NULL, BUILD_FULL },
    { PE_RULE_OPTIONAL_SIZE, PE_BAD_HEADER, FewDirectories, SmallOptionalHeader, NULL, BUILD_FULL },
    { PE_RULE_OPTIONAL_MAGIC, PE_BAD_HEADER, NULL, Pe32, NULL, BUILD_FULL },
    { PE_RULE_EXECUTABLE, PE_BAD_HEADER, NULL, NotExecutable, RunWithOptions, BUILD_FULL },
    { PE_RULE_SUBSYSTEM, PE_WRONG_SUBSYSTEM, NULL, EfiSubsystem, RunWithOptions, BUILD_FULL },
    { PE_RULE_SECTION_COUNT, PE_BAD_HEADER, NULL, NoSections, NULL, BUILD_FULL },
    { PE_RULE_ALIGNMENT, PE_BAD_HEADER, PageFileAlignment, TinyFileAlignment, NULL, BUILD_FULL },
    { PE_RULE_IMAGE_SIZE, PE_BAD_HEADER, NULL, NoImageSize, NULL, BUILD_FULL },
    { PE_RULE_IMAGE_SIZE, PE_BAD_HEADER, NULL, HeadersBeyondImage, NULL, BUILD_FULL },
    { PE_RULE_HEADERS_SIZE, PE_BAD_HEADER, TightHeaders, ShortHeaders, NULL, BUILD_FULL },
    { PE_RULE_HEADERS_BACKED, PE_TRUNCATED, NULL, HeadersBeyondFile, NULL, BUILD_FULL },
    { PE_RULE_MAPPED_SIZE, PE_TRUNCATED, NULL, Empty, RunMapped, BUILD_FLAT },
    { PE_RULE_IMAGE_BASE, PE_BAD_HEADER, HighBase, PageBase, NULL, BUILD_MINIMAL },
    { PE_RULE_IMAGE_BASE, PE_BAD_HEADER, NULL, WrappingBase, NULL, BUILD_LARGE },
    { PE_RULE_ENTRY, PE_BAD_HEADER, NoEntry, EntryInHeaders, NULL, BUILD_FULL },
};
const size_t HeaderCaseCount = sizeof(HeaderCases) / sizeof(HeaderCases[0]);
