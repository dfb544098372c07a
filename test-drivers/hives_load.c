/* SPDX-License-Identifier: MIT
 * Hives of files, loaded and unloaded: good ones and such as were made to break the kernel.
 */
#include "hives.h"

#define DEEPEST 512u
#define MOST 20000u                              /* keys read of one hive: a name of separators leads back to its parent */
static UCHAR Room[0x10000];                      /* what one query gives; deeper calls use it after its caller */

static NTSTATUS ByNames(PCWSTR Key, PCWSTR File, BOOLEAN Load)
{
    OBJECT_ATTRIBUTES target, source;
    UNICODE_STRING key, file;

    RtlInitUnicodeString(&key, Key);
    RtlInitUnicodeString(&file, File);
    InitializeObjectAttributes(&target, &key, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    InitializeObjectAttributes(&source, &file, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return Load ? ZwLoadKey(&target, &source) : ZwUnloadKey(&target);
}

/* ---- Reading all that is there ---- */
static VOID ReadValues(HANDLE Key)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i, length;

    for (i = 0; NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW; i++)
        status = ZwEnumerateValueKey(Key, i, KeyValueFullInformation, Room, sizeof(Room), &length);
    HivesStatus(status, STATUS_NO_MORE_ENTRIES, "the last value");
    ZwQueryKey(Key, KeyFullInformation, Room, sizeof(Room), &length);
    ZwQuerySecurityObject(Key, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, Room, sizeof(Room), &length);
}

/* The next key below, by its own name; a link as itself. */
static NTSTATUS OpenNext(HANDLE Parent, ULONG Index, PHANDLE Key)
{
    PKEY_BASIC_INFORMATION child = (PKEY_BASIC_INFORMATION)Room;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    ULONG length;
    NTSTATUS status = ZwEnumerateKey(Parent, Index, KeyBasicInformation, child, sizeof(Room), &length);

    if (!NT_SUCCESS(status)) {
        HivesStatus(status, STATUS_NO_MORE_ENTRIES, "the last key");
        return STATUS_NO_MORE_ENTRIES;
    }
    name.Length = name.MaximumLength = (USHORT)child->NameLength;
    name.Buffer = child->Name;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_OPENLINK, Parent, NULL);
    status = ZwOpenKey(Key, KEY_READ, &attributes);
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_UNSUCCESSFUL : status;
}

/* A name with separators cannot be opened: it is passed over. Returns how many keys were read. */
static ULONG ReadTree(HANDLE Root)
{
    static HANDLE keys[DEEPEST + 1];
    static ULONG next[DEEPEST + 1];
    ULONG depth = 0, count = 1;

    keys[0] = Root;
    next[0] = 0;
    ReadValues(Root);
    for (;;) {
        BOOLEAN deeper = depth < DEEPEST && count < MOST;
        NTSTATUS status = deeper ? OpenNext(keys[depth], next[depth]++, &keys[depth + 1]) : STATUS_NO_MORE_ENTRIES;
        if (NT_SUCCESS(status)) {
            next[++depth] = 0;
            ReadValues(keys[depth]);
            count += 1;
        } else if (status == STATUS_NO_MORE_ENTRIES) {
            if (depth == 0)
                return count;
            ZwClose(keys[depth--]);
        }
    }
}

/* ---- One that is good ---- */
static VOID Save(HANDLE Key)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\SystemRoot\\Temp\\saved");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block;
    NTSTATUS status;
    HANDLE file;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(&file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &block, NULL, FILE_ATTRIBUTE_NORMAL, 0,
                          FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (!HivesStatus(status, STATUS_SUCCESS, "a file"))
        return;
    HivesStatus(ZwSaveKey(Key, file), STATUS_SUCCESS, "the hive is saved");
    ZwClose(file);
}

VOID HivesCopy(VOID)
{
    HANDLE key;

    if (!HivesStatus(ByNames(HIVES_LOADED, L"\\SystemRoot\\Temp\\given", TRUE), STATUS_SUCCESS, "a hive is loaded"))
        return;
    if (HivesStatus(HivesOpen(NULL, HIVES_LOADED, 0, &key), STATUS_SUCCESS, "its root is opened")) {
        DbgPrint("hives: %lu keys in the hive that was given\n", ReadTree(key));
        Save(key);
        ZwClose(key);
    }
    HivesStatus(ByNames(HIVES_LOADED, NULL, FALSE), STATUS_SUCCESS, "it is unloaded");
}

/* ---- Many that may not be ---- */
static BOOLEAN IsRefusal(NTSTATUS Status)
{
    return Status == STATUS_REGISTRY_CORRUPT || Status == STATUS_NOT_REGISTRY_FILE || Status == STATUS_INSUFFICIENT_RESOURCES;
}

/* Returns how many keys it had; 0: it was refused. */
static ULONG FuzzOne(PCWSTR File)
{
    NTSTATUS status = ByNames(HIVES_LOADED, File, TRUE);
    ULONG count = 0;
    HANDLE key;

    if (!NT_SUCCESS(status)) {
        HivesCheck(IsRefusal(status), "a hive is refused for what it is");
        return 0;
    }
    if (HivesStatus(HivesOpen(NULL, HIVES_LOADED, OBJ_OPENLINK, &key), STATUS_SUCCESS, "the root of a fuzzed hive")) {
        count = ReadTree(key);
        ZwClose(key);
    }
    HivesStatus(ByNames(HIVES_LOADED, NULL, FALSE), STATUS_SUCCESS, "a fuzzed hive is unloaded");
    return count;
}

VOID HivesFuzz(ULONG Count)
{
    WCHAR path[] = L"\\SystemRoot\\Temp\\00\\00";
    ULONG i, keys, loaded = 0, sum = 0, folder = RTL_NUMBER_OF(path) - 6;

    for (i = 0; i < Count; i++) {
        HivesNumber(path + folder, i / 100, 2);
        path[folder + 2] = L'\\';
        HivesNumber(path + folder + 3, i % 100, 2);
        keys = FuzzOne(path);
        loaded += keys != 0;
        sum += keys;
    }
    DbgPrint("hives: %lu loaded, %lu refused, %lu keys\n", loaded, Count - loaded, sum);
}
