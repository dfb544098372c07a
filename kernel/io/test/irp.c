/* SPDX-License-Identifier: MIT
 * Packets: the way down and up, cancellation, the packets built for drivers.
 */
#include "fixture.h"

#define IOCTL_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_OUT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS)
#define IOCTL_FAIL CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct STACK {
    PDRIVER_OBJECT Driver;
    PDEVICE_OBJECT Low, High;
} STACK;

/* ---- The driver: the high device passes on, the low one answers ---- */
static volatile LONG Completions;
static PIRP Pended;

static NTSTATUS Answer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode, i;
    PUCHAR out = Irp->AssociatedIrp.SystemBuffer;

    if (location->MajorFunction == IRP_MJ_READ || location->MajorFunction == IRP_MJ_WRITE)
        return TestComplete(Irp, STATUS_SUCCESS, location->Parameters.Read.Length);
    switch (code) {
    case IOCTL_BUFFERED:
        for (i = 0; i < location->Parameters.DeviceIoControl.InputBufferLength; i++)
            out[i]++;
        return TestComplete(Irp, STATUS_SUCCESS, location->Parameters.DeviceIoControl.OutputBufferLength);
    case IOCTL_OUT_DIRECT:
        out = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        RtlFillMemory(out, location->Parameters.DeviceIoControl.OutputBufferLength, *(PUCHAR)Irp->AssociatedIrp.SystemBuffer);
        return TestComplete(Irp, STATUS_SUCCESS, location->Parameters.DeviceIoControl.OutputBufferLength);
    case IOCTL_NEITHER:
        *(PULONG)Irp->UserBuffer = *(PULONG)location->Parameters.DeviceIoControl.Type3InputBuffer;
        return TestComplete(Irp, STATUS_SUCCESS, sizeof(ULONG));
    case IOCTL_PEND:
        IoMarkIrpPending(Irp);
        Pended = Irp;
        return STATUS_PENDING;
    default:
        return TestComplete(Irp, STATUS_INVALID_PARAMETER, 77);
    }
}

static NTSTATUS NTAPI Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IoDeviceExtension(Device)->AttachedTo == NULL)
        return Answer(Device, Irp);
    IoSkipCurrentIrpStackLocation(Irp);
    return IofCallDriver(IoDeviceExtension(Device)->AttachedTo, Irp);
}

static BOOLEAN Setup(STACK *Stack)
{
    ULONG i;
    Stack->Driver = TestStartDriver(L"TestIrp", NULL);
    if (Stack->Driver == NULL)
        return FALSE;
    for (i = IRP_MJ_READ; i < IRP_MJ_CLEANUP; i++)
        Stack->Driver->MajorFunction[i] = Dispatch;
    Stack->Low = TestMakeDevice(Stack->Driver, NULL, 0);
    Stack->High = TestMakeDevice(Stack->Driver, NULL, 0);
    IoAttachDeviceToDeviceStack(Stack->High, Stack->Low);
    Completions = 0;
    Pended = NULL;
    return TRUE;
}

static VOID Teardown(STACK *Stack)
{
    IoDetachDevice(Stack->Low);
    TestStopDriver(Stack->Driver);
}

/* ---- Tests ---- */
static VOID Initialize(VOID)
{
    PIRP irp = IoAllocateIrp(3, FALSE);

    if (!CHECK(irp != NULL))
        return;
    CHECK(irp->Type == IO_TYPE_IRP && irp->Size == sizeof(IRP) + 3 * sizeof(IO_STACK_LOCATION) && sizeof(IRP) == 0xD0);
    CHECK(irp->StackCount == 3 && irp->CurrentLocation == 4 && IsListEmpty(&irp->ThreadListEntry));
    CHECK(irp->Tail.Overlay.CurrentStackLocation == (PIO_STACK_LOCATION)(irp + 1) + 3);
    irp->AllocationFlags = 0x40;
    irp->Cancel = TRUE;
    IoReuseIrp(irp, STATUS_NOT_SUPPORTED);
    CHECK(irp->AllocationFlags == 0x40 && !irp->Cancel && irp->IoStatus.Status == STATUS_NOT_SUPPORTED);
    CHECK(irp->CurrentLocation == 4);
    IoInitializeIrp(irp, irp->Size, 3);
    CHECK(irp->IoStatus.Status == 0 && irp->StackCount == 3);
    IoFreeIrp(irp);
    CHECK(IoAllocateIrp(-1, FALSE) == NULL);
}

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    if (Context != NULL)
        *(PDEVICE_OBJECT *)Context = Device;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS NTAPI Count(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    if (Irp->PendingReturned)
        IoMarkIrpPending(Irp);
    return STATUS_CONTINUE_COMPLETION;
}

