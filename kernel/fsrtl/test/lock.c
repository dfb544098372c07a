/* SPDX-License-Identifier: MIT
 * Byte-range locks: who gets them, who waits, who may read and write meanwhile.
 */
#include "../fsrtlp.h"
#include "test.h"

/* Two file objects: only their addresses count. */
static FILE_OBJECT One, Two;
static volatile LONG Completions, Unlocks;
static NTSTATUS LastStatus;

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    return STATUS_MORE_PROCESSING_REQUIRED;
}
static VOID NTAPI Unlocked(PVOID Context, PFILE_LOCK_INFO Info)
{
    CHECK(Context == &Unlocks && Info->Length.QuadPart != 0);
    InterlockedIncrement(&Unlocks);
}

static PIRP MakeIrp(FILE_OBJECT *File, UCHAR Minor, UCHAR Flags, LONG64 Offset, PLARGE_INTEGER Length)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    PIO_STACK_LOCATION location;

    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    irp->Tail.Overlay.Thread = PsGetCurrentThread();
    location = IoGetCurrentIrpStackLocation(irp);
    location->MajorFunction = IRP_MJ_LOCK_CONTROL;
    location->MinorFunction = Minor;
    location->Flags = Flags;
    location->FileObject = File;
    location->Parameters.LockControl.Length = Length;
    location->Parameters.LockControl.ByteOffset.QuadPart = Offset;
    return irp;
}

static NTSTATUS Take(PFILE_LOCK FileLock, FILE_OBJECT *File, LONG64 Offset, LONG64 Length, ULONG Key, BOOLEAN Exclusive)
{
    LARGE_INTEGER offset = { .QuadPart = Offset }, length = { .QuadPart = Length };
    IO_STATUS_BLOCK status = { .Status = STATUS_UNSUCCESSFUL };

    CHECK(FsRtlPrivateLock(FileLock, File, &offset, &length, PsGetCurrentProcess(), Key, TRUE, Exclusive, &status, NULL, NULL, FALSE));
    return status.Status;
}
static NTSTATUS GiveBack(PFILE_LOCK FileLock, FILE_OBJECT *File, LONG64 Offset, LONG64 Length, ULONG Key)
{
    LARGE_INTEGER offset = { .QuadPart = Offset }, length = { .QuadPart = Length };
    return FsRtlFastUnlockSingle(FileLock, File, &offset, &length, PsGetCurrentProcess(), Key, (PVOID)&Unlocks, FALSE);
}
static BOOLEAN May(PFILE_LOCK FileLock, FILE_OBJECT *File, LONG64 Offset, LONG64 Length, ULONG Key, BOOLEAN Write)
{
    LARGE_INTEGER offset = { .QuadPart = Offset }, length = { .QuadPart = Length };
    return Write ? FsRtlFastCheckLockForWrite(FileLock, &offset, &length, Key, File, PsGetCurrentProcess())
                 : FsRtlFastCheckLockForRead(FileLock, &offset, &length, Key, File, PsGetCurrentProcess());
}

