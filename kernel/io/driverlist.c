/* SPDX-License-Identifier: MIT
 * What hangs in a driver object: its devices, and the areas that its users keep there under an address of theirs.
 */
#include "iop.h"

#define IOP_TAG_CLIENT 'xEoI'

NTSTATUS NTAPI IoEnumerateDeviceObjectList(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT *DeviceObjectList, ULONG DeviceObjectListSize,
                                           PULONG ActualNumberDeviceObjects)
{
    ULONG room = DeviceObjectList != NULL ? DeviceObjectListSize / (ULONG)sizeof(PDEVICE_OBJECT) : 0, count = 0;
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    PDEVICE_OBJECT device;

    for (device = DriverObject->DeviceObject; device != NULL; device = device->NextDevice, count++)
        if (count < room) {
            ObfReferenceObject(device);
            DeviceObjectList[count] = device;
        }
    KeLockRelease(&IopDatabaseLock, irql);
    *ActualNumberDeviceObjects = count;
    return count > room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

/* ---- NT's DRIVER_EXTENSION beyond what the DDK shows ---- */
typedef struct IOP_CLIENT {
    struct IOP_CLIENT *Next;                     /* IopDatabaseLock */
    PVOID Identification;                        /* I */
    DECLSPEC_ALIGN(16) UCHAR Area[];
} IOP_CLIENT;

static IOP_CLIENT **IopClients(PDRIVER_OBJECT Driver) { return (IOP_CLIENT **)((PUCHAR)Driver->DriverExtension + 0x28); }

static IOP_CLIENT *IopFindClientLocked(PDRIVER_OBJECT Driver, PVOID Identification)
{
    IOP_CLIENT *client = *IopClients(Driver);
    while (client != NULL && client->Identification != Identification)
        client = client->Next;
    return client;
}

NTSTATUS NTAPI IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress,
                                               ULONG DriverObjectExtensionSize, PVOID *DriverObjectExtension)
{
    IOP_CLIENT *client = NULL;
    BOOLEAN exists;
    KIRQL irql;

    if (DriverObjectExtensionSize <= MAXLONG)
        client = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*client) + DriverObjectExtensionSize, IOP_TAG_CLIENT);
    if (client == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(client, sizeof(*client) + DriverObjectExtensionSize);
    client->Identification = ClientIdentificationAddress;
    irql = KeLockAcquire(&IopDatabaseLock);
    exists = IopFindClientLocked(DriverObject, ClientIdentificationAddress) != NULL;
    if (!exists) {
        client->Next = *IopClients(DriverObject);
        *IopClients(DriverObject) = client;
    }
    KeLockRelease(&IopDatabaseLock, irql);
    if (exists) {
        ExFreePoolWithTag(client, IOP_TAG_CLIENT);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    *DriverObjectExtension = client->Area;
    return STATUS_SUCCESS;
}

PVOID NTAPI IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress)
{
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    IOP_CLIENT *client = IopFindClientLocked(DriverObject, ClientIdentificationAddress);
    KeLockRelease(&IopDatabaseLock, irql);
    return client != NULL ? client->Area : NULL;
}

VOID IopFreeClients(PDRIVER_OBJECT Driver)
{
    IOP_CLIENT *client, *next;

    for (client = *IopClients(Driver); client != NULL; client = next) {
        next = client->Next;
        ExFreePoolWithTag(client, IOP_TAG_CLIENT);
    }
    *IopClients(Driver) = NULL;
}
