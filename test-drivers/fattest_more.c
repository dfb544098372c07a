/* SPDX-License-Identifier: MIT
 * More of fattest: information about files and the volume, threads against each other, a disk that fails.
 */
#include "fattest.h"

static const FATTEST_HOW Make = { GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE, FATTEST_SHARED, FILE_OVERWRITE_IF,
                                  FILE_NON_DIRECTORY_FILE };
static const FATTEST_HOW Open = { GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE, FATTEST_SHARED, FILE_OPEN, 0 };
static const FATTEST_HOW Delete = { DELETE | SYNCHRONIZE, FATTEST_SHARED, FILE_OPEN, FILE_DELETE_ON_CLOSE };

static NTSTATUS Touch(PCWSTR Name, const FATTEST_HOW *How)
{
    HANDLE file;
    NTSTATUS status = FatTestOpen(Name, How, &file);

    if (NT_SUCCESS(status))
        ZwClose(file);
    return status;
}

/* ---- Information ---- */
static VOID TestTimes(HANDLE File)
{
    FILE_BASIC_INFORMATION basic = { .CreationTime = { .QuadPart = 126000000000000000ll },
                                     .LastWriteTime = { .QuadPart = 126000000020000000ll },
                                     .FileAttributes = FILE_ATTRIBUTE_HIDDEN },
                           got = { 0 };
    IO_STATUS_BLOCK result;

    FatTestStatus(ZwSetInformationFile(File, &result, &basic, sizeof(basic), FileBasicInformation), STATUS_SUCCESS, "set times");
    FatTestStatus(ZwQueryInformationFile(File, &result, &got, sizeof(got), FileBasicInformation), STATUS_SUCCESS, "query times");
    FatTestCheck(got.CreationTime.QuadPart == basic.CreationTime.QuadPart &&
                     got.LastWriteTime.QuadPart == basic.LastWriteTime.QuadPart && got.FileAttributes == FILE_ATTRIBUTE_HIDDEN,
                 "times and attributes");
    basic.CreationTime.QuadPart = basic.LastWriteTime.QuadPart = 0;
    basic.FileAttributes = FILE_ATTRIBUTE_DIRECTORY;
    FatTestStatus(ZwSetInformationFile(File, &result, &basic, sizeof(basic), FileBasicInformation), STATUS_INVALID_PARAMETER,
                  "no directory");
    basic.FileAttributes = FILE_ATTRIBUTE_READONLY;
    FatTestStatus(ZwSetInformationFile(File, &result, &basic, sizeof(basic), FileBasicInformation), STATUS_SUCCESS, "read only");
    FatTestStatus(Touch(FATTEST_DISK L"\\Info Rmation", &Open), STATUS_ACCESS_DENIED, "nobody writes to it");
    FatTestStatus(Touch(FATTEST_DISK L"\\Info Rmation", &Delete), STATUS_CANNOT_DELETE, "nobody deletes it");
    basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    FatTestStatus(ZwSetInformationFile(File, &result, &basic, sizeof(basic), FileBasicInformation), STATUS_SUCCESS, "normal");
}

static VOID TestFileNames(HANDLE File)
{
    UCHAR space[256];
    PFILE_NAME_INFORMATION name = (PFILE_NAME_INFORMATION)space;
    IO_STATUS_BLOCK result;

    FatTestStatus(ZwQueryInformationFile(File, &result, space, sizeof(space), FileNameInformation), STATUS_SUCCESS, "its name");
    FatTestCheck(name->FileNameLength == 26 && RtlCompareMemory(name->FileName, L"\\Info Rmation", 26) == 26, "the name");
    FatTestStatus(ZwQueryInformationFile(File, &result, space, 12, FileNameInformation), STATUS_BUFFER_OVERFLOW, "a part of it");
    FatTestCheck(name->FileNameLength == 26, "and its length");
    FatTestStatus(ZwQueryInformationFile(File, &result, space, sizeof(space), FileAlternateNameInformation), STATUS_SUCCESS,
                  "its short name");
    FatTestCheck(name->FileNameLength == 16 && RtlCompareMemory(name->FileName, L"INFORM~1", 16) == 16, "the short name");
    FatTestStatus(ZwQueryInformationFile(File, &result, space, sizeof(space), FileAllInformation), STATUS_SUCCESS, "all");
    FatTestCheck(((PFILE_ALL_INFORMATION)space)->StandardInformation.EndOfFile.QuadPart == 1300 &&
                     ((PFILE_ALL_INFORMATION)space)->NameInformation.FileNameLength == 26,
                 "what all says");
}

