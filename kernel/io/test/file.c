/* SPDX-License-Identifier: MIT
 * Files: opening, the requests by handle, closing.
 */
#include "fixture.h"

#define IOCTL_ADD CTL_CODE(FILE_DEVICE_UNKNOWN, 0x810, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x811, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_FAIL CTL_CODE(FILE_DEVICE_UNKNOWN, 0x812, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* ---- The driver: memory that can be read and written, and requests that stay until they are let go ---- */
static UCHAR Content[64];
static volatile LONG Creates, Cleanups, Closes;
static PIRP volatile Held;
static NTSTATUS CreateStatus;
static ULONG CreateOptions;
static ACCESS_MASK CreateAccess;
static WCHAR CreateName[40];
static PFILE_OBJECT CreateRelated;
static BOOLEAN SizeIsDirectory;

static NTSTATUS NTAPI DispatchCreate(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PFILE_OBJECT file = location->FileObject;

    InterlockedIncrement(&Creates);
    CreateOptions = location->Parameters.Create.Options;
    CreateAccess = location->Parameters.Create.SecurityContext->DesiredAccess;
    CreateRelated = file->RelatedFileObject;
    RtlZeroMemory(CreateName, sizeof(CreateName));
    RtlCopyMemory(CreateName, file->FileName.Buffer, file->FileName.Length);
    file->FsContext = (PVOID)0x1234;
    return TestComplete(Irp, CreateStatus, FILE_OPENED);
}

static NTSTATUS NTAPI DispatchCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    InterlockedIncrement(&Cleanups);
    CHECK(IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext == (PVOID)0x1234);
    return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI DispatchClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    InterlockedIncrement(&Closes);
    CHECK(KeIrql() == PASSIVE_LEVEL);
    return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static PUCHAR Data(PIRP Irp)
{
    if (Irp->MdlAddress != NULL)
        return MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    return Irp->AssociatedIrp.SystemBuffer != NULL ? Irp->AssociatedIrp.SystemBuffer : Irp->UserBuffer;
}

static NTSTATUS NTAPI DispatchTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG length = location->Parameters.Read.Length;
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;

    if (offset >= sizeof(Content))
        return TestComplete(Irp, STATUS_END_OF_FILE, 0);
    length = min(length, (ULONG)(sizeof(Content) - offset));
    if (location->MajorFunction == IRP_MJ_READ)
        RtlCopyMemory(Data(Irp), Content + offset, length);
    else
        RtlCopyMemory(Content + offset, Data(Irp), length);
    if (location->FileObject->Flags & FO_SYNCHRONOUS_IO)
        location->FileObject->CurrentByteOffset.QuadPart = (LONG64)(offset + length);
    return TestComplete(Irp, STATUS_SUCCESS, length);
}

static VOID NTAPI CancelHeld(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    TestComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS NTAPI DispatchControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PULONG values = Irp->AssociatedIrp.SystemBuffer;

    if (location->Parameters.DeviceIoControl.IoControlCode == IOCTL_ADD) {
        values[0] = values[0] + values[1] + location->MajorFunction;
        return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    }
    if (location->Parameters.DeviceIoControl.IoControlCode != IOCTL_PEND)
        return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
    IoMarkIrpPending(Irp);
    (void)IoSetCancelRoutine(Irp, CancelHeld);
    InterlockedExchangePointer((PVOID volatile *)&Held, Irp);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI DispatchQuery(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_STANDARD_INFORMATION standard = Irp->AssociatedIrp.SystemBuffer;

    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.QueryFile.FileInformationClass != FileStandardInformation)
        return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
    RtlZeroMemory(standard, sizeof(*standard));
    standard->EndOfFile.QuadPart = sizeof(Content);
    standard->Directory = SizeIsDirectory;
    return TestComplete(Irp, STATUS_SUCCESS, sizeof(*standard));
}

static PDRIVER_OBJECT Setup(ULONG Flags, PDEVICE_OBJECT *Device)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestFile", NULL);

    if (driver == NULL)
        return NULL;
    driver->MajorFunction[IRP_MJ_CREATE] = DispatchCreate;
    driver->MajorFunction[IRP_MJ_CLEANUP] = DispatchCleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = DispatchClose;
    driver->MajorFunction[IRP_MJ_READ] = DispatchTransfer;
    driver->MajorFunction[IRP_MJ_WRITE] = DispatchTransfer;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchControl;
    driver->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = DispatchControl;
    driver->MajorFunction[IRP_MJ_QUERY_INFORMATION] = DispatchQuery;
    *Device = TestMakeDevice(driver, L"\\Device\\TestFile", Flags);
    Creates = Cleanups = Closes = 0;
    CreateStatus = STATUS_SUCCESS;
    Held = NULL;
    RtlZeroMemory(Content, sizeof(Content));
    return driver;
}

