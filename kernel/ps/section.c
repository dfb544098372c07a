/* SPDX-License-Identifier: MIT
 * Section objects: a name, rights and handles for mm's sections.
 */
#include "section.h"

POBJECT_TYPE MmpSectionObjectType;               /* exported as MmSectionObjectType */

static VOID PspDeleteSection(PVOID Object) { MmCloseSection(Object); }

/* \Device\PhysicalMemory: permanent, and nobody is asked. */
static VOID PspCreatePhysicalMemory(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_PERMANENT | OBJ_KERNEL_HANDLE, NULL, NULL };
    PVOID object;
    HANDLE handle;
    NTSTATUS status = ObCreateObject(KernelMode, MmpSectionObjectType, &attributes, KernelMode, NULL, sizeof(MM_SECTION), 0, 0,
                                     &object);

    if (NT_SUCCESS(status)) {
        RtlZeroMemory(object, sizeof(MM_SECTION));
        status = MmOpenPhysicalSection(object);
    }
    if (NT_SUCCESS(status))
        status = ObInsertObject(object, NULL, SECTION_ALL_ACCESS, 0, NULL, &handle);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, (ULONG_PTR)status, 4, 0, 0);
    ZwClose(handle);
}

VOID PsInitializeSections(VOID)
{
    static const OB_TYPE_TEMPLATE section = {
        .Name = L"Section", .ValidAccess = STANDARD_RIGHTS_REQUIRED | 0x3F, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ, STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
                     STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE, SECTION_ALL_ACCESS },
        .Delete = PspDeleteSection,
    };

    MmpSectionObjectType = ObCreateSystemType(&section);
    PspCreatePhysicalMemory();
}

/* ---- Creation ---- */
static NTSTATUS PspCheckSection(const PSP_NEW_SECTION *New, BOOLEAN HasFile)
{
    ULONG kind = New->Attributes & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE);

    if (kind == 0 || (kind & (kind - 1)) || (New->Attributes & ~(kind | PSP_SEC_NOCACHE | SEC_BASED)))
        return STATUS_INVALID_PARAMETER_6;
    if (kind == SEC_IMAGE && !HasFile)
        return STATUS_INVALID_FILE_FOR_SECTION;
    if (New->MaximumSize != NULL ? New->MaximumSize->QuadPart < 0 || (New->MaximumSize->QuadPart == 0 && !HasFile) : !HasFile)
        return STATUS_INVALID_PARAMETER_4;
    return STATUS_SUCCESS;
}

/* What a section's protection asks of its file's handle. */
static ACCESS_MASK PspFileAccess(ULONG Protect, ULONG Attributes)
{
    if (Attributes & SEC_IMAGE)
        return ObPreviousMode() != KernelMode ? PsFlavour->ImageFileAccess : FILE_EXECUTE;
    switch (Protect & 0xFF) {
    case PAGE_READWRITE: return FILE_READ_DATA | FILE_WRITE_DATA;
    case PAGE_EXECUTE: return FILE_EXECUTE;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY: return FILE_EXECUTE | FILE_READ_DATA;
    case PAGE_EXECUTE_READWRITE: return FILE_EXECUTE | FILE_READ_DATA | FILE_WRITE_DATA;
    default: return FILE_READ_DATA;
    }
}

/* A section, not inserted; the reference is the caller's. */
static NTSTATUS PspMakeSection(const PSP_NEW_SECTION *New, PFILE_OBJECT File, PVOID *Section)
{
    ULONG64 bytes = New->MaximumSize != NULL ? (ULONG64)New->MaximumSize->QuadPart : 0;
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = PspCheckSection(New, File != NULL);
    MM_SECTION section;
    PVOID object;

    if (NT_SUCCESS(status))
        status = MmOpenSection(File, bytes, New->Protect, New->Attributes, &section);
    if (!NT_SUCCESS(status))
        return status;
    status = ObCreateObject(mode, MmpSectionObjectType, New->ObjectAttributes, mode, NULL, sizeof(section), 0, 0, &object);
    if (!NT_SUCCESS(status)) {
        MmCloseSection(&section);
        return status;
    }
    *(MM_SECTION *)object = section;
    *Section = object;
    return STATUS_SUCCESS;
}

