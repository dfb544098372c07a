/* SPDX-License-Identifier: MIT
 * Root-enumerated devices: added, started, asked about, removed.
 */
#include "fixture.h"

static volatile LONG Told;
static NTSTATUS StartStatus;
static VOID Tell(PVOID Context, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information)
{
    InterlockedIncrement(&Told);
    if (strcmp(Minor, "IRP_MN_START_DEVICE") == 0)
        StartStatus = Status;
}

static VOID Life(VOID)
{
    static const UCHAR expected[] = { IRP_MN_FILTER_RESOURCE_REQUIREMENTS, IRP_MN_START_DEVICE, IRP_MN_QUERY_CAPABILITIES,
                                      IRP_MN_QUERY_PNP_DEVICE_STATE, IRP_MN_QUERY_DEVICE_RELATIONS, IRP_MN_QUERY_REMOVE_DEVICE,
                                      IRP_MN_REMOVE_DEVICE };
    PDEVICE_OBJECT pdo = TestPnpCreate(L"TestPnpLife");

    if (pdo == NULL)
        return;
    Told = 0;
    StartStatus = 1;
    CHECK(PnpAddDevice(PnpRootDriver, pdo) == STATUS_INVALID_DEVICE_REQUEST);    /* it has no AddDevice */
    CHECK(PnpAddDevice(TestPnpDriver, pdo) == STATUS_SUCCESS && pdo->AttachedDevice != NULL && TestPnpCount == 0);
    CHECK(PnpStartDevice(pdo, Tell, NULL) == STATUS_SUCCESS && StartStatus == STATUS_SUCCESS && Told == 5);
    CHECK(PnpRemoveDevice(pdo, Tell, NULL) == STATUS_SUCCESS && Told == 7);
    CHECK(TestPnpCount == sizeof(expected) && RtlEqualMemory(TestPnpMinors, expected, sizeof(expected)));
    TestPnpUnload();
}

static VOID Refusals(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpCreate(L"TestPnpRefusal"), left;

    if (pdo == NULL || !CHECK(PnpAddDevice(TestPnpDriver, pdo) == STATUS_SUCCESS))
        return;
    TestPnpRefuseStart = TRUE;
    CHECK(PnpStartDevice(pdo, NULL, NULL) == STATUS_DEVICE_CONFIGURATION_ERROR && TestPnpCount == 2);
    TestPnpRefuseStart = FALSE;
    CHECK(PnpStartDevice(pdo, NULL, NULL) == STATUS_SUCCESS);
    TestPnpRefuseRemoval = TRUE;
    TestPnpCount = 0;
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_PLUGPLAY_QUERY_VETOED);
    CHECK(TestPnpCount == 2 && TestPnpMinors[1] == IRP_MN_CANCEL_REMOVE_DEVICE && pdo->AttachedDevice != NULL);
    TestPnpRefuseRemoval = FALSE;
    TestPnpForgetDetach = TRUE;
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_DEVICE_BUSY);
    left = pdo->AttachedDevice;
    IoDetachDevice(pdo);
    IoDeleteDevice(left);
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_SUCCESS);   /* nobody is in the way any more */
    TestPnpUnload();
}

static BOOLEAN PropertyIs(PDEVICE_OBJECT Pdo, DEVICE_REGISTRY_PROPERTY Property, PCWSTR Text)
{
    WCHAR buffer[96];
    ULONG length, bytes = (ULONG)(wcslen(Text) + 1) * sizeof(WCHAR);
    return CHECK(IoGetDeviceProperty(Pdo, Property, sizeof(buffer), buffer, &length) == STATUS_SUCCESS) &&
           CHECK(length >= bytes && RtlEqualMemory(buffer, Text, bytes));
}

