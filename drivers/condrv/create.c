/* SPDX-License-Identifier: MIT
 * What can be opened: \Device\ConDrv\NAME, or NAME from any handle of this driver.
 */
#include "condrv.h"

typedef struct CD_NAME {
    UNICODE_STRING Name;
    CD_KIND Kind;
    BOOLEAN IsNew;                               /* a screen buffer of its own */
} CD_NAME;

static const CD_NAME Names[] = {
    { RTL_CONSTANT_STRING(L"Reference"), CdReference, FALSE },
    { RTL_CONSTANT_STRING(L"Connection"), CdConnection, FALSE },
    { RTL_CONSTANT_STRING(L"Connect"), CdConnection, FALSE },
    { RTL_CONSTANT_STRING(L"Input"), CdInput, FALSE },
    { RTL_CONSTANT_STRING(L"CurrentIn"), CdInput, FALSE },
    { RTL_CONSTANT_STRING(L"Output"), CdOutput, FALSE },
    { RTL_CONSTANT_STRING(L"CurrentOut"), CdOutput, FALSE },
    { RTL_CONSTANT_STRING(L"ScreenBuffer"), CdOutput, TRUE },
};

/* Input or output, as the opener means to use it. */
static const CD_NAME *CdFindConsole(PIO_STACK_LOCATION Location)
{
    ACCESS_MASK access = Location->Parameters.Create.SecurityContext->DesiredAccess;
    static const CD_NAME input = { RTL_CONSTANT_STRING(L"Console"), CdInput, FALSE };
    static const CD_NAME output = { RTL_CONSTANT_STRING(L"Console"), CdOutput, FALSE };

    return access & (FILE_WRITE_DATA | FILE_APPEND_DATA | GENERIC_WRITE) ? &output : &input;
}

/* STATUS_NOT_SUPPORTED: a console of a program's own, whose server it would be. */
static NTSTATUS CdFindName(PIO_STACK_LOCATION Location, const CD_NAME **Found)
{
    static const CD_NAME device = { RTL_CONSTANT_STRING(L""), CdReference, FALSE };
    static const UNICODE_STRING console = RTL_CONSTANT_STRING(L"Console"), server = RTL_CONSTANT_STRING(L"Server");
    UNICODE_STRING name = Location->FileObject->FileName;
    ULONG i;

    if (name.Length >= sizeof(WCHAR) && name.Buffer[0] == L'\\') {
        name.Buffer++;
        name.Length -= sizeof(WCHAR);
    }
    *Found = name.Length == 0 ? &device : RtlEqualUnicodeString(&name, &console, TRUE) ? CdFindConsole(Location) : NULL;
    for (i = 0; *Found == NULL && i < RTL_NUMBER_OF(Names); i++)
        if (RtlEqualUnicodeString(&name, &Names[i].Name, TRUE))
            *Found = &Names[i];
    if (*Found != NULL)
        return STATUS_SUCCESS;
    return RtlEqualUnicodeString(&name, &server, TRUE) ? STATUS_NOT_SUPPORTED : STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS CdTakeScreen(CD_FILE *File, BOOLEAN IsNew)
{
    CdLock();
    if (IsNew) {
        File->Screen = CdNewScreenLocked();
    } else {
        File->Screen = CdConsole.Active;
        CdReferenceScreenLocked(File->Screen);
    }
    CdUnlock();
    return File->Screen != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS CdMakeFile(const CD_NAME *Name, CD_FILE **Made)
{
    CD_FILE *file = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*file), CD_TAG);
    NTSTATUS status = STATUS_SUCCESS;

    if (file == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(file, sizeof(*file));
    file->Kind = Name->Kind;
    if (Name->Kind == CdOutput)
        status = CdTakeScreen(file, Name->IsNew);
    else if (Name->Kind == CdConnection)
        status = CdAttach(file);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(file, CD_TAG);
        return status;
    }
    *Made = file;
    return STATUS_SUCCESS;
}

/* A wait for an input handle is a wait for input: the file says so (FO_INDIRECT_WAIT_OBJECT), and with what. */
NTSTATUS CdCreate(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    const CD_NAME *name;
    CD_FILE *made;
    NTSTATUS status = CdFindName(Location, &name);

    if (NT_SUCCESS(status) && (Location->Parameters.Create.Options & FILE_DIRECTORY_FILE))
        status = STATUS_NOT_A_DIRECTORY;
    if (NT_SUCCESS(status))
        status = CdStartSerial();
    if (NT_SUCCESS(status))
        status = CdMakeFile(name, &made);
    if (!NT_SUCCESS(status))
        return status;
    file->FsContext = made;
    if (made->Kind == CdInput) {
        file->FsContext2 = &CdConsole.HasInput;
        file->Flags |= FO_INDIRECT_WAIT_OBJECT;
    }
    Irp->IoStatus.Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

NTSTATUS CdCleanup(PIRP Irp, PIO_STACK_LOCATION Location)
{
    CD_FILE *file = Location->FileObject->FsContext;

    if (file->Kind == CdInput)
        CdCancelReads(Location->FileObject);
    else if (file->Kind == CdConnection)
        CdDetach(file);
    return STATUS_SUCCESS;
}

NTSTATUS CdClose(PIRP Irp, PIO_STACK_LOCATION Location)
{
    CD_FILE *file = Location->FileObject->FsContext;

    if (file->Screen != NULL) {
        CdLock();
        CdDereferenceScreenLocked(file->Screen);
        CdUnlock();
    }
    if (file->Process != NULL)
        ObDereferenceObject(file->Process);
    Location->FileObject->FsContext = NULL;
    ExFreePoolWithTag(file, CD_TAG);
    return STATUS_SUCCESS;
}
