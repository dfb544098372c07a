/* SPDX-License-Identifier: MIT
 * The load of the crash proof: 60 files are made, written, made longer, cut, renamed, deleted and flushed, all from the seed
 * (scripts/petreltool/workload.py knows the same). Behind each flush that succeeded a marker goes to the disk's second partition,
 * so that in the log of the disk's writes it stands behind what the flush promised.
 *
 * A sector of a file:  "PTRLWORK" | file, generation, index | numbers from the words before | sum
 * A marker:            "PTRLMARK" | sequence | operation | file, or all bits: the volume | sum
 */
#include "volumework.h"

#define FILES 60u
#define FOLDERS 4u
#define SECTORS 128u                        /* of a file, at most */
#define WORDS (WORK_SECTOR / 8)
#define DATA_MAGIC 0x4B524F574C525450ull
#define MARK_MAGIC 0x4B52414D4C525450ull
#define WHOLE_VOLUME 0xFFFFFFFFull

typedef struct LOAD {
    HANDLE Folders[FOLDERS], Markers;
    ULONG Disk, Operation;
    ULONG64 Sequence;
    struct {
        BOOLEAN Exists, IsRenamed;
        ULONG Sectors;
    } Files[FILES];
} LOAD;

/* ---- Sectors ---- */
static ULONG64 Sum(const ULONG64 *Words)
{
    ULONG64 hash = WORK_HASH_START;
    ULONG i;

    for (i = 0; i < WORDS - 1; i++)
        hash = (hash ^ Words[i]) * 0x100000001B3ull;
    return hash;
}

static VOID MakeSector(ULONG64 *Words, ULONG File, ULONG Generation, ULONG Index)
{
    ULONG64 state;
    ULONG i;

    Words[0] = DATA_MAGIC;
    Words[1] = (ULONG64)Index << 48 | (ULONG64)Generation << 16 | File;
    state = Words[1] * 2 + 1;
    for (i = 2; i < WORDS - 1; i++)
        Words[i] = WorkNext(&state);
    Words[WORDS - 1] = Sum(Words);
}

/* What the sector says of itself; all bits: it is not of the load, or damaged. */
static ULONG64 ReadSector(const ULONG64 *Words)
{
    return Words[0] == DATA_MAGIC && Words[WORDS - 1] == Sum(Words) ? Words[1] : ~0ull;
}

/* One line for sectors that belong together. */
VOID WorkPrintParts(PUCHAR Bytes, ULONG FirstSector, ULONG Sectors)
{
    const ULONG64 *words = (const ULONG64 *)Bytes;
    ULONG i, count;

    for (i = 0; i < Sectors; i += count) {
        ULONG64 word = ReadSector(words + i * WORDS), step = word == ~0ull ? 0 : 1ull << 48;
        for (count = 1; i + count < Sectors && ReadSector(words + (i + count) * WORDS) == word + count * step; count++)
            ;
        if (word == ~0ull)
            DbgPrint("part %lu %lu bad\n", FirstSector + i, count);
        else
            DbgPrint("part %lu %lu %lu %lu %lu\n", FirstSector + i, count, (ULONG)(word & 0xFFFF), (ULONG)(word >> 16),
                     (ULONG)(word >> 48));
    }
}

/* ---- Files ---- */
/* Renamed, a file lies in the next directory. */
static HANDLE NameOf(LOAD *Load, ULONG File, BOOLEAN IsRenamed, PUNICODE_STRING Name)
{
    WCHAR digits[12];
    UNICODE_STRING number = { 0, sizeof(digits), digits };

    Name->Length = 0;
    RtlAppendUnicodeToString(Name, IsRenamed ? L"Renamed file number " : L"load");
    RtlIntegerToUnicodeString(File, 10, &number);
    RtlAppendUnicodeStringToString(Name, &number);
    RtlAppendUnicodeToString(Name, L".bin");
    return Load->Folders[(File + IsRenamed) % FOLDERS];
}

