/* SPDX-License-Identifier: MIT
 * NtCreatePagingFile's refusals, and that a file which cannot be made a page file is not left behind. What page files do is tested by
 * mm.paging and by tests/user/paging.c.
 */
#include "fixture.h"
#include "../iop.h"

static NTSTATUS Create(PCWSTR Name, LONG64 Least, LONG64 Most)
{
    LARGE_INTEGER least = { .QuadPart = Least }, most = { .QuadPart = Most };
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return NtCreatePagingFile(&name, &least, &most, 0);
}

static VOID Refusals(VOID)
{
    MM_PAGE_FILE file;

    CHECK(Create(L"", 1 << 20, 1 << 20) == STATUS_OBJECT_NAME_INVALID);
    CHECK(Create(L"\\SystemRoot\\page.tst", 4096, 1 << 20) == STATUS_INVALID_PARAMETER_2);
    CHECK(Create(L"\\SystemRoot\\page.tst", -1, 1 << 20) == STATUS_INVALID_PARAMETER_2);
    CHECK(Create(L"\\SystemRoot\\page.tst", 2 << 20, 1 << 20) == STATUS_INVALID_PARAMETER_3);
    CHECK(Create(L"\\SystemRoot\\page.tst", 1 << 20, 1ll << 50) == STATUS_INVALID_PARAMETER_3);
    CHECK(Create(L"\\SystemRoot\\no such folder\\page.tst", 1 << 20, 1 << 20) == STATUS_OBJECT_PATH_NOT_FOUND);
    CHECK(Create(L"\\Nothing\\page.tst", 1 << 20, 1 << 20) == STATUS_OBJECT_PATH_NOT_FOUND);
    CHECK(!MmQueryPageFile(MAXULONG, &file));
}

static VOID NoRoom(VOID)
{
    OBJECT_ATTRIBUTES attributes;
    FILE_BASIC_INFORMATION facts;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, L"\\SystemRoot\\page.tst");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(Create(L"\\SystemRoot\\page.tst", 3ll << 30, 3ll << 30) == STATUS_DISK_FULL);
    CHECK(ZwQueryAttributesFile(&attributes, &facts) == STATUS_OBJECT_NAME_NOT_FOUND);
}

static const KE_TEST IopPagingFileTable[] = {
    { "io.pagingfile.refusals", Refusals, 0 },
    { "io.pagingfile.noroom", NoRoom, 0 },
};
const KE_TEST_GROUP IopPagingFileTests = { IopPagingFileTable, RTL_NUMBER_OF(IopPagingFileTable) };
