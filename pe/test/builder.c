/* SPDX-License-Identifier: MIT
 * Composes the image as it lies in memory, then writes the file from it. What is pointed to comes before what points.
 */
#include "builder.h"

#include <stdlib.h>
#include <string.h>

#define CODE (PE_SCN_CODE | PE_SCN_EXECUTE | PE_SCN_READ)
#define DATA (0x40u | PE_SCN_READ)
#define NT_OFFSET 0x80u

uint32_t Get32(const uint8_t *From)
{
    uint32_t value;
    memcpy(&value, From, sizeof(value));
    return value;
}

void Put16(uint8_t *To, uint16_t Value)
{
    memcpy(To, &Value, sizeof(Value));
}

void Put32(uint8_t *To, uint32_t Value)
{
    memcpy(To, &Value, sizeof(Value));
}

void Put64(uint8_t *To, uint64_t Value)
{
    memcpy(To, &Value, sizeof(Value));
}

static uint32_t AlignUp(uint32_t Value, uint32_t Alignment)
{
    return (Value + Alignment - 1) & ~(Alignment - 1);
}

/* Appends Size bytes (zeros when Bytes is NULL) and returns their RVA. */
static uint32_t Add(BUILDER *Builder, const void *Bytes, uint32_t Size)
{
    uint32_t rva = Builder->At;
    if (Size > BUILDER_CAPACITY - rva) {
        abort();
    }
    if (Bytes != NULL && Size != 0) {
        memcpy(Builder->Flat + rva, Bytes, Size);
    }
    Builder->At += Size;
    return rva;
}

static uint32_t Add32(BUILDER *Builder, uint32_t Value)
{
    return Add(Builder, &Value, sizeof(Value));
}

static uint32_t Add64(BUILDER *Builder, uint64_t Value)
{
    return Add(Builder, &Value, sizeof(Value));
}

static uint32_t AddText(BUILDER *Builder, const char *Text)
{
    return Add(Builder, Text, (uint32_t)strlen(Text) + 1);
}

static void Align(BUILDER *Builder, uint32_t Alignment)
{
    Add(Builder, NULL, AlignUp(Builder->At, Alignment) - Builder->At);
}

/* An absolute address, with its relocation. */
static uint32_t AddPointer(BUILDER *Builder, uint32_t Target)
{
    if (Builder->SiteCount == BUILDER_MAX_SITES) {
        abort();
    }
    Builder->Sites[Builder->SiteCount++] = Builder->At;
    return Add64(Builder, Builder->ImageBase + Target);
}

static void Begin(BUILDER *Builder, const char *Name, uint32_t Characteristics)
{
    PE_SECTION *section = &Builder->Sections[Builder->SectionCount++];
    Align(Builder, Builder->SectionAlignment);
    strncpy(section->Name, Name, sizeof(section->Name) - 1);
    section->Rva = Builder->At;
    section->Characteristics = Characteristics;
}

/* Uninitialized bytes follow what was added. */
static void End(BUILDER *Builder, uint32_t Uninitialized)
{
    PE_SECTION *section = &Builder->Sections[Builder->SectionCount - 1];
    section->FileSize = AlignUp(Builder->At - section->Rva, Builder->FileAlignment);
    Add(Builder, NULL, Uninitialized);
    section->VirtualSize = Builder->At - section->Rva;
}

static void SetDirectory(BUILDER *Builder, PE_DIRECTORY Index, uint32_t Rva)
{
    Builder->Directories[Index] = (PE_RANGE){ Rva, Builder->At - Rva };
}

static void BuildText(BUILDER *Builder)
{
    static const uint8_t code[0x180] = { 0x48, 0x83, 0xEC, 0x28, 0x31, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3 };
    Begin(Builder, ".text", CODE | PE_SCN_NOT_PAGED);
    Builder->EntryRva = Add(Builder, code, sizeof(code));
    End(Builder, 0);
}

