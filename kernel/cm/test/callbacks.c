/* SPDX-License-Identifier: MIT
 * Registry callbacks: order, contexts, refusing, taking over, what a callback's own calls show.
 */
#include "testkeys.h"

typedef struct TEST_FILTER {
    LARGE_INTEGER Cookie;
    HANDLE Thread;                               /* whose operations count */
    ULONG Before[64], After[64], Cleanups;
    ULONG Stamp;                                 /* order of the last Before */
    NTSTATUS RefuseSet, AfterSet;
    ULONG TakeOver;
    BOOLEAN Inner;                               /* opens and closes a key itself in RegNtPreSetValueKey */
    PVOID CallContext, ObjectContext, Object;
} TEST_FILTER;
static ULONG TestStamp;

static VOID TestInnerCall(VOID)
{
    HANDLE key;
    if (CHECK(NT_SUCCESS(TestOpen(NULL, L"\\Registry\\Machine\\Software", 0, &key))))
        ZwClose(key);
}

static NTSTATUS TestAfter(TEST_FILTER *Filter, ULONG Class, REG_POST_OPERATION_INFORMATION *Information)
{
    Filter->After[Class]++;
    if (Class != RegNtPostSetValueKey)
        return STATUS_SUCCESS;
    Filter->CallContext = Information->CallContext;
    Filter->ObjectContext = Information->ObjectContext;
    CHECK(((REG_SET_VALUE_KEY_INFORMATION *)Information->PreInformation)->Object == Information->Object);
    if (Filter->AfterSet == STATUS_SUCCESS)
        return STATUS_SUCCESS;
    Information->ReturnStatus = Filter->AfterSet;
    return STATUS_CALLBACK_BYPASS;
}

static NTSTATUS TestBefore(TEST_FILTER *Filter, ULONG Class, PVOID Information)
{
    REG_SET_VALUE_KEY_INFORMATION *set = Information;

    Filter->Before[Class]++;
    Filter->Stamp = ++TestStamp;
    if (Class != RegNtPreSetValueKey)
        return STATUS_SUCCESS;
    set->CallContext = Filter;
    Filter->Object = set->Object;
    if (Filter->Inner)
        TestInnerCall();
    return Filter->RefuseSet;
}

static NTSTATUS NTAPI TestCallback(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_FILTER *filter = Context;
    ULONG class = (ULONG)(ULONG_PTR)Argument1;

    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    if (PsGetCurrentThreadId() != filter->Thread)
        return STATUS_SUCCESS;
    switch (class) {
    case RegNtCallbackObjectContextCleanup:
        filter->Cleanups++;
        CHECK(((REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION *)Argument2)->ObjectContext == (PVOID)0x55);
        return STATUS_SUCCESS;
    case RegNtPostCreateKeyEx: case RegNtPostOpenKeyEx: case RegNtPostDeleteKey: case RegNtPostSetValueKey:
    case RegNtPostDeleteValueKey: case RegNtPostEnumerateKey: case RegNtPostEnumerateValueKey: case RegNtPostQueryKey:
    case RegNtPostQueryValueKey: case RegNtPostKeyHandleClose: case RegNtPostFlushKey:
        return TestAfter(filter, class, Argument2);
    default:
        return TestBefore(filter, class, Argument2);
    }
}

static VOID TestRegister(TEST_FILTER *Filter, PCWSTR Altitude)
{
    UNICODE_STRING altitude;
    RtlZeroMemory(Filter, sizeof(*Filter));
    Filter->Thread = PsGetCurrentThreadId();
    RtlInitUnicodeString(&altitude, Altitude);
    if (Altitude != NULL)
        CHECK(CmRegisterCallbackEx(TestCallback, &altitude, NULL, Filter, &Filter->Cookie, NULL) == STATUS_SUCCESS);
    else
        CHECK(CmRegisterCallback(TestCallback, Filter, &Filter->Cookie) == STATUS_SUCCESS);
}

static VOID TestUnregister(TEST_FILTER *Filter) { CHECK(CmUnRegisterCallback(Filter->Cookie) == STATUS_SUCCESS); }

