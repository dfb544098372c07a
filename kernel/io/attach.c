/* SPDX-License-Identifier: MIT
 * Stacks of devices: AttachedDevice leads up, DEVOBJ_EXTENSION.AttachedTo down; both under IopDatabaseLock.
 */
#include "iop.h"

static PDEVICE_OBJECT IopTopLocked(PDEVICE_OBJECT Device)
{
    while (Device->AttachedDevice != NULL)
        Device = Device->AttachedDevice;
    return Device;
}

/* The device Source now stands on, or NULL when the top of the stack is going or not ready. *AttachedTo is set before any request
 * can pass. */
static PDEVICE_OBJECT IopAttach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target, PDEVICE_OBJECT *AttachedTo)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    PDEVICE_OBJECT top = IopTopLocked(Target);
    IO_DEVOBJ_EXTENSION *below = IoDeviceExtension(top), *own = IoDeviceExtension(Source);

    if ((below->ExtensionFlags & DOE_GOING) || (top->Flags & DO_DEVICE_INITIALIZING) || top->StackSize == MAXCHAR) {
        top = NULL;
    } else {
        *AttachedTo = top;
        Source->StackSize = (CCHAR)(top->StackSize + 1);
        Source->AlignmentRequirement = top->AlignmentRequirement;
        Source->SectorSize = top->SectorSize;
        own->ExtensionFlags |= below->ExtensionFlags & DOE_START_PENDING;
        own->AttachedTo = top;
        top->AttachedDevice = Source;
    }
    KeLockRelease(&IopDatabaseLock, irql);
    return top;
}

PDEVICE_OBJECT NTAPI IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    PDEVICE_OBJECT attachedTo;
    return IopAttach(SourceDevice, TargetDevice, &attachedTo);
}

NTSTATUS NTAPI IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice,
                                               PDEVICE_OBJECT *AttachedToDeviceObject)
{
    PDEVICE_OBJECT attachedTo;
    if (IopAttach(SourceDevice, TargetDevice, AttachedToDeviceObject != NULL ? AttachedToDeviceObject : &attachedTo) != NULL)
        return STATUS_SUCCESS;
    if (AttachedToDeviceObject != NULL)
        *AttachedToDeviceObject = NULL;
    return STATUS_NO_SUCH_DEVICE;
}

NTSTATUS NTAPI IoAttachDeviceByPointer(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    return IoAttachDeviceToDeviceStack(SourceDevice, TargetDevice) != NULL ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}

NTSTATUS NTAPI IoAttachDevice(PDEVICE_OBJECT SourceDevice, PUNICODE_STRING TargetDevice, PDEVICE_OBJECT *AttachedDevice)
{
    PFILE_OBJECT file;
    PDEVICE_OBJECT target;
    NTSTATUS status = IoGetDeviceObjectPointer(TargetDevice, FILE_READ_ATTRIBUTES, &file, &target);

    if (!NT_SUCCESS(status))
        return status;
    status = IoAttachDeviceToDeviceStackSafe(SourceDevice, target, AttachedDevice);
    ObfDereferenceObject(file);
    return status;
}

/* TargetDevice is the lower one. */
VOID NTAPI IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    PDEVICE_OBJECT upper = TargetDevice->AttachedDevice;
    BOOLEAN unloading = (IoDeviceExtension(TargetDevice)->ExtensionFlags & DOE_UNLOAD_PENDING) && TargetDevice->ReferenceCount == 0;
    PDRIVER_OBJECT driver = TargetDevice->DriverObject;

    ASSERT(upper != NULL);
    if (upper != NULL)
        IoDeviceExtension(upper)->AttachedTo = NULL;
    TargetDevice->AttachedDevice = NULL;
    if (unloading)
        ObfReferenceObject(driver);
    KeLockRelease(&IopDatabaseLock, irql);
    if (!unloading)
        return;
    IopTryUnload(driver);
    ObfDereferenceObject(driver);
}

/* Most devices have nobody above them, which a look tells; a walk must not meet a device that is going. */
PDEVICE_OBJECT NTAPI IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject)
{
    PDEVICE_OBJECT top;
    KIRQL irql;

    if (__atomic_load_n(&DeviceObject->AttachedDevice, __ATOMIC_ACQUIRE) == NULL)
        return DeviceObject;
    irql = KeLockAcquire(&IopDatabaseLock);
    top = IopTopLocked(DeviceObject);
    KeLockRelease(&IopDatabaseLock, irql);
    return top;
}

PDEVICE_OBJECT NTAPI IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    PDEVICE_OBJECT top = IopTopLocked(DeviceObject);
    ObfReferenceObject(top);
    KeLockRelease(&IopDatabaseLock, irql);
    return top;
}

/* The next lower device, referenced, or NULL. */
PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    PDEVICE_OBJECT lower = IoDeviceExtension(DeviceObject)->AttachedTo;
    if (lower != NULL)
        ObfReferenceObject(lower);
    KeLockRelease(&IopDatabaseLock, irql);
    return lower;
}

/* The lowest device of the stack, referenced. */
PDEVICE_OBJECT NTAPI IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    while (IoDeviceExtension(DeviceObject)->AttachedTo != NULL)
        DeviceObject = IoDeviceExtension(DeviceObject)->AttachedTo;
    ObfReferenceObject(DeviceObject);
    KeLockRelease(&IopDatabaseLock, irql);
    return DeviceObject;
}

PDEVICE_OBJECT NTAPI IoGetRelatedDeviceObject(PFILE_OBJECT FileObject)
{
    return IoGetAttachedDevice(IoGetBaseFileSystemDeviceObject(FileObject));
}

NTSTATUS NTAPI IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess, PFILE_OBJECT *FileObject,
                                        PDEVICE_OBJECT *DeviceObject)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    HANDLE handle;
    PVOID file;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, ObjectName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = ZwOpenFile(&handle, DesiredAccess, &attributes, &result, 0, FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(handle, 0, IopFileObjectType, KernelMode, &file, NULL);
    if (NT_SUCCESS(status)) {
        *FileObject = file;
        *DeviceObject = IoGetRelatedDeviceObject(file);
    }
    ZwClose(handle);
    return status;
}