static void BuildData(BUILDER *Builder)
{
    Begin(Builder, ".data", DATA | PE_SCN_WRITE);
    Builder->Cookie = Add64(Builder, BUILDER_COOKIE);
    Builder->GuardCheck = AddPointer(Builder, Builder->EntryRva);
    Builder->GuardDispatch = AddPointer(Builder, Builder->EntryRva + 10);
    Builder->TlsIndex = Add64(Builder, 0);
    /* One pointer across the end of a page. */
    if (Builder->SectionAlignment >= PE_PAGE_SIZE) {
        Add(Builder, NULL, AlignUp(Builder->At, PE_PAGE_SIZE) - 4 - Builder->At);
    }
    Builder->Pointer = AddPointer(Builder, Builder->EntryRva);
    End(Builder, 0x140);
}

static uint32_t AddHintName(BUILDER *Builder, uint16_t Hint, const char *Name)
{
    Align(Builder, 2);
    uint32_t rva = Add(Builder, &Hint, sizeof(Hint));
    AddText(Builder, Name);
    return rva;
}

/* A lookup table, or the same again as address table. */
static uint32_t AddThunks(BUILDER *Builder, const uint64_t *Thunks, uint32_t Count)
{
    Align(Builder, 8);
    uint32_t rva = Builder->At;
    for (uint32_t i = 0; i < Count; i++) {
        Add64(Builder, Thunks[i]);
    }
    Add64(Builder, 0);
    return rva;
}

static void BuildImportTables(BUILDER *Builder, uint32_t Names[2], uint32_t Slots[2])
{
    Names[0] = AddText(Builder, "ntoskrnl.exe");
    Names[1] = AddText(Builder, "HAL.dll");
    uint64_t first[3];
    uint64_t second[2];
    first[0] = AddHintName(Builder, 7, "IoCreateDevice");
    first[1] = AddHintName(Builder, 0xFFFF, "DbgPrint");
    first[2] = AddHintName(Builder, 0, "KeBugCheckEx");
    second[0] = AddHintName(Builder, 3, "KeStallExecutionProcessor");
    second[1] = (1ull << 63) | 17;
    Builder->ModuleName = Names[0];
    Builder->HintName = (uint32_t)first[0];
    Builder->Lookup = AddThunks(Builder, first, 3);
    Builder->SecondLookup = AddThunks(Builder, second, 2);
    Slots[0] = AddThunks(Builder, first, 3);
    Slots[1] = AddThunks(Builder, second, 2);
    Builder->Slots = Slots[0];
    Builder->Directories[PE_DIR_IAT] = (PE_RANGE){ Slots[0], Builder->At - Slots[0] };
}

static void BuildImportDescriptors(BUILDER *Builder, const uint32_t Names[2], const uint32_t Slots[2])
{
    Align(Builder, 4);
    uint32_t start = Builder->At;
    const uint32_t lookups[2] = { Builder->Lookup, Builder->SecondLookup };
    for (uint32_t i = 0; i < 2; i++) {
        Add32(Builder, lookups[i]);
        Add64(Builder, 0);
        Add32(Builder, Names[i]);
        Add32(Builder, Slots[i]);
    }
    Add(Builder, NULL, 20);
    SetDirectory(Builder, PE_DIR_IMPORT, start);
}

static void BuildDelayImports(BUILDER *Builder)
{
    uint64_t thunk = AddHintName(Builder, 1, "FltRegisterFilter");
    Builder->DelayName = AddText(Builder, "fltmgr.sys");
    Builder->DelayLookup = AddThunks(Builder, &thunk, 1);
    Align(Builder, 8);
    Builder->DelaySlots = AddPointer(Builder, Builder->EntryRva);
    Add64(Builder, 0);
    uint32_t handle = Add64(Builder, 0);
    uint32_t start = Builder->At;
    const uint32_t descriptor[8] = { 1, Builder->DelayName, handle, Builder->DelaySlots, Builder->DelayLookup, 0, 0, 0 };
    Add(Builder, descriptor, sizeof(descriptor));
    Add(Builder, NULL, sizeof(descriptor));
    SetDirectory(Builder, PE_DIR_DELAY_IMPORT, start);
}

