/* SPDX-License-Identifier: MIT
 * The FAT file system from where its callers stand, on a disk in memory: FAT12, FAT16 and FAT32 one after the other.
 */
#include "fattest.h"
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define DISK FATTEST_DISK
#define ALL_SHARED FATTEST_SHARED
static IO_STATUS_BLOCK Result;
static UCHAR Buffer[16384];

static const FATTEST_HOW Make = { GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE, ALL_SHARED, FILE_CREATE,
                                  FILE_NON_DIRECTORY_FILE };
static const FATTEST_HOW MakeFolder = { GENERIC_READ | DELETE | SYNCHRONIZE, ALL_SHARED, FILE_CREATE, FILE_DIRECTORY_FILE };
static const FATTEST_HOW Open = { GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, 0 };

NTSTATUS FatTestOpen(PCWSTR Name, const FATTEST_HOW *How, HANDLE *File)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result = { { STATUS_SUCCESS }, 0 };
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateFile(File, How->Access, &attributes, &result, NULL, FILE_ATTRIBUTE_NORMAL, How->Share, How->Disposition,
                          How->Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    Result = result;
    return status;
}

VOID FatTestCheck(BOOLEAN Held, PCSTR What)
{
    Check(Held, What);
}
VOID FatTestStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What)
{
    CheckStatus(Status, Wanted, What);
}

static NTSTATUS Touch(PCWSTR Name, const FATTEST_HOW *How)
{
    HANDLE file;
    NTSTATUS status = FatTestOpen(Name, How, &file);

    if (NT_SUCCESS(status))
        ZwClose(file);
    return status;
}

static VOID Pattern(PUCHAR Bytes, ULONG Length, ULONG Seed)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        Bytes[i] = (UCHAR)((i * 31 + Seed) ^ (i >> 8));
}

static BOOLEAN IsPattern(const UCHAR *Bytes, ULONG Length, ULONG Seed)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        if (Bytes[i] != (UCHAR)((i * 31 + Seed) ^ (i >> 8)))
            return FALSE;
    return TRUE;
}

static NTSTATUS WriteAt(HANDLE File, LONGLONG Offset, ULONG Length)
{
    LARGE_INTEGER offset = { .QuadPart = Offset };
    return ZwWriteFile(File, NULL, NULL, NULL, &Result, Buffer, Length, &offset, NULL);
}

static NTSTATUS ReadAt(HANDLE File, LONGLONG Offset, ULONG Length)
{
    LARGE_INTEGER offset = { .QuadPart = Offset };
    RtlFillMemory(Buffer, sizeof(Buffer), 0xEE);
    return ZwReadFile(File, NULL, NULL, NULL, &Result, Buffer, Length, &offset, NULL);
}

static LONGLONG SizeOf(HANDLE File)
{
    FILE_STANDARD_INFORMATION standard = { 0 };
    CheckStatus(ZwQueryInformationFile(File, &Result, &standard, sizeof(standard), FileStandardInformation), STATUS_SUCCESS,
                "standard");
    return standard.EndOfFile.QuadPart;
}

static LONGLONG FreeClusters(VOID)
{
    FILE_FS_SIZE_INFORMATION size = { 0 };
    HANDLE root;
    static const FATTEST_HOW how = { FILE_READ_DATA | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DIRECTORY_FILE };

    if (!CheckStatus(FatTestOpen(DISK L"\\", &how, &root), STATUS_SUCCESS, "the root"))
        return 0;
    CheckStatus(ZwQueryVolumeInformationFile(root, &Result, &size, sizeof(size), FileFsSizeInformation), STATUS_SUCCESS, "sizes");
    ZwClose(root);
    return size.AvailableAllocationUnits.QuadPart;
}

static VOID Delete(PCWSTR Name)
{
    static const FATTEST_HOW how = { DELETE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DELETE_ON_CLOSE };
    CheckStatus(Touch(Name, &how), STATUS_SUCCESS, "delete on close");
    CheckStatus(Touch(Name, &Open), STATUS_OBJECT_NAME_NOT_FOUND, "it is gone");
}

