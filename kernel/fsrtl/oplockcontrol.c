/* SPDX-License-Identifier: MIT
 * Opportunistic locks: the file system controls by which they are asked for and their breaks acknowledged. The request is always ended
 * here: it pends, or it is completed.
 */
#include "oplock.h"

/* ---- Acknowledgements ---- */
static FSRTL_GRANT *FsRtlFindBreakingLocked(const FSRTL_OPLOCK *Oplock, PFILE_OBJECT File, BOOLEAN Granular) REQUIRES_LOCK(FsRtlListLock)
{
    PLIST_ENTRY entry;

    for (entry = Oplock->Grants.Flink; entry != &Oplock->Grants; entry = entry->Flink) {
        FSRTL_GRANT *grant = CONTAINING_RECORD(entry, FSRTL_GRANT, Links);
        if (grant->File == File && grant->State == FsRtlBreaking && FsRtlIsGranular(grant->Kind) == Granular)
            return grant;
    }
    return NULL;
}

/* The owner takes level 2 if that is what it was told and nothing has taken that away since. */
static NTSTATUS FsRtlAckLegacyLocked(FSRTL_GRANT *Grant, PIRP Irp, ULONG Code, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    BOOLEAN wanted = Code == FSCTL_OPLOCK_BREAK_ACKNOWLEDGE && (Grant->Told & FSRTL_READ);

    if (Code == FSCTL_OPBATCH_ACK_CLOSE_PENDING && Grant->Kind != FsRtlLevelOne) {
        Grant->State = FsRtlClosing;
        return STATUS_SUCCESS;
    }
    if (wanted && (Grant->Level & FSRTL_READ)) {
        Grant->Kind = FsRtlLevelTwo;
        return FsRtlHoldLocked(Grant, Irp);
    }
    FsRtlDropLocked(Grant, STATUS_SUCCESS, Done);
    if (wanted)
        Irp->IoStatus.Information = FILE_OPLOCK_BROKEN_TO_NONE;
    return STATUS_SUCCESS;
}

/* The level was broken further after the owner had been told; its acknowledgement ends as the next break does. */
static NTSTATUS FsRtlBreakAgainLocked(FSRTL_GRANT *Grant, PIRP Irp, ULONG Wanted, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    BOOLEAN must = Wanted != FSRTL_READ;

    Grant->Kind = FsRtlKindOfLevel(Wanted);
    Grant->Told = Grant->Level &= Wanted;
    FsRtlDescribeBreak(Irp, Wanted, Grant->Told, must, NULL);
    if (!must)
        FsRtlDropLocked(Grant, STATUS_SUCCESS, Done);
    return STATUS_SUCCESS;
}

static NTSTATUS FsRtlAckGranularLocked(FSRTL_GRANT *Grant, PIRP Irp, ULONG Wanted, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock)
{
    if (Wanted & ~Grant->Told) {
        FsRtlDescribeBreak(Irp, FsRtlLevelOf(Grant->Kind), Grant->Level, TRUE, NULL);
        return FSRTL_CANNOT_GRANT;
    }
    if (Wanted == 0) {
        FsRtlDropLocked(Grant, STATUS_SUCCESS, Done);
        return STATUS_SUCCESS;
    }
    if (Wanted & ~Grant->Level)
        return FsRtlBreakAgainLocked(Grant, Irp, Wanted, Done);
    Grant->Kind = FsRtlKindOfLevel(Wanted);
    return FsRtlHoldLocked(Grant, Irp);
}

static NTSTATUS FsRtlAcknowledge(FSRTL_OPLOCK *Oplock, PIRP Irp, ULONG Code, ULONG Wanted)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    BOOLEAN granular = Code == FSCTL_REQUEST_OPLOCK;
    NTSTATUS status = STATUS_INVALID_OPLOCK_PROTOCOL;
    LIST_ENTRY done, released;
    FSRTL_GRANT *grant;
    KIRQL irql;

    if (Oplock == NULL)
        return STATUS_INVALID_OPLOCK_PROTOCOL;
    InitializeListHead(&done);
    InitializeListHead(&released);
    irql = KeLockAcquire(&FsRtlListLock);
    grant = FsRtlFindBreakingLocked(Oplock, file, granular);
    if (grant != NULL)
        status = granular ? FsRtlAckGranularLocked(grant, Irp, Wanted, &done) : FsRtlAckLegacyLocked(grant, Irp, Code, &done);
    FsRtlReleaseWaitersLocked(Oplock, FALSE, &released);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlCompleteList(&done);
    FsRtlResumeWaiters(&released);
    return status;
}

/* ---- Controls ---- */
static BOOLEAN FsRtlReadLevelRequest(PIRP Irp, REQUEST_OPLOCK_INPUT_BUFFER *Input)
{
    const IO_STACK_LOCATION *location = IoGetCurrentIrpStackLocation(Irp);

    if (location->Parameters.FileSystemControl.InputBufferLength < sizeof(*Input) || Irp->AssociatedIrp.SystemBuffer == NULL)
        return FALSE;
    *Input = *(const REQUEST_OPLOCK_INPUT_BUFFER *)Irp->AssociatedIrp.SystemBuffer;
    return TRUE;
}

