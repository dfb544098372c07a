/* SPDX-License-Identifier: MIT
 * Opportunistic locks by levels of caching, and all kinds of them under contention.
 */
#include "oplockfixture.h"

#define R OPLOCK_LEVEL_CACHE_READ
#define RH (OPLOCK_LEVEL_CACHE_READ | OPLOCK_LEVEL_CACHE_HANDLE)
#define RW (OPLOCK_LEVEL_CACHE_READ | OPLOCK_LEVEL_CACHE_WRITE)
#define RWH (RW | RH)
#define REQUEST REQUEST_OPLOCK_INPUT_FLAG_REQUEST
#define ACK REQUEST_OPLOCK_INPUT_FLAG_ACK

static VOID Levels(VOID)
{
    OPLOCK_TEST test;
    PIRP read, handle, up, refused;

    OplockStart(&test);
    read = OplockLevel(&test, &test.A, R, REQUEST, STATUS_PENDING);
    handle = OplockLevel(&test, &test.B, RH, REQUEST, STATUS_PENDING);
    CHECK(FsRtlCurrentOplockH(&test.Oplock) && !FsRtlOplockIsFastIoPossible(&test.Oplock) && !FsRtlCurrentBatchOplock(&test.Oplock));
    refused = OplockLevel(&test, &test.C, RW, REQUEST, STATUS_OPLOCK_NOT_GRANTED);
    OplockFreeIrp(refused);
    refused = OplockLevel(&test, &test.C, OPLOCK_LEVEL_CACHE_WRITE, REQUEST, STATUS_INVALID_PARAMETER);
    OplockFreeIrp(refused);
    refused = OplockLevel(&test, &test.C, R, REQUEST | ACK, STATUS_INVALID_PARAMETER);
    OplockFreeIrp(refused);
    refused = OplockControl(&test, &test.C, FSCTL_REQUEST_OPLOCK, STATUS_BUFFER_TOO_SMALL);
    OplockFreeIrp(refused);
    up = OplockLevel(&test, &test.A, RH, REQUEST, STATUS_PENDING);                   /* a Read becomes a Read-Handle */
    CHECK(read->IoStatus.Status == FSRTL_SWITCHED_TO_NEW_HANDLE && !OplockPends(read));
    CHECK(OplockDo(&test, &test.A, IRP_MJ_CLEANUP) == STATUS_SUCCESS && up->IoStatus.Status == FSRTL_HANDLE_CLOSED);
    CHECK(OplockTold(up, RH, 0, FALSE) && OplockPends(handle));
    CHECK(OplockDo(&test, &test.C, IRP_MJ_WRITE) == STATUS_SUCCESS && OplockTold(handle, RH, 0, TRUE));      /* and does not wait */
    OplockFreeIrp(OplockLevel(&test, &test.A, 0, ACK, STATUS_INVALID_OPLOCK_PROTOCOL));
    OplockFreeIrp(OplockLevel(&test, &test.B, R, ACK, FSRTL_CANNOT_GRANT));
    OplockFreeIrp(OplockLevel(&test, &test.B, 0, ACK, STATUS_SUCCESS));
    CHECK(!FsRtlCurrentOplock(&test.Oplock));
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(read);
    OplockFreeIrp(handle);
    OplockFreeIrp(up);
}

static VOID Steps(VOID)
{
    OPLOCK_TEST test;
    PIRP own, next, last, read, write;

    OplockStart(&test);
    own = OplockLevel(&test, &test.A, RWH, REQUEST, STATUS_PENDING);
    CHECK(FsRtlOplockIsFastIoPossible(&test.Oplock));
    read = OplockBegin(&test, OplockMakeIrp(&test.B, IRP_MJ_READ));
    CHECK(OplockTold(own, RWH, RH, TRUE));
    next = OplockLevel(&test, &test.A, RH, ACK, STATUS_PENDING);
    CHECK(OplockResumed(read, STATUS_SUCCESS) && FsRtlCurrentOplockH(&test.Oplock));
    OplockFreeIrp(own);
    OplockFreeIrp(read);
    CHECK(OplockDo(&test, &test.A, IRP_MJ_CLEANUP) == STATUS_SUCCESS && OplockTold(next, RH, 0, FALSE));
    OplockFreeIrp(next);
    own = OplockLevel(&test, &test.A, RWH, REQUEST, STATUS_PENDING);
    read = OplockBegin(&test, OplockMakeIrp(&test.B, IRP_MJ_READ));
    write = OplockBegin(&test, OplockMakeIrp(&test.C, IRP_MJ_WRITE));
    next = OplockLevel(&test, &test.A, RH, ACK, STATUS_SUCCESS);                     /* less is left than it was told */
    CHECK(OplockTold(next, RH, 0, TRUE) && OplockPends(write) == FALSE);             /* a write does not wait for a Read-Handle */
    CHECK(OplockResumed(read, STATUS_SUCCESS) && OplockResumed(write, STATUS_SUCCESS));
    last = OplockLevel(&test, &test.A, 0, ACK, STATUS_SUCCESS);
    CHECK(!FsRtlCurrentOplock(&test.Oplock));
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    OplockFreeIrp(next);
    OplockFreeIrp(last);
    OplockFreeIrp(read);
    OplockFreeIrp(write);
}

