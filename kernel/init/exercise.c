/* SPDX-License-Identifier: MIT
 * What a driver made, and the first requests to it: its devices, the links that lead to them, its dispatch routines; then each
 * named device is opened, sent a control code that nobody knows, and closed again. Refusals are the driver's right; they are
 * reported, not judged. A control request that is kept is cancelled after a while.
 */
#include "lab.h"
#include "ex.h"
#include "kd.h"
#include "ob.h"

#define INIT_UNKNOWN_IOCTL CTL_CODE(0x7ABC, 0xFED, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define INIT_CONTROL_PATIENCE (-10000000ll)      /* one second */

static const PCSTR InitMajorNames[] = {
    "IRP_MJ_CREATE", "IRP_MJ_CREATE_NAMED_PIPE", "IRP_MJ_CLOSE", "IRP_MJ_READ", "IRP_MJ_WRITE", "IRP_MJ_QUERY_INFORMATION",
    "IRP_MJ_SET_INFORMATION", "IRP_MJ_QUERY_EA", "IRP_MJ_SET_EA", "IRP_MJ_FLUSH_BUFFERS", "IRP_MJ_QUERY_VOLUME_INFORMATION",
    "IRP_MJ_SET_VOLUME_INFORMATION", "IRP_MJ_DIRECTORY_CONTROL", "IRP_MJ_FILE_SYSTEM_CONTROL", "IRP_MJ_DEVICE_CONTROL",
    "IRP_MJ_INTERNAL_DEVICE_CONTROL", "IRP_MJ_SHUTDOWN", "IRP_MJ_LOCK_CONTROL", "IRP_MJ_CLEANUP", "IRP_MJ_CREATE_MAILSLOT",
    "IRP_MJ_QUERY_SECURITY", "IRP_MJ_SET_SECURITY", "IRP_MJ_POWER", "IRP_MJ_SYSTEM_CONTROL", "IRP_MJ_DEVICE_CHANGE",
    "IRP_MJ_QUERY_QUOTA", "IRP_MJ_SET_QUOTA", "IRP_MJ_PNP",
};
C_ASSERT(RTL_NUMBER_OF(InitMajorNames) == IRP_MJ_MAXIMUM_FUNCTION + 1);

/* The device's name in Buffer, or NULL when it has none. */
static PUNICODE_STRING InitDeviceName(PDEVICE_OBJECT Device, POBJECT_NAME_INFORMATION Buffer, ULONG Size)
{
    ULONG length;
    if (!NT_SUCCESS(ObQueryNameString(Device, Buffer, Size, &length)) || Buffer->Name.Length == 0)
        return NULL;
    return &Buffer->Name;
}

static VOID InitReportDevice(const LAB_DRIVER *Driver, PDEVICE_OBJECT Device, PCUNICODE_STRING Name)
{
    KdBeginEvent("device");
    KdEventText("file", Driver->Name);
    KdEventUnicode("name", Name);
    KdEventNumber("type", Device->DeviceType);
    KdEventNumber("characteristics", Device->Characteristics);
    KdEventNumber("flags", Device->Flags);
    KdEndEvent();
}

/* ---- Links: every symbolic link of \GLOBAL?? whose target is one of the driver's devices ---- */
typedef struct INIT_LINK_SEARCH {
    const LAB_DRIVER *Driver;
    PCUNICODE_STRING Device;
    ULONG Found;
} INIT_LINK_SEARCH;

static VOID InitVisitLink(PVOID Context, PCUNICODE_STRING Name, PCUNICODE_STRING Target)
{
    INIT_LINK_SEARCH *search = Context;

    if (!RtlEqualUnicodeString(Target, search->Device, TRUE))
        return;
    search->Found++;
    KdBeginEvent("symlink");
    KdEventText("file", search->Driver->Name);
    KdEventUnicode("name", Name);
    KdEventUnicode("target", Target);
    KdEndEvent();
}

ULONG InitReportLinks(const LAB_DRIVER *Driver, PCUNICODE_STRING Device)
{
    INIT_LINK_SEARCH search = { Driver, Device, 0 };
    ObEnumerateSymbolicLinks(InitVisitLink, &search);
    return search.Found;
}

