/* SPDX-License-Identifier: MIT
 * Starting programs: NtCreateUserProcess for other programs, PsStartProgram for the kernel.
 */
#include "user.h"

#define PSP_ATTRIBUTES 16u                       /* of one call */
#define PSP_NUMBER_MASK 0xFFFFu
#define PSP_INHERIT_HANDLES 0x4u                 /* PROCESS_CREATE_FLAGS_... */
#define PSP_CREATE_SUSPENDED 0x1u                /* THREAD_CREATE_FLAGS_... */
#define PSP_CREATE_SUCCESS 6u                    /* PS_CREATE_STATE */
#define PSP_MACHINE 0x8664u                     /* IMAGE_FILE_MACHINE_AMD64 */
#define PSP_IMAGE_IS_DLL 0x2000u                 /* IMAGE_FILE_DLL */
#define PSP_LONGEST_IMAGE_NAME 0x7FFEu

/* PS_ATTRIBUTE_NUM */
enum { PspAttributeParent = 0, PspAttributeClientId = 3, PspAttributeTeb = 4, PspAttributeImageName = 5, PspAttributeImageInformation = 6 };

typedef struct PSP_ATTRIBUTE {                   /* PS_ATTRIBUTE */
    ULONG64 Attribute;
    SIZE_T Size;
    PVOID Value;
    PSIZE_T ReturnLength;
} PSP_ATTRIBUTE;

/* What is asked, captured. */
typedef struct PSP_CREATION {
    PSP_ATTRIBUTE Attributes[PSP_ATTRIBUTES];
    ULONG Count;
    UNICODE_STRING ImageName;                    /* pool */
    PEPROCESS Parent;                            /* referenced */
    PSP_PARAMETERS Parameters;
    PVOID Section;                               /* referenced */
    PFILE_OBJECT File;                           /* referenced */
} PSP_CREATION;

/* ---- Capturing ---- */
static NTSTATUS PspReadAttributes(const VOID *List, PSP_CREATION *Creation)
{
    SIZE_T size, count;
    NTSTATUS status = PspReadUser(&size, List, sizeof(size));

    if (!NT_SUCCESS(status))
        return status;
    count = (size - sizeof(size)) / sizeof(PSP_ATTRIBUTE);
    if (size < sizeof(size) || count > PSP_ATTRIBUTES || (size - sizeof(size)) % sizeof(PSP_ATTRIBUTE) != 0)
        return STATUS_INVALID_PARAMETER;
    Creation->Count = (ULONG)count;
    return count != 0 ? PspReadUser(Creation->Attributes, (const SIZE_T *)List + 1, count * sizeof(PSP_ATTRIBUTE)) : STATUS_SUCCESS;
}

static const PSP_ATTRIBUTE *PspFindAttribute(const PSP_CREATION *Creation, ULONG Number)
{
    ULONG i;
    for (i = 0; i < Creation->Count; i++)
        if ((Creation->Attributes[i].Attribute & PSP_NUMBER_MASK) == Number)
            return &Creation->Attributes[i];
    return NULL;
}

