/* SPDX-License-Identifier: MIT */
#include "oplockfixture.h"

volatile LONG OplockCompletions;

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&OplockCompletions);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

VOID OplockStart(OPLOCK_TEST *Test)
{
    RtlZeroMemory(Test, sizeof(*Test));
    Test->Oplock = &Test->A;                     /* anything: it is to be initialized */
    FsRtlInitializeOplock(&Test->Oplock);
    OplockCompletions = 0;
}

PIRP OplockMakeIrp(PFILE_OBJECT File, UCHAR Major)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    PIO_STACK_LOCATION location;

    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    location = IoGetCurrentIrpStackLocation(irp);
    location->MajorFunction = Major;
    location->FileObject = File;
    irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(REQUEST_OPLOCK_OUTPUT_BUFFER), 'tseT');
    RtlZeroMemory(irp->AssociatedIrp.SystemBuffer, sizeof(REQUEST_OPLOCK_OUTPUT_BUFFER));
    return irp;
}

VOID OplockFreeIrp(PIRP Irp)
{
    ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, 'tseT');
    IoFreeIrp(Irp);
}

static PIRP Send(OPLOCK_TEST *Test, PIRP Irp, ULONG Code, NTSTATUS Expected)
{
    LONG before = OplockCompletions;

    IoGetCurrentIrpStackLocation(Irp)->Parameters.FileSystemControl.FsControlCode = Code;
    CHECK(FsRtlOplockFsctrl(&Test->Oplock, Irp, FsRtlOplockIsSharedRequest(Irp) ? 0 : 1) == Expected);
    CHECK(Expected == STATUS_PENDING || (OplockCompletions > before && Irp->IoStatus.Status == Expected));
    CHECK(OplockPends(Irp) == (Expected == STATUS_PENDING));
    return Irp;
}

PIRP OplockControl(OPLOCK_TEST *Test, PFILE_OBJECT File, ULONG Code, NTSTATUS Expected)
{
    return Send(Test, OplockMakeIrp(File, IRP_MJ_FILE_SYSTEM_CONTROL), Code, Expected);
}

PIRP OplockLevel(OPLOCK_TEST *Test, PFILE_OBJECT File, ULONG Level, ULONG Flags, NTSTATUS Expected)
{
    PIRP irp = OplockMakeIrp(File, IRP_MJ_FILE_SYSTEM_CONTROL);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);

    *(REQUEST_OPLOCK_INPUT_BUFFER *)irp->AssociatedIrp.SystemBuffer =
        (REQUEST_OPLOCK_INPUT_BUFFER){ REQUEST_OPLOCK_CURRENT_VERSION, sizeof(REQUEST_OPLOCK_INPUT_BUFFER), Level, Flags };
    location->Parameters.FileSystemControl.InputBufferLength = sizeof(REQUEST_OPLOCK_INPUT_BUFFER);
    location->Parameters.FileSystemControl.OutputBufferLength = sizeof(REQUEST_OPLOCK_OUTPUT_BUFFER);
    return Send(Test, irp, FSCTL_REQUEST_OPLOCK, Expected);
}

NTSTATUS OplockDo(OPLOCK_TEST *Test, PFILE_OBJECT File, UCHAR Major)
{
    PIRP irp = OplockMakeIrp(File, Major);
    NTSTATUS status = FsRtlCheckOplock(&Test->Oplock, irp, NULL, NULL, NULL);

    OplockFreeIrp(irp);
    return status;
}

/* ---- Operations that wait ---- */
PIRP OplockMakeOpen(PFILE_OBJECT File, ACCESS_MASK Access, USHORT Share, ULONG Options)
{
    static IO_SECURITY_CONTEXT security[8];
    static ULONG next;
    PIRP irp = OplockMakeIrp(File, IRP_MJ_CREATE);
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    PIO_SECURITY_CONTEXT context = &security[next++ % RTL_NUMBER_OF(security)];

    context->DesiredAccess = Access;
    location->Parameters.Create.SecurityContext = context;
    location->Parameters.Create.ShareAccess = Share;
    location->Parameters.Create.Options = Options;
    return irp;
}

/* Tail.Overlay.DriverContext[1] counts: 1 prepared, 2 resumed. [0] must come back as it was. */
static VOID NTAPI Prepare(PVOID Context, PIRP Irp)
{
    CHECK(Context == Irp && Irp->Tail.Overlay.DriverContext[1] == NULL);
    Irp->Tail.Overlay.DriverContext[1] = (PVOID)1;
}

static VOID NTAPI Resume(PVOID Context, PIRP Irp)
{
    CHECK(Context == Irp && Irp->Tail.Overlay.DriverContext[0] == Irp && Irp->Tail.Overlay.DriverContext[1] == (PVOID)1);
    Irp->Tail.Overlay.DriverContext[1] = (PVOID)2;
}

PIRP OplockBegin(OPLOCK_TEST *Test, PIRP Irp)
{
    Irp->Tail.Overlay.DriverContext[0] = Irp;
    Irp->Tail.Overlay.DriverContext[1] = NULL;
    CHECK(FsRtlCheckOplock(&Test->Oplock, Irp, Irp, Resume, Prepare) == STATUS_PENDING);
    CHECK(Irp->Tail.Overlay.DriverContext[1] == (PVOID)1 && OplockPends(Irp));
    return Irp;
}

BOOLEAN OplockResumed(PIRP Irp, NTSTATUS Status)
{
    return Irp->Tail.Overlay.DriverContext[1] == (PVOID)2 && Irp->IoStatus.Status == Status;
}

BOOLEAN OplockTold(PIRP Irp, ULONG Original, ULONG New, BOOLEAN MustAcknowledge)
{
    const REQUEST_OPLOCK_OUTPUT_BUFFER *output = Irp->AssociatedIrp.SystemBuffer;

    return !OplockPends(Irp) && Irp->IoStatus.Information == sizeof(*output) && output->StructureLength == sizeof(*output) &&
           output->OriginalOplockLevel == Original && output->NewOplockLevel == New &&
           ((output->Flags & REQUEST_OPLOCK_OUTPUT_FLAG_ACK_REQUIRED) != 0) == MustAcknowledge;
}
