/* SPDX-License-Identifier: MIT
 * \SystemRoot. The boot volume is found among \Device\HarddiskVolumeN by what it answers as a mountable device: the GUID of a GPT's
 * partition, or the signature and place of an MBR's. The volumes are not mounted by it.
 */
#include "initp.h"
#include "io.h"

#define INIT_VOLUME_LIMIT 64u                    /* volumes that are looked at */
#define INIT_MOUNTDEV(function) CTL_CODE('M', function, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define INIT_QUERY_UNIQUE_ID INIT_MOUNTDEV(0)    /* IOCTL_MOUNTDEV_... of mountdev.h */
#define INIT_QUERY_STABLE_GUID INIT_MOUNTDEV(6)

typedef struct INIT_VOLUME_NAME {
    UNICODE_STRING String;
    WCHAR Buffer[48];
} INIT_VOLUME_NAME;

static VOID InitNameVolume(ULONG Number, INIT_VOLUME_NAME *Name)
{
    WCHAR buffer[12];
    UNICODE_STRING digits = { 0, sizeof(buffer), buffer };

    Name->String = (UNICODE_STRING){ 0, sizeof(Name->Buffer), Name->Buffer };
    RtlAppendUnicodeToString(&Name->String, L"\\Device\\HarddiskVolume");
    RtlIntegerToUnicodeString(Number, 10, &digits);
    RtlAppendUnicodeStringToString(&Name->String, &digits);
}

static NTSTATUS InitAskVolume(PDEVICE_OBJECT Volume, ULONG Code, PVOID Answer, ULONG Length)
{
    IO_STATUS_BLOCK result = { 0 };
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(Code, Volume, NULL, 0, Answer, Length, FALSE, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IofCallDriver(Volume, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return NT_SUCCESS(status) && result.Information != Length ? STATUS_INFO_LENGTH_MISMATCH : status;
}

/* An MBR's volume is identified by the disk's signature and its offset in bytes. */
static BOOLEAN InitIsVolume(PDEVICE_OBJECT Volume, const LOADER_PARTITION *Partition)
{
    ULONG64 offset = Partition->FirstBlock * Volume->SectorSize;
    struct { USHORT Length; UCHAR Identity[12]; } unique;
    UCHAR guid[16];

    if (Partition->Kind == LOADER_PARTITION_GPT)
        return NT_SUCCESS(InitAskVolume(Volume, INIT_QUERY_STABLE_GUID, guid, sizeof(guid))) &&
               RtlEqualMemory(guid, Partition->Identity, sizeof(guid));
    if (Partition->Kind == LOADER_PARTITION_MBR)
        return NT_SUCCESS(InitAskVolume(Volume, INIT_QUERY_UNIQUE_ID, &unique, sizeof(unique))) && unique.Length == 12 &&
               RtlEqualMemory(unique.Identity, Partition->Identity, 4) && RtlEqualMemory(unique.Identity + 4, &offset, 8);
    return TRUE;
}

static BOOLEAN InitFindVolume(const LOADER_PARTITION *Partition, INIT_VOLUME_NAME *Name)
{
    PDEVICE_OBJECT device;
    PFILE_OBJECT file;
    BOOLEAN found;
    ULONG number;

    for (number = 1; number <= INIT_VOLUME_LIMIT; number++) {
        InitNameVolume(number, Name);
        if (!NT_SUCCESS(IoGetDeviceObjectPointer(&Name->String, FILE_READ_ATTRIBUTES, &file, &device)))
            continue;
        found = InitIsVolume(device, Partition);
        ObfDereferenceObject(file);
        if (found)
            return TRUE;
    }
    return FALSE;
}

NTSTATUS InitLinkSystemRoot(const LOADER_PARTITION *Partition)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\SystemRoot");
    INIT_VOLUME_NAME volume;

    if (!InitFindVolume(Partition, &volume))
        return STATUS_NO_SUCH_DEVICE;
    RtlAppendUnicodeToString(&volume.String, L"\\Windows");
    return IoCreateSymbolicLink(&link, &volume.String);
}