/* A sharing violation, a rename, a deletion take the handle caching; everything goes at last. */
static VOID Handles(VOID)
{
    OPLOCK_TEST test;
    PIRP own, open, ack, set;
    const REQUEST_OPLOCK_OUTPUT_BUFFER *output;

    OplockStart(&test);
    own = OplockLevel(&test, &test.A, RH, REQUEST, STATUS_PENDING);
    open = OplockMakeOpen(&test.B, FILE_WRITE_DATA, FILE_SHARE_WRITE, (FILE_OPEN << 24) | FILE_COMPLETE_IF_OPLOCKED);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_SUCCESS && OplockPends(own));
    CHECK(FsRtlOplockBreakH(&test.Oplock, open, 0, NULL, NULL, NULL) == STATUS_OPLOCK_BREAK_IN_PROGRESS && OplockTold(own, RH, R, TRUE));
    output = own->AssociatedIrp.SystemBuffer;
    CHECK((output->Flags & REQUEST_OPLOCK_OUTPUT_FLAG_MODES_PROVIDED) && output->AccessMode == FILE_WRITE_DATA &&
          output->ShareMode == FILE_SHARE_WRITE);
    ack = OplockLevel(&test, &test.A, R, ACK, STATUS_PENDING);
    CHECK(FsRtlCurrentOplock(&test.Oplock) && !FsRtlCurrentOplockH(&test.Oplock));
    CHECK(FsRtlOplockBreakToNone(&test.Oplock, NULL, open, NULL, NULL, NULL) == STATUS_SUCCESS && OplockTold(ack, R, 0, FALSE));
    OplockFreeIrp(own);
    OplockFreeIrp(ack);
    own = OplockLevel(&test, &test.A, RWH, REQUEST, STATUS_PENDING);
    set = OplockMakeIrp(&test.B, IRP_MJ_SET_INFORMATION);
    IoGetCurrentIrpStackLocation(set)->Parameters.SetFile.FileInformationClass = FileDispositionInformation;
    CHECK(FsRtlCheckOplock(&test.Oplock, set, NULL, NULL, NULL) == STATUS_SUCCESS && OplockPends(own));      /* it is not to be deleted */
    *(PUCHAR)set->AssociatedIrp.SystemBuffer = TRUE;
    CHECK(FsRtlCheckOplockEx(&test.Oplock, set, OPLOCK_FLAG_COMPLETE_IF_OPLOCKED, NULL, NULL, NULL) == STATUS_OPLOCK_BREAK_IN_PROGRESS);
    CHECK(OplockTold(own, RWH, RW, TRUE));
    ack = OplockLevel(&test, &test.A, RW, ACK, STATUS_PENDING);
    CHECK(FsRtlOplockBreakToNoneEx(&test.Oplock, open, OPLOCK_FLAG_COMPLETE_IF_OPLOCKED, NULL, NULL, NULL) == STATUS_OPLOCK_BREAK_IN_PROGRESS);
    CHECK(OplockTold(ack, RW, 0, TRUE));
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    OplockFreeIrp(ack);
    OplockFreeIrp(open);
    OplockFreeIrp(set);
}

/* What a request is taken for. */
static VOID Kinds(VOID)
{
    OPLOCK_TEST test;
    PIRP irp = OplockMakeIrp(&test.A, IRP_MJ_FILE_SYSTEM_CONTROL);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    REQUEST_OPLOCK_INPUT_BUFFER *input = irp->AssociatedIrp.SystemBuffer;

    CHECK(FsRtlOplockKeysEqual(&test.A, &test.A) && !FsRtlOplockKeysEqual(&test.A, &test.B) && !FsRtlOplockKeysEqual(NULL, NULL));
    location->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_OPLOCK_LEVEL_2;
    CHECK(FsRtlOplockIsSharedRequest(irp));
    location->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_BATCH_OPLOCK;
    CHECK(!FsRtlOplockIsSharedRequest(irp));
    location->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_OPLOCK;
    CHECK(!FsRtlOplockIsSharedRequest(irp));
    location->Parameters.FileSystemControl.InputBufferLength = sizeof(*input);
    *input = (REQUEST_OPLOCK_INPUT_BUFFER){ REQUEST_OPLOCK_CURRENT_VERSION, sizeof(*input), RH, REQUEST };
    CHECK(FsRtlOplockIsSharedRequest(irp));
    input->RequestedOplockLevel = RW;
    CHECK(!FsRtlOplockIsSharedRequest(irp));
    OplockFreeIrp(irp);
}

