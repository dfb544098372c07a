/* SPDX-License-Identifier: MIT
 * Drivers, devices, stacks and links.
 */
#include "fixture.h"

static UNICODE_STRING EntryPath;
static WCHAR EntryText[128];
static volatile LONG Unloads;

static NTSTATUS NTAPI RecordEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT device;
    EntryPath.Buffer = EntryText;
    EntryPath.MaximumLength = sizeof(EntryText);
    RtlCopyUnicodeString(&EntryPath, RegistryPath);
    CHECK(Driver->DriverInit == RecordEntry && (Driver->Flags & DRVO_LEGACY_DRIVER));
    return IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
}

static NTSTATUS NTAPI FailEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath) { return STATUS_NO_SUCH_DEVICE; }

static VOID NTAPI CountUnload(PDRIVER_OBJECT Driver)
{
    InterlockedIncrement(&Unloads);
    while (Driver->DeviceObject != NULL)
        IoDeleteDevice(Driver->DeviceObject);
}

static VOID Entry(VOID)
{
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\TestEntry");
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\TestEntry");
    PDRIVER_OBJECT driver = TestStartDriver(L"TestEntry", RecordEntry);
    PVOID found;
    ULONG i;

    if (driver == NULL)
        return;
    CHECK(RtlEqualUnicodeString(&EntryPath, &path, FALSE) && RtlEqualUnicodeString(&driver->DriverName, &name, FALSE));
    CHECK(driver->Type == IO_TYPE_DRIVER && driver->Size == 0x150 && driver->FastIoDispatch == NULL);
    CHECK(driver->DriverExtension->DriverObject == driver);
    for (i = IRP_MJ_READ; i < IRP_MJ_CLEANUP; i++)
        CHECK(IoIsDefaultDispatch(driver->MajorFunction[i]));
    CHECK(driver->DeviceObject != NULL && !(driver->DeviceObject->Flags & DO_DEVICE_INITIALIZING));
    CHECK(ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, &found) ==
          STATUS_SUCCESS && found == driver);
    ObfDereferenceObject(found);
    TestStopDriver(driver);
}

static VOID EntryFails(VOID)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestFails"), path = RTL_CONSTANT_STRING(L"\\Driver\\TestFails");
    PDRIVER_OBJECT driver, again;
    PVOID found;

    image.Entry.EntryPoint = FailEntry;
    CHECK(IoCreateDriverForImage(&image, &name, &driver) == STATUS_SUCCESS);
    CHECK(IoCreateDriverForImage(&image, &name, &again) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(IoInitializeDriver(driver) == STATUS_NO_SUCH_DEVICE);
    CHECK(ObReferenceObjectByName(&path, 0, NULL, 0, NULL, KernelMode, NULL, &found) == STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID Unload(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestUnload", NULL);
    HANDLE file = NULL, second = NULL;

    if (driver == NULL)
        return;
    CHECK(IoUnloadDriver(driver) == STATUS_INVALID_DEVICE_REQUEST);      /* without a routine */
    driver->DriverUnload = CountUnload;
    TestMakeDevice(driver, L"\\Device\\TestUnload", 0);
    CHECK(TestOpen(L"\\Device\\TestUnload", 0, &file) == STATUS_SUCCESS);
    Unloads = 0;
    ObfReferenceObject(driver);
    CHECK(IoUnloadDriver(driver) == STATUS_SUCCESS && Unloads == 0);     /* waits for the file */
    CHECK(IoUnloadDriver(driver) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(TestOpen(L"\\Device\\TestUnload", 0, &second) == STATUS_NO_SUCH_DEVICE);
    ZwClose(file);
    CHECK(Unloads == 1 && driver->DeviceObject == NULL && (driver->Flags & DRVO_UNLOAD_INVOKED));
    CHECK(IoUnloadDriver(driver) == STATUS_INVALID_DEVICE_REQUEST && ObHeader(driver)->PointerCount == 1);
    ObfDereferenceObject(driver);
}

static VOID Create(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestCreate", NULL);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestCreate"), lower = RTL_CONSTANT_STRING(L"\\device\\testcreate");
    PDEVICE_OBJECT device = NULL, other = NULL;
    ULONG i;

    if (driver == NULL)
        return;
    CHECK(IoCreateDevice(driver, 100, &name, FILE_DEVICE_DISK, FILE_DEVICE_SECURE_OPEN, TRUE, &device) == STATUS_SUCCESS);
    CHECK(device->Type == IO_TYPE_DEVICE && device->Size == 0x150 + 100 && device->StackSize == 1);
    CHECK(device->Flags == (DO_DEVICE_INITIALIZING | DO_EXCLUSIVE | DO_DEVICE_HAS_NAME));
    CHECK(device->Characteristics == FILE_DEVICE_SECURE_OPEN && device->DriverObject == driver && device->ReferenceCount == 0);
    CHECK((PUCHAR)device->DeviceExtension == (PUCHAR)device + 0x150);
    for (i = 0; i < 100; i++)
        CHECK(((PUCHAR)device->DeviceExtension)[i] == 0);
    CHECK(IoDeviceExtension(device)->Type == IO_TYPE_DEVICE_OBJECT_EXTENSION && IoDeviceExtension(device)->DeviceObject == device);
    CHECK(device->Vpb != NULL && device->Vpb->RealDevice == device && device->DeviceLock.Header.SignalState == 1);
    CHECK(IoCreateDevice(driver, 0, &lower, FILE_DEVICE_UNKNOWN, 0, FALSE, &other) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &other) == STATUS_SUCCESS);
    CHECK(other->DeviceExtension == NULL && other->Vpb == NULL && driver->DeviceObject == other && other->NextDevice == device);
    TestStopDriver(driver);
}

static VOID Autogenerated(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestAuto", NULL);
    struct { OBJECT_NAME_INFORMATION Name; WCHAR Text[40]; } buffer;
    UNICODE_STRING prefix = RTL_CONSTANT_STRING(L"\\Device\\");
    PDEVICE_OBJECT device;
    ULONG length;

    if (driver == NULL)
        return;
    CHECK(IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, FILE_AUTOGENERATED_DEVICE_NAME, FALSE, &device) == STATUS_SUCCESS);
    CHECK(ObQueryNameString(device, &buffer.Name, sizeof(buffer), &length) == STATUS_SUCCESS);
    CHECK(buffer.Name.Name.Length == 16 * sizeof(WCHAR) && RtlPrefixUnicodeString(&prefix, &buffer.Name.Name, FALSE));
    TestStopDriver(driver);
}