/* ---- Names ---- */
static VOID TestNames(VOID)
{
    static const FATTEST_HOW folder = { GENERIC_READ | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DIRECTORY_FILE };

    CheckStatus(Touch(DISK L"\\none", &Open), STATUS_OBJECT_NAME_NOT_FOUND, "no such file");
    CheckStatus(Touch(DISK L"\\none\\none", &Open), STATUS_OBJECT_PATH_NOT_FOUND, "no such directory");
    CheckStatus(Touch(DISK L"\\a*b", &Make), STATUS_OBJECT_NAME_INVALID, "a wild card");
    CheckStatus(Touch(DISK L"\\A Long Name.text", &Make), STATUS_SUCCESS, "create");
    Check(Result.Information == FILE_CREATED, "it is new");
    CheckStatus(Touch(DISK L"\\a long NAME.TEXT", &Open), STATUS_SUCCESS, "whatever its case");
    CheckStatus(Touch(DISK L"\\ALONGN~1.TEX", &Open), STATUS_SUCCESS, "by its short name");
    CheckStatus(Touch(DISK L"\\A Long Name.text", &Make), STATUS_OBJECT_NAME_COLLISION, "create again");
    CheckStatus(Touch(DISK L"\\A Long Name.text", &folder), STATUS_NOT_A_DIRECTORY, "no directory");
    CheckStatus(Touch(DISK L"\\A Long Name.text\\x", &Open), STATUS_OBJECT_PATH_NOT_FOUND, "nothing is below a file");
    CheckStatus(Touch(DISK L"\\Folder", &MakeFolder), STATUS_SUCCESS, "create a directory");
    CheckStatus(Touch(DISK L"\\folder\\", &folder), STATUS_SUCCESS, "open it");
    CheckStatus(Touch(DISK L"\\folder\\Inner", &MakeFolder), STATUS_SUCCESS, "one in it");
    CheckStatus(Touch(DISK L"\\folder\\inner\\file", &Make), STATUS_SUCCESS, "a file there");
    CheckStatus(Touch(DISK L"\\folder\\inner\\FILE", &Open), STATUS_SUCCESS, "open it there");
    Delete(DISK L"\\folder\\inner\\file");
    Delete(DISK L"\\folder\\inner");
    Delete(DISK L"\\Folder");
    Delete(DISK L"\\A Long Name.text");
}

/* ---- Data ---- */
static VOID TestData(VOID)
{
    static const FATTEST_HOW uncached = { GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN,
                                          FILE_NO_INTERMEDIATE_BUFFERING };
    HANDLE file;

    if (!CheckStatus(FatTestOpen(DISK L"\\data.bin", &Make, &file), STATUS_SUCCESS, "a file for data"))
        return;
    CheckStatus(ReadAt(file, 0, 10), STATUS_END_OF_FILE, "it is empty");
    Pattern(Buffer, 10000, 7);
    CheckStatus(WriteAt(file, 0, 10000), STATUS_SUCCESS, "write");
    Check(Result.Information == 10000 && SizeOf(file) == 10000, "its size");
    CheckStatus(ReadAt(file, 0, sizeof(Buffer)), STATUS_SUCCESS, "read");
    Check(Result.Information == 10000 && IsPattern(Buffer, 10000, 7), "what was written");
    Pattern(Buffer, 100, 9);
    CheckStatus(WriteAt(file, 12345, 100), STATUS_SUCCESS, "write behind the end");
    CheckStatus(ReadAt(file, 10000, 2345 + 100), STATUS_SUCCESS, "read the gap");
    Check(Result.Information == 2445 && Buffer[0] == 0 && Buffer[2344] == 0 && IsPattern(Buffer + 2345, 100, 9),
          "zeroes, then data");
    CheckStatus(ReadAt(file, 12445, 1), STATUS_END_OF_FILE, "at the end");
    ZwClose(file);
    if (!CheckStatus(FatTestOpen(DISK L"\\data.bin", &uncached, &file), STATUS_SUCCESS, "open it around the cache"))
        return;
    CheckStatus(ReadAt(file, 0, 100), STATUS_INVALID_PARAMETER, "part of a sector");
    CheckStatus(ReadAt(file, 0, 10240), STATUS_SUCCESS, "read around the cache");
    Check(Result.Information == 10240 && IsPattern(Buffer, 10000, 7) && Buffer[10000] == 0 && Buffer[10239] == 0,
          "the same data");
    Pattern(Buffer, 1024, 3);
    CheckStatus(WriteAt(file, 512, 1024), STATUS_SUCCESS, "write around the cache");
    ZwClose(file);
    if (!CheckStatus(FatTestOpen(DISK L"\\data.bin", &Open, &file), STATUS_SUCCESS, "open it again"))
        return;
    CheckStatus(ReadAt(file, 512, 1024), STATUS_SUCCESS, "read through the cache");
    Check(IsPattern(Buffer, 1024, 3) && SizeOf(file) == 12445, "what was written around it");
    ZwClose(file);
    Delete(DISK L"\\data.bin");
}

