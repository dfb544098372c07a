/* SPDX-License-Identifier: MIT
 * Completion ports by handle: a queue of packets, and packets' memory that is put aside beforehand.
 */
#include "completionport.h"
#include "kequeue.h"

#define IOP_TAG_PACKET 'pCoI'
#define IOP_PORT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | IOP_PORT_QUERY_STATE | IOP_PORT_MODIFY_STATE)
#define IOP_RESERVE_ALL_ACCESS 0x000F0003u
#define IOP_RESERVE_IO_COMPLETION 1u             /* MemoryReserveIoCompletion */

typedef struct IOP_RESERVE {
    IOP_PACKET Packet;
    volatile LONG InUse;                         /* a */
} IOP_RESERVE;

POBJECT_TYPE IopCompletionPortType;
static POBJECT_TYPE IopReserveType;

/* ---- Packets ---- */
static VOID IopReleasePacket(IOP_PACKET *Packet)
{
    IOP_RESERVE *reserve = Packet->Reserve;

    if (reserve == NULL) {
        ExFreePoolWithTag(Packet, IOP_TAG_PACKET);
        return;
    }
    InterlockedExchange(&reserve->InUse, FALSE);
    ObfDereferenceObject(reserve);
}

/* What a packet says; the packet goes. */
static VOID IopOpenPacket(PLIST_ENTRY Entry, PFILE_IO_COMPLETION_INFORMATION Facts)
{
    IOP_PACKET *packet = CONTAINING_RECORD(Entry, IOP_PACKET, Link);
    PIRP irp;

    if (packet->PacketType == IOP_PACKET_OWN) {
        *Facts = packet->Facts;
        IopReleasePacket(packet);
        return;
    }
    irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
    Facts->KeyContext = irp->Tail.CompletionKey;
    Facts->ApcContext = irp->Overlay.AsynchronousParameters.UserApcContext;
    Facts->IoStatusBlock = irp->IoStatus;
    IoFreeIrp(irp);
}

NTSTATUS NTAPI IoSetIoCompletion(PVOID IoCompletion, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus, ULONG_PTR IoStatusInformation,
                                 BOOLEAN Quota)
{
    IOP_PACKET *packet = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*packet), IOP_TAG_PACKET);

    if (packet == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    packet->PacketType = IOP_PACKET_OWN;
    packet->Reserve = NULL;
    packet->Facts = (FILE_IO_COMPLETION_INFORMATION){ KeyContext, ApcContext,
                                                      { { .Pointer = (PVOID)(ULONG_PTR)(ULONG)IoStatus }, IoStatusInformation } };
    KeInsertQueue(IoCompletion, &packet->Link);
    return STATUS_SUCCESS;
}

/* ---- The types ---- */
static VOID IopDeleteCompletionPort(PVOID Object)
{
    PLIST_ENTRY first = KeRundownQueue(Object), entry = first, next;
    FILE_IO_COMPLETION_INFORMATION facts;

    while (entry != NULL) {
        next = entry->Flink != first ? entry->Flink : NULL;
        IopOpenPacket(entry, &facts);
        entry = next;
    }
}

VOID IopInitializeCompletionPorts(VOID)
{
    static const OB_TYPE_TEMPLATE port = {
        .Name = L"IoCompletion", .ValidAccess = IOP_PORT_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | IOP_PORT_QUERY_STATE, STANDARD_RIGHTS_WRITE | IOP_PORT_MODIFY_STATE,
                     STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, IOP_PORT_ALL_ACCESS },
        .Delete = IopDeleteCompletionPort,
    };
    static const OB_TYPE_TEMPLATE reserve = {
        .Name = L"IoCompletionReserve", .ValidAccess = IOP_RESERVE_ALL_ACCESS, .PoolType = NonPagedPoolNx,
        .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ | 1, STANDARD_RIGHTS_WRITE | 2, STANDARD_RIGHTS_EXECUTE, IOP_RESERVE_ALL_ACCESS },
    };

    IopCompletionPortType = ObCreateSystemType(&port);
    IopReserveType = ObCreateSystemType(&reserve);
}

