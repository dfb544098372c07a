/* SPDX-License-Identifier: MIT
 * Volumes: registration of file systems, mounting, the raw file system, share access, and the services that only file systems serve.
 */
#include "fixture.h"
#include "../filesystem.h"

#define SYNCHRONOUS FILE_SYNCHRONOUS_IO_NONALERT

/* ---- A disk of two sectors, and a file system that knows it while Knows is set ---- */
static UCHAR Sectors[1024];
static BOOLEAN Knows;
static volatile LONG Mounts, Creates, Cleanups, Closes, UnlockAlls, Told;
static PDEVICE_OBJECT Volume, FileSystem, Disk;
static IO_STACK_LOCATION Last;
static UNICODE_STRING LastPattern;
static WCHAR LastName[32], PatternBuffer[16];
static LARGE_INTEGER LastLength;
static ULONG FastCalls;

static NTSTATUS NTAPI DiskTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    PUCHAR data = Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : NULL;

    if (data == NULL || offset > sizeof(Sectors) || length > sizeof(Sectors) - offset)
        return TestComplete(Irp, STATUS_INVALID_PARAMETER, 0);
    if (location->MajorFunction == IRP_MJ_READ)
        RtlCopyMemory(data, Sectors + offset, length);
    else
        RtlCopyMemory(Sectors + offset, data, length);
    return TestComplete(Irp, STATUS_SUCCESS, length);
}

static NTSTATUS Mount(PDEVICE_OBJECT Device, PIO_STACK_LOCATION Location)
{
    PVPB vpb = Location->Parameters.MountVolume.Vpb;

    InterlockedIncrement(&Mounts);
    if (!Knows)
        return STATUS_UNRECOGNIZED_VOLUME;
    CHECK(Device == FileSystem && Location->Parameters.MountVolume.DeviceObject == Disk && vpb->RealDevice == Disk);
    if (!CHECK(IoCreateDevice(Device->DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Volume) == STATUS_SUCCESS))
        return STATUS_INSUFFICIENT_RESOURCES;
    Volume->Flags &= ~DO_DEVICE_INITIALIZING;
    Volume->StackSize = Location->Parameters.MountVolume.DeviceObject->StackSize + 1;
    vpb->DeviceObject = Volume;
    vpb->SerialNumber = 0x1234;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI FsControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    if (location->MinorFunction == IRP_MN_VERIFY_VOLUME) {
        CHECK(location->Parameters.VerifyVolume.DeviceObject == Volume);
        return TestComplete(Irp, STATUS_SUCCESS, 0);
    }
    if (location->MinorFunction != IRP_MN_MOUNT_VOLUME)
        return TestComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    return TestComplete(Irp, Mount(Device, location), 0);
}

static NTSTATUS NTAPI FsCreate(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    CHECK(Device == Volume && file->Vpb == Disk->Vpb && file->DeviceObject == Disk);
    Last = *IoGetCurrentIrpStackLocation(Irp);
    RtlZeroMemory(LastName, sizeof(LastName));
    RtlCopyMemory(LastName, file->FileName.Buffer, min(file->FileName.Length, sizeof(LastName) - sizeof(WCHAR)));
    InterlockedIncrement(&Creates);
    return TestComplete(Irp, STATUS_SUCCESS, FILE_OPENED);
}

static NTSTATUS NTAPI FsCount(PDEVICE_OBJECT Device, PIRP Irp)
{
    InterlockedIncrement(IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CLEANUP ? &Cleanups : &Closes);
    return TestComplete(Irp, STATUS_SUCCESS, 0);
}

