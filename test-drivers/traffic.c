/* SPDX-License-Identifier: MIT
 * Traffic on disks: as many threads as processors keep every disk's streams busy for some seconds, then every block is read once more,
 * the disks are flushed, and it is printed of each block what it holds.
 */
#include "traffic.h"

#define SECOND 10000000ll
#define FLUSHES 16u                         /* tries: flushes fail, too */
#define IN_A_ROW 16u

DRIVER_INITIALIZE DriverEntry;

TRAFFIC_PARAMETERS TrafficParameters = { .First = 1, .Count = 1, .Blocks = 4096, .Seconds = 10 };

typedef struct TRAFFIC_THREAD {
    KQUEUE Queue;
    ULONG Number;
    PVOID Thread;
} TRAFFIC_THREAD;

static TRAFFIC_DISK Disks[TRAFFIC_DISKS];
static TRAFFIC_STREAM *Streams;             /* disk by disk */
static TRAFFIC_THREAD Threads[TRAFFIC_THREADS];

static NTSTATUS ReadParameters(PUNICODE_STRING RegistryPath)
{
    WCHAR buffer[160];
    UNICODE_STRING path = { 0, sizeof(buffer) - sizeof(WCHAR), buffer };
    static RTL_QUERY_REGISTRY_TABLE table[] = {
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Seed", &TrafficParameters.Seed, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"First", &TrafficParameters.First, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Count", &TrafficParameters.Count, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Blocks", &TrafficParameters.Blocks, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Seconds", &TrafficParameters.Seconds, REG_NONE, NULL, 0 },
        { NULL, 0, NULL, NULL, 0, NULL, 0 },
    };

    RtlZeroMemory(buffer, sizeof(buffer));
    if (!NT_SUCCESS(RtlAppendUnicodeStringToString(&path, RegistryPath)) || !NT_SUCCESS(RtlAppendUnicodeToString(&path, L"\\Parameters")))
        return STATUS_NAME_TOO_LONG;
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, buffer, table, NULL, NULL);
}

/* ---- Disks ---- */
static NTSTATUS OpenDisk(TRAFFIC_DISK *Disk, ULONG Number)
{
    WCHAR buffer[40], digits[12];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer }, number = { 0, sizeof(digits), digits };

    RtlAppendUnicodeToString(&name, L"\\Device\\Harddisk");
    RtlIntegerToUnicodeString(Number, 10, &number);
    RtlAppendUnicodeStringToString(&name, &number);
    RtlAppendUnicodeToString(&name, L"\\DR0");
    Disk->Number = Number;
    Disk->Blocks = ExAllocatePoolWithTag(NonPagedPool, TrafficParameters.Blocks * sizeof(TRAFFIC_STATE), TRAFFIC_TAG);
    if (Disk->Blocks == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Disk->Blocks, TrafficParameters.Blocks * sizeof(TRAFFIC_STATE));
    return IoGetDeviceObjectPointer(&name, FILE_READ_DATA | FILE_WRITE_DATA, &Disk->File, &Disk->Device);
}

static NTSTATUS FlushOnce(TRAFFIC_DISK *Disk)
{
    LARGE_INTEGER zero = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Disk->Device, NULL, 0, &zero, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IoCallDriver(Disk->Device, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return status;
}

static NTSTATUS FlushDisk(TRAFFIC_DISK *Disk)
{
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    ULONG i;

    for (i = 0; i < FLUSHES && !NT_SUCCESS(status); i++) {
        status = FlushOnce(Disk);
        Disk->Flushes += 1;
        Disk->FailedFlushes += !NT_SUCCESS(status);
    }
    return status;
}

/* ---- What is printed ---- */
static VOID PrintRow(const TRAFFIC_DISK *Disk, ULONG First)
{
    ULONG i;

    DbgPrint("row %lu %lu", Disk->Number, First);
    for (i = First; i < First + IN_A_ROW && i < TrafficParameters.Blocks; i++)
        DbgPrint(" %lu:%lu", Disk->Blocks[i].Sure, Disk->Blocks[i].Perhaps);
    DbgPrint("\n");
}

static VOID PrintDisk(const TRAFFIC_DISK *Disk)
{
    LONG64 all = Disk->Requests + Disk->Flushes;
    ULONG i;

    DbgPrint("disk %lu requests %I64d failed %I64d flushes %I64d failed %I64d peak %ld mean %I64d\n", Disk->Number, Disk->Requests,
             Disk->Failed, Disk->Flushes, Disk->FailedFlushes, Disk->Peak, all != 0 ? Disk->Sampled / all : 0);
    for (i = 0; i < TrafficParameters.Blocks; i++) {
        if (Disk->Blocks[i].ReadFailed)
            DbgPrint("bad %lu read %lu\n", Disk->Number, i);
        if (Disk->Blocks[i].WriteFailed)
            DbgPrint("bad %lu write %lu\n", Disk->Number, i);
    }
    for (i = 0; i < TrafficParameters.Blocks; i += IN_A_ROW)
        PrintRow(Disk, i);
}

/* ---- Threads ---- */
static TRAFFIC_STREAM *StreamOf(ULONG Disk, ULONG Stream) { return &Streams[Disk * TRAFFIC_STREAMS + Stream]; }

/* Every fourth stream of each disk. What is sent comes back. */
static VOID NTAPI Work(PVOID Context)
{
    TRAFFIC_THREAD *self = Context;
    ULONG64 end = KeQueryInterruptTime() + TrafficParameters.Seconds * SECOND, told = KeQueryInterruptTime();
    ULONG busy = 0, disk, i;

    KeSetSystemAffinityThread((KAFFINITY)1 << self->Number % KeQueryActiveProcessorCount(NULL));
    for (disk = 0; disk < TrafficParameters.Count; disk++)
        for (i = self->Number; i < TRAFFIC_STREAMS; i += TRAFFIC_THREADS, busy++)
            TrafficSend(StreamOf(disk, i));
    while (busy != 0) {
        TRAFFIC_STREAM *stream = CONTAINING_RECORD(KeRemoveQueue(&self->Queue, KernelMode, NULL), TRAFFIC_STREAM, Link);
        TrafficTake(stream);
        if (KeQueryInterruptTime() < end || TrafficGoesOn(stream))
            TrafficSend(stream);
        else
            busy -= 1;
        if (self->Number == 0 && KeQueryInterruptTime() - told > 30 * SECOND) {
            told = KeQueryInterruptTime();
            DbgPrint("still %I64u seconds\n", told < end ? (end - told) / SECOND : 0);
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN StartThread(TRAFFIC_THREAD *Thread)
{
    HANDLE handle;

    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Work, Thread)))
        return FALSE;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread->Thread, NULL);
    ZwClose(handle);
    return TRUE;
}