static VOID Properties(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpProperty");
    ULONG number = 0, length = 77;
    USHORT node = 7;
    WCHAR name[64];
    GUID bus;

    if (pdo == NULL)
        return;
    PropertyIs(pdo, DevicePropertyHardwareID, L"ROOT\\TESTPNPPROPERTY");
    PropertyIs(pdo, DevicePropertyEnumeratorName, L"ROOT");
    PropertyIs(pdo, DevicePropertyClassGuid, L"{4d36e97e-e325-11ce-bfc1-08002be10318}");
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyHardwareID, 4, name, &length) == STATUS_BUFFER_TOO_SMALL && length > 40);
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyPhysicalDeviceObjectName, sizeof(name), name, &length) == STATUS_SUCCESS);
    CHECK(RtlEqualMemory(name, L"\\Device\\", 16));
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyUINumber, sizeof(number), &number, &length) == STATUS_SUCCESS);
    CHECK(number == 0xFFFFFFFF && length == sizeof(number));
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyBusTypeGuid, sizeof(bus), &bus, &length) == STATUS_SUCCESS &&
          bus.Data2 == 0x086b);
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyAllocatedResources, 0, NULL, &length) == STATUS_SUCCESS && length == 0);
    CHECK(IoGetDeviceProperty(pdo, DevicePropertyManufacturer, 0, NULL, &length) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoGetDeviceNumaNode(pdo, &node) == STATUS_NOT_FOUND && node == 7);
    CHECK(IoGetDeviceProperty(pdo, 999, 0, NULL, &length) == STATUS_INVALID_PARAMETER_2);
    CHECK(IoGetDeviceProperty(pdo->AttachedDevice, DevicePropertyUINumber, 4, &number, &length) == STATUS_INVALID_DEVICE_REQUEST);
    TestPnpStop(pdo);
}

static VOID PropertyData(VOID)
{
    static const DEVPROPKEY key = { { 0x99, 1, 2, { 3 } }, 5 };
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpData");
    ULONG value = 42, needed = 0, got = 0;
    DEVPROPTYPE type = 0;

    if (pdo == NULL)
        return;
    CHECK(IoGetDevicePropertyData(pdo, &key, 0, 0, 4, &got, &needed, &type) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoSetDevicePropertyData(pdo, &key, 0, 0, DEVPROP_TYPE_UINT32, sizeof(value), &value) == STATUS_SUCCESS);
    CHECK(IoSetDevicePropertyData(pdo, &key, 0x409, 0, DEVPROP_TYPE_UINT32, 2, &value) ==
          STATUS_SUCCESS);   /* another language */
    CHECK(IoGetDevicePropertyData(pdo, &key, 0, 0, 2, &got, &needed, &type) == STATUS_BUFFER_TOO_SMALL && needed == 4 &&
          got == 0);
    CHECK(IoGetDevicePropertyData(pdo, &key, 0, 0, 4, &got, &needed, &type) == STATUS_SUCCESS && got == 42);
    CHECK(type == DEVPROP_TYPE_UINT32);
    value = 43;
    CHECK(IoSetDevicePropertyData(pdo, &key, 0, 0, DEVPROP_TYPE_UINT32, sizeof(value), &value) == STATUS_SUCCESS);
    CHECK(IoGetDevicePropertyData(pdo, &key, 0, 0, 4, &got, &needed, &type) == STATUS_SUCCESS && got == 43);
    CHECK(IoSetDevicePropertyData(pdo, &key, 0, 0, DEVPROP_TYPE_EMPTY, 0, NULL) == STATUS_SUCCESS);
    CHECK(IoGetDevicePropertyData(pdo, &key, 0, 0, 4, &got, &needed, &type) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoSetDevicePropertyData(pdo->AttachedDevice, &key, 0, 0, 7, 4, &value) == STATUS_INVALID_DEVICE_REQUEST);
    TestPnpStop(pdo);
}

static VOID Keys(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestValue");
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpKey");
    KEY_VALUE_PARTIAL_INFORMATION information;
    ULONG value = 7, length, kind;
    HANDLE key = NULL;

    if (pdo == NULL)
        return;
    for (kind = PLUGPLAY_REGKEY_DEVICE; kind <= 6; kind++) {
        NTSTATUS status = IoOpenDeviceRegistryKey(pdo, kind, KEY_ALL_ACCESS, &key);
        if (kind == 3 || kind == 4) {
            CHECK(status == STATUS_INVALID_PARAMETER);
            continue;
        }
        if (!CHECK(status == STATUS_SUCCESS))
            continue;
        CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &information, sizeof(information), &length) ==
              STATUS_OBJECT_NAME_NOT_FOUND);     /* each is a key of its own */
        CHECK(ZwSetValueKey(key, &name, 0, REG_DWORD, &value, sizeof(value)) == STATUS_SUCCESS);
        ZwClose(key);
        CHECK(IoOpenDeviceRegistryKey(pdo, kind, KEY_ALL_ACCESS, &key) == STATUS_SUCCESS);
        CHECK(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &information, sizeof(information), &length) ==
              STATUS_SUCCESS);
        CHECK(ZwDeleteValueKey(key, &name) == STATUS_SUCCESS);
        ZwClose(key);
    }
    CHECK(IoOpenDeviceRegistryKey(pdo->AttachedDevice, 1, KEY_READ, &key) == STATUS_INVALID_DEVICE_REQUEST);
    TestPnpStop(pdo);
}

