/* SPDX-License-Identifier: MIT
 * Fast I/O by the routines of fsrtl, on a file of memory whose device is the kernel's own.
 */
#include "../fastio.h"
#include "io.h"
#include "ob.h"
#include "test.h"

#define SIZE 8192u
typedef struct FAST_FILE {
    FSRTL_ADVANCED_FCB_HEADER Header;            /* FsContext */
    FAST_MUTEX Mutex;
    SECTION_OBJECT_POINTERS Pointers;
    ERESOURCE Resource;
    UCHAR Data[SIZE];                            /* the disk */
    volatile LONG FailReads;
    BOOLEAN Answer;                              /* of FastIoCheckIfPossible */
    volatile LONG Asked;
    PDRIVER_OBJECT Driver;
    PDEVICE_OBJECT Device;
    PFILE_OBJECT File;
    HANDLE Handle;
} FAST_FILE;
static FAST_FILE *Fast;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI Open(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    file->FsContext = &Fast->Header;
    file->SectionObjectPointer = &Fast->Pointers;
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI Other(PDEVICE_OBJECT Device, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS, 0); }

static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG offset = (ULONG)location->Parameters.Read.ByteOffset.QuadPart, length = location->Parameters.Read.Length;
    PUCHAR memory = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);

    if (location->MajorFunction == IRP_MJ_READ && Fast->FailReads != 0)
        return Complete(Irp, STATUS_DEVICE_DATA_ERROR, 0);
    if (offset >= SIZE)
        return Complete(Irp, STATUS_END_OF_FILE, 0);
    length = min(length, SIZE - offset);
    if (location->MajorFunction == IRP_MJ_WRITE)
        RtlCopyMemory(Fast->Data + offset, memory, length);
    else
        RtlCopyMemory(memory, Fast->Data + offset, length);
    return Complete(Irp, STATUS_SUCCESS, length);
}

static BOOLEAN NTAPI Check(PFILE_OBJECT File, PLARGE_INTEGER Offset, ULONG Length, BOOLEAN Wait, ULONG Key, BOOLEAN Read,
                           PIO_STATUS_BLOCK Result, PDEVICE_OBJECT Device)
{
    CHECK(File == Fast->File && Key == 7 && Length != 0);
    InterlockedIncrement(&Fast->Asked);
    return Fast->Answer;
}

static FAST_IO_DISPATCH Dispatch = { .SizeOfFastIoDispatch = sizeof(Dispatch), .FastIoCheckIfPossible = Check, .MdlRead = FsRtlMdlReadDev,
                                     .MdlReadComplete = FsRtlMdlReadCompleteDev, .PrepareMdlWrite = FsRtlPrepareMdlWriteDev,
                                     .MdlWriteComplete = FsRtlMdlWriteCompleteDev };

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestFast");

    Driver->MajorFunction[IRP_MJ_CREATE] = Open;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_CLOSE] = Driver->MajorFunction[IRP_MJ_SET_INFORMATION] = Other;
    Driver->MajorFunction[IRP_MJ_READ] = Driver->MajorFunction[IRP_MJ_WRITE] = Transfer;
    Driver->FastIoDispatch = &Dispatch;
    return IoCreateDevice(Driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Fast->Device);
}

static VOID NTAPI Unload(PDRIVER_OBJECT Driver) { IoDeleteDevice(Fast->Device); }

/* ---- The file ---- */
static BOOLEAN NTAPI Acquire(PVOID Context, BOOLEAN Wait) { return ExAcquireResourceSharedLite(&Fast->Resource, Wait); }
static VOID NTAPI Release(PVOID Context) { ExReleaseResourceLite(&Fast->Resource); }

static VOID OpenFile(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\TestFast");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    PVOID file = NULL;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwOpenFile(&Fast->Handle, FILE_ALL_ACCESS, &attributes, &result, 7, FILE_SYNCHRONOUS_IO_NONALERT) == STATUS_SUCCESS);
    CHECK(ObReferenceObjectByHandle(Fast->Handle, 0, IopFileObjectType, KernelMode, &file, NULL) == STATUS_SUCCESS);
    Fast->File = file;
}

static VOID CacheFile(VOID)
{
    static CACHE_MANAGER_CALLBACKS callbacks = { Acquire, Release, Acquire, Release };
    CC_FILE_SIZES sizes = { Fast->Header.AllocationSize, Fast->Header.FileSize, Fast->Header.ValidDataLength };
    CcInitializeCacheMap(Fast->File, &sizes, FALSE, &callbacks, Fast);
}

