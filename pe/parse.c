/* SPDX-License-Identifier: MIT
 * From bytes to a validated view: DOS header, COFF header, optional header. Sections and data directories follow in files of
 * their own. Every field is read once; nothing after PeParse reads a header again.
 *
 *   0          e_lfanew                                   SizeOfHeaders
 *   | DOS 64 | stub ... | "PE\0\0" | COFF 20 | optional | section table | padding |
 */
#include "pep.h"

enum {
    DOS_HEADER_SIZE = 64,
    DOS_NT_OFFSET = 0x3C,
    COFF_OFFSET = 4,                 /* behind the signature */
    COFF_SIZE = 20,
    OPTIONAL_OFFSET = COFF_OFFSET + COFF_SIZE,
    OPTIONAL_FIXED_SIZE = 112,       /* PE32+, up to the data directories */
    OPTIONAL_MAGIC_PE32_PLUS = 0x20B,
    DIRECTORY_SIZE = 8,
    SECTION_HEADER_SIZE = 40,
    ALLOCATION_GRANULARITY = 0x10000,
    SECTOR_SIZE = 0x200,
};

static PE_RULE PepFindNtHeader(PE_IMAGE *Image)
{
    const uint8_t *data = Image->Data;
    if (Image->Size == 0) {
        return PE_RULE_NOT_EMPTY;
    }
    if (Image->Size < 2 || data[0] != 'M' || data[1] != 'Z') {
        return PE_RULE_DOS_SIGNATURE;
    }
    if (Image->Size < DOS_HEADER_SIZE) {
        return PE_RULE_DOS_HEADER;
    }
    uint32_t offset = PepRead32(data + DOS_NT_OFFSET);
    if (!PepInside(offset, 4, 0, Image->Size) || PepRead32(data + offset) != 0x00004550u) {
        return PE_RULE_NT_SIGNATURE;
    }
    if (offset < DOS_HEADER_SIZE || (offset & 3) != 0) {
        return PE_RULE_NT_OFFSET;
    }
    Image->NtHeaderOffset = offset;
    return PE_RULE_NONE;
}

/* Leaves the optional header's size in *OptionalSize; that many bytes are there. */
static PE_RULE PepParseCoffHeader(PE_IMAGE *Image, uint16_t *OptionalSize)
{
    if (!PepInside(Image->NtHeaderOffset, OPTIONAL_OFFSET, 0, Image->Size)) {
        return PE_RULE_NT_HEADER;
    }
    const uint8_t *coff = Image->Data + Image->NtHeaderOffset + COFF_OFFSET;
    Image->Machine = PepRead16(coff);
    Image->SectionCount = PepRead16(coff + 2);
    Image->TimeDateStamp = PepRead32(coff + 4);
    *OptionalSize = PepRead16(coff + 16);
    Image->Characteristics = PepRead16(coff + 18);
    if (Image->Machine != PE_MACHINE_AMD64) {
        return PE_RULE_MACHINE;
    }
    if (*OptionalSize < OPTIONAL_FIXED_SIZE) {
        return PE_RULE_OPTIONAL_SIZE;
    }
    if (!PepInside((uint64_t)Image->NtHeaderOffset + OPTIONAL_OFFSET, *OptionalSize, 0, Image->Size)) {
        return PE_RULE_NT_HEADER;
    }
    return PE_RULE_NONE;
}

static void PepReadOptionalHeader(PE_IMAGE *Image, const uint8_t *Optional)
{
    Image->HasCode = PepRead32(Optional + 4) != 0;
    Image->EntryRva = PepRead32(Optional + 16);
    Image->ImageBase = PepRead64(Optional + 24);
    Image->SectionAlignment = PepRead32(Optional + 32);
    Image->FileAlignment = PepRead32(Optional + 36);
    Image->SystemVersion[0] = PepRead16(Optional + 40);
    Image->SystemVersion[1] = PepRead16(Optional + 42);
    Image->SubsystemVersion[0] = PepRead16(Optional + 48);
    Image->SubsystemVersion[1] = PepRead16(Optional + 50);
    Image->SizeOfImage = PepRead32(Optional + 56);
    Image->SizeOfHeaders = PepRead32(Optional + 60);
    Image->CheckSum = PepRead32(Optional + 64);
    Image->Subsystem = PepRead16(Optional + 68);
    Image->DllCharacteristics = PepRead16(Optional + 70);
    Image->StackReserve = PepRead64(Optional + 72);
    Image->StackCommit = PepRead64(Optional + 80);
    Image->LoaderFlags = PepRead32(Optional + 104);
}

static PE_RULE PepCheckOptions(const PE_IMAGE *Image, const PE_OPTIONS *Options)
{
    if (Options == NULL) {
        return PE_RULE_NONE;
    }
    if (Options->RequireExecutable && (Image->Characteristics & PE_FILE_EXECUTABLE) == 0) {
        return PE_RULE_EXECUTABLE;
    }
    if (Options->Subsystem != 0 && Options->Subsystem != Image->Subsystem) {
        return PE_RULE_SUBSYSTEM;
    }
    return PE_RULE_NONE;
}

