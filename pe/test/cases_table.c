/* SPDX-License-Identifier: MIT
 * Rules 57 to 73: exception table, load configuration, TLS, resources, debug directory.
 */
#include "cases.h"

#include <string.h>

static uint8_t *Start(BUILDER *b, PE_DIRECTORY Index) { return BuilderAt(b, b->Directories[Index].Rva); }
static uint8_t *Functions(BUILDER *b) { return Start(b, PE_DIR_EXCEPTION); }
static uint8_t *Config(BUILDER *b) { return Start(b, PE_DIR_LOAD_CONFIG); }
static uint8_t *Tls(BUILDER *b) { return Start(b, PE_DIR_TLS); }
static uint8_t *Resources(BUILDER *b) { return Start(b, PE_DIR_RESOURCE); }
static uint32_t ImageSize(BUILDER *b) { return Get32(b->File + b->Optional + 56); }

static void EmptyFunction(BUILDER *b) { Put32(Functions(b) + 4, Get32(Functions(b))); }
static void OneByteFunction(BUILDER *b) { Put32(Functions(b) + 4, Get32(Functions(b)) + 1); }
static void TouchingFunctions(BUILDER *b) { Put32(Functions(b) + 4, Get32(Functions(b) + 12)); }
static void OverlappingFunctions(BUILDER *b) { Put32(Functions(b) + 4, Get32(Functions(b) + 12) + 1); }
static void IndirectUnwind(BUILDER *b) { Put32(Functions(b) + 8, (b->Directories[PE_DIR_EXCEPTION].Rva + 12) | 1); }
static void UnwindOutside(BUILDER *b) { Put32(Functions(b) + 8, ImageSize(b) - 2); }

static void OldConfig(BUILDER *b) { Put32(Config(b), 0x40); Put64(Config(b) + 0x58, 1); }
static void HugeConfig(BUILDER *b) { Put32(Config(b), 0x7FFFFFFFu); }
static void NoCookie(BUILDER *b) { Put64(Config(b) + 0x58, 0); }
static void CookieOutside(BUILDER *b) { Put64(Config(b) + 0x58, b->ImageBase + ImageSize(b) - 7); }
static void NoGuard(BUILDER *b) { Put64(Config(b) + 0x70, 0); Put64(Config(b) + 0x78, 0); }
static void GuardInHeaders(BUILDER *b) { Put64(Config(b) + 0x78, b->ImageBase + 0x100); }

static void ShortTls(BUILDER *b) { Put32(Directory(b, PE_DIR_TLS) + 4, 39); }
static void EmptyTemplate(BUILDER *b) { Put64(Tls(b) + 8, b->ImageBase + b->TlsTemplate); }
static void ReversedTemplate(BUILDER *b) { Put64(Tls(b) + 8, b->ImageBase + b->TlsTemplate - 1); }
static void HugeZeroFill(BUILDER *b) { Put32(Tls(b) + 32, 0x7FFFF000u); }
static void LargeZeroFill(BUILDER *b) { Put32(Tls(b) + 32, 0x7FFFF000u - 24); }
static void NoIndex(BUILDER *b) { Put64(Tls(b) + 16, 0); }
static void IndexOutside(BUILDER *b) { Put64(Tls(b) + 16, b->ImageBase - 4); }
static void NoCallbacks(BUILDER *b) { Put64(Tls(b) + 24, 0); }
static void CallbackOutside(BUILDER *b) { Put64(BuilderAt(b, b->TlsCallbacks), 1); }

static void NoResources(BUILDER *b) { Put32(Resources(b) + 12, 0); }
static void ManyResources(BUILDER *b) { Put16(Resources(b) + 14, 0xFFFF); }
static void Cycle(BUILDER *b) { Put32(Resources(b) + 0x38 + 20, 0x80000000u); }
static void EmptyString(BUILDER *b) { Put16(BuilderAt(b, b->ResourceString), 0); }
static void LongString(BUILDER *b) { Put16(BuilderAt(b, b->ResourceString), 0xFFFF); }
static void DataToEnd(BUILDER *b) { Put32(BuilderAt(b, b->ResourceDataEntry) + 4, ImageSize(b) - b->ResourceData); }
static void DataBeyond(BUILDER *b) { Put32(BuilderAt(b, b->ResourceDataEntry) + 4, ImageSize(b) - b->ResourceData + 1); }