static VOID TestPlaces(HANDLE File)
{
    LARGE_INTEGER start = { .QuadPart = 0 };
    UCHAR space[64];
    PRETRIEVAL_POINTERS_BUFFER pointers = (PRETRIEVAL_POINTERS_BUFFER)space;
    ULONG offset;
    IO_STATUS_BLOCK result;

    FatTestStatus(ZwFlushBuffersFile(File, &result), STATUS_SUCCESS, "flush");
    FatTestStatus(ZwFsControlFile(File, NULL, NULL, NULL, &result, FSCTL_GET_RETRIEVAL_POINTERS, &start, sizeof(start), space,
                                  sizeof(space)),
                  STATUS_SUCCESS, "where it lies");
    offset = FatTestDataOffset() + (ULONG)pointers->Extents[0].Lcn.QuadPart * FATTEST_SECTOR;
    FatTestCheck(pointers->ExtentCount != 0 && pointers->StartingVcn.QuadPart == 0 && offset < FATTEST_BYTES &&
                     FatTestBytes[offset] == 0x42,
                 "its first cluster");
    start.QuadPart = 3;
    FatTestStatus(ZwFsControlFile(File, NULL, NULL, NULL, &result, FSCTL_GET_RETRIEVAL_POINTERS, &start, sizeof(start), space,
                                  sizeof(space)),
                  STATUS_END_OF_FILE, "behind its end");
}

static VOID TestVolumeInformation(ULONG Bits)
{
    static const FATTEST_HOW how = { FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, FATTEST_SHARED, FILE_OPEN, 0 };
    struct {
        FILE_FS_LABEL_INFORMATION Label;
        WCHAR Room[16];
    } label = { { 14, { L'M' } }, { 0 } };
    UCHAR space[128];
    PFILE_FS_VOLUME_INFORMATION volume = (PFILE_FS_VOLUME_INFORMATION)space;
    PFILE_FS_ATTRIBUTE_INFORMATION attributes = (PFILE_FS_ATTRIBUTE_INFORMATION)space;
    IO_STATUS_BLOCK result;
    HANDLE file;

    if (!NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\", &how, &file))) {
        FatTestCheck(FALSE, "open the root");
        return;
    }
    RtlCopyMemory(label.Label.VolumeLabel, L"My Disk", 14);
    FatTestStatus(ZwSetVolumeInformationFile(file, &result, &label, sizeof(label), FileFsLabelInformation), STATUS_SUCCESS,
                  "set a label");
    FatTestStatus(ZwQueryVolumeInformationFile(file, &result, space, sizeof(space), FileFsVolumeInformation), STATUS_SUCCESS,
                  "the volume");
    FatTestCheck(volume->VolumeSerialNumber == 0xCAFE0000 + Bits && volume->VolumeLabelLength == 14 &&
                     RtlCompareMemory(volume->VolumeLabel, L"MY DISK", 14) == 14,
                 "its number and label");
    label.Label.VolumeLabelLength = 0;
    FatTestStatus(ZwSetVolumeInformationFile(file, &result, &label, sizeof(label), FileFsLabelInformation), STATUS_SUCCESS,
                  "no label");
    FatTestStatus(ZwQueryVolumeInformationFile(file, &result, space, sizeof(space), FileFsAttributeInformation), STATUS_SUCCESS,
                  "its kind");
    FatTestCheck(attributes->FileSystemNameLength == (Bits == 32 ? 10 : 6) && attributes->MaximumComponentNameLength == 255,
                 "FAT");
    ZwClose(file);
}