static bool PepAlignmentsAgree(uint32_t Section, uint32_t File)
{
    if (!PepIsPowerOfTwo(Section) || !PepIsPowerOfTwo(File) || Section > PEP_MAX_IMAGE_SIZE) {
        return false;
    }
    if (Section < PE_PAGE_SIZE) {
        return File == Section;
    }
    return File >= SECTOR_SIZE && File <= Section;
}

static PE_RULE PepCheckSizes(PE_IMAGE *Image)
{
    if (!PepAlignmentsAgree(Image->SectionAlignment, Image->FileAlignment)) {
        return PE_RULE_ALIGNMENT;
    }
    uint32_t size = Image->SizeOfImage;
    if (size == 0 || size > PEP_MAX_IMAGE_SIZE || size < Image->SizeOfHeaders) {
        return PE_RULE_IMAGE_SIZE;
    }
    Image->SizeOfImage = (uint32_t)PepAlignUp(size, PE_PAGE_SIZE);
    if (Image->Layout == PE_LAYOUT_MAPPED && Image->Size < Image->SizeOfImage) {
        return PE_RULE_MAPPED_SIZE;
    }
    if (Image->SizeOfHeaders > Image->Size) {
        return PE_RULE_HEADERS_BACKED;
    }
    /* A mapped image's ImageBase is where it runs, which need only be a page. */
    uint32_t granularity = Image->Layout == PE_LAYOUT_MAPPED ? PE_PAGE_SIZE : ALLOCATION_GRANULARITY;
    if ((Image->ImageBase & (granularity - 1)) != 0 || Image->ImageBase + Image->SizeOfImage < Image->ImageBase) {
        return PE_RULE_IMAGE_BASE;
    }
    if (Image->EntryRva != 0 && !PepInBody(Image, Image->EntryRva, 1)) {
        return PE_RULE_ENTRY;
    }
    return PE_RULE_NONE;
}

static PE_RULE PepParseTables(PE_IMAGE *Image, uint16_t OptionalSize)
{
    const uint8_t *optional = Image->Data + Image->NtHeaderOffset + OPTIONAL_OFFSET;
    uint32_t directories = PepRead32(optional + 108);
    if (directories > PE_DIR_COUNT) {
        directories = PE_DIR_COUNT;
    }
    if (OPTIONAL_FIXED_SIZE + directories * DIRECTORY_SIZE > OptionalSize) {
        return PE_RULE_OPTIONAL_SIZE;
    }
    if (Image->SectionCount == 0 || Image->SectionCount > PE_MAX_SECTIONS) {
        return PE_RULE_SECTION_COUNT;
    }
    uint64_t table = (uint64_t)Image->NtHeaderOffset + OPTIONAL_OFFSET + OptionalSize;
    if (!PepInside(table, (uint64_t)Image->SectionCount * SECTION_HEADER_SIZE, 0, Image->SizeOfHeaders)) {
        return PE_RULE_HEADERS_SIZE;
    }
    PE_RULE rule = PepParseSections(Image, Image->Data + table);
    if (rule != PE_RULE_NONE) {
        return rule;
    }
    return PepParseDirectories(Image, optional + OPTIONAL_FIXED_SIZE, directories);
}

static PE_RULE PepParseHeaders(PE_IMAGE *Image, const PE_OPTIONS *Options)
{
    uint16_t optionalSize;
    PE_RULE rule = PepFindNtHeader(Image);
    if (rule == PE_RULE_NONE) {
        rule = PepParseCoffHeader(Image, &optionalSize);
    }
    if (rule != PE_RULE_NONE) {
        return rule;
    }
    const uint8_t *optional = Image->Data + Image->NtHeaderOffset + OPTIONAL_OFFSET;
    if (PepRead16(optional) != OPTIONAL_MAGIC_PE32_PLUS) {
        return PE_RULE_OPTIONAL_MAGIC;
    }
    PepReadOptionalHeader(Image, optional);
    rule = PepCheckOptions(Image, Options);
    if (rule == PE_RULE_NONE) {
        rule = PepCheckSizes(Image);
    }
    if (rule == PE_RULE_NONE) {
        rule = PepParseTables(Image, optionalSize);
    }
    return rule;
}

PE_STATUS PeParse(const void *Data, size_t Size, PE_LAYOUT Layout, const PE_OPTIONS *Options, PE_IMAGE *Image)
{
    PepZero((uint8_t *)Image, sizeof(*Image));
    Image->Data = Data;
    Image->Size = Size;
    Image->Layout = Layout;
    PE_RULE rule = PepParseHeaders(Image, Options);
    if (rule != PE_RULE_NONE) {
        uint16_t machine = Image->Machine;
        PepZero((uint8_t *)Image, sizeof(*Image));
        Image->Machine = machine;
        Image->Rule = rule;
        return PeRuleStatus(rule);
    }
    Image->ExportNamesSorted = PepExportNamesSorted(Image);
    return PE_OK;
}