#define SYNCHRONOUS FILE_SYNCHRONOUS_IO_NONALERT

/* ---- Tests ---- */
static VOID Open(VOID)
{
    struct { OBJECT_NAME_INFORMATION Name; WCHAR Text[64]; } buffer;
    UNICODE_STRING whole = RTL_CONSTANT_STRING(L"\\Device\\TestFile\\a\\b"), rest = RTL_CONSTANT_STRING(L"\\a\\b");
    UNICODE_STRING seen;
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    PFILE_OBJECT file;
    HANDLE handle = NULL;
    PVOID object;
    ULONG length;

    if (driver == NULL)
        return;
    CHECK(TestOpen(whole.Buffer, SYNCHRONOUS, &handle) == STATUS_SUCCESS);
    RtlInitUnicodeString(&seen, CreateName);
    CHECK(RtlEqualUnicodeString(&seen, &rest, FALSE) && CreateOptions == (FILE_OPEN << 24 | SYNCHRONOUS));
    CHECK(CreateAccess == (FILE_GENERIC_READ | FILE_GENERIC_WRITE));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, IopFileObjectType, KernelMode, &object, NULL)));
    file = object;
    CHECK(file->DeviceObject == device && (file->Flags & FO_SYNCHRONOUS_IO) && (file->Flags & FO_HANDLE_CREATED));
    CHECK(IoGetRelatedDeviceObject(file) == device && device->ReferenceCount == 1 && file->Size == sizeof(FILE_OBJECT));
    CHECK(IoGetFileObjectGenericMapping()->GenericAll == FILE_ALL_ACCESS);
    CHECK(ObQueryNameString(file, &buffer.Name, sizeof(buffer), &length) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&buffer.Name.Name, &whole, FALSE) &&
          length == sizeof(OBJECT_NAME_INFORMATION) + whole.Length + 2);
    CHECK(ObQueryNameString(file, &buffer.Name, 16, &length) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(Creates == 1 && Cleanups == 0);
    ZwClose(handle);
    CHECK(Cleanups == 1 && Closes == 0 && (file->Flags & FO_CLEANUP_COMPLETE));
    ObfDereferenceObject(file);
    CHECK(Closes == 1 && device->ReferenceCount == 0);
    TestStopDriver(driver);
}

/* Who is alerted while another request has the file gives up without one. */
static VOID Alerted(VOID)
{
    LARGE_INTEGER at = { .QuadPart = 0 }, length = { .QuadPart = 1 };
    FILE_STANDARD_INFORMATION information;
    IO_STATUS_BLOCK result;
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    HANDLE handle = NULL;
    PVOID file;
    UCHAR byte;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile\\a", FILE_SYNCHRONOUS_IO_ALERT, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, IopFileObjectType, KernelMode, &file, NULL)));
    CHECK(IopAcquireFileLock(file, KernelMode, FALSE) == STATUS_SUCCESS);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, &byte, 1, &at, NULL) == STATUS_ALERTED);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &result, 0x220000, NULL, 0, NULL, 0) == STATUS_ALERTED);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwQueryInformationFile(handle, &result, &information, sizeof(information), FileStandardInformation) == STATUS_ALERTED);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwFlushBuffersFile(handle, &result) == STATUS_ALERTED);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwLockFile(handle, NULL, NULL, NULL, &result, &at, &length, 0, TRUE, TRUE) == STATUS_ALERTED);
    KeAlertThread(KeGetCurrentThread(), KernelMode);
    CHECK(ZwQueryDirectoryFile(handle, NULL, NULL, NULL, &result, &information, 0x400, FileNamesInformation, FALSE, NULL, FALSE) == STATUS_ALERTED);
    IopReleaseFileLock(file);
    ObfDereferenceObject(file);
    ZwClose(handle);
    TestStopDriver(driver);
}

