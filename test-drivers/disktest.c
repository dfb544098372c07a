/* SPDX-License-Identifier: MIT
 * A disk, from where its users stand: the one of TEST_LENGTH bytes among \Device\HarddiskN\DR0. Every block is written and read back
 * by four threads with 16 requests each under way, then there are requests of all sorts that must be refused, split or cancelled.
 */
#include "thread.h"
#include <ntdddisk.h>
#include <ntddstor.h>

#define TEST_LENGTH (8u << 20)
#define BLOCK 512u
#define THREADS 4u
#define DEPTH 16u
#define CHUNK (60u * BLOCK)              /* no power of two: requests begin and end anywhere in pages */
#define LARGE (3u << 20)

typedef struct TRANSFER {
    PUCHAR Buffer;
    PMDL Mdl;
    PIRP Irp;
    KEVENT Done;
} TRANSFER;

typedef struct WORKER {
    ULONG Number;
    PVOID Thread;
    TRANSFER Transfers[DEPTH];
} WORKER;

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT Disk;

/* ---- Requests of our own ---- */
static NTSTATUS NTAPI Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* The memory begins at an odd place of its page. */
static BOOLEAN MakeTransfer(TRANSFER *Transfer, ULONG Length)
{
    Transfer->Buffer = ExAllocatePoolWithTag(NonPagedPool, Length + 128, TEST_TAG);
    if (!Check(Transfer->Buffer != NULL, "memory"))
        return FALSE;
    Transfer->Mdl = IoAllocateMdl(Transfer->Buffer + 24, Length, FALSE, FALSE, NULL);
    Transfer->Irp = IoAllocateIrp(Disk->StackSize, FALSE);
    if (!Check(Transfer->Mdl != NULL && Transfer->Irp != NULL, "a request"))
        return FALSE;
    MmBuildMdlForNonPagedPool(Transfer->Mdl);
    return TRUE;
}
static VOID DropTransfer(TRANSFER *Transfer)
{
    if (Transfer->Irp != NULL)
        IoFreeIrp(Transfer->Irp);
    if (Transfer->Mdl != NULL)
        IoFreeMdl(Transfer->Mdl);
    if (Transfer->Buffer != NULL)
        ExFreePoolWithTag(Transfer->Buffer, TEST_TAG);
}

static VOID Send(TRANSFER *Transfer, UCHAR Major, UCHAR Flags, LONGLONG Offset, ULONG Length)
{
    PIO_STACK_LOCATION location;

    IoReuseIrp(Transfer->Irp, STATUS_UNSUCCESSFUL);
    KeInitializeEvent(&Transfer->Done, NotificationEvent, FALSE);
    Transfer->Irp->MdlAddress = Transfer->Mdl;
    location = IoGetNextIrpStackLocation(Transfer->Irp);
    location->MajorFunction = Major;
    location->Flags = Flags;
    location->Parameters.Read.ByteOffset.QuadPart = Offset;
    location->Parameters.Read.Length = Length;
    IoSetCompletionRoutine(Transfer->Irp, Completed, &Transfer->Done, TRUE, TRUE, TRUE);
    IoCallDriver(Disk, Transfer->Irp);
}
static NTSTATUS Wait(TRANSFER *Transfer)
{
    KeWaitForSingleObject(&Transfer->Done, Executive, KernelMode, FALSE, NULL);
    return Transfer->Irp->IoStatus.Status;
}
static NTSTATUS SendAndWait(TRANSFER *Transfer, UCHAR Major, LONGLONG Offset, ULONG Length)
{
    Send(Transfer, Major, 0, Offset, Length);
    return Wait(Transfer);
}

/* ---- Every block ---- */
static VOID Fill(PUCHAR Buffer, ULONG Offset, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i += sizeof(ULONG))
        *(ULONG *)(Buffer + 24 + i) = (Offset + i) * 2654435761u + 1;
}
static BOOLEAN Holds(PUCHAR Buffer, ULONG Offset, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i += sizeof(ULONG))
        if (*(ULONG *)(Buffer + 24 + i) != (Offset + i) * 2654435761u + 1)
            return FALSE;
    return TRUE;
}

