/* SPDX-License-Identifier: MIT
 * Makes a tree of directories and files on a volume, all of it from the seed (scripts/petreltool/worktree.py makes the same): 30
 * directories in each other and others anywhere, names of four alphabets and of 200 letters, sizes from nothing to many clusters.
 */
#include "volumework.h"

#define CHAIN 30u
#define BLOCK 4096u
#define HIDDEN_EVERY 11u

static const struct {
    USHORT First, Count;
} Alphabets[] = { { 'a', 26 }, { 0x3B1, 17 }, { 0x430, 32 }, { 0x4E00, 5000 } };

/* ---- Names ---- */
static VOID AppendRun(PUNICODE_STRING Name, PULONG64 State, ULONG Alphabet, ULONG Length)
{
    for (; Length != 0; Length--, Name->Length += sizeof(WCHAR))
        Name->Buffer[Name->Length / sizeof(WCHAR)] =
            (WCHAR)(Alphabets[Alphabet].First + WorkBelow(State, Alphabets[Alphabet].Count));
}

static VOID AppendNumber(PUNICODE_STRING Name, PCWSTR Before, ULONG Number, PCWSTR After)
{
    WCHAR digits[12];
    UNICODE_STRING number = { 0, sizeof(digits), digits };

    RtlIntegerToUnicodeString(Number, 10, &number);
    RtlAppendUnicodeToString(Name, Before);
    RtlAppendUnicodeStringToString(Name, &number);
    RtlAppendUnicodeToString(Name, After);
}

static VOID NameFolder(PUNICODE_STRING Name, PULONG64 State, ULONG Index)
{
    ULONG alphabet;

    if (Index > CHAIN) {
        alphabet = WorkBelow(State, RTL_NUMBER_OF(Alphabets));
        AppendRun(Name, State, alphabet, 1 + WorkBelow(State, 8));
    }
    AppendNumber(Name, Index > CHAIN ? L" folder " : L"Level ", Index, L"");
}

static VOID NameFile(PUNICODE_STRING Name, PULONG64 State, ULONG Index)
{
    ULONG style = WorkBelow(State, 8), alphabet;

    if (style == 0) {
        AppendNumber(Name, L"F", Index, L".DAT");
    } else if (style == 1) {
        AppendNumber(Name, L"f", Index, L".txt");
    } else if (style == 2) {
        AppendRun(Name, State, 0, 200);
        AppendNumber(Name, L" ", Index, L".long");
    } else {
        alphabet = WorkBelow(State, RTL_NUMBER_OF(Alphabets));
        AppendRun(Name, State, alphabet, 1 + WorkBelow(State, 40));
        AppendNumber(Name, L" ", Index, L".bin");
    }
}

/* ---- Content ---- */
static ULONG ChooseSize(PULONG64 State)
{
    ULONG average = (ULONG)((ULONG64)WorkParameters.Kilobytes * 1024 / WorkParameters.Files);

    switch (WorkBelow(State, 16)) {
    case 0:
        return 0;
    case 1:
        return WorkBelow(State, 64);
    case 2:
        return BLOCK * (1 + WorkBelow(State, average / BLOCK + 1));
    case 3:
        return WorkBelow(State, 8 * average + 1);
    default:
        return WorkBelow(State, 2 * average + 1);
    }
}

/* The same block again and again, its first word with the block's number in it. */
static VOID MakeContent(PUCHAR Bytes, ULONG64 Offset, ULONG Length, const ULONG64 *Block)
{
    ULONG i;
    for (i = 0; i < Length; i++) {
        ULONG64 at = Offset + i;
        ULONG64 word = Block[at % BLOCK / 8] ^ (at % BLOCK < 8 ? at / BLOCK : 0);
        Bytes[i] = (UCHAR)(word >> at % 8 * 8);
    }
}

