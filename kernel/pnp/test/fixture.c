/* SPDX-License-Identifier: MIT
 * The function driver of plug and play's tests.
 */
#include "fixture.h"

PDRIVER_OBJECT TestPnpDriver;
UCHAR TestPnpMinors[32];
volatile LONG TestPnpCount;
BOOLEAN TestPnpRefuseStart, TestPnpRefuseRemoval, TestPnpForgetDetach;

TEST_RESOURCES TestPnpRaw, TestPnpTranslated;

static VOID Keep(TEST_RESOURCES *Copy, const CM_RESOURCE_LIST *List)
{
    ULONG count = List != NULL ? List->List[0].PartialResourceList.Count : 0;

    RtlZeroMemory(Copy, sizeof(*Copy));
    if (CHECK(count <= 32) && count != 0)
        RtlCopyMemory(Copy, &List->List[0], FIELD_OFFSET(CM_FULL_RESOURCE_DESCRIPTOR, PartialResourceList.PartialDescriptors) +
                                                count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
}

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI Pnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
    TEST_FDO *fdo = Device->DeviceExtension;
    PDEVICE_OBJECT lower = fdo->Lower;
    NTSTATUS status;

    if (TestPnpCount < (LONG)RTL_NUMBER_OF(TestPnpMinors))
        TestPnpMinors[TestPnpCount] = minor;
    InterlockedIncrement(&TestPnpCount);
    if (minor == IRP_MN_START_DEVICE) {
        Keep(&TestPnpRaw, IoGetCurrentIrpStackLocation(Irp)->Parameters.StartDevice.AllocatedResources);
        Keep(&TestPnpTranslated, IoGetCurrentIrpStackLocation(Irp)->Parameters.StartDevice.AllocatedResourcesTranslated);
    }
    if (minor == IRP_MN_START_DEVICE && TestPnpRefuseStart)
        return Complete(Irp, STATUS_DEVICE_CONFIGURATION_ERROR);
    if (minor == IRP_MN_QUERY_REMOVE_DEVICE && TestPnpRefuseRemoval)
        return Complete(Irp, STATUS_DEVICE_BUSY);
    IoSkipCurrentIrpStackLocation(Irp);
    status = IofCallDriver(lower, Irp);
    if (minor == IRP_MN_REMOVE_DEVICE && !TestPnpForgetDetach) {
        IoDetachDevice(lower);
        IoDeleteDevice(Device);
    }
    return status;
}

static NTSTATUS NTAPI OpenClose(PDEVICE_OBJECT Device, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS); }

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo)
{
    PDEVICE_OBJECT device;
    TEST_FDO *fdo;
    NTSTATUS status = IoCreateDevice(Driver, sizeof(TEST_FDO), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    fdo = device->DeviceExtension;
    fdo->Pdo = Pdo;
    fdo->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
    CHECK(fdo->Lower == Pdo);
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static VOID NTAPI Unload(PDRIVER_OBJECT Driver) {}

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->MajorFunction[IRP_MJ_PNP] = Pnp;
    Driver->MajorFunction[IRP_MJ_CREATE] = OpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
}

BOOLEAN TestPnpLoad(PCWSTR Name)
{
    static MM_IMAGE image;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    image.Entry.EntryPoint = Entry;
    TestPnpCount = 0;
    TestPnpRefuseStart = TestPnpRefuseRemoval = TestPnpForgetDetach = FALSE;
    return CHECK(IoCreateDriverForImage(&image, &name, &TestPnpDriver) == STATUS_SUCCESS) &&
           CHECK(IoInitializeDriver(TestPnpDriver) == STATUS_SUCCESS);
}

PDEVICE_OBJECT TestPnpCreate(PCWSTR Name)
{
    PDEVICE_OBJECT pdo = NULL;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return TestPnpLoad(Name) && CHECK(PnpCreateRootDevice(&name, &pdo) == STATUS_SUCCESS) ? pdo : NULL;
}

PDEVICE_OBJECT TestPnpStart(PCWSTR Name)
{
    PDEVICE_OBJECT pdo = TestPnpCreate(Name);

    if (pdo == NULL || !CHECK(PnpAddDevice(TestPnpDriver, pdo) == STATUS_SUCCESS) ||
        !CHECK(PnpStartDevice(pdo, NULL, NULL) == STATUS_SUCCESS))
        return NULL;
    return pdo;
}

VOID TestPnpUnload(VOID)
{
    ObfReferenceObject(TestPnpDriver);
    CHECK(TestPnpDriver->DeviceObject == NULL);
    CHECK(IoUnloadDriver(TestPnpDriver) == STATUS_SUCCESS);
    CHECK(ObHeader(TestPnpDriver)->PointerCount == 1);
    ObfDereferenceObject(TestPnpDriver);
}

VOID TestPnpStop(PDEVICE_OBJECT Pdo)
{
    CHECK(PnpRemoveDevice(Pdo, NULL, NULL) == STATUS_SUCCESS);
    TestPnpUnload();
}
