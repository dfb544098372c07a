/* SPDX-License-Identifier: MIT
 * Loading by a service's key: what the key must say, who may, and a whole driver of sixteen bytes loaded, started and unloaded.
 */
#include "service.h"
#include "ex.h"
#include "ps.h"
#include "se.h"

#define SERVICE SERVICES L"\\TestLoaded"

/* The same as TestGoodCode without DriverUnload. */
static const UCHAR StayingCode[] = { 0x31, 0xC0, 0xC3 };

static const UCHAR *Code;
static ULONG CodeBytes;
static ULONG Reads;
static BOOLEAN Broken;

static NTSTATUS ReadImageFile(PCUNICODE_STRING Name, PVOID *Bytes, PULONG Size)
{
    UNICODE_STRING ours = RTL_CONSTANT_STRING(L"testloaded.sys");

    if (!RtlEqualUnicodeString(&ours, Name, TRUE))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *Bytes = ExAllocatePoolWithTag(PagedPool, TEST_DRIVER_BYTES, 'tseT');
    if (*Bytes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    TestBuildDriver(*Bytes, Code, CodeBytes);
    if (Broken)
        RtlZeroMemory(*Bytes, sizeof(USHORT));   /* no MZ */
    *Size = TEST_DRIVER_BYTES;
    Reads++;
    return STATUS_SUCCESS;
}

/* ---- The key ---- */
static NTSTATUS Load(PCWSTR Path)
{
    UNICODE_STRING path;
    RtlInitUnicodeString(&path, Path);
    return ZwLoadDriver(&path);
}

static NTSTATUS Unload(PCWSTR Path)
{
    UNICODE_STRING path;
    RtlInitUnicodeString(&path, Path);
    return ZwUnloadDriver(&path);
}

/* The key of \Driver\TestLoaded, which names a kernel driver and nothing else. */
static HANDLE Begin(const UCHAR *DriverCode, ULONG Bytes)
{
    HANDLE services = NULL, key = NULL;

    Code = DriverCode;
    CodeBytes = Bytes;
    Broken = FALSE;
    IoUpcalls.ReadImageFile = ReadImageFile;
    CHECK(TestMakeKey(SERVICES, &services) == STATUS_SUCCESS);
    CHECK(TestMakeKey(SERVICE, &key) == STATUS_SUCCESS);
    ZwClose(services);
    TestSetNumber(key, L"Type", SERVICE_KERNEL_DRIVER);
    return key;
}

static VOID End(HANDLE Key)
{
    IoUpcalls.ReadImageFile = NULL;
    CHECK(ZwDeleteKey(Key) == STATUS_SUCCESS);
    CHECK(ZwClose(Key) == STATUS_SUCCESS);
}

/* ---- Tests ---- */
static PDRIVER_OBJECT Find(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\TestLoaded");
    PVOID driver;

    return NT_SUCCESS(ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, &driver))
               ? driver : NULL;
}

static VOID LoadAndUnload(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode));
    PDRIVER_OBJECT driver;
    ULONG round;

    for (round = 0; round < 3; round++) {        /* nothing stands in the way of the next time */
        if (!CHECK(Load(SERVICE) == STATUS_SUCCESS))
            break;
        driver = Find();
        if (!CHECK(driver != NULL))
            break;
        CHECK(driver->DriverUnload != NULL && MmFindImage("testloaded.sys") == *IopOwnedImage(driver));
        CHECK(Load(SERVICE) == STATUS_IMAGE_ALREADY_LOADED);
        driver->Flags |= DRVO_UNLOAD_INVOKED;                    /* as while DriverUnload runs */
        CHECK(Load(SERVICE) == STATUS_DRIVER_FAILED_PRIOR_UNLOAD && Unload(SERVICE) == STATUS_INVALID_DEVICE_REQUEST);
        driver->Flags &= ~DRVO_UNLOAD_INVOKED;
        CHECK(Unload(SERVICE) == STATUS_SUCCESS);
        CHECK(Find() == NULL && Load(SERVICE) == STATUS_IMAGE_ALREADY_LOADED);
        ObfDereferenceObject(driver);
        CHECK(MmFindImage("testloaded.sys") == NULL && Unload(SERVICE) == STATUS_OBJECT_NAME_NOT_FOUND);
    }
    End(key);
}

/* PsLoadedModuleList stays as it is while its resource is held: loads and unloads wait for it. */
static volatile LONG Holds, Changes;

