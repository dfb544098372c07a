/* SPDX-License-Identifier: MIT
 * From an address to its image and to its entry in the image's function table.
 */
#include "unwind.h"

#define INDIRECT 1u                       /* in UnwindData */

BOOLEAN RtlpFindImage(ULONG64 Address, RTLP_IMAGE *Image)
{
    const VOID *functions = NULL;

    *Image = (RTLP_IMAGE){ 0 };
    if (!RtlUpcalls.FindImage(Address, &Image->Base, &Image->Size, &functions, &Image->FunctionCount))
        return FALSE;
    Image->Functions = functions;
    if (functions == NULL)
        Image->FunctionCount = 0;
    return TRUE;
}

const UCHAR *RtlpImageBytes(const RTLP_IMAGE *Image, ULONG Rva, ULONG Length)
{
    if (Rva >= Image->Size || Length > Image->Size - Rva)
        return NULL;
    return (const UCHAR *)(ULONG_PTR)(Image->Base + Rva);
}

const RUNTIME_FUNCTION *RtlpFindFunction(const RTLP_IMAGE *Image, ULONG Rva)
{
    ULONG low = 0, high = Image->FunctionCount;

    while (low < high) {
        ULONG middle = low + (high - low) / 2;
        const RUNTIME_FUNCTION *function = &Image->Functions[middle];
        if (Rva < function->BeginAddress)
            high = middle;
        else if (Rva >= function->EndAddress)
            low = middle + 1;
        else
            return function;
    }
    return NULL;
}

BOOLEAN RtlpResolveFunction(const RTLP_IMAGE *Image, RUNTIME_FUNCTION *Function)
{
    const UCHAR *other;

    if ((Function->UnwindData & INDIRECT) == 0)
        return TRUE;
    other = RtlpImageBytes(Image, Function->UnwindData & ~INDIRECT, sizeof(*Function));
    if (other == NULL)
        return FALSE;
    memcpy(Function, other, sizeof(*Function));
    return (Function->UnwindData & INDIRECT) == 0;            /* one step, as compilers make them */
}

/* The entry that governs ControlPc, which an indirect one points at; NULL for leaf functions and foreign addresses. *ImageBase is
 * written when the address lies in an image at all. */
PRUNTIME_FUNCTION NTAPI RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PUNWIND_HISTORY_TABLE HistoryTable)
{
    const RUNTIME_FUNCTION *function;
    RTLP_IMAGE image;

    if (!RtlpFindImage(ControlPc, &image))
        return NULL;
    *ImageBase = image.Base;
    function = RtlpFindFunction(&image, (ULONG)(ControlPc - image.Base));
    if (function != NULL && (function->UnwindData & INDIRECT) != 0)
        function = (const RUNTIME_FUNCTION *)RtlpImageBytes(&image, function->UnwindData & ~INDIRECT, sizeof(*function));
    return (PRUNTIME_FUNCTION)(ULONG_PTR)function;
}

/* The base of the image that holds PcValue, also in *BaseOfImage; NULL for none. */
PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage)
{
    RTLP_IMAGE image;
    PVOID base = RtlpFindImage((ULONG64)PcValue, &image) ? (PVOID)image.Base : NULL;

    *BaseOfImage = base;
    return base;
}