/* Keeps what was asked; a directory has one entry of 8 bytes, a lock of 7 bytes conflicts, everything else succeeds with 4. */
static NTSTATUS NTAPI FsRecord(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    Last = *location;
    if (location->MajorFunction == IRP_MJ_LOCK_CONTROL && location->MinorFunction == IRP_MN_UNLOCK_ALL)
        InterlockedIncrement(&UnlockAlls);
    else if (location->MajorFunction == IRP_MJ_LOCK_CONTROL)
        LastLength = *location->Parameters.LockControl.Length;
    if (location->MajorFunction == IRP_MJ_DIRECTORY_CONTROL && location->MinorFunction == IRP_MN_QUERY_DIRECTORY &&
        location->Parameters.QueryDirectory.FileName != NULL) {
        LastPattern = *location->Parameters.QueryDirectory.FileName;
        RtlCopyMemory(PatternBuffer, LastPattern.Buffer, min(LastPattern.Length, sizeof(PatternBuffer)));
    }
    if (location->MajorFunction == IRP_MJ_QUERY_VOLUME_INFORMATION || location->MajorFunction == IRP_MJ_QUERY_INFORMATION)
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = 0xABCD;
    if (location->MajorFunction == IRP_MJ_LOCK_CONTROL && LastLength.QuadPart == 7)
        return TestComplete(Irp, STATUS_LOCK_NOT_GRANTED, 0);
    return TestComplete(Irp, STATUS_SUCCESS, 4);
}

static BOOLEAN NTAPI FastRead(PFILE_OBJECT File, PLARGE_INTEGER Offset, ULONG Length, BOOLEAN Wait, ULONG Key, PVOID Buffer,
                              PIO_STATUS_BLOCK Result, PDEVICE_OBJECT Device)
{
    FastCalls++;
    if (Length != 3)
        return FALSE;
    RtlFillMemory(Buffer, Length, 'f');
    File->CurrentByteOffset.QuadPart = Offset->QuadPart + Length;
    *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, Length };
    return TRUE;
}

static BOOLEAN NTAPI FastStandard(PFILE_OBJECT File, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK Result,
                                  PDEVICE_OBJECT Device)
{
    RtlZeroMemory(Buffer, sizeof(*Buffer));
    Buffer->EndOfFile.QuadPart = 77;
    *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, sizeof(*Buffer) };
    return TRUE;
}

static FAST_IO_DISPATCH Fast = { .SizeOfFastIoDispatch = sizeof(Fast), .FastIoRead = FastRead, .FastIoQueryStandardInfo = FastStandard };

static PDEVICE_OBJECT MakeTyped(PDRIVER_OBJECT Driver, PCWSTR Name, DEVICE_TYPE Type)
{
    PDEVICE_OBJECT device = NULL;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    CHECK(IoCreateDevice(Driver, 0, &name, Type, 0, FALSE, &device) == STATUS_SUCCESS);
    if (device != NULL)
        device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

static PDRIVER_OBJECT Setup(BOOLEAN Known)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestVolume", NULL);
    ULONG i;

    Knows = Known;
    Mounts = Creates = Cleanups = Closes = UnlockAlls = 0;
    Volume = FileSystem = Disk = NULL;
    if (driver == NULL)
        return NULL;
    for (i = IRP_MJ_QUERY_INFORMATION; i <= IRP_MJ_LOCK_CONTROL; i++)
        driver->MajorFunction[i] = FsRecord;
    driver->MajorFunction[IRP_MJ_READ] = driver->MajorFunction[IRP_MJ_WRITE] = DiskTransfer;
    driver->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = FsControl;
    driver->MajorFunction[IRP_MJ_CREATE] = FsCreate;
    driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = FsCount;
    driver->FastIoDispatch = &Fast;
    Disk = MakeTyped(driver, L"\\Device\\TestDisk", FILE_DEVICE_DISK);
    FileSystem = MakeTyped(driver, L"\\Device\\TestFileSystem", FILE_DEVICE_DISK_FILE_SYSTEM);
    if (Disk == NULL || FileSystem == NULL)
        return NULL;
    IoRegisterFileSystem(FileSystem);
    return driver;
}

static VOID End(PDRIVER_OBJECT Driver)
{
    CHECK(Disk->Vpb->ReferenceCount == 0);
    if (Disk->Vpb->DeviceObject != NULL && Disk->Vpb->DeviceObject != Volume)
        IoDeleteDevice(Disk->Vpb->DeviceObject);         /* the raw file system's */
    IoUnregisterFileSystem(FileSystem);
    TestStopDriver(Driver);
}