static VOID DeletePending(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestDelete", NULL);
    PDEVICE_OBJECT device;
    HANDLE file = NULL, second = NULL;

    if (driver == NULL)
        return;
    device = TestMakeDevice(driver, L"\\Device\\TestDelete", 0);
    CHECK(TestOpen(L"\\Device\\TestDelete", 0, &file) == STATUS_SUCCESS && device->ReferenceCount == 1);
    IoDeleteDevice(device);
    CHECK(driver->DeviceObject == device && (IoDeviceExtension(device)->ExtensionFlags & DOE_DELETE_PENDING));
    CHECK(TestOpen(L"\\Device\\TestDelete", 0, &second) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(file);
    CHECK(driver->DeviceObject == NULL);
    TestStopDriver(driver);
}

static VOID Exclusive(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestExclusive", NULL);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestExclusive");
    PDEVICE_OBJECT device;
    HANDLE file = NULL, second = NULL;

    if (driver == NULL)
        return;
    CHECK(IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, TRUE, &device) == STATUS_SUCCESS);
    CHECK(TestOpen(name.Buffer, 0, &file) == STATUS_NO_SUCH_DEVICE);     /* DO_DEVICE_INITIALIZING */
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    CHECK(TestOpen(name.Buffer, 0, &file) == STATUS_SUCCESS);
    CHECK(TestOpen(name.Buffer, 0, &second) == STATUS_ACCESS_DENIED);
    ZwClose(file);
    CHECK(TestOpen(name.Buffer, 0, &file) == STATUS_SUCCESS);
    ZwClose(file);
    TestStopDriver(driver);
}

static VOID Attach(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestAttach", NULL);
    PDEVICE_OBJECT low, middle, high, found = NULL;

    if (driver == NULL)
        return;
    low = TestMakeDevice(driver, NULL, 0);
    middle = TestMakeDevice(driver, NULL, 0);
    high = TestMakeDevice(driver, NULL, 0);
    low->AlignmentRequirement = FILE_LONG_ALIGNMENT;
    CHECK(IoAttachDeviceToDeviceStack(middle, low) == low && middle->StackSize == 2);
    CHECK(middle->AlignmentRequirement == FILE_LONG_ALIGNMENT && low->AttachedDevice == middle);
    CHECK(IoAttachDeviceToDeviceStackSafe(high, low, &found) == STATUS_SUCCESS && found == middle && high->StackSize == 3);
    CHECK(IoGetAttachedDevice(low) == high && IoGetAttachedDeviceReference(middle) == high);
    ObfDereferenceObject(high);
    CHECK(IoGetLowerDeviceObject(high) == middle && IoGetLowerDeviceObject(low) == NULL);
    ObfDereferenceObject(middle);
    CHECK(IoGetDeviceAttachmentBaseRef(high) == low);
    ObfDereferenceObject(low);
    IoDetachDevice(middle);
    CHECK(IoGetAttachedDevice(low) == middle && IoDeviceExtension(high)->AttachedTo == NULL);
    middle->Flags |= DO_DEVICE_INITIALIZING;
    CHECK(IoAttachDeviceToDeviceStack(high, low) == NULL);
    CHECK(IoAttachDeviceToDeviceStackSafe(high, low, &found) == STATUS_NO_SUCH_DEVICE && found == NULL);
    CHECK(IoAttachDeviceByPointer(high, low) == STATUS_NO_SUCH_DEVICE);
    middle->Flags &= ~DO_DEVICE_INITIALIZING;
    CHECK(IoAttachDeviceByPointer(high, low) == STATUS_SUCCESS);
    IoDetachDevice(middle);
    IoDetachDevice(low);
    TestStopDriver(driver);
}

