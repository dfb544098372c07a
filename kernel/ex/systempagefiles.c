/* SPDX-License-Identifier: MIT
 * SystemPageFileInformation: an entry for each page file, its name behind it; sizes in pages. Without page files there are no bytes.
 */
#include "systeminformation.h"

typedef struct EXP_PAGE_FILE {                   /* SYSTEM_PAGEFILE_INFORMATION */
    ULONG NextEntryOffset, TotalSize, TotalInUse, PeakUsage;
    UNICODE_STRING PageFileName;
} EXP_PAGE_FILE;
C_ASSERT(sizeof(EXP_PAGE_FILE) == 0x20);

static VOID ExpFillPageFile(const MM_PAGE_FILE *File, const MM_ANSWER *Answer, EXP_PAGE_FILE *Entry)
{
    *Entry = (EXP_PAGE_FILE){ 0, File->Pages, File->Used, File->Peak,
                              { File->Name.Length, File->Name.Length, MmAnswerAddress(Answer, Entry + 1) } };
    RtlCopyMemory(Entry + 1, File->Name.Buffer, File->Name.Length);
}

NTSTATUS ExpQueryPageFiles(const MM_ANSWER *Answer, PULONG Needed)
{
    EXP_PAGE_FILE *entry = NULL;
    MM_PAGE_FILE file;
    ULONG i;

    *Needed = 0;
    for (i = 0; MmQueryPageFile(i, &file); i++) {
        ULONG at = *Needed;
        *Needed += (ULONG)sizeof(EXP_PAGE_FILE) + ((file.Name.Length + 7u) & ~7u);
        if (*Needed > Answer->Length)
            continue;
        if (entry != NULL)
            entry->NextEntryOffset = (ULONG)((PUCHAR)Answer->Buffer + at - (PUCHAR)entry);
        entry = (EXP_PAGE_FILE *)((PUCHAR)Answer->Buffer + at);
        ExpFillPageFile(&file, Answer, entry);
    }
    return *Needed <= Answer->Length ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}