VOID FatTestInformation(ULONG Bits)
{
    UCHAR data[1300];
    LARGE_INTEGER start = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    HANDLE file;

    RtlFillMemory(data, sizeof(data), 0x42);
    if (!NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\Info Rmation", &Make, &file))) {
        FatTestCheck(FALSE, "a file to ask about");
        return;
    }
    FatTestStatus(ZwWriteFile(file, NULL, NULL, NULL, &result, data, sizeof(data), &start, NULL), STATUS_SUCCESS, "write to it");
    TestFileNames(file);
    TestPlaces(file);
    TestTimes(file);
    ZwClose(file);
    FatTestStatus(Touch(FATTEST_DISK L"\\Info Rmation", &Delete), STATUS_SUCCESS, "delete it");
    TestVolumeInformation(Bits);
}

/* ---- Byte ranges ---- */
VOID FatTestLocks(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 100 }, length = { .QuadPart = 50 }, inside = { .QuadPart = 120 },
                  outside = { .QuadPart = 10 };
    UCHAR data[10] = { 0 };
    IO_STATUS_BLOCK result;
    HANDLE file, second;

    if (!NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\locked", &Make, &file)))
        return;
    if (NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\locked", &Open, &second))) {
        FatTestStatus(ZwLockFile(file, NULL, NULL, NULL, &result, &offset, &length, 0, TRUE, TRUE), STATUS_SUCCESS,
                      "lock a range");
        FatTestStatus(ZwWriteFile(second, NULL, NULL, NULL, &result, data, sizeof(data), &inside, NULL),
                      STATUS_FILE_LOCK_CONFLICT, "write into it");
        FatTestStatus(ZwWriteFile(second, NULL, NULL, NULL, &result, data, sizeof(data), &outside, NULL), STATUS_SUCCESS,
                      "write before it");
        FatTestStatus(ZwLockFile(second, NULL, NULL, NULL, &result, &inside, &length, 0, TRUE, TRUE), STATUS_LOCK_NOT_GRANTED,
                      "lock it, too");
        FatTestStatus(ZwUnlockFile(file, &result, &offset, &length, 0), STATUS_SUCCESS, "unlock");
        FatTestStatus(ZwWriteFile(second, NULL, NULL, NULL, &result, data, sizeof(data), &inside, NULL), STATUS_SUCCESS,
                      "write there now");
        ZwClose(second);
    }
    ZwClose(file);
    FatTestStatus(Touch(FATTEST_DISK L"\\locked", &Delete), STATUS_SUCCESS, "delete it");
}

/* ---- Threads ---- */
#define THREADS 4u
#define ROUNDS 12u
static volatile LONG Failures;

static BOOLEAN WorkOnOwn(ULONG Thread, ULONG Round)
{
    WCHAR name[] = FATTEST_DISK L"\\Own file of thread 0 0.txt";
    ULONG length = 100 + Thread * 1000 + Round * 333, i;
    LARGE_INTEGER start = { .QuadPart = 0 };
    UCHAR data[512];
    IO_STATUS_BLOCK result;
    BOOLEAN good = TRUE;
    HANDLE file;

    name[RTL_NUMBER_OF(name) - 8] = (WCHAR)(L'0' + Thread);
    name[RTL_NUMBER_OF(name) - 6] = (WCHAR)(L'a' + Round);
    if (!NT_SUCCESS(FatTestOpen(name, &Make, &file)))
        return FALSE;
    RtlFillMemory(data, sizeof(data), (UCHAR)(Thread * 16 + Round));
    for (; start.QuadPart < length; start.QuadPart += sizeof(data))
        good = good && NT_SUCCESS(ZwWriteFile(file, NULL, NULL, NULL, &result, data, sizeof(data), &start, NULL));
    for (start.QuadPart = 0; start.QuadPart < length; start.QuadPart += sizeof(data)) {
        RtlZeroMemory(data, sizeof(data));
        good = good && NT_SUCCESS(ZwReadFile(file, NULL, NULL, NULL, &result, data, sizeof(data), &start, NULL));
        for (i = 0; i < sizeof(data); i++)
            good = good && data[i] == (UCHAR)(Thread * 16 + Round);
    }
    if (Round % 4 == 0)
        good = good && NT_SUCCESS(ZwFlushBuffersFile(file, &result));
    ZwClose(file);
    return good && NT_SUCCESS(Touch(name, &Delete));
}

