/* SPDX-License-Identifier: MIT
 * Connecting a driver to the interrupts that its device was assigned. A device signals its messages from its start on (pcidispatch.c);
 * here the vectors get service routines. There are no interrupt lines: routing those of PCI is written in AML.
 *
 * The table that the driver gets is the connection: PNP_CONNECTION around it. One at a time for a device; node->Messages says so.
 */
#include "pnpp.h"
#include "hal.h"

typedef struct PNP_CONNECTION {
    PDEVICE_OBJECT Pdo;                          /* I referenced */
    PKINTERRUPT Interrupts;                      /* I behind the table, as many as there are messages */
    IO_INTERRUPT_MESSAGE_INFO Table;             /* I the driver's to read; its length varies */
} PNP_CONNECTION;

/* ---- Making ---- */
static PNP_CONNECTION *PnpMakeConnection(PDEVICE_OBJECT Pdo, const PNP_MESSAGE *Messages, ULONG Count)
{
    ULONG table = sizeof(PNP_CONNECTION) + (Count - 1) * (ULONG)sizeof(IO_INTERRUPT_MESSAGE_INFO_ENTRY),
          size = (table + 15) & ~15u;
    PNP_CONNECTION *made = ExAllocatePoolWithTag(NonPagedPoolNx, size + Count * sizeof(KINTERRUPT), PNP_TAG);
    ULONG64 address;
    ULONG i, irql = 0;

    if (made == NULL)
        return NULL;
    RtlZeroMemory(made, size);
    made->Pdo = Pdo;
    made->Interrupts = (PKINTERRUPT)((PUCHAR)made + size);
    made->Table.MessageCount = Count;
    for (i = 0; i < Count; i++) {
        PIO_INTERRUPT_MESSAGE_INFO_ENTRY entry = &made->Table.MessageInfo[i];
        HalGetMessage(Messages[i].Vector, Messages[i].Processor, &address, &entry->MessageData);
        entry->MessageAddress.QuadPart = (LONGLONG)address;
        entry->TargetProcessorSet = (KAFFINITY)1 << Messages[i].Processor;
        entry->InterruptObject = (PVOID)&made->Interrupts[i];
        entry->Vector = Messages[i].Vector;
        entry->Irql = (KIRQL)(Messages[i].Vector >> 4);
        entry->Mode = Latched;
        entry->Polarity = InterruptPolarityUnknown;
        irql = max(irql, (ULONG)entry->Irql);
    }
    made->Table.UnifiedIrql = (KIRQL)irql;
    return made;
}

/* The driver's lock is held at one IRQL, that of the highest; without one, each interrupt has a lock of its own at the same. */
static VOID PnpInitializeInterrupts(PNP_CONNECTION *Connection, const IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS *Wanted)
{
    ULONG i;

    Connection->Table.UnifiedIrql = max(Connection->Table.UnifiedIrql, Wanted->SynchronizeIrql);
    for (i = 0; i < Connection->Table.MessageCount; i++) {
        const IO_INTERRUPT_MESSAGE_INFO_ENTRY *entry = &Connection->Table.MessageInfo[i];
        KE_INTERRUPT_PARAMETERS parameters = { .MessageRoutine = Wanted->MessageServiceRoutine,
                                               .MessageIndex = i,
                                               .Context = Wanted->ServiceContext,
                                               .Lock = Wanted->SpinLock,
                                               .Vector = entry->Vector,
                                               .SynchronizeIrql = Connection->Table.UnifiedIrql,
                                               .Mode = Latched,
                                               .Share = FALSE,
                                               .Processor = (ULONG)__builtin_ctzll(entry->TargetProcessorSet) };
        KeInitializeInterrupt(&Connection->Interrupts[i], &parameters);
    }
}

/* All or none. */
static BOOLEAN PnpConnectAll(PNP_CONNECTION *Connection)
{
    ULONG i;

    for (i = 0; i < Connection->Table.MessageCount; i++)
        if (!KeConnectInterrupt(&Connection->Interrupts[i]))
            break;
    if (i == Connection->Table.MessageCount)
        return TRUE;
    while (i-- != 0)
        KeDisconnectInterrupt(&Connection->Interrupts[i]);
    return FALSE;
}

/* ---- Message-based ---- */
static ULONG PnpCopyMessages(PNP_NODE *Node, PNP_MESSAGE Messages[PNP_MAXIMUM_MESSAGES])
{
    ULONG count = 0;

    ExLockShared(&PnpNodeLock);
    if (Node->Assignment != NULL) {
        count = Node->Assignment->MessageCount;
        RtlCopyMemory(Messages, Node->Assignment->Messages, count * sizeof(*Messages));
    }
    ExUnlockShared(&PnpNodeLock);
    return count;
}

