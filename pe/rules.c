/* SPDX-License-Identifier: MIT
 * What each rule and each status means in words. INVARIANTS.md has the long form.
 */
#include "pep.h"

typedef struct RULE_ENTRY {
    PE_STATUS Status;
    const char *Text;
} RULE_ENTRY;

static const RULE_ENTRY RuleTable[PE_RULE_COUNT] = {
    [PE_RULE_NONE] = { PE_OK, "no rule is broken" },
    [PE_RULE_NOT_EMPTY] = { PE_EMPTY, "the file is empty" },
    [PE_RULE_DOS_SIGNATURE] = { PE_NOT_DOS, "the file does not start with MZ" },
    [PE_RULE_DOS_HEADER] = { PE_TRUNCATED, "the file ends inside the DOS header" },
    [PE_RULE_NT_SIGNATURE] = { PE_NOT_PE, "there is no PE signature where e_lfanew points" },
    [PE_RULE_NT_OFFSET] = { PE_BAD_HEADER, "e_lfanew points into the DOS header or is not a multiple of 4" },
    [PE_RULE_NT_HEADER] = { PE_TRUNCATED, "the file ends inside the PE headers" },
    [PE_RULE_MACHINE] = { PE_WRONG_MACHINE, "the image is not for x86-64" },
    [PE_RULE_OPTIONAL_SIZE] = { PE_BAD_HEADER, "the optional header is too small for its fields and data directories" },
    [PE_RULE_OPTIONAL_MAGIC] = { PE_BAD_HEADER, "the optional header is not PE32+" },
    [PE_RULE_EXECUTABLE] = { PE_BAD_HEADER, "the image is not marked executable: the linker reported errors" },
    [PE_RULE_SUBSYSTEM] = { PE_WRONG_SUBSYSTEM, "the image is for another subsystem" },
    [PE_RULE_SECTION_COUNT] = { PE_BAD_HEADER, "the image has no section or more than 96" },
    [PE_RULE_ALIGNMENT] = { PE_BAD_HEADER, "SectionAlignment and FileAlignment do not go together" },
    [PE_RULE_IMAGE_SIZE] = { PE_BAD_HEADER, "SizeOfImage is 0, beyond 2 GiB or less than SizeOfHeaders" },
    [PE_RULE_HEADERS_SIZE] = { PE_BAD_HEADER, "the section table does not end within SizeOfHeaders" },
    [PE_RULE_HEADERS_BACKED] = { PE_TRUNCATED, "SizeOfHeaders goes past the end of the file" },
    [PE_RULE_MAPPED_SIZE] = { PE_TRUNCATED, "the memory of the mapped image is smaller than SizeOfImage" },
    [PE_RULE_IMAGE_BASE] = { PE_BAD_HEADER, "ImageBase is not a multiple of 64 KiB or the image wraps around" },
    [PE_RULE_ENTRY] = { PE_BAD_HEADER, "the entry point lies outside the image or in its headers" },
    [PE_RULE_SECTION_EXTENT] = { PE_BAD_SECTION, "a section has neither a virtual nor a raw size" },
    [PE_RULE_SECTION_ALIGNED] = { PE_BAD_SECTION, "a section's address is not a multiple of SectionAlignment" },
    [PE_RULE_SECTION_ORDER] = { PE_BAD_SECTION, "a section overlaps the headers or the section before it" },
    [PE_RULE_SECTION_ADJACENT] = { PE_BAD_SECTION, "there is a gap between two sections" },
    [PE_RULE_SECTION_IN_IMAGE] = { PE_BAD_SECTION, "a section goes past SizeOfImage" },
    [PE_RULE_SECTION_FILE_ALIGNED] = { PE_BAD_SECTION, "a section's file offset is not a multiple of FileAlignment" },
    [PE_RULE_SECTION_BACKED] = { PE_TRUNCATED, "a section's data goes past the end of the file" },
    [PE_RULE_SECTION_FLAT] = { PE_BAD_SECTION, "SectionAlignment is less than a page but a section's file offset is not its RVA" },
    [PE_RULE_EXPORT_RANGE] = { PE_BAD_EXPORT, "the export directory lies outside the image" },
    [PE_RULE_IMPORT_RANGE] = { PE_BAD_IMPORT, "the import directory lies outside the image" },
    [PE_RULE_DELAY_RANGE] = { PE_BAD_DELAY_IMPORT, "the delay import directory lies outside the image" },
    [PE_RULE_EXCEPTION_RANGE] = { PE_BAD_EXCEPTION_TABLE, "the exception table lies outside the image or is not aligned to 4" },
    [PE_RULE_RELOC_RANGE] = { PE_BAD_RELOCATION, "the relocation directory lies outside the image" },
    [PE_RULE_LOAD_CONFIG_RANGE] = { PE_BAD_LOAD_CONFIG, "the load configuration lies outside the image" },
    [PE_RULE_TLS_RANGE] = { PE_BAD_TLS, "the TLS directory lies outside the image" },
    [PE_RULE_RELOC_BLOCK] = { PE_BAD_RELOCATION, "a relocation block's size is less than 8, odd or more than the directory holds" },
    [PE_RULE_RELOC_TYPE] = { PE_BAD_RELOCATION, "a relocation is neither ABSOLUTE nor DIR64" },
    [PE_RULE_RELOC_TARGET] = { PE_BAD_RELOCATION, "a relocation's target lies outside the image or in its headers" },
    [PE_RULE_RELOC_SELF] = { PE_BAD_RELOCATION, "a relocation's target lies in the relocation directory" },
    [PE_RULE_RELOC_BASE] = { PE_BAD_RELOCATION, "the new base is not page-aligned or the image would wrap around" },
    [PE_RULE_IMPORT_TABLE] = { PE_BAD_IMPORT, "the import descriptors do not end inside the image" },
    [PE_RULE_IMPORT_MODULE] = { PE_BAD_IMPORT, "an imported module's name is empty, too long or outside the image" },
    [PE_RULE_IMPORT_LOOKUP] = { PE_BAD_IMPORT, "an import lookup table does not end inside the image" },
    [PE_RULE_IMPORT_SLOT] = { PE_BAD_IMPORT, "an import address slot lies outside the image or in its headers" },
    [PE_RULE_IMPORT_ORDINAL] = { PE_BAD_IMPORT, "an import by ordinal has reserved bits set" },
    [PE_RULE_IMPORT_NAME] = { PE_BAD_IMPORT, "an import's name is empty, too long or outside the image" },
    [PE_RULE_IMPORT_COUNT] = { PE_BAD_IMPORT, "the image has more than 4,096 import descriptors or 65,536 imports" },
    [PE_RULE_IMPORT_BOUND] = { PE_BAD_IMPORT, "imports are bound to addresses and their names are lost" },
    [PE_RULE_DELAY_ATTRIBUTES] = { PE_BAD_DELAY_IMPORT, "a delay import descriptor holds absolute addresses" },
    [PE_RULE_EXPORT_HEADER] = { PE_BAD_EXPORT, "the export directory is cut short or its ordinals wrap around" },
    [PE_RULE_EXPORT_COUNT] = { PE_BAD_EXPORT, "the image has more than 65,536 exports or export names" },
    [PE_RULE_EXPORT_FUNCTIONS] = { PE_BAD_EXPORT, "the export address table lies outside the image" },
    [PE_RULE_EXPORT_NAMES] = { PE_BAD_EXPORT, "the export name or ordinal table lies outside the image" },
    [PE_RULE_EXPORT_NAME] = { PE_BAD_EXPORT, "an export's name is empty, too long or outside the image" },
    [PE_RULE_EXPORT_ORDINAL] = { PE_BAD_EXPORT, "an export name's ordinal is not in the address table" },
    [PE_RULE_EXPORT_TARGET] = { PE_BAD_EXPORT, "an export lies outside the image" },
    [PE_RULE_EXPORT_FORWARDER] = { PE_BAD_EXPORT, "a forwarder is not of the form module.name or module.#ordinal" },
    [PE_RULE_RUNTIME_EXTENT] = { PE_BAD_EXCEPTION_TABLE, "a function of the exception table is empty or outside the image" },
    [PE_RULE_RUNTIME_ORDER] = { PE_BAD_EXCEPTION_TABLE, "the exception table is not sorted or its functions overlap" },
    [PE_RULE_RUNTIME_UNWIND] = { PE_BAD_EXCEPTION_TABLE, "unwind data lies outside the image" },
    [PE_RULE_LOAD_CONFIG_SIZE] = { PE_BAD_LOAD_CONFIG, "the load configuration goes past the end of the image" },
    [PE_RULE_LOAD_CONFIG_COOKIE] = { PE_BAD_LOAD_CONFIG, "the security cookie lies outside the image" },
    [PE_RULE_LOAD_CONFIG_GUARD] = { PE_BAD_LOAD_CONFIG, "a control flow guard pointer lies outside the image" },
    [PE_RULE_TLS_HEADER] = { PE_BAD_TLS, "the TLS directory is cut short" },
    [PE_RULE_TLS_TEMPLATE] = { PE_BAD_TLS, "the TLS template lies outside the image or is too large" },
    [PE_RULE_TLS_INDEX] = { PE_BAD_TLS, "the TLS index lies outside the image" },
    [PE_RULE_TLS_CALLBACKS] = { PE_BAD_TLS, "the TLS callbacks lie outside the image or do not end" },
    [PE_RULE_RESOURCE_TABLE] = { PE_BAD_RESOURCE, "a resource table lies outside the resource directory" },
    [PE_RULE_RESOURCE_DEPTH] = { PE_BAD_RESOURCE, "the resource tree is not three levels deep" },
    [PE_RULE_RESOURCE_NAME] = { PE_BAD_RESOURCE, "a resource's name lies outside the resource directory" },
    [PE_RULE_RESOURCE_DATA] = { PE_BAD_RESOURCE, "a resource's data lies outside the image" },
    [PE_RULE_RESOURCE_COUNT] = { PE_BAD_RESOURCE, "the resource tree has more than 65,536 entries" },
    [PE_RULE_DEBUG_TABLE] = { PE_BAD_DEBUG, "the debug directory is cut short" },
    [PE_RULE_DEBUG_CODEVIEW] = { PE_BAD_DEBUG, "the CodeView record is cut short or its path has no end" },
};