static VOID Grant(VOID)
{
    PFILE_LOCK lock = FsRtlAllocateFileLock(NULL, Unlocked);
    LARGE_INTEGER zero = { .QuadPart = 0 }, ten = { .QuadPart = 10 };
    IO_STATUS_BLOCK result;

    if (!CHECK(lock != NULL))
        return;
    Unlocks = 0;
    CHECK(GiveBack(lock, &One, 0, 10, 0) == STATUS_RANGE_NOT_LOCKED && !FsRtlAreThereCurrentFileLocks(lock));
    CHECK(Take(lock, &One, 0, 10, 0, TRUE) == STATUS_SUCCESS && FsRtlAreThereCurrentFileLocks(lock));
    CHECK(Take(lock, &Two, 9, 1, 0, FALSE) == STATUS_LOCK_NOT_GRANTED && Take(lock, &Two, 10, 5, 0, FALSE) == STATUS_SUCCESS);
    CHECK(Take(lock, &One, 5, 1, 0, TRUE) == STATUS_LOCK_NOT_GRANTED && Take(lock, &One, 5, 1, 1, FALSE) == STATUS_LOCK_NOT_GRANTED);
    CHECK(Take(lock, &One, 0, 10, 0, FALSE) == STATUS_SUCCESS);            /* beside its own exclusive one */
    CHECK(!FsRtlPrivateLock(lock, &Two, &zero, &ten, PsGetCurrentProcess(), 0, FALSE, TRUE, &result, NULL, NULL, FALSE));
    CHECK(GiveBack(lock, &Two, 0, 10, 0) == STATUS_RANGE_NOT_LOCKED && GiveBack(lock, &One, 0, 9, 0) == STATUS_RANGE_NOT_LOCKED &&
          GiveBack(lock, &One, 0, 10, 7) == STATUS_RANGE_NOT_LOCKED);
    CHECK(GiveBack(lock, &One, 0, 10, 0) == STATUS_SUCCESS && Take(lock, &Two, 0, 1, 0, FALSE) == STATUS_SUCCESS);  /* the exclusive one first */
    CHECK(Take(lock, &Two, 0, 1, 0, TRUE) == STATUS_LOCK_NOT_GRANTED);
    CHECK(Unlocks == 1);
    CHECK(Take(lock, &One, -1, 1, 0, TRUE) == STATUS_SUCCESS);             /* the very last byte */
    CHECK(Take(lock, &One, -1, 2, 0, TRUE) == STATUS_INVALID_LOCK_RANGE);
    CHECK(Take(lock, &Two, 12, 0, 0, TRUE) == STATUS_LOCK_NOT_GRANTED && Take(lock, &One, 15, 0, 0, TRUE) == STATUS_SUCCESS);
    FsRtlFreeFileLock(lock);
}

static VOID Access(VOID)
{
    LARGE_INTEGER length = { .QuadPart = 0 };
    PIRP irp = MakeIrp(&Two, 0, 0, 0, &length);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    FILE_LOCK lock;

    FsRtlInitializeFileLock(&lock, NULL, NULL);
    CHECK(May(&lock, &Two, 0, 10, 0, TRUE) && !FsRtlAreThereCurrentOrInProgressFileLocks(&lock));
    CHECK(Take(&lock, &One, 100, 10, 3, TRUE) == STATUS_SUCCESS && Take(&lock, &One, 200, 10, 3, FALSE) == STATUS_SUCCESS);
    CHECK(FsRtlAreThereCurrentOrInProgressFileLocks(&lock));
    CHECK(May(&lock, &One, 100, 10, 3, FALSE) && May(&lock, &One, 100, 10, 3, TRUE) && !May(&lock, &One, 100, 10, 4, FALSE));
    CHECK(!May(&lock, &Two, 109, 1, 3, FALSE) && !May(&lock, &Two, 0, 101, 3, TRUE) && May(&lock, &Two, 110, 90, 3, TRUE));
    CHECK(May(&lock, &Two, 200, 10, 3, FALSE) && !May(&lock, &Two, 205, 1, 3, TRUE) && !May(&lock, &One, 205, 1, 3, TRUE));
    location->Parameters.Read.ByteOffset.QuadPart = 104;
    location->Parameters.Read.Length = 1;
    CHECK(!FsRtlCheckLockForReadAccess(&lock, irp) && !FsRtlCheckLockForWriteAccess(&lock, irp));
    location->FileObject = &One;
    location->Parameters.Read.Key = 3;
    CHECK(FsRtlCheckLockForReadAccess(&lock, irp) && FsRtlCheckLockForWriteAccess(&lock, irp));
    FsRtlUninitializeFileLock(&lock);
    CHECK(lock.LockInformation == NULL);
    IoFreeIrp(irp);
}

