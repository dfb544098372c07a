/* SPDX-License-Identifier: MIT
 * Handles and handle tables.
 */
#include "../obp.h"
#include "ke.h"
#include "test.h"

static HANDLE Directory(PCWSTR Name, ULONG Attributes, ACCESS_MASK Access)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle = NULL;

    if (Name != NULL)
        RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, Name != NULL ? &name : NULL, Attributes, NULL, NULL);
    CHECK(NT_SUCCESS(ZwCreateDirectoryObject(&handle, Access, &attributes)));
    return handle;
}

static VOID Reference(VOID)
{
    HANDLE handle = Directory(NULL, 0, DIRECTORY_QUERY);
    OBJECT_HANDLE_INFORMATION information;
    PVOID object = NULL;

    CHECK(ObReferenceObjectByHandle(handle, DIRECTORY_QUERY, ObpDirectoryObjectType, UserMode, &object, &information) ==
          STATUS_SUCCESS);
    CHECK(object != NULL && information.GrantedAccess == DIRECTORY_QUERY && information.HandleAttributes == 0);
    ObfDereferenceObject(object);
    CHECK(ObReferenceObjectByHandle(handle, DIRECTORY_TRAVERSE, ObpDirectoryObjectType, UserMode, &object, NULL) ==
          STATUS_ACCESS_DENIED && object == NULL);
    CHECK(ObReferenceObjectByHandleWithTag(handle, DIRECTORY_TRAVERSE, NULL, KernelMode, 'test', &object, NULL) == STATUS_SUCCESS);
    ObfDereferenceObject(object);
    CHECK(ObReferenceObjectByHandle(handle, 0, ObpTypeObjectType, KernelMode, &object, NULL) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObReferenceObjectByHandle(NULL, 0, NULL, KernelMode, &object, NULL) == STATUS_INVALID_HANDLE);
    CHECK(ObReferenceObjectByHandle((HANDLE)0x400, 0, NULL, KernelMode, &object, NULL) == STATUS_INVALID_HANDLE);
    CHECK(ObReferenceObjectByHandle((HANDLE)0x7FFFFFF0, 0, NULL, KernelMode, &object, NULL) == STATUS_INVALID_HANDLE);
    CHECK(NT_SUCCESS(ZwClose(handle)));
}

static VOID Close(VOID)
{
    HANDLE handle = Directory(NULL, 0, DIRECTORY_QUERY);

    CHECK(((ULONG64)handle & 3) == 0 && (LONG64)handle > 0);
    CHECK(NtClose(handle) == STATUS_SUCCESS);
    CHECK(ZwClose(handle) == STATUS_INVALID_HANDLE && ObCloseHandle(handle, KernelMode) == STATUS_INVALID_HANDLE);
    CHECK(ZwClose(NULL) == STATUS_INVALID_HANDLE);
    CHECK(ZwClose(NtCurrentProcess()) == STATUS_SUCCESS);
}

static VOID Kernel(VOID)
{
    HANDLE handle = Directory(NULL, OBJ_KERNEL_HANDLE, DIRECTORY_QUERY);
    PVOID object;

    CHECK((LONG64)handle < 0 && ((ULONG64)handle & 0xFFFFFFFF80000000ull) == 0xFFFFFFFF80000000ull);
    CHECK(ObIsKernelHandle(handle) && !ObIsKernelHandle((HANDLE)4) && !ObIsKernelHandle(NtCurrentThread()));
    CHECK(ObReferenceObjectByHandle(handle, 0, NULL, UserMode, &object, NULL) == STATUS_INVALID_HANDLE);
    CHECK(ObCloseHandle(handle, UserMode) == STATUS_INVALID_HANDLE);
    CHECK(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL) == STATUS_SUCCESS);
    ObfDereferenceObject(object);
    CHECK(ZwClose(handle) == STATUS_SUCCESS);
    CHECK(ObReferenceObjectByHandle((HANDLE)0xFFFFFF0000000004ull, 0, NULL, KernelMode, &object, NULL) == STATUS_INVALID_HANDLE);
}

static VOID Pseudo(VOID)
{
    PVOID object;

    CHECK(ObReferenceObjectByHandle(NtCurrentProcess(), 0, ObpProcessType, UserMode, &object, NULL) == STATUS_SUCCESS);
    CHECK(object == ObpCurrentProcess());
    ObfDereferenceObject(object);
    CHECK(ObReferenceObjectByHandle(NtCurrentThread(), 0, NULL, KernelMode, &object, NULL) == STATUS_SUCCESS);
    CHECK(object == KeCurrentThread());
    ObfDereferenceObject(object);
    CHECK(ObReferenceObjectByHandle(NtCurrentThread(), 0, ObpProcessType, KernelMode, &object, NULL) == STATUS_OBJECT_TYPE_MISMATCH);
}

