/* SPDX-License-Identifier: MIT
 * The driver of the I/O manager's tests.
 */
#include "fixture.h"

static NTSTATUS NTAPI SimpleEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath) { return STATUS_SUCCESS; }

NTSTATUS TestComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI TestSucceed(PDEVICE_OBJECT Device, PIRP Irp) { return TestComplete(Irp, STATUS_SUCCESS, 0); }

PDRIVER_OBJECT TestStartDriver(PCWSTR Name, PDRIVER_INITIALIZE Entry)
{
    static MM_IMAGE image;
    PDRIVER_OBJECT driver = NULL;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    image.Entry.EntryPoint = Entry != NULL ? Entry : SimpleEntry;
    if (!CHECK(IoCreateDriverForImage(&image, &name, &driver) == STATUS_SUCCESS) ||
        !CHECK(IoInitializeDriver(driver) == STATUS_SUCCESS))
        return NULL;
    driver->MajorFunction[IRP_MJ_CREATE] = TestSucceed;
    driver->MajorFunction[IRP_MJ_CLEANUP] = TestSucceed;
    driver->MajorFunction[IRP_MJ_CLOSE] = TestSucceed;
    return driver;
}

VOID NTAPI TestDeleteDevices(PDRIVER_OBJECT Driver)
{
    while (Driver->DeviceObject != NULL)
        IoDeleteDevice(Driver->DeviceObject);
}

VOID TestStopDriver(PDRIVER_OBJECT Driver)
{
    if (Driver->DriverUnload == NULL)
        Driver->DriverUnload = TestDeleteDevices;
    ObfReferenceObject(Driver);
    CHECK(IoUnloadDriver(Driver) == STATUS_SUCCESS);
    CHECK(Driver->DeviceObject == NULL && ObHeader(Driver)->PointerCount == 1);
    ObfDereferenceObject(Driver);
}

PDEVICE_OBJECT TestMakeDevice(PDRIVER_OBJECT Driver, PCWSTR Name, ULONG Flags)
{
    PDEVICE_OBJECT device = NULL;
    UNICODE_STRING name;

    if (Name != NULL)
        RtlInitUnicodeString(&name, Name);
    if (!CHECK(IoCreateDevice(Driver, 64, Name != NULL ? &name : NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device) == STATUS_SUCCESS))
        return NULL;
    device->Flags |= Flags;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

NTSTATUS TestOpen(PCWSTR Name, ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwOpenFile(Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ, Options);
}