static VOID All(VOID)
{
    PFILE_LOCK lock = FsRtlAllocateFileLock(NULL, Unlocked);
    PFILE_LOCK_INFO info;
    ULONG count = 0, i;

    if (!CHECK(lock != NULL))
        return;
    CHECK(FsRtlGetNextFileLock(lock, TRUE) == NULL);
    for (i = 0; i < 6; i++)
        CHECK(Take(lock, i % 2 ? &One : &Two, i * 10, 10, i, i % 3 == 0) == STATUS_SUCCESS);
    for (info = FsRtlGetNextFileLock(lock, TRUE); info != NULL; info = FsRtlGetNextFileLock(lock, FALSE)) {
        CHECK(info->StartingByte.QuadPart == count * 10 && info->EndingByte.QuadPart == count * 10 + 9 && info->Key == count);
        CHECK(info->FileObject == (count % 2 ? &One : &Two) && info->ExclusiveLock == (count % 3 == 0));
        if (count++ == 2)
            CHECK(GiveBack(lock, &Two, 20, 10, 2) == STATUS_SUCCESS);        /* what it stands on goes away */
    }
    CHECK(count == 6);
    Unlocks = 0;
    CHECK(FsRtlFastUnlockAllByKey(lock, &One, PsGetCurrentProcess(), 2, (PVOID)&Unlocks) == STATUS_RANGE_NOT_LOCKED);
    CHECK(FsRtlFastUnlockAllByKey(lock, &One, PsGetCurrentProcess(), 3, (PVOID)&Unlocks) == STATUS_SUCCESS && Unlocks == 1);
    CHECK(FsRtlFastUnlockAll(lock, &One, PsGetCurrentProcess(), (PVOID)&Unlocks) == STATUS_SUCCESS && Unlocks == 3);
    CHECK(FsRtlFastUnlockAll(lock, &One, PsGetCurrentProcess(), (PVOID)&Unlocks) == STATUS_RANGE_NOT_LOCKED);
    info = FsRtlGetNextFileLock(lock, TRUE);
    CHECK(info != NULL && info->FileObject == &Two);
    FsRtlFreeFileLock(lock);
}

/* A file system's completion, which refuses what it is told to. */
static PIRP Refused;
static NTSTATUS NTAPI Complete(PVOID Context, PIRP Irp)
{
    NTSTATUS status = Irp == Refused ? STATUS_DISK_FULL : Irp->IoStatus.Status;

    LastStatus = Irp->IoStatus.Status;
    Irp->IoStatus.Status = status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return status;
}

static VOID Wait(VOID)
{
    LARGE_INTEGER ten = { .QuadPart = 10 };
    PIRP a = MakeIrp(&One, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, &ten), b = MakeIrp(&Two, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 5, &ten),
         c = MakeIrp(&One, IRP_MN_LOCK, 0, 8, &ten), d = MakeIrp(&Two, IRP_MN_LOCK, SL_FAIL_IMMEDIATELY, 0, &ten),
         e = MakeIrp(&One, IRP_MN_UNLOCK_SINGLE, 0, 0, &ten), f = MakeIrp(&Two, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, &ten);
    FILE_LOCK lock;

    Completions = 0;
    Refused = NULL;
    FsRtlInitializeFileLock(&lock, Complete, NULL);
    CHECK(FsRtlProcessFileLock(&lock, a, NULL) == STATUS_SUCCESS && Completions == 1);
    CHECK(FsRtlProcessFileLock(&lock, b, NULL) == STATUS_PENDING && FsRtlProcessFileLock(&lock, c, NULL) == STATUS_SUCCESS);
    CHECK(FsRtlProcessFileLock(&lock, d, NULL) == STATUS_LOCK_NOT_GRANTED && Completions == 3);
    CHECK(b->CancelRoutine != NULL && FsRtlProcessFileLock(&lock, e, NULL) == STATUS_SUCCESS && Completions == 4);
    CHECK(GiveBack(&lock, &One, 8, 10, 0) == STATUS_SUCCESS && Completions == 5 && b->IoStatus.Status == STATUS_SUCCESS);
    CHECK(FsRtlProcessFileLock(&lock, f, NULL) == STATUS_PENDING);         /* b has 5 to 14 */
    CHECK(IoCancelIrp(f) && f->IoStatus.Status == STATUS_CANCELLED && Completions == 6);
    IoReuseIrp(f, STATUS_SUCCESS);
    IoFreeIrp(f);
    f = MakeIrp(&One, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, &ten);
    Refused = f;
    CHECK(FsRtlProcessFileLock(&lock, f, NULL) == STATUS_PENDING && GiveBack(&lock, &Two, 5, 10, 0) == STATUS_SUCCESS);
    CHECK(Completions == 7 && LastStatus == STATUS_SUCCESS && !FsRtlAreThereCurrentFileLocks(&lock));      /* withdrawn */
    CHECK(Take(&lock, &One, 0, 10, 0, TRUE) == STATUS_SUCCESS);
    IoFreeIrp(d);
    d = MakeIrp(&Two, IRP_MN_LOCK, 0, 0, &ten);
    CHECK(FsRtlProcessFileLock(&lock, d, NULL) == STATUS_PENDING);
    FsRtlUninitializeFileLock(&lock);
    CHECK(Completions == 8 && d->IoStatus.Status == STATUS_RANGE_NOT_LOCKED);
    IoFreeIrp(a); IoFreeIrp(b); IoFreeIrp(c); IoFreeIrp(d); IoFreeIrp(e); IoFreeIrp(f);
}

