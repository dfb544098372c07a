/* SPDX-License-Identifier: MIT
 * A volume: its device and its names.
 */
#include "volmgr.h"

#define VOLMGR_GPT_NO_LETTER 0x8000000000000000ull   /* GPT_BASIC_DATA_ATTRIBUTE_NO_DRIVE_LETTER */

static ULONG VolmgrNextVolume = 1;               /* VolmgrLock */

/* ---- Names ---- */
VOID VolmgrAppend(VOLMGR_NAME *Name, PCWSTR Text)
{
    Name->String.Buffer = Name->Buffer;
    Name->String.MaximumLength = sizeof(Name->Buffer);
    RtlAppendUnicodeToString(&Name->String, Text);
}

VOID VolmgrAppendNumber(VOLMGR_NAME *Name, ULONG Number)
{
    WCHAR buffer[12];
    UNICODE_STRING digits = { 0, sizeof(buffer), buffer };

    RtlIntegerToUnicodeString(Number, 10, &digits);
    RtlAppendUnicodeStringToString(&Name->String, &digits);
}

/* A name that is taken is not this volume's. */
static VOID VolmgrLink(VOLMGR_VOLUME *Volume, VOLMGR_NAME *Link)
{
    if (!NT_SUCCESS(IoCreateSymbolicLink(&Link->String, &Volume->Name.String)))
        Link->String.Length = 0;
}

static VOID VolmgrUnlink(VOLMGR_NAME *Link)
{
    if (Link->String.Length != 0)
        IoDeleteSymbolicLink(&Link->String);
}

/* A GPT's partition has a GUID of its own; of another, where it lies on which disk says which it is. */
static GUID VolmgrGuid(const VOLMGR_VOLUME *Volume)
{
    GUID guid = { Volume->Signature, 0, 0, { 0 } };

    if (Volume->Style == PartitionGpt)
        RtlCopyMemory(&guid, Volume->Partition.Guid, sizeof(guid));
    else
        RtlCopyMemory(guid.Data4, &Volume->Partition.Offset, sizeof(guid.Data4));
    return guid;
}

static VOID VolmgrLinkByGuid(VOLMGR_VOLUME *Volume)
{
    GUID guid = VolmgrGuid(Volume);
    UNICODE_STRING text;

    if (!NT_SUCCESS(RtlStringFromGUID(&guid, &text)))
        return;
    VolmgrAppend(&Volume->GuidLink, L"\\??\\Volume");
    RtlAppendUnicodeStringToString(&Volume->GuidLink.String, &text);
    RtlFreeUnicodeString(&text);
    VolmgrLink(Volume, &Volume->GuidLink);
}

/* The first letter from C on that nobody has; the table may say that it wants none. */
static VOID VolmgrLinkByLetter(VOLMGR_VOLUME *Volume)
{
    WCHAR letter;

    if (Volume->Style == PartitionGpt && (Volume->Partition.Attributes & VOLMGR_GPT_NO_LETTER))
        return;
    for (letter = L'C'; letter <= L'Z'; letter++) {
        const WCHAR name[] = { L'\\', L'?', L'?', L'\\', letter, L':', L'\0' };
        VolmgrAppend(&Volume->LetterLink, name);
        VolmgrLink(Volume, &Volume->LetterLink);
        if (Volume->LetterLink.String.Length != 0)
            return;
    }
}

/* Partition 0 is the disk itself; a volume that is the whole disk is no partition. */
static VOID VolmgrLinkNames(VOLMGR_VOLUME *Volume)
{
    if (Volume->Partition.Number != 0) {
        VolmgrAppend(&Volume->PartitionLink, L"\\Device\\Harddisk");
        VolmgrAppendNumber(&Volume->PartitionLink, Volume->DiskNumber);
        VolmgrAppend(&Volume->PartitionLink, L"\\Partition");
        VolmgrAppendNumber(&Volume->PartitionLink, Volume->Partition.Number);
        VolmgrLink(Volume, &Volume->PartitionLink);
    }
    VolmgrLinkByGuid(Volume);
    VolmgrLinkByLetter(Volume);
}

/* ---- The device ---- */
NTSTATUS VolmgrCreateVolume(VOLMGR_DISK *Disk, const PARTITION_TABLE *Table, const PARTITION *Partition)
{
    VOLMGR_NAME name = { 0 };
    PDEVICE_OBJECT device;
    VOLMGR_VOLUME *volume;
    NTSTATUS status;

    VolmgrAppend(&name, L"\\Device\\HarddiskVolume");
    VolmgrAppendNumber(&name, VolmgrNextVolume);
    status = IoCreateDevice(VolmgrDriver, sizeof(*volume), &name.String, FILE_DEVICE_DISK, 0, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    volume = device->DeviceExtension;            /* is zero */
    volume->Device = device;
    volume->Name = name;
    volume->Name.String.Buffer = volume->Name.Buffer;
    volume->Number = VolmgrNextVolume++;
    volume->File = Disk->File;
    ObReferenceObject(volume->File);
    volume->Disk = Disk->Device;
    volume->DiskNumber = Disk->Number;
    volume->Style = Table->Style;
    volume->Signature = Table->Signature;
    volume->Partition = *Partition;
    IoInitializeRemoveLock(&volume->RemoveLock, VOLMGR_TAG, 0, 0);
    InsertTailList(&Disk->Volumes, &volume->Link);
    device->Flags |= DO_DIRECT_IO;
    device->StackSize = (CCHAR)(Disk->Device->StackSize + 1);
    device->AlignmentRequirement = Disk->Device->AlignmentRequirement;
    device->SectorSize = (USHORT)Disk->BlockSize;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    VolmgrLinkNames(volume);
    return STATUS_SUCCESS;
}

/* The names go first, then requests end; who has it open keeps a device that answers with an error. */
VOID VolmgrDeleteVolume(VOLMGR_VOLUME *Volume)
{
    VolmgrUnlink(&Volume->LetterLink);
    VolmgrUnlink(&Volume->GuidLink);
    VolmgrUnlink(&Volume->PartitionLink);
    RemoveEntryList(&Volume->Link);
    if (NT_SUCCESS(IoAcquireRemoveLock(&Volume->RemoveLock, NULL)))
        IoReleaseRemoveLockAndWait(&Volume->RemoveLock, NULL);
    ObDereferenceObject(Volume->File);
    IoDeleteDevice(Volume->Device);
}