static VOID ByPointer(VOID)
{
    HANDLE handle = Directory(NULL, 0, DIRECTORY_QUERY), second = NULL;
    PVOID object;
    OBJECT_HANDLE_INFORMATION information;

    if (!CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL))))
        return;
    CHECK(ObOpenObjectByPointer(object, OBJ_KERNEL_HANDLE | OBJ_INHERIT, NULL, GENERIC_ALL, ObpDirectoryObjectType, KernelMode,
                                &second) == STATUS_SUCCESS);
    ZwClose(handle);
    ObfDereferenceObject(object);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(second, 0, NULL, KernelMode, &object, &information)));
    CHECK(information.GrantedAccess == DIRECTORY_ALL_ACCESS && information.HandleAttributes == OBJ_INHERIT);
    CHECK(ObOpenObjectByPointer(object, 0, NULL, 0, ObpTypeObjectType, KernelMode, &handle) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObOpenObjectByPointer(object, 0x80000, NULL, 0, NULL, KernelMode, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(ObOpenObjectByPointer(object, OBJ_INHERIT | OBJ_EXCLUSIVE, NULL, 0, NULL, KernelMode, &handle) ==
          STATUS_INVALID_PARAMETER);
    ZwClose(second);
    CHECK(ObHeader(object)->HandleCount == 0 && ObHeader(object)->PointerCount == 1);
    ObfDereferenceObject(object);
}

static VOID Protect(VOID)
{
    OBJECT_HANDLE_FLAG_INFORMATION flags = { TRUE, TRUE };
    HANDLE handle = Directory(NULL, 0, DIRECTORY_QUERY);
    OBJECT_HANDLE_INFORMATION information;
    PHANDLE_TABLE_ENTRY entry;
    HANDLE value = handle;
    BOOLEAN audit = TRUE;
    PVOID object;
    KIRQL irql;

    CHECK(ObQueryObjectAuditingByHandle(handle, &audit) == STATUS_SUCCESS && !audit);
    entry = ObLockHandle(ObpTableOfHandle(&value, KernelMode), value, &irql);
    entry->Attributes |= OBP_AUDIT;
    ObUnlockHandle(entry, irql);
    CHECK(ObQueryObjectAuditingByHandle(handle, &audit) == STATUS_SUCCESS && audit);
    CHECK(ObQueryObjectAuditingByHandle(NtCurrentProcess(), &audit) == STATUS_INVALID_HANDLE);
    CHECK(ObSetHandleAttributes(handle, &flags, KernelMode) == STATUS_SUCCESS);
    CHECK(ZwClose(handle) == STATUS_HANDLE_NOT_CLOSABLE);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, &information)));
    CHECK(information.HandleAttributes == (OBJ_INHERIT | 1 | 4));
    ObfDereferenceObject(object);
    flags.ProtectFromClose = FALSE;
    CHECK(ObSetHandleAttributes(handle, &flags, KernelMode) == STATUS_SUCCESS);
    CHECK(ZwClose(handle) == STATUS_SUCCESS);
    CHECK(ObSetHandleAttributes(handle, &flags, KernelMode) == STATUS_INVALID_HANDLE);
}

static VOID Exclusive(VOID)
{
    HANDLE handle = Directory(NULL, OBJ_EXCLUSIVE, DIRECTORY_QUERY), second = NULL;
    PVOID object;

    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL)));
    CHECK(ObOpenObjectByPointer(object, 0, NULL, 0, NULL, KernelMode, &second) == STATUS_ACCESS_DENIED);
    CHECK(ObHeader(object)->HandleCount == 1);
    ZwClose(handle);
    CHECK(ObpProcessInfo(ObHeader(object))->ExclusiveProcess == NULL);
    CHECK(ObOpenObjectByPointer(object, OBJ_EXCLUSIVE, NULL, 0, NULL, KernelMode, &second) == STATUS_SUCCESS);
    ZwClose(second);
    ObfDereferenceObject(object);
}

/* ---- Tables ---- */
static VOID Levels(VOID)
{
    static ULONG64 target[2] __attribute__((aligned(16)));
    PHANDLE_TABLE table = ObCreateHandleTable(NULL, FALSE);
    PHANDLE_TABLE_ENTRY entry;
    ULONG64 count = 140000, i;                   /* more than two levels of 256 times 512 hold */
    BOOLEAN good = TRUE;
    KIRQL irql;

    if (!CHECK(table != NULL))
        return;
    CHECK((table->TableCode & 3) == 0);
    for (i = 0; i < count && good; i++) {
        HANDLE expected = (HANDLE)((i / 255 * 256 + i % 255 + 1) * 4);
        good = ObAllocateHandle(table, target, 0, (ACCESS_MASK)i) == expected;
    }
    CHECK(good && (table->TableCode & 3) == 2 && table->FreeLists[0].HandleCount == (LONG)count);
    for (i = 1; i < 5000 && good; i += 37) {
        entry = ObLockHandle(table, (HANDLE)(i * 4), &irql);
        good = (entry != NULL) == (i % 256 != 0);
        if (entry == NULL)
            continue;
        good = good && ObHandlePointer(entry) == target && entry->GrantedAccessBits == i - i / 256 - 1;
        ObUnlockHandle(entry, irql);
    }
    CHECK(good && ObLockHandle(table, (HANDLE)(4096 * 4), &irql) == NULL);
    ObDestroyHandleTable(table);
}

