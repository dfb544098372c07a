/* SPDX-License-Identifier: MIT
 * The driver's entry: \Device\Mailslot, which programs know as \??\MAILSLOT.
 */
#include "msfs.h"

DRIVER_INITIALIZE DriverEntry;

IPC_HANDLER *const IpcHandlers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = MsOpen,
    [IRP_MJ_CREATE_MAILSLOT] = MsCreate,
    [IRP_MJ_CLEANUP] = MsCleanup,
    [IRP_MJ_CLOSE] = MsClose,
    [IRP_MJ_READ] = MsRead,
    [IRP_MJ_WRITE] = MsWrite,
    [IRP_MJ_QUERY_INFORMATION] = MsQueryInformation,
    [IRP_MJ_SET_INFORMATION] = MsSetInformation,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = MsQueryVolume,
    [IRP_MJ_DIRECTORY_CONTROL] = IpcDirectoryControl,
    [IRP_MJ_QUERY_SECURITY] = MsQuerySecurity,
    [IRP_MJ_SET_SECURITY] = MsSetSecurity,
};

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    return IpcStart(DriverObject, L"\\Device\\Mailslot", L"\\??\\MAILSLOT", FILE_DEVICE_MAILSLOT);
}
