/* SPDX-License-Identifier: MIT
 * The image of a program from its file: read whole through the pages of the file's data, so that what is checked cannot change while it
 * is, laid out as it is mapped, and relocated once for everybody.
 */
#include "file.h"
#include "image.h"

#define MI_SHARED_SECTION 0x10000000u
#define TAG_IMAGE 'mImM'

/* ---- The file's bytes ---- */
static NTSTATUS MiCopyFilePage(MI_SEGMENT *Data, ULONG64 Index, PVOID To)
{
    PFN_NUMBER frame = MiPageOfFile(Data, Index);
    PVOID mapping;
    KIRQL irql;

    if (frame == MI_NO_PAGE)
        return STATUS_RETRY;
    mapping = MiMapInHyperSpace(frame, &irql);
    RtlCopyMemory(To, mapping, PAGE_SIZE);
    MiUnmapHyperSpace(irql);
    MiReleasePage(frame);
    return STATUS_SUCCESS;
}

static NTSTATUS MiCopyFile(MI_SEGMENT *Data, ULONG64 Pages, PUCHAR To)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG64 at = 0;

    while (at < Pages && NT_SUCCESS(status)) {
        status = MiCopyFilePage(Data, at, To + (at << PAGE_SHIFT));
        if (status == STATUS_RETRY)
            status = MmMakeFilePagesResident(Data, at, (ULONG)min(Pages - at, MI_TRANSFER_PAGES), FALSE);
        else
            at++;
        if (at == 1 && (To[0] != 'M' || To[1] != 'Z'))
            return STATUS_INVALID_IMAGE_NOT_MZ;
    }
    return status;
}

typedef struct MI_FILE_COPY {
    PVOID Bytes;
    ULONG64 Size;
} MI_FILE_COPY;

static NTSTATUS MiReadFile(PFILE_OBJECT File, MI_FILE_COPY *Copy)
{
    MI_SEGMENT *data;
    NTSTATUS status = MmUpcalls.QueryFileSize(File, &Copy->Size);

    if (!NT_SUCCESS(status))
        return status;
    if (Copy->Size == 0)
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    Copy->Bytes = MmAllocatePagesForKernel(Copy->Size);
    if (Copy->Bytes == NULL)
        return STATUS_NO_MEMORY;
    status = MmReferenceFileSegment(File, Copy->Size, &data);
    if (NT_SUCCESS(status)) {
        status = MiCopyFile(data, (Copy->Size + PAGE_SIZE - 1) >> PAGE_SHIFT, Copy->Bytes);
        MmDeleteSegment(data);
    }
    if (!NT_SUCCESS(status))
        MmFreePagesForKernel(Copy->Bytes, Copy->Size);
    return status;
}

/* ---- The image ---- */
static ULONG MiProtectionOfPart(ULONG Characteristics)
{
    ULONG protection = 0;

    if (Characteristics & PE_SCN_READ)
        protection |= MI_MAY_READ;
    if (Characteristics & PE_SCN_EXECUTE)
        protection |= MI_MAY_EXECUTE;
    if (Characteristics & PE_SCN_WRITE)
        protection |= MI_MAY_READ | (Characteristics & MI_SHARED_SECTION ? MI_MAY_WRITE : MI_COPY_ON_WRITE);
    return protection;
}

/* Each page as its section says; headers can be read. Sections that share pages: everything is allowed, as in a flat image. */
static VOID MiProtectParts(const PE_IMAGE *Pe, MI_IMAGE *Image)
{
    ULONG pages = Pe->SizeOfImage >> PAGE_SHIFT, section, page;

    memset(Image->Protections, Pe->SectionAlignment < PAGE_SIZE ? MI_MAY_READ | MI_MAY_EXECUTE | MI_COPY_ON_WRITE : MI_MAY_READ, pages);
    for (section = 0; Pe->SectionAlignment >= PAGE_SIZE && section < Pe->SectionCount; section++) {
        const PE_SECTION *part = &Pe->Sections[section];
        ULONG end = (ULONG)(((ULONG64)part->Rva + part->VirtualSize + PAGE_SIZE - 1) >> PAGE_SHIFT);
        for (page = part->Rva >> PAGE_SHIFT; page < min(end, pages); page++)
            Image->Protections[page] = (UCHAR)MiProtectionOfPart(part->Characteristics);
    }
}

static VOID MiDescribeImage(const PE_IMAGE *Pe, ULONG64 FileSize, MI_IMAGE *Image)
{
    MM_SECTION_IMAGE *facts = &Image->Facts;

    facts->TransferAddress = Pe->EntryRva != 0 ? (PVOID)(Image->Base + Pe->EntryRva) : NULL;
    facts->MaximumStackSize = Pe->StackReserve;
    facts->CommittedStackSize = Pe->StackCommit;
    facts->SubSystemType = Pe->Subsystem;
    facts->SubSystemMajorVersion = Pe->SubsystemVersion[0];
    facts->SubSystemMinorVersion = Pe->SubsystemVersion[1];
    facts->OperatingSystemMajorVersion = Pe->SystemVersion[0];
    facts->OperatingSystemMinorVersion = Pe->SystemVersion[1];
    facts->ImageCharacteristics = Pe->Characteristics;
    facts->DllCharacteristics = Pe->DllCharacteristics;
    facts->Machine = Pe->Machine;
    facts->ImageContainsCode = Pe->EntryRva != 0 || Pe->HasCode;
    facts->ImageFlags = (UCHAR)((Image->Base != Pe->ImageBase ? MM_IMAGE_DYNAMICALLY_RELOCATED : 0) |
                                (Pe->SectionAlignment < PAGE_SIZE ? MM_IMAGE_MAPPED_FLAT : 0));
    facts->LoaderFlags = Pe->LoaderFlags;
    facts->ImageFileSize = (ULONG)FileSize;
    facts->CheckSum = Pe->CheckSum;
}