static BOOLEAN IsListed(VOID)
{
    UNICODE_STRING ours = RTL_CONSTANT_STRING(L"testloaded.sys");
    PLIST_ENTRY entry;

    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList; entry = entry->Flink)
        if (RtlEqualUnicodeString(&CONTAINING_RECORD(entry, KLDR_DATA_TABLE_ENTRY, InLoadOrderLinks)->BaseDllName, &ours, TRUE))
            return TRUE;
    return FALSE;
}

static VOID HoldList(VOID)
{
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&PsLoadedModuleResource, TRUE);
    InterlockedIncrement(&Holds);
    while (ExGetExclusiveWaiterCount(&PsLoadedModuleResource) == 0)
        KeYieldExecution();
    CHECK(Changes == Holds - 1 && IsListed() == (Holds == 2));
    ExReleaseResourceLite(&PsLoadedModuleResource);
    KeLeaveCriticalRegion();
    while (InterlockedOr(&Changes, 0) != Holds)
        KeYieldExecution();
}

static VOID HoldOrChange(PVOID Context, ULONG Index)
{
    LONG round;

    for (round = 0; round < 2; round++) {
        if (Index == 0) {
            HoldList();
            continue;
        }
        while (InterlockedOr(&Holds, 0) == round)
            KeYieldExecution();
        CHECK((round == 0 ? Load(SERVICE) : Unload(SERVICE)) == STATUS_SUCCESS);
        InterlockedIncrement(&Changes);
    }
}

static VOID List(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode));

    Holds = Changes = 0;
    TestRunThreads(2, HoldOrChange, NULL);
    CHECK(Changes == 2 && !IsListed());
    End(key);
}

/* The image stays while somebody has the driver's device open. */
static VOID UnloadLater(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode)), file = NULL;
    PDRIVER_OBJECT driver;

    CHECK(Load(SERVICE) == STATUS_SUCCESS);
    driver = Find();
    if (CHECK(driver != NULL)) {
        driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = TestSucceed;
        driver->DriverUnload = NULL;
        CHECK(Unload(SERVICE) == STATUS_INVALID_DEVICE_REQUEST);
        TestMakeDevice(driver, L"\\Device\\TestLoaded", 0);
        CHECK(TestOpen(L"\\Device\\TestLoaded", 0, &file) == STATUS_SUCCESS);
        driver->DriverUnload = TestDeleteDevices;
        CHECK(Unload(SERVICE) == STATUS_SUCCESS);
        CHECK(driver->DeviceObject != NULL && Unload(SERVICE) == STATUS_INVALID_DEVICE_REQUEST);
        CHECK(ZwClose(file) == STATUS_SUCCESS);
        CHECK(driver->DeviceObject == NULL && MmFindImage("testloaded.sys") != NULL);
        ObfDereferenceObject(driver);
        CHECK(MmFindImage("testloaded.sys") == NULL);
    }
    End(key);
}

static VOID Failures(VOID)
{
    HANDLE key = Begin(TestFailingCode, sizeof(TestFailingCode));
    PDRIVER_OBJECT driver;

    CHECK(Load(SERVICE) == STATUS_NO_SUCH_DEVICE);               /* DriverEntry's own */
    CHECK(Find() == NULL && MmFindImage("testloaded.sys") == NULL);
    Broken = TRUE;
    CHECK(Load(SERVICE) == STATUS_INVALID_IMAGE_NOT_MZ && Find() == NULL);
    IoUpcalls.ReadImageFile = NULL;
    CHECK(Load(SERVICE) == STATUS_OBJECT_NAME_NOT_FOUND);
    End(key);

    key = Begin(StayingCode, sizeof(StayingCode));
    CHECK(Load(SERVICE) == STATUS_SUCCESS && Unload(SERVICE) == STATUS_INVALID_DEVICE_REQUEST);
    driver = Find();
    if (CHECK(driver != NULL)) {
        driver->DriverExtension->AddDevice = (PDRIVER_ADD_DEVICE)(ULONG_PTR)driver->DriverInit;
        driver->DriverUnload = TestDeleteDevices;
        CHECK(Unload(SERVICE) == STATUS_INVALID_DEVICE_REQUEST); /* plug and play's */
        driver->DriverExtension->AddDevice = NULL;
        CHECK(Unload(SERVICE) == STATUS_SUCCESS);
        ObfDereferenceObject(driver);
    }
    End(key);
}

