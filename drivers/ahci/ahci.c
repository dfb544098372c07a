/* SPDX-License-Identifier: MIT
 * Serial ATA: starting and stopping a controller.
 */
#include "ahci.h"

#define AHCI_RESET_TRIES 100000u                 /* of 10 microseconds each: the second of 10.4.3 */

DRIVER_INITIALIZE DriverEntry;

/* All of the controller: its ports stand still after it. */
static VOID AhciReset(STORAGE_DISK *Disk)
{
    AHCI_DEVICE *ahci = AhciDevice(Disk);
    ULONG i;

    ahci->Registers->Control |= AHCI_ENABLE;
    ahci->Registers->Control |= AHCI_RESET;
    for (i = 0; i < AHCI_RESET_TRIES && (ahci->Registers->Control & AHCI_RESET) && ahci->Registers->Control != MAXULONG; i++)
        KeStallExecutionProcessor(10);
    ahci->Registers->Control |= AHCI_ENABLE;
    ahci->Issued = FALSE;
}

/* The registers are in the only memory range. */
static NTSTATUS AhciMap(AHCI_DEVICE *Ahci, PCM_RESOURCE_LIST Resources)
{
    PCM_PARTIAL_RESOURCE_LIST list = Resources != NULL && Resources->Count == 1 ? &Resources->List[0].PartialResourceList : NULL;
    ULONG i;

    for (i = 0; list != NULL && i < list->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR range = &list->PartialDescriptors[i];
        if (range->Type != CmResourceTypeMemory || range->u.Memory.Length < FIELD_OFFSET(AHCI_REGISTERS, Port) + sizeof(AHCI_PORT))
            continue;
        Ahci->RegistersLength = range->u.Memory.Length;
        Ahci->Registers = MmMapIoSpace(range->u.Memory.Start, Ahci->RegistersLength, MmNonCached);
        return Ahci->Registers != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

static VOID AhciStop(STORAGE_DISK *Disk)
{
    AHCI_DEVICE *ahci = AhciDevice(Disk);

    AhciReset(Disk);
    StorageDisconnect(Disk);
    AhciFree(ahci);
    MmUnmapIoSpace((PVOID)ahci->Registers, ahci->RegistersLength);
    ahci->Registers = NULL;
    ahci->Port = NULL;
}

static NTSTATUS AhciBegin(AHCI_DEVICE *Ahci)
{
    NTSTATUS status;

    AhciReset(&Ahci->Disk);
    if (!(Ahci->Registers->Capabilities & AHCI_ADDRESSES_64))
        return STATUS_NOT_SUPPORTED;
    Ahci->Disk.SlotCount = 1;
    status = AhciAllocate(Ahci);
    if (NT_SUCCESS(status))
        status = AhciFindDisk(Ahci);
    if (NT_SUCCESS(status))
        status = AhciIdentify(Ahci);
    return NT_SUCCESS(status) ? StorageConnect(&Ahci->Disk, AhciDpc) : status;
}

static NTSTATUS AhciStart(STORAGE_DISK *Disk, PCM_RESOURCE_LIST Translated)
{
    AHCI_DEVICE *ahci = AhciDevice(Disk);
    NTSTATUS status = AhciMap(ahci, Translated);

    if (!NT_SUCCESS(status))
        return status;
    status = AhciBegin(ahci);
    if (!NT_SUCCESS(status)) {
        AhciStop(Disk);
        return status;
    }
    ahci->Port->Interrupt = ahci->Port->Interrupt;
    ahci->Registers->Interrupt = MAXULONG;
    ahci->Port->InterruptEnable = AHCI_PORT_INTERRUPTS;
    ahci->Registers->Control |= AHCI_INTERRUPTS;
    return STATUS_SUCCESS;
}

static const STORAGE_OPERATIONS operations = {
    .ExtensionSize = sizeof(AHCI_DEVICE), .BusType = BusTypeSata, .Product = "SATA disk", .Start = AhciStart, .Stop = AhciStop,
    .Submit = AhciSubmit, .Kick = AhciKick, .Reset = AhciReset,
};

static NTSTATUS NTAPI AhciAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo) { return StorageAddDevice(Driver, Pdo, &operations); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    StorageInitializeDriver(DriverObject, AhciAddDevice);
    return STATUS_SUCCESS;
}