/* FSCTL_REQUEST_OPLOCK. */
static NTSTATUS FsRtlLevelControl(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags)
{
    const ULONG acts = REQUEST_OPLOCK_INPUT_FLAG_REQUEST | REQUEST_OPLOCK_INPUT_FLAG_ACK;
    REQUEST_OPLOCK_INPUT_BUFFER input;
    FSRTL_OPLOCK_KIND kind;

    if (!FsRtlReadLevelRequest(Irp, &input) ||
        IoGetCurrentIrpStackLocation(Irp)->Parameters.FileSystemControl.OutputBufferLength < sizeof(REQUEST_OPLOCK_OUTPUT_BUFFER))
        return STATUS_BUFFER_TOO_SMALL;
    if (input.StructureVersion != REQUEST_OPLOCK_CURRENT_VERSION || input.StructureLength < sizeof(input) || (input.Flags & acts) == 0 ||
        (input.Flags & acts) == acts || (input.Flags & ~(acts | REQUEST_OPLOCK_INPUT_FLAG_COMPLETE_ACK_ON_CLOSE)))
        return STATUS_INVALID_PARAMETER;
    kind = FsRtlKindOfLevel(input.RequestedOplockLevel);
    if (kind == FsRtlOplockKinds && !(input.RequestedOplockLevel == 0 && (input.Flags & REQUEST_OPLOCK_INPUT_FLAG_ACK)))
        return STATUS_INVALID_PARAMETER;
    if (input.Flags & REQUEST_OPLOCK_INPUT_FLAG_ACK)
        return FsRtlAcknowledge(FsRtlOplockOf(Oplock), Irp, FSCTL_REQUEST_OPLOCK, input.RequestedOplockLevel);
    return FsRtlRequestOplock(Oplock, Irp, kind, OpenCount, (Flags & OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH) != 0);
}

static NTSTATUS FsRtlControlOplock(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags)
{
    ULONG code = IoGetCurrentIrpStackLocation(Irp)->Parameters.FileSystemControl.FsControlCode;

    switch (code) {
    case FSCTL_REQUEST_OPLOCK_LEVEL_1:
        return FsRtlRequestOplock(Oplock, Irp, FsRtlLevelOne, OpenCount, FALSE);
    case FSCTL_REQUEST_OPLOCK_LEVEL_2:
        return FsRtlRequestOplock(Oplock, Irp, FsRtlLevelTwo, OpenCount, FALSE);
    case FSCTL_REQUEST_BATCH_OPLOCK:
        return FsRtlRequestOplock(Oplock, Irp, FsRtlBatch, OpenCount, FALSE);
    case FSCTL_REQUEST_FILTER_OPLOCK:
        return FsRtlRequestOplock(Oplock, Irp, FsRtlFilter, OpenCount, FALSE);
    case FSCTL_REQUEST_OPLOCK:
        return FsRtlLevelControl(Oplock, Irp, OpenCount, Flags);
    case FSCTL_OPLOCK_BREAK_ACKNOWLEDGE:
    case FSCTL_OPLOCK_BREAK_ACK_NO_2:
    case FSCTL_OPBATCH_ACK_CLOSE_PENDING:
        return FsRtlAcknowledge(FsRtlOplockOf(Oplock), Irp, code, 0);
    case FSCTL_OPLOCK_BREAK_NOTIFY:
        return FsRtlNotifyBreak(FsRtlOplockOf(Oplock), Irp);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI FsRtlOplockFsctrlEx(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags)
{
    NTSTATUS status;

    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE)
        return FsRtlReserveOplock(Oplock, Irp, OpenCount);
    Irp->IoStatus.Information = 0;
    status = FsRtlControlOplock(Oplock, Irp, OpenCount, Flags);
    if (status == STATUS_PENDING)
        return status;
    Irp->IoStatus.Status = status;
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return status;
}

NTSTATUS NTAPI FsRtlOplockFsctrl(POPLOCK Oplock, PIRP Irp, ULONG OpenCount) { return FsRtlOplockFsctrlEx(Oplock, Irp, OpenCount, 0); }

BOOLEAN NTAPI FsRtlOplockIsSharedRequest(PIRP Irp)
{
    const IO_STACK_LOCATION *location = IoGetCurrentIrpStackLocation(Irp);
    REQUEST_OPLOCK_INPUT_BUFFER input;

    if (location->MajorFunction != IRP_MJ_FILE_SYSTEM_CONTROL)
        return FALSE;
    if (location->Parameters.FileSystemControl.FsControlCode == FSCTL_REQUEST_OPLOCK_LEVEL_2)
        return TRUE;
    if (location->Parameters.FileSystemControl.FsControlCode != FSCTL_REQUEST_OPLOCK || !FsRtlReadLevelRequest(Irp, &input))
        return FALSE;
    return (input.Flags & REQUEST_OPLOCK_INPUT_FLAG_REQUEST) && (input.RequestedOplockLevel & FSRTL_READ) &&
           !(input.RequestedOplockLevel & FSRTL_WRITE);
}