static NTSTATUS PspReadImageName(PSP_CREATION *Creation)
{
    const PSP_ATTRIBUTE *name = PspFindAttribute(Creation, PspAttributeImageName);

    if (name == NULL || name->Size == 0 || (name->Size & 1) || name->Size > PSP_LONGEST_IMAGE_NAME)
        return STATUS_INVALID_PARAMETER;
    Creation->ImageName.Buffer = ExAllocatePoolWithTag(PagedPool, name->Size, 'nIsP');
    if (Creation->ImageName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Creation->ImageName.Length = Creation->ImageName.MaximumLength = (USHORT)name->Size;
    return PspReadUser(Creation->ImageName.Buffer, name->Value, name->Size);
}

static NTSTATUS PspReferenceParent(PSP_CREATION *Creation)
{
    const PSP_ATTRIBUTE *parent = PspFindAttribute(Creation, PspAttributeParent);
    PVOID object = PsCurrentProcess();
    NTSTATUS status = STATUS_SUCCESS;

    if (parent != NULL)
        status = ObReferenceObjectByHandle(parent->Value, PROCESS_CREATE_PROCESS, PspProcessType, UserMode, &object, NULL);
    else
        ObfReferenceObject(object);
    if (NT_SUCCESS(status))
        Creation->Parent = object;
    return status;
}

static VOID PspReleaseCreation(PSP_CREATION *Creation)
{
    PspReleaseParameters(&Creation->Parameters);
    if (Creation->ImageName.Buffer != NULL)
        ExFreePool(Creation->ImageName.Buffer);
    if (Creation->Parent != NULL)
        ObfDereferenceObject(Creation->Parent);
    if (Creation->Section != NULL)
        ObfDereferenceObject(Creation->Section);
    if (Creation->File != NULL)
        MmUpcalls.HoldFile(Creation->File, FALSE);
}

/* ---- Making ---- */
static BOOLEAN PspIsProgram(PVOID Section)
{
    const MM_SECTION_IMAGE *facts = MmSectionImage(Section);
    return facts != NULL && facts->Machine == PSP_MACHINE && !(facts->ImageCharacteristics & PSP_IMAGE_IS_DLL);
}

/* Process and first thread, not started yet; references are the caller's. */
static NTSTATUS PspMakeProgram(PSP_CREATION *Creation, BOOLEAN InheritHandles, PEPROCESS *Process, PETHREAD *Thread)
{
    PSP_NEW_PROCESS new = { Creation->Parent, NULL, &Creation->ImageName, NULL, &Creation->Parameters, InheritHandles };
    PSP_USER_THREAD first = { 0 };
    NTSTATUS status = PspOpenImageSection(&Creation->ImageName, &Creation->Section, &Creation->File);

    if (!NT_SUCCESS(status))
        return status;
    if (!PspIsProgram(Creation->Section))        /* 32-bit programs too: there is no WoW64 */
        return STATUS_INVALID_IMAGE_FORMAT;
    new.Section = Creation->Section;
    new.File = Creation->File;
    status = PspCreateUserProcess(&new, Process);
    if (!NT_SUCCESS(status))
        return status;
    first.Process = *Process;
    first.Start = (PCHAR)(*Process)->SectionBaseAddress + PspEntryOffset(Creation->Section);
    first.Argument = (PVOID)(*Process)->Peb;
    status = PspCreateUserThread(&first, Thread);
    if (!NT_SUCCESS(status)) {
        PsTerminateProcess(*Process, status);
        ObfDereferenceObject(*Process);
    }
    return status;
}

/* ---- The service ---- */
static VOID PspReturnAttribute(const PSP_CREATION *Creation, ULONG Number, const VOID *Value, SIZE_T Size)
{
    const PSP_ATTRIBUTE *attribute = PspFindAttribute(Creation, Number);

    if (attribute == NULL)
        return;
    Size = min(Size, attribute->Size);
    if (NT_SUCCESS(PspWriteUser(attribute->Value, Value, Size)) && attribute->ReturnLength != NULL)
        PspWriteUser(attribute->ReturnLength, &Size, sizeof(Size));
}

static VOID PspReturnResults(const PSP_CREATION *Creation, PETHREAD Thread, PVOID CreateInfo)
{
    ULONG state = PSP_CREATE_SUCCESS;
    PVOID teb = Thread->Tcb.Teb;

    PspReturnAttribute(Creation, PspAttributeClientId, &Thread->Cid, sizeof(Thread->Cid));
    PspReturnAttribute(Creation, PspAttributeTeb, &teb, sizeof(teb));
    PspReturnAttribute(Creation, PspAttributeImageInformation, MmSectionImage(Creation->Section), sizeof(MM_SECTION_IMAGE));
    if (CreateInfo != NULL)
        PspWriteUser((PCHAR)CreateInfo + sizeof(SIZE_T), &state, sizeof(state));
}

static NTSTATUS PspOpenBoth(PEPROCESS Process, PETHREAD Thread, const ACCESS_MASK Access[2], const ULONG Attributes[2], HANDLE Handles[2])
{
    NTSTATUS status = ObOpenObjectByPointer(Process, Attributes[0], NULL, Access[0], PspProcessType, KernelMode, &Handles[0]);

    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(Thread, Attributes[1], NULL, Access[1], PspThreadType, KernelMode, &Handles[1]);
    if (!NT_SUCCESS(status))
        ObCloseHandle(Handles[0], UserMode);
    return status;
}

static NTSTATUS PspCaptureCreation(const VOID *ProcessParameters, const VOID *AttributeList, PSP_CREATION *Creation)
{
    NTSTATUS status = AttributeList != NULL ? PspReadAttributes(AttributeList, Creation) : STATUS_INVALID_PARAMETER;

    if (NT_SUCCESS(status))
        status = PspReadImageName(Creation);
    if (NT_SUCCESS(status))
        status = PspReferenceParent(Creation);
    return NT_SUCCESS(status) ? PspCaptureParameters(ProcessParameters, &Creation->Parameters) : status;
}

NTSTATUS NTAPI NtCreateUserProcess(PHANDLE ProcessHandle, PHANDLE ThreadHandle, ACCESS_MASK ProcessDesiredAccess,
                                   ACCESS_MASK ThreadDesiredAccess, POBJECT_ATTRIBUTES ProcessObjectAttributes,
                                   POBJECT_ATTRIBUTES ThreadObjectAttributes, ULONG ProcessFlags, ULONG ThreadFlags,
                                   PVOID ProcessParameters, PVOID CreateInfo, PVOID AttributeList)
{
    const ACCESS_MASK access[2] = { ProcessDesiredAccess, ThreadDesiredAccess };
    const ULONG attributes[2] = { ProcessObjectAttributes != NULL ? ProcessObjectAttributes->Attributes : 0,
                                  ThreadObjectAttributes != NULL ? ThreadObjectAttributes->Attributes : 0 };
    PSP_CREATION creation = { 0 };
    HANDLE handles[2];
    PEPROCESS process;
    PETHREAD thread;
    NTSTATUS status = PspCaptureCreation(ProcessParameters, AttributeList, &creation);

    if (NT_SUCCESS(status))
        status = PspMakeProgram(&creation, (ProcessFlags & PSP_INHERIT_HANDLES) != 0, &process, &thread);
    if (!NT_SUCCESS(status)) {
        PspReleaseCreation(&creation);
        return status;
    }
    status = PspOpenBoth(process, thread, access, attributes, handles);
    if (NT_SUCCESS(status)) {
        PspReturnResults(&creation, thread, CreateInfo);
        status = PspStartUserThread(thread, (ThreadFlags & PSP_CREATE_SUSPENDED) != 0);
        if (!NT_SUCCESS(status)) {
            ObCloseHandle(handles[0], UserMode);
            ObCloseHandle(handles[1], UserMode);
        }
    }
    PspReleaseCreation(&creation);
    if (NT_SUCCESS(status)) {
        *ProcessHandle = handles[0];
        *ThreadHandle = handles[1];
    } else {
        PsTerminateProcess(process, status);
    }
    ObfDereferenceObject(thread);
    ObfDereferenceObject(process);
    return status;
}

/* ---- From the kernel ---- */
NTSTATUS PsStartProgram(const PS_PROGRAM *Program, PEPROCESS *Process)
{
    PSP_CREATION creation = { 0 };
    PSP_PARAMETERS *parameters = &creation.Parameters;
    PETHREAD thread;
    NTSTATUS status;

    creation.Parent = PsCurrentProcess();
    ObfReferenceObject(creation.Parent);
    creation.ImageName = Program->Image;
    parameters->Strings[PspImagePathName] = Program->ImagePath;
    parameters->Strings[PspCommandLine] = Program->CommandLine;
    parameters->Strings[PspWindowTitle] = Program->ImagePath;
    parameters->Strings[PspCurrentDirectory] = Program->CurrentDirectory;
    parameters->Environment = Program->Environment;
    parameters->EnvironmentSize = Program->EnvironmentSize;
    parameters->Fixed.ConsoleHandle = Program->Console;
    parameters->Fixed.StandardInput = Program->Input;
    parameters->Fixed.StandardOutput = Program->Output;
    parameters->Fixed.StandardError = Program->Error;
    status = PspMakeProgram(&creation, FALSE, Process, &thread);
    creation.ImageName.Buffer = NULL;            /* the caller's */
    PspReleaseCreation(&creation);
    if (!NT_SUCCESS(status))
        return status;
    status = PspStartUserThread(thread, FALSE);
    ObfDereferenceObject(thread);
    if (!NT_SUCCESS(status))
        ObfDereferenceObject(*Process);
    return status;
}