static VOID TestAllClasses(VOID)
{
    static const struct { ULONG Before, After; } classes[] = {
        { RegNtPreCreateKeyEx, RegNtPostCreateKeyEx }, { RegNtPreSetValueKey, RegNtPostSetValueKey },
        { RegNtPreQueryValueKey, RegNtPostQueryValueKey }, { RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey },
        { RegNtPreQueryKey, RegNtPostQueryKey }, { RegNtPreEnumerateKey, RegNtPostEnumerateKey },
        { RegNtPreDeleteValueKey, RegNtPostDeleteValueKey }, { RegNtPreFlushKey, RegNtPostFlushKey },
        { RegNtPreDeleteKey, RegNtPostDeleteKey }, { RegNtPreKeyHandleClose, RegNtPostKeyHandleClose },
        { RegNtPreOpenKeyEx, RegNtPostOpenKeyEx },
    };
    HANDLE root = TestBegin(), key, again;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"v");
    UCHAR block[64];
    TEST_FILTER filter;
    ULONG length, i;

    TestRegister(&filter, L"370000");
    CHECK(TestCreate(root, L"k", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(TestSet(key, L"v", REG_DWORD, &length, 4) == STATUS_SUCCESS);
    CHECK(TestQuery(key, L"v", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(ZwEnumerateValueKey(key, 0, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(ZwQueryKey(key, KeyBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(ZwEnumerateKey(root, 0, KeyBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(ZwDeleteValueKey(key, &name) == STATUS_SUCCESS);
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS);
    CHECK(TestOpen(root, L"k", 0, &again) == STATUS_SUCCESS);
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
    ZwClose(key);
    for (i = 0; i < RTL_NUMBER_OF(classes); i++)
        CHECK(filter.Before[classes[i].Before] == 1 && filter.After[classes[i].After] == 1);
    ZwClose(again);
    TestUnregister(&filter);
    ZwClose(root);
    CHECK(filter.Before[RegNtPreKeyHandleClose] == 2);
    root = TestBegin();
    TestEnd(root);
}

static VOID TestAltitudes(VOID)
{
    UNICODE_STRING same = RTL_CONSTANT_STRING(L"0100.50"), wrong = RTL_CONSTANT_STRING(L"high");
    HANDLE root = TestBegin();
    TEST_FILTER low, middle, high, old;
    LARGE_INTEGER cookie;

    TestRegister(&low, L"99.9");
    TestRegister(&high, L"1000");
    TestRegister(&middle, L"100.5");
    TestRegister(&old, NULL);                    /* no altitude: above all that have one */
    CHECK(CmRegisterCallbackEx(TestCallback, &same, NULL, NULL, &cookie, NULL) == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    CHECK(CmRegisterCallbackEx(TestCallback, &wrong, NULL, NULL, &cookie, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(TestSet(root, L"v", REG_DWORD, &cookie, 4) == STATUS_SUCCESS);
    CHECK(old.Stamp < high.Stamp && high.Stamp < middle.Stamp && middle.Stamp < low.Stamp);
    TestUnregister(&middle);
    TestUnregister(&high);
    TestUnregister(&low);
    TestUnregister(&old);
    CHECK(CmUnRegisterCallback(low.Cookie) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

/* Who is above the one that refuses is told of the outcome, itself and those below are not. */
static VOID TestRefuse(VOID)
{
    UCHAR block[32];
    HANDLE root = TestBegin();
    TEST_FILTER low, middle, high;
    ULONG length;

    TestRegister(&low, L"1");
    TestRegister(&middle, L"2");
    TestRegister(&high, L"3");
    middle.RefuseSet = STATUS_ACCESS_DENIED;
    CHECK(TestSet(root, L"v", REG_DWORD, &length, 4) == STATUS_ACCESS_DENIED);
    CHECK(TestQuery(root, L"v", KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(high.Before[RegNtPreSetValueKey] == 1 && high.After[RegNtPostSetValueKey] == 1);
    CHECK(middle.Before[RegNtPreSetValueKey] == 1 && middle.After[RegNtPostSetValueKey] == 0);
    CHECK(low.Before[RegNtPreSetValueKey] == 0 && low.After[RegNtPostSetValueKey] == 0);
    middle.RefuseSet = STATUS_CALLBACK_BYPASS;   /* it says that it did the work */
    CHECK(TestSet(root, L"v", REG_DWORD, &length, 4) == STATUS_SUCCESS);
    CHECK(TestQuery(root, L"v", KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_OBJECT_NAME_NOT_FOUND);
    middle.RefuseSet = STATUS_SUCCESS;
    middle.AfterSet = STATUS_NO_SUCH_DEVICE;     /* done, but the caller hears otherwise */
    CHECK(TestSet(root, L"v", REG_DWORD, &length, 4) == STATUS_NO_SUCH_DEVICE);
    CHECK(TestQuery(root, L"v", KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    TestUnregister(&low);
    TestUnregister(&middle);
    TestUnregister(&high);
    TestEnd(root);
}

/* What a callback does itself is shown only to those below it. */
static VOID TestInner(VOID)
{
    HANDLE root = TestBegin();
    TEST_FILTER low, middle, high;
    ULONG number = 0;

    TestRegister(&low, L"1");
    TestRegister(&middle, L"2");
    TestRegister(&high, L"3");
    middle.Inner = TRUE;
    CHECK(TestSet(root, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(high.Before[RegNtPreOpenKeyEx] == 0 && middle.Before[RegNtPreOpenKeyEx] == 0);
    CHECK(low.Before[RegNtPreOpenKeyEx] == 1 && low.After[RegNtPostOpenKeyEx] == 1 && low.Before[RegNtPreKeyHandleClose] == 1);
    TestUnregister(&low);
    TestUnregister(&middle);
    TestUnregister(&high);
    TestEnd(root);
}

static VOID TestContexts(VOID)
{
    HANDLE root = TestBegin(), key;
    TEST_FILTER filter;
    PVOID body, old = NULL;
    ULONG number = 0;

    TestRegister(&filter, L"5");
    CHECK(TestCreate(root, L"k", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(key, 0, CmpKeyObjectType, KernelMode, &body, NULL)));
    CHECK(CmSetCallbackObjectContext(body, &filter.Cookie, (PVOID)0x44, &old) == STATUS_SUCCESS && old == NULL);
    CHECK(CmSetCallbackObjectContext(body, &filter.Cookie, (PVOID)0x55, &old) == STATUS_SUCCESS && old == (PVOID)0x44);
    CHECK(TestSet(key, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(filter.CallContext == &filter && filter.ObjectContext == (PVOID)0x55 && filter.Object == body);
    ZwClose(key);
    CHECK(filter.Cleanups == 1);
    ObfDereferenceObject(body);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(root, 0, CmpKeyObjectType, KernelMode, &body, NULL)));
    CHECK(CmSetCallbackObjectContext(body, &filter.Cookie, (PVOID)0x55, NULL) == STATUS_SUCCESS);
    TestUnregister(&filter);
    CHECK(filter.Cleanups == 2);
    CHECK(CmSetCallbackObjectContext(body, &filter.Cookie, (PVOID)0x55, NULL) == STATUS_INVALID_PARAMETER);
    ObfDereferenceObject(body);
    TestEnd(root);
}

static VOID TestIdentity(VOID)
{
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\SOFTWARE\\CmTest");
    HANDLE root = TestBegin(), again;
    TEST_FILTER filter;
    PCUNICODE_STRING name, kept, same;
    ULONG_PTR first, second;
    PVOID body, other;

    TestRegister(&filter, L"5");
    CHECK(TestOpen(root, L"", 0, &again) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(root, 0, CmpKeyObjectType, KernelMode, &body, NULL)));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(again, 0, CmpKeyObjectType, KernelMode, &other, NULL)));
    CHECK(CmCallbackGetKeyObjectIDEx(&filter.Cookie, body, &first, &name, 0) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(name, &path, FALSE));
    CmCallbackReleaseKeyObjectIDEx(name);
    CHECK(CmCallbackGetKeyObjectIDEx(&filter.Cookie, other, &second, NULL, 0) == STATUS_SUCCESS && first == second);
    CHECK(CmCallbackGetKeyObjectIDEx(&filter.Cookie, body, &first, NULL, 1) == STATUS_INVALID_PARAMETER);
    CHECK(CmCallbackGetKeyObjectID(&filter.Cookie, body, &first, &kept) == STATUS_SUCCESS && first == second);
    CHECK(CmCallbackGetKeyObjectID(&filter.Cookie, other, NULL, &same) == STATUS_SUCCESS && same == kept);
    CHECK(RtlEqualUnicodeString(kept, &path, FALSE));
    CHECK(CmGetBoundTransaction(&filter.Cookie, body) == NULL);
    ObfDereferenceObject(body);
    ObfDereferenceObject(other);
    ZwClose(again);
    TestUnregister(&filter);
    TestEnd(root);
}

/* Callbacks come and go while four threads use the registry. */
static VOID TestCrowd(PVOID Context, ULONG Index)
{
    TEST_FILTER filter;
    WCHAR altitude[] = { (WCHAR)(L'1' + Index), L'0', L'\0' }, name[] = { (WCHAR)(L'a' + Index), L'\0' };
    ULONG round;
    HANDLE key;

    for (round = 0; round < 100; round++) {
        TestRegister(&filter, altitude);
        if (CHECK(TestCreate(Context, name, 0, &key, NULL) == STATUS_SUCCESS)) {
            CHECK(TestSet(key, L"v", REG_DWORD, &round, 4) == STATUS_SUCCESS);
            CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
            ZwClose(key);
        }
        TestUnregister(&filter);
        CHECK(filter.Before[RegNtPreSetValueKey] == 1 && filter.After[RegNtPostSetValueKey] == 1);
    }
}

static VOID TestCallbackContention(VOID)
{
    HANDLE root = TestBegin();
    TestRunThreads(4, TestCrowd, root);
    TestEnd(root);
}

static const KE_TEST CmCallbackTable[] = {
    { "cm.callback.classes", TestAllClasses, 0 },
    { "cm.callback.altitude", TestAltitudes, 0 },
    { "cm.callback.refuse", TestRefuse, 0 },
    { "cm.callback.inner", TestInner, 0 },
    { "cm.callback.context", TestContexts, 0 },
    { "cm.callback.identity", TestIdentity, 0 },
    { "cm.callback.contention", TestCallbackContention, 0 },
};
const KE_TEST_GROUP CmCallbackTests = { CmCallbackTable, RTL_NUMBER_OF(CmCallbackTable) };