static NTSTATUS OpenFile(LOAD *Load, ULONG File, ULONG Disposition, ULONG Options, PHANDLE Handle)
{
    WCHAR buffer[64];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    HANDLE folder = NameOf(Load, File, Load->Files[File].IsRenamed, &name);

    return WorkOpen(folder, &name, FILE_WRITE_DATA | FILE_READ_DATA | DELETE, Disposition, FILE_NON_DIRECTORY_FILE | Options, 0,
                    Handle);
}

static BOOLEAN WriteFile(LOAD *Load, ULONG File, ULONG Disposition, ULONG First, ULONG Count)
{
    LARGE_INTEGER offset = { .QuadPart = (LONGLONG)First * WORK_SECTOR };
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = OpenFile(Load, File, Disposition, 0, &file);
    ULONG i;

    if (!WorkSucceeded(status, "open to write"))
        return FALSE;
    for (i = 0; i < Count; i++)
        MakeSector((ULONG64 *)(WorkBuffer + i * WORK_SECTOR), File, Load->Operation + 1, First + i);
    status = ZwWriteFile(file, NULL, NULL, NULL, &result, WorkBuffer, Count * WORK_SECTOR, &offset, NULL);
    ZwClose(file);
    Load->Files[File].Sectors = Disposition == FILE_OPEN ? max(Load->Files[File].Sectors, First + Count) : Count;
    return WorkSucceeded(status, "write");
}

static BOOLEAN RenameFile(LOAD *Load, ULONG File)
{
    struct {
        FILE_RENAME_INFORMATION Information;
        WCHAR More[64];
    } rename;
    UNICODE_STRING name = { 0, sizeof(rename.More), rename.Information.FileName };
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = OpenFile(Load, File, FILE_OPEN, 0, &file);

    if (!WorkSucceeded(status, "open to rename"))
        return FALSE;
    RtlZeroMemory(&rename, sizeof(rename));
    Load->Files[File].IsRenamed = !Load->Files[File].IsRenamed;
    rename.Information.RootDirectory = NameOf(Load, File, Load->Files[File].IsRenamed, &name);
    rename.Information.FileNameLength = name.Length;
    status = ZwSetInformationFile(file, &result, &rename, sizeof(rename), FileRenameInformation);
    ZwClose(file);
    return WorkSucceeded(status, "rename");
}

static BOOLEAN DeleteFile(LOAD *Load, ULONG File)
{
    HANDLE file;
    NTSTATUS status = OpenFile(Load, File, FILE_OPEN, FILE_DELETE_ON_CLOSE, &file);

    if (!WorkSucceeded(status, "delete"))
        return FALSE;
    ZwClose(file);
    Load->Files[File].Exists = Load->Files[File].IsRenamed = FALSE;
    return TRUE;
}

/* ---- Flushes ---- */
static BOOLEAN Mark(LOAD *Load, ULONG64 What)
{
    ULONG64 *words = (ULONG64 *)WorkBuffer;
    LARGE_INTEGER offset = { .QuadPart = (LONGLONG)Load->Sequence * WORK_SECTOR };
    IO_STATUS_BLOCK result;

    RtlZeroMemory(words, WORK_SECTOR);
    words[0] = MARK_MAGIC;
    words[1] = Load->Sequence++;
    words[2] = Load->Operation;
    words[3] = What;
    words[WORDS - 1] = Sum(words);
    return WorkSucceeded(ZwWriteFile(Load->Markers, NULL, NULL, NULL, &result, words, WORK_SECTOR, &offset, NULL), "a marker");
}

static BOOLEAN FlushFile(LOAD *Load, ULONG File)
{
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = OpenFile(Load, File, FILE_OPEN, 0, &file);

    if (NT_SUCCESS(status)) {
        status = ZwFlushBuffersFile(file, &result);
        ZwClose(file);
    }
    return WorkSucceeded(status, "flush") && Mark(Load, File);
}