/* ---- Services ---- */
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Count)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID port;
    NTSTATUS status = ObCreateObject(mode, IopCompletionPortType, ObjectAttributes, mode, NULL, sizeof(KQUEUE), 0, 0, &port);

    if (!NT_SUCCESS(status))
        return status;
    KeInitializeQueue(port, Count);
    return ObInsertAndReturn(port, DesiredAccess, IoCompletionHandle);
}

NTSTATUS NTAPI NtOpenIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, IopCompletionPortType, DesiredAccess, IoCompletionHandle);
}

static NTSTATUS IopReferencePort(HANDLE Handle, ACCESS_MASK Access, PVOID *Port)
{
    return ObReferenceObjectByHandle(Handle, Access, IopCompletionPortType, ObPreviousMode(), Port, NULL);
}

NTSTATUS NTAPI NtSetIoCompletion(HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus,
                                 ULONG_PTR IoStatusInformation)
{
    PVOID port;
    NTSTATUS status = IopReferencePort(IoCompletionHandle, IOP_PORT_MODIFY_STATE, &port);

    if (!NT_SUCCESS(status))
        return status;
    status = IoSetIoCompletion(port, KeyContext, ApcContext, IoStatus, IoStatusInformation, TRUE);
    ObfDereferenceObject(port);
    return status;
}

NTSTATUS NTAPI NtAllocateReserveObject(PHANDLE MemoryReserveHandle, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Type)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID reserve;
    NTSTATUS status;

    if (Type != IOP_RESERVE_IO_COMPLETION)
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(mode, IopReserveType, ObjectAttributes, mode, NULL, sizeof(IOP_RESERVE), 0, 0, &reserve);
    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(reserve, sizeof(IOP_RESERVE));
    return ObInsertAndReturn(reserve, IOP_RESERVE_ALL_ACCESS, MemoryReserveHandle);
}

/* Takes over the reference to the reserve. */
static NTSTATUS IopPostReserve(PVOID Port, IOP_RESERVE *Reserve, const FILE_IO_COMPLETION_INFORMATION *Facts)
{
    if (InterlockedExchange(&Reserve->InUse, TRUE)) {
        ObfDereferenceObject(Reserve);
        return STATUS_INVALID_PARAMETER_2;
    }
    Reserve->Packet.PacketType = IOP_PACKET_OWN;
    Reserve->Packet.Reserve = Reserve;
    Reserve->Packet.Facts = *Facts;
    KeInsertQueue(Port, &Reserve->Packet.Link);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetIoCompletionEx(HANDLE IoCompletionHandle, HANDLE ReserveHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus,
                                   ULONG_PTR IoStatusInformation)
{
    FILE_IO_COMPLETION_INFORMATION facts = { KeyContext, ApcContext,
                                             { { .Pointer = (PVOID)(ULONG_PTR)(ULONG)IoStatus }, IoStatusInformation } };
    PVOID port, reserve;
    NTSTATUS status;

    if (ReserveHandle == NULL)
        return NtSetIoCompletion(IoCompletionHandle, KeyContext, ApcContext, IoStatus, IoStatusInformation);
    status = IopReferencePort(IoCompletionHandle, IOP_PORT_MODIFY_STATE, &port);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(ReserveHandle, 2, IopReserveType, ObPreviousMode(), &reserve, NULL);
    if (NT_SUCCESS(status))
        status = IopPostReserve(port, reserve, &facts);
    ObfDereferenceObject(port);
    return status;
}

/* STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED. */
static NTSTATUS IopTakePacket(PVOID Port, BOOLEAN Alertable, PLARGE_INTEGER Timeout, PFILE_IO_COMPLETION_INFORMATION Facts)
{
    PLIST_ENTRY entry = KeRemoveQueueAlertable(Port, ObPreviousMode(), Alertable, Timeout);

    if (KeIsQueueStatus(entry))
        return (NTSTATUS)(ULONG_PTR)entry;
    IopOpenPacket(entry, Facts);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE IoCompletionHandle, PVOID *KeyContext, PVOID *ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                    PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    FILE_IO_COMPLETION_INFORMATION facts;
    LARGE_INTEGER timeout;
    PVOID port;
    NTSTATUS status = MmProbeCaller(mode, KeyContext, sizeof(PVOID));

    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, ApcContext, sizeof(PVOID));
    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, IoStatusBlock, sizeof(*IoStatusBlock));
    if (NT_SUCCESS(status) && Timeout != NULL)
        status = MmReadCaller(mode, &timeout, Timeout, sizeof(timeout));
    if (NT_SUCCESS(status))
        status = IopReferencePort(IoCompletionHandle, IOP_PORT_MODIFY_STATE, &port);
    if (!NT_SUCCESS(status))
        return status;
    status = IopTakePacket(port, FALSE, Timeout != NULL ? &timeout : NULL, &facts);
    ObfDereferenceObject(port);
    if (status != STATUS_SUCCESS)
        return status;
    status = MmWriteCaller(mode, KeyContext, &facts.KeyContext, sizeof(PVOID));
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, ApcContext, &facts.ApcContext, sizeof(PVOID));
    return NT_SUCCESS(status) ? MmWriteCaller(mode, IoStatusBlock, &facts.IoStatusBlock, sizeof(*IoStatusBlock)) : status;
}