/* ---- Contention ---- */
#define ROUNDS 150u
typedef struct OPLOCK_RACE {
    OPLOCK_TEST Test;
    FILE_OBJECT Files[4];
    volatile LONG Granted, Ended, Waited;
} OPLOCK_RACE;

typedef struct OPLOCK_END {
    KEVENT Done;
    OPLOCK_RACE *Race;
} OPLOCK_END;

static NTSTATUS NTAPI Ended(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    OPLOCK_END *end = Context;

    InterlockedIncrement(&end->Race->Ended);
    KeSetEvent(&end->Done, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID Aim(PIRP Irp, OPLOCK_END *End, ULONG Code)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    location->CompletionRoutine = Ended;
    location->Context = End;
    location->Parameters.FileSystemControl.FsControlCode = Code;
    KeClearEvent(&End->Done);
}

/* Asks for an oplock, gives it up in one of three ways, and acknowledges: every request ends once. */
static VOID Own(OPLOCK_RACE *Race, PFILE_OBJECT File, OPLOCK_END *End, ULONG Round)
{
    static const ULONG codes[] = { FSCTL_REQUEST_OPLOCK_LEVEL_2, FSCTL_REQUEST_OPLOCK_LEVEL_1, FSCTL_REQUEST_BATCH_OPLOCK };
    ULONG code = codes[Round % RTL_NUMBER_OF(codes)];
    PIRP irp = OplockMakeIrp(File, IRP_MJ_FILE_SYSTEM_CONTROL);

    InterlockedIncrement(&Race->Granted);
    Aim(irp, End, code);
    FsRtlOplockFsctrl(&Race->Test.Oplock, irp, code == FSCTL_REQUEST_OPLOCK_LEVEL_2 ? 0 : 1);
    if (Round % 2)
        IoCancelIrp(irp);
    else
        OplockDo(&Race->Test, File, IRP_MJ_CLEANUP);
    KeWaitForSingleObject(&End->Done, Executive, KernelMode, FALSE, NULL);
    OplockFreeIrp(irp);
    OplockDo(&Race->Test, File, IRP_MJ_CLEANUP); /* a break that was begun is acknowledged by it */
}

static VOID RaceOplocks(PVOID Context, ULONG Index)
{
    OPLOCK_RACE *race = Context;
    PFILE_OBJECT file = &race->Files[Index];
    OPLOCK_END end = { .Race = race };
    ULONG i;

    KeInitializeEvent(&end.Done, NotificationEvent, FALSE);
    for (i = 0; i < ROUNDS; i++) {
        Own(race, file, &end, i + Index);
        InterlockedExchangeAdd(&race->Waited, OplockDo(&race->Test, file, i % 3 ? IRP_MJ_READ : IRP_MJ_WRITE) == STATUS_SUCCESS);
    }
}

static VOID Contention(VOID)
{
    OPLOCK_RACE *race = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*race), 'tseT');

    if (!CHECK(race != NULL))
        return;
    RtlZeroMemory(race, sizeof(*race));
    OplockStart(&race->Test);
    TestRunThreads(4, RaceOplocks, race);
    CHECK(race->Granted == 4 * ROUNDS && race->Ended == 4 * ROUNDS && race->Waited == 4 * ROUNDS);
    CHECK(!FsRtlCurrentOplock(&race->Test.Oplock));
    FsRtlUninitializeOplock(&race->Test.Oplock);
    ExFreePoolWithTag(race, 'tseT');
}

static const KE_TEST tests[] = {
    { "fsrtl.oplock.levels", Levels, 0 }, { "fsrtl.oplock.steps", Steps, 0 },           { "fsrtl.oplock.handles", Handles, 0 },
    { "fsrtl.oplock.kinds", Kinds, 0 },   { "fsrtl.oplock.contention", Contention, 0 },
};
const KE_TEST_GROUP FsRtlOplockBreakTests = { tests, RTL_NUMBER_OF(tests) };
