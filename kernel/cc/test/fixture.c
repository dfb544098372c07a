/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "ps.h"
#include "ob.h"

TEST_FILE TestFile;
static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Device;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI Create(PDEVICE_OBJECT Unused, PIRP Irp)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    InterlockedIncrement(&TestFile.Opens);
    KeClearEvent(&TestFile.Closed);
    file->FsContext = &TestFile;
    file->SectionObjectPointer = &TestFile.Pointers;
    return Complete(Irp, STATUS_SUCCESS, FILE_OPENED);
}

static NTSTATUS NTAPI CleanupOrClose(PDEVICE_OBJECT Unused, PIRP Irp)
{
    BOOLEAN last = IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CLOSE && InterlockedIncrement(&TestFile.Closes) == TestFile.Opens;

    Complete(Irp, STATUS_SUCCESS, 0);
    if (last)
        KeSetEvent(&TestFile.Closed, 0, FALSE);
    return STATUS_SUCCESS;
}

VOID TestAwaitClose(VOID) { KeWaitForSingleObject(&TestFile.Closed, Executive, KernelMode, FALSE, NULL); }

static BOOLEAN TakeOne(volatile LONG *Count)
{
    LONG old = *Count;
    return old > 0 && InterlockedCompareExchange(Count, old - 1, old) == old;
}

static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT Unused, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN write = location->MajorFunction == IRP_MJ_WRITE;
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    PUCHAR data = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);

    CHECK((Irp->Flags & IRP_PAGING_IO) && !(offset & (PAGE_SIZE - 1)));
    InterlockedIncrement(write ? &TestFile.Writes : &TestFile.Reads);
    if (TakeOne(write ? &TestFile.FailWrites : &TestFile.FailReads))
        return Complete(Irp, STATUS_DEVICE_DATA_ERROR, 0);
    if (offset >= TestFile.Size)
        return Complete(Irp, STATUS_END_OF_FILE, 0);
    length = min(length, TestFile.Size - (ULONG)offset);
    InterlockedExchangeAdd(write ? &TestFile.WriteBytes : &TestFile.ReadBytes, (LONG)length);
    if (write)
        RtlCopyMemory(TestFile.Data + offset, data, length);
    else
        RtlCopyMemory(data, TestFile.Data + offset, length);
    return Complete(Irp, STATUS_SUCCESS, length);
}

/* The end of the file: what the cache says of its data, or a section that is larger. */
static NTSTATUS NTAPI SetInformation(PDEVICE_OBJECT Unused, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    LONG64 end = ((PFILE_END_OF_FILE_INFORMATION)Irp->AssociatedIrp.SystemBuffer)->EndOfFile.QuadPart;

    CHECK(location->Parameters.SetFile.FileInformationClass == FileEndOfFileInformation);
    if (location->Parameters.SetFile.AdvanceOnly)
        TestFile.Advanced = end;
    else if (end > TEST_FILE_SIZE)
        return Complete(Irp, STATUS_DISK_FULL, 0);
    else
        TestFile.Size = (ULONG)end;
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI QueryInformation(PDEVICE_OBJECT Unused, PIRP Irp)
{
    PFILE_STANDARD_INFORMATION standard = Irp->AssociatedIrp.SystemBuffer;

    CHECK(IoGetCurrentIrpStackLocation(Irp)->Parameters.QueryFile.FileInformationClass == FileStandardInformation);
    RtlZeroMemory(standard, sizeof(*standard));
    standard->EndOfFile.QuadPart = standard->AllocationSize.QuadPart = TestFile.Size;
    return Complete(Irp, STATUS_SUCCESS, sizeof(*standard));
}

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Object, PUNICODE_STRING Path)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestCache");

    Object->MajorFunction[IRP_MJ_CREATE] = Create;
    Object->MajorFunction[IRP_MJ_CLEANUP] = Object->MajorFunction[IRP_MJ_CLOSE] = CleanupOrClose;
    Object->MajorFunction[IRP_MJ_READ] = Object->MajorFunction[IRP_MJ_WRITE] = Transfer;
    Object->MajorFunction[IRP_MJ_SET_INFORMATION] = SetInformation;
    Object->MajorFunction[IRP_MJ_QUERY_INFORMATION] = QueryInformation;
    return IoCreateDevice(Object, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
}

static VOID NTAPI Unload(PDRIVER_OBJECT Object) { IoDeleteDevice(Device); }