/* In pieces of any size, for the file system's sake. */
static NTSTATUS WriteContent(HANDLE File, PULONG64 State, ULONG Size, ULONG64 *Block)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i, length;

    for (i = 0; i < BLOCK / 8; i++)
        Block[i] = WorkNext(State);
    for (; NT_SUCCESS(status) && offset.QuadPart < Size; offset.QuadPart += length) {
        length = 1 + WorkBelow(State, WORK_BUFFER);
        length = min(length, Size - (ULONG)offset.QuadPart);
        MakeContent(WorkBuffer, (ULONG64)offset.QuadPart, length, Block);
        status = ZwWriteFile(File, NULL, NULL, NULL, &result, WorkBuffer, length, &offset, NULL);
    }
    return status;
}

/* ---- The tree ---- */
static BOOLEAN MakeFolders(HANDLE *Folders, ULONG Count)
{
    ULONG64 state = WorkSeed(WorkParameters.Seed, 0);
    WCHAR buffer[256];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    ULONG i, parent;

    for (i = 1; i < Count; i++) {
        parent = i <= CHAIN ? i - 1 : WorkBelow(&state, i);
        name.Length = 0;
        NameFolder(&name, &state, i);
        if (!WorkSucceeded(
                WorkOpen(Folders[parent], &name, FILE_LIST_DIRECTORY, FILE_CREATE, FILE_DIRECTORY_FILE, 0, &Folders[i]),
                "a directory"))
            return FALSE;
    }
    return TRUE;
}

static BOOLEAN MakeFile(HANDLE *Folders, ULONG Count, ULONG Index, ULONG64 *Block)
{
    ULONG attributes = Index % HIDDEN_EVERY == 0 ? FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN : FILE_ATTRIBUTE_NORMAL;
    ULONG64 state = WorkSeed(WorkParameters.Seed, Index);
    WCHAR buffer[256];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    ULONG folder = WorkBelow(&state, Count), size;
    HANDLE file;
    NTSTATUS status;

    NameFile(&name, &state, Index);
    size = ChooseSize(&state);
    if (!WorkSucceeded(WorkOpen(Folders[folder], &name, FILE_WRITE_DATA, FILE_CREATE, FILE_NON_DIRECTORY_FILE, attributes, &file),
                       "create"))
        return FALSE;
    status = WriteContent(file, &state, size, Block);
    ZwClose(file);
    return WorkSucceeded(status, "write");
}

static VOID MakeTree(ULONG Disk, HANDLE *Folders, ULONG Count, ULONG64 *Block)
{
    WCHAR buffer[64];
    UNICODE_STRING root = { 0, sizeof(buffer), buffer };
    ULONG i;

    WorkNamePartition(&root, Disk, 1, TRUE);
    if (!WorkSucceeded(WorkOpen(NULL, &root, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, 0, &Folders[0]), "the root"))
        return;
    if (MakeFolders(Folders, Count)) {
        for (i = 1; i <= WorkParameters.Files && MakeFile(Folders, Count, i, Block); i++)
            ;
        WorkSucceeded(WorkFlushVolume(Disk), "flush the volume");
    }
    for (i = 0; i < Count; i++)
        if (Folders[i] != NULL)
            ZwClose(Folders[i]);
}

VOID WorkFillVolume(ULONG Disk)
{
    ULONG count = CHAIN + 1 + WorkParameters.Files / 50;
    HANDLE *folders;
    ULONG64 *block;

    if (!WorkSucceeded(WorkParameters.Files != 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER, "no files"))
        return;
    folders = ExAllocatePoolWithTag(PagedPool, count * sizeof(*folders), WORK_TAG);
    block = ExAllocatePoolWithTag(PagedPool, BLOCK, WORK_TAG);
    if (WorkSucceeded(folders != NULL && block != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, "memory")) {
        RtlZeroMemory(folders, count * sizeof(*folders));
        MakeTree(Disk, folders, count, block);
    }
    if (folders != NULL)
        ExFreePoolWithTag(folders, WORK_TAG);
    if (block != NULL)
        ExFreePoolWithTag(block, WORK_TAG);
    DbgPrint("done %lu\n", Disk);
}
