/* SPDX-License-Identifier: MIT
 * The boot volume found among two that are none but answer as volumes do.
 */
#include "../initp.h"
#include "io.h"
#include "ob.h"

static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Volumes[2];
static const WCHAR *const Names[2] = { L"\\Device\\HarddiskVolume63", L"\\Device\\HarddiskVolume64" };

static NTSTATUS Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI OpenClose(PDEVICE_OBJECT Device, PIRP Irp) { return Finish(Irp, STATUS_SUCCESS, 0); }

/* The first has a GUID of A1, the second the MBR's signature 0xB2B2B2B2 and its offset 63 * 512. */
static NTSTATUS NTAPI Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    ULONG function = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode >> 2 & 0xFFF;
    ULONG64 offset = 63 * 512;
    PUCHAR answer = Irp->AssociatedIrp.SystemBuffer;

    if (function == 6 && Device == Volumes[0]) {
        RtlFillMemory(answer, 16, 0xA1);
        return Finish(Irp, STATUS_SUCCESS, 16);
    }
    if (function != 0 || Device != Volumes[1])
        return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    *(PUSHORT)answer = 12;
    RtlFillMemory(answer + 2, 4, 0xB2);
    RtlCopyMemory(answer + 6, &offset, 8);
    return Finish(Irp, STATUS_SUCCESS, 14);
}

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Object, PUNICODE_STRING RegistryPath)
{
    Object->MajorFunction[IRP_MJ_CREATE] = Object->MajorFunction[IRP_MJ_CLEANUP] = Object->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
    Object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    return STATUS_SUCCESS;
}

static VOID NTAPI Unload(PDRIVER_OBJECT Object) {}

static NTSTATUS OpenRoot(BOOLEAN Delete, PUNICODE_STRING Target)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\SystemRoot");
    OBJECT_ATTRIBUTES attributes;
    HANDLE link;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenSymbolicLinkObject(&link, GENERIC_READ, &attributes);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwQuerySymbolicLinkObject(link, Target, NULL);
    ZwClose(link);
    return Delete ? IoDeleteSymbolicLink(&name) : status;
}

static VOID CheckRoot(const LOADER_PARTITION *Partition, PCWSTR Wanted)
{
    WCHAR buffer[64] = { 0 };
    UNICODE_STRING target = { 0, sizeof(buffer) - sizeof(WCHAR), buffer };

    CHECK(InitLinkSystemRoot(Partition) == STATUS_SUCCESS);
    CHECK(InitLinkSystemRoot(Partition) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(OpenRoot(TRUE, &target) == STATUS_SUCCESS && wcscmp(buffer, Wanted) == 0);
}

static VOID Find(VOID)
{
    LOADER_PARTITION gpt = { .Kind = LOADER_PARTITION_GPT }, mbr = { .Kind = LOADER_PARTITION_MBR, .FirstBlock = 63 };
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestSystemRoot"), device;
    UNICODE_STRING target = { 0 };
    BOOLEAN kept = NT_SUCCESS(OpenRoot(FALSE, &target)) || OpenRoot(FALSE, &target) == STATUS_BUFFER_TOO_SMALL;
    ULONG i;

    if (kept)                                    /* the machine has a boot volume: its link is not the test's to change */
        return;
    image.Entry.EntryPoint = Entry;
    if (!CHECK(IoCreateDriverForImage(&image, &name, &Driver) == STATUS_SUCCESS) || !CHECK(IoInitializeDriver(Driver) == STATUS_SUCCESS))
        return;
    Driver->DriverUnload = Unload;
    for (i = 0; i < 2; i++) {
        RtlInitUnicodeString(&device, Names[i]);
        if (!CHECK(IoCreateDevice(Driver, 0, &device, FILE_DEVICE_UNKNOWN, 0, FALSE, &Volumes[i]) == STATUS_SUCCESS))
            return;
        Volumes[i]->SectorSize = 512;
        Volumes[i]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    RtlFillMemory(gpt.Identity, 16, 0xA1);
    RtlFillMemory(mbr.Identity, 4, 0xB2);
    CheckRoot(&gpt, L"\\Device\\HarddiskVolume63\\Windows");
    CheckRoot(&mbr, L"\\Device\\HarddiskVolume64\\Windows");
    gpt.Identity[15] = 0;
    mbr.FirstBlock = 64;
    CHECK(InitLinkSystemRoot(&gpt) == STATUS_NO_SUCH_DEVICE && InitLinkSystemRoot(&mbr) == STATUS_NO_SUCH_DEVICE);
    IoDeleteDevice(Volumes[0]);
    IoDeleteDevice(Volumes[1]);
    CHECK(IoUnloadDriver(Driver) == STATUS_SUCCESS);
}

/* Where the loader says it was started: the tool's disk has a GPT. */
static VOID Boot(VOID) { CHECK(KeLoaderBlock->BootPartition.Kind == LOADER_PARTITION_GPT && KeLoaderBlock->BootPartition.FirstBlock != 0); }

static const KE_TEST tests[] = { { "init.systemroot.find", Find, 0 }, { "init.systemroot.boot", Boot, 0 } };
const KE_TEST_GROUP InitSystemRootTests = { tests, RTL_NUMBER_OF(tests) };
