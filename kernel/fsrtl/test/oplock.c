/* SPDX-License-Identifier: MIT
 * Opportunistic locks of the old kind: granting, breaking, acknowledging, waiting, ending.
 */
#include "oplockfixture.h"

static BOOLEAN BrokenTo(PIRP Irp, ULONG_PTR Level)
{
    return !OplockPends(Irp) && Irp->IoStatus.Status == STATUS_SUCCESS && Irp->IoStatus.Information == Level;
}

static VOID Free(PIRP *Irps, ULONG Count)
{
    ULONG i;
    for (i = 0; i < Count; i++)
        OplockFreeIrp(Irps[i]);
}

/* ---- Level 2 ---- */
static VOID Shared(VOID)
{
    OPLOCK_TEST test;
    PIRP irps[6];

    OplockStart(&test);
    CHECK(FsRtlOplockIsFastIoPossible(&test.Oplock) && FsRtlOplockIsFastIoPossible(NULL) && !FsRtlCurrentOplock(&test.Oplock));
    irps[0] = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_PENDING);
    irps[1] = OplockControl(&test, &test.B, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_PENDING);
    irps[2] = OplockControl(&test, &test.B, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_PENDING);
    CHECK(FsRtlCurrentOplock(&test.Oplock) && !FsRtlCurrentBatchOplock(&test.Oplock) && !FsRtlOplockIsFastIoPossible(&test.Oplock));
    CHECK(OplockDo(&test, &test.C, IRP_MJ_READ) == STATUS_SUCCESS && OplockDo(&test, &test.C, IRP_MJ_FLUSH_BUFFERS) == STATUS_SUCCESS);
    CHECK(OplockCompletions == 0);
    CHECK(OplockDo(&test, &test.A, IRP_MJ_CLEANUP) == STATUS_SUCCESS && OplockCompletions == 1);
    CHECK(BrokenTo(irps[0], FILE_OPLOCK_BROKEN_TO_NONE) && OplockPends(irps[1]) && OplockPends(irps[2]));
    CHECK(IoCancelIrp(irps[2]) && OplockCompletions == 2 && irps[2]->IoStatus.Status == STATUS_CANCELLED);
    CHECK(OplockDo(&test, &test.B, IRP_MJ_WRITE) == STATUS_SUCCESS && OplockCompletions == 3);         /* its own, too */
    CHECK(BrokenTo(irps[1], FILE_OPLOCK_BROKEN_TO_NONE) && !FsRtlCurrentOplock(&test.Oplock));
    CHECK(FsRtlOplockIsFastIoPossible(&test.Oplock));
    irps[3] = OplockControl(&test, &test.B, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, STATUS_INVALID_OPLOCK_PROTOCOL);
    irps[4] = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_PENDING);
    irps[5] = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_1, STATUS_PENDING);             /* takes its place */
    CHECK(BrokenTo(irps[4], FILE_OPLOCK_BROKEN_TO_NONE) && OplockPends(irps[5]));
    FsRtlUninitializeOplock(&test.Oplock);
    CHECK(BrokenTo(irps[5], FILE_OPLOCK_BROKEN_TO_NONE) && test.Oplock == NULL && OplockCompletions == 6);
    Free(irps, RTL_NUMBER_OF(irps));
}