/* One pass over the thread's part of the disk, DEPTH requests at a time. */
static VOID Pass(WORKER *Worker, UCHAR Major)
{
    ULONG size = TEST_LENGTH / THREADS, at = 0, length[DEPTH], offset[DEPTH], i, count;

    while (at < size) {
        for (count = 0; count < DEPTH && at < size; count++, at += length[count - 1]) {
            offset[count] = Worker->Number * size + at;
            length[count] = min(CHUNK - count % 3 * BLOCK, size - at);
            if (Major == IRP_MJ_WRITE)
                Fill(Worker->Transfers[count].Buffer, offset[count], length[count]);
            else
                RtlZeroMemory(Worker->Transfers[count].Buffer, CHUNK);
            Send(&Worker->Transfers[count], Major, 0, offset[count], length[count]);
        }
        for (i = 0; i < count; i++) {
            CheckStatus(Wait(&Worker->Transfers[i]), STATUS_SUCCESS, "a request of many");
            Check(Worker->Transfers[i].Irp->IoStatus.Information == length[i], "its length");
            Check(Major == IRP_MJ_WRITE || Holds(Worker->Transfers[i].Buffer, offset[i], length[i]), "what was written");
        }
    }
}

static VOID NTAPI Work(PVOID Context)
{
    WORKER *worker = Context;

    Pass(worker, IRP_MJ_WRITE);
    Pass(worker, IRP_MJ_READ);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestEveryBlock(VOID)
{
    WORKER *workers = ExAllocatePoolWithTag(NonPagedPool, THREADS * sizeof(*workers), TEST_TAG);
    BOOLEAN made = TRUE;
    ULONG i, j;

    if (!Check(workers != NULL, "memory"))
        return;
    RtlZeroMemory(workers, THREADS * sizeof(*workers));
    for (i = 0; i < THREADS; i++)
        for (j = 0; j < DEPTH; j++)
            made = MakeTransfer(&workers[i].Transfers[j], CHUNK) && made;
    for (i = 0; i < THREADS && made; i++) {
        workers[i].Number = i;
        workers[i].Thread = StartThread(Work, &workers[i]);
    }
    for (i = 0; i < THREADS; i++) {
        JoinThread(workers[i].Thread);
        for (j = 0; j < DEPTH; j++)
            DropTransfer(&workers[i].Transfers[j]);
    }
    ExFreePoolWithTag(workers, TEST_TAG);
}

/* ---- Single requests ---- */
static VOID TestEdges(TRANSFER *Transfer)
{
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, 1, BLOCK), STATUS_INVALID_PARAMETER, "an offset within a block");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, 0, BLOCK - 1), STATUS_INVALID_PARAMETER, "a part of a block");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, TEST_LENGTH, BLOCK), STATUS_INVALID_PARAMETER, "behind the end");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, TEST_LENGTH - BLOCK, 2 * BLOCK), STATUS_INVALID_PARAMETER, "across the end");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_WRITE, -(LONGLONG)BLOCK, BLOCK), STATUS_INVALID_PARAMETER, "before the beginning");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, 0, LARGE + BLOCK), STATUS_INVALID_PARAMETER, "more than the memory there is");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, 0, 0), STATUS_SUCCESS, "nothing");
    CheckStatus(SendAndWait(Transfer, IRP_MJ_FLUSH_BUFFERS, 0, 0), STATUS_SUCCESS, "flush");
}

/* More than a command takes, and what is to last. */
static VOID TestLarge(TRANSFER *Transfer)
{
    Fill(Transfer->Buffer, 77, LARGE);
    Send(Transfer, IRP_MJ_WRITE, SL_WRITE_THROUGH, 3 * BLOCK, LARGE);
    CheckStatus(Wait(Transfer), STATUS_SUCCESS, "a large write");
    Check(Transfer->Irp->IoStatus.Information == LARGE, "its length");
    RtlZeroMemory(Transfer->Buffer, LARGE);
    CheckStatus(SendAndWait(Transfer, IRP_MJ_READ, 3 * BLOCK, LARGE), STATUS_SUCCESS, "a large read");
    Check(Holds(Transfer->Buffer, 77, LARGE), "all of it");
}

