/* SPDX-License-Identifier: MIT */
#include "teststore.h"

#define TEST_FILES 24u
LONG TestStoreFailAt, TestStoreFlushes;
KEVENT TestStoreFlushed;
static TEST_STORE_FILE Files[TEST_FILES];
static EX_PUSH_LOCK FilesLock;                   /* Files' names */
static CM_HIVE_STORE Before;

static BOOLEAN IsOurs(PVOID File)
{
    return (PUCHAR)File >= (PUCHAR)Files && (PUCHAR)File < (PUCHAR)&Files[TEST_FILES];
}

static BOOLEAN Fails(VOID)
{
    LONG left = TestStoreFailAt;

    while (left > 1 && InterlockedCompareExchange(&TestStoreFailAt, left - 1, left) != left)
        left = TestStoreFailAt;
    return left == 1;
}

static NTSTATUS Open(POBJECT_ATTRIBUTES Name, ULONG Disposition, PVOID *File)
{
    WCHAR text[40] = { 0 };
    TEST_STORE_FILE *file;

    if (Name->ObjectName->Length >= sizeof(text) || Name->ObjectName->Buffer[0] == L'\\')
        return Before.Open != NULL ? Before.Open(Name, Disposition, File) : STATUS_OBJECT_NAME_NOT_FOUND;
    RtlCopyMemory(text, Name->ObjectName->Buffer, Name->ObjectName->Length);
    file = TestStoreFile(text);
    if (file == NULL)
        return STATUS_DISK_FULL;
    if (Disposition == FILE_OPEN && file->Size == 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (InterlockedCompareExchange(&file->Uses, 1, 0) != 0)
        return STATUS_SHARING_VIOLATION;
    *File = file;
    return STATUS_SUCCESS;
}

/* A handle is the file itself. */
static NTSTATUS OpenHandle(HANDLE Handle, PVOID *File)
{
    if (!IsOurs(Handle))
        return Before.OpenHandle != NULL ? Before.OpenHandle(Handle, File) : STATUS_INVALID_HANDLE;
    InterlockedIncrement(&((TEST_STORE_FILE *)Handle)->Uses);
    *File = Handle;
    return STATUS_SUCCESS;
}

static NTSTATUS Size(PVOID File, PULONG64 Bytes)
{
    if (!IsOurs(File))
        return Before.Size(File, Bytes);
    *Bytes = ((TEST_STORE_FILE *)File)->Size;
    return STATUS_SUCCESS;
}

static NTSTATUS Read(PVOID File, ULONG64 Offset, PVOID Buffer, ULONG Bytes)
{
    const TEST_STORE_FILE *file = File;

    if (!IsOurs(File))
        return Before.Read(File, Offset, Buffer, Bytes);
    if (Offset + Bytes > file->Size)
        return STATUS_END_OF_FILE;
    RtlCopyMemory(Buffer, file->Data + Offset, Bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS Write(PVOID File, ULONG64 Offset, const VOID *Data, ULONG Bytes)
{
    TEST_STORE_FILE *file = File;
    HANDLE key;

    if (!IsOurs(File))
        return Before.Write(File, Offset, Data, Bytes);
    if (Fails() || Offset + Bytes > TEST_FILE_ROOM)
        return STATUS_DISK_FULL;
    if (CHECK(NT_SUCCESS(TestOpen(NULL, L"\\Registry\\Machine\\System\\Select", 0, &key))))     /* no lock is held */
        ZwClose(key);
    RtlCopyMemory(file->Data + Offset, Data, Bytes);
    file->Size = max(file->Size, (ULONG)(Offset + Bytes));
    return STATUS_SUCCESS;
}

static NTSTATUS Flush(PVOID File)
{
    if (!IsOurs(File))
        return Before.Flush(File);
    if (Fails())
        return STATUS_IO_DEVICE_ERROR;
    InterlockedIncrement(&TestStoreFlushes);
    KeSetEvent(&TestStoreFlushed, 0, FALSE);
    return STATUS_SUCCESS;
}

static VOID Close(PVOID File)
{
    if (!IsOurs(File))
        Before.Close(File);
    else
        InterlockedDecrement(&((TEST_STORE_FILE *)File)->Uses);
}

VOID TestStoreBegin(VOID)
{
    static const CM_HIVE_STORE store = { Open, OpenHandle, Size, Read, Write, Flush, Close };

    KeInitializeEvent(&TestStoreFlushed, SynchronizationEvent, FALSE);
    TestStoreFailAt = TestStoreFlushes = 0;
    Before = CmHiveStore;
    CmHiveStore = store;
}

VOID TestStoreEnd(VOID)
{
    ULONG i;

    CmHiveStore = Before;
    for (i = 0; i < TEST_FILES; i++) {
        CHECK(Files[i].Uses == 0);
        if (Files[i].Data != NULL)
            ExFreePoolWithTag(Files[i].Data, CMP_TAG);
    }
    RtlZeroMemory(Files, sizeof(Files));
}

TEST_STORE_FILE *TestStoreFile(PCWSTR Name)
{
    TEST_STORE_FILE *found = NULL;
    ULONG i;

    ExLockExclusive(&FilesLock);
    for (i = 0; i < TEST_FILES && Files[i].Data != NULL && wcscmp(Files[i].Name, Name) != 0; i++)
        ;
    if (i < TEST_FILES) {
        found = &Files[i];
        if (found->Data == NULL)
            found->Data = ExAllocatePoolWithTag(PagedPool, TEST_FILE_ROOM, CMP_TAG);
        wcsncpy(found->Name, Name, RTL_NUMBER_OF(found->Name) - 1);
    }
    ExUnlockExclusive(&FilesLock);
    return found != NULL && found->Data != NULL ? found : NULL;
}

static bool Put(void *Context, uint64_t Offset, const void *Data, size_t Bytes)
{
    TEST_STORE_FILE *file = Context;
    RtlCopyMemory(file->Data + Offset, Data, Bytes);
    file->Size = max(file->Size, (ULONG)(Offset + Bytes));
    return true;
}

VOID TestStoreHive(PCWSTR Name)
{
    static const WCHAR root[] = L"ROOT", *const suffixes[] = { L"", L".LOG1", L".LOG2" };
    WCHAR name[40];
    REGF_HIVE hive;
    ULONG i;

    for (i = 0; i < 3; i++) {
        wcscpy(name, Name);
        wcscat(name, suffixes[i]);
        if (CHECK(TestStoreFile(name) != NULL))
            TestStoreFile(name)->Size = 0;
    }
    if (!CHECK(RegfCreate(&hive, &CmpRegfHost, (REGF_NAME){ root, 4 }, RegfStable) == RegfOk))
        return;
    CHECK(RegfSave(&hive, Put, TestStoreFile(Name)));
    RegfClose(&hive);
}

ULONG TestStoreValue(PCWSTR Name, PCWSTR Value)
{
    const TEST_STORE_FILE *file = TestStoreFile(Name);
    UNICODE_STRING value;
    ULONG result = 0, index;
    REGF_HIVE hive;

    RtlInitUnicodeString(&value, Value);
    if (file == NULL || RegfOpen(&hive, &CmpRegfHost, file->Data, file->Size) != RegfOk)
        return 0;
    index = RegfFindValue(&hive, hive.RootCell, CmpName(&value));
    if (index != REGF_NIL)
        RegfReadData(&hive, RegfValue(&hive, RegfValueAt(&hive, hive.RootCell, index)), &result, sizeof(result));
    RegfClose(&hive);
    return result;
}

NTSTATUS TestLoad(PCWSTR Key, PCWSTR File)
{
    OBJECT_ATTRIBUTES target, source;
    UNICODE_STRING key, file;

    RtlInitUnicodeString(&key, Key);
    RtlInitUnicodeString(&file, File);
    InitializeObjectAttributes(&target, &key, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    InitializeObjectAttributes(&source, &file, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwLoadKey(&target, &source);
}

NTSTATUS TestUnload(PCWSTR Key)
{
    OBJECT_ATTRIBUTES target;
    UNICODE_STRING key;

    RtlInitUnicodeString(&key, Key);
    InitializeObjectAttributes(&target, &key, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwUnloadKey(&target);
}