static VOID StackWalk(VOID)
{
    STACK stack;
    PDEVICE_OBJECT seen = (PDEVICE_OBJECT)1;
    PIO_STACK_LOCATION location;
    PIRP irp;

    if (!Setup(&stack))
        return;
    irp = IoAllocateIrp((CCHAR)(stack.High->StackSize + 1), FALSE);
    IoSetNextIrpStackLocation(irp);              /* a location of the sender's own */
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = stack.High;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = IRP_MJ_WRITE;
    location->Parameters.Write.Length = 42;
    IoSetCompletionRoutine(irp, Keep, &seen, TRUE, TRUE, TRUE);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_SUCCESS);
    CHECK(Completions == 1 && seen == stack.High && irp->IoStatus.Information == 42);
    CHECK(irp->CurrentLocation == irp->StackCount);
    IoFreeIrp(irp);
    Teardown(&stack);
}

/* Which routines are called for which outcome. */
static VOID Invoke(VOID)
{
    ULONG outcome, flags;

    for (outcome = 0; outcome < 3; outcome++)
        for (flags = 0; flags < 8; flags++) {
            PIRP irp = IoAllocateIrp(2, FALSE);
            BOOLEAN expected = (outcome == 0 && (flags & 1)) || (outcome != 0 && (flags & 2)) || (outcome == 2 && (flags & 4));
            Completions = 0;
            IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);   /* the last word, so that the packet stays ours */
            IoSetNextIrpStackLocation(irp);
            if (flags != 0)
                IoSetCompletionRoutine(irp, Count, NULL, flags & 1, (flags >> 1) & 1, (flags >> 2) & 1);
            IoSetNextIrpStackLocation(irp);
            irp->Cancel = outcome == 2;
            TestComplete(irp, outcome == 0 ? STATUS_SUCCESS : STATUS_CANCELLED, 0);
            CHECK(Completions == 1 + expected);
            IoFreeIrp(irp);
        }
}

static VOID BuildControl(VOID)
{
    UCHAR buffer[16] = { 1, 2, 3, 4 };
    ULONG in = 0x12345678, out = 0;
    IO_STATUS_BLOCK result = { .Status = 1 };
    STACK stack;
    KEVENT done;
    PIRP irp;

    if (!Setup(&stack))
        return;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(IOCTL_BUFFERED, stack.High, buffer, 4, buffer, 16, FALSE, &done, &result);
    CHECK(irp != NULL && IofCallDriver(stack.High, irp) == STATUS_SUCCESS);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(result.Status == STATUS_SUCCESS && result.Information == 16 && buffer[0] == 2 && buffer[3] == 5);
    KeClearEvent(&done);
    irp = IoBuildDeviceIoControlRequest(IOCTL_OUT_DIRECT, stack.High, buffer, 1, buffer + 4, 8, FALSE, &done, &result);
    CHECK(irp != NULL && irp->MdlAddress != NULL && IofCallDriver(stack.High, irp) == STATUS_SUCCESS);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(result.Information == 8 && buffer[4] == 2 && buffer[11] == 2 && buffer[12] != 2);
    KeClearEvent(&done);
    irp = IoBuildDeviceIoControlRequest(IOCTL_NEITHER, stack.High, &in, 4, &out, 4, TRUE, &done, &result);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_SUCCESS);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(out == in && result.Information == 4);
    CHECK(IsListEmpty(&PsCurrentThread()->IrpList));
    Teardown(&stack);
}