static VOID Delete(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestFile\\old"), elsewhere = RTL_CONSTANT_STRING(L"\\Device\\TestNoFile\\old");
    OBJECT_ATTRIBUTES attributes;
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);

    if (driver == NULL)
        return;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(ZwDeleteFile(&attributes) == STATUS_SUCCESS && Creates == 1 && Cleanups == 1 && Closes == 1);
    CHECK(CreateOptions == (FILE_OPEN << 24 | FILE_DELETE_ON_CLOSE) && CreateAccess == DELETE &&
          wcscmp(CreateName, L"\\old") == 0);
    CreateStatus = STATUS_CANNOT_DELETE;
    CHECK(ZwDeleteFile(&attributes) == STATUS_CANNOT_DELETE && Cleanups == 1 && device->ReferenceCount == 0);
    InitializeObjectAttributes(&attributes, &elsewhere, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwDeleteFile(&attributes) == STATUS_OBJECT_PATH_NOT_FOUND || ZwDeleteFile(&attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestStopDriver(driver);
}

static VOID Size(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    LARGE_INTEGER size = { .QuadPart = -1 };
    HANDLE handle = NULL;
    PVOID file;

    if (driver == NULL || !CHECK(TestOpen(L"\\Device\\TestFile", 0, &handle) == STATUS_SUCCESS))
        return;
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, IopFileObjectType, KernelMode, &file, NULL)));
    CHECK(FsRtlGetFileSize(file, &size) == STATUS_SUCCESS && size.QuadPart == sizeof(Content));
    SizeIsDirectory = TRUE;
    size.QuadPart = -1;
    CHECK(FsRtlGetFileSize(file, &size) == STATUS_FILE_IS_A_DIRECTORY && size.QuadPart == -1);
    SizeIsDirectory = FALSE;
    driver->MajorFunction[IRP_MJ_QUERY_INFORMATION] = driver->MajorFunction[IRP_MJ_PNP];
    CHECK(FsRtlGetFileSize(file, &size) == STATUS_INVALID_DEVICE_REQUEST && size.QuadPart == -1);
    ObfDereferenceObject(file);
    ZwClose(handle);
    TestStopDriver(driver);
}

static VOID OpenFails(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestFile");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    HANDLE handle = NULL;
    ULONG files = IopFileObjectType->TotalNumberOfObjects;

    if (driver == NULL)
        return;
    CreateStatus = STATUS_SHARING_VIOLATION;
    CHECK(TestOpen(name.Buffer, 0, &handle) == STATUS_SHARING_VIOLATION && handle == NULL);
    CHECK(Cleanups == 0 && Closes == 0 && device->ReferenceCount == 0 && IopFileObjectType->TotalNumberOfObjects == files);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwOpenFile(&handle, FILE_READ_DATA, &attributes, &result, 0, SYNCHRONOUS) == STATUS_INVALID_PARAMETER);
    CHECK(ZwOpenFile(&handle, FILE_READ_DATA, &attributes, &result, 8, 0) == STATUS_INVALID_PARAMETER);
    CHECK(ZwOpenFile(&handle, FILE_READ_DATA, &attributes, &result, 0, FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE) ==
          STATUS_INVALID_PARAMETER);
    CHECK(ZwCreateFile(&handle, FILE_READ_DATA, &attributes, &result, NULL, 0, 0, 6, 0, NULL, 0) == STATUS_INVALID_PARAMETER);
    CHECK(Creates == 1);
    TestStopDriver(driver);
}

static VOID Relative(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"inner"), seen;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    HANDLE outer = NULL, inner = NULL;
    PVOID object;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile\\outer", 0, &outer) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(outer, 0, NULL, KernelMode, &object, NULL)));
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, outer, NULL);
    CHECK(ZwOpenFile(&inner, FILE_READ_DATA, &attributes, &result, 0, 0) == STATUS_SUCCESS && result.Information == FILE_OPENED);
    RtlInitUnicodeString(&seen, CreateName);
    CHECK(RtlEqualUnicodeString(&seen, &name, FALSE) && CreateRelated == object);
    ObfDereferenceObject(object);
    ZwClose(outer);
    CHECK(Closes == 0);                          /* the inner file keeps it */
    ZwClose(inner);
    CHECK(Closes == 2 && Cleanups == 2);
    TestStopDriver(driver);
}

