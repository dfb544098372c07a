/* SPDX-License-Identifier: MIT
 * Starting programs: NtCreateUserProcess for other programs, PsStartProgram for the kernel.
 */
#include "user.h"
#include "se.h"

#define PSP_BREAKAWAY 0x1u                       /* PROCESS_CREATE_FLAGS_... */
#define PSP_INHERIT_HANDLES 0x4u
#define PSP_CREATE_SUCCESS 6u                    /* PS_CREATE_STATE */
#define PSP_MACHINE 0x8664u                     /* IMAGE_FILE_MACHINE_AMD64 */
#define PSP_IMAGE_IS_DLL 0x2000u                 /* IMAGE_FILE_DLL */
#define PSP_LONGEST_IMAGE_NAME 0x7FFEu

/* What is asked, captured. */
typedef struct PSP_CREATION {
    PSP_ATTRIBUTES Attributes;
    UNICODE_STRING ImageName;                    /* pool */
    PEPROCESS Parent;                            /* referenced */
    PACCESS_TOKEN Token;                         /* referenced, or NULL */
    PSP_PARAMETERS Parameters;
    PVOID Section;                               /* referenced */
    PFILE_OBJECT File;                           /* referenced */
} PSP_CREATION;

/* ---- Capturing ---- */
static NTSTATUS PspReadImageName(PSP_CREATION *Creation)
{
    const PSP_ATTRIBUTE *name = PspFindAttribute(&Creation->Attributes, PspAttributeImageName);

    if (name == NULL || name->Size == 0 || (name->Size & 1) || name->Size > PSP_LONGEST_IMAGE_NAME)
        return STATUS_INVALID_PARAMETER;
    Creation->ImageName.Buffer = ExAllocatePoolWithTag(PagedPool, name->Size, 'nIsP');
    if (Creation->ImageName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Creation->ImageName.Length = Creation->ImageName.MaximumLength = (USHORT)name->Size;
    return MmReadCaller(ObPreviousMode(), Creation->ImageName.Buffer, name->Value, name->Size);
}

static NTSTATUS PspReferenceParent(PSP_CREATION *Creation)
{
    const PSP_ATTRIBUTE *parent = PspFindAttribute(&Creation->Attributes, PspAttributeParent);
    PVOID object = PsCurrentProcess();
    NTSTATUS status = STATUS_SUCCESS;

    if (parent != NULL)
        status = ObReferenceObjectByHandle(parent->Value, PROCESS_CREATE_PROCESS, PspProcessType, ObPreviousMode(), &object, NULL);
    else
        ObfReferenceObject(object);
    if (NT_SUCCESS(status))
        Creation->Parent = object;
    return status;
}

/* NT lets a caller without the privilege give a filtered copy of his own token; here the privilege is needed always. */
static NTSTATUS PspReferenceNewToken(PSP_CREATION *Creation)
{
    const PSP_ATTRIBUTE *attribute = PspFindAttribute(&Creation->Attributes, PspAttributeToken);
    PVOID token;
    NTSTATUS status;

    if (attribute == NULL)
        return STATUS_SUCCESS;
    status = ObReferenceObjectByHandle(attribute->Value, TOKEN_ASSIGN_PRIMARY, SepTokenObjectType, ObPreviousMode(), &token, NULL);
    if (!NT_SUCCESS(status))
        return status;
    Creation->Token = token;
    if (SeTokenType(token) != TokenPrimary)
        return STATUS_BAD_TOKEN_TYPE;
    return SeSinglePrivilegeCheck(SeExports->SeAssignPrimaryTokenPrivilege, ObPreviousMode()) ? STATUS_SUCCESS
                                                                                              : STATUS_PRIVILEGE_NOT_HELD;
}

static VOID PspReleaseCreation(PSP_CREATION *Creation)
{
    PspReleaseParameters(&Creation->Parameters);
    if (Creation->ImageName.Buffer != NULL)
        ExFreePool(Creation->ImageName.Buffer);
    if (Creation->Parent != NULL)
        ObfDereferenceObject(Creation->Parent);
    if (Creation->Token != NULL)
        ObfDereferenceObject(Creation->Token);
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

static NTSTATUS PspTellOfProgram(const PSP_CREATION *Creation, PEPROCESS Process)
{
    return PspNotifyProcessCreate(Process, &Creation->ImageName, Creation->File, &Creation->Parameters.Strings[PspCommandLine]);
}

/* Process and first thread, not started yet; references are the caller's. */
static NTSTATUS PspMakeProgram(PSP_CREATION *Creation, ULONG Flags, PEPROCESS *Process, PETHREAD *Thread)
{
    PSP_NEW_PROCESS new = { Creation->Parent, Creation->Token, NULL, &Creation->ImageName, NULL, &Creation->Parameters, (Flags & PSP_INHERIT_HANDLES) != 0,
                            (Flags & PSP_BREAKAWAY) != 0 };
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
    if (NT_SUCCESS(status)) {
        status = PspTellOfProgram(Creation, *Process);
        if (!NT_SUCCESS(status))
            PspAbandonUserThread(*Thread);
    }
    if (!NT_SUCCESS(status)) {
        PsTerminateProcess(*Process, status);
        ObfDereferenceObject(*Process);
    }
    return status;
}

/* ---- The service ---- */
static NTSTATUS PspTellResults(const PSP_CREATION *Creation, PETHREAD Thread, PVOID CreateInfo)
{
    ULONG state = PSP_CREATE_SUCCESS;
    NTSTATUS status = PspTellOfThread(&Creation->Attributes, Thread);

    if (NT_SUCCESS(status))
        status = PspTellAttribute(&Creation->Attributes, PspAttributeImageInformation, MmSectionImage(Creation->Section),
                                  sizeof(MM_SECTION_IMAGE));
    if (NT_SUCCESS(status) && CreateInfo != NULL)
        status = MmWriteCaller(ObPreviousMode(), (PCHAR)CreateInfo + sizeof(SIZE_T), &state, sizeof(state));
    return status;
}

/* The two handles: of the process, and of its first thread. */
typedef struct PSP_HANDLES {
    ACCESS_MASK Access[2];
    ULONG Attributes[2];
    PHANDLE To[2];
    HANDLE Handles[2];
} PSP_HANDLES;

static NTSTATUS PspReadHandles(POBJECT_ATTRIBUTES Process, POBJECT_ATTRIBUTES Thread, PSP_HANDLES *Handles)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status = PspReadObjectAttributes(Process, &attributes);

    Handles->Attributes[0] = attributes.Attributes;
    if (NT_SUCCESS(status))
        status = PspReadObjectAttributes(Thread, &attributes);
    Handles->Attributes[1] = attributes.Attributes;
    if (NT_SUCCESS(status))
        status = MmProbeCaller(ObPreviousMode(), Handles->To[0], sizeof(HANDLE));
    return NT_SUCCESS(status) ? MmProbeCaller(ObPreviousMode(), Handles->To[1], sizeof(HANDLE)) : status;
}

static NTSTATUS PspOpenBoth(PEPROCESS Process, PETHREAD Thread, PSP_HANDLES *Handles)
{
    NTSTATUS status = ObOpenObjectByPointer(Process, Handles->Attributes[0], NULL, Handles->Access[0], PspProcessType, KernelMode,
                                            &Handles->Handles[0]);

    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(Thread, Handles->Attributes[1], NULL, Handles->Access[1], PspThreadType, KernelMode,
                                   &Handles->Handles[1]);
    if (!NT_SUCCESS(status))
        ObCloseHandle(Handles->Handles[0], ObPreviousMode());
    return status;
}

/* Opens both and tells the caller everything; then the program may run. On failure both handles are closed. */
static NTSTATUS PspHandOverProgram(const PSP_CREATION *Creation, PSP_HANDLES *Handles, PEPROCESS Process, PETHREAD Thread,
                                   PVOID CreateInfo, BOOLEAN Suspended)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = PspOpenBoth(Process, Thread, Handles);

    if (!NT_SUCCESS(status))
        return status;
    status = PspTellResults(Creation, Thread, CreateInfo);
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Handles->To[0], &Handles->Handles[0], sizeof(HANDLE));
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Handles->To[1], &Handles->Handles[1], sizeof(HANDLE));
    if (NT_SUCCESS(status))
        status = PspStartUserThread(Thread, Suspended);
    if (!NT_SUCCESS(status)) {
        ObCloseHandle(Handles->Handles[0], mode);
        ObCloseHandle(Handles->Handles[1], mode);
    }
    return status;
}