static VOID Reuse(VOID)
{
    static ULONG64 target[2] __attribute__((aligned(16)));
    PHANDLE_TABLE_ENTRY entry;
    ULONG fifo;
    KIRQL irql;

    for (fifo = 0; fifo < 2; fifo++) {
        PHANDLE_TABLE table = ObCreateHandleTable(NULL, (BOOLEAN)fifo);
        CHECK(ObAllocateHandle(table, target, 0, 0) == (HANDLE)4 && ObAllocateHandle(table, target, 0, 0) == (HANDLE)8);
        entry = ObLockHandle(table, (HANDLE)4, &irql);
        if (CHECK(entry != NULL))
            ObFreeLockedHandle(table, (HANDLE)4, entry, irql);
        CHECK(ObLockHandle(table, (HANDLE)4, &irql) == NULL);
        CHECK(ObAllocateHandle(table, target, 0, 0) == (HANDLE)(fifo ? 12ull : 4ull));
        ObDestroyHandleTable(table);
    }
}

/* ---- Storms ---- */
static VOID OpenAndClose(PVOID Context, ULONG Index)
{
    PVOID object = Context, seen;
    ULONG i;
    for (i = 0; i < 500; i++) {
        HANDLE handle = NULL;
        if (!CHECK(NT_SUCCESS(ObOpenObjectByPointer(object, i & 1 ? OBJ_KERNEL_HANDLE : 0, NULL, DIRECTORY_QUERY, NULL, KernelMode,
                                                    &handle))))
            return;
        CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, ObpDirectoryObjectType, KernelMode, &seen, NULL)) && seen == object);
        ObfDereferenceObject(seen);
        CHECK(ZwClose(handle) == STATUS_SUCCESS);
    }
}

static VOID Handles(VOID)
{
    HANDLE handle = Directory(NULL, 0, DIRECTORY_QUERY);
    LONG before = ObpKernelHandleTable->FreeLists[0].HandleCount;
    PVOID object;

    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL)));
    TestRunThreads(8, OpenAndClose, object);
    CHECK(ObHeader(object)->HandleCount == 1 && ObHeader(object)->PointerCount == 2);
    CHECK(ObpKernelHandleTable->FreeLists[0].HandleCount == before);
    ZwClose(handle);
    ObfDereferenceObject(object);
}

typedef struct RACE {
    HANDLE Handle;
    volatile LONG Closed, Round, Arrived;
} RACE;

/* Everybody closes and references the same handle: one close succeeds, nobody gets a dead object. */
static VOID CloseSame(PVOID Context, ULONG Index)
{
    RACE *race = Context;
    PVOID object;
    NTSTATUS status;

    InterlockedIncrement(&race->Arrived);
    while (race->Arrived != 4)
        KiPause();
    status = ObReferenceObjectByHandle(race->Handle, 0, ObpDirectoryObjectType, KernelMode, &object, NULL);
    if (NT_SUCCESS(status))
        ObfDereferenceObject(object);
    else
        CHECK(status == STATUS_INVALID_HANDLE);
    if (NT_SUCCESS(ZwClose(race->Handle)))
        InterlockedIncrement(&race->Closed);
}

static VOID CloseRace(VOID)
{
    ULONG i;
    for (i = 0; i < 100; i++) {
        RACE race = { .Handle = Directory(NULL, OBJ_KERNEL_HANDLE, DIRECTORY_QUERY) };
        TestRunThreads(4, CloseSame, &race);
        CHECK(race.Closed == 1);
    }
}

static const KE_TEST tests[] = {
    { "ob.handle.reference", Reference, 0 }, { "ob.handle.close", Close, 0 },
    { "ob.handle.kernel", Kernel, 0 },       { "ob.handle.pseudo", Pseudo, 0 },
    { "ob.handle.bypointer", ByPointer, 0 }, { "ob.handle.protect", Protect, 0 },
    { "ob.handle.exclusive", Exclusive, 0 }, { "ob.handle.levels", Levels, 0 },
    { "ob.handle.reuse", Reuse, 0 },         { "ob.handle.storm", Handles, 0 },
    { "ob.handle.race", CloseRace, 4 },
};
const KE_TEST_GROUP ObHandleTests = { tests, RTL_NUMBER_OF(tests) };
