/* SPDX-License-Identifier: MIT
 * Opportunistic locks: granting them, and what their owners hear when they are broken.
 */
#include "oplock.h"

ULONG FsRtlLevelOf(FSRTL_OPLOCK_KIND Kind)
{
    static const UCHAR levels[FsRtlOplockKinds] = {
        [FsRtlLevelOne] = FSRTL_READ | FSRTL_WRITE, [FsRtlLevelTwo] = FSRTL_READ, [FsRtlBatch] = FSRTL_READ | FSRTL_WRITE | FSRTL_HANDLE,
        [FsRtlFilter] = FSRTL_READ | FSRTL_WRITE, [FsRtlRead] = FSRTL_READ, [FsRtlReadHandle] = FSRTL_READ | FSRTL_HANDLE,
        [FsRtlReadWrite] = FSRTL_READ | FSRTL_WRITE, [FsRtlReadWriteHandle] = FSRTL_READ | FSRTL_WRITE | FSRTL_HANDLE,
    };
    return levels[Kind];
}

FSRTL_OPLOCK_KIND FsRtlKindOfLevel(ULONG Level)
{
    FSRTL_OPLOCK_KIND kind;

    for (kind = FsRtlRead; kind <= FsRtlReadWriteHandle; kind++)
        if (FsRtlLevelOf(kind) == Level)
            return kind;
    return FsRtlOplockKinds;
}

FSRTL_OPLOCK *FsRtlMakeOplock(POPLOCK Oplock)
{
    FSRTL_OPLOCK *oplock = FsRtlOplockOf(Oplock), *other;

    if (oplock != NULL)
        return oplock;
    oplock = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*oplock), FSRTL_TAG_OPLOCK);
    if (oplock == NULL)
        return NULL;
    InitializeListHead(&oplock->Grants);
    InitializeListHead(&oplock->Waiters);
    other = InterlockedCompareExchangePointer(Oplock, oplock, NULL);
    if (other == NULL)
        return oplock;
    ExFreePoolWithTag(oplock, FSRTL_TAG_OPLOCK);
    return other;
}

/* ---- One grant ---- */