static VOID TestSizes(VOID)
{
    FILE_END_OF_FILE_INFORMATION end = { { .QuadPart = 3000 } };
    LONGLONG before = FreeClusters();
    HANDLE file;

    if (!CheckStatus(FatTestOpen(DISK L"\\sizes", &Make, &file), STATUS_SUCCESS, "a file for sizes"))
        return;
    Pattern(Buffer, 2000, 1);
    CheckStatus(WriteAt(file, 0, 2000), STATUS_SUCCESS, "write");
    CheckStatus(ZwSetInformationFile(file, &Result, &end, sizeof(end), FileEndOfFileInformation), STATUS_SUCCESS, "longer");
    CheckStatus(ReadAt(file, 0, 5000), STATUS_SUCCESS, "read it");
    Check(Result.Information == 3000 && IsPattern(Buffer, 2000, 1) && Buffer[2000] == 0 && Buffer[2999] == 0,
          "zeroes at its end");
    end.EndOfFile.QuadPart = 100;
    CheckStatus(ZwSetInformationFile(file, &Result, &end, sizeof(end), FileEndOfFileInformation), STATUS_SUCCESS, "shorter");
    end.EndOfFile.QuadPart = 2000;
    CheckStatus(ZwSetInformationFile(file, &Result, &end, sizeof(end), FileEndOfFileInformation), STATUS_SUCCESS, "longer again");
    CheckStatus(ReadAt(file, 0, 5000), STATUS_SUCCESS, "read it again");
    Check(Result.Information == 2000 && IsPattern(Buffer, 100, 1) && Buffer[100] == 0 && Buffer[1999] == 0,
          "what was cut off is zero");
    end.EndOfFile.QuadPart = 0x80000000ll;
    CheckStatus(ZwSetInformationFile(file, &Result, &end, sizeof(end), FileEndOfFileInformation), STATUS_DISK_FULL,
                "longer than the disk");
    Check(SizeOf(file) == 2000 && FreeClusters() == before - 4, "nothing of it");
    end.EndOfFile.QuadPart = 0;
    CheckStatus(ZwSetInformationFile(file, &Result, &end, sizeof(end), FileEndOfFileInformation), STATUS_SUCCESS, "empty");
    Check(FreeClusters() == before, "its clusters are free");
    ZwClose(file);
    Delete(DISK L"\\sizes");
}

