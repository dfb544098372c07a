/* SPDX-License-Identifier: MIT
 * Driver objects. The namespace holds one reference (\Driver\Name is permanent), each of the driver's devices another.
 */
#include "iop.h"

static UNICODE_STRING IopHardwareDatabase = RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");

static NTSTATUS NTAPI IopInvalidDeviceRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

BOOLEAN IoIsDefaultDispatch(PDRIVER_DISPATCH Routine) { return Routine == IopInvalidDeviceRequest; }

/* Prefix and Name in one string of its own. */
static NTSTATUS IopJoin(PCWSTR Prefix, PCUNICODE_STRING Name, PUNICODE_STRING Joined)
{
    UNICODE_STRING prefix;
    ULONG length;

    RtlInitUnicodeString(&prefix, Prefix);
    length = prefix.Length + Name->Length;
    if (length > 0xFFF0)
        return STATUS_OBJECT_NAME_INVALID;
    Joined->Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, length + sizeof(WCHAR), IOP_TAG_NAME);
    if (Joined->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Joined->Buffer, prefix.Buffer, prefix.Length);
    RtlCopyMemory((PUCHAR)Joined->Buffer + prefix.Length, Name->Buffer, Name->Length);
    Joined->Buffer[length / sizeof(WCHAR)] = L'\0';
    Joined->Length = (USHORT)length;
    Joined->MaximumLength = (USHORT)(length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static VOID IopFreeString(PUNICODE_STRING String)
{
    if (String->Buffer != NULL)
        ExFreePoolWithTag(String->Buffer, IOP_TAG_NAME);
}

VOID IopDeleteDriver(PVOID Object)
{
    PDRIVER_OBJECT driver = Object;
    MM_IMAGE *image = *IopOwnedImage(driver);

    IopFreeClients(driver);
    IopFreeString(&driver->DriverName);
    IopFreeString(&driver->DriverExtension->ServiceKeyName);
    if (image != NULL)
        IopReleaseImage(image);
}

static VOID IopFillDriver(PDRIVER_OBJECT Driver, ULONG Flags)
{
    ULONG i;

    Driver->Type = IO_TYPE_DRIVER;
    Driver->Size = sizeof(DRIVER_OBJECT);
    Driver->Flags = Flags;
    Driver->DriverExtension = (PDRIVER_EXTENSION)(Driver + 1);
    Driver->DriverExtension->DriverObject = Driver;
    Driver->HardwareDatabase = &IopHardwareDatabase;
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        Driver->MajorFunction[i] = IopInvalidDeviceRequest;
}

/* Name: the whole path, in pool, which becomes the object's or is freed. */
static NTSTATUS IopMakeDriver(PUNICODE_STRING Name, PCUNICODE_STRING ServiceName, ULONG Flags, PDRIVER_OBJECT *Driver)
{
    OBJECT_ATTRIBUTES attributes;
    PVOID object;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ObCreateObject(KernelMode, IopDriverObjectType, &attributes, KernelMode, NULL,
                            sizeof(DRIVER_OBJECT) + IOP_DRIVER_EXTENSION_SIZE, 0, 0, &object);
    if (!NT_SUCCESS(status)) {
        IopFreeString(Name);
        return status;
    }
    *Driver = object;
    IopFillDriver(*Driver, Flags);
    (*Driver)->DriverName = *Name;
    status = IopJoin(L"", ServiceName, &(*Driver)->DriverExtension->ServiceKeyName);
    if (!NT_SUCCESS(status))
        ObfDereferenceObject(*Driver);
    return status;
}

/* From now on others find it by its name, and the namespace keeps it. */
static NTSTATUS IopPublishDriver(PDRIVER_OBJECT Driver)
{
    NTSTATUS status = ObInsertObject(Driver, NULL, FILE_READ_DATA, 0, NULL, NULL);

    if (NT_SUCCESS(status))
        ObfDereferenceObject(Driver);
    return status;
}

NTSTATUS IoCreateDriverForImage(MM_IMAGE *Image, PCUNICODE_STRING ServiceName, PDRIVER_OBJECT *DriverObject)
{
    PDRIVER_OBJECT driver;
    UNICODE_STRING name;
    NTSTATUS status = IopJoin(L"\\Driver\\", ServiceName, &name);

    if (NT_SUCCESS(status))
        status = IopMakeDriver(&name, ServiceName, DRVO_LEGACY_DRIVER, &driver);
    if (!NT_SUCCESS(status))
        return status;
    driver->DriverStart = Image->Entry.DllBase;
    driver->DriverSize = Image->Entry.SizeOfImage;
    driver->DriverSection = &Image->Entry;
    driver->DriverInit = (PDRIVER_INITIALIZE)Image->Entry.EntryPoint;
    status = IopPublishDriver(driver);
    if (NT_SUCCESS(status))
        *DriverObject = driver;
    return status;
}

/* DriverEntry is over: its devices may be opened. */
static VOID IopReadyDevices(PDRIVER_OBJECT Driver)
{
    PDEVICE_OBJECT device;
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);

    for (device = Driver->DeviceObject; device != NULL; device = device->NextDevice)
        device->Flags &= ~DO_DEVICE_INITIALIZING;
    KeLockRelease(&IopDatabaseLock, irql);
}

