/* SPDX-License-Identifier: MIT
 * A program's output: a named pipe whose other end the program has, and which a thread reads into events, in hexadecimal.
 */
#include "program.h"
#include "io.h"
#include "kd.h"

#define INIT_CHUNK 512u                          /* bytes of an event */

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
    NTSTATUS status = ZwFsControlFile(stream->Pipe, NULL, NULL, NULL, &result, FSCTL_PIPE_LISTEN, NULL, 0, NULL, 0);

    while (NT_SUCCESS(status) || status == STATUS_PIPE_CONNECTED) {
        status = ZwReadFile(stream->Pipe, NULL, NULL, NULL, &result, bytes, sizeof(bytes), NULL, NULL);
        if (NT_SUCCESS(status))
            InitReportChunk(stream->Name, bytes, (ULONG)result.Information);
    }
    KeSetEvent(&stream->Ended, 0, FALSE);
}

NTSTATUS InitOpenStream(INIT_STREAM *Stream, PCSTR Name, WCHAR FileName[SMSS_LONGEST_NAME])
{
    NTSTATUS status = InitCreatePipe(FALSE, GENERIC_READ, FileName, &Stream->Pipe);

    if (!NT_SUCCESS(status))
        return status;
    Stream->Name = Name;
    Stream->FileName = FileName;
    KeInitializeEvent(&Stream->Ended, NotificationEvent, FALSE);
    status = InitStartThread(InitReadStream, Stream);
    if (!NT_SUCCESS(status))
        ZwClose(Stream->Pipe);
    return status;
}

VOID InitFinishStream(INIT_STREAM *Stream)
{
    HANDLE client;

    /* Where nobody came the reader waits still. */
    if (NT_SUCCESS(InitOpenPipe(Stream->FileName, FILE_GENERIC_WRITE, &client)))
        ZwClose(client);
    KeWaitForSingleObject(&Stream->Ended, Executive, KernelMode, FALSE, NULL);
    ZwClose(Stream->Pipe);
}