/* A second device of the service, which its driver found itself. */
static VOID Detected(VOID)
{
    static const WCHAR ids[] = L"DETECTEDIsa\\TestPnpDetected\0DETECTED\\TestPnpDetected\0";
    UNICODE_STRING instance = RTL_CONSTANT_STRING(L"ROOT\\TESTPNPDETECTED\\0001"), service = RTL_CONSTANT_STRING(L"testpnpdetected");
    PDEVICE_OBJECT first = TestPnpStart(L"TestPnpDetected"), found = NULL;
    CM_RESOURCE_LIST resources = { .Count = 1, .List[0].InterfaceType = Isa };
    WCHAR buffer[96];
    ULONG length;

    if (first == NULL)
        return;
    TestPnpCount = 0;
    CHECK(IoReportDetectedDevice(NULL, Isa, 0, 0, NULL, NULL, TRUE, &found) == STATUS_INVALID_PARAMETER && found == NULL);
    CHECK(PnpReportedDevice(&service) == NULL);
    if (!CHECK(IoReportDetectedDevice(TestPnpDriver, Isa, 0, ~0u, &resources, NULL, TRUE, &found) == STATUS_SUCCESS) ||
        !CHECK(PnpNode(found) != NULL && PnpReportedDevice(&service) == found))
        return;
    CHECK(RtlEqualUnicodeString(&PnpNode(found)->Instance, &instance, FALSE) && found->AttachedDevice == NULL &&
          TestPnpCount == 0);
    CHECK(IoGetDeviceProperty(found, DevicePropertyCompatibleIDs, sizeof(buffer), buffer, &length) == STATUS_SUCCESS);
    CHECK(length == sizeof(ids) && RtlEqualMemory(buffer, ids, sizeof(ids)));
    CHECK(TestPnpDriver->DriverExtension->AddDevice(TestPnpDriver, found) ==
          STATUS_SUCCESS);      /* as the driver itself would */
    CHECK(IoReportDetectedDevice(TestPnpDriver, Isa, 0, 0, NULL, NULL, TRUE, &found->AttachedDevice) ==
          STATUS_INVALID_DEVICE_REQUEST);
    CHECK(PnpRemoveDevice(found, NULL, NULL) == STATUS_SUCCESS && TestPnpCount == 2 && PnpReportedDevice(&service) == NULL);
    TestPnpStop(first);
}

static VOID AwaitMinor(UCHAR Minor)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    LONG i;

    for (;;) {
        for (i = 0; i < min(TestPnpCount, (LONG)RTL_NUMBER_OF(TestPnpMinors)); i++)
            if (TestPnpMinors[i] == Minor)
                return;
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
}

static VOID Invalidate(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpInvalid");
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    LONG_PTR references;
    KIRQL irql;

    if (pdo == NULL)
        return;
    references = ObHeader(pdo)->PointerCount;
    RtlZeroMemory(TestPnpMinors, sizeof(TestPnpMinors));
    TestPnpCount = 0;
    irql = KeRaiseIrqlToDpcLevel();
    IoInvalidateDeviceState(pdo);
    IoInvalidateDeviceRelations(pdo, BusRelations);
    KeLowerIrql(irql);
    AwaitMinor(IRP_MN_QUERY_PNP_DEVICE_STATE);
    AwaitMinor(IRP_MN_QUERY_DEVICE_RELATIONS);
    IoInvalidateDeviceState(pdo->AttachedDevice);        /* not a physical device: nothing */
    while (ObHeader(pdo)->PointerCount != references)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    TestPnpStop(pdo);
}

static const KE_TEST tests[] = {
    { "pnp.device.life", Life, 0 },         { "pnp.device.refusals", Refusals, 0 }, { "pnp.device.properties", Properties, 0 },
    { "pnp.device.data", PropertyData, 0 }, { "pnp.device.keys", Keys, 0 },         { "pnp.device.invalidate", Invalidate, 0 },
    { "pnp.device.detected", Detected, 0 },
};
const KE_TEST_GROUP PnpDeviceTests = { tests, RTL_NUMBER_OF(tests) };