/* ---- Dispositions and sharing ---- */
static VOID TestDispositions(VOID)
{
    static const struct {
        ULONG Disposition;
        NTSTATUS New, Old;
        ULONG_PTR NewInformation, OldInformation;
    } rows[] = {
        { FILE_OPEN, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS, 0, FILE_OPENED },
        { FILE_CREATE, STATUS_SUCCESS, STATUS_OBJECT_NAME_COLLISION, FILE_CREATED, 0 },
        { FILE_OPEN_IF, STATUS_SUCCESS, STATUS_SUCCESS, FILE_CREATED, FILE_OPENED },
        { FILE_OVERWRITE, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS, 0, FILE_OVERWRITTEN },
        { FILE_OVERWRITE_IF, STATUS_SUCCESS, STATUS_SUCCESS, FILE_CREATED, FILE_OVERWRITTEN },
        { FILE_SUPERSEDE, STATUS_SUCCESS, STATUS_SUCCESS, FILE_CREATED, FILE_SUPERSEDED },
    };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(rows); i++) {
        FATTEST_HOW how = { GENERIC_WRITE | DELETE | SYNCHRONIZE, ALL_SHARED, rows[i].Disposition, 0 };
        HANDLE file;
        CheckStatus(Touch(DISK L"\\how", &how), rows[i].New, "a disposition when there is nothing");
        Check(!NT_SUCCESS(rows[i].New) || Result.Information == rows[i].NewInformation, "what it did");
        if (!NT_SUCCESS(rows[i].New))
            CheckStatus(Touch(DISK L"\\how", &Make), STATUS_SUCCESS, "make it");
        if (CheckStatus(FatTestOpen(DISK L"\\how", &Open, &file), STATUS_SUCCESS, "fill it")) {
            CheckStatus(WriteAt(file, 0, 700), STATUS_SUCCESS, "with something");
            ZwClose(file);
        }
        CheckStatus(Touch(DISK L"\\how", &how), rows[i].Old, "a disposition when there is a file");
        Check(!NT_SUCCESS(rows[i].Old) || Result.Information == rows[i].OldInformation, "what it did to the file");
        if (CheckStatus(FatTestOpen(DISK L"\\how", &Open, &file), STATUS_SUCCESS, "look at it")) {
            Check(SizeOf(file) == (rows[i].OldInformation == FILE_OPENED || !NT_SUCCESS(rows[i].Old) ? 700 : 0),
                  "how long it is");
            ZwClose(file);
        }
        Delete(DISK L"\\how");
    }
}

static VOID TestSharing(VOID)
{
    static const FATTEST_HOW alone = { GENERIC_READ | SYNCHRONIZE, 0, FILE_OPEN_IF, 0 },
                             reader = { GENERIC_READ | SYNCHRONIZE, FILE_SHARE_READ, FILE_OPEN, 0 };
    FILE_DISPOSITION_INFORMATION gone = { TRUE };
    HANDLE file, second;

    if (!CheckStatus(FatTestOpen(DISK L"\\shared", &alone, &file), STATUS_SUCCESS, "alone"))
        return;
    CheckStatus(Touch(DISK L"\\shared", &reader), STATUS_SHARING_VIOLATION, "another");
    ZwClose(file);
    CheckStatus(FatTestOpen(DISK L"\\shared", &reader, &file), STATUS_SUCCESS, "a reader");
    CheckStatus(Touch(DISK L"\\shared", &reader), STATUS_SUCCESS, "two readers");
    CheckStatus(Touch(DISK L"\\shared", &Open), STATUS_SHARING_VIOLATION, "a writer");
    ZwClose(file);
    CheckStatus(FatTestOpen(DISK L"\\shared", &Open, &file), STATUS_SUCCESS, "who deletes it");
    CheckStatus(FatTestOpen(DISK L"\\shared", &Open, &second), STATUS_SUCCESS, "who has it, too");
    CheckStatus(ZwSetInformationFile(file, &Result, &gone, sizeof(gone), FileDispositionInformation), STATUS_SUCCESS, "mark it");
    CheckStatus(Touch(DISK L"\\shared", &Open), STATUS_DELETE_PENDING, "it is going");
    ZwClose(file);
    CheckStatus(WriteAt(second, 0, 10), STATUS_SUCCESS, "it is still there for who has it");
    ZwClose(second);
    CheckStatus(Touch(DISK L"\\shared", &Open), STATUS_OBJECT_NAME_NOT_FOUND, "it is gone");
}

/* ---- Directories ---- */
static ULONG Count(PCWSTR Folder, PCWSTR Pattern)
{
    static const FATTEST_HOW how = { FILE_LIST_DIRECTORY | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DIRECTORY_FILE };
    UNICODE_STRING pattern;
    BOOLEAN restart = TRUE;
    ULONG count = 0, at;
    HANDLE file;

    RtlInitUnicodeString(&pattern, Pattern);
    if (!CheckStatus(FatTestOpen(Folder, &how, &file), STATUS_SUCCESS, "open to enumerate"))
        return 0;
    while (NT_SUCCESS(ZwQueryDirectoryFile(file, NULL, NULL, NULL, &Result, Buffer, 1000, FileBothDirectoryInformation, FALSE,
                                           &pattern, restart))) {
        restart = FALSE;
        for (at = 0;; at += ((PFILE_BOTH_DIR_INFORMATION)(Buffer + at))->NextEntryOffset) {
            count++;
            if (((PFILE_BOTH_DIR_INFORMATION)(Buffer + at))->NextEntryOffset == 0)
                break;
        }
    }
    ZwClose(file);
    return count;
}

