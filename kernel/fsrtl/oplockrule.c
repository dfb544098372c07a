/* SPDX-License-Identifier: MIT
 * Which operation breaks which oplock, to what, and whether it waits for the acknowledgement: the tables of "Breaking Oplocks" in the
 * file-system guide. A flush is not in them; it counts as a read, for it too must find what a writer keeps to itself.
 */
#include "oplock.h"

#define NOT { 0, 0, 0 }
#define BREAK(Keep) { 1, 0, Keep }
#define WAIT(Keep) { 1, 1, Keep }
#define R FSRTL_READ
#define RH (FSRTL_READ | FSRTL_HANDLE)
#define RW (FSRTL_READ | FSRTL_WRITE)

static const FSRTL_RULE FsRtlRules[FsRtlOperationKinds][FsRtlOplockKinds] = {
    /*                     Level 1  Level 2   Batch    Filter   Read      R-Handle  R-Write  R-W-Handle reserved */
    [FsRtlOpNone] =      { NOT,     NOT,      NOT,     NOT,     NOT,      NOT,      NOT,     NOT,       NOT },
    [FsRtlOpRead] =      { WAIT(R), NOT,      WAIT(R), NOT,     NOT,      NOT,      WAIT(R), WAIT(RH),  BREAK(0) },
    [FsRtlOpWrite] =     { WAIT(0), BREAK(0), WAIT(0), WAIT(0), BREAK(0), BREAK(0), WAIT(0), WAIT(0),   BREAK(0) },
    [FsRtlOpLock] =      { WAIT(0), BREAK(0), WAIT(0), NOT,     BREAK(0), BREAK(0), WAIT(0), WAIT(0),   BREAK(0) },
    [FsRtlOpRename] =    { NOT,     NOT,      WAIT(0), WAIT(0), NOT,      WAIT(R),  NOT,     WAIT(RW),  BREAK(0) },
    [FsRtlOpDelete] =    { NOT,     NOT,      NOT,     NOT,     NOT,      WAIT(R),  NOT,     WAIT(RW),  NOT },
    [FsRtlOpCreate] =    { WAIT(R), NOT,      WAIT(R), NOT,     NOT,      NOT,      WAIT(R), WAIT(RH),  BREAK(0) },
    [FsRtlOpOverwrite] = { WAIT(0), BREAK(0), WAIT(0), NOT,     BREAK(0), BREAK(0), WAIT(0), WAIT(0),   BREAK(0) },
    [FsRtlOpShare] =     { NOT,     NOT,      NOT,     NOT,     NOT,      WAIT(R),  NOT,     WAIT(RW),  NOT },
    [FsRtlOpAll] =       { WAIT(0), BREAK(0), WAIT(0), WAIT(0), BREAK(0), BREAK(0), WAIT(0), WAIT(0),   BREAK(0) },
    [FsRtlOpNotify] =    { WAIT(0), NOT,      WAIT(0), WAIT(0), NOT,      WAIT(0),  WAIT(0), WAIT(0),   NOT },
};

FSRTL_RULE FsRtlRuleFor(const FSRTL_OPERATION *Operation, const FSRTL_GRANT *Grant)
{
    FSRTL_RULE rule = FsRtlRules[Operation->Kind][Grant->Kind];
    BOOLEAN always = Grant->Kind == FsRtlLevelTwo && (Operation->Kind == FsRtlOpWrite || Operation->Kind == FsRtlOpLock);

    if (Grant->Kind == FsRtlFilter && Operation->BreaksFilter)
        rule = (FSRTL_RULE)WAIT(0);
    if (!always && !Operation->IgnoreKeys && FsRtlOplockKeysEqual(Operation->File, Grant->File))
        rule = (FSRTL_RULE)NOT;
    return rule;
}

