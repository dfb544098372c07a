/* SPDX-License-Identifier: MIT
 * Device objects: made, listed with their driver, and deleted once nobody uses them any more.
 *
 *   DEVICE_OBJECT (0x150)  the driver's extension, 16-byte multiple  DEVOBJ_EXTENSION (0x70)
 *
 * A device in its driver's list has one reference for that; it references its driver.
 */
#include "iop.h"

KE_LOCK IopDatabaseLock = KE_LOCK_OF_RANK(KeRankIoDatabase);

/* ---- Creation ---- */
static BOOLEAN IopNeedsVpb(DEVICE_TYPE Type)
{
    return Type == FILE_DEVICE_DISK || Type == FILE_DEVICE_TAPE || Type == FILE_DEVICE_CD_ROM || Type == FILE_DEVICE_VIRTUAL_DISK;
}

/* A volume parameter block says that nothing was mounted yet. */
static NTSTATUS IopCreateVpb(PDEVICE_OBJECT Device)
{
    PVPB vpb = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*vpb), 'bpVI');

    if (vpb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(vpb, sizeof(*vpb));
    vpb->Type = IO_TYPE_VPB;
    vpb->Size = sizeof(*vpb);
    vpb->RealDevice = Device;
    Device->Vpb = vpb;
    return STATUS_SUCCESS;
}

static VOID IopFillDevice(PDEVICE_OBJECT Device, PDRIVER_OBJECT Driver, ULONG ExtensionSize)
{
    ULONG rounded = (ExtensionSize + 15) & ~15u;
    IO_DEVOBJ_EXTENSION *extension = (IO_DEVOBJ_EXTENSION *)((PUCHAR)Device + IOP_DEVICE_OBJECT_SIZE + rounded);

    Device->Type = IO_TYPE_DEVICE;
    Device->Size = (USHORT)(IOP_DEVICE_OBJECT_SIZE + ExtensionSize);
    Device->DriverObject = Driver;
    Device->DeviceExtension = ExtensionSize != 0 ? (PUCHAR)Device + IOP_DEVICE_OBJECT_SIZE : NULL;
    Device->DeviceObjectExtension = (struct _DEVOBJ_EXTENSION *)extension;
    Device->StackSize = 1;
    Device->AlignmentRequirement = FILE_BYTE_ALIGNMENT;
    Device->DeviceQueue.Type = 20;               /* DeviceQueueObject */
    Device->DeviceQueue.Size = sizeof(KDEVICE_QUEUE);
    InitializeListHead(&Device->DeviceQueue.DeviceListHead);
    KeInitializeEvent(&Device->DeviceLock, SynchronizationEvent, TRUE);
    extension->Type = IO_TYPE_DEVICE_OBJECT_EXTENSION;
    extension->DeviceObject = Device;
}

static NTSTATUS IopMakeDevice(PDRIVER_OBJECT Driver, ULONG ExtensionSize, PUNICODE_STRING Name, PDEVICE_OBJECT *Device)
{
    ULONG size = IOP_DEVICE_OBJECT_SIZE + ((ExtensionSize + 15) & ~15u) + sizeof(IO_DEVOBJ_EXTENSION);
    OBJECT_ATTRIBUTES attributes;
    PVOID object;
    NTSTATUS status;

    if (ExtensionSize > 0xFFFF - IOP_DEVICE_OBJECT_SIZE)         /* DEVICE_OBJECT.Size is 16 bits */
        return STATUS_INSUFFICIENT_RESOURCES;
    InitializeObjectAttributes(&attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | (Name != NULL ? OBJ_PERMANENT : 0),
                               NULL, NULL);
    status = ObCreateObject(KernelMode, IopDeviceObjectType, &attributes, KernelMode, NULL, size, 0, 0, &object);
    if (!NT_SUCCESS(status))
        return status;
    IopFillDevice(object, Driver, ExtensionSize);
    ObfReferenceObject(Driver);
    *Device = object;
    return STATUS_SUCCESS;
}

static VOID IopLinkDevice(PDEVICE_OBJECT Device)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    Device->NextDevice = Device->DriverObject->DeviceObject;
    Device->DriverObject->DeviceObject = Device;
    KeLockRelease(&IopDatabaseLock, irql);
}

static NTSTATUS IopCreateNamedDevice(PDRIVER_OBJECT Driver, ULONG ExtensionSize, PUNICODE_STRING Name, DEVICE_TYPE Type,
                                     ULONG Characteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject)
{
    PDEVICE_OBJECT device;
    NTSTATUS status = IopMakeDevice(Driver, ExtensionSize, Name, &device);

    if (!NT_SUCCESS(status))
        return status;
    device->DeviceType = Type;
    device->Characteristics = Characteristics;
    device->Flags = DO_DEVICE_INITIALIZING | (Exclusive ? DO_EXCLUSIVE : 0) | (Name != NULL ? DO_DEVICE_HAS_NAME : 0);
    status = IopNeedsVpb(Type) ? IopCreateVpb(device) : STATUS_SUCCESS;
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(device);
        return status;
    }
    status = ObInsertObject(device, NULL, FILE_READ_DATA | FILE_WRITE_DATA, 0, NULL, NULL);
    if (!NT_SUCCESS(status))
        return status;
    IopLinkDevice(device);
    *DeviceObject = device;
    return STATUS_SUCCESS;
}