static BOOLEAN FlushVolume(LOAD *Load)
{
    return WorkSucceeded(WorkFlushVolume(Load->Disk), "flush the volume") && Mark(Load, WHOLE_VOLUME);
}

/* ---- Operations ---- */
static BOOLEAN Make(LOAD *Load, ULONG File, ULONG Sectors)
{
    Load->Files[File].Exists = TRUE;
    return WriteFile(Load, File, FILE_CREATE, 0, Sectors);
}

static BOOLEAN Change(LOAD *Load, ULONG File, ULONG Action, ULONG First, ULONG Second)
{
    ULONG sectors = Load->Files[File].Sectors;

    switch (Action) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        First %= sectors;
        return WriteFile(Load, File, FILE_OPEN, First, 1 + Second % (sectors - First));
    case 5:
    case 6:
    case 7:
        return sectors == SECTORS || WriteFile(Load, File, FILE_OPEN, sectors, 1 + min(First % 32, SECTORS - sectors - 1));
    case 8:
        return WriteFile(Load, File, FILE_OVERWRITE, 0, 1 + First % 64);
    case 9:
    case 10:
        return RenameFile(Load, File);
    case 11:
        return DeleteFile(Load, File);
    default:
        return FlushFile(Load, File);
    }
}

static BOOLEAN Operate(LOAD *Load, PULONG64 State)
{
    ULONG file = WorkBelow(State, FILES), action = WorkBelow(State, 16), first = WorkBelow(State, SECTORS),
          second = WorkBelow(State, SECTORS);

    if (action == 15)
        return FlushVolume(Load);
    if (Load->Files[file].Exists)
        return Change(Load, file, action, first, second);
    return action >= 12 || Make(Load, file, 1 + first % 64);
}

static BOOLEAN OpenAll(LOAD *Load)
{
    static const WCHAR *const names[FOLDERS] = { L"", L"first", L"second", L"third" };
    WCHAR buffer[64];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    ULONG i;

    WorkNamePartition(&name, Load->Disk, 1, TRUE);
    if (!WorkSucceeded(WorkOpen(NULL, &name, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, 0, &Load->Folders[0]),
                       "the root"))
        return FALSE;
    for (i = 1; i < FOLDERS; i++) {
        RtlInitUnicodeString(&name, names[i]);
        if (!WorkSucceeded(WorkOpen(Load->Folders[0], &name, FILE_LIST_DIRECTORY | FILE_TRAVERSE, FILE_CREATE,
                                    FILE_DIRECTORY_FILE, 0, &Load->Folders[i]),
                           "a directory"))
            return FALSE;
    }
    name = (UNICODE_STRING){ 0, sizeof(buffer), buffer };
    WorkNamePartition(&name, Load->Disk, 2, FALSE);
    return WorkSucceeded(
        WorkOpen(NULL, &name, FILE_READ_DATA | FILE_WRITE_DATA, FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, 0, &Load->Markers),
        "the partition of the markers");
}

VOID WorkLoadVolume(ULONG Disk)
{
    LOAD *load = ExAllocatePoolWithTag(PagedPool, sizeof(*load), WORK_TAG);
    ULONG64 state = WorkSeed(WorkParameters.Seed, 1);
    ULONG i;

    if (!WorkSucceeded(load != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, "memory"))
        return;
    RtlZeroMemory(load, sizeof(*load));
    load->Disk = Disk;
    if (OpenAll(load)) {
        for (; load->Operation < WorkParameters.Operations && Operate(load, &state); load->Operation++)
            ;
        DbgPrint("operations %lu markers %llu\n", load->Operation, load->Sequence);
    }
    for (i = 0; i < FOLDERS; i++)
        if (load->Folders[i] != NULL)
            ZwClose(load->Folders[i]);
    if (load->Markers != NULL)
        ZwClose(load->Markers);
    ExFreePoolWithTag(load, WORK_TAG);
    DbgPrint("done %lu\n", Disk);
}