/* ---- Refusals ---- */
static VOID Refused(VOID)
{
    OPLOCK_TEST test;
    PIRP irps[9], own;

    OplockStart(&test);
    irps[0] = OplockMakeIrp(&test.A, IRP_MJ_FILE_SYSTEM_CONTROL);
    IoGetCurrentIrpStackLocation(irps[0])->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_BATCH_OPLOCK;
    CHECK(FsRtlOplockFsctrl(&test.Oplock, irps[0], 2) == STATUS_OPLOCK_NOT_GRANTED && OplockCompletions == 1);   /* open twice */
    irps[1] = OplockMakeIrp(&test.A, IRP_MJ_FILE_SYSTEM_CONTROL);
    IoGetCurrentIrpStackLocation(irps[1])->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_OPLOCK_LEVEL_2;
    CHECK(FsRtlOplockFsctrl(&test.Oplock, irps[1], 1) == STATUS_OPLOCK_NOT_GRANTED && OplockCompletions == 2);   /* bytes are locked */
    test.B.Flags = FO_SYNCHRONOUS_IO;
    irps[2] = OplockControl(&test, &test.B, FSCTL_REQUEST_OPLOCK_LEVEL_1, STATUS_OPLOCK_NOT_GRANTED);
    test.B.Flags = FO_CLEANUP_COMPLETE;
    irps[3] = OplockControl(&test, &test.B, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_OPLOCK_NOT_GRANTED);
    irps[4] = OplockControl(&test, &test.A, FSCTL_IS_VOLUME_MOUNTED, STATUS_INVALID_PARAMETER);
    own = OplockControl(&test, &test.A, FSCTL_REQUEST_FILTER_OPLOCK, STATUS_PENDING);
    CHECK(FsRtlCurrentBatchOplock(&test.Oplock) && FsRtlOplockIsFastIoPossible(&test.Oplock));
    irps[5] = OplockControl(&test, &test.C, FSCTL_REQUEST_OPLOCK_LEVEL_2, STATUS_OPLOCK_NOT_GRANTED);
    irps[6] = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_1, STATUS_OPLOCK_NOT_GRANTED);
    irps[7] = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACK_NO_2, STATUS_INVALID_OPLOCK_PROTOCOL);        /* nothing is broken */
    irps[8] = OplockMakeIrp(&test.C, IRP_MJ_FILE_SYSTEM_CONTROL);
    IoGetCurrentIrpStackLocation(irps[8])->Parameters.FileSystemControl.FsControlCode = FSCTL_REQUEST_OPLOCK_LEVEL_2;
    irps[8]->Cancel = TRUE;
    CHECK(OplockDo(&test, &test.A, IRP_MJ_CLEANUP) == STATUS_SUCCESS && BrokenTo(own, FILE_OPLOCK_BROKEN_TO_NONE));
    CHECK(FsRtlOplockFsctrl(&test.Oplock, irps[8], 0) == STATUS_CANCELLED && !FsRtlCurrentOplock(&test.Oplock));
    CHECK(OplockCompletions == 10);
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    Free(irps, RTL_NUMBER_OF(irps));
}

/* ---- Exclusive ones ---- */
static VOID LevelOne(VOID)
{
    OPLOCK_TEST test;
    PIRP own, ack, read, write, owns;

    OplockStart(&test);
    own = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_1, STATUS_PENDING);
    CHECK(FsRtlOplockIsFastIoPossible(&test.Oplock) && !FsRtlCurrentBatchOplock(&test.Oplock));
    CHECK(OplockDo(&test, &test.A, IRP_MJ_WRITE) == STATUS_SUCCESS && OplockPends(own));               /* the owner's own */
    read = OplockBegin(&test, OplockMakeIrp(&test.B, IRP_MJ_READ));
    CHECK(BrokenTo(own, FILE_OPLOCK_BROKEN_TO_LEVEL_2) && !FsRtlOplockIsFastIoPossible(&test.Oplock));
    CHECK(OplockDo(&test, &test.A, IRP_MJ_WRITE) == STATUS_SUCCESS);                                   /* it writes back what it has */
    ack = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, STATUS_PENDING);               /* level 2 from now on */
    CHECK(OplockResumed(read, STATUS_SUCCESS) && FsRtlCurrentOplock(&test.Oplock));
    CHECK(OplockDo(&test, &test.B, IRP_MJ_WRITE) == STATUS_SUCCESS && BrokenTo(ack, FILE_OPLOCK_BROKEN_TO_NONE));
    OplockFreeIrp(own);
    OplockFreeIrp(ack);
    OplockFreeIrp(read);
    own = OplockControl(&test, &test.A, FSCTL_REQUEST_OPLOCK_LEVEL_1, STATUS_PENDING);
    read = OplockBegin(&test, OplockMakeIrp(&test.B, IRP_MJ_READ));
    write = OplockBegin(&test, OplockMakeIrp(&test.C, IRP_MJ_WRITE));                                  /* takes level 2 away, too */
    ack = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, STATUS_SUCCESS);
    CHECK(BrokenTo(ack, FILE_OPLOCK_BROKEN_TO_NONE) && OplockResumed(read, STATUS_SUCCESS) && OplockResumed(write, STATUS_SUCCESS));
    owns = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, STATUS_INVALID_OPLOCK_PROTOCOL);
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    OplockFreeIrp(ack);
    OplockFreeIrp(read);
    OplockFreeIrp(write);
    OplockFreeIrp(owns);
}