static VOID Name(PWSTR Target, ULONG Number)
{
    static const WCHAR text[] = L"\\Device\\FatTestDisk\\many\\File number 000.Text";
    RtlCopyMemory(Target, text, sizeof(text));
    Target[37] = (WCHAR)(L'0' + Number / 100);
    Target[38] = (WCHAR)(L'0' + Number / 10 % 10);
    Target[39] = (WCHAR)(L'0' + Number % 10);
}

static VOID TestDirectory(VOID)
{
    LONGLONG before = FreeClusters();
    WCHAR name[64];
    ULONG i;

    CheckStatus(Touch(DISK L"\\many", &MakeFolder), STATUS_SUCCESS, "a directory for many");
    for (i = 0; i < 150; i++) {
        Name(name, i);
        CheckStatus(Touch(name, &Make), STATUS_SUCCESS, "one of many");
    }
    Check(Count(DISK L"\\many", L"*") == 152, "all of them, and the dots");
    Check(Count(DISK L"\\many", L"*7.text") == 15, "some of them");
    Check(Count(DISK L"\\many", L"FILENU~1.TEX") == 1, "by a short name");
    Check(Count(DISK L"\\many", L"nothing*") == 0, "none of them");
    Check(Count(DISK L"\\", L"MANY") == 1, "the directory itself");
    CheckStatus(Touch(DISK L"\\many", &(FATTEST_HOW){ DELETE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DELETE_ON_CLOSE }),
                STATUS_SUCCESS, "delete what is not empty");
    Check(Count(DISK L"\\many", L"*") == 152, "it stays");
    for (i = 0; i < 150; i++) {
        Name(name, i);
        CheckStatus(Touch(name, &(FATTEST_HOW){ DELETE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DELETE_ON_CLOSE }),
                    STATUS_SUCCESS, "delete one");
    }
    Check(Count(DISK L"\\many", L"*") == 2, "the dots are left");
    Delete(DISK L"\\many");
    Check(FreeClusters() == before, "no cluster is lost");
}

static NTSTATUS Rename(HANDLE File, PCWSTR Target, BOOLEAN Replace)
{
    static UCHAR space[sizeof(FILE_RENAME_INFORMATION) + 200];
    PFILE_RENAME_INFORMATION rename = (PFILE_RENAME_INFORMATION)space;

    RtlZeroMemory(space, sizeof(space));
    rename->ReplaceIfExists = Replace;
    rename->FileNameLength = (ULONG)(wcslen(Target) * sizeof(WCHAR));
    RtlCopyMemory(rename->FileName, Target, rename->FileNameLength);
    return ZwSetInformationFile(File, &Result, space, sizeof(space), FileRenameInformation);
}

static VOID TestRename(VOID)
{
    HANDLE file;

    CheckStatus(Touch(DISK L"\\to", &MakeFolder), STATUS_SUCCESS, "where to");
    CheckStatus(Touch(DISK L"\\there", &Make), STATUS_SUCCESS, "what is there");
    if (!CheckStatus(FatTestOpen(DISK L"\\from", &Make, &file), STATUS_SUCCESS, "what is renamed"))
        return;
    Pattern(Buffer, 600, 5);
    CheckStatus(WriteAt(file, 0, 600), STATUS_SUCCESS, "write to it");
    CheckStatus(Rename(file, L"there", FALSE), STATUS_OBJECT_NAME_COLLISION, "onto another");
    CheckStatus(Rename(file, L"there", TRUE), STATUS_SUCCESS, "instead of another");
    CheckStatus(Rename(file, L"There Is More", FALSE), STATUS_SUCCESS, "to a long name");
    CheckStatus(Rename(file, DISK L"\\to\\Moved.txt", FALSE), STATUS_SUCCESS, "to another directory");
    CheckStatus(ReadAt(file, 0, 600), STATUS_SUCCESS, "read it still");
    Check(IsPattern(Buffer, 600, 5), "its data");
    ZwClose(file);
    CheckStatus(Touch(DISK L"\\from", &Open), STATUS_OBJECT_NAME_NOT_FOUND, "the first name is gone");
    CheckStatus(Touch(DISK L"\\There Is More", &Open), STATUS_OBJECT_NAME_NOT_FOUND, "the others, too");
    if (CheckStatus(FatTestOpen(DISK L"\\to\\moved.TXT", &Open, &file), STATUS_SUCCESS, "by its new name")) {
        CheckStatus(ReadAt(file, 0, 600), STATUS_SUCCESS, "read it there");
        Check(IsPattern(Buffer, 600, 5), "its data there");
        ZwClose(file);
    }
    if (CheckStatus(
            FatTestOpen(DISK L"\\to", &(FATTEST_HOW){ DELETE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, FILE_DIRECTORY_FILE }, &file),
            STATUS_SUCCESS, "the directory")) {
        CheckStatus(Rename(file, L"elsewhere", FALSE), STATUS_SUCCESS, "rename it");
        ZwClose(file);
    }
    Delete(DISK L"\\elsewhere\\moved.txt");
    Delete(DISK L"\\elsewhere");
}