/* Laid out at a kernel address for a moment, at the end of which the segment has its pages. */
static NTSTATUS MiLayOut(const PE_IMAGE *Pe, ULONG64 At, MI_SEGMENT *Segment)
{
    PE_IMAGE *mapped = ExAllocatePoolWithTag(PagedPool, sizeof(*mapped), TAG_IMAGE);
    ULONG64 i;
    PE_STATUS status;

    if (mapped == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = PeMap(Pe, (PVOID)At, Pe->SizeOfImage, mapped);
    if (status == PE_OK && PeRelocate(mapped, Segment->Image->Base) != PE_OK)
        Segment->Image->Base = Pe->ImageBase;    /* untouched, so it stays where it was linked for */
    ExFreePoolWithTag(mapped, TAG_IMAGE);
    for (i = 0; status == PE_OK && i < Segment->Pages; i++) {
        PFN_NUMBER frame = (*MiAddressToPte(At + (i << PAGE_SHIFT)) & MI_PTE_FRAME) >> PAGE_SHIFT;
        MiMarkPageable(frame);
        *MiSlotLocked(Segment, i, FALSE) = frame;
    }
    return MiStatusOfPe(status);
}

static BOOLEAN MiMakeChunks(MI_SEGMENT *Segment)
{
    ULONG64 i;
    for (i = 0; i < Segment->Pages; i += MI_SEGMENT_CHUNK)
        if (MiSlotLocked(Segment, i, TRUE) == NULL)
            return FALSE;
    return TRUE;
}

static NTSTATUS MiFillImage(const PE_IMAGE *Pe, MI_SEGMENT *Segment)
{
    ULONG pages = (ULONG)Segment->Pages;
    ULONG64 at;
    NTSTATUS status;

    if (!MiMakeChunks(Segment))
        return STATUS_INSUFFICIENT_RESOURCES;
    at = MiReserveAddresses(&MiSystemRegion, pages);
    if (at == 0)
        return STATUS_NO_MEMORY;
    MiAwaitPages(pages);
    if (!MiMapFreshPages(at, pages, MI_KERNEL_DATA)) {
        MiReleaseAddresses(&MiSystemRegion, at, pages);
        return STATUS_NO_MEMORY;
    }
    status = MiLayOut(Pe, at, Segment);
    if (NT_SUCCESS(status))
        MiUnmapOnly(at, pages);                  /* the pages are the segment's now */
    else
        MiUnmapAndFree(at, pages);
    MiReleaseAddresses(&MiSystemRegion, at, pages);
    return status;
}

static NTSTATUS MiMakeImageSegment(PFILE_OBJECT File, const PE_IMAGE *Pe, ULONG64 FileSize, MI_SEGMENT **Segment)
{
    ULONG pages = Pe->SizeOfImage >> PAGE_SHIFT;
    MI_SEGMENT *segment = MiAllocateSegment(pages);
    MI_IMAGE *image = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*image) + pages, TAG_IMAGE);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (segment == NULL || image == NULL) {
        if (segment != NULL)
            MiReleaseSegment(segment);
        if (image != NULL)
            ExFreePoolWithTag(image, TAG_IMAGE);
        return status;
    }
    RtlZeroMemory(image, sizeof(*image));
    MmUpcalls.HoldFile(File, TRUE);
    image->File = File;
    image->Base = MiChooseImageBase(Pe);
    segment->Bytes = Pe->SizeOfImage;
    segment->Committed = TRUE;
    segment->Image = image;
    status = MiGiveChunks(segment);
    if (NT_SUCCESS(status))
        status = MiFillImage(Pe, segment);
    if (!NT_SUCCESS(status)) {
        MiReleaseSegment(segment);
        return status;
    }
    MiProtectParts(Pe, image);
    MiDescribeImage(Pe, FileSize, image);
    MiListSegment(segment);
    *Segment = segment;
    return STATUS_SUCCESS;
}

NTSTATUS MiLoadImageSegment(PFILE_OBJECT File, MI_SEGMENT **Segment)
{
    static const PE_OPTIONS options = { .RequireExecutable = true };
    PE_IMAGE *pe;
    MI_FILE_COPY copy;
    NTSTATUS status = MiReadFile(File, &copy);

    if (!NT_SUCCESS(status))
        return status;
    pe = ExAllocatePoolWithTag(PagedPool, sizeof(*pe), TAG_IMAGE);
    status = pe != NULL ? MiStatusOfPe(PeParse(copy.Bytes, copy.Size, PE_LAYOUT_FILE, &options, pe)) : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status))
        status = MiMakeImageSegment(File, pe, copy.Size, Segment);
    if (pe != NULL)
        ExFreePoolWithTag(pe, TAG_IMAGE);
    MmFreePagesForKernel(copy.Bytes, copy.Size);
    return status;
}

/* ---- The end: the file may be closed by that, which is not for the thread of a file system that asks to flush the image ---- */
static VOID NTAPI MiLetFileGo(PVOID Context)
{
    MI_IMAGE *image = Context;

    MmUpcalls.HoldFile(image->File, FALSE);
    ExFreePoolWithTag(image, TAG_IMAGE);
}

VOID MiDeleteImage(MI_IMAGE *Image)
{
    ExInitializeWorkItem(&Image->Work, MiLetFileGo, Image);
    MmUpcalls.QueueWork(&Image->Work);
}
