/* SPDX-License-Identifier: MIT
 * PE32+ images: one parse into a validated view, then map, relocate, bind and look up through it.
 *
 * Freestanding: no allocation, no globals, no logging. Memory and policy come from the caller, so the
 * UEFI loader, the kernel and the host tests build the same sources. Input is hostile: every function
 * is total over any bytes, and nothing outside pe/ reads raw headers. The rules a file must obey are
 * numbered in INVARIANTS.md; a refusal names its rule.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules.h"

#define PE_PAGE_SIZE 0x1000u
#define PE_MAX_SECTIONS 96u

#define PE_MACHINE_I386 0x014Cu
#define PE_MACHINE_AMD64 0x8664u
#define PE_MACHINE_ARM64 0xAA64u

#define PE_SUBSYSTEM_NATIVE 1u
#define PE_SUBSYSTEM_WINDOWS_GUI 2u
#define PE_SUBSYSTEM_WINDOWS_CUI 3u
#define PE_SUBSYSTEM_EFI_APPLICATION 10u

/* Image characteristics and DLL characteristics (PE format, "COFF File Header", "DLL Characteristics"). */
#define PE_FILE_RELOCS_STRIPPED 0x0001u
#define PE_FILE_EXECUTABLE 0x0002u
#define PE_FILE_DLL 0x2000u
#define PE_DLL_FORCE_INTEGRITY 0x0080u
#define PE_DLL_NX_COMPAT 0x0100u
#define PE_DLL_GUARD_CF 0x4000u

/* Section characteristics. */
#define PE_SCN_CODE 0x00000020u
#define PE_SCN_UNINITIALIZED 0x00000080u
#define PE_SCN_DISCARDABLE 0x02000000u
#define PE_SCN_NOT_PAGED 0x08000000u
#define PE_SCN_EXECUTE 0x20000000u
#define PE_SCN_READ 0x40000000u
#define PE_SCN_WRITE 0x80000000u

/* What went wrong, coarsely: each rule of INVARIANTS.md (PE_RULE) gives one of these, the rest are outcomes of lookups.
 * PeStatusText and PeRuleText say each in one sentence a user can read. */
typedef enum PE_STATUS {
    PE_OK = 0,
    PE_NOT_FOUND,          /* the directory, export or function asked for is not in the image */
    PE_TOO_SMALL,          /* the caller's buffer cannot hold the result */
    PE_UNRESOLVED,         /* the resolver refused an import */
    PE_NO_RELOCATIONS,     /* the image must move but carries no base relocations */
    PE_EMPTY,              /* zero bytes */
    PE_NOT_DOS,            /* does not start with MZ: not a PE file at all */
    PE_NOT_PE,             /* MZ, but no PE signature where e_lfanew says */
    PE_TRUNCATED,          /* headers or a section run past the end of the file */
    PE_WRONG_MACHINE,      /* a PE file, but not for x86-64 (PE_IMAGE.Machine says for what) */
    PE_WRONG_SUBSYSTEM,    /* PE_OPTIONS.Subsystem was asked for and is not the image's */
    PE_BAD_HEADER,         /* from here on the rule says what is bad */
    PE_BAD_SECTION,
    PE_BAD_RELOCATION,
    PE_BAD_IMPORT,
    PE_BAD_EXPORT,
    PE_BAD_EXCEPTION_TABLE,
    PE_BAD_LOAD_CONFIG,
    PE_BAD_TLS,
    PE_BAD_RESOURCE,
    PE_BAD_DELAY_IMPORT,
    PE_BAD_DEBUG,
    PE_WRONG_LAYOUT,       /* the operation needs the other layout: only file views are mapped, only mapped ones written to */
    PE_STATUS_COUNT
} PE_STATUS;

/* How the bytes given to PeParse lie in memory. */
typedef enum PE_LAYOUT {
    PE_LAYOUT_FILE,        /* as on disk: section data at PointerToRawData */
    PE_LAYOUT_MAPPED       /* as loaded: section data at VirtualAddress, size >= SizeOfImage */
} PE_LAYOUT;