/* The first one may take until Timeout; the others are there already. */
static NTSTATUS IopTakePackets(PVOID Port, PFILE_IO_COMPLETION_INFORMATION To, ULONG Count, PULONG Taken, PLARGE_INTEGER Timeout,
                               BOOLEAN Alertable)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    FILE_IO_COMPLETION_INFORMATION facts;
    NTSTATUS status = IopTakePacket(Port, Alertable, Timeout, &facts), written = STATUS_SUCCESS;

    *Taken = 0;
    if (status != STATUS_SUCCESS)
        return status;
    do {
        written = MmWriteCaller(ObPreviousMode(), &To[*Taken], &facts, sizeof(facts));
        if (!NT_SUCCESS(written))
            return written;
        ++*Taken;
    } while (*Taken < Count && IopTakePacket(Port, FALSE, &none, &facts) == STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE IoCompletionHandle, PFILE_IO_COMPLETION_INFORMATION IoCompletionInformation, ULONG Count,
                                      PULONG NumEntriesRemoved, PLARGE_INTEGER Timeout, BOOLEAN Alertable)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    ULONG taken;
    PVOID port;
    NTSTATUS status, written;

    if (Count == 0)
        return STATUS_INVALID_PARAMETER;
    status = MmProbeCaller(mode, IoCompletionInformation, Count * sizeof(*IoCompletionInformation));
    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, NumEntriesRemoved, sizeof(ULONG));
    if (NT_SUCCESS(status) && Timeout != NULL)
        status = MmReadCaller(mode, &timeout, Timeout, sizeof(timeout));
    if (NT_SUCCESS(status))
        status = IopReferencePort(IoCompletionHandle, IOP_PORT_MODIFY_STATE, &port);
    if (!NT_SUCCESS(status))
        return status;
    status = IopTakePackets(port, IoCompletionInformation, Count, &taken, Timeout != NULL ? &timeout : NULL, Alertable);
    ObfDereferenceObject(port);
    written = MmWriteCaller(mode, NumEntriesRemoved, &taken, sizeof(taken));
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI NtQueryIoCompletion(HANDLE IoCompletionHandle, ULONG IoCompletionInformationClass, PVOID IoCompletionInformation,
                                   ULONG IoCompletionInformationLength, PULONG ReturnLength)
{
    ULONG size = sizeof(LONG);
    LONG depth;
    PVOID port;
    NTSTATUS status;

    if (IoCompletionInformationClass != 0)
        return STATUS_INVALID_INFO_CLASS;
    if (IoCompletionInformationLength != sizeof(depth))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = IopReferencePort(IoCompletionHandle, IOP_PORT_QUERY_STATE, &port);
    if (!NT_SUCCESS(status))
        return status;
    depth = KeReadStateQueue(port);
    ObfDereferenceObject(port);
    status = MmWriteCaller(ObPreviousMode(), IoCompletionInformation, &depth, sizeof(depth));
    return NT_SUCCESS(status) && ReturnLength != NULL ? MmWriteCaller(ObPreviousMode(), ReturnLength, &size, sizeof(size)) : status;
}