/* "\Device\" and eight hex digits. */
static VOID IopAutogenerateName(PUNICODE_STRING Name, PWCHAR Buffer)
{
    static volatile LONG next;
    static const WCHAR prefix[] = L"\\Device\\";
    ULONG number = (ULONG)InterlockedIncrement(&next), length = RTL_NUMBER_OF(prefix) - 1, digit;

    RtlCopyMemory(Buffer, prefix, sizeof(prefix));
    for (digit = 8; digit-- != 0;)
        Buffer[length++] = L"0123456789abcdef"[number >> 4 * digit & 15];
    Buffer[length] = L'\0';
    RtlInitUnicodeString(Name, Buffer);
}

NTSTATUS NTAPI IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
                              DEVICE_TYPE DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject)
{
    WCHAR buffer[24];
    UNICODE_STRING generated;
    NTSTATUS status;

    if (!(DeviceCharacteristics & FILE_AUTOGENERATED_DEVICE_NAME))
        return IopCreateNamedDevice(DriverObject, DeviceExtensionSize, DeviceName, DeviceType, DeviceCharacteristics, Exclusive,
                                    DeviceObject);
    do {
        IopAutogenerateName(&generated, buffer);
        status = IopCreateNamedDevice(DriverObject, DeviceExtensionSize, &generated, DeviceType, DeviceCharacteristics, Exclusive,
                                      DeviceObject);
    } while (status == STATUS_OBJECT_NAME_COLLISION);
    return status;
}

/* ---- Deletion ---- */
static VOID IopUnlinkDeviceLocked(PDEVICE_OBJECT Device)
{
    PDEVICE_OBJECT *link = &Device->DriverObject->DeviceObject;
    while (*link != NULL && *link != Device)
        link = &(*link)->NextDevice;
    ASSERT(*link == Device);
    if (*link == Device)
        *link = Device->NextDevice;
    Device->NextDevice = NULL;
}

/* Takes a device nobody uses out of its driver's list, once. TRUE: the caller owns the list's reference now. */
static BOOLEAN IopFinishDeleteLocked(PDEVICE_OBJECT Device)
{
    ULONG *flags = &IoDeviceExtension(Device)->ExtensionFlags;

    if (!(*flags & DOE_DELETE_PENDING) || (*flags & DOE_REMOVE_PROCESSED) || Device->ReferenceCount != 0)
        return FALSE;
    *flags |= DOE_REMOVE_PROCESSED;
    IopUnlinkDeviceLocked(Device);
    return TRUE;
}

VOID NTAPI IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN finished;
    KIRQL irql;

    if (DeviceObject->Flags & DO_SHUTDOWN_REGISTERED)
        IopUnregisterShutdown(DeviceObject);
    ObfReferenceObject(DeviceObject);
    if (DeviceObject->Flags & DO_DEVICE_HAS_NAME)
        ObMakeTemporaryObject(DeviceObject);
    irql = KeLockAcquire(&IopDatabaseLock);
    IoDeviceExtension(DeviceObject)->ExtensionFlags |= DOE_DELETE_PENDING;
    finished = IopFinishDeleteLocked(DeviceObject);
    KeLockRelease(&IopDatabaseLock, irql);
    if (finished)
        ObfDereferenceObject(DeviceObject);
    ObfDereferenceObject(DeviceObject);
}

VOID IopDeleteDevice(PVOID Object)
{
    PDEVICE_OBJECT device = Object;

    if (device->Vpb != NULL)
        ExFreePoolWithTag(device->Vpb, 'bpVI');
    if (device->DriverObject != NULL)
        ObfDereferenceObject(device->DriverObject);
}

/* ---- Users ---- */
NTSTATUS IopOpenDevice(PDEVICE_OBJECT Device, BOOLEAN Related)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    NTSTATUS status = STATUS_SUCCESS;

    if ((IoDeviceExtension(Device)->ExtensionFlags & DOE_GOING) || (Device->Flags & DO_DEVICE_INITIALIZING))
        status = STATUS_NO_SUCH_DEVICE;
    else if ((Device->Flags & DO_EXCLUSIVE) && Device->ReferenceCount != 0 && !Related)
        status = STATUS_ACCESS_DENIED;
    else
        Device->ReferenceCount++;
    KeLockRelease(&IopDatabaseLock, irql);
    return status;
}

VOID IopCloseDevice(PDEVICE_OBJECT Device)
{
    PDRIVER_OBJECT driver = Device->DriverObject;
    BOOLEAN deleted, unloading;
    KIRQL irql;

    ObfReferenceObject(driver);
    irql = KeLockAcquire(&IopDatabaseLock);
    ASSERT(Device->ReferenceCount > 0);
    Device->ReferenceCount--;
    deleted = IopFinishDeleteLocked(Device);
    unloading = (IoDeviceExtension(Device)->ExtensionFlags & DOE_UNLOAD_PENDING) && Device->ReferenceCount == 0;
    KeLockRelease(&IopDatabaseLock, irql);
    if (deleted)
        ObfDereferenceObject(Device);
    if (unloading)
        IopTryUnload(driver);
    ObfDereferenceObject(driver);
}