BOOLEAN TestStartCache(ULONG Size)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestCache");
    ULONG i;

    RtlZeroMemory(&TestFile, sizeof(TestFile));
    TestFile.Size = Size;
    TestFile.Data = ExAllocatePoolWithTag(NonPagedPoolNx, TEST_FILE_SIZE, 'tseT');
    if (!CHECK(TestFile.Data != NULL))
        return FALSE;
    for (i = 0; i < TEST_FILE_SIZE; i++)
        TestFile.Data[i] = TestByte(i);
    KeInitializeEvent(&TestFile.Closed, NotificationEvent, TRUE);
    ExInitializeFastMutex(&TestFile.Mutex);
    ExInitializeResourceLite(&TestFile.Resource);
    FsRtlSetupAdvancedHeader(&TestFile.Header, &TestFile.Mutex);
    image.Entry.EntryPoint = Entry;
    if (!CHECK(IoCreateDriverForImage(&image, &name, &Driver) == STATUS_SUCCESS) || !CHECK(IoInitializeDriver(Driver) == STATUS_SUCCESS))
        return FALSE;
    Driver->DriverUnload = Unload;
    return TRUE;
}

VOID TestStopCache(VOID)
{
    ObfReferenceObject(Driver);
    CHECK(IoUnloadDriver(Driver) == STATUS_SUCCESS);
    ObfDereferenceObject(Driver);
    ExDeleteResourceLite(&TestFile.Resource);
    ExFreePoolWithTag(TestFile.Data, 'tseT');
}

/* ---- The file system's side of the cache ---- */
static BOOLEAN NTAPI Acquire(PVOID Context, BOOLEAN Wait)
{
    CHECK(Context == &TestFile);
    InterlockedIncrement(&TestFile.LazyAcquired);
    return ExAcquireResourceSharedLite(&TestFile.Resource, Wait);
}

static VOID NTAPI Release(PVOID Context) { ExReleaseResourceLite(&TestFile.Resource); }

PFILE_OBJECT TestOpenCached(BOOLEAN PinAccess, LONG64 ValidData, HANDLE *Handle)
{
    static CACHE_MANAGER_CALLBACKS callbacks = { Acquire, Release, Acquire, Release };
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestCache");
    CC_FILE_SIZES sizes = { { .QuadPart = TestFile.Size }, { .QuadPart = TestFile.Size }, { .QuadPart = ValidData } };
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    PVOID file;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!CHECK(ZwOpenFile(Handle, FILE_ALL_ACCESS, &attributes, &result, 7, FILE_SYNCHRONOUS_IO_NONALERT) == STATUS_SUCCESS))
        return NULL;
    CHECK(ObReferenceObjectByHandle(*Handle, 0, IopFileObjectType, KernelMode, &file, NULL) == STATUS_SUCCESS);
    CcInitializeCacheMap(file, &sizes, PinAccess, &callbacks, &TestFile);
    CHECK(((PFILE_OBJECT)file)->PrivateCacheMap != NULL && CcIsFileCached((PFILE_OBJECT)file));
    return file;
}

VOID TestCloseCached(PFILE_OBJECT File, HANDLE Handle)
{
    CACHE_UNINITIALIZE_EVENT gone;

    KeInitializeEvent(&gone.Event, NotificationEvent, FALSE);
    CcUninitializeCacheMap(File, NULL, &gone);
    KeWaitForSingleObject(&gone.Event, Executive, KernelMode, FALSE, NULL);
    ZwClose(Handle);
    ObfDereferenceObject(File);
}

static NTSTATUS Guarded(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, PVOID Buffer, BOOLEAN Write)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    IO_STATUS_BLOCK result = { { STATUS_SUCCESS }, 0 };

    __try {
        if (Write)
            CHECK(CcCopyWrite(File, &offset, Length, TRUE, Buffer));
        else
            CHECK(CcCopyRead(File, &offset, Length, TRUE, Buffer, &result) && result.Information == Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return result.Status;
}

NTSTATUS TestRead(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, PVOID Buffer) { return Guarded(File, Offset, Length, Buffer, FALSE); }
NTSTATUS TestWrite(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, const VOID *Buffer)
{
    return Guarded(File, Offset, Length, (PVOID)Buffer, TRUE);
}

BOOLEAN TestIsOriginal(const UCHAR *Buffer, ULONG Offset, ULONG Length)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        if (Buffer[i] != TestByte(Offset + i))
            return FALSE;
    return TRUE;
}

VOID TestResize(PFILE_OBJECT File, ULONG Size)
{
    CC_FILE_SIZES sizes = { { .QuadPart = Size }, { .QuadPart = Size }, { .QuadPart = MAXLONGLONG } };
    if (Size > TestFile.Size)                    /* as a file system's valid data length has it */
        RtlZeroMemory(TestFile.Data + TestFile.Size, Size - TestFile.Size);
    TestFile.Size = Size;
    CcSetFileSizes(File, &sizes);
}
