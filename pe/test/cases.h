/* SPDX-License-Identifier: MIT
 * One case for each rule: an edit to the built image that goes to the edge of the rule and keeps it, and one that breaks it and
 * nothing else before it.
 */
#pragma once
#include "builder.h"

typedef struct RULE_CASE RULE_CASE;
typedef void EDIT(BUILDER *Builder);

/* How the image is put to the test. Returns the status and sets *Rule. NULL: parse, check, map and check again. */
typedef PE_STATUS RUN_CASE(BUILDER *Builder, PE_RULE *Rule);

struct RULE_CASE {
    PE_RULE Rule;
    PE_STATUS Status;
    EDIT *Keep;               /* NULL: the image as built */
    EDIT *Break;
    RUN_CASE *Run;
    BUILD_VARIANT Variant;
};

extern const RULE_CASE HeaderCases[], SectionCases[], RelocationCases[], ImportCases[], ExportCases[], TableCases[];
extern const size_t HeaderCaseCount, SectionCaseCount, RelocationCaseCount, ImportCaseCount, ExportCaseCount, TableCaseCount;

/* The default of RUN_CASE. */
PE_STATUS RunWhole(BUILDER *Builder, PE_RULE *Rule);

/* The raw entry of a data directory. */
static inline uint8_t *Directory(BUILDER *Builder, PE_DIRECTORY Index)
{
    return Builder->File + Builder->Optional + 112 + (size_t)Index * 8;
}