/* ---- Mounting ---- */
static VOID MountOnce(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    HANDLE file, relative;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"b.txt");
    IO_STATUS_BLOCK result;

    if (driver == NULL)
        return;
    if (CHECK(TestOpen(L"\\Device\\TestDisk\\dir\\a.txt", SYNCHRONOUS, &file) == STATUS_SUCCESS)) {
        CHECK(Mounts == 1 && Disk->Vpb->ReferenceCount == 1 && (Disk->Vpb->Flags & VPB_MOUNTED) && wcscmp(LastName, L"\\dir\\a.txt") == 0);
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, file, NULL);
        CHECK(ZwOpenFile(&relative, GENERIC_READ | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ, SYNCHRONOUS) == STATUS_SUCCESS);
        CHECK(Mounts == 1 && Disk->Vpb->ReferenceCount == 2 && wcscmp(LastName, L"b.txt") == 0);
        CHECK(IoVerifyVolume(Disk, FALSE) == STATUS_SUCCESS);
        ZwClose(relative);
        ZwClose(file);
        CHECK(Creates == 2 && Cleanups == 2 && Closes == 2);
    }
    Disk->Vpb->Flags |= VPB_LOCKED;
    CHECK(TestOpen(L"\\Device\\TestDisk\\a.txt", SYNCHRONOUS, &file) == STATUS_ACCESS_DENIED);
    Disk->Vpb->Flags &= ~VPB_LOCKED;
    End(driver);
}

/* Only attributes of the device are wanted: nothing is mounted for that. */
static VOID Direct(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestDisk");
    OBJECT_ATTRIBUTES attributes;
    FILE_FS_DEVICE_INFORMATION device;
    IO_STATUS_BLOCK result;
    PVOID object;
    HANDLE file;

    if (driver == NULL)
        return;
    driver->MajorFunction[IRP_MJ_CREATE] = TestSucceed;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (CHECK(ZwOpenFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &result, 0, SYNCHRONOUS) == STATUS_SUCCESS)) {
        CHECK(Mounts == 0);
        CHECK(ObReferenceObjectByHandle(file, 0, IopFileObjectType, KernelMode, &object, NULL) == STATUS_SUCCESS);
        CHECK((((PFILE_OBJECT)object)->Flags & FO_DIRECT_DEVICE_OPEN) && IoGetRelatedDeviceObject(object) == Disk &&
              IoGetBaseFileSystemDeviceObject(object) == Disk);
        ObfDereferenceObject(object);
        CHECK(ZwQueryVolumeInformationFile(file, &result, &device, sizeof(device), FileFsDeviceInformation) == STATUS_SUCCESS &&
              device.DeviceType == FILE_DEVICE_DISK && !(device.Characteristics & FILE_DEVICE_IS_MOUNTED));
        ZwClose(file);
    }
    End(driver);
}

static VOID OpenFiles(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 50; i++) {
        HANDLE file;
        if (!CHECK(TestOpen(L"\\Device\\TestDisk\\x", SYNCHRONOUS, &file) == STATUS_SUCCESS))
            return;
        ZwClose(file);
    }
}

/* Everybody opens the first file at once: one mount. */
static VOID MountRace(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);

    if (driver == NULL)
        return;
    TestRunThreads(8, OpenFiles, NULL);
    CHECK(Mounts == 1 && Creates == 400 && Closes == 400);
    End(driver);
}

/* Nobody knows the medium: a file on it cannot be opened, the medium itself can. */
static VOID Raw(VOID)
{
    PDRIVER_OBJECT driver = Setup(FALSE);
    LARGE_INTEGER offset = { .QuadPart = 512 };
    UCHAR buffer[512] = { 0 };
    IO_STATUS_BLOCK result;
    HANDLE file, second;

    if (driver == NULL)
        return;
    CHECK(TestOpen(L"\\Device\\TestDisk\\a.txt", SYNCHRONOUS, &file) == STATUS_UNRECOGNIZED_VOLUME && Mounts == 1);
    RtlFillMemory(Sectors, sizeof(Sectors), 0x5A);
    if (CHECK(TestOpen(L"\\Device\\TestDisk", SYNCHRONOUS, &file) == STATUS_SUCCESS)) {
        CHECK((Disk->Vpb->Flags & VPB_RAW_MOUNT) && Mounts == 2);
        CHECK(ZwReadFile(file, NULL, NULL, NULL, &result, buffer, 512, &offset, NULL) == STATUS_SUCCESS && buffer[511] == 0x5A);
        RtlFillMemory(buffer, sizeof(buffer), 0xA5);
        offset.QuadPart = 0;
        CHECK(ZwWriteFile(file, NULL, NULL, NULL, &result, buffer, 512, &offset, NULL) == STATUS_SUCCESS && result.Information == 512);
        CHECK(Sectors[0] == 0xA5 && Sectors[511] == 0xA5 && Sectors[512] == 0x5A);
        CHECK(ZwReadFile(file, NULL, NULL, NULL, &result, buffer, 512, NULL, NULL) == STATUS_SUCCESS && buffer[0] == 0x5A);
        CHECK(TestOpen(L"\\Device\\TestDisk", SYNCHRONOUS, &second) == STATUS_SHARING_VIOLATION);
        CHECK(TestOpen(L"\\Device\\TestDisk\\a.txt", SYNCHRONOUS, &second) == STATUS_INVALID_PARAMETER);
        ZwClose(file);
    }
    End(driver);
}

