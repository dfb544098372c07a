/* SPDX-License-Identifier: MIT
 * Keys: creating, opening, deleting, links, volatile ones, order, and all of it at once.
 */
#include "testkeys.h"

static VOID TestNamespace(VOID)
{
    static const PCWSTR paths[] = {
        L"\\Registry", L"\\REGISTRY\\machine", L"\\Registry\\User", L"\\Registry\\Machine\\System\\Select",
        L"\\Registry\\Machine\\Hardware\\DeviceMap", L"\\Registry\\\\Machine\\Software\\", L"\\Registry\\User\\.Default",
        L"\\Registry\\Machine\\System\\ControlSet001\\Control\\Session Manager",
    };
    HANDLE key;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(paths); i++)
        if (CHECK(TestOpen(NULL, paths[i], 0, &key) == STATUS_SUCCESS))
            ZwClose(key);
    CHECK(TestOpen(NULL, L"\\Registry\\Machine\\Nothing", 0, &key) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestOpen(NULL, L"\\Registry\\Nothing\\Below", 0, &key) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestOpen(NULL, L"Registry\\Machine", 0, &key) == STATUS_OBJECT_PATH_SYNTAX_BAD);
}

static VOID TestBootHive(VOID)
{
    static const WCHAR expected[] = L"PETREL";
    UCHAR block[64];
    KEY_VALUE_PARTIAL_INFORMATION *value = (KEY_VALUE_PARTIAL_INFORMATION *)block;
    HANDLE key;
    ULONG length;

    if (!CHECK(TestOpen(NULL, L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName", 0, &key) ==
               STATUS_SUCCESS))
        return;
    CHECK(TestQuery(key, L"computername", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(value->Type == REG_SZ && value->DataLength == sizeof(expected));
    CHECK(RtlCompareMemory(value->Data, expected, sizeof(expected)) == sizeof(expected));
    ZwClose(key);
}

static VOID TestDisposition(VOID)
{
    HANDLE root = TestBegin(), key, again;
    ULONG disposition = 0;

    CHECK(TestCreate(root, L"Key", 0, &key, &disposition) == STATUS_SUCCESS);
    CHECK(disposition == REG_CREATED_NEW_KEY);
    CHECK(TestCreate(root, L"kEY", 0, &again, &disposition) == STATUS_SUCCESS);
    CHECK(disposition == REG_OPENED_EXISTING_KEY);
    ZwClose(again);
    ZwClose(key);
    CHECK(TestCreate(NULL, TEST_ROOT L"\\Key\\", 0, &key, &disposition) == STATUS_SUCCESS);
    CHECK(disposition == REG_OPENED_EXISTING_KEY);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestCreateFailures(VOID)
{
    static WCHAR longest[258];
    HANDLE root = TestBegin(), key;
    ULONG i;

    CHECK(TestCreate(root, L"a\\b", 0, &key, NULL) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestCreate(root, L"\\a", 0, &key, NULL) == STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK(TestCreate(root, L"a", 0x80, &key, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(TestCreate(NULL, L"\\Registry\\Machine\\Other", 0, &key, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(TestCreate(NULL, L"\\Registry\\Other", REG_OPTION_VOLATILE, &key, NULL) == STATUS_INVALID_PARAMETER);
    for (i = 0; i < 256; i++)
        longest[i] = L'x';
    CHECK(TestCreate(root, longest, 0, &key, NULL) == STATUS_INVALID_PARAMETER);
    longest[255] = L'\0';
    if (CHECK(TestCreate(root, longest, 0, &key, NULL) == STATUS_SUCCESS))
        ZwClose(key);
    CHECK(TestCreate((HANDLE)0x1230, L"a", 0, &key, NULL) == STATUS_INVALID_HANDLE);
    TestEnd(root);
}

static VOID TestOpenRelative(VOID)
{
    HANDLE root = TestBegin(), key, same;
    PVOID first, second;

    CHECK(TestCreate(root, L"One", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(TestOpen(key, L"", 0, &same) == STATUS_SUCCESS);         /* itself once more */
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(key, 0, CmpKeyObjectType, KernelMode, &first, NULL)));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(same, 0, CmpKeyObjectType, KernelMode, &second, NULL)));
    CHECK(first != second);
    CHECK(((PCM_KEY_BODY)first)->KeyControlBlock == ((PCM_KEY_BODY)second)->KeyControlBlock);
    ObfDereferenceObject(first);
    ObfDereferenceObject(second);
    ZwClose(same);
    CHECK(TestOpen(root, L"One\\Two", 0, &same) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestOpenEx(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet");
    OBJECT_ATTRIBUTES attributes;
    ULONG flags[3], length;
    HANDLE key;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwOpenKeyEx(&key, KEY_READ, &attributes, 1) == STATUS_INVALID_PARAMETER_4);
    if (CHECK(ZwOpenKeyEx(&key, KEY_READ, &attributes, REG_OPTION_OPEN_LINK) == STATUS_SUCCESS)) {
        CHECK(ZwQueryKey(key, KeyFlagsInformation, flags, sizeof(flags), &length) == STATUS_SUCCESS);
        CHECK(length == 12 && flags[1] == 3);                      /* volatile, a link */
        ZwClose(key);
    }
    if (CHECK(ZwOpenKeyEx(&key, KEY_READ, &attributes, 0) == STATUS_SUCCESS)) {
        CHECK(ZwQueryKey(key, KeyFlagsInformation, flags, sizeof(flags), &length) == STATUS_SUCCESS);
        CHECK(flags[1] == 0);
        ZwClose(key);
    }
}

static VOID TestLink(VOID)
{
    static const WCHAR target[] = TEST_ROOT L"\\Target";
    HANDLE root = TestBegin(), link, key;
    ULONG disposition;

    CHECK(TestCreate(root, L"Target", 0, &key, NULL) == STATUS_SUCCESS);
    ZwClose(key);
    CHECK(TestCreate(root, L"Link", REG_OPTION_CREATE_LINK, &link, NULL) == STATUS_SUCCESS);
    CHECK(TestOpen(root, L"Link", 0, &key) == STATUS_OBJECT_NAME_NOT_FOUND);        /* leads nowhere yet */
    CHECK(TestSet(link, L"Other", REG_SZ, target, 4) == STATUS_ACCESS_DENIED);
    CHECK(TestSet(link, CMP_LINK_VALUE, REG_LINK, target, sizeof(target) - sizeof(WCHAR)) == STATUS_SUCCESS);
    CHECK(TestCreate(root, L"Link\\Below", 0, &key, &disposition) == STATUS_SUCCESS);
    ZwClose(key);
    CHECK(TestOpen(root, L"Target\\Below", 0, &key) == STATUS_SUCCESS);
    ZwClose(key);
    CHECK(TestCreate(link, L"Under", 0, &key, NULL) == STATUS_ACCESS_DENIED);
    CHECK(TestCreate(root, L"Link", REG_OPTION_CREATE_LINK, &key, NULL) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(TestOpen(root, L"Link", OBJ_OPENLINK, &key) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
    ZwClose(key);
    ZwClose(link);
    CHECK(TestOpen(root, L"Target\\Below", 0, &key) == STATUS_SUCCESS);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestLinkCycle(VOID)
{
    static const WCHAR target[] = TEST_ROOT L"\\Cycle";
    HANDLE root = TestBegin(), link, key;

    CHECK(TestCreate(root, L"Cycle", REG_OPTION_CREATE_LINK, &link, NULL) == STATUS_SUCCESS);
    CHECK(TestSet(link, CMP_LINK_VALUE, REG_LINK, target, sizeof(target) - sizeof(WCHAR)) == STATUS_SUCCESS);
    CHECK(!NT_SUCCESS(TestOpen(root, L"Cycle", 0, &key)));
    ZwClose(link);
    TestEnd(root);
}

static VOID TestVolatile(VOID)
{
    HANDLE services, key, below;
    ULONG flags[3], length;

    CHECK(TestOpen(NULL, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services", 0, &services) == STATUS_SUCCESS);
    CHECK(TestCreate(services, L"CmVolatile", REG_OPTION_VOLATILE, &key, NULL) == STATUS_SUCCESS);
    CHECK(ZwQueryKey(key, KeyFlagsInformation, flags, sizeof(flags), &length) == STATUS_SUCCESS && flags[1] == 1);
    CHECK(TestCreate(key, L"Stable", 0, &below, NULL) == STATUS_CHILD_MUST_BE_VOLATILE);
    CHECK(TestCreate(key, L"Below", REG_OPTION_VOLATILE, &below, NULL) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(below) == STATUS_SUCCESS);
    ZwClose(below);
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
    ZwClose(key);
    ZwClose(services);
    CHECK(TestCreate(NULL, L"\\Registry\\Machine\\Hardware\\CmTest", 0, &key, NULL) == STATUS_CHILD_MUST_BE_VOLATILE);
}

static VOID TestDelete(VOID)
{
    union { KEY_BASIC_INFORMATION Basic; UCHAR Room[64]; } block;
    HANDLE root = TestBegin(), key, other, fresh;
    ULONG length, disposition;

    CHECK(TestCreate(root, L"Key", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(TestOpen(root, L"Key", 0, &other) == STATUS_SUCCESS);
    CHECK(TestCreate(key, L"Child", 0, &fresh, NULL) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(key) == STATUS_CANNOT_DELETE);
    CHECK(ZwDeleteKey(fresh) == STATUS_SUCCESS);
    ZwClose(fresh);
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(other) == STATUS_KEY_DELETED);
    CHECK(ZwQueryKey(other, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_KEY_DELETED);
    CHECK(ZwEnumerateKey(other, 0, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_KEY_DELETED);
    CHECK(TestSet(other, L"v", REG_BINARY, &length, 4) == STATUS_KEY_DELETED);
    CHECK(TestQuery(other, L"v", KeyValueBasicInformation, &block, sizeof(block), &length) == STATUS_KEY_DELETED);
    CHECK(TestOpen(other, L"", 0, &fresh) == STATUS_KEY_DELETED);
    CHECK(ZwFlushKey(other) == STATUS_KEY_DELETED);
    CHECK(TestCreate(root, L"Key", 0, &fresh, &disposition) == STATUS_SUCCESS);     /* while the old one is open */
    CHECK(disposition == REG_CREATED_NEW_KEY);
    CHECK(ZwQueryKey(fresh, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(ZwQueryKey(other, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_KEY_DELETED);
    ZwClose(fresh);
    ZwClose(other);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestDeleteRoots(VOID)
{
    static const PCWSTR paths[] = { L"\\Registry", L"\\Registry\\Machine", L"\\Registry\\Machine\\System", L"\\Registry\\User" };
    HANDLE key;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(paths); i++)
        if (CHECK(TestOpen(NULL, paths[i], 0, &key) == STATUS_SUCCESS)) {
            CHECK(ZwDeleteKey(key) == STATUS_CANNOT_DELETE);
            ZwClose(key);
        }
}

/* Deletes a chain of keys "d" from its lower end, each opened below the one before. */
static VOID TestPrune(HANDLE Root)
{
    HANDLE keys[512];
    ULONG count = 0;

    for (; count < 508 && NT_SUCCESS(TestOpen(count == 0 ? Root : keys[count - 1], L"d", 0, &keys[count])); count++)
        ;
    while (count-- > 0) {
        CHECK(ZwDeleteKey(keys[count]) == STATUS_SUCCESS);
        ZwClose(keys[count]);
    }
}

static VOID TestDepth(VOID)
{
    HANDLE root = TestBegin(), key = root, below;
    NTSTATUS status;
    ULONG depth = 4;                             /* \REGISTRY, MACHINE, SOFTWARE, CmTest */

    for (;;) {
        status = TestCreate(key, L"d", 0, &below, NULL);
        if (!NT_SUCCESS(status))
            break;
        if (key != root)
            ZwClose(key);
        key = below;
        depth++;
    }
    CHECK(status == STATUS_INVALID_PARAMETER);
    CHECK(depth == 512);
    if (key != root)
        ZwClose(key);
    TestPrune(root);
    TestEnd(root);
}

/* ---- Order ---- */
static VOID TestNameOf(ULONG Number, PWCHAR Name)
{
    static const WCHAR letters[] = L"aBcDeFgHiJ_";
    Name[0] = letters[Number % 11];
    Name[1] = letters[Number / 11 % 11];
    Name[2] = (WCHAR)(L'0' + Number / 121 % 10);
    Name[3] = L'\0';
}

static VOID TestEnumerateOrder(VOID)
{
    union { KEY_BASIC_INFORMATION Basic; UCHAR Room[64]; } block;
    WCHAR name[4], before[4] = { 0 };
    HANDLE root = TestBegin(), key;
    UNICODE_STRING last = { 0, 0, before }, now;
    ULONG i, length;

    for (i = 0; i < 500; i++) {
        TestNameOf(i * 337 % 500, name);
        if (!CHECK(TestCreate(root, name, 0, &key, NULL) == STATUS_SUCCESS))
            break;
        ZwClose(key);
    }
    for (i = 0; ZwEnumerateKey(root, i, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_SUCCESS; i++) {
        now.Buffer = block.Basic.Name;
        now.Length = (USHORT)block.Basic.NameLength;
        CHECK(RtlCompareUnicodeString(&last, &now, TRUE) < 0);
        RtlCopyMemory(before, now.Buffer, now.Length);
        last.Length = now.Length;
    }
    CHECK(i == 500);
    CHECK(ZwEnumerateKey(root, 500, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_NO_MORE_ENTRIES);
    CHECK(ZwEnumerateKey(root, 0, KeyNameInformation, &block, sizeof(block), &length) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

/* Mount points are subkeys like others. */
static VOID TestEnumerateMounts(VOID)
{
    union { KEY_FULL_INFORMATION Full; KEY_BASIC_INFORMATION Basic; UCHAR Room[128]; } block;
    static const PCWSTR names[] = { L"HARDWARE", L"SOFTWARE", L"SYSTEM" };
    HANDLE machine;
    ULONG i, length;

    if (!CHECK(TestOpen(NULL, L"\\Registry\\Machine", 0, &machine) == STATUS_SUCCESS))
        return;
    for (i = 0; i < RTL_NUMBER_OF(names); i++) {
        CHECK(ZwEnumerateKey(machine, i, KeyBasicInformation, &block, sizeof(block), &length) == STATUS_SUCCESS);
        CHECK(RtlCompareMemory(block.Basic.Name, names[i], block.Basic.NameLength) == block.Basic.NameLength);
        CHECK(ZwEnumerateKey(machine, i, KeyFullInformation, &block, sizeof(block), &length) == STATUS_SUCCESS);
        CHECK(block.Full.SubKeys != 0);
    }
    ZwClose(machine);
}

/* ---- Contention ---- */
static VOID TestContender(PVOID Context, ULONG Index)
{
    union { KEY_BASIC_INFORMATION Basic; UCHAR Room[64]; } block;
    HANDLE root = Context, key;
    WCHAR name[8] = L"k0-00";
    ULONG round, length;

    for (round = 0; round < 300; round++) {
        name[1] = (WCHAR)(L'0' + (round % 3 == 0 ? Index : 9));    /* one of its own, or one that all fight for */
        name[3] = (WCHAR)(L'0' + round % 5);
        if (NT_SUCCESS(TestCreate(root, name, 0, &key, NULL))) {
            NTSTATUS status = TestSet(key, L"v", REG_DWORD, &round, sizeof(round));
            CHECK(status == STATUS_SUCCESS || status == STATUS_KEY_DELETED);
            status = TestQuery(key, L"v", KeyValuePartialInformation, &block, sizeof(block), &length);
            CHECK(status == STATUS_SUCCESS || status == STATUS_KEY_DELETED);
            if (round % 2 == 0) {
                status = ZwDeleteKey(key);
                CHECK(status == STATUS_SUCCESS || status == STATUS_KEY_DELETED);
            }
            ZwClose(key);
        }
        for (length = 0; length < 4; length++) {
            ULONG needed;
            NTSTATUS status = ZwEnumerateKey(root, length, KeyBasicInformation, &block, sizeof(block), &needed);
            CHECK(status == STATUS_SUCCESS || status == STATUS_NO_MORE_ENTRIES);
        }
    }
}

static VOID TestContention(VOID)
{
    HANDLE root = TestBegin();
    TestRunThreads(4, TestContender, root);
    TestEnd(root);
}

/* Nothing of the pool stays when keys come and go. */
static VOID TestNoLeak(VOID)
{
    ULONG objects, round;
    HANDLE root = TestBegin(), key, below;

    objects = CmpKeyObjectType->TotalNumberOfObjects;
    for (round = 0; round < 50; round++) {
        CHECK(TestCreate(root, L"a", 0, &key, NULL) == STATUS_SUCCESS);
        CHECK(TestCreate(key, L"b", 0, &below, NULL) == STATUS_SUCCESS);
        CHECK(ZwDeleteKey(below) == STATUS_SUCCESS);
        CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
        ZwClose(key);
        ZwClose(below);
    }
    CHECK(CmpKeyObjectType->TotalNumberOfObjects == objects);
    TestEnd(root);
}

static const KE_TEST CmKeyTable[] = {
    { "cm.key.namespace", TestNamespace, 0 },
    { "cm.key.boothive", TestBootHive, 0 },
    { "cm.key.create", TestDisposition, 0 },
    { "cm.key.create.failures", TestCreateFailures, 0 },
    { "cm.key.open.relative", TestOpenRelative, 0 },
    { "cm.key.open.ex", TestOpenEx, 0 },
    { "cm.key.link", TestLink, 0 },
    { "cm.key.link.cycle", TestLinkCycle, 0 },
    { "cm.key.volatile", TestVolatile, 0 },
    { "cm.key.delete", TestDelete, 0 },
    { "cm.key.delete.roots", TestDeleteRoots, 0 },
    { "cm.key.depth", TestDepth, 0 },
    { "cm.key.enumerate.order", TestEnumerateOrder, 0 },
    { "cm.key.enumerate.mounts", TestEnumerateMounts, 0 },
    { "cm.key.contention", TestContention, 0 },
    { "cm.key.noleak", TestNoLeak, 0 },
};
const KE_TEST_GROUP CmKeyTests = { CmKeyTable, RTL_NUMBER_OF(CmKeyTable) };
