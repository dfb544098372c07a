/* SPDX-License-Identifier: MIT
 * A port: its memory, starting and stopping it, and what its disk is.
 */
#include "ahci.h"

#define AHCI_TRIES 50000u                        /* of 10 microseconds each */
#define AHCI_IDENTIFY_TRIES 5000u                /* of a millisecond each */

/* ---- Memory ---- */
NTSTATUS AhciAllocate(AHCI_DEVICE *Ahci)
{
    ULONG64 address;

    Ahci->Memory = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);      /* pages: they begin one */
    Ahci->Table = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);
    if (Ahci->Memory == NULL || Ahci->Table == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Ahci->Memory, PAGE_SIZE);
    RtlZeroMemory(Ahci->Table, PAGE_SIZE);
    address = (ULONG64)MmGetPhysicalAddress(Ahci->Table).QuadPart;
    Ahci->Memory->Headers[0].Table[0] = (ULONG)address;
    Ahci->Memory->Headers[0].Table[1] = (ULONG)(address >> 32);
    return STATUS_SUCCESS;
}

VOID AhciFree(AHCI_DEVICE *Ahci)
{
    if (Ahci->Table != NULL)
        ExFreePoolWithTag(Ahci->Table, STORAGE_TAG);
    Ahci->Table = NULL;
    if (Ahci->Memory != NULL)
        ExFreePoolWithTag(Ahci->Memory, STORAGE_TAG);
    Ahci->Memory = NULL;
}

/* ---- Running (10.1.2, 10.3) ---- */
static BOOLEAN AhciAwait(volatile const ULONG *Register, ULONG Mask, ULONG Wanted)
{
    ULONG i;

    for (i = 0; i < AHCI_TRIES && (*Register & Mask) != Wanted; i++)
        KeStallExecutionProcessor(10);
    return (*Register & Mask) == Wanted;
}

BOOLEAN AhciStopPort(AHCI_DEVICE *Ahci)
{
    Ahci->Port->Command &= ~AHCI_PORT_START;
    return AhciAwait(&Ahci->Port->Command, AHCI_PORT_RUNNING, 0);
}

VOID AhciStartPort(AHCI_DEVICE *Ahci)
{
    Ahci->Port->LinkError = Ahci->Port->LinkError;
    Ahci->Port->Interrupt = AHCI_PORT_ERRORS;
    Ahci->Port->Command |= AHCI_PORT_START;
}

/* Whether there is a disk at the port, which then receives. */
static BOOLEAN AhciTryPort(AHCI_DEVICE *Ahci)
{
    ULONG64 address = (ULONG64)MmGetPhysicalAddress(Ahci->Memory).QuadPart, received = address + FIELD_OFFSET(AHCI_MEMORY, Received);
    volatile AHCI_PORT *port = Ahci->Port;

    if (!AhciStopPort(Ahci))
        return FALSE;
    port->Command &= ~AHCI_PORT_RECEIVE;
    if (!AhciAwait(&port->Command, AHCI_PORT_RECEIVING, 0))
        return FALSE;
    port->Commands[0] = (ULONG)address;
    port->Commands[1] = (ULONG)(address >> 32);
    port->Received[0] = (ULONG)received;
    port->Received[1] = (ULONG)(received >> 32);
    port->Command |= AHCI_PORT_SPIN_UP | AHCI_PORT_POWER_ON;
    if (!AhciAwait(&port->Link, 15, 3))
        return FALSE;
    port->LinkError = port->LinkError;
    port->Command |= AHCI_PORT_RECEIVE;
    if (AhciAwait(&port->TaskFile, AHCI_TASK_BUSY, 0) && port->Signature == AHCI_SIGNATURE_DISK)
        return TRUE;
    port->Command &= ~AHCI_PORT_RECEIVE;
    AhciAwait(&port->Command, AHCI_PORT_RECEIVING, 0);
    return FALSE;
}

NTSTATUS AhciFindDisk(AHCI_DEVICE *Ahci)
{
    ULONG ports = Ahci->Registers->Ports, present = (Ahci->RegistersLength - FIELD_OFFSET(AHCI_REGISTERS, Port)) / sizeof(AHCI_PORT), i;

    for (i = 0; i < min(present, AHCI_PORTS); i++) {
        if (!(ports >> i & 1))
            continue;
        Ahci->Port = &Ahci->Registers->Port[i];
        Ahci->Number = i;
        if (AhciTryPort(Ahci)) {
            AhciStartPort(Ahci);
            return STATUS_SUCCESS;
        }
    }
    Ahci->Port = NULL;
    return STATUS_NO_MEDIA_IN_DEVICE;
}

/* ---- What the disk is (ATA8-ACS, 7.12) ---- */
static NTSTATUS AhciUseDisk(STORAGE_DISK *Disk, const USHORT *Words)
{
    ULONG64 blocks = (ULONG64)Words[103] << 48 | (ULONG64)Words[102] << 32 | (ULONG)Words[101] << 16 | Words[100];
    BOOLEAN more = (Words[106] & 0xC000) == 0x4000;
    ULONG size = more && (Words[106] & 0x1000) ? ((ULONG)Words[118] << 16 | Words[117]) * 2 : 512;

    if (!(Words[83] & 0x0400) || size < 512 || size > PAGE_SIZE || (size & (size - 1)) || blocks > MAXLONGLONG / size)
        return STATUS_NOT_SUPPORTED;
    Disk->BlockSize = size;
    Disk->PhysicalBlockSize = more && (Words[106] & 0x2000) ? size << (Words[106] & 15) : size;
    Disk->Length = blocks * size;
    Disk->HasCache = (Words[85] & 0x20) && (Words[83] & 0x2000);
    Disk->MaximumSegments = AHCI_RANGES;
    Disk->MaximumTransfer = (AHCI_RANGES - 1) * PAGE_SIZE;
    Disk->AlignmentMask = 1;
    return STATUS_SUCCESS;
}

static BOOLEAN AhciAwaitFirst(AHCI_DEVICE *Ahci)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    ULONG i;

    for (i = 0; i < AHCI_IDENTIFY_TRIES && (Ahci->Port->Issue & 1); i++)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    return !(Ahci->Port->Issue & 1) && !(Ahci->Port->Interrupt & AHCI_PORT_ERRORS);
}

NTSTATUS AhciIdentify(AHCI_DEVICE *Ahci)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);
    STORAGE_SEGMENT segment = { 0, 512 };
    STORAGE_COMMAND memory = { .Kind = StorageRead, .SegmentCount = 1, .Segments = &segment };
    NTSTATUS status = STATUS_IO_DEVICE_ERROR;

    if (page == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(page, PAGE_SIZE);
    segment.Address = (ULONG64)MmGetPhysicalAddress(page).QuadPart;
    AhciPrepare(Ahci, ATA_IDENTIFY_DEVICE, 0, 0, &memory);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    Ahci->Port->Issue = 1;
    if (AhciAwaitFirst(Ahci))
        status = AhciUseDisk(&Ahci->Disk, page);
    else
        Ahci->Disk.Operations->Reset(&Ahci->Disk);           /* it may still be writing there */
    ExFreePoolWithTag(page, STORAGE_TAG);
    return status;
}
