/* SPDX-License-Identifier: MIT
 * Private to pe/: bounded reads, and the checks that more than one stage needs.
 *
 * Every raw read goes through PepSpan or a range taken from the view, and every offset is computed in 64 bits before it is
 * compared. Functions that can find a rule broken return the rule; public functions turn it into a status.
 */
#pragma once
#include "pe.h"

#define PEP_MAX_IMAGE_SIZE 0x7FFFF000u   /* the format's 2 GiB limit, in whole pages */
#define PEP_MAX_NAME 4096u               /* characters of an import or export name: the longest any compiler decorates */
#define PEP_MAX_MODULE_NAME 255u
#define PEP_MAX_IMPORTS 0x10000u
#define PEP_MAX_IMPORT_MODULES 0x1000u
#define PEP_MAX_EXPORTS 0x10000u         /* ordinals have 16 bits in an importer */
#define PEP_MAX_TLS_CALLBACKS 0x400u
#define PEP_MAX_RESOURCE_ENTRIES 0x10000u

/* The compiler turns these into plain loads and stores of any alignment. */
static inline uint16_t PepRead16(const uint8_t *From)
{
    uint16_t value;
    __builtin_memcpy(&value, From, sizeof(value));
    return value;
}

static inline uint32_t PepRead32(const uint8_t *From)
{
    uint32_t value;
    __builtin_memcpy(&value, From, sizeof(value));
    return value;
}

static inline uint64_t PepRead64(const uint8_t *From)
{
    uint64_t value;
    __builtin_memcpy(&value, From, sizeof(value));
    return value;
}

static inline void PepWrite64(uint8_t *To, uint64_t Value)
{
    __builtin_memcpy(To, &Value, sizeof(Value));
}

/* Eight bytes a step: the kernel's images are copied under an emulator, without a C library. */
static inline void PepCopy(uint8_t *To, const uint8_t *From, size_t Size)
{
    size_t at = 0;
    for (; Size - at >= 8; at += 8) {
        PepWrite64(To + at, PepRead64(From + at));
    }
    for (; at < Size; at++) {
        To[at] = From[at];
    }
}

static inline void PepZero(uint8_t *To, size_t Size)
{
    size_t at = 0;
    for (; Size - at >= 8; at += 8) {
        PepWrite64(To + at, 0);
    }
    for (; at < Size; at++) {
        To[at] = 0;
    }
}

static inline bool PepIsPowerOfTwo(uint32_t Value)
{
    return Value != 0 && (Value & (Value - 1)) == 0;
}

/* Alignment is a power of two. 64 bits, so that no 32-bit value wraps. */
static inline uint64_t PepAlignUp(uint64_t Value, uint32_t Alignment)
{
    return (Value + Alignment - 1) & ~((uint64_t)Alignment - 1);
}

/* True when [Start, Start + Size) lies in [Low, High). No argument can make it wrap. */
static inline bool PepInside(uint64_t Start, uint64_t Size, uint64_t Low, uint64_t High)
{
    return Start >= Low && Start <= High && Size <= High - Start;
}

/* True when the range lies in the image behind its headers, where the loader may write. */
static inline bool PepInBody(const PE_IMAGE *Image, uint64_t Rva, uint64_t Size)
{
    return PepInside(Rva, Size, Image->SizeOfHeaders, Image->SizeOfImage);
}

static inline char PepLower(char Character)
{
    return Character >= 'A' && Character <= 'Z' ? (char)(Character + ('a' - 'A')) : Character;
}

/* The writable bytes of a mapped image. Call it only for ranges that were checked with PepInBody. */
static inline uint8_t *PepWritable(const PE_IMAGE *Mapped, uint32_t Rva)
{
    return (uint8_t *)(uintptr_t)Mapped->Data + Rva;
}

/* Bytes that are backed without a break from Rva on, and how many; NULL when there is none. (map.c) */
const uint8_t *PepSpan(const PE_IMAGE *Image, uint64_t Rva, uint32_t *Available);

/* As PeAtRva with a 64-bit RVA and bytes as result. (map.c) */
const uint8_t *PepAt(const PE_IMAGE *Image, uint64_t Rva, uint64_t Size);

/* The string at Rva of 1 to MaxLength characters with its NUL inside the image, or NULL. (map.c) */
const char *PepString(const PE_IMAGE *Image, uint64_t Rva, uint32_t MaxLength);

/* Order of two NUL-terminated strings by unsigned bytes, as linkers sort export names. (map.c) */
int PepCompare(const char *Left, const char *Right);

/* Turns an absolute address into an RVA of Size bytes behind the headers. False when it is not there. (map.c) */
bool PepRvaOfAddress(const PE_IMAGE *Image, uint64_t Address, uint32_t Size, uint32_t *Rva);

/* Stages of PeParse. Table is the section table with Count whole entries, RawDirectories the data directories with Count whole
 * entries; both lie in the image. (sections.c, directories.c) */
PE_RULE PepParseSections(PE_IMAGE *Image, const uint8_t *Table);
PE_RULE PepParseDirectories(PE_IMAGE *Image, const uint8_t *RawDirectories, uint32_t Count);

/* Whether the names of the export table are strictly ascending; true without exports. (export.c) */
bool PepExportNamesSorted(const PE_IMAGE *Image);

/* One directory's contents against its rules, for PeCheck. An absent directory breaks none. */
PE_RULE PepCheckRelocations(const PE_IMAGE *Image);
PE_RULE PepCheckImports(const PE_IMAGE *Image);
PE_RULE PepCheckDelayImports(const PE_IMAGE *Image);
PE_RULE PepCheckExports(const PE_IMAGE *Image);
PE_RULE PepCheckExceptions(const PE_IMAGE *Image);
PE_RULE PepCheckLoadConfig(const PE_IMAGE *Image);
PE_RULE PepCheckTls(const PE_IMAGE *Image);
PE_RULE PepCheckResources(const PE_IMAGE *Image);
PE_RULE PepCheckDebug(const PE_IMAGE *Image);

/* As PeRuleStatus, for a rule that a delay import broke. */
static inline PE_STATUS PepDelayStatus(PE_RULE Rule)
{
    PE_STATUS status = PeRuleStatus(Rule);
    return status == PE_BAD_IMPORT ? PE_BAD_DELAY_IMPORT : status;
}

/* Internal walk over both kinds of imports. Visit returns false to stop. *Index runs on from its initial value. (import.c) */
PE_RULE PepWalkImports(const PE_IMAGE *Image, bool Delay, PE_IMPORT_CALLBACK *Visit, void *Context, uint32_t *Index);