static VOID BatchOplock(VOID)
{
    OPLOCK_TEST test;
    PIRP own, open, overwrite, ack, close;

    OplockStart(&test);
    own = OplockControl(&test, &test.A, FSCTL_REQUEST_BATCH_OPLOCK, STATUS_PENDING);
    CHECK(FsRtlCurrentBatchOplock(&test.Oplock));
    open = OplockMakeOpen(&test.B, FILE_READ_ATTRIBUTES | SYNCHRONIZE, FILE_SHARE_READ, FILE_OPEN << 24);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_SUCCESS && OplockPends(own));     /* attributes only */
    OplockFreeIrp(open);
    open = OplockMakeOpen(&test.B, FILE_READ_DATA, FILE_SHARE_READ, (FILE_OPEN << 24) | FILE_OPEN_REQUIRING_OPLOCK);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_CANNOT_BREAK_OPLOCK && OplockPends(own));
    OplockFreeIrp(open);
    open = OplockMakeOpen(&test.B, FILE_READ_DATA, FILE_SHARE_READ, (FILE_OPEN << 24) | FILE_COMPLETE_IF_OPLOCKED);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_OPLOCK_BREAK_IN_PROGRESS);
    CHECK(BrokenTo(own, FILE_OPLOCK_BROKEN_TO_LEVEL_2));
    OplockFreeIrp(open);
    open = OplockControl(&test, &test.B, FSCTL_OPLOCK_BREAK_NOTIFY, STATUS_PENDING);
    overwrite = OplockBegin(&test, OplockMakeOpen(&test.C, FILE_WRITE_DATA, 7, FILE_OVERWRITE_IF << 24));
    ack = OplockControl(&test, &test.A, FSCTL_OPBATCH_ACK_CLOSE_PENDING, STATUS_SUCCESS);
    close = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACK_NO_2, STATUS_INVALID_OPLOCK_PROTOCOL);      /* only once */
    CHECK(OplockPends(open) && OplockPends(overwrite) && FsRtlCurrentBatchOplock(&test.Oplock));
    CHECK(OplockDo(&test, &test.A, IRP_MJ_CLEANUP) == STATUS_SUCCESS);
    CHECK(open->IoStatus.Status == STATUS_SUCCESS && !OplockPends(open) && OplockResumed(overwrite, STATUS_SUCCESS));
    CHECK(!FsRtlCurrentBatchOplock(&test.Oplock));
    OplockFreeIrp(OplockControl(&test, &test.B, FSCTL_OPLOCK_BREAK_NOTIFY, STATUS_SUCCESS));                 /* no break any more */
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    OplockFreeIrp(open);
    OplockFreeIrp(overwrite);
    OplockFreeIrp(ack);
    OplockFreeIrp(close);
}

static VOID Filter(VOID)
{
    OPLOCK_TEST test;
    PIRP own, open, ack;

    OplockStart(&test);
    open = OplockMakeOpen(&test.A, FILE_READ_ATTRIBUTES, 7, (FILE_OPEN << 24) | FILE_RESERVE_OPFILTER);
    CHECK(FsRtlOplockFsctrl(&test.Oplock, open, 1) == STATUS_SUCCESS && FsRtlCurrentBatchOplock(&test.Oplock));    /* reserved */
    CHECK(FsRtlCheckOplockEx(&test.Oplock, open, OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK, NULL, NULL, NULL) == STATUS_SUCCESS);
    CHECK(!FsRtlCurrentOplock(&test.Oplock) && OplockCompletions == 0);
    CHECK(FsRtlOplockFsctrl(&test.Oplock, open, 1) == STATUS_SUCCESS);
    OplockFreeIrp(open);
    own = OplockControl(&test, &test.A, FSCTL_REQUEST_FILTER_OPLOCK, STATUS_PENDING);
    open = OplockMakeOpen(&test.B, FILE_READ_DATA, 0, FILE_OPEN << 24);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_SUCCESS);                 /* it only reads */
    OplockFreeIrp(open);
    open = OplockMakeOpen(&test.B, FILE_WRITE_DATA, FILE_SHARE_READ, FILE_OPEN << 24);
    CHECK(FsRtlCheckOplock(&test.Oplock, open, NULL, NULL, NULL) == STATUS_SUCCESS);                 /* it lets others read */
    OplockFreeIrp(open);
    CHECK(OplockDo(&test, &test.B, IRP_MJ_READ) == STATUS_SUCCESS && OplockDo(&test, &test.B, IRP_MJ_LOCK_CONTROL) == STATUS_SUCCESS);
    CHECK(OplockPends(own));
    open = OplockBegin(&test, OplockMakeOpen(&test.B, FILE_WRITE_DATA, FILE_SHARE_WRITE, FILE_OPEN << 24));
    CHECK(BrokenTo(own, FILE_OPLOCK_BROKEN_TO_NONE));
    ack = OplockControl(&test, &test.A, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, STATUS_SUCCESS);             /* never level 2 */
    CHECK(OplockResumed(open, STATUS_SUCCESS) && !FsRtlCurrentOplock(&test.Oplock) && ack->IoStatus.Information == 0);
    FsRtlUninitializeOplock(&test.Oplock);
    OplockFreeIrp(own);
    OplockFreeIrp(open);
    OplockFreeIrp(ack);
}