static VOID Values(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode));
    UNICODE_STRING type = RTL_CONSTANT_STRING(L"Type");

    TestSetText(key, L"ImagePath", L"\\??\\C:\\Somewhere\\TESTLOADED.SYS");
    CHECK(Load(SERVICE) == STATUS_SUCCESS && Unload(SERVICE) == STATUS_SUCCESS);
    TestSetText(key, L"ImagePath", L"System32\\drivers\\testloaded.sys");
    CHECK(Load(SERVICE) == STATUS_SUCCESS && Unload(SERVICE) == STATUS_SUCCESS);
    TestSetText(key, L"ImagePath", L"System32\\drivers\\absent.sys");
    CHECK(Load(SERVICE) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestSetText(key, L"ImagePath", L"System32\\drivers\\");
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    TestSetNumber(key, L"ImagePath", 1);
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    TestSetText(key, L"ImagePath", L"System32\\drivers\\testloaded.sys");
    TestSetNumber(key, L"Start", SERVICE_DEMAND_START);
    CHECK(Load(SERVICE) == STATUS_SUCCESS && Unload(SERVICE) == STATUS_SUCCESS);
    TestSetNumber(key, L"Start", 5);
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    TestSetNumber(key, L"Start", SERVICE_DEMAND_START);
    TestSetNumber(key, L"Type", SERVICE_WIN32_OWN_PROCESS);
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    TestSetText(key, L"Type", L"1");
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    CHECK(ZwDeleteValueKey(key, &type) == STATUS_SUCCESS);
    CHECK(Load(SERVICE) == STATUS_ILL_FORMED_SERVICE_ENTRY);
    End(key);
    CHECK(Load(SERVICE) == STATUS_OBJECT_NAME_NOT_FOUND && Unload(SERVICE) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(Load(SERVICES L"\\") == STATUS_INVALID_PARAMETER && Load(SERVICE L"\\Below") == STATUS_INVALID_PARAMETER);
    CHECK(Load(L"\\Registry\\Machine\\Software") == STATUS_INVALID_PARAMETER && Load(L"") == STATUS_INVALID_PARAMETER);
}

static VOID FromUserMode(VOID)
{
    PKTHREAD thread = KeGetCurrentThread();
    NTSTATUS wanted, status;
    UNICODE_STRING path;

    RtlInitUnicodeString(&path, SERVICE);
    wanted = SeSinglePrivilegeCheck(SeExports->SeLoadDriverPrivilege, UserMode) ? STATUS_ACCESS_VIOLATION : STATUS_PRIVILEGE_NOT_HELD;
    thread->PreviousMode = UserMode;
    status = NtLoadDriver(&path);                /* the string lies in kernel memory */
    thread->PreviousMode = KernelMode;
    CHECK(status == wanted);
}

/* In another process's address space the work is done by the System process. */
static VOID Attached(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode));
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Test\\loads.exe");
    PEPROCESS process;
    KAPC_STATE state;
    HANDLE handle;

    if (CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process)))) {
        KeStackAttachProcess((PVOID)process, &state);
        CHECK(Load(SERVICE) == STATUS_SUCCESS);
        CHECK(Unload(SERVICE) == STATUS_SUCCESS);
        KeUnstackDetachProcess(&state);
        CHECK(NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, PspProcessType, KernelMode, &handle)));
        CHECK(NT_SUCCESS(ZwTerminateProcess(handle, STATUS_SUCCESS)));
        ZwClose(handle);
        ObfDereferenceObject(process);
    }
    End(key);
}

/* Several at once: one of them loads, and the image is read once. */
static volatile LONG Loaded, Already;

static VOID LoadAtOnce(PVOID Context, ULONG Index)
{
    NTSTATUS status = Load(SERVICE);

    (void)Context;
    (void)Index;
    InterlockedExchangeAdd(status == STATUS_SUCCESS ? &Loaded : &Already, 1);
    CHECK(status == STATUS_SUCCESS || status == STATUS_IMAGE_ALREADY_LOADED);
}

static VOID Contention(VOID)
{
    HANDLE key = Begin(TestGoodCode, sizeof(TestGoodCode));

    Loaded = Already = 0;
    Reads = 0;
    TestRunThreads(8, LoadAtOnce, NULL);
    CHECK(Loaded == 1 && Already == 7 && Reads == 1);
    CHECK(Unload(SERVICE) == STATUS_SUCCESS);
    End(key);
}

static const KE_TEST tests[] = {
    { "io.loaddriver.cycle", LoadAndUnload, 0 },
    { "io.loaddriver.later", UnloadLater, 0 },
    { "io.loaddriver.list", List, 0 },
    { "io.loaddriver.failure", Failures, 0 },
    { "io.loaddriver.values", Values, 0 },
    { "io.loaddriver.user", FromUserMode, 0 },
    { "io.loaddriver.attached", Attached, 0 },
    { "io.loaddriver.contention", Contention, 0 },
};
const KE_TEST_GROUP IoLoadDriverTests = { tests, RTL_NUMBER_OF(tests) };