static NTSTATUS PnpConnectMessages(PIO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS Wanted)
{
    PNP_NODE *node = PnpNode(Wanted->PhysicalDeviceObject);
    PNP_MESSAGE messages[PNP_MAXIMUM_MESSAGES];
    PNP_CONNECTION *connection;
    ULONG count;

    if (Wanted->PhysicalDeviceObject == NULL || Wanted->MessageServiceRoutine == NULL ||
        Wanted->ConnectionContext.Generic == NULL || Wanted->SynchronizeIrql >= CLOCK_LEVEL)
        return STATUS_INVALID_PARAMETER;
    count = node != NULL ? PnpCopyMessages(node, messages) : 0;
    if (count == 0)
        return STATUS_NOT_FOUND;
    connection = PnpMakeConnection(Wanted->PhysicalDeviceObject, messages, count);
    if (connection == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (InterlockedCompareExchangePointer(&node->Messages, connection, NULL) != NULL) {
        ExFreePoolWithTag(connection, PNP_TAG);
        return STATUS_INVALID_DEVICE_REQUEST;    /* they are connected */
    }
    ObfReferenceObject(connection->Pdo);
    PnpInitializeInterrupts(connection, Wanted);
    *Wanted->ConnectionContext.InterruptMessageTable = &connection->Table;       /* the routine may run before this returns */
    if (PnpConnectAll(connection))
        return STATUS_SUCCESS;
    *Wanted->ConnectionContext.InterruptMessageTable = NULL;
    node->Messages = NULL;
    ObfDereferenceObject(connection->Pdo);
    ExFreePoolWithTag(connection, PNP_TAG);
    return STATUS_INVALID_PARAMETER;             /* somebody is connected to a vector of the device's by its number */
}

static VOID PnpDisconnectMessages(PIO_INTERRUPT_MESSAGE_INFO Table)
{
    PNP_CONNECTION *connection = CONTAINING_RECORD(Table, PNP_CONNECTION, Table);
    PNP_NODE *node = IoDeviceExtension(connection->Pdo)->DeviceNode;
    ULONG i;

    for (i = 0; i < Table->MessageCount; i++)
        KeDisconnectInterrupt(&connection->Interrupts[i]);
    InterlockedCompareExchangePointer(&node->Messages, NULL, connection);
    ObfDereferenceObject(connection->Pdo);
    ExFreePoolWithTag(connection, PNP_TAG);
}

/* ---- Line-based: the only message counts as a line, several cannot, and there are no lines ---- */
static NTSTATUS PnpConnectLine(const IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS *Wanted)
{
    PNP_NODE *node = PnpNode(Wanted->PhysicalDeviceObject);
    PNP_MESSAGE messages[PNP_MAXIMUM_MESSAGES];
    KIRQL irql;
    ULONG count;

    if (Wanted->PhysicalDeviceObject == NULL || Wanted->ServiceRoutine == NULL || Wanted->InterruptObject == NULL)
        return STATUS_INVALID_PARAMETER;
    count = node != NULL ? PnpCopyMessages(node, messages) : 0;
    if (count != 1)
        return count == 0 ? STATUS_NOT_FOUND : STATUS_INVALID_DEVICE_REQUEST;
    irql = (KIRQL)(messages[0].Vector >> 4);
    return IoConnectInterrupt(Wanted->InterruptObject, Wanted->ServiceRoutine, Wanted->ServiceContext, Wanted->SpinLock,
                              messages[0].Vector, irql, max(irql, Wanted->SynchronizeIrql), Latched, FALSE,
                              (KAFFINITY)1 << messages[0].Processor, FALSE);
}

/* ---- Exported ---- */
NTSTATUS NTAPI IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters)
{
    PIO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS full = &Parameters->FullySpecified;

    switch (Parameters->Version) {
    case CONNECT_FULLY_SPECIFIED_GROUP:
        if (full->Group != 0)
            return STATUS_INVALID_PARAMETER;
        __attribute__((fallthrough));
    case CONNECT_FULLY_SPECIFIED:
        return IoConnectInterrupt(full->InterruptObject, full->ServiceRoutine, full->ServiceContext, full->SpinLock, full->Vector,
                                  full->Irql, full->SynchronizeIrql, full->InterruptMode, full->ShareVector,
                                  full->ProcessorEnableMask, full->FloatingSave);
    case CONNECT_LINE_BASED:
        return PnpConnectLine(&Parameters->LineBased);
    case CONNECT_MESSAGE_BASED:                  /* without messages there is no line to fall back on either */
        return PnpConnectMessages(&Parameters->MessageBased);
    default:                                     /* says what is the newest that would do */
        Parameters->Version = CONNECT_FULLY_SPECIFIED_GROUP;
        return STATUS_NOT_SUPPORTED;
    }
}

VOID NTAPI IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters)
{
    if (Parameters->Version == CONNECT_MESSAGE_BASED)
        PnpDisconnectMessages(Parameters->ConnectionContext.InterruptMessageTable);
    else
        IoDisconnectInterrupt(Parameters->ConnectionContext.InterruptObject);
}
