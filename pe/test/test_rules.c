/* SPDX-License-Identifier: MIT
 * Runs the cases: for rule N the tests rule_NN_kept and rule_NN_broken. With --list prints their names for check_invariants.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"

#define MAX_TESTS 256
#define NAME_SIZE 24

typedef struct NAMED_TEST {
    const RULE_CASE *Case;
    char Name[NAME_SIZE];
} NAMED_TEST;

static BUILDER Builder;
static NAMED_TEST Named[MAX_TESTS];
static struct CMUnitTest Tests[MAX_TESTS];
static size_t TestCount;

/* Both layouts must agree, so the mapped check runs even when the file's failed. */
PE_STATUS RunWhole(BUILDER *Built, PE_RULE *Rule)
{
    PE_IMAGE image;
    PE_IMAGE mapped;
    PE_RULE mappedRule;
    PE_STATUS status = PeParse(Built->File, Built->FileSize, PE_LAYOUT_FILE, NULL, &image);
    *Rule = image.Rule;
    if (status != PE_OK) {
        return status;
    }
    uint8_t *memory = malloc(image.SizeOfImage);
    assert_non_null(memory);
    status = PeCheck(&image, Rule);
    assert_int_equal(PeMap(&image, memory, image.SizeOfImage, &mapped), PE_OK);
    assert_int_equal(PeCheck(&mapped, &mappedRule), status);
    assert_int_equal(mappedRule, *Rule);
    free(memory);
    return status;
}

static void Run(const RULE_CASE *Case, EDIT *Edit, PE_RULE Rule, PE_STATUS Status)
{
    PE_RULE rule = PE_RULE_NONE;
    BuildImage(&Builder, Case->Variant);
    if (Edit != NULL) {
        Edit(&Builder);
    }
    PE_STATUS status = (Case->Run != NULL ? Case->Run : RunWhole)(&Builder, &rule);
    assert_string_equal(PeRuleText(rule), PeRuleText(Rule));
    assert_int_equal(rule, Rule);
    assert_int_equal(status, Status);
}

static void TestKept(void **State)
{
    const NAMED_TEST *test = *State;
    Run(test->Case, test->Case->Keep, PE_RULE_NONE, PE_OK);
}

static void TestBroken(void **State)
{
    const NAMED_TEST *test = *State;
    Run(test->Case, test->Case->Break, test->Case->Rule, test->Case->Status);
}

static void AddTest(const RULE_CASE *Case, const char *Suffix, CMUnitTestFunction Function)
{
    NAMED_TEST *named = &Named[TestCount];
    named->Case = Case;
    snprintf(named->Name, sizeof(named->Name), "rule_%02d_%s", (int)Case->Rule, Suffix);
    Tests[TestCount++] = (struct CMUnitTest){ .name = named->Name, .test_func = Function, .initial_state = named };
}

static void AddCases(const RULE_CASE *Cases, size_t Count)
{
    for (size_t i = 0; i < Count; i++) {
        AddTest(&Cases[i], "kept", TestKept);
        AddTest(&Cases[i], "broken", TestBroken);
    }
}

int main(int ArgumentCount, char **Arguments)
{
    AddCases(HeaderCases, HeaderCaseCount);
    AddCases(SectionCases, SectionCaseCount);
    AddCases(RelocationCases, RelocationCaseCount);
    AddCases(ImportCases, ImportCaseCount);
    AddCases(ExportCases, ExportCaseCount);
    AddCases(TableCases, TableCaseCount);
    if (ArgumentCount == 2 && strcmp(Arguments[1], "--list") == 0) {
        for (size_t i = 0; i < TestCount; i++) {
            puts(Named[i].Name);
        }
        return 0;
    }
    return _cmocka_run_group_tests("rules", Tests, TestCount, NULL, NULL);
}