/* ---- Notification ---- */
static VOID NTAPI Tell(PDEVICE_OBJECT Device, BOOLEAN Active)
{
    if (Device == FileSystem)
        InterlockedExchangeAdd(&Told, Active ? 1 : 100);
}

static VOID Notify(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);

    if (driver == NULL)
        return;
    Told = 0;
    CHECK(IoRegisterFsRegistrationChange(driver, Tell) == STATUS_SUCCESS && Told == 1);
    CHECK(IoRegisterFsRegistrationChange(driver, Tell) == STATUS_DEVICE_ALREADY_ATTACHED);
    IoUnregisterFileSystem(FileSystem);
    CHECK(Told == 101);
    IoRegisterFileSystem(FileSystem);
    CHECK(Told == 102);
    IoUnregisterFsRegistrationChange(driver, Tell);
    End(driver);
    CHECK(Told == 102);
}

/* ---- Requests that only file systems serve ---- */
static VOID Requests(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    UNICODE_STRING pattern = RTL_CONSTANT_STRING(L"*.c");
    LARGE_INTEGER offset = { .QuadPart = 10 }, length = { .QuadPart = 5 };
    UCHAR buffer[512];
    IO_STATUS_BLOCK result;
    ULONG returned;
    HANDLE file;
    PVOID object;

    if (driver == NULL)
        return;
    if (CHECK(TestOpen(L"\\Device\\TestDisk\\d", SYNCHRONOUS, &file) == STATUS_SUCCESS)) {
        CHECK(ZwQueryDirectoryFile(file, NULL, NULL, NULL, &result, buffer, 8, FileBothDirectoryInformation, FALSE, NULL, TRUE) ==
              STATUS_INFO_LENGTH_MISMATCH);
        CHECK(ZwQueryDirectoryFile(file, NULL, NULL, NULL, &result, buffer, sizeof(buffer), FileBasicInformation, FALSE, NULL, TRUE) ==
              STATUS_INVALID_INFO_CLASS);
        CHECK(ZwQueryDirectoryFile(file, NULL, NULL, NULL, &result, buffer, sizeof(buffer), FileNamesInformation, TRUE, &pattern, TRUE) ==
              STATUS_SUCCESS && result.Information == 4 && Last.Flags == (SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY));
        CHECK(LastPattern.Length == 6 && PatternBuffer[2] == L'c' && Last.Parameters.QueryDirectory.Length == sizeof(buffer));
        CHECK(ZwNotifyChangeDirectoryFile(file, NULL, NULL, NULL, &result, buffer, sizeof(buffer), 0, FALSE) == STATUS_INVALID_PARAMETER);
        CHECK(ZwNotifyChangeDirectoryFile(file, NULL, NULL, NULL, &result, buffer, 16, FILE_NOTIFY_CHANGE_SIZE, TRUE) == STATUS_SUCCESS &&
              Last.Flags == SL_WATCH_TREE && Last.Parameters.NotifyDirectory.CompletionFilter == FILE_NOTIFY_CHANGE_SIZE);
        CHECK(ZwQueryVolumeInformationFile(file, &result, buffer, sizeof(buffer), FileFsSizeInformation) == STATUS_SUCCESS &&
              *(PULONG)buffer == 0xABCD && Last.MajorFunction == IRP_MJ_QUERY_VOLUME_INFORMATION);
        CHECK(ZwQueryVolumeInformationFile(file, &result, buffer, 4, FileFsSizeInformation) == STATUS_INFO_LENGTH_MISMATCH);
        CHECK(ZwSetVolumeInformationFile(file, &result, buffer, sizeof(buffer), FileFsLabelInformation) == STATUS_SUCCESS &&
              Last.MajorFunction == IRP_MJ_SET_VOLUME_INFORMATION);
        CHECK(ZwFlushBuffersFile(file, &result) == STATUS_SUCCESS && Last.MajorFunction == IRP_MJ_FLUSH_BUFFERS);
        CHECK(ZwLockFile(file, NULL, NULL, NULL, &result, &offset, &length, 3, TRUE, TRUE) == STATUS_SUCCESS && LastLength.QuadPart == 5 &&
              Last.Flags == (SL_FAIL_IMMEDIATELY | SL_EXCLUSIVE_LOCK) && Last.Parameters.LockControl.ByteOffset.QuadPart == 10);
        length.QuadPart = 7;
        CHECK(ZwLockFile(file, NULL, NULL, NULL, &result, &offset, &length, 3, TRUE, TRUE) == STATUS_LOCK_NOT_GRANTED);
        length.QuadPart = 5;
        CHECK(ZwUnlockFile(file, &result, &offset, &length, 3) == STATUS_SUCCESS && Last.MinorFunction == IRP_MN_UNLOCK_SINGLE);
        CHECK(ObReferenceObjectByHandle(file, 0, IopFileObjectType, KernelMode, &object, NULL) == STATUS_SUCCESS);
        CHECK(IoQueryFileInformation(object, FileInternalInformation, sizeof(buffer), buffer, &returned) == STATUS_SUCCESS && returned == 4 &&
              *(PULONG)buffer == 0xABCD);
        CHECK(IoQueryVolumeInformation(object, FileFsVolumeInformation, sizeof(buffer), buffer, &returned) == STATUS_SUCCESS &&
              Last.MajorFunction == IRP_MJ_QUERY_VOLUME_INFORMATION);
        CHECK(IoSetInformation(object, FileDispositionInformation, 1, buffer) == STATUS_SUCCESS && Last.MajorFunction == IRP_MJ_SET_INFORMATION);
        ObfDereferenceObject(object);
        ZwClose(file);
        CHECK(UnlockAlls == 1);
    }
    CHECK(IoCheckQuerySetFileInformation(FileBasicInformation, sizeof(FILE_BASIC_INFORMATION), FALSE) == STATUS_SUCCESS &&
          IoCheckQuerySetFileInformation(FileStandardInformation, 100, TRUE) == STATUS_INVALID_INFO_CLASS);
    CHECK(IoCheckQuerySetVolumeInformation(FileFsSizeInformation, 4, FALSE) == STATUS_INFO_LENGTH_MISMATCH);
    End(driver);
}