/* ---- What reaches the disk ---- */
static BOOLEAN IsOnDisk(ULONG Length, ULONG Seed)
{
    ULONG offset;

    for (offset = FatTestDataOffset(); offset + Length <= FATTEST_BYTES; offset += FATTEST_SECTOR)
        if (IsPattern(FatTestBytes + offset, Length, Seed))
            return TRUE;
    return FALSE;
}

static VOID Dismount(VOID)
{
    static const FATTEST_HOW how = { GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, ALL_SHARED, FILE_OPEN, 0 };
    HANDLE volume;

    if (!CheckStatus(FatTestOpen(DISK, &how, &volume), STATUS_SUCCESS, "the volume"))
        return;
    CheckStatus(ZwFsControlFile(volume, NULL, NULL, NULL, &Result, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS,
                "lock it");
    CheckStatus(Touch(DISK L"\\x", &Open), STATUS_ACCESS_DENIED, "nobody gets in");
    CheckStatus(ZwFsControlFile(volume, NULL, NULL, NULL, &Result, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS,
                "dismount it");
    ZwClose(volume);
}

static VOID TestDisk(VOID)
{
    LONG flushes = FatTestFlushes;
    HANDLE file;

    CheckStatus(Touch(DISK L"\\deep", &MakeFolder), STATUS_SUCCESS, "a directory");
    if (!CheckStatus(FatTestOpen(DISK L"\\deep\\A file that stays.bin", &Make, &file), STATUS_SUCCESS, "a file that stays"))
        return;
    Pattern(Buffer, 3000, 77);
    CheckStatus(WriteAt(file, 0, 3000), STATUS_SUCCESS, "write to it");
    CheckStatus(ZwFlushBuffersFile(file, &Result), STATUS_SUCCESS, "flush");
    Check(FatTestFlushes > flushes && IsOnDisk(512, 77), "it is on the disk");
    ZwClose(file);
    Dismount();
    if (!CheckStatus(FatTestOpen(DISK L"\\deep\\a FILE that stays.bin", &Open, &file), STATUS_SUCCESS,
                     "mounted again, it is there"))
        return;
    CheckStatus(ReadAt(file, 0, 4000), STATUS_SUCCESS, "read it");
    Check(Result.Information == 3000 && IsPattern(Buffer, 3000, 77), "its data from the disk");
    ZwClose(file);
    Dismount();
}

/* The first cluster of a file in the root whose name has no extension, as the disk says. */
static ULONG FirstClusterOf(PCSTR ShortName)
{
    ULONG at;

    for (at = FatTestDataOffset(); at < FATTEST_BYTES; at += 32)
        if (RtlCompareMemory(FatTestBytes + at, ShortName, 11) == 11)
            return *(PUSHORT)(FatTestBytes + at + 20) << 16 | *(PUSHORT)(FatTestBytes + at + 26);
    return 0;
}

/* A chain whose sixth cluster is free, as a crash may leave it: on a clean volume it is refused, on one that was not shut down what is
 * before it is the file. */
static VOID TestTorn(ULONG Bits)
{
    PULONG table = (PULONG)(FatTestBytes + 32 * FATTEST_SECTOR);
    ULONG first;
    HANDLE file;

    if (Bits != 32 || !CheckStatus(FatTestOpen(DISK L"\\TORN", &Make, &file), STATUS_SUCCESS, "a file that will be torn"))
        return;
    Pattern(Buffer, 4096, 78);
    CheckStatus(WriteAt(file, 0, 4096), STATUS_SUCCESS, "eight clusters");
    ZwClose(file);
    Dismount();
    first = FirstClusterOf("TORN       ");
    if (!Check(first > 2 && table[first + 4] == first + 5, "they lie in a row"))
        return;
    table[first + 5] = 0;
    CheckStatus(Touch(DISK L"\\TORN", &Open), STATUS_FILE_CORRUPT_ERROR, "torn, on a clean volume");
    Dismount();
    FatTestBytes[65] |= 1;
    if (!CheckStatus(FatTestOpen(DISK L"\\TORN", &Open, &file), STATUS_SUCCESS, "torn, on a dirty volume"))
        return;
    CheckStatus(ReadAt(file, 0, 4096), STATUS_SUCCESS, "what is left of it");
    Check(Result.Information == 5 * 512 && IsPattern(Buffer, 5 * 512, 78), "five clusters");
    Pattern(Buffer, 4096, 79);
    CheckStatus(WriteAt(file, 5 * 512, 4096), STATUS_SUCCESS, "it grows again");
    ZwClose(file);
    Dismount();
    Check(table[first + 4] != first + 5 && FatTestBytes[65] & 1, "by another cluster, and the mark stays");
    CheckStatus(FatTestOpen(DISK L"\\TORN", &Open, &file), STATUS_SUCCESS, "once more");
    CheckStatus(ReadAt(file, 0, 8192), STATUS_SUCCESS, "all of it");
    Check(Result.Information == 5 * 512 + 4096 && IsPattern(Buffer, 5 * 512, 78) && IsPattern(Buffer + 5 * 512, 4096, 79),
          "old and new data");
    ZwClose(file);
    Dismount();
    FatTestBytes[65] &= ~1;
}

/* A chain that comes back, on the disk: nothing hangs, and the answer says so. */
static VOID TestCorrupt(ULONG Bits)
{
    ULONG at = FatTestDataOffset() / FATTEST_SECTOR, i;
    HANDLE file;

    if (Bits != 32)
        return;
    CheckStatus(FatTestOpen(DISK L"\\loop", &Make, &file), STATUS_SUCCESS, "a file for a loop");
    CheckStatus(WriteAt(file, 0, 4096), STATUS_SUCCESS, "of eight clusters");
    ZwClose(file);
    Dismount();
    for (i = 32 * FATTEST_SECTOR; i < at * FATTEST_SECTOR; i += 4) /* each end of a chain but the root's leads to cluster 5 */
        if (i > 32 * FATTEST_SECTOR + 12 && *(PULONG)(FatTestBytes + i) == 0x0FFFFFFF)
            *(PULONG)(FatTestBytes + i) = 5;
    *(PULONG)(FatTestBytes + 32 * FATTEST_SECTOR + 5 * 4) = 5;
    CheckStatus(Touch(DISK L"\\loop", &Open), STATUS_FILE_CORRUPT_ERROR, "a loop");
    Dismount();
}

static VOID TestVolume(ULONG Bits)
{
    LONGLONG before;

    FatTestFormat(Bits);
    before = FreeClusters();
    DbgPrint("FAT%u: %u clusters free\n", Bits, (ULONG)before);
    TestNames();
    TestData();
    TestSizes();
    TestDispositions();
    TestSharing();
    TestDirectory();
    TestRename();
    FatTestInformation(Bits);
    FatTestLocks();
    FatTestThreads();
    FatTestErrors();
    Check(FreeClusters() == before || Bits == 32, "nothing is left of it");
    TestDisk();
    TestTorn(Bits);
    TestCorrupt(Bits);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = FatTestCreateDisk(DriverObject);

    if (!NT_SUCCESS(status))
        return status;
    TestVolume(12);
    TestVolume(16);
    TestVolume(32);
    return CheckResult();
}