/* More requests than the device takes at once: those behind can be cancelled, and all end. */
#define MANY 400u
static VOID TestCancel(VOID)
{
    TRANSFER *many = ExAllocatePoolWithTag(NonPagedPool, MANY * sizeof(*many), TEST_TAG);
    ULONG i, made, cancelled = 0;

    if (!Check(many != NULL, "memory"))
        return;
    RtlZeroMemory(many, MANY * sizeof(*many));
    for (made = 0; made < MANY && MakeTransfer(&many[made], 8 * BLOCK); made++)
        ;
    for (i = 0; i < made; i++)
        Send(&many[i], IRP_MJ_READ, 0, (LONGLONG)i * 8 * BLOCK, 8 * BLOCK);
    for (i = made; i-- > 0;)
        IoCancelIrp(many[i].Irp);
    for (i = 0; i < made; i++) {
        NTSTATUS status = Wait(&many[i]);
        Check(status == STATUS_SUCCESS || status == STATUS_CANCELLED, "done or cancelled");
        cancelled += status == STATUS_CANCELLED;
    }
    DbgPrint("%lu of %lu requests were cancelled\n", cancelled, made);
    for (i = 0; i < MANY; i++)
        DropTransfer(&many[i]);
    ExFreePoolWithTag(many, TEST_TAG);
}

/* ---- What it says of itself ---- */
static NTSTATUS Ask(PDEVICE_OBJECT Device, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    IO_STATUS_BLOCK result;
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(Code, Device, Input, InputLength, Output, OutputLength, FALSE, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IoCallDriver(Device, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return status;
}

static VOID TestControl(ULONG Number)
{
    STORAGE_PROPERTY_QUERY query = { StorageDeviceProperty, PropertyStandardQuery, { 0 } };
    STORAGE_DEVICE_NUMBER number;
    DISK_GEOMETRY geometry;
    struct { STORAGE_DEVICE_DESCRIPTOR Head; UCHAR More[64]; } device;

    CheckStatus(Ask(Disk, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry)), STATUS_SUCCESS, "geometry");
    Check(geometry.BytesPerSector == BLOCK && geometry.MediaType == FixedMedia, "its values");
    CheckStatus(Ask(Disk, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, 4), STATUS_BUFFER_TOO_SMALL, "too short a buffer");
    CheckStatus(Ask(Disk, IOCTL_STORAGE_GET_DEVICE_NUMBER, NULL, 0, &number, sizeof(number)), STATUS_SUCCESS, "number");
    Check(number.DeviceNumber == Number && number.DeviceType == FILE_DEVICE_DISK, "its values");
    CheckStatus(Ask(Disk, IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof(query), &device, sizeof(device)), STATUS_SUCCESS, "property");
    Check(device.Head.ProductIdOffset != 0 && device.Head.ProductIdOffset < sizeof(device), "its values");
    CheckStatus(Ask(Disk, IOCTL_DISK_IS_WRITABLE, NULL, 0, NULL, 0), STATUS_SUCCESS, "writable");
    CheckStatus(Ask(Disk, CTL_CODE(FILE_DEVICE_DISK, 0x7FF, METHOD_BUFFERED, 0), NULL, 0, NULL, 0), STATUS_INVALID_DEVICE_REQUEST, "nonsense");
}

/* ---- Finding it ---- */
static PFILE_OBJECT OpenDisk(ULONG Number)
{
    WCHAR buffer[] = L"\\Device\\Harddisk0\\DR0";
    GET_LENGTH_INFORMATION length;
    PDEVICE_OBJECT device;
    PFILE_OBJECT file;
    UNICODE_STRING name;

    buffer[16] = (WCHAR)(L'0' + Number);
    RtlInitUnicodeString(&name, buffer);
    if (!NT_SUCCESS(IoGetDeviceObjectPointer(&name, FILE_READ_DATA | FILE_WRITE_DATA, &file, &device)))
        return NULL;
    device = file->DeviceObject;         /* the disk itself, not the file system that opening it has mounted */
    if (NT_SUCCESS(Ask(device, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length))) && length.Length.QuadPart == TEST_LENGTH) {
        Disk = device;
        return file;
    }
    ObDereferenceObject(file);
    return NULL;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    TRANSFER large;
    PFILE_OBJECT file = NULL;
    ULONG number;

    RtlZeroMemory(&large, sizeof(large));
    for (number = 0; number < 10 && file == NULL; number++)
        file = OpenDisk(number);
    if (!Check(file != NULL, "a disk of the right size"))
        return CheckResult();
    TestControl(number - 1);
    TestEveryBlock();
    if (MakeTransfer(&large, LARGE)) {
        TestEdges(&large);
        TestLarge(&large);
    }
    DropTransfer(&large);
    TestCancel();
    ObDereferenceObject(file);
    return CheckResult();
}