static VOID AttachByName(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestAttachName", NULL);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestAttachName"), none = RTL_CONSTANT_STRING(L"\\Device\\TestNone");
    PDEVICE_OBJECT low, high, found = NULL;

    if (driver == NULL)
        return;
    low = TestMakeDevice(driver, name.Buffer, 0);
    high = TestMakeDevice(driver, NULL, 0);
    CHECK(IoAttachDevice(high, &name, &found) == STATUS_SUCCESS && found == low && low->AttachedDevice == high);
    CHECK(low->ReferenceCount == 0);
    IoDetachDevice(low);
    CHECK(IoAttachDevice(high, &none, &found) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestStopDriver(driver);
}

static VOID Pointer(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestPointer", NULL);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestPointer"), directory = RTL_CONSTANT_STRING(L"\\Device");
    PDEVICE_OBJECT low, high, found = NULL;
    PFILE_OBJECT file = NULL;
    PVOID object;

    if (driver == NULL)
        return;
    low = TestMakeDevice(driver, name.Buffer, 0);
    high = TestMakeDevice(driver, NULL, 0);
    IoAttachDeviceToDeviceStack(high, low);
    CHECK(IoGetDeviceObjectPointer(&name, FILE_READ_DATA, &file, &found) == STATUS_SUCCESS);
    CHECK(found == high && file->DeviceObject == low && low->ReferenceCount == 1);
    ObfDereferenceObject(file);
    CHECK(low->ReferenceCount == 0);
    CHECK(IoGetDeviceObjectPointer(&directory, FILE_READ_DATA, &file, &found) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObReferenceObjectByName(&name, 0, NULL, 0, IopDeviceObjectType, KernelMode, NULL, &object) == STATUS_OBJECT_TYPE_MISMATCH);
    IoDetachDevice(low);
    TestStopDriver(driver);
}

/* No physical device: plug and play knows nothing of it. */
static VOID Property(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestProperty", NULL);
    PDEVICE_OBJECT device;
    ULONG length;

    if (driver == NULL)
        return;
    device = TestMakeDevice(driver, NULL, 0);
    CHECK(IoGetDeviceProperty(device, DevicePropertyHardwareID, 0, NULL, &length) == STATUS_INVALID_DEVICE_REQUEST);
    TestStopDriver(driver);
}

static VOID Link(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestLink", NULL);
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\TestIoLink"), device = RTL_CONSTANT_STRING(L"\\Device\\TestIoLink");
    HANDLE file = NULL;

    if (driver == NULL)
        return;
    TestMakeDevice(driver, device.Buffer, 0);
    CHECK(IoCreateSymbolicLink(&link, &device) == STATUS_SUCCESS);
    CHECK(IoCreateUnprotectedSymbolicLink(&link, &device) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(TestOpen(L"\\\?\?\\testiolink", 0, &file) == STATUS_SUCCESS);
    ZwClose(file);
    CHECK(IoDeleteSymbolicLink(&link) == STATUS_SUCCESS && IoDeleteSymbolicLink(&link) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestOpen(L"\\\?\?\\testiolink", 0, &file) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestStopDriver(driver);
}

static const KE_TEST tests[] = {
    { "io.driver.entry", Entry, 0 },           { "io.driver.fails", EntryFails, 0 },
    { "io.driver.unload", Unload, 0 },         { "io.device.create", Create, 0 },
    { "io.device.autoname", Autogenerated, 0 }, { "io.device.deletepending", DeletePending, 0 },
    { "io.device.exclusive", Exclusive, 0 },   { "io.device.attach", Attach, 0 },
    { "io.device.attachbyname", AttachByName, 0 }, { "io.device.pointer", Pointer, 0 },
    { "io.device.property", Property, 0 },     { "io.device.link", Link, 0 },
};
const KE_TEST_GROUP IoDeviceTests = { tests, RTL_NUMBER_OF(tests) };
