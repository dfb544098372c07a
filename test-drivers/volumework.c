/* SPDX-License-Identifier: MIT
 * Work on volumes, by the service's Parameters: reads them and has the mode done on each disk; what the modes share.
 */
#include "volumework.h"

DRIVER_INITIALIZE DriverEntry;

WORK_PARAMETERS WorkParameters = {
    .First = 1, .Count = 1, .Files = 100, .Kilobytes = 1024, .Operations = 200, .EntryLimit = MAXULONG, .SizeLimit = MAXULONG
};
PUCHAR WorkBuffer;
static ULONG Failures;

/* ---- What others use ---- */
BOOLEAN WorkSucceeded(NTSTATUS Status, PCSTR What)
{
    if (NT_SUCCESS(Status))
        return TRUE;
    Failures += 1;
    DbgPrint("error 0x%08lx %s\n", (ULONG)Status, What);
    return FALSE;
}

ULONG64 WorkHash(ULONG64 Hash, PUCHAR Bytes, ULONG Length)
{
    ULONG64 *word = (ULONG64 *)Bytes, *end = word + (Length + 7) / 8;

    if (Length % 8 != 0)
        RtlZeroMemory(Bytes + Length, 8 - Length % 8);
    for (; word < end; word++)
        Hash = (Hash ^ *word) * 0x100000001B3ull;
    return Hash;
}

VOID WorkNamePartition(PUNICODE_STRING Name, ULONG Disk, ULONG Partition, BOOLEAN Root)
{
    WCHAR digits[12];
    UNICODE_STRING number = { 0, sizeof(digits), digits };

    Name->Length = 0;
    RtlAppendUnicodeToString(Name, L"\\Device\\Harddisk");
    RtlIntegerToUnicodeString(Disk, 10, &number);
    RtlAppendUnicodeStringToString(Name, &number);
    RtlAppendUnicodeToString(Name, L"\\Partition");
    RtlIntegerToUnicodeString(Partition, 10, &number);
    RtlAppendUnicodeStringToString(Name, &number);
    if (Root)
        RtlAppendUnicodeToString(Name, L"\\");
}

