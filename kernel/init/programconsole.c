/* SPDX-License-Identifier: MIT
 * The handles of a program that a person sits at: drivers/condrv's.
 */
#include "program.h"
#include "io.h"

static NTSTATUS InitOpenConsolePart(PCWSTR Path, PHANDLE Handle)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_CASE_INSENSITIVE, NULL, NULL };
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Path);
    return ZwOpenFile(Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
}

NTSTATUS InitOpenConsole(PS_PROGRAM *Program)
{
    NTSTATUS status = InitOpenConsolePart(L"\\Device\\ConDrv\\Reference", &Program->Console);

    if (NT_SUCCESS(status))
        status = InitOpenConsolePart(L"\\Device\\ConDrv\\Input", &Program->Input);
    if (NT_SUCCESS(status))
        status = InitOpenConsolePart(L"\\Device\\ConDrv\\Output", &Program->Output);
    Program->Error = Program->Output;
    if (!NT_SUCCESS(status))
        InitCloseConsole(Program);
    return status;
}

VOID InitCloseConsole(PS_PROGRAM *Program)
{
    if (Program->Console != NULL)
        ZwClose(Program->Console);
    if (Program->Input != NULL)
        ZwClose(Program->Input);
    if (Program->Output != NULL)
        ZwClose(Program->Output);
}