/* With the file by handle, which may be NULL. */
static NTSTATUS PspMakeSectionOfHandle(const PSP_NEW_SECTION *New, HANDLE FileHandle, PVOID *Section)
{
    PFILE_OBJECT file = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    if (FileHandle != NULL)
        status = MmUpcalls.ReferenceFile(FileHandle, PspFileAccess(New->Protect, New->Attributes), &file);
    if (!NT_SUCCESS(status))
        return status;
    status = PspMakeSection(New, file, Section);
    if (file != NULL)
        MmUpcalls.HoldFile(file, FALSE);
    return status;
}

NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    LARGE_INTEGER size;
    PSP_NEW_SECTION new = { ObjectAttributes, MaximumSize != NULL ? &size : NULL, SectionPageProtection, AllocationAttributes };
    PVOID section;
    NTSTATUS status = STATUS_SUCCESS;

    if (MaximumSize != NULL)
        status = MmReadCaller(ObPreviousMode(), &size, MaximumSize, sizeof(size));
    if (NT_SUCCESS(status))
        status = PspMakeSectionOfHandle(&new, FileHandle, &section);
    return NT_SUCCESS(status) ? ObInsertAndReturn(section, DesiredAccess, SectionHandle) : status;
}

/* The handle is used before the object, of which nothing is asked. */
NTSTATUS NTAPI MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle,
                               PFILE_OBJECT FileObject)
{
    PSP_NEW_SECTION new = { ObjectAttributes, MaximumSize, SectionPageProtection, AllocationAttributes };

    (void)DesiredAccess;
    if (FileHandle == NULL && FileObject != NULL)
        return PspMakeSection(&new, FileObject, SectionObject);
    return PspMakeSectionOfHandle(&new, FileHandle, SectionObject);
}

NTSTATUS NTAPI NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, MmpSectionObjectType, DesiredAccess, SectionHandle);
}

/* ---- Questions ---- */
static NTSTATUS PspDescribeSection(const MM_SECTION *Section, PSECTION_BASIC_INFORMATION Information)
{
    RtlZeroMemory(Information, sizeof(*Information));            /* what lies between its fields, too */
    Information->AllocationAttributes = Section->Attributes;
    Information->MaximumSize.QuadPart = (LONG64)Section->Bytes;
    if (!(Section->Attributes & SEC_FILE) || (Section->Attributes & SEC_IMAGE))          /* a file's data has an end within a page */
        Information->MaximumSize.QuadPart = (LONG64)((Section->Bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull));
    return STATUS_SUCCESS;
}

static NTSTATUS PspDescribeImage(const MM_SECTION *Section, MM_SECTION_IMAGE *Information)
{
    const MM_SECTION_IMAGE *image = MmSectionImage(Section);

    if (image == NULL)
        return STATUS_SECTION_NOT_IMAGE;
    *Information = *image;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass, PVOID SectionInformation,
                              SIZE_T SectionInformationLength, PSIZE_T ReturnLength)
{
    BOOLEAN basic = SectionInformationClass == SectionBasicInformation;
    SIZE_T size = basic ? sizeof(SECTION_BASIC_INFORMATION) : sizeof(MM_SECTION_IMAGE);
    union {
        SECTION_BASIC_INFORMATION Basic;
        MM_SECTION_IMAGE Image;
    } information;
    PVOID object;
    NTSTATUS status;

    if (!basic && SectionInformationClass != SectionImageInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (SectionInformationLength < size)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObReferenceObjectByHandle(SectionHandle, SECTION_QUERY, MmpSectionObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = basic ? PspDescribeSection(object, &information.Basic) : PspDescribeImage(object, &information.Image);
    ObfDereferenceObject(object);
    return NT_SUCCESS(status) ? PspTell(SectionInformation, ReturnLength, &information, size) : status;
}

/* ---- From kernel mode ---- */
NTSTATUS NTAPI ZwCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreateSection(SectionHandle, DesiredAccess, ObjectAttributes, MaximumSize, SectionPageProtection,
                                                   AllocationAttributes, FileHandle));
}

NTSTATUS NTAPI ZwOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenSection(SectionHandle, DesiredAccess, ObjectAttributes));
}

NTSTATUS NTAPI ZwQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass, PVOID SectionInformation,
                              SIZE_T SectionInformationLength, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQuerySection(SectionHandle, SectionInformationClass, SectionInformation,
                                                  SectionInformationLength, ReturnLength));
}
