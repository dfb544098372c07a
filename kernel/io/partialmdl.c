/* SPDX-License-Identifier: MIT
 * An MDL for a part of another's buffer. It borrows: the pages stay locked by the source, and so does the source's mapping.
 */
#include "iop.h"

VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    ULONG64 start = (ULONG64)SourceMdl->StartVa + SourceMdl->ByteOffset;
    ULONG64 offset = (ULONG64)VirtualAddress - start;
    ULONG length = Length != 0 ? Length : SourceMdl->ByteCount - (ULONG)offset;
    ULONG64 base = (ULONG64)VirtualAddress & ~(PAGE_SIZE - 1ull);
    ULONG first = (ULONG)((base - (ULONG64)SourceMdl->StartVa) >> PAGE_SHIFT), pages, i;

    pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, length);
    if (offset > SourceMdl->ByteCount || length > SourceMdl->ByteCount - offset ||
        pages > ((ULONG)TargetMdl->Size - sizeof(MDL)) / sizeof(PFN_NUMBER))
        KeBugCheckEx(TARGET_MDL_TOO_SMALL, (ULONG_PTR)SourceMdl, (ULONG_PTR)TargetMdl, (ULONG_PTR)VirtualAddress, Length);
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->StartVa = (PVOID)base;
    TargetMdl->ByteOffset = (ULONG)((ULONG64)VirtualAddress & (PAGE_SIZE - 1));
    TargetMdl->ByteCount = length;
    TargetMdl->MdlFlags &= MDL_ALLOCATED_FIXED_SIZE | MDL_ALLOCATED_MUST_SUCCEED;
    TargetMdl->MdlFlags |= SourceMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_WRITE_OPERATION | MDL_IO_PAGE_READ |
                                                  MDL_IO_SPACE);
    TargetMdl->MdlFlags |= MDL_PARTIAL;
    if (SourceMdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) {
        TargetMdl->MappedSystemVa = (PCHAR)SourceMdl->MappedSystemVa + offset;
        if (SourceMdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
            TargetMdl->MdlFlags |= MDL_PARENT_MAPPED_SYSTEM_VA | MDL_MAPPED_TO_SYSTEM_VA;
    }
    for (i = 0; i < pages; i++)
        MmGetMdlPfnArray(TargetMdl)[i] = MmGetMdlPfnArray(SourceMdl)[first + i];
}
