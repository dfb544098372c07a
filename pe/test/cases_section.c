/* SPDX-License-Identifier: MIT
 * Rules 20 to 34: sections, and the extents of directories.
 */
#include "cases.h"

#include <string.h>

enum { VIRTUAL_SIZE = 8, ADDRESS = 12, RAW_SIZE = 16, RAW_OFFSET = 20 };

static void Edit(BUILDER *b, uint32_t Section, uint32_t Field, uint32_t Value)
{
    Put32(BuilderSection(b, Section) + Field, Value);
}

/* SizeOfImage is at least a page more than what the last section ends with, so that only its own rule stops it. */
static void GrowImage(BUILDER *b)
{
    Put32(b->File + b->Optional + 56, Get32(b->File + b->Optional + 56) + 0x2000);
}

static void NoVirtualSize(BUILDER *b) { Edit(b, 0, VIRTUAL_SIZE, 0); }
static void NoSize(BUILDER *b) { Edit(b, 0, VIRTUAL_SIZE, 0); Edit(b, 0, RAW_SIZE, 0); }
static void UnalignedSection(BUILDER *b) { Edit(b, 1, ADDRESS, b->Sections[1].Rva + 0x200); }
static void Overlap(BUILDER *b) { Edit(b, 1, ADDRESS, b->Sections[0].Rva); }
static void WholePage(BUILDER *b) { Edit(b, 0, VIRTUAL_SIZE, 0x1000); }
static void Gap(BUILDER *b) { GrowImage(b); Edit(b, b->SectionCount - 1, ADDRESS, b->Sections[b->SectionCount - 1].Rva + 0x1000); }
static void BeyondImage(BUILDER *b) { Edit(b, b->SectionCount - 1, VIRTUAL_SIZE, 0x1001); }
static void LastPage(BUILDER *b) { Edit(b, b->SectionCount - 1, VIRTUAL_SIZE, 0x1000); }
static void UnalignedRaw(BUILDER *b) { Edit(b, 0, RAW_OFFSET, b->Sections[0].FileOffset + 0x10); }
static void RawBeyondFile(BUILDER *b) { b->FileSize--; }
static void FlatOffset(BUILDER *b) { Edit(b, 0, RAW_OFFSET, b->Sections[0].FileOffset + 0x80); }

static void Outside(BUILDER *b, PE_DIRECTORY Index) { Put32(Directory(b, Index), 0x7FFFF000u); }
static void ExportOutside(BUILDER *b) { Outside(b, PE_DIR_EXPORT); }
static void ImportOutside(BUILDER *b) { Outside(b, PE_DIR_IMPORT); }
static void DelayOutside(BUILDER *b) { Outside(b, PE_DIR_DELAY_IMPORT); }
static void RelocOutside(BUILDER *b) { Outside(b, PE_DIR_BASE_RELOC); }
static void LoadConfigOutside(BUILDER *b) { Outside(b, PE_DIR_LOAD_CONFIG); }
static void TlsOutside(BUILDER *b) { Put32(Directory(b, PE_DIR_TLS) + 4, 0xFFFFFFFFu); }
static void ExceptionUnaligned(BUILDER *b) { Put32(Directory(b, PE_DIR_EXCEPTION), b->Directories[PE_DIR_EXCEPTION].Rva + 2); }

/* An absent directory may have any size. */
static void Absent(BUILDER *b, PE_DIRECTORY Index) { Put32(Directory(b, Index), 0); Put32(Directory(b, Index) + 4, 0xFFFFFFFFu); }
static void ExportAbsent(BUILDER *b) { Absent(b, PE_DIR_EXPORT); }
static void ImportAbsent(BUILDER *b) { Absent(b, PE_DIR_IMPORT); }
static void DelayAbsent(BUILDER *b) { Absent(b, PE_DIR_DELAY_IMPORT); }
static void ExceptionAbsent(BUILDER *b) { Absent(b, PE_DIR_EXCEPTION); }
static void RelocAbsent(BUILDER *b) { Absent(b, PE_DIR_BASE_RELOC); }
static void LoadConfigAbsent(BUILDER *b) { Absent(b, PE_DIR_LOAD_CONFIG); }
static void TlsAbsent(BUILDER *b) { Absent(b, PE_DIR_TLS); }

const RULE_CASE SectionCases[] = {
    { PE_RULE_SECTION_EXTENT, PE_BAD_SECTION, NoVirtualSize, NoSize, NULL, BUILD_FULL },
    { PE_RULE_SECTION_ALIGNED, PE_BAD_SECTION, NULL, UnalignedSection, NULL, BUILD_FULL },
    { PE_RULE_SECTION_ORDER, PE_BAD_SECTION, WholePage, Overlap, NULL, BUILD_FULL },
    { PE_RULE_SECTION_ADJACENT, PE_BAD_SECTION, GrowImage, Gap, NULL, BUILD_FULL },
    { PE_RULE_SECTION_IN_IMAGE, PE_BAD_SECTION, LastPage, BeyondImage, NULL, BUILD_FULL },
    { PE_RULE_SECTION_FILE_ALIGNED, PE_BAD_SECTION, NULL, UnalignedRaw, NULL, BUILD_FULL },
    { PE_RULE_SECTION_BACKED, PE_TRUNCATED, NULL, RawBeyondFile, NULL, BUILD_FULL },
    { PE_RULE_SECTION_FLAT, PE_BAD_SECTION, NULL, FlatOffset, NULL, BUILD_FLAT },
    { PE_RULE_EXPORT_RANGE, PE_BAD_EXPORT, ExportAbsent, ExportOutside, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_RANGE, PE_BAD_IMPORT, ImportAbsent, ImportOutside, NULL, BUILD_FULL },
    { PE_RULE_DELAY_RANGE, PE_BAD_DELAY_IMPORT, DelayAbsent, DelayOutside, NULL, BUILD_FULL },
    { PE_RULE_EXCEPTION_RANGE, PE_BAD_EXCEPTION_TABLE, ExceptionAbsent, ExceptionUnaligned, NULL, BUILD_FULL },
    { PE_RULE_RELOC_RANGE, PE_BAD_RELOCATION, RelocAbsent, RelocOutside, NULL, BUILD_FULL },
    { PE_RULE_LOAD_CONFIG_RANGE, PE_BAD_LOAD_CONFIG, LoadConfigAbsent, LoadConfigOutside, NULL, BUILD_FULL },
    { PE_RULE_TLS_RANGE, PE_BAD_TLS, TlsAbsent, TlsOutside, NULL, BUILD_FULL },
};
const size_t SectionCaseCount = sizeof(SectionCases) / sizeof(SectionCases[0]);
