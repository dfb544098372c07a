/* SPDX-License-Identifier: MIT
 * The driver's device, and what can be opened of it besides its objects: the file system itself and its root directory.
 */
#include "ipc.h"

static UNICODE_STRING IpcLink;                   /* I */

static NTSTATUS NTAPI IpcDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS status;

    Irp->IoStatus.Information = 0;
    FsRtlEnterFileSystem();
    status = IpcHandlers[location->MajorFunction](Irp, location);
    FsRtlExitFileSystem();
    if (status != STATUS_PENDING) {
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NAMED_PIPE_INCREMENT);
    }
    return status;
}

static VOID NTAPI IpcUnload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&IpcLink);
    IoDeleteDevice(DriverObject->DeviceObject);
    ExDeleteResourceLite(&IpcNames);
}

static NTSTATUS IpcMakeDevice(PDRIVER_OBJECT DriverObject, PUNICODE_STRING Name, DEVICE_TYPE Type)
{
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(DriverObject, 0, Name, Type, 0, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    device->Flags |= DO_BUFFERED_IO;
    status = IoCreateSymbolicLink(&IpcLink, Name);
    if (NT_SUCCESS(status))
        device->Flags &= ~DO_DEVICE_INITIALIZING;
    else
        IoDeleteDevice(device);
    return status;
}

NTSTATUS IpcStart(PDRIVER_OBJECT DriverObject, PCWSTR Name, PCWSTR Link, DEVICE_TYPE Type)
{
    UNICODE_STRING name;
    NTSTATUS status = ExInitializeResourceLite(&IpcNames);
    ULONG i;

    if (!NT_SUCCESS(status))
        return status;
    InitializeListHead(&IpcObjects);
    RtlInitUnicodeString(&name, Name);
    RtlInitUnicodeString(&IpcLink, Link);
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        if (IpcHandlers[i] != NULL)
            DriverObject->MajorFunction[i] = IpcDispatch;
    DriverObject->DriverUnload = IpcUnload;
    status = IpcMakeDevice(DriverObject, &name, Type);
    if (!NT_SUCCESS(status))
        ExDeleteResourceLite(&IpcNames);
    return status;
}

/* ---- The file system and its root ---- */
NTSTATUS IpcOpenSystem(IPC_KIND Kind, PIRP Irp, PIO_STACK_LOCATION Location)
{
    IPC_FILE *file;

    if (Kind == IpcKindRoot && (Location->Parameters.Create.Options & FILE_NON_DIRECTORY_FILE))
        return STATUS_FILE_IS_A_DIRECTORY;
    if (Kind == IpcKindDevice && (Location->Parameters.Create.Options & FILE_DIRECTORY_FILE))
        return STATUS_NOT_A_DIRECTORY;
    file = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*file), IPC_TAG);
    if (file == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(file, sizeof(*file));
    file->Kind = Kind;
    Location->FileObject->FsContext2 = file;
    Irp->IoStatus.Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

VOID IpcCloseSystem(PFILE_OBJECT File)
{
    IPC_FILE *file = File->FsContext2;

    File->FsContext2 = NULL;
    if (file == NULL)
        return;
    if (file->Directory.Pattern.Buffer != NULL)
        RtlFreeUnicodeString(&file->Directory.Pattern);
    ExFreePoolWithTag(file, IPC_TAG);
}

NTSTATUS IpcQuerySystem(PIRP Irp, PIO_STACK_LOCATION Location)
{
    static const UNICODE_STRING none = { 0 };
    IPC_FILE *file = Location->FileObject->FsContext2;
    PFILE_STANDARD_INFORMATION standard = Irp->AssociatedIrp.SystemBuffer;

    if (file == NULL)
        return STATUS_INVALID_PARAMETER;
    if (Location->Parameters.QueryFile.FileInformationClass != FileStandardInformation)
        return IpcQueryCommon(&none, file, Location, Irp->AssociatedIrp.SystemBuffer, &Irp->IoStatus.Information);
    RtlZeroMemory(standard, sizeof(*standard));
    standard->NumberOfLinks = 1;
    standard->Directory = file->Kind == IpcKindRoot;
    Irp->IoStatus.Information = sizeof(*standard);
    return STATUS_SUCCESS;
}

NTSTATUS IpcDirectoryControl(PIRP Irp, PIO_STACK_LOCATION Location)
{
    IPC_FILE *file = Location->FileObject->FsContext2;

    if (file == NULL || file->Kind != IpcKindRoot)
        return STATUS_INVALID_PARAMETER;
    if (Location->MinorFunction != IRP_MN_QUERY_DIRECTORY)
        return STATUS_NOT_SUPPORTED;
    return IpcQueryDirectory(&file->Directory, Irp, Location);
}
