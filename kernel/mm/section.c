/* SPDX-License-Identifier: MIT
 * Sections: zero pages, a file's data, an image or physical memory, with a size and the rights that views may have.
 */
#include "file.h"

static NTSTATUS MiProtectionOfSection(ULONG Protect, PULONG Protection)
{
    ULONG64 cache;

    if (!MiProtectionOf(Protect, Protection, &cache) || (*Protection & MI_GUARD) || !(*Protection & (MI_MAY_READ | MI_MAY_EXECUTE)))
        return STATUS_INVALID_PAGE_PROTECTION;
    *Protection |= MI_MAY_READ;
    return STATUS_SUCCESS;
}

/* ---- Files ---- */
/* How large the section is; the file grows to that. */
static NTSTATUS MiSizeFileSection(PFILE_OBJECT File, MM_SECTION *Section)
{
    ULONG64 bytes;
    NTSTATUS status = MmUpcalls.QueryFileSize(File, &bytes);

    if (!NT_SUCCESS(status))
        return status;
    if (Section->Bytes == 0)
        Section->Bytes = bytes;
    if (Section->Bytes == 0)
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    if (Section->Bytes <= bytes)
        return STATUS_SUCCESS;
    return Section->Protection & MI_MAY_WRITE ? MmUpcalls.ExtendFile(File, Section->Bytes) : STATUS_SECTION_TOO_BIG;
}

static NTSTATUS MiOpenData(PFILE_OBJECT File, MM_SECTION *Section)
{
    NTSTATUS status = MiSizeFileSection(File, Section);

    if (NT_SUCCESS(status))
        status = MmReferenceFileSegment(File, Section->Bytes, &Section->Segment);
    if (!NT_SUCCESS(status))
        return status;
    MiUseSegment(Section->Segment, Section->Bytes);
    MmDeleteSegment(Section->Segment);           /* the user's reference is enough */
    return STATUS_SUCCESS;
}

static NTSTATUS MiOpenImage(PFILE_OBJECT File, MM_SECTION *Section)
{
    NTSTATUS status = MiUseImageSegment(File, &Section->Segment);
    if (NT_SUCCESS(status))
        Section->Bytes = Section->Segment->Bytes;
    return status;
}

static NTSTATUS MiOpenFile(PFILE_OBJECT File, MM_SECTION *Section)
{
    NTSTATUS status;

    if (File->SectionObjectPointer == NULL)
        return STATUS_INVALID_FILE_FOR_SECTION;
    MmUpcalls.BeginSection(File);
    status = Section->Attributes & SEC_IMAGE ? MiOpenImage(File, Section) : MiOpenData(File, Section);
    MmUpcalls.EndSection(File);
    return status;
}

/* ---- All ---- */
NTSTATUS MmOpenSection(PFILE_OBJECT File, ULONG64 Bytes, ULONG Protect, ULONG Attributes, MM_SECTION *Section)
{
    NTSTATUS status;

    *Section = (MM_SECTION){ .Bytes = Bytes, .Attributes = Attributes | (File != NULL ? SEC_FILE : 0) };
    status = MiProtectionOfSection(Protect, &Section->Protection);
    if (!NT_SUCCESS(status))
        return status;
    return File != NULL ? MiOpenFile(File, Section) : MiCreateSegment(Bytes, (Attributes & SEC_COMMIT) != 0, &Section->Segment);
}

NTSTATUS MmOpenPhysicalSection(MM_SECTION *Section)
{
    NTSTATUS status;

    *Section = (MM_SECTION){ .Protection = MI_MAY_READ | MI_MAY_WRITE | MI_MAY_EXECUTE };
    status = MiCreatePhysicalSegment(&Section->Segment);
    if (NT_SUCCESS(status))
        Section->Bytes = Section->Segment->Bytes;
    return status;
}

VOID MmCloseSection(MM_SECTION *Section)
{
    if (Section->Segment != NULL)
        MiLeaveSegment(Section->Segment);
}

const MM_SECTION_IMAGE *MmSectionImage(const MM_SECTION *Section)
{
    return Section->Segment->Image != NULL ? &Section->Segment->Image->Facts : NULL;
}

PFILE_OBJECT MmSectionFile(const MM_SECTION *Section)
{
    return Section->Segment->Image != NULL ? Section->Segment->Image->File : NULL;
}

ULONG64 MmImageBase(const MM_SECTION *Section) { return Section->Segment->Image->Base; }