/* A tree of n * n * n entries in n * 24 bytes: the entries of a level share the next level's table. */
static void Bush(BUILDER *b, uint32_t Width)
{
    uint8_t *bytes = b->File + b->Sections[0].FileOffset;
    uint32_t table = 16 + Width * 8;
    uint32_t size = (table * 3 + 16 + 0x1FF) & ~0x1FFu;
    memset(bytes, 0, size);
    for (uint32_t level = 0; level < 3; level++) {
        Put16(bytes + level * table + 14, (uint16_t)Width);
        for (uint32_t i = 0; i < Width; i++) {
            Put32(bytes + level * table + 16 + i * 8, i + 1);
            Put32(bytes + level * table + 20 + i * 8, level < 2 ? 0x80000000u | (level + 1) * table : table * 3);
        }
    }
    Put32(BuilderSection(b, 0) + 8, size);
    Put32(BuilderSection(b, 0) + 16, size);
    Put32(b->File + b->Optional + 56, b->Sections[0].Rva + ((size + 0xFFF) & ~0xFFFu));
    Put32(Directory(b, PE_DIR_RESOURCE), b->Sections[0].Rva);
    Put32(Directory(b, PE_DIR_RESOURCE) + 4, size);
    b->FileSize = b->Sections[0].FileOffset + size;
}

static void SmallBush(BUILDER *b) { Bush(b, 39); }     /* 39 + 39^2 + 39^3 = 60,879 */
static void LargeBush(BUILDER *b) { Bush(b, 40); }     /* 65,640 */

static void ShortDebug(BUILDER *b) { Put32(Directory(b, PE_DIR_DEBUG) + 4, 27); }
static void OneDebugEntry(BUILDER *b) { Put32(Directory(b, PE_DIR_DEBUG) + 4, 28); }
static void EmptyPath(BUILDER *b) { *BuilderAt(b, b->CodeView + 24) = 0; Put32(Start(b, PE_DIR_DEBUG) + 28 + 16, 25); }
static void CutPath(BUILDER *b) { Put32(Start(b, PE_DIR_DEBUG) + 28 + 16, 24 + 8); }

const RULE_CASE TableCases[] = {
    { PE_RULE_RUNTIME_EXTENT, PE_BAD_EXCEPTION_TABLE, OneByteFunction, EmptyFunction, NULL, BUILD_FULL },
    { PE_RULE_RUNTIME_ORDER, PE_BAD_EXCEPTION_TABLE, TouchingFunctions, OverlappingFunctions, NULL, BUILD_FULL },
    { PE_RULE_RUNTIME_UNWIND, PE_BAD_EXCEPTION_TABLE, IndirectUnwind, UnwindOutside, NULL, BUILD_FULL },
    { PE_RULE_LOAD_CONFIG_SIZE, PE_BAD_LOAD_CONFIG, OldConfig, HugeConfig, NULL, BUILD_FULL },
    { PE_RULE_LOAD_CONFIG_COOKIE, PE_BAD_LOAD_CONFIG, NoCookie, CookieOutside, NULL, BUILD_FULL },
    { PE_RULE_LOAD_CONFIG_GUARD, PE_BAD_LOAD_CONFIG, NoGuard, GuardInHeaders, NULL, BUILD_FULL },
    { PE_RULE_TLS_HEADER, PE_BAD_TLS, NULL, ShortTls, NULL, BUILD_FULL },
    { PE_RULE_TLS_TEMPLATE, PE_BAD_TLS, EmptyTemplate, ReversedTemplate, NULL, BUILD_FULL },
    { PE_RULE_TLS_TEMPLATE, PE_BAD_TLS, LargeZeroFill, HugeZeroFill, NULL, BUILD_FULL },
    { PE_RULE_TLS_INDEX, PE_BAD_TLS, NoIndex, IndexOutside, NULL, BUILD_FULL },
    { PE_RULE_TLS_CALLBACKS, PE_BAD_TLS, NoCallbacks, CallbackOutside, NULL, BUILD_FULL },
    { PE_RULE_RESOURCE_TABLE, PE_BAD_RESOURCE, NoResources, ManyResources, NULL, BUILD_FULL },
    { PE_RULE_RESOURCE_DEPTH, PE_BAD_RESOURCE, NULL, Cycle, NULL, BUILD_FULL },
    { PE_RULE_RESOURCE_NAME, PE_BAD_RESOURCE, EmptyString, LongString, NULL, BUILD_FULL },
    { PE_RULE_RESOURCE_DATA, PE_BAD_RESOURCE, DataToEnd, DataBeyond, NULL, BUILD_FULL },
    { PE_RULE_RESOURCE_COUNT, PE_BAD_RESOURCE, SmallBush, LargeBush, NULL, BUILD_MINIMAL },
    { PE_RULE_DEBUG_TABLE, PE_BAD_DEBUG, OneDebugEntry, ShortDebug, NULL, BUILD_FULL },
    { PE_RULE_DEBUG_CODEVIEW, PE_BAD_DEBUG, EmptyPath, CutPath, NULL, BUILD_FULL },
};
const size_t TableCaseCount = sizeof(TableCases) / sizeof(TableCases[0]);
