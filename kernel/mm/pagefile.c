/* SPDX-License-Identifier: MIT
 * The page files, which slots of them are in use, and transfers.
 */
#include "pagefile.h"

#define TAG_PAGE_FILE 'fPmM'
#define MI_SLOT_FILE_SHIFT 32u
#define MI_SLOT_INDEX 0xFFFFFFFFull

static EX_PUSH_LOCK MiPageFileLock;              /* innermost */
static MI_PAGE_FILE *MiPageFiles[MI_PAGE_FILES]; /* MiPageFileLock; an entry with slots in use stays */
volatile LONG64 MiPageFilePages, MiPageFileFree;

static MI_PAGE_FILE *MiFileOfSlot(ULONG64 Slot) { return MiPageFiles[Slot >> MI_SLOT_FILE_SHIFT]; }

/* ---- Files ---- */
static NTSTATUS MiEnterPageFile(MI_PAGE_FILE *File)
{
    NTSTATUS status = STATUS_TOO_MANY_PAGING_FILES;
    ULONG i;

    ExLockExclusive(&MiPageFileLock);
    for (i = 0; i < MI_PAGE_FILES && status != STATUS_SUCCESS; i++) {
        if (MiPageFiles[i] != NULL)
            continue;
        MiPageFiles[i] = File;
        InterlockedExchangeAdd64(&MiPageFilePages, File->Pages);
        InterlockedExchangeAdd64(&MiPageFileFree, File->Pages);
        status = STATUS_SUCCESS;
    }
    ExUnlockExclusive(&MiPageFileLock);
    return status;
}

NTSTATUS MiAddPageFile(MI_PAGE_FILE *File)
{
    SIZE_T bytes = ((SIZE_T)File->Pages + 63) / 64 * 8;
    PULONG bits = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, TAG_PAGE_FILE);
    NTSTATUS status;

    if (bits == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlInitializeBitMap(&File->Slots, bits, File->Pages);
    RtlClearAllBits(&File->Slots);
    File->Used = File->Peak = File->Hint = 0;
    File->Closed = FALSE;
    status = MiEnterPageFile(File);
    if (!NT_SUCCESS(status))
        ExFreePoolWithTag(bits, TAG_PAGE_FILE);
    return status;
}

BOOLEAN MiRemovePageFile(MI_PAGE_FILE *File)
{
    BOOLEAN empty;
    ULONG i;

    ExLockExclusive(&MiPageFileLock);
    if (!File->Closed) {
        File->Closed = TRUE;
        InterlockedExchangeAdd64(&MiPageFilePages, -(LONG64)File->Pages);
        InterlockedExchangeAdd64(&MiPageFileFree, -(LONG64)(File->Pages - File->Used));
    }
    empty = File->Used == 0;
    for (i = 0; i < MI_PAGE_FILES && empty; i++)
        if (MiPageFiles[i] == File)
            MiPageFiles[i] = NULL;
    ExUnlockExclusive(&MiPageFileLock);
    if (empty)
        ExFreePoolWithTag(File->Slots.Buffer, TAG_PAGE_FILE);
    return empty;
}

static NTSTATUS MiTransferFile(MI_PAGE_FILE *File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes)
{
    return MmUpcalls.TransferPages(File->Object, Mdl, Offset, Write, Bytes);
}

NTSTATUS MmAddPageFile(PFILE_OBJECT Object, ULONG64 Bytes, PCUNICODE_STRING Name)
{
    MI_PAGE_FILE *file = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*file) + Name->Length, TAG_PAGE_FILE);
    NTSTATUS status;

    if (file == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(file, sizeof(*file));
    file->Transfer = MiTransferFile;
    file->Object = Object;
    file->Pages = (ULONG)(Bytes >> PAGE_SHIFT);
    file->Name = (UNICODE_STRING){ Name->Length, Name->Length, (PWCHAR)(file + 1) };
    RtlCopyMemory(file->Name.Buffer, Name->Buffer, Name->Length);
    status = MiAddPageFile(file);
    if (NT_SUCCESS(status))
        MmUpcalls.HoldFile(Object, TRUE);
    else
        ExFreePoolWithTag(file, TAG_PAGE_FILE);
    return status;
}

BOOLEAN MmQueryPageFile(ULONG Index, MM_PAGE_FILE *Information)
{
    BOOLEAN found = FALSE;
    ULONG i;

    ExLockShared(&MiPageFileLock);
    for (i = 0; i < MI_PAGE_FILES && !found; i++) {
        const MI_PAGE_FILE *file = MiPageFiles[i];
        found = file != NULL && Index-- == 0;
        if (found)
            *Information = (MM_PAGE_FILE){ file->Pages, file->Used, file->Peak, file->Name };
    }
    ExUnlockShared(&MiPageFileLock);
    return found;
}

/* ---- Slots ---- */
static ULONG MiTakeRunLocked(MI_PAGE_FILE *File, ULONG Wanted, PULONG First)
{
    ULONG count = min(Wanted, File->Pages - File->Used);

    for (; count != 0; count /= 2) {
        *First = RtlFindClearBitsAndSet(&File->Slots, count, File->Hint);
        if (*First != MAXULONG)
            break;
    }
    if (count == 0)
        return 0;
    File->Hint = *First + count;
    File->Used += count;
    File->Peak = max(File->Peak, File->Used);
    InterlockedExchangeAdd64(&MiPageFileFree, -(LONG64)count);
    return count;
}

ULONG MiTakeSlots(ULONG Wanted, PULONG64 First)
{
    ULONG count = 0, at = 0, i;

    ExLockExclusive(&MiPageFileLock);
    for (i = 0; i < MI_PAGE_FILES && count == 0; i++) {
        if (MiPageFiles[i] == NULL || MiPageFiles[i]->Closed)
            continue;
        count = MiTakeRunLocked(MiPageFiles[i], Wanted, &at);
        *First = (ULONG64)i << MI_SLOT_FILE_SHIFT | at;
    }
    ExUnlockExclusive(&MiPageFileLock);
    return count;
}

VOID MiFreeSlot(ULONG64 Slot)
{
    MI_PAGE_FILE *file;

    ExLockExclusive(&MiPageFileLock);
    file = MiFileOfSlot(Slot);
    ASSERT(file != NULL && RtlTestBit(&file->Slots, (ULONG)(Slot & MI_SLOT_INDEX)));
    RtlClearBit(&file->Slots, (ULONG)(Slot & MI_SLOT_INDEX));
    file->Used--;
    if (!file->Closed)
        InterlockedIncrement64(&MiPageFileFree);
    ExUnlockExclusive(&MiPageFileLock);
}

/* The file does not go: a slot of it is in use, or was while the page's owner looked. */
NTSTATUS MiTransferSlots(ULONG64 First, const PFN_NUMBER *Frames, ULONG Count, BOOLEAN Write)
{
    MI_PAGE_FILE *file = MiFileOfSlot(First);
    ULONG_PTR bytes = 0;
    MI_PAGE_MDL list;
    NTSTATUS status;

    MiDescribeFrames(&list, Frames, Count, Write);
    status = file->Transfer(file, &list.Mdl, (First & MI_SLOT_INDEX) << PAGE_SHIFT, Write, &bytes);
    MiForgetFrames(&list);
    if (NT_SUCCESS(status) && bytes < (ULONG64)Count << PAGE_SHIFT)
        return STATUS_END_OF_FILE;
    return status;
}
