/* SPDX-License-Identifier: MIT
 * Loading and unloading a driver by the path of its service's key. The driver object owns the image, so that it is unmapped with the
 * driver's last device.
 *
 * IopLoadLock keeps two loads from mapping the same image; it is not held while DriverEntry runs, which may load others.
 */
#include "service.h"
#include "se.h"

IO_UPCALLS IoUpcalls;
static ERESOURCE IopLoadLock;

VOID IopInitializeLoading(VOID) { ExInitializeResourceLite(&IopLoadLock); }

/* ---- In the System process ---- */
typedef NTSTATUS IOP_SERVICE_ROUTINE(IOP_SERVICE *Service);
typedef struct IOP_SERVICE_WORK {
    WORK_QUEUE_ITEM Item;
    KEVENT Done;
    IOP_SERVICE_ROUTINE *Routine;
    IOP_SERVICE *Service;
    NTSTATUS Status;                             /* valid once Done */
} IOP_SERVICE_WORK;

static VOID NTAPI IopServiceWorker(PVOID Context)
{
    IOP_SERVICE_WORK *work = Context;
    work->Status = work->Routine(work->Service);
    KeSetEvent(&work->Done, IO_NO_INCREMENT, FALSE);
}

/* DriverEntry and DriverUnload run in the System process, whoever asked. */
static NTSTATUS IopRunForService(IOP_SERVICE_ROUTINE *Routine, IOP_SERVICE *Service)
{
    IOP_SERVICE_WORK work = { .Routine = Routine, .Service = Service };

    if (PsGetCurrentProcess() == PsInitialSystemProcess)
        return Routine(Service);
    KeInitializeEvent(&work.Done, NotificationEvent, FALSE);
    ExInitializeWorkItem(&work.Item, IopServiceWorker, &work);
    ExQueueWorkItem(&work.Item, DelayedWorkQueue);
    KeWaitForSingleObject(&work.Done, Executive, KernelMode, FALSE, NULL);
    return work.Status;
}

/* ---- Loading ---- */
NTSTATUS IopReferenceDriver(PCUNICODE_STRING Name, PDRIVER_OBJECT *Driver)
{
    WCHAR buffer[IOP_SERVICE_CHARACTERS + 8] = L"\\Driver\\";
    UNICODE_STRING path = { 8 * sizeof(WCHAR), sizeof(buffer), buffer };

    RtlAppendUnicodeStringToString(&path, Name);
    return ObReferenceObjectByName(&path, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, (PVOID *)Driver);
}

static BOOLEAN IopIsImageLoaded(PCUNICODE_STRING ImageName)
{
    CHAR name[IOP_SERVICE_CHARACTERS];
    ULONG i, length = ImageName->Length / sizeof(WCHAR);

    for (i = 0; i < length; i++)
        name[i] = ImageName->Buffer[i] < 0x7F ? (CHAR)ImageName->Buffer[i] : '?';
    name[length] = '\0';
    return MmFindImage(name) != NULL;
}

/* STATUS_SUCCESS: neither the driver nor its image is there. */
static NTSTATUS IopCheckAbsent(const IOP_SERVICE *Service)
{
    PDRIVER_OBJECT driver;
    BOOLEAN going;

    if (NT_SUCCESS(IopReferenceDriver(&Service->Name, &driver))) {
        going = (driver->Flags & DRVO_UNLOAD_INVOKED) != 0;
        ObfDereferenceObject(driver);
        return going ? STATUS_DRIVER_FAILED_PRIOR_UNLOAD : STATUS_IMAGE_ALREADY_LOADED;
    }
    return IopIsImageLoaded(&Service->ImageName) ? STATUS_IMAGE_ALREADY_LOADED : STATUS_SUCCESS;
}

VOID IopReleaseImage(MM_IMAGE *Image)
{
    if (Image->References == 1)
        IoUpcalls.ForgetImage(Image);
    MmUnloadSystemImage(Image);
}

/* The driver object with its image, referenced; nothing of the driver but DllInitialize of what it imports from has run. */
static NTSTATUS IopMapDriver(const IOP_SERVICE *Service, PDRIVER_OBJECT *Driver)
{
    MM_IMAGE *image = NULL;
    PE_STATUS pe;
    PVOID bytes;
    ULONG size;
    NTSTATUS status = IopReadImageFile(Service, &bytes, &size);

    if (!NT_SUCCESS(status))
        return status;
    status = IoLoadImage(&Service->ImagePath, bytes, size, FALSE, IoUpcalls.BindImport, &image, &pe);
    ExFreePool(bytes);
    if (NT_SUCCESS(status))
        status = IoCreateDriverForImage(image, &Service->Name, Driver);
    if (!NT_SUCCESS(status)) {
        if (image != NULL)
            IopReleaseImage(image);
        return status;
    }
    ObfReferenceObject(*Driver);
    *IopOwnedImage(*Driver) = image;
    return status;
}

static NTSTATUS IopLoadService(IOP_SERVICE *Service)
{
    PDRIVER_OBJECT driver;
    NTSTATUS status;

    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&IopLoadLock, TRUE);
    status = IopCheckAbsent(Service);
    if (NT_SUCCESS(status))
        status = IopMapDriver(Service, &driver);
    ExReleaseResourceLite(&IopLoadLock);
    KeLeaveCriticalRegion();
    if (!NT_SUCCESS(status))
        return status;
    status = IoInitializeDriver(driver);
    ObfDereferenceObject(driver);
    return status;
}

/* ---- Unloading ---- */
/* A driver that is still starting, or that plug and play started, is not for its service to unload. */
static NTSTATUS IopUnloadService(IOP_SERVICE *Service)
{
    PDRIVER_OBJECT driver;
    NTSTATUS status = IopReferenceDriver(&Service->Name, &driver);

    if (!NT_SUCCESS(status))
        return status;
    if (!(driver->Flags & DRVO_INITIALIZED) || driver->DriverExtension->AddDevice != NULL)
        status = STATUS_INVALID_DEVICE_REQUEST;
    else
        status = IoUnloadDriver(driver);
    ObfDereferenceObject(driver);
    return status;
}

/* ---- The services ---- */
static NTSTATUS IopServeByPath(PUNICODE_STRING Path, IOP_SERVICE_ROUTINE *Routine)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    IOP_SERVICE *service;
    NTSTATUS status;

    if (!SeSinglePrivilegeCheck(SeExports->SeLoadDriverPrivilege, mode))
        return STATUS_PRIVILEGE_NOT_HELD;
    service = ExAllocatePoolWithTag(PagedPool, sizeof(*service), IOP_TAG_NAME);
    if (service == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IopReadService(Path, mode, service);
    if (NT_SUCCESS(status))
        status = IopRunForService(Routine, service);
    ExFreePoolWithTag(service, IOP_TAG_NAME);
    return status;
}

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING DriverServiceName) { return IopServeByPath(DriverServiceName, IopLoadService); }
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING DriverServiceName) { return IopServeByPath(DriverServiceName, IopUnloadService); }

NTSTATUS NTAPI ZwLoadDriver(PUNICODE_STRING DriverServiceName)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtLoadDriver(DriverServiceName));
}

NTSTATUS NTAPI ZwUnloadDriver(PUNICODE_STRING DriverServiceName)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtUnloadDriver(DriverServiceName));
}