typedef struct PE_OPTIONS {
    uint16_t Subsystem;       /* required subsystem, 0 = any */
    bool RequireExecutable;   /* refuse files without PE_FILE_EXECUTABLE (object-like leftovers) */
} PE_OPTIONS;

typedef enum PE_DIRECTORY {
    PE_DIR_EXPORT = 0, PE_DIR_IMPORT = 1, PE_DIR_RESOURCE = 2, PE_DIR_EXCEPTION = 3, PE_DIR_SECURITY = 4,
    PE_DIR_BASE_RELOC = 5, PE_DIR_DEBUG = 6, PE_DIR_TLS = 9, PE_DIR_LOAD_CONFIG = 10, PE_DIR_IAT = 12,
    PE_DIR_DELAY_IMPORT = 13, PE_DIR_COUNT = 16
} PE_DIRECTORY;

typedef struct PE_RANGE {
    uint32_t Rva;             /* for PE_DIR_SECURITY a file offset */
    uint32_t Size;            /* bytes; 0 = absent */
} PE_RANGE;

typedef struct PE_SECTION {
    char Name[9];             /* NUL-terminated copy */
    uint32_t Rva, VirtualSize;        /* VirtualSize is never 0 here: SizeOfRawData stands in when the file says 0 */
    uint32_t FileOffset, FileSize;    /* bytes that come from the file; FileSize <= VirtualSize rounded up to a page */
    uint32_t Characteristics;
} PE_SECTION;

/* The validated view. It borrows Data; it is plain data, may be copied, and needs no clean-up. */
typedef struct PE_IMAGE {
    const uint8_t *Data;
    size_t Size;              /* bytes at Data */
    PE_LAYOUT Layout;
    uint16_t Machine, Subsystem, Characteristics, DllCharacteristics;
    uint16_t SectionCount;
    uint32_t TimeDateStamp, CheckSum;
    uint32_t EntryRva;        /* 0 = no entry point */
    uint32_t SizeOfImage;     /* multiple of PE_PAGE_SIZE, covers every section */
    uint32_t SizeOfHeaders;
    uint32_t SectionAlignment, FileAlignment;
    uint64_t ImageBase;       /* preferred, from the header */
    uint64_t StackReserve, StackCommit;       /* bytes, for the first thread of a program */
    uint16_t SystemVersion[2], SubsystemVersion[2];      /* major, minor */
    uint32_t LoaderFlags;
    bool HasCode;             /* SizeOfCode is not 0 */
    uint32_t NtHeaderOffset;
    PE_RULE Rule;             /* the rule that made the last PeParse, PeMap, PeRelocate or PeBindImports on this view fail */
    bool ExportNamesSorted;   /* as the format demands; otherwise names are searched one by one */
    /* Every range lies inside the image (the security range inside the file, in a file view); absent ones are {0, 0}. */
    PE_RANGE Directories[PE_DIR_COUNT];
    PE_SECTION Sections[PE_MAX_SECTIONS];
} PE_IMAGE;

/* Parses and validates. On failure *Image holds only Machine (0 if unknown) and Rule. Data is untouched and must outlive
 * *Image. Options may be NULL. The contents of directories are checked when they are used, or all at once by PeCheck. */
PE_STATUS PeParse(const void *Data, size_t Size, PE_LAYOUT Layout, const PE_OPTIONS *Options, PE_IMAGE *Image);

/* One sentence without a trailing full stop, e.g. "the file is not a PE image (no MZ signature)". Static storage. */
const char *PeStatusText(PE_STATUS Status);

/* What breaking the rule means, in one sentence without a trailing full stop. Static storage. */
const char *PeRuleText(PE_RULE Rule);

/* The status a broken rule gives. Rules of the import tables give PE_BAD_IMPORT here, PE_BAD_DELAY_IMPORT when a delay import
 * broke them. */
PE_STATUS PeRuleStatus(PE_RULE Rule);

/* Checks the contents of every directory against the rules. Returns the status of the first broken one and sets *Rule (optional)
 * to it. An image that fails may still be loadable: the loader's own calls fail only for what they touch. */