/* A new name elsewhere opens the directory there; a simple one does not. */
static VOID Rename(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    struct {
        FILE_RENAME_INFORMATION Information;
        WCHAR Room[40];
    } rename = { { TRUE, NULL, 10, { 0 } }, { 0 } };
    IO_STATUS_BLOCK result;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestDisk\\a");
    OBJECT_ATTRIBUTES attributes;
    HANDLE file;

    if (driver == NULL)
        return;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (CHECK(ZwOpenFile(&file, DELETE | SYNCHRONIZE, &attributes, &result, 0, SYNCHRONOUS) == STATUS_SUCCESS)) {
        RtlCopyMemory(rename.Information.FileName, L"b.txt", 10);
        CHECK(ZwSetInformationFile(file, &result, &rename, sizeof(rename), FileRenameInformation) == STATUS_SUCCESS &&
              Last.Parameters.SetFile.FileObject == NULL && Last.Parameters.SetFile.ReplaceIfExists && Creates == 1);
        RtlCopyMemory(rename.Information.FileName, L"\\Device\\TestDisk\\d\\b", 40);
        rename.Information.FileNameLength = 40;
        CHECK(ZwSetInformationFile(file, &result, &rename, sizeof(rename), FileRenameInformation) == STATUS_SUCCESS &&
              Last.Parameters.SetFile.FileObject != NULL && Creates == 2 && Closes == 1 && wcscmp(LastName, L"\\d\\b") == 0);
        RtlCopyMemory(rename.Information.FileName, L"\\Device\\RawDisk\\aaaa", 40);
        CHECK(!NT_SUCCESS(ZwSetInformationFile(file, &result, &rename, sizeof(rename), FileRenameInformation)));
        rename.Information.FileNameLength = 4000;
        CHECK(ZwSetInformationFile(file, &result, &rename, sizeof(rename), FileRenameInformation) == STATUS_INVALID_PARAMETER);
        ZwClose(file);
    }
    End(driver);
}

