/* SPDX-License-Identifier: MIT
 * Uses good_device, which is loaded before it, as another driver would: opens it by name and sends each kind of request.
 */
#include "check.h"
#include "good_device.h"

DRIVER_INITIALIZE DriverEntry;

static UCHAR Input[64], Output[64];

static BOOLEAN OutputIs(UCHAR Mask, ULONG Length)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        if (Output[i] != (Input[i] ^ Mask))
            return FALSE;
    return TRUE;
}

static VOID FillBuffers(VOID)
{
    ULONG i;
    for (i = 0; i < sizeof(Input); i++) {
        Input[i] = (UCHAR)(i * 7 + 3);
        Output[i] = 0;
    }
}

static VOID CheckReadWrite(HANDLE Device)
{
    IO_STATUS_BLOCK block;

    FillBuffers();
    CheckStatus(ZwReadFile(Device, NULL, NULL, NULL, &block, Output, sizeof(Output), NULL, NULL), STATUS_END_OF_FILE,
                "read of the empty device");
    CheckStatus(ZwWriteFile(Device, NULL, NULL, NULL, &block, Input, sizeof(Input), NULL, NULL), STATUS_SUCCESS, "write");
    Check(block.Information == sizeof(Input), "bytes written");
    CheckStatus(ZwReadFile(Device, NULL, NULL, NULL, &block, Output, sizeof(Output), NULL, NULL), STATUS_SUCCESS, "read");
    Check(block.Information == sizeof(Output) && OutputIs(0, sizeof(Output)), "what was written is read");
}

static VOID CheckControl(HANDLE Device, ULONG Code, PCSTR What)
{
    IO_STATUS_BLOCK block;
    NTSTATUS status;

    FillBuffers();
    block.Information = 0;
    status = ZwDeviceIoControlFile(Device, NULL, NULL, NULL, &block, Code, Input, 32, Output, sizeof(Output));
    CheckStatus(status, STATUS_SUCCESS, What);
    CheckStatus(block.Status, STATUS_SUCCESS, What);
    Check(block.Information == 32 && OutputIs(0xFF, 32) && Output[32] == 0, What);
    status = ZwDeviceIoControlFile(Device, NULL, NULL, NULL, &block, Code, Input, 32, Output, 16);
    CheckStatus(status, STATUS_BUFFER_TOO_SMALL, What);
}

/* The way of drivers above drivers: a pointer to the device, an IRP of one's own. */
static VOID CheckOwnIrp(PUNICODE_STRING Name)
{
    PFILE_OBJECT file;
    PDEVICE_OBJECT device;
    IO_STATUS_BLOCK block;
    KEVENT done;
    PIRP irp;
    NTSTATUS status = IoGetDeviceObjectPointer(Name, FILE_READ_DATA, &file, &device);

    if (!CheckStatus(status, STATUS_SUCCESS, "IoGetDeviceObjectPointer"))
        return;
    FillBuffers();
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(IOCTL_COMPLEMENT_BUFFERED, device, Input, 16, Output, 16, FALSE, &done, &block);
    if (Check(irp != NULL, "IoBuildDeviceIoControlRequest")) {
        status = IoCallDriver(device, irp);
        if (status == STATUS_PENDING)
            KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        Check(KeReadStateEvent(&done) != 0, "the request's event is set");
        CheckStatus(block.Status, STATUS_SUCCESS, "own IRP");
        Check(OutputIs(0xFF, 16), "own IRP's output");
    }
    ObDereferenceObject(file);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(LINK_NAME), missing = RTL_CONSTANT_STRING(L"\\Device\\PetrelNoSuchDevice");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block;
    HANDLE device;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, &missing, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(&device, GENERIC_READ | SYNCHRONIZE, &attributes, &block, NULL, 0, 0, FILE_OPEN,
                          FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    CheckStatus(status, STATUS_OBJECT_NAME_NOT_FOUND, "open of a device that is not there");
    InitializeObjectAttributes(&attributes, &link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(&device, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &block, NULL, 0, 0, FILE_OPEN,
                          FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (CheckStatus(status, STATUS_SUCCESS, "open through the symbolic link")) {
        CheckReadWrite(device);
        CheckControl(device, IOCTL_COMPLEMENT_BUFFERED, "buffered control");
        CheckControl(device, IOCTL_COMPLEMENT_DIRECT, "direct control");
        CheckControl(device, IOCTL_COMPLEMENT_NEITHER, "control with neither");
        CheckStatus(ZwDeviceIoControlFile(device, NULL, NULL, NULL, &block, 0x22DEAC, NULL, 0, NULL, 0),
                    STATUS_INVALID_DEVICE_REQUEST, "an unknown control code");
        CheckStatus(ZwClose(device), STATUS_SUCCESS, "close");
    }
    CheckOwnIrp(&link);
    return CheckResult();
}