static NTSTATUS PspCaptureCreation(const VOID *ProcessParameters, const VOID *AttributeList, PSP_CREATION *Creation)
{
    NTSTATUS status = PspReadAttributes(AttributeList, &Creation->Attributes);

    if (NT_SUCCESS(status))
        status = PspReadImageName(Creation);
    if (NT_SUCCESS(status))
        status = PspReferenceParent(Creation);
    if (NT_SUCCESS(status))
        status = PspReferenceNewToken(Creation);
    return NT_SUCCESS(status) ? PspCaptureParameters(ProcessParameters, &Creation->Parameters) : status;
}

NTSTATUS NTAPI NtCreateUserProcess(PHANDLE ProcessHandle, PHANDLE ThreadHandle, ACCESS_MASK ProcessDesiredAccess,
                                   ACCESS_MASK ThreadDesiredAccess, POBJECT_ATTRIBUTES ProcessObjectAttributes,
                                   POBJECT_ATTRIBUTES ThreadObjectAttributes, ULONG ProcessFlags, ULONG ThreadFlags,
                                   PVOID ProcessParameters, PVOID CreateInfo, PVOID AttributeList)
{
    PSP_HANDLES handles = { { ProcessDesiredAccess, ThreadDesiredAccess }, { 0 }, { ProcessHandle, ThreadHandle }, { 0 } };
    PSP_CREATION creation = { 0 };
    PEPROCESS process;
    PETHREAD thread;
    NTSTATUS status = PspReadHandles(ProcessObjectAttributes, ThreadObjectAttributes, &handles);

    if (NT_SUCCESS(status))
        status = PspCaptureCreation(ProcessParameters, AttributeList, &creation);
    if (NT_SUCCESS(status))
        status = PspMakeProgram(&creation, ProcessFlags, &process, &thread);
    if (!NT_SUCCESS(status)) {
        PspReleaseCreation(&creation);
        return status;
    }
    status = PspHandOverProgram(&creation, &handles, process, thread, CreateInfo, (ThreadFlags & PSP_CREATE_SUSPENDED) != 0);
    PspReleaseCreation(&creation);
    if (!NT_SUCCESS(status))
        PsTerminateProcess(process, status);
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
    status = PspMakeProgram(&creation, 0, Process, &thread);
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