/* An error at once: only the return value speaks, as documented. An error later: block and event do. */
static VOID BuildFails(VOID)
{
    IO_STATUS_BLOCK result = { .Status = 1 };
    STACK stack;
    KEVENT done;
    PIRP irp;

    if (!Setup(&stack))
        return;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(IOCTL_FAIL, stack.High, NULL, 0, NULL, 0, FALSE, &done, &result);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_INVALID_PARAMETER);
    CHECK(result.Status == 1 && KeReadStateEvent(&done) == 0 && IsListEmpty(&PsCurrentThread()->IrpList));
    irp = IoBuildDeviceIoControlRequest(IOCTL_PEND, stack.High, NULL, 0, NULL, 0, FALSE, &done, &result);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_PENDING && Pended == irp && KeReadStateEvent(&done) == 0);
    TestComplete(Pended, STATUS_DEVICE_DATA_ERROR, 3);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(result.Status == STATUS_DEVICE_DATA_ERROR && result.Information == 3);
    Teardown(&stack);
}

static VOID SyncFsd(VOID)
{
    UCHAR buffer[8];
    IO_STATUS_BLOCK result = { .Status = 1 };
    LARGE_INTEGER offset = { .QuadPart = 0x100 };
    STACK stack;
    KEVENT done;
    PIRP irp;

    if (!Setup(&stack))
        return;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, stack.High, buffer, 8, &offset, &done, &result);
    CHECK(irp != NULL && irp->UserBuffer == buffer && !IsListEmpty(&irp->ThreadListEntry));
    CHECK(IoGetNextIrpStackLocation(irp)->Parameters.Read.ByteOffset.QuadPart == 0x100);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_SUCCESS);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(result.Status == STATUS_SUCCESS && result.Information == 8);
    Teardown(&stack);
}

static VOID AsyncFsd(VOID)
{
    UCHAR buffer[8] = { 9 };
    IO_STATUS_BLOCK result;
    STACK stack;
    PIRP irp;

    if (!Setup(&stack))
        return;
    stack.High->Flags |= DO_BUFFERED_IO;
    irp = IoBuildAsynchronousFsdRequest(IRP_MJ_WRITE, stack.High, buffer, 8, NULL, &result);
    CHECK(irp != NULL && (irp->Flags & IRP_BUFFERED_IO) && *(PUCHAR)irp->AssociatedIrp.SystemBuffer == 9);
    CHECK(IsListEmpty(&irp->ThreadListEntry) && irp->Tail.Overlay.Thread == PsCurrentThread());
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    CHECK(IofCallDriver(stack.High, irp) == STATUS_SUCCESS && Completions == 1);
    ExFreePool(irp->AssociatedIrp.SystemBuffer);
    IoFreeIrp(irp);
    Teardown(&stack);
}

static VOID Associated(VOID)
{
    PIRP master = IoAllocateIrp(1, FALSE), parts[3];
    ULONG i;

    Completions = 0;
    IoSetCompletionRoutine(master, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(master);
    master->AssociatedIrp.IrpCount = 3;
    for (i = 0; i < 3; i++) {
        parts[i] = IoMakeAssociatedIrp(master, 1);
        CHECK(parts[i] != NULL && (parts[i]->Flags & IRP_ASSOCIATED_IRP) && parts[i]->AssociatedIrp.MasterIrp == master);
    }
    for (i = 0; i < 3; i++) {
        CHECK(Completions == 0);
        TestComplete(parts[i], STATUS_SUCCESS, 0);
    }
    CHECK(Completions == 1);
    IoFreeIrp(master);
}

static VOID NTAPI CancelPended(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    TestComplete(Irp, STATUS_CANCELLED, 0);
}

static VOID Cancel(VOID)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    KIRQL irql;

    Completions = 0;
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    CHECK(!IoCancelIrp(irp) && irp->Cancel);
    IoAcquireCancelSpinLock(&irql);
    CHECK(irql == PASSIVE_LEVEL && KeIrql() == DISPATCH_LEVEL);
    CHECK(IoSetCancelRoutine(irp, CancelPended) == NULL);
    IoReleaseCancelSpinLock(irql);
    CHECK(KeIrql() == PASSIVE_LEVEL);
    CHECK(IoCancelIrp(irp) && Completions == 1 && irp->IoStatus.Status == STATUS_CANCELLED);
    CHECK(KeIrql() == PASSIVE_LEVEL && irp->CancelRoutine == NULL);
    IoFreeIrp(irp);
}

/* One processor completes, another cancels: exactly one of them ends the packet. */
typedef struct RACE {
    PIRP Irp;
    volatile LONG Arrived;
} RACE;