/* ---- Waiting ---- */
typedef struct BLOCKED {
    OPLOCK_TEST Test;
    PIRP Own, Irp;
    NTSTATUS Status;
} BLOCKED;

/* The first thread waits in FsRtlCheckOplock until the second acknowledges, or cancels its request. */
static VOID BlockOrWake(PVOID Context, ULONG Index)
{
    BLOCKED *blocked = Context;
    ULONG code = FSCTL_OPLOCK_BREAK_ACK_NO_2;

    if (Index == 0) {
        blocked->Status = FsRtlCheckOplock(&blocked->Test.Oplock, blocked->Irp, NULL, NULL, NULL);
        return;
    }
    while (!OplockPends(blocked->Irp))
        ZwYieldExecution();
    CHECK(BrokenTo(blocked->Own, FILE_OPLOCK_BROKEN_TO_NONE));
    if (Index == 2)
        CHECK(IoCancelIrp(blocked->Irp));
    else
        OplockFreeIrp(OplockControl(&blocked->Test, &blocked->Test.A, code, STATUS_SUCCESS));
}

static VOID CancelBlocked(PVOID Context, ULONG Index) { BlockOrWake(Context, Index * 2); }

static VOID Waits(VOID)
{
    BLOCKED blocked;
    PIRP irp;

    OplockStart(&blocked.Test);
    blocked.Own = OplockControl(&blocked.Test, &blocked.Test.A, FSCTL_REQUEST_BATCH_OPLOCK, STATUS_PENDING);
    blocked.Irp = OplockMakeIrp(&blocked.Test.B, IRP_MJ_WRITE);
    TestRunThreads(2, BlockOrWake, &blocked);
    CHECK(blocked.Status == STATUS_SUCCESS && !OplockPends(blocked.Irp));
    OplockFreeIrp(blocked.Own);
    blocked.Own = OplockControl(&blocked.Test, &blocked.Test.A, FSCTL_REQUEST_BATCH_OPLOCK, STATUS_PENDING);
    TestRunThreads(2, CancelBlocked, &blocked);
    CHECK(blocked.Status == STATUS_CANCELLED);
    CHECK(FsRtlCheckOplock(&blocked.Test.Oplock, blocked.Irp, NULL, NULL, NULL) == STATUS_CANCELLED);    /* cancelled before */
    irp = OplockBegin(&blocked.Test, OplockMakeIrp(&blocked.Test.C, IRP_MJ_READ));
    CHECK(IoCancelIrp(irp) && OplockResumed(irp, STATUS_CANCELLED));
    OplockFreeIrp(irp);
    irp = OplockBegin(&blocked.Test, OplockMakeIrp(&blocked.Test.C, IRP_MJ_READ));
    FsRtlUninitializeOplock(&blocked.Test.Oplock);
    CHECK(OplockResumed(irp, STATUS_SUCCESS));
    OplockFreeIrp(irp);
    OplockFreeIrp(blocked.Own);
    OplockFreeIrp(blocked.Irp);
}

static const KE_TEST tests[] = {
    { "fsrtl.oplock.shared", Shared, 0 },      { "fsrtl.oplock.refused", Refused, 0 }, { "fsrtl.oplock.level1", LevelOne, 0 },
    { "fsrtl.oplock.batch", BatchOplock, 0 },  { "fsrtl.oplock.filter", Filter, 0 },   { "fsrtl.oplock.waits", Waits, 0 },
};
const KE_TEST_GROUP FsRtlOplockTests = { tests, RTL_NUMBER_OF(tests) };