NTSTATUS IoInitializeDriver(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING registryPath;
    NTSTATUS status = IopJoin(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
                              &DriverObject->DriverExtension->ServiceKeyName, &registryPath);

    if (NT_SUCCESS(status)) {
        status = DriverObject->DriverInit(DriverObject, &registryPath);
        IopFreeString(&registryPath);
    }
    if (!NT_SUCCESS(status)) {
        IopReinitializeDriver(DriverObject, FALSE);
        ObMakeTemporaryObject(DriverObject);
        return status;
    }
    DriverObject->Flags |= DRVO_INITIALIZED;
    if (DriverObject->DriverExtension->AddDevice != NULL)
        DriverObject->Flags &= ~DRVO_LEGACY_DRIVER;
    IopReadyDevices(DriverObject);
    IopReinitializeDriver(DriverObject, TRUE);
    return status;
}

/* ---- Drivers that drivers make: an object with a name and no image ---- */
/* A name of its own for who gave none. */
static NTSTATUS IopNumberDriver(PUNICODE_STRING Name)
{
    static volatile LONG last;
    WCHAR digits[12];
    UNICODE_STRING number = { 0, sizeof(digits), digits };

    RtlIntegerToUnicodeString((ULONG)InterlockedIncrement(&last), 10, &number);
    return IopJoin(L"\\Driver\\", &number, Name);
}

NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING DriverName, PDRIVER_INITIALIZE InitializationFunction)
{
    UNICODE_STRING name, service;
    PDRIVER_OBJECT driver;
    NTSTATUS status = DriverName != NULL ? IopJoin(L"", DriverName, &name) : IopNumberDriver(&name);

    if (!NT_SUCCESS(status))
        return status;
    service = name;
    status = IopMakeDriver(&name, &service, DRVO_BUILTIN_DRIVER, &driver);
    if (!NT_SUCCESS(status))
        return status;
    driver->DriverInit = InitializationFunction;
    ObfReferenceObject(driver);                  /* it may delete itself at once */
    status = IopPublishDriver(driver);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(driver);
        return status;
    }
    status = InitializationFunction(driver, NULL);
    if (NT_SUCCESS(status)) {
        driver->Flags |= DRVO_INITIALIZED;
        IopReadyDevices(driver);
    } else {
        ObMakeTemporaryObject(driver);
    }
    IopReinitializeDriver(driver, NT_SUCCESS(status));
    ObfDereferenceObject(driver);
    return status;
}

VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT DriverObject) { ObMakeTemporaryObject(DriverObject); }

NTSTATUS IoStartKernelDriver(MM_IMAGE *Image, PCUNICODE_STRING ServiceName, PDRIVER_INITIALIZE Entry, PDRIVER_OBJECT *DriverObject)
{
    NTSTATUS status;

    Image->Entry.EntryPoint = Entry;
    status = IoCreateDriverForImage(Image, ServiceName, DriverObject);
    return NT_SUCCESS(status) ? IoInitializeDriver(*DriverObject) : status;
}

/* ---- Unloading ---- */
/* TRUE, once: nothing uses a device of the driver, and DriverUnload is the caller's to call. */
static BOOLEAN IopClaimUnload(PDRIVER_OBJECT Driver)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    BOOLEAN quiet = !(Driver->Flags & DRVO_UNLOAD_INVOKED);
    PDEVICE_OBJECT device;

    for (device = Driver->DeviceObject; device != NULL; device = device->NextDevice)
        if (device->ReferenceCount != 0 || device->AttachedDevice != NULL)
            quiet = FALSE;
    if (quiet)
        Driver->Flags |= DRVO_UNLOAD_INVOKED;
    KeLockRelease(&IopDatabaseLock, irql);
    return quiet;
}

VOID IopTryUnload(PDRIVER_OBJECT Driver)
{
    if (!IopClaimUnload(Driver))
        return;
    Driver->DriverUnload(Driver);
    ObMakeTemporaryObject(Driver);
}

NTSTATUS IoUnloadDriver(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT device;
    BOOLEAN pending = FALSE;
    KIRQL irql;

    if (DriverObject->DriverUnload == NULL || (DriverObject->Flags & DRVO_UNLOAD_INVOKED))
        return STATUS_INVALID_DEVICE_REQUEST;
    ObfReferenceObject(DriverObject);
    irql = KeLockAcquire(&IopDatabaseLock);
    for (device = DriverObject->DeviceObject; device != NULL; device = device->NextDevice) {
        pending = pending || (IoDeviceExtension(device)->ExtensionFlags & DOE_UNLOAD_PENDING);
        IoDeviceExtension(device)->ExtensionFlags |= DOE_UNLOAD_PENDING;
    }
    KeLockRelease(&IopDatabaseLock, irql);
    if (!pending)
        IopTryUnload(DriverObject);
    ObfDereferenceObject(DriverObject);
    return pending ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
}
