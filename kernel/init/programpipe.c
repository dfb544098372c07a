/* SPDX-License-Identifier: MIT
 * The pipes between the kernel and the programs of the job.
 */
#include "program.h"
#include "io.h"

#define INIT_PIPE_QUOTA 0x10000u
#define INIT_PIPE_PREFIX L"\\Device\\NamedPipe\\Petrel-"

static volatile LONG InitPipes;

static NTSTATUS InitNamePipe(PUNICODE_STRING Name)
{
    WCHAR buffer[12];
    UNICODE_STRING digits = { 0, sizeof(buffer), buffer };

    RtlAppendUnicodeToString(Name, INIT_PIPE_PREFIX);
    RtlIntegerToUnicodeString((ULONG)InterlockedIncrement(&InitPipes), 10, &digits);
    return RtlAppendUnicodeStringToString(Name, &digits);
}

NTSTATUS InitCreatePipe(BOOLEAN Messages, ACCESS_MASK Access, WCHAR FileName[SMSS_LONGEST_NAME], PHANDLE Pipe)
{
    LARGE_INTEGER timeout = { .QuadPart = -10000000 };
    UNICODE_STRING name = { 0, (SMSS_LONGEST_NAME - 1) * sizeof(WCHAR), FileName };
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL };
    ULONG type = Messages ? FILE_PIPE_MESSAGE_TYPE : FILE_PIPE_BYTE_STREAM_TYPE;
    IO_STATUS_BLOCK result;
    NTSTATUS status;

    RtlZeroMemory(FileName, SMSS_LONGEST_NAME * sizeof(WCHAR));
    status = InitNamePipe(&name);
    if (!NT_SUCCESS(status))
        return status;
    return NtCreateNamedPipeFile(Pipe, Access | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                                 FILE_SYNCHRONOUS_IO_NONALERT, type, Messages ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE,
                                 FILE_PIPE_QUEUE_OPERATION, 1, INIT_PIPE_QUOTA, INIT_PIPE_QUOTA, &timeout);
}

NTSTATUS InitOpenPipe(PCWSTR FileName, ACCESS_MASK Access, PHANDLE Client)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_CASE_INSENSITIVE, NULL, NULL };
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, FileName);
    return ZwOpenFile(Client, Access | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      FILE_SYNCHRONOUS_IO_NONALERT);
}