/* ---- What a request is about to do ---- */
#define FSRTL_ATTRIBUTES_ONLY ((ULONG)(FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE))
#define FSRTL_HARMLESS_TO_FILTER (FSRTL_ATTRIBUTES_ONLY | FILE_READ_DATA | FILE_READ_EA | FILE_EXECUTE | READ_CONTROL)

static FSRTL_OPERATION FsRtlDescribeOpen(const IO_STACK_LOCATION *Location)
{
    ULONG options = Location->Parameters.Create.Options, disposition = options >> 24;
    ULONG access = Location->Parameters.Create.SecurityContext != NULL ? Location->Parameters.Create.SecurityContext->DesiredAccess : MAXULONG;
    BOOLEAN reserves = (options & FILE_RESERVE_OPFILTER) != 0;
    BOOLEAN overwrites = disposition == FILE_SUPERSEDE || disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF;
    BOOLEAN writes = overwrites || (access & ~FSRTL_HARMLESS_TO_FILTER);
    FSRTL_OPERATION operation = { .File = Location->FileObject, .Access = access, .Share = Location->Parameters.Create.ShareAccess };

    operation.MustNotBreak = (options & FILE_OPEN_REQUIRING_OPLOCK) != 0;
    operation.DoesNotWait = (options & FILE_COMPLETE_IF_OPLOCKED) != 0;
    if (!reserves && !(access & ~FSRTL_ATTRIBUTES_ONLY))
        return operation;
    operation.Kind = reserves || overwrites ? FsRtlOpOverwrite : FsRtlOpCreate;
    operation.BreaksFilter = reserves || (writes && !(operation.Share & FILE_SHARE_READ));
    return operation;
}

static FSRTL_OPERATION_KIND FsRtlKindOfSetting(PIRP Irp, const IO_STACK_LOCATION *Location)
{
    switch ((ULONG)Location->Parameters.SetFile.FileInformationClass) {
    case FileEndOfFileInformation:
        return Location->Parameters.SetFile.AdvanceOnly ? FsRtlOpNone : FsRtlOpWrite;
    case FileAllocationInformation:
    case FileValidDataLengthInformation:
        return FsRtlOpWrite;
    case FileRenameInformation:
    case FileShortNameInformation:
    case FileLinkInformation:
    case 65: /* FileRenameInformationEx */
    case 72: /* FileLinkInformationEx */
        return FsRtlOpRename;
    case FileDispositionInformation:
    case 64: /* FileDispositionInformationEx: its first flag, too, says delete */
        return Irp->AssociatedIrp.SystemBuffer != NULL && (*(PUCHAR)Irp->AssociatedIrp.SystemBuffer & 1) ? FsRtlOpDelete : FsRtlOpNone;
    default:
        return FsRtlOpNone;
    }
}

FSRTL_OPERATION FsRtlDescribeOperation(PIRP Irp)
{
    const IO_STACK_LOCATION *location = IoGetCurrentIrpStackLocation(Irp);
    FSRTL_OPERATION operation = { .File = location->FileObject };
    BOOLEAN paging = (Irp->Flags & IRP_PAGING_IO) != 0;

    switch (location->MajorFunction) {
    case IRP_MJ_CREATE:
        return FsRtlDescribeOpen(location);
    case IRP_MJ_READ:
        operation.Kind = paging ? FsRtlOpNone : FsRtlOpRead;
        break;
    case IRP_MJ_FLUSH_BUFFERS:
        operation.Kind = FsRtlOpRead;
        break;
    case IRP_MJ_WRITE:
        operation.Kind = paging ? FsRtlOpNone : FsRtlOpWrite;
        break;
    case IRP_MJ_LOCK_CONTROL:
        operation.Kind = FsRtlOpLock;
        break;
    case IRP_MJ_SET_INFORMATION:
        operation.Kind = FsRtlKindOfSetting(Irp, location);
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        if (location->Parameters.FileSystemControl.FsControlCode == FSCTL_SET_ZERO_DATA)
            operation.Kind = FsRtlOpWrite;
        break;
    default:
        break;
    }
    return operation;
}
