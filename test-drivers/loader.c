/* SPDX-License-Identifier: MIT
 * Loads good_device.sys by its service's key, talks to its device, and unloads it. The lab keeps good_device.sys for it.
 */
#include "check.h"
#include "good_device.h"

#define SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services"

NTSYSAPI NTSTATUS NTAPI ZwLoadDriver(PUNICODE_STRING DriverServiceName);
NTSYSAPI NTSTATUS NTAPI ZwUnloadDriver(PUNICODE_STRING DriverServiceName);

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS MakeKey(PCWSTR Path, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
}

static VOID SetValue(HANDLE Key, PCWSTR Name, ULONG Type, PVOID Data, ULONG Bytes)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    CheckStatus(ZwSetValueKey(Key, &name, 0, Type, Data, Bytes), STATUS_SUCCESS, "a value of the service");
}

static HANDLE MakeService(VOID)
{
    static WCHAR path[] = L"System32\\drivers\\good_device.sys";
    ULONG type = 1, start = 3;                   /* a kernel driver, on demand */
    HANDLE services = NULL, key = NULL;

    CheckStatus(MakeKey(SERVICES, &services), STATUS_SUCCESS, "the key of all services");
    if (!CheckStatus(MakeKey(SERVICES L"\\good_device", &key), STATUS_SUCCESS, "the service's key"))
        return NULL;
    SetValue(key, L"Type", REG_DWORD, &type, sizeof(type));
    SetValue(key, L"Start", REG_DWORD, &start, sizeof(start));
    SetValue(key, L"ImagePath", REG_EXPAND_SZ, path, sizeof(path));
    ZwClose(services);
    return key;
}

static NTSTATUS FindDevice(PFILE_OBJECT *File)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE_NAME);
    PDEVICE_OBJECT device;

    return IoGetDeviceObjectPointer(&name, FILE_READ_DATA, File, &device);
}

static VOID UseService(VOID)
{
    UNICODE_STRING service = RTL_CONSTANT_STRING(SERVICES L"\\good_device");
    PFILE_OBJECT file;

    Check(!NT_SUCCESS(FindDevice(&file)), "the device is not there before its driver");
    if (!CheckStatus(ZwLoadDriver(&service), STATUS_SUCCESS, "the driver is loaded"))
        return;
    CheckStatus(ZwLoadDriver(&service), STATUS_IMAGE_ALREADY_LOADED, "once");
    if (CheckStatus(FindDevice(&file), STATUS_SUCCESS, "its device opens"))
        ObDereferenceObject(file);
    CheckStatus(ZwUnloadDriver(&service), STATUS_SUCCESS, "it is unloaded");
    Check(!NT_SUCCESS(FindDevice(&file)), "the device went with it");
    CheckStatus(ZwUnloadDriver(&service), STATUS_OBJECT_NAME_NOT_FOUND, "once");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING nobody = RTL_CONSTANT_STRING(SERVICES L"\\nobody");
    HANDLE key = MakeService();

    if (key != NULL) {
        UseService();
        UseService();                            /* nothing of the first time is left */
        ZwDeleteKey(key);
        ZwClose(key);
    }
    CheckStatus(ZwLoadDriver(&nobody), STATUS_OBJECT_NAME_NOT_FOUND, "a service that has no key");
    return CheckResult();
}