static VOID ReadAndWrite(ULONG Flags)
{
    UCHAR out[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, in[16] = { 0 };
    LARGE_INTEGER offset = { .QuadPart = 4 }, far = { .QuadPart = 1000 };
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(Flags, &device);
    IO_STATUS_BLOCK result = { .Status = 1 };
    HANDLE handle = NULL;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", SYNCHRONOUS, &handle) == STATUS_SUCCESS);
    CHECK(ZwWriteFile(handle, NULL, NULL, NULL, &result, out, 8, &offset, NULL) == STATUS_SUCCESS);
    CHECK(result.Status == STATUS_SUCCESS && result.Information == 8 && Content[4] == 1 && Content[11] == 8);
    offset.QuadPart = 6;
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, in, 4, &offset, NULL) == STATUS_SUCCESS && result.Information == 4);
    CHECK(in[0] == 3 && in[3] == 6 && in[4] == 0);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, in, 2, NULL, NULL) == STATUS_SUCCESS && in[0] == 7 && in[1] == 8);
    result.Status = 1;
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, in, 2, &far, NULL) == STATUS_END_OF_FILE && result.Status == 1);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, in, 0, &offset, NULL) == STATUS_SUCCESS && result.Information == 0);
    CHECK(ZwReadFile((HANDLE)0x7FFF0, NULL, NULL, NULL, &result, in, 0, &offset, NULL) == STATUS_INVALID_HANDLE);
    ZwClose(handle);
    TestStopDriver(driver);
}

static VOID Buffered(VOID) { ReadAndWrite(DO_BUFFERED_IO); }
static VOID Direct(VOID) { ReadAndWrite(DO_DIRECT_IO); }
static VOID Neither(VOID) { ReadAndWrite(0); }

static VOID DirectFails(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(DO_DIRECT_IO, &device);
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    HANDLE handle = NULL;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", SYNCHRONOUS, &handle) == STATUS_SUCCESS);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, (PVOID)0xFFFFE00000000000ull, 8, &offset, NULL) ==
          STATUS_ACCESS_VIOLATION);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, Content, 8, &offset, NULL) == STATUS_SUCCESS);   /* the lock is free */
    ZwClose(handle);
    CHECK(Closes == 1);
    TestStopDriver(driver);
}

static VOID Control(VOID)
{
    ULONG values[2] = { 3, 4 }, sum = 0;
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    IO_STATUS_BLOCK result = { .Status = 1 };
    HANDLE handle = NULL;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", SYNCHRONOUS, &handle) == STATUS_SUCCESS);
    CHECK(ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &result, IOCTL_ADD, values, 8, &sum, 4) == STATUS_SUCCESS);
    CHECK(sum == 7 + IRP_MJ_DEVICE_CONTROL && result.Information == 4);
    CHECK(ZwFsControlFile(handle, NULL, NULL, NULL, &result, IOCTL_ADD, values, 8, &sum, 4) == STATUS_SUCCESS);
    CHECK(sum == 7 + IRP_MJ_FILE_SYSTEM_CONTROL);
    result.Status = 1;
    CHECK(ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &result, IOCTL_FAIL, NULL, 0, NULL, 0) == STATUS_INVALID_PARAMETER);
    CHECK(result.Status == 1);
    CHECK(NtDeviceIoControlFile(handle, NULL, NULL, NULL, &result, IOCTL_ADD, values, 8, &sum, 4) == STATUS_SUCCESS);
    ZwClose(handle);
    TestStopDriver(driver);
}