/* Ordinals 5..10: Alpha, hole, Beta, nameless, a forwarder by name, a forwarder by ordinal. Alias is a second name of Alpha. */
static void BuildExports(BUILDER *Builder)
{
    static const char *const names[] = { "Alias", "Alpha", "Beta", "Forward", "ForwardOrdinal" };
    static const uint16_t ordinals[] = { 0, 0, 2, 4, 5 };
    uint32_t nameRvas[5];
    Align(Builder, 4);
    uint32_t start = Add(Builder, NULL, 40);
    Builder->Forwarder = AddText(Builder, "HAL.KeFlushWriteBuffer");
    uint32_t byOrdinal = AddText(Builder, "HAL.#12");
    uint32_t module = AddText(Builder, "full.sys");
    for (uint32_t i = 0; i < 5; i++) {
        nameRvas[i] = AddText(Builder, names[i]);
    }
    Builder->FirstExportName = nameRvas[0];
    Align(Builder, 4);
    const uint32_t functions[6] = { Builder->EntryRva, 0, Builder->Cookie, Builder->EntryRva + 4, Builder->Forwarder, byOrdinal };
    Builder->ExportFunctions = Add(Builder, functions, sizeof(functions));
    Builder->ExportNames = Add(Builder, nameRvas, sizeof(nameRvas));
    Builder->ExportOrdinals = Add(Builder, ordinals, sizeof(ordinals));
    const uint32_t header[10] = {
        0, 0, 0, module, 5, 6, 5, Builder->ExportFunctions, Builder->ExportNames, Builder->ExportOrdinals,
    };
    memcpy(Builder->Flat + start, header, sizeof(header));
    SetDirectory(Builder, PE_DIR_EXPORT, start);
}

static void BuildLoadConfig(BUILDER *Builder)
{
    Align(Builder, 8);
    uint32_t start = Add32(Builder, 0x94);
    Add(Builder, NULL, 0x58 - 4);
    AddPointer(Builder, Builder->Cookie);
    Add(Builder, NULL, 0x70 - 0x60);
    AddPointer(Builder, Builder->GuardCheck);
    AddPointer(Builder, Builder->GuardDispatch);
    Add(Builder, NULL, 0x90 - 0x80);
    Add32(Builder, 0x10500);
    SetDirectory(Builder, PE_DIR_LOAD_CONFIG, start);
}

static void BuildTls(BUILDER *Builder)
{
    static const uint8_t bytes[24] = "thread-local template";
    Align(Builder, 8);
    Builder->TlsTemplate = Add(Builder, bytes, sizeof(bytes));
    Builder->TlsCallbacks = AddPointer(Builder, Builder->EntryRva);
    Add64(Builder, 0);
    uint32_t start = AddPointer(Builder, Builder->TlsTemplate);
    AddPointer(Builder, Builder->TlsTemplate + sizeof(bytes));
    AddPointer(Builder, Builder->TlsIndex);
    AddPointer(Builder, Builder->TlsCallbacks);
    Add32(Builder, 0x10);
    Add32(Builder, 0);
    SetDirectory(Builder, PE_DIR_TLS, start);
}

static void BuildDebug(BUILDER *Builder)
{
    static const uint8_t guid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    Align(Builder, 4);
    Builder->CodeView = Add(Builder, "RSDS", 4);
    Add(Builder, guid, sizeof(guid));
    Add32(Builder, 3);
    AddText(Builder, "full.pdb");
    uint32_t size = Builder->At - Builder->CodeView;
    Align(Builder, 4);
    const uint32_t entries[2][7] = {
        { 0, 0, 0, 13, 4, Builder->CodeView, 0 },
        { 0, 0, 0, 2, size, Builder->CodeView, 0 },
    };
    uint32_t start = Add(Builder, entries, sizeof(entries));
    SetDirectory(Builder, PE_DIR_DEBUG, start);
}

static void BuildExceptions(BUILDER *Builder)
{
    Begin(Builder, ".pdata", DATA);
    uint32_t start = Builder->At;
    for (uint32_t i = 0; i < 6; i++) {
        Add32(Builder, Builder->EntryRva + i * 0x40);
        Add32(Builder, Builder->EntryRva + i * 0x40 + 0x30);
        Add32(Builder, Builder->Unwind);
    }
    SetDirectory(Builder, PE_DIR_EXCEPTION, start);
    End(Builder, 0);
}

/* Type 16 and type "CONFIG", each with name 1 and language 0x409.
 *
 *   root 0x00: { "CONFIG" -> 0x60, 16 -> 0x20 }, names 0x20: { 1 -> 0x38 }, languages 0x38: { 0x409 -> data entry 0x50 } ... */
