/* SPDX-License-Identifier: MIT
 * A device that programs meet: control codes of every method, requests that wait and are cancelled, and what drivers are told of
 * processes, threads and images, for the program to look at (meeting_notes.c).
 */
#include "meeting_driver.h"

#ifdef __clang__
#define TRY __try
#define EXCEPT __except (EXCEPTION_EXECUTE_HANDLER)
#else                                            /* which has neither: there the program is trusted */
#define TRY if (TRUE)
#define EXCEPT else
#endif

DRIVER_INITIALIZE DriverEntry;

static IO_CSQ Queue;
static LIST_ENTRY List;
static KSPIN_LOCK ListLock;

/* ---- Requests that wait ---- */
static VOID NTAPI Insert(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&List, &Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI Remove(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI Acquire(PIO_CSQ Csq, PKIRQL Irql) { KeAcquireSpinLock(&ListLock, Irql); }
static VOID NTAPI Release(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&ListLock, Irql); }

/* Of any file, or, in cleanup, of this one. */
static PIRP NTAPI Peek(PIO_CSQ Csq, PIRP Irp, PVOID File)
{
    PLIST_ENTRY at;

    for (at = Irp == NULL ? List.Flink : Irp->Tail.Overlay.ListEntry.Flink; at != &List; at = at->Flink) {
        PIRP found = CONTAINING_RECORD(at, IRP, Tail.Overlay.ListEntry);
        if (File == NULL || IoGetCurrentIrpStackLocation(found)->FileObject == File)
            return found;
    }
    return NULL;
}

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI CompleteCancelled(PIO_CSQ Csq, PIRP Irp) { Complete(Irp, STATUS_CANCELLED, 0); }

static NTSTATUS LetGo(const UCHAR *Bytes, ULONG Length)
{
    PIRP waiting = IoCsqRemoveNextIrp(&Queue, NULL);
    ULONG room;

    if (waiting == NULL)
        return STATUS_NO_MORE_ENTRIES;
    room = IoGetCurrentIrpStackLocation(waiting)->Parameters.DeviceIoControl.OutputBufferLength;
    Length = min(Length, room);
    RtlCopyMemory(waiting->AssociatedIrp.SystemBuffer, Bytes, Length);
    Complete(waiting, STATUS_SUCCESS, Length);
    return STATUS_SUCCESS;
}

/* ---- Control codes ---- */
static VOID Complement(PUCHAR To, const UCHAR *From, ULONG Length)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        To[i] = (UCHAR)~From[i];
}

static PUCHAR DirectBuffer(PIRP Irp)
{
    return Irp->MdlAddress == NULL ? NULL : MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
}

static NTSTATUS Sum(PIRP Irp, ULONG Input)
{
    const UCHAR *bytes = DirectBuffer(Irp);
    ULONG length = bytes != NULL ? MmGetMdlByteCount(Irp->MdlAddress) : 0, sum = 0, i;

    if (Input < sizeof(sum))
        return STATUS_BUFFER_TOO_SMALL;
    for (i = 0; i < length; i++)
        sum += bytes[i];
    return NoteSum(sum);
}

/* The caller's own addresses, in the caller's thread. */
static NTSTATUS Neither(PIRP Irp, PVOID From, ULONG Length)
{
    NTSTATUS status = STATUS_SUCCESS;

    TRY {
        ProbeForRead(From, Length, 1);
        ProbeForWrite(Irp->UserBuffer, Length, 1);
        Complement(Irp->UserBuffer, From, Length);
    } EXCEPT {
        status = STATUS_ACCESS_VIOLATION;
    }
    return status;
}

static NTSTATUS NTAPI DeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG input = location->Parameters.DeviceIoControl.InputBufferLength, output = location->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode, length = min(input, output);
    PUCHAR buffer = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS status;

    switch (code) {
    case MEETING_BUFFERED:
        Complement(buffer, buffer, length);
        return Complete(Irp, STATUS_SUCCESS, length);
    case MEETING_OUT_DIRECT:
        if (length != 0 && DirectBuffer(Irp) == NULL)
            return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        Complement(DirectBuffer(Irp), buffer, length);
        return Complete(Irp, STATUS_SUCCESS, length);
    case MEETING_IN_DIRECT:
        return Complete(Irp, Sum(Irp, input), 0);
    case MEETING_NEITHER:
        status = Neither(Irp, location->Parameters.DeviceIoControl.Type3InputBuffer, length);
        return Complete(Irp, status, NT_SUCCESS(status) ? length : 0);
    case MEETING_WAIT:
        IoCsqInsertIrp(&Queue, Irp, NULL);
        return STATUS_PENDING;
    case MEETING_RELEASE:
        return Complete(Irp, LetGo(buffer, input), 0);
    case MEETING_WATCH:
        return Complete(Irp, NoteWatch((PCWSTR)buffer, input), 0);
    case MEETING_NOTES:
        length = NoteTake((PCHAR)buffer, output);
        return Complete(Irp, STATUS_SUCCESS, length);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

/* ---- Files ---- */
static NTSTATUS NTAPI CreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS, 0); }

static NTSTATUS NTAPI Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIRP waiting;

    while ((waiting = IoCsqRemoveNextIrp(&Queue, IoGetCurrentIrpStackLocation(Irp)->FileObject)) != NULL)
        Complete(waiting, STATUS_CANCELLED, 0);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\PetrelMeeting");

    NoteStop();
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PetrelMeeting"), link = RTL_CONSTANT_STRING(L"\\DosDevices\\PetrelMeeting");
    PDEVICE_OBJECT device;
    NTSTATUS status;

    InitializeListHead(&List);
    KeInitializeSpinLock(&ListLock);
    IoCsqInitialize(&Queue, Insert, Remove, Peek, Acquire, Release, CompleteCancelled);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Cleanup;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DeviceControl;
    DriverObject->DriverUnload = Unload;
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    status = IoCreateSymbolicLink(&link, &name);
    if (NT_SUCCESS(status)) {
        status = NoteStart();
        if (!NT_SUCCESS(status))
            IoDeleteSymbolicLink(&link);
    }
    if (!NT_SUCCESS(status))
        IoDeleteDevice(device);
    return status;
}
