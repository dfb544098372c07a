/* SPDX-License-Identifier: MIT
 * Section objects: a name, rights and handles for mm's segments. Files cannot be sections' contents yet.
 */
#include "section.h"

POBJECT_TYPE MmpSectionObjectType;               /* exported as MmSectionObjectType */

static VOID PspDeleteSection(PVOID Object)
{
    PSP_SECTION *section = Object;
    if (section->Segment != NULL)
        MmDeleteSegment(section->Segment);
}

/* \Device\PhysicalMemory: permanent, and nobody is asked. */
static VOID PspCreatePhysicalMemory(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_PERMANENT | OBJ_KERNEL_HANDLE, NULL, NULL };
    PVOID object;
    HANDLE handle;
    NTSTATUS status = ObCreateObject(KernelMode, MmpSectionObjectType, &attributes, KernelMode, NULL, sizeof(PSP_SECTION), 0, 0,
                                     &object);

    if (NT_SUCCESS(status)) {
        RtlZeroMemory(object, sizeof(PSP_SECTION));
        status = MmCreatePhysicalSegment(&((PSP_SECTION *)object)->Segment);
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
static NTSTATUS PspCheckSection(PLARGE_INTEGER MaximumSize, ULONG Attributes, HANDLE File, const VOID *FileObject)
{
    ULONG kind = Attributes & (SEC_COMMIT | SEC_RESERVE | PSP_SEC_IMAGE);

    if (kind == 0 || (kind & (kind - 1)) || (Attributes & ~(kind | PSP_SEC_NOCACHE | SEC_BASED)))
        return STATUS_INVALID_PARAMETER_6;
    if (File != NULL || FileObject != NULL || kind == PSP_SEC_IMAGE)
        return STATUS_INVALID_FILE_FOR_SECTION;  /* no file system here supports sections */
    if (MaximumSize == NULL || MaximumSize->QuadPart <= 0)
        return STATUS_INVALID_PARAMETER_4;
    return STATUS_SUCCESS;
}

/* A section with its segment, not inserted; the reference is the caller's. */
static NTSTATUS PspMakeSection(POBJECT_ATTRIBUTES ObjectAttributes, ULONG64 Bytes, ULONG Protect, ULONG Attributes, PVOID *Section)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PSP_SECTION *section;
    PVOID object;
    NTSTATUS status = ObCreateObject(mode, MmpSectionObjectType, ObjectAttributes, mode, NULL, sizeof(PSP_SECTION), 0, 0, &object);

    if (!NT_SUCCESS(status))
        return status;
    section = object;
    RtlZeroMemory(section, sizeof(*section));
    status = MmCreateSegment(Bytes, Protect, (Attributes & SEC_COMMIT) != 0, &section->Segment);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(section);
        return status;
    }
    section->Attributes = Attributes;
    *Section = section;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    NTSTATUS status = PspCheckSection(MaximumSize, AllocationAttributes, FileHandle, NULL);
    HANDLE handle;
    PVOID section;

    if (!NT_SUCCESS(status))
        return status;
    status = PspMakeSection(ObjectAttributes, (ULONG64)MaximumSize->QuadPart, SectionPageProtection, AllocationAttributes, &section);
    if (!NT_SUCCESS(status))
        return status;
    status = ObInsertObject(section, NULL, DesiredAccess, 0, NULL, &handle);
    if (NT_SUCCESS(status))
        *SectionHandle = handle;
    return status;
}

NTSTATUS NTAPI MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle,
                               PFILE_OBJECT FileObject)
{
    NTSTATUS status = PspCheckSection(MaximumSize, AllocationAttributes, FileHandle, FileObject);

    (void)DesiredAccess;
    if (!NT_SUCCESS(status))
        return status;
    return PspMakeSection(ObjectAttributes, (ULONG64)MaximumSize->QuadPart, SectionPageProtection, AllocationAttributes, SectionObject);
}

NTSTATUS NTAPI NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    HANDLE handle;
    NTSTATUS status = ObOpenObjectByName(ObjectAttributes, MmpSectionObjectType, ObPreviousMode(), NULL, DesiredAccess, NULL, &handle);
    if (NT_SUCCESS(status))
        *SectionHandle = handle;
    return status;
}

NTSTATUS NTAPI NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass, PVOID SectionInformation,
                              SIZE_T SectionInformationLength, PSIZE_T ReturnLength)
{
    SECTION_BASIC_INFORMATION information = { NULL, 0, { .QuadPart = 0 } };
    MM_SEGMENT_FACTS facts;
    PVOID object;
    NTSTATUS status;

    if (SectionInformationClass != SectionBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (SectionInformationLength < sizeof(information))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObReferenceObjectByHandle(SectionHandle, SECTION_QUERY, MmpSectionObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    MmQuerySegment(((PSP_SECTION *)object)->Segment, &facts);
    information.AllocationAttributes = ((PSP_SECTION *)object)->Attributes;
    information.MaximumSize.QuadPart = (LONG64)((facts.Bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull));
    ObfDereferenceObject(object);
    RtlCopyMemory(SectionInformation, &information, sizeof(information));
    if (ReturnLength != NULL)
        *ReturnLength = sizeof(information);
    return STATUS_SUCCESS;
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
