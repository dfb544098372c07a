/* SPDX-License-Identifier: MIT
 * Page protection of images.
 */
#include "check.h"
#include "../../efi-loader/pagetable.h"
#include "../../efi-loader/protection.h"

static PE_IMAGE SampleImage(void)
{
    PE_IMAGE image = {
        .SectionCount = 3, .SizeOfImage = 0x8000, .SizeOfHeaders = 0x400, .SectionAlignment = 0x1000,
        .Sections = {
            { ".text", 0x1000, 0x1001, 0x400, 0x1200, PE_SCN_CODE | PE_SCN_EXECUTE | PE_SCN_READ },
            { ".data", 0x3000, 0x0800, 0x1600, 0x200, PE_SCN_READ | PE_SCN_WRITE },
            { ".last", 0x6000, 0x1000, 0x1800, 0x200, PE_SCN_READ },
        },
    };

    return image;
}

static void SectionsDecide(void **State)
{
    static const uint32_t expected[] = {
        PAGE_ACCESS_READ, PAGE_ACCESS_EXECUTE, PAGE_ACCESS_EXECUTE, PAGE_ACCESS_WRITE,
        PAGE_ACCESS_READ, PAGE_ACCESS_READ,    PAGE_ACCESS_READ,    PAGE_ACCESS_READ,
    };
    PE_IMAGE image = SampleImage();

    for (uint32_t page = 0; page < 8; page++) {
        assert_int_equal(ImagePageAccess(&image, page * 0x1000), expected[page]);
    }
}

static void SmallAlignmentCannotBeProtected(void **State)
{
    const PE_SECTION *section;
    PE_IMAGE image = SampleImage();

    image.SectionAlignment = 0x20;
    assert_int_equal(ImagePageAccess(&image, 0), PAGE_ACCESS_WRITE | PAGE_ACCESS_EXECUTE);
    assert_non_null(FindProtectionFlaw(&image, &section));
    assert_null(section);
}

static void WritableCodeIsAFlaw(void **State)
{
    const PE_SECTION *section;
    PE_IMAGE image = SampleImage();

    assert_null(FindProtectionFlaw(&image, &section));
    image.Sections[1].Characteristics |= PE_SCN_EXECUTE;
    assert_non_null(FindProtectionFlaw(&image, &section));
    assert_string_equal(section->Name, ".data");
    assert_int_equal(ImagePageAccess(&image, 0x3000), PAGE_ACCESS_WRITE | PAGE_ACCESS_EXECUTE);
}

static void TheLastPageOfTheAddressRangeIsFine(void **State)
{
    PE_IMAGE image = SampleImage();

    image.Sections[2].Rva = 0xFFFFF000;
    assert_int_equal(ImagePageAccess(&image, 0xFFFFF000), PAGE_ACCESS_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SectionsDecide),
        cmocka_unit_test(SmallAlignmentCannotBeProtected),
        cmocka_unit_test(WritableCodeIsAFlaw),
        cmocka_unit_test(TheLastPageOfTheAddressRangeIsFine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
