/* SPDX-License-Identifier: MIT
 * Walks a whole volume and prints what is there: `enter NAME` and `leave` around a directory, and
 * `sum SIZE HASH ATTRIBUTES NAME` of each file, read through the cache and, every seventh, also by a mapped section.
 */
#include "volumework.h"

#define DEPTH 96u
#define SECTION_EVERY 7u

typedef union ENTRY {
    FILE_DIRECTORY_INFORMATION Information;
    UCHAR Bytes[sizeof(FILE_DIRECTORY_INFORMATION) + 256 * sizeof(WCHAR)];
} ENTRY;

typedef struct WALK {
    HANDLE Stack[DEPTH];
    ULONG Depth, Entries, Files;
    BOOLEAN Hostile;
    ENTRY Entry;
} WALK;

/* ---- A file ---- */
static NTSTATUS HashCached(HANDLE File, BOOLEAN Hostile, PULONG64 Size, PULONG64 Hash)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    NTSTATUS status;

    *Hash = WORK_HASH_START;
    for (; (ULONG64)offset.QuadPart < WorkParameters.SizeLimit; offset.QuadPart += (LONGLONG)result.Information) {
        status = ZwReadFile(File, NULL, NULL, NULL, &result, WorkBuffer, WORK_BUFFER, &offset, NULL);
        if (status == STATUS_END_OF_FILE || (NT_SUCCESS(status) && result.Information == 0))
            break;
        if (!NT_SUCCESS(status))
            return status;
        *Hash = WorkHash(*Hash, WorkBuffer, (ULONG)result.Information);
        if (Hostile)
            WorkPrintParts(WorkBuffer, (ULONG)(offset.QuadPart / WORK_SECTOR), (ULONG)result.Information / WORK_SECTOR);
    }
    *Size = (ULONG64)offset.QuadPart;
    return STATUS_SUCCESS;
}

/* The rest of the last page is zero, so the words of the hash are whole. */
static ULONG64 HashView(PUCHAR View, ULONG64 Size)
{
    ULONG64 hash = WORK_HASH_START, at;

    for (at = 0; at < Size; at += 8)
        hash = (hash ^ *(volatile ULONG64 *)(View + at)) * 0x100000001B3ull;
    return hash;
}

static NTSTATUS HashMapped(HANDLE File, ULONG64 Size, PULONG64 Hash)
{
    PVOID view = NULL;
    SIZE_T bytes = 0;
    HANDLE section;
    NTSTATUS status = ZwCreateSection(&section, SECTION_MAP_READ | SECTION_QUERY, NULL, NULL, PAGE_READONLY, SEC_COMMIT, File);

    if (!NT_SUCCESS(status))
        return status;
    status = ZwMapViewOfSection(section, ZwCurrentProcess(), &view, 0, 0, NULL, &bytes, ViewUnmap, 0, PAGE_READONLY);
    ZwClose(section);
    if (!NT_SUCCESS(status))
        return status;
    *Hash = HashView(view, Size);
    return ZwUnmapViewOfSection(ZwCurrentProcess(), view);
}

static VOID SumFile(WALK *Walk, HANDLE File, PUNICODE_STRING Name)
{
    ULONG64 size = 0, hash = 0, mapped = 0;

    if (!WorkSucceeded(HashCached(File, Walk->Hostile, &size, &hash), "read")) {
        WorkPrintName("unread", Name);
        return;
    }
    if (!Walk->Hostile && ++Walk->Files % SECTION_EVERY == 0 && size != 0) {
        if (WorkSucceeded(HashMapped(File, size, &mapped), "map") && mapped != hash) {
            WorkSucceeded(STATUS_DATA_ERROR, "the section is not what was read");
            WorkPrintName("unlike", Name);
        }
    }
    DbgPrint("sum %llu %016llx %lx", size, hash, Walk->Entry.Information.FileAttributes);
    WorkPrintName("", Name);
}

/* ---- Directories ---- */
static BOOLEAN IsDots(PCUNICODE_STRING Name)
{
    return Name->Buffer[0] == L'.' &&
           (Name->Length == sizeof(WCHAR) || (Name->Length == 2 * sizeof(WCHAR) && Name->Buffer[1] == L'.'));
}

static VOID Visit(WALK *Walk, PUNICODE_STRING Name)
{
    BOOLEAN folder = (Walk->Entry.Information.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    ACCESS_MASK access = folder ? FILE_LIST_DIRECTORY : FILE_READ_DATA;
    HANDLE file;

    if (IsDots(Name))
        return;
    if (!WorkSucceeded(
            WorkOpen(Walk->Stack[Walk->Depth - 1], Name, access, FILE_OPEN, folder ? FILE_DIRECTORY_FILE : 0, 0, &file),
            "open")) {
        WorkPrintName("unopened", Name);
        return;
    }
    if (folder && Walk->Depth < DEPTH) {
        WorkPrintName("enter", Name);
        Walk->Stack[Walk->Depth++] = file;
        return;
    }
    if (folder)
        WorkSucceeded(STATUS_NAME_TOO_LONG, "too deep");
    else
        SumFile(Walk, file, Name);
    ZwClose(file);
}

/* The next entry of the innermost directory, or the way out of it. */
static VOID Step(WALK *Walk)
{
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwQueryDirectoryFile(Walk->Stack[Walk->Depth - 1], NULL, NULL, NULL, &result, &Walk->Entry,
                                           sizeof(Walk->Entry), FileDirectoryInformation, TRUE, NULL, FALSE);

    if (NT_SUCCESS(status) && ++Walk->Entries <= WorkParameters.EntryLimit) {
        name.Buffer = Walk->Entry.Information.FileName;
        name.Length = name.MaximumLength = (USHORT)Walk->Entry.Information.FileNameLength;
        Visit(Walk, &name);
        return;
    }
    if (status != STATUS_NO_MORE_FILES && status != STATUS_NO_SUCH_FILE)
        WorkSucceeded(NT_SUCCESS(status) ? STATUS_BUFFER_OVERFLOW : status, "a directory");
    ZwClose(Walk->Stack[--Walk->Depth]);
    DbgPrint("leave\n");
}

VOID WorkSumVolume(ULONG Disk, BOOLEAN Hostile)
{
    WALK *walk = ExAllocatePoolWithTag(PagedPool, sizeof(*walk), WORK_TAG);
    WCHAR buffer[64];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    NTSTATUS status;

    if (!WorkSucceeded(walk != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, "memory"))
        return;
    RtlZeroMemory(walk, sizeof(*walk));
    walk->Hostile = Hostile;
    WorkNamePartition(&name, Disk, 1, TRUE);
    status = WorkOpen(NULL, &name, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, 0, &walk->Stack[0]);
    DbgPrint("volume %lu 0x%08lx\n", Disk, (ULONG)status);
    if (WorkSucceeded(status, "the root")) {
        for (walk->Depth = 1; walk->Depth != 0;)
            Step(walk);
    }
    DbgPrint("done %lu\n", Disk);
    ExFreePoolWithTag(walk, WORK_TAG);
}
