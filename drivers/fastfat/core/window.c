/* SPDX-License-Identifier: MIT
 * A page of a stream at a time, mapped until another is wanted.
 */
#include "fat.h"

void FatOpenWindow(FAT_WINDOW *Window, const FAT_HOST *Host, void *Stream, uint64_t Limit, bool Write)
{
    *Window = (FAT_WINDOW){ .Host = Host, .Stream = Stream, .Limit = Limit, .Write = Write };
}

void FatCloseWindow(FAT_WINDOW *Window)
{
    if (Window->Bytes != NULL)
        Window->Host->Unmap(Window->Pin);
    Window->Bytes = NULL;
}

uint8_t *FatWindowAt(FAT_WINDOW *Window, uint64_t Offset)
{
    uint64_t base = Offset & ~(uint64_t)(FAT_PAGE - 1);
    uint64_t length = Window->Limit - base < FAT_PAGE ? Window->Limit - base : FAT_PAGE;

    if (Offset >= Window->Limit)
        return NULL;
    if (Window->Bytes == NULL || Window->Base != base) {
        FatCloseWindow(Window);
        Window->Bytes = Window->Host->Map(Window->Stream, base, (uint32_t)length, Window->Write, &Window->Pin);
        Window->Base = base;
    }
    return Window->Bytes == NULL ? NULL : Window->Bytes + (Offset - base);
}
