/* SPDX-License-Identifier: MIT
 * The driver's entry: \Device\NamedPipe, which programs know as \??\PIPE.
 */
#include "npfs.h"

DRIVER_INITIALIZE DriverEntry;

IPC_HANDLER *const IpcHandlers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = NpOpen,
    [IRP_MJ_CREATE_NAMED_PIPE] = NpCreatePipe,
    [IRP_MJ_CLEANUP] = NpCleanup,
    [IRP_MJ_CLOSE] = NpClose,
    [IRP_MJ_READ] = NpRead,
    [IRP_MJ_WRITE] = NpWrite,
    [IRP_MJ_FLUSH_BUFFERS] = NpFlush,
    [IRP_MJ_QUERY_INFORMATION] = NpQueryInformation,
    [IRP_MJ_SET_INFORMATION] = NpSetInformation,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = NpQueryVolume,
    [IRP_MJ_DIRECTORY_CONTROL] = IpcDirectoryControl,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = NpFsControl,
    [IRP_MJ_QUERY_SECURITY] = NpQuerySecurity,
    [IRP_MJ_SET_SECURITY] = NpSetSecurity,
};

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    return IpcStart(DriverObject, L"\\Device\\NamedPipe", L"\\??\\PIPE", FILE_DEVICE_NAMED_PIPE);
}
