/* SPDX-License-Identifier: MIT
 * The control codes: which handles each is for, how much it needs, who does it.
 */
#include "message.h"

#define CD_ANY (CdReference | CdConnection | CdInput | CdOutput)
#define CD_ASK(Function) CTL_CODE(CD_DEVICE_TYPE, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CD_GET(Function) CTL_CODE(CD_DEVICE_TYPE, Function, METHOD_BUFFERED, FILE_READ_ACCESS)
#define CD_SET(Function) CTL_CODE(CD_DEVICE_TYPE, Function, METHOD_BUFFERED, FILE_WRITE_ACCESS)

typedef struct CD_CODE {
    ULONG Code;
    ULONG Kinds;
    ULONG LeastInput, LeastOutput;
    CD_CONTROL *Routine;
} CD_CODE;

static const CD_CODE Codes[] = {
    { CD_GET(0), CdInput | CdOutput, 0, 4, CdGetMode },
    { CD_SET(1), CdInput | CdOutput, 4, 0, CdSetMode },
    { CD_ASK(2), CD_ANY, 0, 0, CdIsUnix },
    { CD_GET(10), CdInput, 0, 0, CdReadConsole },
    { CD_GET(11), CdInput, 0, 0, CdReadConsole },
    { CD_GET(12), CdInput, 0, 0, CdReadInput },
    { CD_SET(13), CdInput, 0, 0, CdWriteInput },
    { CD_GET(14), CdInput, 0, 0, CdPeekInput },
    { CD_GET(15), CD_ANY, 0, 8, CdGetInputInfo },
    { CD_SET(16), CD_ANY, 12, 0, CdSetInputInfo },
    { CD_GET(17), CD_ANY, 0, 4, CdGetTitle },
    { CD_SET(18), CD_ANY, 0, 0, CdSetTitle },
    { CD_ASK(19), CD_ANY, 8, 0, CdControlEvent },
    { CD_ASK(20), CD_ANY, 0, 0, CdBeep },
    { CD_ASK(21), CD_ANY, 0, 0, CdFlushInput },
    { CD_ASK(22), CD_ANY, 0, 4, CdGetWindow },
    { CD_GET(22), CD_ANY, 0, 4, CdGetWindow },
    { CD_ASK(23), CD_ANY, 0, 0, CdListProcesses },
    { CD_GET(24), CdInput, 4, 0, CdReadConsole },
    { CD_GET(25), CdInput, 0, 4, CdCountInput },
    { CD_SET(30), CdOutput, 0, 0, CdWriteConsole },
    { CD_SET(31), CdOutput, 0, 0, CdWriteFile },
    { CD_GET(32), CdOutput, 16, 0, CdReadOutput },
    { CD_SET(33), CdOutput, 16, 0, CdWriteOutput },
    { CD_GET(34), CdOutput, 0, 4, CdGetOutputInfo },
    { CD_SET(35), CdOutput, 104, 0, CdSetOutputInfo },
    { CD_SET(36), CdOutput, 0, 0, CdActivate },
    { CD_SET(37), CdOutput, 24, 0, CdFillOutput },
    { CD_SET(38), CdOutput, 24, 0, CdScrollOutput },
    { CD_ASK(51), CdConnection, 4, 0, CdBindProcess },
    { CD_ISSUE_USER_IO, CD_ANY, 16, 0, CdIssueUserIo },
};

static NTSTATUS CdDecode(CD_REQUEST *Request, ULONG Code, const CD_CODE **Found)
{
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(Codes); i++)
        if (Codes[i].Code == Code)
            break;
    if (i == RTL_NUMBER_OF(Codes))
        return STATUS_INVALID_DEVICE_REQUEST;
    if (!(Codes[i].Kinds & Request->File->Kind))
        return STATUS_INVALID_HANDLE;
    if (Request->InputLength < Codes[i].LeastInput || Request->OutputLength < Codes[i].LeastOutput)
        return STATUS_BUFFER_TOO_SMALL;
    *Found = &Codes[i];
    return STATUS_SUCCESS;
}

NTSTATUS CdControl(PIRP Irp, PIO_STACK_LOCATION Location)
{
    CD_REQUEST request = { Irp, Location->FileObject->FsContext, Irp->AssociatedIrp.SystemBuffer,
                           Location->Parameters.DeviceIoControl.InputBufferLength,
                           Location->Parameters.DeviceIoControl.OutputBufferLength, 0 };
    const CD_CODE *code;
    NTSTATUS status = CdDecode(&request, Location->Parameters.DeviceIoControl.IoControlCode, &code);

    if (NT_SUCCESS(status))
        status = code->Routine(&request);
    if (status != STATUS_PENDING)                /* a request that waits may be gone by now */
        Irp->IoStatus.Information = request.Information;
    return status;
}

/* It is no file of any size. */
NTSTATUS CdQueryInformation(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_STANDARD_INFORMATION standard = Irp->AssociatedIrp.SystemBuffer;

    if (Location->Parameters.QueryFile.FileInformationClass != FileStandardInformation)
        return STATUS_INVALID_INFO_CLASS;
    RtlZeroMemory(standard, sizeof(*standard));
    standard->NumberOfLinks = 1;
    Irp->IoStatus.Information = sizeof(*standard);
    return STATUS_SUCCESS;
}
