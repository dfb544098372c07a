/* SPDX-License-Identifier: MIT
 * How fast a disk is from one end to the other: as a file of its volume, through the cache, or itself where it has no volume.
 * A volume is dismounted in between, so that nothing comes from the cache. Times are of the machine's own clock.
 */
#include "volumework.h"

static HANDLE Open(PCWSTR Device, PCWSTR Name, ULONG Disposition, ULONG Options)
{
    WCHAR buffer[80];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    HANDLE file = NULL;

    RtlAppendUnicodeToString(&name, Device);
    RtlAppendUnicodeToString(&name, Name);
    return WorkSucceeded(WorkOpen(NULL, &name, GENERIC_READ | GENERIC_WRITE, Disposition, Options, 0, &file), "open") ? file : NULL;
}

static NTSTATUS Transfer(HANDLE File, BOOLEAN Write)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;

    for (; offset.QuadPart < (LONGLONG)WorkParameters.Kilobytes << 10 && NT_SUCCESS(status); offset.QuadPart += WORK_BUFFER)
        status = Write ? ZwWriteFile(File, NULL, NULL, NULL, &result, WorkBuffer, WORK_BUFFER, &offset, NULL)
                       : ZwReadFile(File, NULL, NULL, NULL, &result, WorkBuffer, WORK_BUFFER, &offset, NULL);
    return NT_SUCCESS(status) && Write ? ZwFlushBuffersFile(File, &result) : status;
}

/* What is written counts until it is on the disk. */
static VOID Measure(HANDLE File, BOOLEAN Write, PCSTR What)
{
    LARGE_INTEGER frequency, begin = KeQueryPerformanceCounter(&frequency), end;

    if (File == NULL)
        return;
    if (WorkSucceeded(Transfer(File, Write), What)) {
        end = KeQueryPerformanceCounter(NULL);
        DbgPrint("speed %s %I64d\n", What, (end.QuadPart - begin.QuadPart) * 1000000 / frequency.QuadPart);
    }
    ZwClose(File);
}

static VOID Dismount(PCWSTR Device)
{
    HANDLE volume = Open(Device, L"", FILE_OPEN, 0);
    IO_STATUS_BLOCK result;

    if (volume == NULL)
        return;
    WorkSucceeded(ZwFsControlFile(volume, NULL, NULL, NULL, &result, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), "lock");
    WorkSucceeded(ZwFsControlFile(volume, NULL, NULL, NULL, &result, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), "dismount");
    ZwClose(volume);
}

VOID WorkMeasureDisk(ULONG Disk)
{
    WCHAR device[64], raw[64] = L"\\Device\\Harddisk0\\DR0";
    UNICODE_STRING name = { 0, sizeof(device) - sizeof(WCHAR), device };
    HANDLE root;

    RtlZeroMemory(device, sizeof(device));
    WorkNamePartition(&name, Disk, 1, TRUE);
    if (!NT_SUCCESS(WorkOpen(NULL, &name, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, 0, &root))) {
        raw[16] = (WCHAR)(L'0' + Disk % 10);
        Measure(Open(raw, L"", FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING), TRUE, "disk_write");
        Measure(Open(raw, L"", FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING), FALSE, "disk_read");
        return;
    }
    ZwClose(root);
    name.Length -= sizeof(WCHAR);               /* the volume without its root */
    device[name.Length / sizeof(WCHAR)] = L'\0';
    Measure(Open(device, L"\\speed.bin", FILE_CREATE, 0), TRUE, "file_write");
    Dismount(device);
    Measure(Open(device, L"\\speed.bin", FILE_OPEN, 0), FALSE, "file_read");
    Measure(Open(device, L"\\speed.bin", FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING), TRUE, "file_write_unbuffered");
    Measure(Open(device, L"\\speed.bin", FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING), FALSE, "file_read_unbuffered");
}
