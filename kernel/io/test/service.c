/* SPDX-License-Identifier: MIT */
#include "service.h"
#include <ntimage.h>

#define CODE_OFFSET 0x200u

VOID TestBuildDriver(PUCHAR File, const UCHAR *Code, ULONG CodeBytes)
{
    PIMAGE_DOS_HEADER dos = (PIMAGE_DOS_HEADER)File;
    PIMAGE_NT_HEADERS64 nt = (PIMAGE_NT_HEADERS64)(File + sizeof(*dos));
    PIMAGE_SECTION_HEADER section = (PIMAGE_SECTION_HEADER)(nt + 1);

    RtlZeroMemory(File, TEST_DRIVER_BYTES);
    dos->e_magic = IMAGE_DOS_SIGNATURE;
    dos->e_lfanew = sizeof(*dos);
    nt->Signature = IMAGE_NT_SIGNATURE;
    nt->FileHeader.Machine = IMAGE_FILE_MACHINE_AMD64;
    nt->FileHeader.NumberOfSections = 1;
    nt->FileHeader.SizeOfOptionalHeader = sizeof(nt->OptionalHeader);
    nt->FileHeader.Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_LARGE_ADDRESS_AWARE;
    nt->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    nt->OptionalHeader.AddressOfEntryPoint = PAGE_SIZE;
    nt->OptionalHeader.ImageBase = 0x140000000ull;
    nt->OptionalHeader.SectionAlignment = PAGE_SIZE;
    nt->OptionalHeader.FileAlignment = CODE_OFFSET;
    nt->OptionalHeader.SizeOfImage = 2 * PAGE_SIZE;
    nt->OptionalHeader.SizeOfHeaders = CODE_OFFSET;
    nt->OptionalHeader.Subsystem = PE_SUBSYSTEM_NATIVE;
    nt->OptionalHeader.NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
    section->Misc.VirtualSize = section->SizeOfRawData = TEST_DRIVER_BYTES - CODE_OFFSET;
    section->VirtualAddress = PAGE_SIZE;
    section->PointerToRawData = CODE_OFFSET;
    section->Characteristics = IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ;
    RtlCopyMemory(File + CODE_OFFSET, Code, CodeBytes);
}

/* ---- The key ---- */
NTSTATUS TestMakeKey(PCWSTR Path, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
}

NTSTATUS TestSetValue(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, Type, (PVOID)Data, Bytes);
}

VOID TestSetNumber(HANDLE Key, PCWSTR Name, ULONG Number)
{
    CHECK(TestSetValue(Key, Name, REG_DWORD, &Number, sizeof(Number)) == STATUS_SUCCESS);
}

VOID TestSetText(HANDLE Key, PCWSTR Name, PCWSTR Text)
{
    CHECK(TestSetValue(Key, Name, REG_EXPAND_SZ, Text, (ULONG)(wcslen(Text) + 1) * sizeof(WCHAR)) == STATUS_SUCCESS);
}
