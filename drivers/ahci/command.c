/* SPDX-License-Identifier: MIT
 * Commands of a port: made, issued, ended.
 */
#include "ahci.h"

#define AHCI_LOOKS 64u                           /* at what happened, before the next interrupt's turn */

VOID AhciPrepare(AHCI_DEVICE *Ahci, UCHAR Opcode, ULONG64 Block, ULONG Blocks, const STORAGE_COMMAND *Memory)
{
    AHCI_TABLE *table = Ahci->Table;
    AHCI_HEADER *header = &Ahci->Memory->Headers[0];
    const UCHAR command[20] = { 0x27, 0x80, Opcode, 0, (UCHAR)Block, (UCHAR)(Block >> 8), (UCHAR)(Block >> 16), 0x40,
                                (UCHAR)(Block >> 24), (UCHAR)(Block >> 32), (UCHAR)(Block >> 40), 0, (UCHAR)Blocks, (UCHAR)(Blocks >> 8) };
    ULONG i;

    RtlCopyMemory(table->Command, command, sizeof(command));
    for (i = 0; i < Memory->SegmentCount; i++)
        table->Ranges[i] = (AHCI_RANGE){ { (ULONG)Memory->Segments[i].Address, (ULONG)(Memory->Segments[i].Address >> 32) }, 0,
                                         Memory->Segments[i].Length - 1 };
    header->Flags = (USHORT)(sizeof(command) / 4 | (Memory->Kind == StorageWrite ? 0x40 : 0));
    header->RangeCount = (USHORT)Memory->SegmentCount;
    header->Transferred = 0;
}

VOID AhciSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command)
{
    static const UCHAR opcodes[] = { [StorageRead] = ATA_READ_DMA_EXT, [StorageWrite] = ATA_WRITE_DMA_EXT,
                                     [StorageFlush] = ATA_FLUSH_CACHE_EXT };
    AHCI_DEVICE *ahci = AhciDevice(Disk);

    AhciPrepare(ahci, opcodes[Command->Kind], Command->Offset / Disk->BlockSize, Command->Length / Disk->BlockSize, Command);
}

VOID AhciKick(STORAGE_DISK *Disk)
{
    AHCI_DEVICE *ahci = AhciDevice(Disk);

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ahci->Issued = TRUE;
    ahci->Port->Issue = 1;
}

static VOID AhciEnd(AHCI_DEVICE *Ahci, NTSTATUS Status)
{
    if (!Ahci->Issued)
        return;
    Ahci->Issued = FALSE;
    StorageComplete(&Ahci->Disk, 0, Status);
}

/* The port stands still at the command that failed, and is started again (6.2.2.1). FALSE: it does not go on. */
static BOOLEAN AhciRecover(AHCI_DEVICE *Ahci)
{
    ULONG task = Ahci->Port->TaskFile;

    if ((task & AHCI_TASK_BUSY) || !AhciStopPort(Ahci))
        return FALSE;
    AhciEnd(Ahci, (task & AHCI_TASK_BAD_DATA) ? STATUS_DEVICE_DATA_ERROR : STATUS_IO_DEVICE_ERROR);
    AhciStartPort(Ahci);
    return TRUE;
}

/* The port's interrupts are cleared before its commands are looked at: what ends later interrupts again. */
static BOOLEAN AhciLook(AHCI_DEVICE *Ahci)
{
    ULONG i, interrupts;

    for (i = 0; i < AHCI_LOOKS; i++) {
        interrupts = Ahci->Port->Interrupt;
        Ahci->Port->Interrupt = interrupts;
        Ahci->Registers->Interrupt = 1u << Ahci->Number;
        if (interrupts == MAXULONG || ((interrupts & AHCI_PORT_ERRORS) && !AhciRecover(Ahci)))
            return FALSE;
        if (!(Ahci->Port->Issue & 1))
            AhciEnd(Ahci, STATUS_SUCCESS);
        if (Ahci->Port->Interrupt == 0)
            return TRUE;
    }
    KeInsertQueueDpc(&Ahci->Disk.Dpc, NULL, NULL);
    return TRUE;
}

VOID NTAPI AhciDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    AHCI_DEVICE *ahci = AhciDevice(Context);

    StorageEnter(&ahci->Disk);
    if ((ahci->Disk.State == StorageRunning || ahci->Disk.State == StorageHeld) && !AhciLook(ahci))
        StorageBreak(&ahci->Disk, STATUS_IO_DEVICE_ERROR);
    StorageLeave(&ahci->Disk);
}