static void BuildResources(BUILDER *Builder)
{
    static const uint16_t text[] = { 6, 'C', 'o', 'N', 'F', 'I', 'G' };
    const uint32_t high = 0x80000000u;
    Begin(Builder, ".rsrc", DATA | PE_SCN_DISCARDABLE);
    uint32_t start = Builder->At;
    const uint32_t dataRva = start + 0xB0;
    const uint32_t tree[] = {
        0, 0, 0, 0x00010001, high | 0xA0, high | 0x60, 16, high | 0x20,    /* 0x00 */
        0, 0, 0, 0x00010000, 1, high | 0x38,                               /* 0x20 */
        0, 0, 0, 0x00010000, 0x409, 0x50,                                  /* 0x38 */
        dataRva, 8, 0, 0,                                                  /* 0x50 */
        0, 0, 0, 0x00010000, 1, high | 0x78,                               /* 0x60 */
        0, 0, 0, 0x00010000, 0x409, 0x90,                                  /* 0x78 */
        dataRva + 8, 4, 0, 0,                                              /* 0x90 */
    };
    Add(Builder, tree, sizeof(tree));
    Builder->ResourceDataEntry = start + 0x50;
    Builder->ResourceString = Add(Builder, text, sizeof(text));
    Align(Builder, 16);
    Builder->ResourceData = Add(Builder, "versionCONF", 12);
    SetDirectory(Builder, PE_DIR_RESOURCE, start);
    End(Builder, 0);
}

static void BuildRelocations(BUILDER *Builder)
{
    Begin(Builder, ".reloc", DATA | PE_SCN_DISCARDABLE);
    uint32_t start = Builder->At;
    for (uint32_t i = 0; i < Builder->SiteCount;) {
        uint32_t page = Builder->Sites[i] & ~(PE_PAGE_SIZE - 1);
        uint32_t block = Add32(Builder, page);
        Add32(Builder, 0);
        for (; i < Builder->SiteCount && Builder->Sites[i] - page < PE_PAGE_SIZE; i++) {
            uint16_t entry = (uint16_t)(0xA000u | (Builder->Sites[i] - page));
            Add(Builder, &entry, sizeof(entry));
        }
        Align(Builder, 4);    /* with an ABSOLUTE entry */
        Put32(Builder->Flat + block + 4, Builder->At - block);
    }
    SetDirectory(Builder, PE_DIR_BASE_RELOC, start);
    End(Builder, 0);
}

static void WriteOptionalHeader(BUILDER *Builder, uint8_t *Optional, uint32_t SizeOfHeaders)
{
    Put16(Optional, 0x20B);
    Put32(Optional + 16, Builder->EntryRva);
    Put64(Optional + 24, Builder->ImageBase);
    Put32(Optional + 32, Builder->SectionAlignment);
    Put32(Optional + 36, Builder->FileAlignment);
    Put32(Optional + 56, AlignUp(Builder->At, Builder->SectionAlignment));
    Put32(Optional + 60, SizeOfHeaders);
    Put16(Optional + 68, PE_SUBSYSTEM_NATIVE);
    Put16(Optional + 70, PE_DLL_NX_COMPAT);
    Put32(Optional + 108, PE_DIR_COUNT);
    for (uint32_t i = 0; i < PE_DIR_COUNT; i++) {
        Put32(Optional + 112 + i * 8, Builder->Directories[i].Rva);
        Put32(Optional + 116 + i * 8, Builder->Directories[i].Size);
    }
}

static void WriteSection(const PE_SECTION *Section, uint8_t *Raw)
{
    memcpy(Raw, Section->Name, 8);
    Put32(Raw + 8, Section->VirtualSize);
    Put32(Raw + 12, Section->Rva);
    Put32(Raw + 16, Section->FileSize);
    Put32(Raw + 20, Section->FileOffset);
    Put32(Raw + 36, Section->Characteristics);
}