/* ---- Fast I/O ---- */
static VOID FastIo(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    FILE_STANDARD_INFORMATION standard;
    LARGE_INTEGER offset = { .QuadPart = 4 };
    CHAR buffer[8] = { 0 };
    IO_STATUS_BLOCK result;
    PVOID object;
    HANDLE file;

    if (driver == NULL)
        return;
    FastCalls = 0;
    if (CHECK(TestOpen(L"\\Device\\TestDisk\\f", SYNCHRONOUS, &file) == STATUS_SUCCESS)) {
        CHECK(ZwReadFile(file, NULL, NULL, NULL, &result, buffer, 3, &offset, NULL) == STATUS_INVALID_PARAMETER && FastCalls == 0);
        CHECK(ObReferenceObjectByHandle(file, 0, IopFileObjectType, KernelMode, &object, NULL) == STATUS_SUCCESS);
        ((PFILE_OBJECT)object)->PrivateCacheMap = &offset;       /* it is cached */
        CHECK(ZwReadFile(file, NULL, NULL, NULL, &result, buffer, 3, &offset, NULL) == STATUS_SUCCESS && result.Information == 3 &&
              buffer[2] == 'f' && ((PFILE_OBJECT)object)->CurrentByteOffset.QuadPart == 7 && FastCalls == 1);
        CHECK(ZwReadFile(file, NULL, NULL, NULL, &result, buffer, 4, &offset, NULL) == STATUS_INVALID_PARAMETER && FastCalls == 2);
        CHECK(ZwQueryInformationFile(file, &result, &standard, sizeof(standard), FileStandardInformation) == STATUS_SUCCESS &&
              standard.EndOfFile.QuadPart == 77);
        ((PFILE_OBJECT)object)->PrivateCacheMap = NULL;
        ObfDereferenceObject(object);
        ZwClose(file);
    }
    End(driver);
}

/* ---- Paging and stream files ---- */
static VOID Stream(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    LARGE_INTEGER offset = { .QuadPart = 0 };
    PFILE_OBJECT file;
    IO_STATUS_BLOCK result;
    HANDLE first;
    KEVENT done;
    PUCHAR page;
    PMDL mdl;

    if (driver == NULL)
        return;
    page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, 'tseT');
    if (CHECK(page != NULL) && CHECK(TestOpen(L"\\Device\\TestDisk\\f", SYNCHRONOUS, &first) == STATUS_SUCCESS)) {
        file = IoCreateStreamFileObject(NULL, Disk);
        CHECK(file->Vpb == Disk->Vpb && Disk->Vpb->ReferenceCount == 2 && Cleanups == 1 && (file->Flags & FO_STREAM_FILE));
        RtlFillMemory(Sectors, sizeof(Sectors), 0x77);
        mdl = IoAllocateMdl(page, sizeof(Sectors), FALSE, FALSE, NULL);
        MmBuildMdlForNonPagedPool(mdl);
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IoPageRead(file, mdl, &offset, &done, &result);
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        CHECK(result.Status == STATUS_SUCCESS && result.Information == sizeof(Sectors) && page[1023] == 0x77);
        page[5] = 0x88;
        KeClearEvent(&done);
        IoSynchronousPageWrite(file, mdl, &offset, &done, &result);
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        CHECK(result.Status == STATUS_SUCCESS && Sectors[5] == 0x88);
        IoFreeMdl(mdl);
        ObfDereferenceObject(file);
        CHECK(Cleanups == 1 && Closes == 1 && Disk->Vpb->ReferenceCount == 1);
        file = IoCreateStreamFileObjectLite(NULL, Disk);
        CHECK(Cleanups == 1);
        ObfDereferenceObject(file);
        CHECK(Cleanups == 1 && Closes == 2);
        ZwClose(first);
    }
    if (page != NULL)
        ExFreePoolWithTag(page, 'tseT');
    End(driver);
}

