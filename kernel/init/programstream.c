/* SPDX-License-Identifier: MIT
 * A program's output: a named pipe whose other end a thread reads into events, in hexadecimal.
 */
#include "program.h"
#include "io.h"
#include "kd.h"

#define INIT_CHUNK 512u                          /* bytes of an event */
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

static VOID InitReportChunk(PCSTR Stream, const UCHAR *Bytes, ULONG Count)
{
    static const CHAR digits[] = "0123456789abcdef";
    CHAR text[2 * INIT_CHUNK + 1];
    ULONG i;

    for (i = 0; i < Count; i++) {
        text[2 * i] = digits[Bytes[i] >> 4];
        text[2 * i + 1] = digits[Bytes[i] & 15];
    }
    text[2 * Count] = '\0';
    KdBeginEvent("output");
    KdEventText("stream", Stream);
    KdEventText("hex", text);
    KdEndEvent();
}

static VOID InitReadStream(PVOID Context)
{
    INIT_STREAM *stream = Context;
    UCHAR bytes[INIT_CHUNK];
    IO_STATUS_BLOCK result;
    NTSTATUS status;

    do {
        status = ZwReadFile(stream->Ours, NULL, NULL, NULL, &result, bytes, sizeof(bytes), NULL, NULL);
        if (NT_SUCCESS(status))
            InitReportChunk(stream->Name, bytes, (ULONG)result.Information);
    } while (NT_SUCCESS(status));
    KeSetEvent(&stream->Ended, 0, FALSE);
}

NTSTATUS InitOpenStream(INIT_STREAM *Stream, PCSTR Name)
{
    LARGE_INTEGER timeout = { .QuadPart = -10000000 };
    WCHAR buffer[48];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_CASE_INSENSITIVE, NULL, NULL };
    IO_STATUS_BLOCK result;
    NTSTATUS status = InitNamePipe(&name);

    Stream->Name = Name;
    KeInitializeEvent(&Stream->Ended, NotificationEvent, FALSE);
    if (NT_SUCCESS(status))
        status = NtCreateNamedPipeFile(&Stream->Ours, GENERIC_READ | SYNCHRONIZE, &attributes, &result, FILE_SHARE_WRITE, FILE_CREATE,
                                       FILE_SYNCHRONOUS_IO_NONALERT, 0, 0, 0, 1, INIT_PIPE_QUOTA, INIT_PIPE_QUOTA, &timeout);
    if (!NT_SUCCESS(status))
        return status;
    status = ZwOpenFile(&Stream->Theirs, FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES, &attributes, &result, FILE_SHARE_READ,
                        FILE_SYNCHRONOUS_IO_NONALERT);
    if (NT_SUCCESS(status))
        status = InitStartThread(InitReadStream, Stream);
    if (!NT_SUCCESS(status))
        ZwClose(Stream->Ours);
    return status;
}

VOID InitFinishStream(INIT_STREAM *Stream)
{
    KeWaitForSingleObject(&Stream->Ended, Executive, KernelMode, FALSE, NULL);
    ZwClose(Stream->Ours);
}
