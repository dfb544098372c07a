/* SPDX-License-Identifier: MIT
 * Rules 49 to 56: exports.
 */
#include "cases.h"

#include <string.h>

static uint8_t *Header(BUILDER *b) { return BuilderAt(b, b->Directories[PE_DIR_EXPORT].Rva); }

static void HighestOrdinals(BUILDER *b) { Put32(Header(b) + 16, 0xFFFFFFF9u); }
static void WrappingOrdinals(BUILDER *b) { Put32(Header(b) + 16, 0xFFFFFFFAu); }
static void TooManyFunctions(BUILDER *b) { Put32(Header(b) + 20, 0x10001); }
static void NoExports(BUILDER *b) { Put32(Header(b) + 20, 0); Put32(Header(b) + 24, 0); Put32(Header(b) + 28, 0); }
static void FunctionsOutside(BUILDER *b) { Put32(Header(b) + 28, 0xFFFFFFFCu); }
static void NoNames(BUILDER *b) { Put32(Header(b) + 24, 0); Put32(Header(b) + 32, 0); Put32(Header(b) + 36, 0); }
static void NamesOutside(BUILDER *b) { Put32(Header(b) + 36, 0x7FFFFFFFu); }
static void ShortName(BUILDER *b) { memcpy(BuilderAt(b, b->FirstExportName), "A", 2); }
static void EmptyName(BUILDER *b) { *BuilderAt(b, b->FirstExportName) = 0; }
static void LastIndex(BUILDER *b) { Put16(BuilderAt(b, b->ExportOrdinals), 5); }
static void IndexOutside(BUILDER *b) { Put16(BuilderAt(b, b->ExportOrdinals), 6); }
static void LastByte(BUILDER *b) { Put32(BuilderAt(b, b->ExportFunctions), Get32(b->File + b->Optional + 56) - 1); }
static void TargetOutside(BUILDER *b) { Put32(BuilderAt(b, b->ExportFunctions), Get32(b->File + b->Optional + 56)); }
static void LongForwarderPart(BUILDER *b) { memcpy(BuilderAt(b, b->Forwarder), "A.b.c\0", 6); }
static void ForwarderWithoutDot(BUILDER *b) { memcpy(BuilderAt(b, b->Forwarder), "HAL\0", 4); }

const RULE_CASE ExportCases[] = {
    { PE_RULE_EXPORT_HEADER, PE_BAD_EXPORT, HighestOrdinals, WrappingOrdinals, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_COUNT, PE_BAD_EXPORT, NULL, TooManyFunctions, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_FUNCTIONS, PE_BAD_EXPORT, NoExports, FunctionsOutside, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_NAMES, PE_BAD_EXPORT, NoNames, NamesOutside, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_NAME, PE_BAD_EXPORT, ShortName, EmptyName, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_ORDINAL, PE_BAD_EXPORT, LastIndex, IndexOutside, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_TARGET, PE_BAD_EXPORT, LastByte, TargetOutside, NULL, BUILD_FULL },
    { PE_RULE_EXPORT_FORWARDER, PE_BAD_EXPORT, LongForwarderPart, ForwarderWithoutDot, NULL, BUILD_FULL },
};
const size_t ExportCaseCount = sizeof(ExportCases) / sizeof(ExportCases[0]);