/* ---- Attributes by name; what a request left to verify ---- */
static VOID Attributes(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestDisk\\f");
    FILE_NETWORK_OPEN_INFORMATION whole = { 0 };
    FILE_BASIC_INFORMATION basic = { 0 };
    OBJECT_ATTRIBUTES attributes;

    if (driver == NULL)
        return;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwQueryFullAttributesFile(&attributes, &whole) == STATUS_SUCCESS && whole.CreationTime.LowPart == 0xABCD && Closes == 1);
    CHECK(ZwQueryAttributesFile(&attributes, &basic) == STATUS_SUCCESS && basic.CreationTime.LowPart == 0xABCD && Closes == 2);
    End(driver);
}

static VOID Verify(VOID)
{
    IRP irp = { 0 };

    irp.Tail.Overlay.Thread = PsGetCurrentThread();
    IoSetHardErrorOrVerifyDevice(&irp, (PDEVICE_OBJECT)&irp);
    CHECK(IoGetDeviceToVerify(PsGetCurrentThread()) == (PDEVICE_OBJECT)&irp);
    IoSetDeviceToVerify(PsGetCurrentThread(), NULL);
    CHECK(IoGetDeviceToVerify(PsGetCurrentThread()) == NULL);
}

/* ---- Share access ---- */
static VOID Share(VOID)
{
    FILE_OBJECT one = { 0 }, two = { 0 }, three = { 0 };
    SHARE_ACCESS share;

    IoSetShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &one, &share);
    CHECK(share.OpenCount == 1 && share.Readers == 1 && share.SharedRead == 1 && share.SharedWrite == 0 && one.ReadAccess && one.SharedRead);
    CHECK(IoCheckShareAccess(FILE_WRITE_DATA, FILE_SHARE_READ, &two, &share, TRUE) == STATUS_SHARING_VIOLATION && share.OpenCount == 1);
    CHECK(IoCheckShareAccess(FILE_READ_DATA, 0, &two, &share, TRUE) == STATUS_SHARING_VIOLATION);
    CHECK(IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &two, &share, TRUE) == STATUS_SUCCESS && share.OpenCount == 2);
    CHECK(IoCheckShareAccess(FILE_READ_ATTRIBUTES, 0, &three, &share, TRUE) == STATUS_SUCCESS && share.OpenCount == 2);
    IoRemoveShareAccess(&three, &share);
    IoRemoveShareAccess(&one, &share);
    CHECK(share.OpenCount == 1 && share.Readers == 1);
    CHECK(IoCheckShareAccess(DELETE, FILE_SHARE_READ | FILE_SHARE_DELETE, &three, &share, FALSE) == STATUS_SHARING_VIOLATION);
    IoRemoveShareAccess(&two, &share);
    CHECK(IoCheckShareAccess(DELETE, 0, &three, &share, FALSE) == STATUS_SUCCESS && share.OpenCount == 0);
    IoUpdateShareAccess(&three, &share);
    CHECK(share.OpenCount == 1 && share.Deleters == 1);
}

static const KE_TEST tests[] = {
    { "io.volume.mount", MountOnce, 0 }, { "io.volume.direct", Direct, 0 },     { "io.volume.race", MountRace, 0 },
    { "io.volume.raw", Raw, 0 },         { "io.volume.notify", Notify, 0 },     { "io.volume.requests", Requests, 0 },
    { "io.volume.rename", Rename, 0 },   { "io.volume.fast", FastIo, 0 },       { "io.volume.stream", Stream, 0 },
    { "io.volume.share", Share, 0 },     { "io.volume.attributes", Attributes, 0 }, { "io.volume.verify", Verify, 0 },
};
const KE_TEST_GROUP IoVolumeTests = { tests, RTL_NUMBER_OF(tests) };
