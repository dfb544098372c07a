/* SPDX-License-Identifier: MIT
 * Sections: views of one in the process and in system space, physical memory, what is refused.
 */
#include <ntifs.h>
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

static VOID TestViews(VOID)
{
    LARGE_INTEGER size = { .QuadPart = 2 * PAGE_SIZE };
    PVOID first = NULL, second = NULL;
    SIZE_T bytes = 0, more = PAGE_SIZE;
    HANDLE section;

    if (!CheckStatus(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_COMMIT, NULL), STATUS_SUCCESS,
                     "a section"))
        return;
    CheckStatus(ZwMapViewOfSection(section, ZwCurrentProcess(), &first, 0, 0, NULL, &bytes, ViewUnmap, 0, PAGE_READWRITE),
                STATUS_SUCCESS, "a view");
    CheckStatus(ZwMapViewOfSection(section, ZwCurrentProcess(), &second, 0, 0, NULL, &more, ViewUnmap, 0, PAGE_READONLY),
                STATUS_SUCCESS, "another view");
    if (Check(first != NULL && second != NULL && bytes == 2 * PAGE_SIZE && more == PAGE_SIZE, "their sizes")) {
        *(volatile ULONG *)first = 0x12345678;
        Check(*(volatile ULONG *)second == 0x12345678, "both show the same memory");
    }
    ZwClose(section);
    CheckStatus(ZwUnmapViewOfSection(ZwCurrentProcess(), first), STATUS_SUCCESS, "unmap");
    CheckStatus(ZwUnmapViewOfSection(ZwCurrentProcess(), second), STATUS_SUCCESS, "unmap the other");
    CheckStatus(ZwUnmapViewOfSection(ZwCurrentProcess(), second), STATUS_NOT_MAPPED_VIEW, "unmap twice");
}

static VOID TestPhysical(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    volatile ULONG *block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, TEST_TAG);
    LARGE_INTEGER wanted = MmGetPhysicalAddress((PVOID)block), offset = wanted;
    OBJECT_ATTRIBUTES attributes;
    SIZE_T bytes = PAGE_SIZE;
    PVOID view = NULL;
    HANDLE section;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!CheckStatus(ZwOpenSection(&section, SECTION_ALL_ACCESS, &attributes), STATUS_SUCCESS, "open physical memory"))
        return;
    if (CheckStatus(ZwMapViewOfSection(section, ZwCurrentProcess(), &view, 0, PAGE_SIZE, &offset, &bytes, ViewShare, 0, PAGE_READWRITE),
                    STATUS_SUCCESS, "map physical memory")) {
        block[3] = 0xCAFE;
        Check(*(volatile ULONG *)((PUCHAR)view + (wanted.QuadPart - offset.QuadPart) + 12) == 0xCAFE, "the same memory");
        CheckStatus(ZwUnmapViewOfSection(ZwCurrentProcess(), view), STATUS_SUCCESS, "unmap physical memory");
    }
    ZwClose(section);
    ExFreePoolWithTag((PVOID)block, TEST_TAG);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    TestViews();
    TestPhysical();
    return CheckResult();
}