static BOOLEAN RunThreads(VOID)
{
    BOOLEAN started = TRUE;
    ULONG i;

    for (i = 0; i < TRAFFIC_THREADS; i++)
        started &= StartThread(&Threads[i]);
    for (i = 0; i < TRAFFIC_THREADS; i++) {
        if (Threads[i].Thread == NULL)
            continue;
        KeWaitForSingleObject(Threads[i].Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Threads[i].Thread);
    }
    return started;
}

/* ---- From beginning to end ---- */
static NTSTATUS Prepare(VOID)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG disk, i;

    for (i = 0; i < TRAFFIC_THREADS; i++) {
        Threads[i].Number = i;
        KeInitializeQueue(&Threads[i].Queue, 1);
    }
    Streams = ExAllocatePoolWithTag(NonPagedPool, TrafficParameters.Count * TRAFFIC_STREAMS * sizeof(*Streams), TRAFFIC_TAG);
    if (Streams == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Streams, TrafficParameters.Count * TRAFFIC_STREAMS * sizeof(*Streams));
    for (disk = 0; disk < TrafficParameters.Count && NT_SUCCESS(status); disk++) {
        status = OpenDisk(&Disks[disk], TrafficParameters.First + disk);
        for (i = 0; i < TRAFFIC_STREAMS && NT_SUCCESS(status); i++)
            if (!TrafficMakeStream(StreamOf(disk, i), &Disks[disk], i, &Threads[i % TRAFFIC_THREADS].Queue))
                status = STATUS_INSUFFICIENT_RESOURCES;
    }
    return status;
}

static VOID CleanUp(VOID)
{
    ULONG i;

    for (i = 0; Streams != NULL && i < TrafficParameters.Count * TRAFFIC_STREAMS; i++)
        TrafficDropStream(&Streams[i]);
    if (Streams != NULL)
        ExFreePoolWithTag(Streams, TRAFFIC_TAG);
    for (i = 0; i < TrafficParameters.Count; i++) {
        if (Disks[i].File != NULL)
            ObDereferenceObject(Disks[i].File);
        if (Disks[i].Blocks != NULL)
            ExFreePoolWithTag(Disks[i].Blocks, TRAFFIC_TAG);
    }
    for (i = 0; i < TRAFFIC_THREADS; i++)
        KeRundownQueue(&Threads[i].Queue);
}

/* Flushes and prints; a block that held what it must not makes the driver fail. */
static NTSTATUS Conclude(VOID)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; i < TrafficParameters.Count; i++) {
        if (!NT_SUCCESS(FlushDisk(&Disks[i])) || Disks[i].Wrong != 0)
            status = STATUS_DATA_ERROR;
        PrintDisk(&Disks[i]);
    }
    return status;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = ReadParameters(RegistryPath);

    if (!NT_SUCCESS(status))
        return status;
    if (TrafficParameters.Count > TRAFFIC_DISKS || TrafficParameters.Blocks < TRAFFIC_STREAMS * TRAFFIC_LENGTH)
        return STATUS_INVALID_PARAMETER;
    status = Prepare();
    if (NT_SUCCESS(status) && !RunThreads())
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status))
        status = Conclude();
    CleanUp();
    return status;
}