PE_STATUS PeCheck(const PE_IMAGE *Image, PE_RULE *Rule);

/* The text name of a machine number ("x86-64", "32-bit x86", "ARM64", "unknown"). */
const char *PeMachineName(uint16_t Machine);

/* Copies headers and sections of a PE_LAYOUT_FILE image to Memory (SizeOfImage bytes at least), zeroes the rest of it, and
 * reparses what it wrote as a PE_LAYOUT_MAPPED view in *Mapped, which must not be *Image. */
PE_STATUS PeMap(const PE_IMAGE *Image, void *Memory, size_t MemorySize, PE_IMAGE *Mapped);

/* Bytes at [Rva, Rva + Size) of either layout, or NULL when any of them is not backed by the image. In a file layout a range
 * must lie inside the file part of one section (or the headers); in a mapped one anywhere below SizeOfImage, so mind sections
 * that the caller has discarded. */
const void *PeAtRva(const PE_IMAGE *Image, uint32_t Rva, uint32_t Size);

/* Applies base relocations to a mapped image that will run at NewBase, and writes NewBase to the mapped OptionalHeader.ImageBase
 * and Mapped->ImageBase. Two passes: nothing is written when any block is malformed. A zero delta succeeds without relocations;
 * a non-zero one without them is PE_NO_RELOCATIONS unless PeIsPositionIndependent holds. */
PE_STATUS PeRelocate(PE_IMAGE *Mapped, uint64_t NewBase);

/* True when the image has no base relocations and is not marked PE_FILE_RELOCS_STRIPPED: by the format it needs none. */
bool PeIsPositionIndependent(const PE_IMAGE *Image);

/* ---- Imports ---- */
typedef struct PE_IMPORT {
    const char *Module;       /* NUL-terminated, inside the image */
    const char *Name;         /* NULL when imported by ordinal */
    uint16_t Ordinal;         /* when Name is NULL */
    uint16_t Hint;
    uint32_t SlotRva;         /* the IAT slot */
    uint32_t Index;           /* running number over all imports of the image */
    bool Delay;               /* from the delay import directory */
} PE_IMPORT;

/* Return false to stop the walk. */
typedef bool PE_IMPORT_CALLBACK(void *Context, const PE_IMPORT *Import);

/* Visits every import in order; works on both layouts, before or after binding (after it only if the image has a lookup table of
 * its own, as all linkers in use write). PE_OK when all were visited or the callback
 * stopped. PE_NOT_FOUND is never returned for an image without imports: that is PE_OK with no calls. */
PE_STATUS PeEnumerateImports(const PE_IMAGE *Image, PE_IMPORT_CALLBACK *Callback, void *Context);
/* The same for delay imports; Index goes on after the ordinary imports. */
PE_STATUS PeEnumerateDelayImports(const PE_IMAGE *Image, PE_IMPORT_CALLBACK *Callback, void *Context);

/* Gives the address to store for an import, or returns false to refuse it. */
typedef bool PE_RESOLVE(void *Context, const PE_IMPORT *Import, uint64_t *Address);

/* Writes every IAT slot of a mapped image. Resolve is called once per import, in order. On PE_UNRESOLVED *Failed (optional) is
 * the first refused import and slots before it are already written. Delay imports are bound too (eagerly). */
PE_STATUS PeBindImports(PE_IMAGE *Mapped, PE_RESOLVE *Resolve, void *Context, PE_IMPORT *Failed);

/* ---- Exports ---- */
/* Rva may be inside any section, data included. Holes (unused ordinals) are never found or visited. */
typedef struct PE_EXPORT {
    uint32_t Rva;             /* 0 when forwarded */
    uint32_t Ordinal;         /* biased, as importers use it */
    const char *Forwarder;    /* "module.name" or "module.#ordinal", inside the image, or NULL */
} PE_EXPORT;