NTSTATUS WorkOpen(HANDLE Parent, PUNICODE_STRING Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options, ULONG Attributes,
                  PHANDLE File)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;

    InitializeObjectAttributes(&attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent, NULL);
    return ZwCreateFile(File, Access | SYNCHRONIZE, &attributes, &result, NULL, Attributes,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                        Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

NTSTATUS WorkFlushVolume(ULONG Disk)
{
    WCHAR buffer[64];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    IO_STATUS_BLOCK result;
    HANDLE volume;
    NTSTATUS status;

    WorkNamePartition(&name, Disk, 1, FALSE);
    status = WorkOpen(NULL, &name, GENERIC_READ | GENERIC_WRITE, FILE_OPEN, 0, 0, &volume);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwFlushBuffersFile(volume, &result);
    ZwClose(volume);
    return status;
}

/* What would break a line becomes a question mark. */
static ULONG Encode(PCHAR Output, PCUNICODE_STRING Name, PULONG Index)
{
    ULONG c = Name->Buffer[(*Index)++];

    if (c >= 0xD800 && c < 0xDC00 && *Index < Name->Length / sizeof(WCHAR) && Name->Buffer[*Index] >= 0xDC00 &&
        Name->Buffer[*Index] < 0xE000)
        c = 0x10000 + ((c & 0x3FF) << 10) + (Name->Buffer[(*Index)++] & 0x3FF);
    else if (c < 0x20 || c == 0x7F || (c >= 0xD800 && c < 0xE000))
        c = '?';
    if (c < 0x80) {
        Output[0] = (CHAR)c;
        return 1;
    }
    if (c < 0x800) {
        Output[0] = (CHAR)(0xC0 | c >> 6);
        Output[1] = (CHAR)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        Output[0] = (CHAR)(0xE0 | c >> 12);
        Output[1] = (CHAR)(0x80 | (c >> 6 & 0x3F));
        Output[2] = (CHAR)(0x80 | (c & 0x3F));
        return 3;
    }
    Output[0] = (CHAR)(0xF0 | c >> 18);
    Output[1] = (CHAR)(0x80 | (c >> 12 & 0x3F));
    Output[2] = (CHAR)(0x80 | (c >> 6 & 0x3F));
    Output[3] = (CHAR)(0x80 | (c & 0x3F));
    return 4;
}

/* DbgPrint takes 512 bytes at a time. */
VOID WorkPrintName(PCSTR Head, PCUNICODE_STRING Name)
{
    ULONG index = 0, used;
    CHAR text[256];

    DbgPrint("%s ", Head);
    while (index < Name->Length / sizeof(WCHAR)) {
        for (used = 0; used < sizeof(text) - 5 && index < Name->Length / sizeof(WCHAR);)
            used += Encode(text + used, Name, &index);
        text[used] = '\0';
        DbgPrint("%s", text);
    }
    DbgPrint("\n");
}

/* ---- Parameters ---- */
static NTSTATUS ReadParameters(PUNICODE_STRING RegistryPath)
{
    WCHAR buffer[160];
    UNICODE_STRING path = { 0, sizeof(buffer), buffer };
    static RTL_QUERY_REGISTRY_TABLE table[] = {
        { NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED, L"Mode", &WorkParameters.Mode, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Seed", &WorkParameters.Seed, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"First", &WorkParameters.First, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Count", &WorkParameters.Count, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Files", &WorkParameters.Files, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Kilobytes", &WorkParameters.Kilobytes, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Operations", &WorkParameters.Operations, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"EntryLimit", &WorkParameters.EntryLimit, REG_NONE, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"SizeLimit", &WorkParameters.SizeLimit, REG_NONE, NULL, 0 },
        { NULL, 0, NULL, NULL, 0, NULL, 0 },
    };

    RtlAppendUnicodeStringToString(&path, RegistryPath);
    if (!NT_SUCCESS(RtlAppendUnicodeToString(&path, L"\\Parameters")) || path.Length + sizeof(WCHAR) > sizeof(buffer))
        return STATUS_NAME_TOO_LONG;
    buffer[path.Length / sizeof(WCHAR)] = L'\0';
    return RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, buffer, table, NULL, NULL);
}

static BOOLEAN IsMode(PCWSTR Name)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return RtlEqualUnicodeString(&WorkParameters.Mode, &name, TRUE);
}

static NTSTATUS WorkOn(ULONG Disk)
{
    if (IsMode(L"sum") || IsMode(L"check"))
        WorkSumVolume(Disk, IsMode(L"check"));
    else if (IsMode(L"fill"))
        WorkFillVolume(Disk);
    else if (IsMode(L"load"))
        WorkLoadVolume(Disk);
    else if (IsMode(L"speed"))
        WorkMeasureDisk(Disk);
    else
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

/* What is wrong with a damaged volume is its own fault: mode check does not fail for it. */
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = ReadParameters(RegistryPath);
    ULONG disk;

    if (!NT_SUCCESS(status))
        return status;
    WorkBuffer = ExAllocatePoolWithTag(PagedPool, WORK_BUFFER, WORK_TAG);
    if (WorkBuffer == NULL)
        status = STATUS_INSUFFICIENT_RESOURCES;
    for (disk = 0; disk < WorkParameters.Count && NT_SUCCESS(status); disk++)
        status = WorkOn(WorkParameters.First + disk);
    if (WorkBuffer != NULL)
        ExFreePoolWithTag(WorkBuffer, WORK_TAG);
    if (NT_SUCCESS(status) && Failures != 0 && !IsMode(L"check"))
        status = STATUS_UNSUCCESSFUL;
    RtlFreeUnicodeString(&WorkParameters.Mode);
    return status;
}