/* Everybody appends to one file and reads it. */
static BOOLEAN WorkTogether(VOID)
{
    LARGE_INTEGER end = { .HighPart = -1, .LowPart = FILE_WRITE_TO_END_OF_FILE }, start = { .QuadPart = 0 };
    UCHAR data[300];
    IO_STATUS_BLOCK result;
    BOOLEAN good;
    HANDLE file;

    if (!NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\together", &Open, &file)))
        return FALSE;
    RtlFillMemory(data, sizeof(data), 'x');
    good = NT_SUCCESS(ZwWriteFile(file, NULL, NULL, NULL, &result, data, sizeof(data), &end, NULL)) &&
           NT_SUCCESS(ZwReadFile(file, NULL, NULL, NULL, &result, data, sizeof(data), &start, NULL)) && data[0] == 'x' &&
           data[299] == 'x';
    ZwClose(file);
    return good;
}

static VOID NTAPI Thread(PVOID Context)
{
    ULONG round;

    for (round = 0; round < ROUNDS; round++) {
        if (!WorkOnOwn((ULONG)(ULONG_PTR)Context, round))
            InterlockedIncrement(&Failures);
        if (!WorkTogether())
            InterlockedIncrement(&Failures);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID FatTestThreads(VOID)
{
    FILE_STANDARD_INFORMATION standard = { 0 };
    IO_STATUS_BLOCK result;
    HANDLE threads[THREADS], file;
    ULONG i;

    Failures = 0;
    FatTestStatus(Touch(FATTEST_DISK L"\\together", &Make), STATUS_SUCCESS, "a file for all");
    for (i = 0; i < THREADS; i++)
        if (!NT_SUCCESS(PsCreateSystemThread(&threads[i], SYNCHRONIZE, NULL, NULL, NULL, Thread, (PVOID)(ULONG_PTR)i)))
            threads[i] = NULL;
    for (i = 0; i < THREADS; i++) {
        FatTestCheck(threads[i] != NULL, "a thread");
        if (threads[i] == NULL)
            continue;
        ZwWaitForSingleObject(threads[i], FALSE, NULL);
        ZwClose(threads[i]);
    }
    FatTestCheck(Failures == 0, "threads do not disturb each other");
    if (NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\together", &Delete, &file))) {
        FatTestStatus(ZwQueryInformationFile(file, &result, &standard, sizeof(standard), FileStandardInformation), STATUS_SUCCESS,
                      "its size");
        FatTestCheck(standard.EndOfFile.QuadPart == THREADS * ROUNDS * 300, "nothing appended is lost");
        ZwClose(file);
    }
}

/* ---- Errors ---- */
VOID FatTestErrors(VOID)
{
    static const FATTEST_HOW uncached = { GENERIC_READ | GENERIC_WRITE | DELETE | SYNCHRONIZE, FATTEST_SHARED, FILE_OVERWRITE_IF,
                                          FILE_NO_INTERMEDIATE_BUFFERING };
    LARGE_INTEGER start = { .QuadPart = 0 };
    UCHAR data[1024] = { 0 };
    IO_STATUS_BLOCK result;
    HANDLE file;

    if (!NT_SUCCESS(FatTestOpen(FATTEST_DISK L"\\errors", &uncached, &file))) {
        FatTestCheck(FALSE, "a file for errors");
        return;
    }
    FatTestStatus(ZwWriteFile(file, NULL, NULL, NULL, &result, data, 1024, &start, NULL), STATUS_SUCCESS, "write");
    FatTestBroken = 1;
    FatTestStatus(ZwReadFile(file, NULL, NULL, NULL, &result, data, 1024, &start, NULL), STATUS_IO_DEVICE_ERROR,
                  "read what cannot be read");
    FatTestStatus(ZwWriteFile(file, NULL, NULL, NULL, &result, data, 1024, &start, NULL), STATUS_IO_DEVICE_ERROR,
                  "write what cannot be");
    FatTestBroken = 0;
    FatTestStatus(ZwReadFile(file, NULL, NULL, NULL, &result, data, 1024, &start, NULL), STATUS_SUCCESS, "read again");
    ZwClose(file);
    FatTestStatus(Touch(FATTEST_DISK L"\\errors", &Delete), STATUS_SUCCESS, "delete it");
}