/* Everybody wants the same byte, waits for it, and is cancelled now and then. */
#define ROUNDS 200u
static FILE_LOCK Shared;
static volatile LONG Inside, Granted;
static NTSTATUS NTAPI Signal(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID Contend(PVOID Context, ULONG Index)
{
    FILE_OBJECT *files = Context;
    LARGE_INTEGER one = { .QuadPart = 1 };
    KEVENT done;
    ULONG i;

    KeInitializeEvent(&done, SynchronizationEvent, FALSE);
    for (i = 0; i < ROUNDS; i++) {
        PIRP irp = MakeIrp(&files[Index], IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, &one);
        IoGetCurrentIrpStackLocation(irp)->Control = 0;
        IoGetCurrentIrpStackLocation(irp)->CompletionRoutine = Signal;
        IoGetCurrentIrpStackLocation(irp)->Context = &done;
        IoGetCurrentIrpStackLocation(irp)->Control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
        FsRtlProcessFileLock(&Shared, irp, NULL);
        if ((i + Index) % 3 == 0)
            IoCancelIrp(irp);
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        if (irp->IoStatus.Status == STATUS_SUCCESS) {
            CHECK(InterlockedIncrement(&Inside) == 1);
            InterlockedIncrement(&Granted);
            InterlockedDecrement(&Inside);
            CHECK(GiveBack(&Shared, &files[Index], 0, 1, 0) == STATUS_SUCCESS);
        } else {
            CHECK(irp->IoStatus.Status == STATUS_CANCELLED);
        }
        IoFreeIrp(irp);
    }
}

static VOID Contention(VOID)
{
    FILE_OBJECT *files = ExAllocatePoolWithTag(NonPagedPoolNx, 8 * sizeof(*files), 'tseT');

    if (!CHECK(files != NULL))
        return;
    Inside = Granted = 0;
    FsRtlInitializeFileLock(&Shared, NULL, NULL);
    TestRunThreads(8, Contend, files);
    CHECK(Granted >= (LONG)(8 * ROUNDS * 2 / 3) && !FsRtlAreThereCurrentFileLocks(&Shared));
    FsRtlUninitializeFileLock(&Shared);
    ExFreePoolWithTag(files, 'tseT');
}

static const KE_TEST tests[] = {
    { "fsrtl.lock.grant", Grant, 0 }, { "fsrtl.lock.access", Access, 0 }, { "fsrtl.lock.all", All, 0 },
    { "fsrtl.lock.wait", Wait, 0 },   { "fsrtl.lock.contention", Contention, 0 },
};
const KE_TEST_GROUP FsRtlLockTests = { tests, RTL_NUMBER_OF(tests) };