static VOID InitReportDispatch(const LAB_DRIVER *Driver)
{
    ULONG i;
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        if (IoIsDefaultDispatch(Driver->Object->MajorFunction[i]))
            continue;
        KdBeginEvent("dispatch");
        KdEventText("file", Driver->Name);
        KdEventText("major", InitMajorNames[i]);
        KdEventFrame("frame", (ULONG64)Driver->Object->MajorFunction[i]);
        KdEndEvent();
    }
}

/* ---- Requests ---- */
VOID InitReportRequest(const LAB_DRIVER *Driver, PCUNICODE_STRING Device, PCSTR Major, PCSTR Minor, NTSTATUS Status,
                       ULONG_PTR Information)
{
    KdBeginEvent("request");
    KdEventText("file", Driver->Name);
    KdEventUnicode("device", Device);
    KdEventText("major", Major);
    KdEventText("minor", Minor);
    KdEventCode("status", (ULONG)Status);
    KdEventNumber("information", (LONG64)Information);
    KdEndEvent();
}

/* Waits for a request; cancels it when it takes too long. STATUS_PENDING: not even that ended it. */
static NTSTATUS InitAwaitControl(HANDLE File, HANDLE Done, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER patience = { .QuadPart = INIT_CONTROL_PATIENCE };
    IO_STATUS_BLOCK cancelled;

    if (ZwWaitForSingleObject(Done, FALSE, &patience) == STATUS_SUCCESS)
        return Result->Status;
    ZwCancelIoFile(File, &cancelled);
    return ZwWaitForSingleObject(Done, FALSE, &patience) == STATUS_SUCCESS ? Result->Status : STATUS_PENDING;
}

/* The result's memory stays with a request that never ends. */
static VOID InitSendUnknownControl(const LAB_DRIVER *Driver, PUNICODE_STRING Name, HANDLE File)
{
    PIO_STATUS_BLOCK result = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*result), LAB_TAG);
    OBJECT_ATTRIBUTES attributes;
    HANDLE done;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (result == NULL)
        return;
    *result = (IO_STATUS_BLOCK){ .Information = 0 };
    status = ZwCreateEvent(&done, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE);
    if (NT_SUCCESS(status)) {
        status = ZwDeviceIoControlFile(File, done, NULL, NULL, result, INIT_UNKNOWN_IOCTL, NULL, 0, NULL, 0);
        if (status == STATUS_PENDING)
            status = InitAwaitControl(File, done, result);
        InitReportRequest(Driver, Name, "IRP_MJ_DEVICE_CONTROL", NULL, status, result->Information);
        ZwClose(done);
    }
    if (status != STATUS_PENDING)
        ExFreePoolWithTag(result, LAB_TAG);
}

VOID InitOpenAndClose(const LAB_DRIVER *Driver, PUNICODE_STRING Name)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result = { .Information = 0 };
    HANDLE handle;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(&handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &result, NULL, 0,
                          FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
    InitReportRequest(Driver, Name, "IRP_MJ_CREATE", NULL, status, result.Information);
    if (!NT_SUCCESS(status))
        return;
    InitSendUnknownControl(Driver, Name, handle);
    status = ZwClose(handle);
    InitReportRequest(Driver, Name, "IRP_MJ_CLOSE", NULL, status, 0);
}

VOID InitExercise(LAB_DRIVER *Driver, BOOLEAN Send)
{
    ULONG size = 1024;
    POBJECT_NAME_INFORMATION buffer = ExAllocatePoolWithTag(PagedPool, size, LAB_TAG);
    PDEVICE_OBJECT device;

    if (buffer == NULL)
        return;
    InitReportDispatch(Driver);
    for (device = Driver->Object->DeviceObject; device != NULL; device = device->NextDevice) {
        PUNICODE_STRING name = InitDeviceName(device, buffer, size);
        InitReportDevice(Driver, device, name);
        if (name != NULL)
            InitReportLinks(Driver, name);
    }
    for (device = Driver->Object->DeviceObject; Send && device != NULL; device = device->NextDevice) {
        PUNICODE_STRING name = InitDeviceName(device, buffer, size);
        if (name != NULL)
            InitOpenAndClose(Driver, name);
    }
    if (Send && Driver->Pdo != NULL)
        InitExercisePlugged(Driver, buffer, size);
    ExFreePoolWithTag(buffer, LAB_TAG);
}
