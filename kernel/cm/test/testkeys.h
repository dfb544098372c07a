/* SPDX-License-Identifier: MIT
 * What the registry's self-tests share. Each test works below a key of its own and leaves nothing.
 */
#pragma once
#include "test.h"
#include "../cmp.h"

#define TEST_ROOT L"\\Registry\\Machine\\Software\\CmTest"

static inline NTSTATUS TestCreate(HANDLE Root, PCWSTR Path, ULONG Options, PHANDLE Key, PULONG Disposition)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &attributes, 0, NULL, Options, Disposition);
}

static inline NTSTATUS TestOpen(HANDLE Root, PCWSTR Path, ULONG Attributes, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | Attributes, Root, NULL);
    return ZwOpenKey(Key, KEY_ALL_ACCESS, &attributes);
}

/* A key below which a test works; TestEnd deletes it with everything in it. */
static inline HANDLE TestBegin(VOID)
{
    HANDLE key = NULL;
    CHECK(TestCreate(NULL, TEST_ROOT, 0, &key, NULL) == STATUS_SUCCESS);
    return key;
}

static inline VOID TestDeleteTree(HANDLE Key)
{
    union { KEY_BASIC_INFORMATION Basic; UCHAR Room[sizeof(KEY_BASIC_INFORMATION) + 512]; } block;
    ULONG length;

    while (NT_SUCCESS(ZwEnumerateKey(Key, 0, KeyBasicInformation, &block, sizeof(block), &length))) {
        OBJECT_ATTRIBUTES attributes;
        UNICODE_STRING name = { (USHORT)block.Basic.NameLength, (USHORT)block.Basic.NameLength, block.Basic.Name };
        HANDLE below;
        InitializeObjectAttributes(&attributes, &name, OBJ_OPENLINK | OBJ_KERNEL_HANDLE, Key, NULL);
        if (!CHECK(NT_SUCCESS(ZwOpenKey(&below, KEY_ALL_ACCESS, &attributes))))
            return;
        TestDeleteTree(below);
        ZwClose(below);
    }
    CHECK(ZwDeleteKey(Key) == STATUS_SUCCESS);
}

static inline VOID TestEnd(HANDLE Key)
{
    TestDeleteTree(Key);
    CHECK(ZwClose(Key) == STATUS_SUCCESS);
}

static inline NTSTATUS TestSet(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, Type, (PVOID)Data, Bytes);
}

static inline NTSTATUS TestQuery(HANDLE Key, PCWSTR Name, KEY_VALUE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
                                 PULONG ResultLength)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    return ZwQueryValueKey(Key, &name, Class, Buffer, Length, ResultLength);
}
