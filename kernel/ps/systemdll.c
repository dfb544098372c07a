/* SPDX-License-Identifier: MIT
 * ntdll.dll: the one program file that the kernel knows. It is relocated once and lies at the same address in every process, so its
 * entries need to be found only once; apisetschema.dll's map, which its loader reads, is handed to it by the kernel.
 */
#include "../../pe/pe.h"
#include "user.h"

PSP_SYSTEM_DLL PspSystemDll;

static const UNICODE_STRING PspDllName = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\ntdll.dll");
static const UNICODE_STRING PspApiSetName = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\apisetschema.dll");

/* The file of a kernel handle. */
NTSTATUS PspReferenceKernelFile(HANDLE Handle, PFILE_OBJECT *File)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, MmUpcalls.ReferenceFile(Handle, 0, File));
}

NTSTATUS PspOpenImageSection(PCUNICODE_STRING Name, PVOID *Section, PFILE_OBJECT *File)
{
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, (PUNICODE_STRING)Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL };
    IO_STATUS_BLOCK result;
    HANDLE file, section;
    NTSTATUS status = ZwOpenFile(&file, FILE_EXECUTE | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);

    if (!NT_SUCCESS(status))
        return status;
    attributes.ObjectName = NULL;
    status = ZwCreateSection(&section, SECTION_ALL_ACCESS, &attributes, NULL, PAGE_EXECUTE, SEC_IMAGE, file);
    if (NT_SUCCESS(status)) {
        status = ObReferenceObjectByHandle(section, SECTION_ALL_ACCESS, MmpSectionObjectType, KernelMode, Section, NULL);
        ZwClose(section);
    }
    if (NT_SUCCESS(status) && File != NULL)
        status = PspReferenceKernelFile(file, File);
    ZwClose(file);
    return status;
}

static ULONG64 PspFindEntry(const PE_IMAGE *Image, PCSTR Name)
{
    PE_EXPORT export;
    return PeFindExportByName(Image, Name, &export) == PE_OK && export.Forwarder == NULL ? (ULONG64)Image->Data + export.Rva : 0;
}

static NTSTATUS PspFindEntries(const VOID *Base, SIZE_T Size)
{
    PE_IMAGE image;

    if (PeParse(Base, Size, PE_LAYOUT_MAPPED, NULL, &image) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    PspSystemDll.LoaderInitializeThunk = PspFindEntry(&image, "LdrInitializeThunk");
    PspRecognizeFlavour(&image);
    PspSystemDll.UserThreadStart = PspFindEntry(&image, "RtlUserThreadStart");
    KeUpcalls.UserExceptionDispatcher = PspFindEntry(&image, "KiUserExceptionDispatcher");
    KeUpcalls.UserApcDispatcher = PspFindEntry(&image, "KiUserApcDispatcher");
    return PspSystemDll.LoaderInitializeThunk != 0 && PspSystemDll.UserThreadStart != 0 ? STATUS_SUCCESS : STATUS_ENTRYPOINT_NOT_FOUND;
}

/* The map is the section .apiset of its image. Who has none has programs that need none. */
static VOID PspOpenApiSet(VOID)
{
    MM_VIEW view = { .Protect = PAGE_READONLY };
    PE_IMAGE image;
    PVOID section;
    ULONG i;

    if (!NT_SUCCESS(PspOpenImageSection(&PspApiSetName, &section, NULL)))
        return;
    if (NT_SUCCESS(MmMapView(section, &view)) && PeParse(view.Base, view.Size, PE_LAYOUT_MAPPED, NULL, &image) == PE_OK)
        for (i = 0; i < image.SectionCount && PspSystemDll.ApiSet == NULL; i++)
            if (strcmp(image.Sections[i].Name, ".apiset") == 0) {
                PspSystemDll.ApiSetOffset = image.Sections[i].Rva;
                PspSystemDll.ApiSet = section;
            }
    if (view.Base != NULL)
        MmUnmapView(view.Base);
    if (PspSystemDll.ApiSet == NULL)
        ObfDereferenceObject(section);
}

NTSTATUS PsOpenSystemDll(PVOID *Base, PSIZE_T Size)
{
    MM_VIEW view = { .AllocationType = 0, .Protect = PAGE_READONLY };
    PVOID section;
    NTSTATUS status = PspOpenImageSection(&PspDllName, &section, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = MmMapView(section, &view);          /* into the System process, whose address is everybody's */
    if (NT_SUCCESS(status))
        status = PspFindEntries(view.Base, view.Size);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(section);
        return status;
    }
    PspOpenApiSet();
    PspSystemDll.Section = section;
    PspSystemDll.Base = *Base = view.Base;
    *Size = view.Size;
    return STATUS_SUCCESS;
}
