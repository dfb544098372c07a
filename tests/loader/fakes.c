/* SPDX-License-Identifier: MIT
 * Fakes of efi-loader/fail.c and efi-loader/allocate.c.
 */
#include "fakes.h"
#include "../../efi-loader/allocate.h"
#include "../../efi-loader/fail.h"

char FailSentence[1024];
jmp_buf FailTarget;
uint64_t ScratchPages;

_Noreturn void FailBoot(const char *Sentence, ...)
{
    va_list arguments;

    va_start(arguments, Sentence);
    vsnprintf(FailSentence, sizeof(FailSentence), Sentence, arguments);
    va_end(arguments);
    longjmp(FailTarget, 1);
}

void *AllocateScratch(uint64_t Bytes, const char *Purpose)
{
    ScratchPages += PagesFor(Bytes);
    return calloc(PagesFor(Bytes), PAGE_BYTES);
}

void FreeScratch(void *Memory, uint64_t Bytes)
{
    ScratchPages -= PagesFor(Bytes);
    free(Memory);
}

bool PaintAllocations(MEMORY_LIST *List)
{
    return PaintMemory(List, 0x200, 4, LOADER_MEMORY_IMAGE) && PaintMemory(List, 0x210, 1, LOADER_MEMORY_PAGE_TABLE);
}

uint32_t AllocationCount(void)
{
    return 2;
}