static BOOLEAN Start(VOID)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestFast");
    ULONG i;

    Fast = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Fast), 'tseT');
    if (!CHECK(Fast != NULL))
        return FALSE;
    RtlZeroMemory(Fast, sizeof(*Fast));
    for (i = 0; i < SIZE; i++)
        Fast->Data[i] = (UCHAR)(i * 3);
    ExInitializeFastMutex(&Fast->Mutex);
    ExInitializeResourceLite(&Fast->Resource);
    FsRtlSetupAdvancedHeader(&Fast->Header, &Fast->Mutex);
    Fast->Header.Resource = &Fast->Resource;
    Fast->Header.IsFastIoPossible = FastIoIsPossible;
    Fast->Header.AllocationSize.QuadPart = SIZE;
    Fast->Header.FileSize.QuadPart = Fast->Header.ValidDataLength.QuadPart = 6000;
    CHECK(IoStartKernelDriver(&image, &name, Entry, &Fast->Driver) == STATUS_SUCCESS);
    Fast->Driver->DriverUnload = Unload;
    OpenFile();
    return TRUE;
}

static VOID Stop(VOID)
{
    CACHE_UNINITIALIZE_EVENT gone;

    KeInitializeEvent(&gone.Event, NotificationEvent, FALSE);
    CcUninitializeCacheMap(Fast->File, NULL, &gone);
    KeWaitForSingleObject(&gone.Event, Executive, KernelMode, FALSE, NULL);
    ZwClose(Fast->Handle);
    ObfDereferenceObject(Fast->File);
    ObfReferenceObject(Fast->Driver);
    CHECK(IoUnloadDriver(Fast->Driver) == STATUS_SUCCESS);
    ObfDereferenceObject(Fast->Driver);
    ExDeleteResourceLite(&Fast->Resource);
    ExFreePoolWithTag(Fast, 'tseT');
}

/* ---- Copying ---- */
static BOOLEAN Read(ULONG Offset, ULONG Length, BOOLEAN Wait, PUCHAR Buffer, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = Offset };
    return FsRtlCopyRead(Fast->File, &offset, Length, Wait, 7, Buffer, Result, Fast->Device);
}

static BOOLEAN Write(ULONG Offset, ULONG Length, PUCHAR Buffer, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = Offset };
    return FsRtlCopyWrite(Fast->File, &offset, Length, TRUE, 7, Buffer, Result, Fast->Device);
}

static VOID CopyRead(VOID)
{
    static UCHAR buffer[SIZE];
    LARGE_INTEGER negative = { .QuadPart = -1 };
    IO_STATUS_BLOCK result;

    if (!Start())
        return;
    CHECK(!Read(0, 100, TRUE, buffer, &result));                                    /* not cached */
    CacheFile();
    CHECK(!Read(0, 100, FALSE, buffer, &result));                                   /* not in memory */
    Fast->FailReads = 1;
    CHECK(!Read(0, 100, TRUE, buffer, &result));                                    /* the request will tell of the error */
    Fast->FailReads = 0;
    CHECK(Read(0, 100, TRUE, buffer, &result) && result.Status == STATUS_SUCCESS && result.Information == 100);
    CHECK(RtlEqualMemory(buffer, Fast->Data, 100) && Fast->File->CurrentByteOffset.QuadPart == 100);
    CHECK((Fast->File->Flags & FO_FILE_FAST_IO_READ) && IoGetTopLevelIrp() == NULL && KeGetCurrentIrql() == PASSIVE_LEVEL);
    CHECK(Read(5900, 1000, TRUE, buffer, &result) && result.Information == 100 && RtlEqualMemory(buffer, Fast->Data + 5900, 100));
    CHECK(Read(0, 10, FALSE, buffer, &result) && result.Information == 10);
    CHECK(Read(6000, 1, TRUE, buffer, &result) && result.Status == STATUS_END_OF_FILE && result.Information == 0);
    CHECK(Read(0, 0, TRUE, buffer, &result) && result.Status == STATUS_SUCCESS && result.Information == 0);
    CHECK(!FsRtlCopyRead(Fast->File, &negative, 1, TRUE, 7, buffer, &result, Fast->Device));
    Fast->Header.IsFastIoPossible = FastIoIsQuestionable;
    CHECK(!Read(0, 10, TRUE, buffer, &result) && Fast->Asked == 1);
    Fast->Answer = TRUE;
    CHECK(Read(0, 10, TRUE, buffer, &result) && Fast->Asked == 2);
    CHECK(!FsRtlCopyRead(Fast->File, &Fast->Header.ValidDataLength, 1, TRUE, 7, buffer, &result, NULL));
    Fast->Header.IsFastIoPossible = FastIoIsNotPossible;
    CHECK(!Read(0, 10, TRUE, buffer, &result) && Fast->Asked == 2);
    Stop();
}

