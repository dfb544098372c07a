/* SPDX-License-Identifier: MIT
 * Interrupts of a disk's device: messages, each of which asks for the driver's DPC.
 */
#include "storage.h"

static BOOLEAN NTAPI StorageInterrupt(PKINTERRUPT Interrupt, PVOID Context, ULONG Message)
{
    KeInsertQueueDpc(&((STORAGE_DISK *)Context)->Dpc, NULL, NULL);
    return TRUE;
}

NTSTATUS StorageConnect(STORAGE_DISK *Disk, PKDEFERRED_ROUTINE Routine)
{
    IO_CONNECT_INTERRUPT_PARAMETERS parameters;

    KeInitializeDpc(&Disk->Dpc, Routine, Disk);
    RtlZeroMemory(&parameters, sizeof(parameters));
    parameters.Version = CONNECT_MESSAGE_BASED;
    parameters.MessageBased.PhysicalDeviceObject = Disk->Pdo;
    parameters.MessageBased.ConnectionContext.Generic = &Disk->Connection;
    parameters.MessageBased.MessageServiceRoutine = StorageInterrupt;
    parameters.MessageBased.ServiceContext = Disk;
    return IoConnectInterruptEx(&parameters);
}

VOID StorageDisconnect(STORAGE_DISK *Disk)
{
    IO_DISCONNECT_INTERRUPT_PARAMETERS parameters;

    if (Disk->Connection == NULL)
        return;
    RtlZeroMemory(&parameters, sizeof(parameters));
    parameters.Version = CONNECT_MESSAGE_BASED;
    parameters.ConnectionContext.Generic = Disk->Connection;
    IoDisconnectInterruptEx(&parameters);
    Disk->Connection = NULL;
    KeRemoveQueueDpc(&Disk->Dpc);
    KeFlushQueuedDpcs();
}