static void WriteFile(BUILDER *Builder)
{
    uint8_t *file = Builder->File;
    Builder->NtOffset = NT_OFFSET;
    Builder->Optional = NT_OFFSET + 24;
    Builder->SectionTable = Builder->Optional + 240;
    uint32_t headers = AlignUp(Builder->SectionTable + Builder->SectionCount * 40, Builder->FileAlignment);
    uint32_t at = headers;
    for (uint32_t i = 0; i < Builder->SectionCount; i++) {
        PE_SECTION *section = &Builder->Sections[i];
        section->FileOffset = Builder->SectionAlignment < PE_PAGE_SIZE ? section->Rva : at;
        at = section->FileOffset + section->FileSize;
        memcpy(file + section->FileOffset, Builder->Flat + section->Rva, section->FileSize);
        WriteSection(section, file + Builder->SectionTable + i * 40);
    }
    memcpy(file, "MZ", 2);
    Put32(file + 0x3C, NT_OFFSET);
    memcpy(file + NT_OFFSET, "PE\0\0", 4);
    Put16(file + NT_OFFSET + 4, PE_MACHINE_AMD64);
    Put16(file + NT_OFFSET + 6, (uint16_t)Builder->SectionCount);
    Put32(file + NT_OFFSET + 8, 0x4F3C4260);
    Put16(file + NT_OFFSET + 20, 240);
    Put16(file + NT_OFFSET + 22, PE_FILE_EXECUTABLE | 0x20);
    WriteOptionalHeader(Builder, file + Builder->Optional, headers);
    Builder->FileSize = at;
}

static void BuildDirectories(BUILDER *Builder, BUILD_VARIANT Variant)
{
    uint32_t names[2];
    uint32_t slots[2];
    bool driver = Variant == BUILD_DRIVER;
    Begin(Builder, ".rdata", DATA);
    BuildImportTables(Builder, names, slots);
    Align(Builder, 4);
    Builder->Unwind = Add(Builder, "\x01\x04\x01\x00\x04\x42\x00\x00", 8);
    BuildDebug(Builder);
    if (!driver) {
        BuildDelayImports(Builder);
        BuildExports(Builder);
        BuildLoadConfig(Builder);
        BuildTls(Builder);
    }
    End(Builder, 0);
    BuildExceptions(Builder);
    Begin(Builder, "INIT", CODE | PE_SCN_WRITE | PE_SCN_DISCARDABLE);
    BuildImportDescriptors(Builder, names, slots);
    End(Builder, 0);
    BuildResources(Builder);
    if (!driver) {
        BuildRelocations(Builder);
    }
}

static void SetAlignments(BUILDER *Builder, BUILD_VARIANT Variant)
{
    static const uint32_t alignments[BUILD_VARIANT_COUNT][2] = {
        [BUILD_FULL] = { 0x1000, 0x200 },   [BUILD_FLAT] = { 0x80, 0x80 },     [BUILD_FLAT_SMALL] = { 0x20, 0x20 },
        [BUILD_LARGE] = { 0x10000, 0x1000 }, [BUILD_DRIVER] = { 0x1000, 0x200 }, [BUILD_MINIMAL] = { 0x1000, 0x200 },
    };
    Builder->SectionAlignment = alignments[Variant][0];
    Builder->FileAlignment = alignments[Variant][1];
}

void BuildImage(BUILDER *Builder, BUILD_VARIANT Variant)
{
    memset(Builder, 0, sizeof(*Builder));
    SetAlignments(Builder, Variant);
    Builder->ImageBase = Variant == BUILD_FULL ? 0x140000000ull : 0x10000ull;
    Builder->At = 0x300;    /* headers */
    BuildText(Builder);
    if (Variant != BUILD_MINIMAL) {
        BuildData(Builder);
        BuildDirectories(Builder, Variant);
    }
    WriteFile(Builder);
}

uint8_t *BuilderSection(BUILDER *Builder, uint32_t Index)
{
    return Builder->File + Builder->SectionTable + (size_t)Index * 40;
}

uint8_t *BuilderAt(BUILDER *Builder, uint32_t Rva)
{
    for (uint32_t i = 0; i < Builder->SectionCount; i++) {
        const PE_SECTION *section = &Builder->Sections[i];
        if (Rva >= section->Rva && Rva - section->Rva < section->FileSize) {
            return Builder->File + section->FileOffset + (Rva - section->Rva);
        }
    }
    abort();
}