static VOID CancelOrComplete(PVOID Context, ULONG Index)
{
    RACE *race = Context;

    InterlockedIncrement(&race->Arrived);
    while (race->Arrived != 2)
        KiPause();
    if (Index == 0)
        IoCancelIrp(race->Irp);
    else if (IoSetCancelRoutine(race->Irp, NULL) != NULL)
        TestComplete(race->Irp, STATUS_SUCCESS, 0);
}

static VOID Race(VOID)
{
    ULONG i;
    for (i = 0; i < 200; i++) {
        RACE race = { .Irp = IoAllocateIrp(1, FALSE) };
        Completions = 0;
        IoSetCompletionRoutine(race.Irp, Keep, NULL, TRUE, TRUE, TRUE);
        IoSetNextIrpStackLocation(race.Irp);
        (void)IoSetCancelRoutine(race.Irp, CancelPended);
        TestRunThreads(2, CancelOrComplete, &race);
        CHECK(Completions == 1);
        IoFreeIrp(race.Irp);
    }
}

static VOID Mdl(VOID)
{
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'tseT');
    PIRP irp = IoAllocateIrp(1, FALSE);
    PMDL first = IoAllocateMdl(block, 100, FALSE, FALSE, irp), second = IoAllocateMdl(block, 50, TRUE, FALSE, irp);

    CHECK(first != NULL && second != NULL && irp->MdlAddress == first && first->Next == second);
    CHECK(MmGetMdlByteCount(first) == 100 && MmGetMdlVirtualAddress(first) == block);
    CHECK(IoAllocateMdl(block, 0x80000000u, FALSE, FALSE, NULL) == NULL);
    CHECK(IopLockPages(first, KernelMode, IoWriteAccess) == STATUS_SUCCESS);
    MmUnlockPages(first);
    MmInitializeMdl(second, (PVOID)0xFFFFE00000000000ull, 50);   /* nothing is there */
    CHECK(IopLockPages(second, KernelMode, IoReadAccess) == STATUS_ACCESS_VIOLATION);
    IoFreeMdl(first);
    IoFreeMdl(second);
    IoFreeIrp(irp);
    ExFreePoolWithTag(block, 'tseT');
}

static VOID StackLimits(VOID)
{
    ULONG_PTR low, high;
    IoGetStackLimits(&low, &high);
    CHECK(high - low == KE_KERNEL_STACK_SIZE && (ULONG_PTR)&low > low && (ULONG_PTR)&low < high);
    CHECK((ULONG_PTR)IoGetInitialStack() == high);
}

static VOID Requestor(VOID)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    ULONG session = 77;

    IoSetNextIrpStackLocation(irp);
    CHECK(IoGetRequestorSessionId(irp, &session) == STATUS_UNSUCCESSFUL && session == (ULONG)-1);
    CHECK(IoGetRequestorProcess(irp) == NULL && IoGetRequestorProcessId(irp) == 0 && !IoIsOperationSynchronous(irp));
    irp->Tail.Overlay.Thread = PsCurrentThread();
    irp->Flags = IRP_SYNCHRONOUS_API;
    CHECK(IoGetRequestorProcess(irp) == PsInitialSystemProcess && IoGetRequestorProcessId(irp) == 4);
    CHECK(IoGetRequestorSessionId(irp, &session) == STATUS_SUCCESS && session == 0);
    CHECK(IoIsOperationSynchronous(irp));
    CHECK(IoGetTopLevelIrp() == NULL);
    IoSetTopLevelIrp(irp);
    CHECK(IoGetTopLevelIrp() == irp);
    IoSetTopLevelIrp(NULL);
    IoFreeIrp(irp);
}

static const KE_TEST tests[] = {
    { "io.irp.initialize", Initialize, 0 },   { "io.irp.stackwalk", StackWalk, 0 }, { "io.irp.invoke", Invoke, 0 },
    { "io.irp.buildcontrol", BuildControl, 0 }, { "io.irp.buildfails", BuildFails, 0 }, { "io.irp.syncfsd", SyncFsd, 0 },
    { "io.irp.asyncfsd", AsyncFsd, 0 },       { "io.irp.associated", Associated, 0 }, { "io.irp.cancel", Cancel, 0 },
    { "io.irp.race", Race, 2 },               { "io.irp.mdl", Mdl, 0 },             { "io.irp.stack", StackLimits, 0 },
    { "io.irp.requestor", Requestor, 0 },
};
const KE_TEST_GROUP IoIrpTests = { tests, RTL_NUMBER_OF(tests) };