static VOID CopyWrite(VOID)
{
    static UCHAR buffer[SIZE];
    IO_STATUS_BLOCK result;
    ULONG i;

    if (!Start())
        return;
    CacheFile();
    for (i = 0; i < SIZE; i++)
        buffer[i] = (UCHAR)(i + 1);
    CHECK(Write(1000, 200, buffer, &result) && result.Status == STATUS_SUCCESS && result.Information == 200);
    CHECK((Fast->File->Flags & FO_FILE_MODIFIED) && Fast->File->CurrentByteOffset.QuadPart == 1200 && Fast->Data[1000] == (UCHAR)3000);
    CHECK(!Write(5999, 2, buffer, &result) && !Write(6000, 1, buffer, &result));    /* longer: a request's work */
    CHECK(Fast->Header.FileSize.QuadPart == 6000);
    Fast->File->Flags |= FO_WRITE_THROUGH;
    CHECK(!Write(0, 1, buffer, &result));
    Fast->File->Flags &= ~(ULONG)FO_WRITE_THROUGH;
    CcFlushCache(&Fast->Pointers, NULL, 0, &result);
    CHECK(result.Status == STATUS_SUCCESS && RtlEqualMemory(Fast->Data + 1000, buffer, 200) && Fast->Data[1200] == (UCHAR)3600);
    Stop();
}

/* ---- Pages of the cache ---- */
static VOID Mdls(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 4000 };
    IO_STATUS_BLOCK result;
    PMDL mdl = NULL;
    PUCHAR bytes;

    if (!Start())
        return;
    CHECK(!FsRtlMdlRead(Fast->File, &offset, 500, 7, &mdl, &result) && mdl == NULL);        /* not cached */
    CacheFile();
    CHECK(FsRtlMdlRead(Fast->File, &offset, 500, 7, &mdl, &result) && result.Information == 500);
    bytes = mdl != NULL ? MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) : NULL;
    CHECK(bytes != NULL && RtlEqualMemory(bytes, Fast->Data + 4000, 500));
    CHECK(FsRtlMdlReadComplete(Fast->File, mdl));
    mdl = NULL;
    CHECK(!FsRtlPrepareMdlWrite(Fast->File, &offset, 5000, 7, &mdl, &result) && mdl == NULL);
    CHECK(FsRtlPrepareMdlWrite(Fast->File, &offset, 10, 7, &mdl, &result) && result.Information == 10);
    bytes = mdl != NULL ? MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) : NULL;
    if (CHECK(bytes != NULL))
        RtlFillMemory(bytes, 10, 0xA5);
    Fast->File->Flags |= FO_WRITE_THROUGH;
    CHECK(!FsRtlMdlWriteComplete(Fast->File, &offset, mdl));
    Fast->File->Flags &= ~(ULONG)FO_WRITE_THROUGH;
    CHECK(FsRtlMdlWriteComplete(Fast->File, &offset, mdl));
    CcFlushCache(&Fast->Pointers, NULL, 0, &result);
    CHECK(Fast->Data[4000] == 0xA5 && Fast->Data[4009] == 0xA5 && Fast->Data[4010] == (UCHAR)(4010 * 3));
    Stop();
}

/* On one processor, so that nobody else counts in between; others may count elsewhere. */
static VOID Counters(VOID)
{
    KAFFINITY before = KeSetSystemAffinityThreadEx(1);
    PKPRCB prcb = KeGetCurrentPrcb();
    ULONG wait = prcb->CcFastReadWait, noWait = prcb->CcFastReadNoWait, not = prcb->CcFastReadNotPossible, miss = prcb->CcFastReadResourceMiss;

    FsRtlIncrementCcFastReadWait();
    FsRtlIncrementCcFastReadNoWait();
    FsRtlIncrementCcFastReadNotPossible();
    FsRtlIncrementCcFastReadResourceMiss();
    CHECK(prcb->CcFastReadWait == wait + 1 && prcb->CcFastReadNoWait == noWait + 1);
    CHECK(prcb->CcFastReadNotPossible == not + 1 && prcb->CcFastReadResourceMiss == miss + 1);
    KeRevertToUserAffinityThreadEx(before);
}

static const KE_TEST tests[] = {
    { "fsrtl.fast.read", CopyRead, 0 }, { "fsrtl.fast.write", CopyWrite, 0 }, { "fsrtl.fast.mdl", Mdls, 0 }, { "fsrtl.fast.count", Counters, 0 },
};
const KE_TEST_GROUP FsRtlFastTests = { tests, RTL_NUMBER_OF(tests) };
