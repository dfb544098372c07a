/* SPDX-License-Identifier: MIT
 * Headers of PE32+ images in memory, for drivers that look into other images: RtlImageNtHeader and relatives. The image is one
 * that the kernel has mapped, so its headers are there; only what they say is checked. (Microsoft's "PE Format".)
 */
#include "rtlp.h"
#include <ntimage.h>

#define LARGEST_HEADER_OFFSET 0x10000000u /* of the NT headers */

PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders);
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT DirectoryEntry, PULONG Size);
PVOID NTAPI RtlFindExportedRoutineByName(PVOID ImageBase, PCSTR RoutineName);

#define NO_RANGE_CHECK 1u                 /* RtlImageNtHeaderEx's flag: Size is not known */

NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders)
{
    PIMAGE_DOS_HEADER dos = Base;
    PIMAGE_NT_HEADERS headers;
    BOOLEAN checked = (Flags & NO_RANGE_CHECK) == 0;

    if (OutHeaders == NULL || Base == NULL || (Flags & ~NO_RANGE_CHECK) != 0)
        return STATUS_INVALID_PARAMETER;
    *OutHeaders = NULL;
    if ((checked && Size < sizeof(*dos)) || dos->e_magic != IMAGE_DOS_SIGNATURE)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (dos->e_lfanew < 0 || (ULONG)dos->e_lfanew >= LARGEST_HEADER_OFFSET ||
        (checked && (ULONG64)dos->e_lfanew + sizeof(*headers) > Size))
        return STATUS_INVALID_IMAGE_FORMAT;
    headers = (PIMAGE_NT_HEADERS)((PUCHAR)Base + dos->e_lfanew);
    if (headers->Signature != IMAGE_NT_SIGNATURE)
        return STATUS_INVALID_IMAGE_FORMAT;
    *OutHeaders = headers;
    return STATUS_SUCCESS;
}

PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base)
{
    PIMAGE_NT_HEADERS headers = NULL;

    RtlImageNtHeaderEx(NO_RANGE_CHECK, Base, 0, &headers);
    return headers;
}

/* Where an address of the image lies in the file; 0 when in no section's data. */
static ULONG RtlpFileOffset(PIMAGE_NT_HEADERS headers, ULONG rva)
{
    PIMAGE_SECTION_HEADER section = IMAGE_FIRST_SECTION(headers);
    USHORT i;

    if (rva < headers->OptionalHeader.SizeOfHeaders)
        return rva;
    for (i = 0; i < headers->FileHeader.NumberOfSections; i++, section++) {
        if (rva >= section->VirtualAddress && rva - section->VirtualAddress < section->SizeOfRawData)
            return section->PointerToRawData + (rva - section->VirtualAddress);
    }
    return 0;
}

/* MappedAsImage FALSE: the file as it lies on the disk. (The loader marks such bases by bit 0; that is honoured.) */
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT DirectoryEntry, PULONG Size)
{
    PIMAGE_NT_HEADERS headers;
    ULONG rva, offset;

    if (((ULONG_PTR)Base & 1) != 0) {
        Base = (PVOID)((ULONG_PTR)Base & ~(ULONG_PTR)1);
        MappedAsImage = FALSE;
    }
    headers = RtlImageNtHeader(Base);
    *Size = 0;
    if (headers == NULL || headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC ||
        DirectoryEntry >= headers->OptionalHeader.NumberOfRvaAndSizes || DirectoryEntry >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES)
        return NULL;
    rva = headers->OptionalHeader.DataDirectory[DirectoryEntry].VirtualAddress;
    if (rva == 0)
        return NULL;
    offset = MappedAsImage ? rva : RtlpFileOffset(headers, rva);
    if (offset == 0)
        return NULL;
    *Size = headers->OptionalHeader.DataDirectory[DirectoryEntry].Size;
    return (PUCHAR)Base + offset;
}

/* NULL when there is no such export, and for a forwarder. */
PVOID NTAPI RtlFindExportedRoutineByName(PVOID ImageBase, PCSTR RoutineName)
{
    ULONG size, low = 0, high;
    PUCHAR base = ImageBase;
    PIMAGE_EXPORT_DIRECTORY exports = RtlImageDirectoryEntryToData(ImageBase, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &size);
    const ULONG *names;

    if (exports == NULL)
        return NULL;
    names = (const ULONG *)(base + exports->AddressOfNames);
    for (high = exports->NumberOfNames; low < high;) {
        ULONG middle = low + (high - low) / 2;
        int order = strcmp(RoutineName, (PCSTR)base + names[middle]);
        if (order == 0) {
            USHORT ordinal = ((const USHORT *)(base + exports->AddressOfNameOrdinals))[middle];
            PUCHAR routine = base + ((const ULONG *)(base + exports->AddressOfFunctions))[ordinal];
            return routine >= (PUCHAR)exports && routine < (PUCHAR)exports + size ? NULL : routine;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