static const char *const StatusTable[PE_STATUS_COUNT] = {
    [PE_OK] = "success",
    [PE_NOT_FOUND] = "the image does not have what was asked for",
    [PE_TOO_SMALL] = "the buffer is too small",
    [PE_UNRESOLVED] = "an import could not be resolved",
    [PE_NO_RELOCATIONS] = "the image cannot move: its base relocations were stripped",
    [PE_EMPTY] = "the file is empty",
    [PE_NOT_DOS] = "the file is not a PE image (no MZ signature)",
    [PE_NOT_PE] = "the file is a DOS program, not a PE image (no PE signature)",
    [PE_TRUNCATED] = "the file is cut short",
    [PE_WRONG_MACHINE] = "the image is not for x86-64",
    [PE_WRONG_SUBSYSTEM] = "the image is for another subsystem",
    [PE_BAD_HEADER] = "the image's headers are malformed",
    [PE_BAD_SECTION] = "the image's sections are malformed",
    [PE_BAD_RELOCATION] = "the image's base relocations are malformed",
    [PE_BAD_IMPORT] = "the image's imports are malformed",
    [PE_BAD_EXPORT] = "the image's exports are malformed",
    [PE_BAD_EXCEPTION_TABLE] = "the image's exception table is malformed",
    [PE_BAD_LOAD_CONFIG] = "the image's load configuration is malformed",
    [PE_BAD_TLS] = "the image's thread-local storage directory is malformed",
    [PE_BAD_RESOURCE] = "the image's resources are malformed",
    [PE_BAD_DELAY_IMPORT] = "the image's delay imports are malformed",
    [PE_BAD_DEBUG] = "the image's debug directory is malformed",
    [PE_WRONG_LAYOUT] = "the image is not laid out as this operation needs it",
};

const char *PeRuleText(PE_RULE Rule)
{
    return (unsigned)Rule < PE_RULE_COUNT ? RuleTable[Rule].Text : "unknown rule";
}

PE_STATUS PeRuleStatus(PE_RULE Rule)
{
    return (unsigned)Rule < PE_RULE_COUNT ? RuleTable[Rule].Status : PE_BAD_HEADER;
}

const char *PeStatusText(PE_STATUS Status)
{
    return (unsigned)Status < PE_STATUS_COUNT ? StatusTable[Status] : "unknown status";
}

const char *PeMachineName(uint16_t Machine)
{
    switch (Machine) {
    case PE_MACHINE_AMD64:
        return "x86-64";
    case PE_MACHINE_I386:
        return "32-bit x86";
    case PE_MACHINE_ARM64:
        return "ARM64";
    default:
        return "unknown";
    }
}