static VOID Asynchronous(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    LARGE_INTEGER now = { .QuadPart = 0 };
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result = { .Status = 1 };
    HANDLE handle = NULL, event = NULL;
    UCHAR byte;

    if (driver == NULL)
        return;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, TRUE)));
    CHECK(TestOpen(L"\\Device\\TestFile", 0, &handle) == STATUS_SUCCESS);
    CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, &byte, 1, NULL, NULL) == STATUS_INVALID_PARAMETER);      /* no position */
    CHECK(ZwDeviceIoControlFile(handle, event, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_PENDING);
    CHECK(ZwWaitForSingleObject(event, FALSE, &now) == STATUS_TIMEOUT && result.Status == 1);
    (void)IoSetCancelRoutine(Held, NULL);
    TestComplete(Held, STATUS_SUCCESS, 5);
    CHECK(ZwWaitForSingleObject(event, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(result.Status == STATUS_SUCCESS && result.Information == 5);
    CHECK(ZwDeviceIoControlFile(handle, (HANDLE)0x7FFF0, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) ==
          STATUS_INVALID_HANDLE);
    CHECK(ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_PENDING);
    (void)IoSetCancelRoutine(Held, NULL);
    TestComplete(Held, STATUS_UNSUCCESSFUL, 0);
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS && result.Status == STATUS_UNSUCCESSFUL);
    ZwClose(handle);
    ZwClose(event);
    CHECK(Closes == 1);
    TestStopDriver(driver);
}

static volatile LONG ApcSeen;
static VOID NTAPI SeeApc(PVOID Context, PIO_STATUS_BLOCK Result, ULONG Reserved)
{
    CHECK(KeIrql() == PASSIVE_LEVEL && Context == (PVOID)77 && Result->Information == 6);
    InterlockedIncrement(&ApcSeen);
}

static VOID ApcRoutine(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    IO_STATUS_BLOCK result;
    HANDLE handle = NULL;
    ULONG i;

    if (driver == NULL)
        return;
    ApcSeen = 0;
    CHECK(TestOpen(L"\\Device\\TestFile", 0, &handle) == STATUS_SUCCESS);
    KeEnterCriticalRegion();
    CHECK(ZwDeviceIoControlFile(handle, NULL, SeeApc, (PVOID)77, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_PENDING);
    (void)IoSetCancelRoutine(Held, NULL);
    TestComplete(Held, STATUS_SUCCESS, 6);
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS && ApcSeen == 0);
    KeLeaveCriticalRegion();
    for (i = 0; i < 1000 && ApcSeen == 0; i++)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    CHECK(ApcSeen == 1);
    ZwClose(handle);
    TestStopDriver(driver);
}

/* A thread blocks in a synchronous request that another completes. */
typedef struct BLOCKED {
    HANDLE File;
    volatile LONG Ended;
} BLOCKED;

static VOID BlockOrRelease(PVOID Context, ULONG Index)
{
    BLOCKED *blocked = Context;
    IO_STATUS_BLOCK result = { .Status = 1 };
    PIRP irp;

    if (Index == 0) {
        CHECK(ZwDeviceIoControlFile(blocked->File, NULL, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_SUCCESS);
        CHECK(result.Status == STATUS_SUCCESS && result.Information == 9);
        InterlockedExchange(&blocked->Ended, 1);
        return;
    }
    while ((irp = InterlockedExchangePointer((PVOID volatile *)&Held, NULL)) == NULL)
        KeYieldExecution();
    CHECK(blocked->Ended == 0);
    (void)IoSetCancelRoutine(irp, NULL);
    TestComplete(irp, STATUS_SUCCESS, 9);
}

static VOID Synchronous(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    BLOCKED blocked = { 0 };
    ULONG i;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", SYNCHRONOUS, &blocked.File) == STATUS_SUCCESS);
    for (i = 0; i < 50; i++) {
        blocked.Ended = 0;
        TestRunThreads(2, BlockOrRelease, &blocked);
        CHECK(blocked.Ended == 1);
    }
    ZwClose(blocked.File);
    CHECK(Closes == 1);
    TestStopDriver(driver);
}

static VOID Cancel(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    IO_STATUS_BLOCK result = { .Status = 1 }, cancelled;
    HANDLE handle = NULL;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", 0, &handle) == STATUS_SUCCESS);
    CHECK(ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_PENDING);
    CHECK(ZwCancelIoFile(handle, &cancelled) == STATUS_SUCCESS && cancelled.Status == STATUS_SUCCESS);
    CHECK(result.Status == STATUS_CANCELLED && IsListEmpty(&PsCurrentThread()->IrpList));
    CHECK(ZwCancelIoFile((HANDLE)0x7FFF0, &cancelled) == STATUS_INVALID_HANDLE);
    ZwClose(handle);
    TestStopDriver(driver);
}

/* A thread that ends takes its requests along. */
static VOID LeaveBehind(PVOID Context, ULONG Index)
{
    static IO_STATUS_BLOCK result;
    CHECK(ZwDeviceIoControlFile(*(PHANDLE)Context, NULL, NULL, NULL, &result, IOCTL_PEND, NULL, 0, NULL, 0) == STATUS_PENDING);
}

static VOID ThreadEnds(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    HANDLE handle = NULL;
    PVOID file;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", 0, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &file, NULL)));
    TestRunThreads(1, LeaveBehind, &handle);
    while (ObHeader(file)->PointerCount > 2)     /* the request's reference */
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    ObfDereferenceObject(file);
    ZwClose(handle);
    CHECK(Closes == 1);
    TestStopDriver(driver);
}

static VOID Information(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(0, &device);
    FILE_POSITION_INFORMATION position = { { .QuadPart = 12 } };
    FILE_STANDARD_INFORMATION standard;
    FILE_ACCESS_INFORMATION access;
    FILE_MODE_INFORMATION mode;
    FILE_BASIC_INFORMATION basic;
    IO_STATUS_BLOCK result;
    HANDLE handle = NULL, asynchronous = NULL;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestFile", SYNCHRONOUS, &handle) == STATUS_SUCCESS);
    CHECK(TestOpen(L"\\Device\\TestFile", 0, &asynchronous) == STATUS_SUCCESS);
    CHECK(ZwSetInformationFile(handle, &result, &position, sizeof(position), FilePositionInformation) == STATUS_SUCCESS);
    position.CurrentByteOffset.QuadPart = 0;
    CHECK(ZwQueryInformationFile(handle, &result, &position, sizeof(position), FilePositionInformation) == STATUS_SUCCESS);
    CHECK(position.CurrentByteOffset.QuadPart == 12 && result.Information == 8);
    CHECK(ZwQueryInformationFile(handle, &result, &position, 4, FilePositionInformation) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwQueryInformationFile(handle, &result, &position, 8, FileMaximumInformation) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQueryInformationFile(handle, &result, &position, 8, FileEndOfFileInformation) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQueryInformationFile(handle, &result, &mode, sizeof(mode), FileModeInformation) == STATUS_SUCCESS);
    CHECK(mode.Mode == SYNCHRONOUS);
    CHECK(ZwQueryInformationFile(handle, &result, &access, sizeof(access), FileAccessInformation) == STATUS_SUCCESS);
    CHECK(access.AccessFlags == (FILE_GENERIC_READ | FILE_GENERIC_WRITE));
    CHECK(ZwQueryInformationFile(handle, &result, &standard, sizeof(standard), FileStandardInformation) == STATUS_SUCCESS);
    CHECK(standard.EndOfFile.QuadPart == 64 && result.Information == sizeof(standard));
    CHECK(NtQueryInformationFile(asynchronous, &result, &standard, sizeof(standard), FileStandardInformation) == STATUS_SUCCESS);
    CHECK(ZwQueryInformationFile(handle, &result, &basic, sizeof(basic), FileBasicInformation) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetInformationFile(handle, &result, &basic, sizeof(basic), FileBasicInformation) == STATUS_INVALID_DEVICE_REQUEST);
    ZwClose(handle);
    ZwClose(asynchronous);
    TestStopDriver(driver);
}

static VOID OpenAndClose(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 300; i++) {
        IO_STATUS_BLOCK result;
        LARGE_INTEGER offset = { .QuadPart = 0 };
        UCHAR byte;
        HANDLE handle;
        if (!CHECK(TestOpen(L"\\Device\\TestFile", i & 1 ? SYNCHRONOUS : 0, &handle) == STATUS_SUCCESS))
            return;
        CHECK(ZwReadFile(handle, NULL, NULL, NULL, &result, &byte, 1, &offset, NULL) == STATUS_SUCCESS);
        ZwClose(handle);
    }
}

static VOID Storm(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Setup(DO_BUFFERED_IO, &device);

    if (driver == NULL)
        return;
    TestRunThreads(6, OpenAndClose, NULL);
    CHECK(Creates == 1800 && Cleanups == 1800 && Closes == 1800 && device->ReferenceCount == 0);
    TestStopDriver(driver);
}

static const KE_TEST tests[] = {
    { "io.file.alerted", Alerted, 0 }, { "io.file.delete", Delete, 0 },       { "io.file.size", Size, 0 },
    { "io.file.open", Open, 0 },           { "io.file.openfails", OpenFails, 0 }, { "io.file.relative", Relative, 0 },
    { "io.file.buffered", Buffered, 0 },   { "io.file.direct", Direct, 0 },       { "io.file.neither", Neither, 0 },
    { "io.file.directfails", DirectFails, 0 }, { "io.file.control", Control, 0 }, { "io.file.asynchronous", Asynchronous, 0 },
    { "io.file.apc", ApcRoutine, 0 },      { "io.file.synchronous", Synchronous, 0 }, { "io.file.cancel", Cancel, 0 },
    { "io.file.threadends", ThreadEnds, 0 }, { "io.file.information", Information, 0 }, { "io.file.storm", Storm, 0 },
};
const KE_TEST_GROUP IoFileTests = { tests, RTL_NUMBER_OF(tests) };
