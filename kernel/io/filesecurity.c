/* SPDX-License-Identifier: MIT
 * The security descriptors of files: their drivers keep them (IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY). Who opened a device itself
 * has the device's.
 */
#include "iop.h"
#include "se.h"

static NTSTATUS IopSendSecurity(PFILE_OBJECT File, const IO_STACK_LOCATION *Location, PVOID Buffer, PIO_STATUS_BLOCK Result)
{
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(File);
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->Tail.Overlay.OriginalFileObject = File;
    irp->UserBuffer = Buffer;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Location->MajorFunction;
    location->FileObject = File;
    location->Parameters = Location->Parameters;
    IopSendForWaiter(device, irp, Result);
    return Result->Status;
}

/* A driver that knows no security: everybody may do everything, and nothing says who it belongs to. */
static NTSTATUS IopQueryNone(PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length)
{
    SECURITY_DESCRIPTOR none;
    PSECURITY_DESCRIPTOR descriptor = &none;

    RtlCreateSecurityDescriptor(&none, SECURITY_DESCRIPTOR_REVISION);
    return SeQuerySecurityDescriptorInfo(What, Buffer, Length, &descriptor);
}

static NTSTATUS IopQueryFileSecurity(PFILE_OBJECT File, PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length)
{
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_QUERY_SECURITY };
    IO_STATUS_BLOCK result = { { STATUS_INVALID_DEVICE_REQUEST }, 0 };
    NTSTATUS status;

    location.Parameters.QuerySecurity.SecurityInformation = *What;
    location.Parameters.QuerySecurity.Length = *Length;
    status = IopSendSecurity(File, &location, Buffer, &result);
    if (status == STATUS_INVALID_DEVICE_REQUEST)
        return IopQueryNone(What, Buffer, Length);
    if (NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW)
        *Length = (ULONG)result.Information;
    return status == STATUS_BUFFER_OVERFLOW ? STATUS_BUFFER_TOO_SMALL : status;
}

static NTSTATUS IopSetFileSecurity(PFILE_OBJECT File, PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Change)
{
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_SET_SECURITY };
    IO_STATUS_BLOCK result = { { STATUS_INVALID_DEVICE_REQUEST }, 0 };

    location.Parameters.SetSecurity.SecurityInformation = *What;
    location.Parameters.SetSecurity.SecurityDescriptor = Change;
    return IopSendSecurity(File, &location, NULL, &result);
}

static NTSTATUS IopQueryDeviceSecurity(PDEVICE_OBJECT Device, PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length)
{
    PSECURITY_DESCRIPTOR descriptor;
    BOOLEAN allocated;
    NTSTATUS status = ObGetObjectSecurity(Device, &descriptor, &allocated);

    if (!NT_SUCCESS(status))
        return status;
    if (descriptor == NULL)
        return IopQueryNone(What, Buffer, Length);
    status = SeQuerySecurityDescriptorInfo(What, Buffer, Length, &descriptor);
    ObReleaseObjectSecurity(descriptor, allocated);
    return status;
}

NTSTATUS IopFileSecurity(PVOID Object, ULONG OperationCode, PSECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR Descriptor,
                         PULONG Length, PSECURITY_DESCRIPTOR *Kept, POOL_TYPE PoolType, PGENERIC_MAPPING Mapping, KPROCESSOR_MODE Mode)
{
    PFILE_OBJECT file = Object;
    BOOLEAN isDevice = file->Vpb == NULL && file->FileName.Length == 0 && file->RelatedFileObject == NULL &&
                       !(file->Flags & (FO_NAMED_PIPE | FO_MAILSLOT));

    switch (OperationCode) {
    case QuerySecurityDescriptor:
        if (file->DeviceObject == NULL)          /* no file yet: it is being opened */
            return IopQueryNone(Information, Descriptor, Length);
        return isDevice ? IopQueryDeviceSecurity(file->DeviceObject, Information, Descriptor, Length)
                        : IopQueryFileSecurity(file, Information, Descriptor, Length);
    case SetSecurityDescriptor:
        return isDevice ? ObSetSecurityObjectByPointer(file->DeviceObject, *Information, Descriptor)
                        : IopSetFileSecurity(file, Information, Descriptor);
    case DeleteSecurityDescriptor:
    case AssignSecurityDescriptor:
        return STATUS_SUCCESS;                   /* nothing is kept here */
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