/* The owner does not want it any more. A grant that lost its request to here is nobody else's: it is this routine's to free. */
static VOID NTAPI FsRtlCancelGrant(PDEVICE_OBJECT Device, PIRP Irp) UNCHECKED_LOCKS
{
    FSRTL_GRANT *grant;
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    irql = KeLockAcquire(&FsRtlListLock);
    grant = Irp->Tail.Overlay.DriverContext[0];
    RemoveEntryList(&grant->Links);
    KeLockRelease(&FsRtlListLock, irql);
    ExFreePoolWithTag(grant, FSRTL_TAG_OPLOCK);
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID FsRtlFreeGrantLocked(FSRTL_GRANT *Grant) REQUIRES_LOCK(FsRtlListLock)
{
    RemoveEntryList(&Grant->Links);
    ExFreePoolWithTag(Grant, FSRTL_TAG_OPLOCK);
}

NTSTATUS FsRtlHoldLocked(FSRTL_GRANT *Grant, PIRP Irp)
{
    Grant->State = FsRtlHeld;
    Grant->Irp = Irp;
    Irp->Tail.Overlay.DriverContext[0] = Grant;
    if (!FsRtlGiveToCancel(Irp, FsRtlCancelGrant)) {
        FsRtlFreeGrantLocked(Grant);
        return STATUS_CANCELLED;
    }
    IoMarkIrpPending(Irp);
    return STATUS_PENDING;
}

/* FALSE: its request is being cancelled; the grant is unlinked, and not to be touched. */
static BOOLEAN FsRtlTakeGrantLocked(FSRTL_GRANT *Grant) REQUIRES_LOCK(FsRtlListLock)
{
    if (FsRtlTakeFromCancel(Grant->Irp))
        return TRUE;
    RemoveEntryList(&Grant->Links);
    InitializeListHead(&Grant->Links);
    return FALSE;
}

VOID FsRtlDescribeBreak(PIRP Irp, ULONG Original, ULONG Level, BOOLEAN MustAcknowledge, const FSRTL_OPERATION *Operation)
{
    REQUEST_OPLOCK_OUTPUT_BUFFER *output = Irp->AssociatedIrp.SystemBuffer;

    *output = (REQUEST_OPLOCK_OUTPUT_BUFFER){ .StructureVersion = REQUEST_OPLOCK_CURRENT_VERSION, .StructureLength = sizeof(*output),
                                              .OriginalOplockLevel = Original, .NewOplockLevel = Level,
                                              .Flags = MustAcknowledge ? REQUEST_OPLOCK_OUTPUT_FLAG_ACK_REQUIRED : 0 };
    if (Operation != NULL && Operation->Kind == FsRtlOpShare) {
        output->Flags |= REQUEST_OPLOCK_OUTPUT_FLAG_MODES_PROVIDED;
        output->AccessMode = Operation->Access;
        output->ShareMode = Operation->Share;
    }
    Irp->IoStatus.Information = sizeof(*output);
}

/* The grant's request, which is the caller's now, is to be completed. */
static VOID FsRtlAnswerLocked(FSRTL_GRANT *Grant, NTSTATUS Status, ULONG Level, BOOLEAN MustAcknowledge, const FSRTL_OPERATION *Operation,
                              PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    PIRP irp = Grant->Irp;

    Grant->Irp = NULL;
    irp->IoStatus.Status = Status;
    if (FsRtlIsGranular(Grant->Kind))
        FsRtlDescribeBreak(irp, FsRtlLevelOf(Grant->Kind), Level, MustAcknowledge, Operation);
    else
        irp->IoStatus.Information = Level & FSRTL_READ ? FILE_OPLOCK_BROKEN_TO_LEVEL_2 : FILE_OPLOCK_BROKEN_TO_NONE;
    InsertTailList(Done, &irp->Tail.Overlay.ListEntry);
}

VOID FsRtlDropLocked(FSRTL_GRANT *Grant, NTSTATUS Status, PLIST_ENTRY Done)
{
    if (Grant->Irp != NULL) {
        if (!FsRtlTakeGrantLocked(Grant))
            return;
        FsRtlAnswerLocked(Grant, Status, 0, FALSE, NULL, Done);
    }
    FsRtlFreeGrantLocked(Grant);
}

VOID FsRtlBreakLocked(FSRTL_GRANT *Grant, ULONG Keep, const FSRTL_OPERATION *Operation, PLIST_ENTRY Done)
{
    if (Grant->State != FsRtlHeld) {
        Grant->Level &= Keep;
        return;
    }
    if (Grant->Irp == NULL || Grant->Kind == FsRtlLevelTwo || Grant->Kind == FsRtlRead) {
        FsRtlDropLocked(Grant, STATUS_SUCCESS, Done);
        return;
    }
    if (!FsRtlTakeGrantLocked(Grant))
        return;
    Grant->State = FsRtlBreaking;
    Grant->Level = Grant->Told = FsRtlLevelOf(Grant->Kind) & Keep;
    FsRtlAnswerLocked(Grant, STATUS_SUCCESS, Grant->Told, TRUE, Operation, Done);
}

/* ---- Asking for one ---- */
typedef enum FSRTL_VERDICT { FsRtlRefuse, FsRtlBeside, FsRtlInstead } FSRTL_VERDICT;

/* What a grant says to a request for another: the table of "Granting Oplocks". */
static FSRTL_VERDICT FsRtlJudge(const FSRTL_GRANT *Have, FSRTL_OPLOCK_KIND Kind, PFILE_OBJECT File)
{
    BOOLEAN same = FsRtlOplockKeysEqual(Have->File, File);

    if (Have->State != FsRtlHeld)
        return FsRtlRefuse;
    if (Have->Kind == FsRtlReserved || Have->Irp == NULL)
        return same ? FsRtlInstead : FsRtlRefuse;
    switch (Kind) {
    case FsRtlLevelTwo:
        return Have->Kind == FsRtlLevelTwo || Have->Kind == FsRtlRead ? FsRtlBeside : FsRtlRefuse;
    case FsRtlRead:
        if (Have->Kind == FsRtlRead && same)
            return FsRtlInstead;
        return Have->Kind == FsRtlLevelTwo || Have->Kind == FsRtlRead || (Have->Kind == FsRtlReadHandle && !same) ? FsRtlBeside : FsRtlRefuse;
    case FsRtlReadHandle:
        if (Have->Kind != FsRtlRead && Have->Kind != FsRtlReadHandle)
            return FsRtlRefuse;
        return !same ? FsRtlBeside : Have->Kind == FsRtlRead ? FsRtlInstead : FsRtlRefuse;
    case FsRtlReadWrite:
        return same && (Have->Kind == FsRtlRead || Have->Kind == FsRtlReadWrite) ? FsRtlInstead : FsRtlRefuse;
    case FsRtlReadWriteHandle:
        return same && FsRtlIsGranular(Have->Kind) ? FsRtlInstead : FsRtlRefuse;
    default:
        return Have->Kind == FsRtlLevelTwo ? FsRtlInstead : FsRtlRefuse;
    }
}

static BOOLEAN FsRtlMayGrantLocked(const FSRTL_OPLOCK *Oplock, FSRTL_OPLOCK_KIND Kind, PFILE_OBJECT File) REQUIRES_LOCK(FsRtlListLock)
{
    PLIST_ENTRY entry;

    for (entry = Oplock->Grants.Flink; entry != &Oplock->Grants; entry = entry->Flink)
        if (FsRtlJudge(CONTAINING_RECORD(entry, FSRTL_GRANT, Links), Kind, File) == FsRtlRefuse)
            return FALSE;
    return TRUE;
}

/* What the new one takes the place of. */
static VOID FsRtlReplaceLocked(FSRTL_OPLOCK *Oplock, FSRTL_OPLOCK_KIND Kind, PFILE_OBJECT File, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    PLIST_ENTRY entry, next;

    for (entry = Oplock->Grants.Flink; entry != &Oplock->Grants; entry = next) {
        FSRTL_GRANT *have = CONTAINING_RECORD(entry, FSRTL_GRANT, Links);
        next = entry->Flink;
        if (FsRtlJudge(have, Kind, File) == FsRtlInstead)
            FsRtlDropLocked(have, FsRtlIsGranular(Kind) ? FSRTL_SWITCHED_TO_NEW_HANDLE : STATUS_SUCCESS, Done);
    }
}

static BOOLEAN FsRtlMayAsk(FSRTL_OPLOCK_KIND Kind, PFILE_OBJECT File, ULONG OpenCount, BOOLEAN AllKeysMatch)
{
    if (File->Flags & (FO_SYNCHRONOUS_IO | FO_CLEANUP_COMPLETE))
        return FALSE;
    if (FsRtlIsShared(Kind))                     /* then it counts byte-range locks */
        return OpenCount == 0;
    return OpenCount <= 1 || (AllKeysMatch && FsRtlIsGranular(Kind));
}

NTSTATUS FsRtlRequestOplock(POPLOCK Oplock, PIRP Irp, FSRTL_OPLOCK_KIND Kind, ULONG OpenCount, BOOLEAN AllKeysMatch)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    FSRTL_OPLOCK *oplock;
    FSRTL_GRANT *grant;
    NTSTATUS status = STATUS_OPLOCK_NOT_GRANTED;
    LIST_ENTRY done;
    KIRQL irql;

    if (!FsRtlMayAsk(Kind, file, OpenCount, AllKeysMatch))
        return STATUS_OPLOCK_NOT_GRANTED;
    oplock = FsRtlMakeOplock(Oplock);
    grant = oplock != NULL ? ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*grant), FSRTL_TAG_OPLOCK) : NULL;
    if (grant == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *grant = (FSRTL_GRANT){ .File = file, .Kind = Kind };
    InitializeListHead(&done);
    irql = KeLockAcquire(&FsRtlListLock);
    if (FsRtlMayGrantLocked(oplock, Kind, file)) {
        FsRtlReplaceLocked(oplock, Kind, file, &done);
        InsertTailList(&oplock->Grants, &grant->Links);
        status = FsRtlHoldLocked(grant, Irp);
        grant = NULL;
    }
    KeLockRelease(&FsRtlListLock, irql);
    if (grant != NULL)
        ExFreePoolWithTag(grant, FSRTL_TAG_OPLOCK);
    FsRtlCompleteList(&done);
    return status;
}

NTSTATUS FsRtlReserveOplock(POPLOCK Oplock, PIRP Irp, ULONG OpenCount)
{
    const IO_STACK_LOCATION *location = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN requires = (location->Parameters.Create.Options & FILE_OPEN_REQUIRING_OPLOCK) != 0, none;
    FSRTL_OPLOCK *oplock = FsRtlMakeOplock(Oplock);
    FSRTL_GRANT *grant = oplock != NULL ? ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*grant), FSRTL_TAG_OPLOCK) : NULL;
    KIRQL irql;

    if (grant == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *grant = (FSRTL_GRANT){ .File = location->FileObject, .Kind = requires ? FsRtlReserved : FsRtlFilter };
    irql = KeLockAcquire(&FsRtlListLock);
    none = IsListEmpty(&oplock->Grants) && OpenCount <= 1;
    if (none)
        InsertTailList(&oplock->Grants, &grant->Links);
    KeLockRelease(&FsRtlListLock, irql);
    if (none)
        return STATUS_SUCCESS;
    ExFreePoolWithTag(grant, FSRTL_TAG_OPLOCK);
    return requires ? STATUS_CANNOT_BREAK_OPLOCK : STATUS_OPLOCK_NOT_GRANTED;
}
