/* SPDX-License-Identifier: MIT
 * I/O request packets: memory, stack locations, and the way down.
 */
#include "iop.h"

VOID NTAPI IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    RtlZeroMemory(Irp, PacketSize);
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = PacketSize;
    Irp->StackCount = StackSize;
    Irp->CurrentLocation = (CHAR)(StackSize + 1);
    Irp->ApcEnvironment = (CCHAR)KeCurrentThread()->ApcStateIndex;
    InitializeListHead(&Irp->ThreadListEntry);
    Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(Irp + 1) + StackSize;
}

PIRP NTAPI IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    return StackSize < 0 ? NULL : IopAllocatePacket(StackSize);
}

/* A packet that is freed twice, or that its thread still has in its list, is somebody's mistake that must not spread. */
VOID NTAPI IoFreeIrp(PIRP Irp)
{
    if (Irp->Type != IO_TYPE_IRP)
        KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)Irp, (ULONG_PTR)Irp->Type, 0, 0);
    if (!IsListEmpty(&Irp->ThreadListEntry))
        KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)Irp, 1, 0, 0);
    Irp->Type = 0;
    IopFreePacket(Irp);
}

VOID NTAPI IoReuseIrp(PIRP Irp, NTSTATUS Status)
{
    UCHAR allocation = Irp->AllocationFlags;

    ASSERT(IsListEmpty(&Irp->ThreadListEntry) && Irp->CancelRoutine == NULL);
    IoInitializeIrp(Irp, Irp->Size, Irp->StackCount);
    Irp->AllocationFlags = allocation;
    Irp->IoStatus.Status = Status;
}

PIRP NTAPI IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize)
{
    PIRP associated = IoAllocateIrp(StackSize, FALSE);

    if (associated == NULL)
        return NULL;
    associated->Flags |= IRP_ASSOCIATED_IRP;
    associated->AssociatedIrp.MasterIrp = Irp;
    associated->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
    return associated;
}

#undef IoCallDriver
NTSTATUS NTAPI IoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp);

NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION location;

    if (Irp->Type != IO_TYPE_IRP)
        KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)Irp, 2, 0, 0);
    if (--Irp->CurrentLocation <= 0)
        KeBugCheckEx(NO_MORE_IRP_STACK_LOCATIONS, (ULONG_PTR)Irp, 0, 0, 0);
    location = --Irp->Tail.Overlay.CurrentStackLocation;
    location->DeviceObject = DeviceObject;
    return DeviceObject->DriverObject->MajorFunction[location->MajorFunction](DeviceObject, Irp);
}

NTSTATUS NTAPI IoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return IofCallDriver(DeviceObject, Irp); }

/* ---- The list of requests that end with their thread ---- */
VOID IopQueueIrp(PIRP Irp)
{
    KIRQL irql = KfRaiseIrql(APC_LEVEL);
    InsertHeadList(&Irp->Tail.Overlay.Thread->IrpList, &Irp->ThreadListEntry);
    KeLowerIrql(irql);
}

VOID IopDequeueIrp(PIRP Irp)
{
    KIRQL irql = KeIrql();
    if (irql < APC_LEVEL)
        KfRaiseIrql(APC_LEVEL);
    RemoveEntryList(&Irp->ThreadListEntry);
    InitializeListHead(&Irp->ThreadListEntry);
    KeLowerIrql(irql);
}

/* ---- Questions ---- */
BOOLEAN NTAPI IoIsOperationSynchronous(PIRP Irp)
{
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    if (Irp->Flags & (IRP_SYNCHRONOUS_API | IRP_SYNCHRONOUS_PAGING_IO) && !(Irp->Flags & IRP_PAGING_IO))
        return (Irp->Flags & IRP_SYNCHRONOUS_API) || (file != NULL && (file->Flags & FO_SYNCHRONOUS_IO));
    if (Irp->Flags & IRP_PAGING_IO)
        return (Irp->Flags & IRP_SYNCHRONOUS_PAGING_IO) != 0;
    return file != NULL && (file->Flags & FO_SYNCHRONOUS_IO);
}

PEPROCESS NTAPI IoGetRequestorProcess(PIRP Irp)
{
    PETHREAD thread = Irp->Tail.Overlay.Thread;
    return thread != NULL ? (PEPROCESS)thread->Tcb.Process : NULL;
}

ULONG NTAPI IoGetRequestorProcessId(PIRP Irp)
{
    PEPROCESS process = IoGetRequestorProcess(Irp);
    return process != NULL ? (ULONG)(ULONG_PTR)process->UniqueProcessId : 0;
}

NTSTATUS NTAPI IoGetRequestorSessionId(PIRP Irp, PULONG pSessionId)
{
    PEPROCESS process = IoGetRequestorProcess(Irp);

    *pSessionId = process != NULL ? PsGetProcessSessionId(process) : (ULONG)-1;
    return process != NULL ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

VOID NTAPI IoSetTopLevelIrp(PIRP Irp) { PsCurrentThread()->TopLevelIrp = (ULONG64)Irp; }
PIRP NTAPI IoGetTopLevelIrp(VOID) { return (PIRP)PsCurrentThread()->TopLevelIrp; }

VOID NTAPI IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit)
{
    *LowLimit = (ULONG_PTR)KeCurrentThread()->StackLimit;
    *HighLimit = (ULONG_PTR)KeCurrentThread()->StackBase;
}

PVOID NTAPI IoGetInitialStack(VOID) { return KeCurrentThread()->InitialStack; }