PE_STATUS PeFindExportByName(const PE_IMAGE *Image, const char *Name, PE_EXPORT *Export);   /* binary search if ExportNamesSorted */
PE_STATUS PeFindExportByOrdinal(const PE_IMAGE *Image, uint32_t Ordinal, PE_EXPORT *Export);
/* Visits every name in table order, then what has an ordinal only (Name NULL). Return false to stop, which is PE_OK. */
typedef bool PE_EXPORT_CALLBACK(void *Context, const char *Name, const PE_EXPORT *Export);
PE_STATUS PeEnumerateExports(const PE_IMAGE *Image, PE_EXPORT_CALLBACK *Callback, void *Context);
const char *PeExportModuleName(const PE_IMAGE *Image);      /* the Name field of the directory, or NULL */

/* Splits a forwarder. Module gets the part before the last dot, without a .dll, .sys or .exe there, at most ModuleSize bytes with its NUL; *Name
 * points behind the dot, or is NULL and *Ordinal set for "#123". */
PE_STATUS PeSplitForwarder(const char *Forwarder, char *Module, size_t ModuleSize, const char **Name, uint32_t *Ordinal);

/* ---- Exception data ---- */
typedef struct PE_RUNTIME_FUNCTION {
    uint32_t BeginRva, EndRva, UnwindRva;
} PE_RUNTIME_FUNCTION;

/* The .pdata entry that covers Rva (either layout; follows no indirection), or NULL. A table that is not sorted (rule 58, which
 * PeCheck reports) does not stop an image from loading: entries out of order are just not found. */
const PE_RUNTIME_FUNCTION *PeFindRuntimeFunction(const PE_IMAGE *Image, uint32_t Rva);

/* ---- Load configuration, TLS, resources, debug ---- */
typedef struct PE_LOAD_CONFIG {
    uint32_t Size;                       /* as the image declares it */
    uint32_t SecurityCookieRva;          /* 0 = none. All four fields were checked to lie in the image. */
    uint32_t GuardCheckSlotRva;          /* slot of the CFG check function pointer */
    uint32_t GuardDispatchSlotRva;
    uint32_t GuardFlags;
} PE_LOAD_CONFIG;

PE_STATUS PeGetLoadConfig(const PE_IMAGE *Image, PE_LOAD_CONFIG *Config);
/* Writes Cookie (never 0, top 16 bits cleared, never the default 0x2B992DDFA232) if the image has a cookie that still holds the
 * compiler's default. Mapped and relocated images only. PE_NOT_FOUND when there is none. */
PE_STATUS PeSeedSecurityCookie(PE_IMAGE *Mapped, uint64_t Entropy);
/* Points the CFG slots at Check and Dispatch (absolute addresses); a 0 leaves that slot alone. */
PE_STATUS PeSetGuardPointers(PE_IMAGE *Mapped, uint64_t Check, uint64_t Dispatch);

/* The addresses in the load configuration and the TLS directory are absolute, so both need a view whose ImageBase is the one the
 * bytes were relocated for: a file view, or a mapped one that PeRelocate moved. */
typedef struct PE_TLS {
    uint32_t TemplateRva, TemplateSize, ZeroFill, IndexRva, CallbacksRva;   /* RVAs 0 when absent */
} PE_TLS;
PE_STATUS PeGetTls(const PE_IMAGE *Image, PE_TLS *Tls);

/* Path of a resource: each level by name (ASCII, case-insensitive) or, when the name is NULL, by id. Language: any. */
typedef struct PE_RESOURCE_ID {
    const char *Name;
    uint16_t Id;
} PE_RESOURCE_ID;
PE_STATUS PeFindResource(const PE_IMAGE *Image, PE_RESOURCE_ID Type, PE_RESOURCE_ID Name, PE_RANGE *Data);

typedef struct PE_CODEVIEW {
    uint8_t Guid[16];
    uint32_t Age;
    const char *PdbPath;      /* NUL-terminated, inside the image */
} PE_CODEVIEW;
/* The first CodeView (RSDS) record. PE_NOT_FOUND when the image names no PDB. */
PE_STATUS PeGetCodeView(const PE_IMAGE *Image, PE_CODEVIEW *CodeView);
