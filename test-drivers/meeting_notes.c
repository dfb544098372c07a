/* SPDX-License-Identifier: MIT
 * What meeting.sys is told of processes, threads and images, one line each, for the program that watches its children.
 */
#include "meeting_driver.h"
#include <ntstrsafe.h>

#define CHILDREN 16

static FAST_MUTEX Lock;
static CHAR Notes[MEETING_SIZE];                 /* Lock, as all below */
static ULONG Length, ChildCount;
static HANDLE Watcher, Children[CHILDREN];
static WCHAR RefusedText[64];
static UNICODE_STRING Refused = { 0, sizeof(RefusedText), RefusedText };

static VOID Note(PCSTR Format, ...)
{
    va_list arguments;
    size_t left = 0;

    va_start(arguments, Format);
    if (NT_SUCCESS(RtlStringCbVPrintfExA(Notes + Length, sizeof(Notes) - Length, NULL, &left, 0, Format, arguments)))
        Length = (ULONG)(sizeof(Notes) - left);
    va_end(arguments);
}

static BOOLEAN IsChild(HANDLE Process)
{
    ULONG i;
    for (i = 0; i < ChildCount; i++)
        if (Children[i] == Process)
            return TRUE;
    return FALSE;
}

static BOOLEAN EndsWith(PCUNICODE_STRING Text, PCUNICODE_STRING End)
{
    UNICODE_STRING tail = { End->Length, End->Length, NULL };

    if (End->Length == 0 || Text == NULL || Text->Length < End->Length)
        return FALSE;
    tail.Buffer = Text->Buffer + (Text->Length - End->Length) / sizeof(WCHAR);
    return RtlEqualUnicodeString(&tail, End, TRUE);
}

/* ---- Told ---- */
static VOID NTAPI OnProcess(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info)
{
    ExAcquireFastMutex(&Lock);
    if (Info == NULL) {
        if (IsChild(Id))
            Note("end of a process%s\n", PsGetCurrentProcessId() == Id ? "" : ", told elsewhere");
    } else if (Info->ParentProcessId == Watcher && Watcher != NULL && ChildCount < CHILDREN) {
        Children[ChildCount++] = Id;
        Note("process %wZ (%s) of %wZ, by %s, file %wZ\n", Info->ImageFileName, Info->FileOpenNameAvailable ? "whole name" : "a name",
             Info->CommandLine, Info->CreatingThreadId.UniqueProcess == Watcher ? "its parent" : "somebody",
             Info->FileObject != NULL ? &Info->FileObject->FileName : NULL);
        if (EndsWith(Info->CommandLine, &Refused)) {
            Info->CreationStatus = STATUS_ACCESS_DENIED;
            Note("which is refused\n");
        }
    }
    ExReleaseFastMutex(&Lock);
}

static VOID NoteThread(PCSTR Kind, HANDLE Process, HANDLE Thread, BOOLEAN Create)
{
    ExAcquireFastMutex(&Lock);
    if (IsChild(Process))
        Note("%s: a thread %s, told %s\n", Kind, Create ? "begins" : "ends", Thread == PsGetCurrentThreadId() ? "by itself" : "by another");
    ExReleaseFastMutex(&Lock);
}

static VOID NTAPI OnThread(HANDLE Process, HANDLE Thread, BOOLEAN Create) { NoteThread("thread", Process, Thread, Create); }
static VOID NTAPI OnUserThread(HANDLE Process, HANDLE Thread, BOOLEAN Create) { NoteThread("user thread", Process, Thread, Create); }

static VOID NTAPI OnImage(PUNICODE_STRING Name, HANDLE Process, PIMAGE_INFO Info)
{
    PIMAGE_INFO_EX more = CONTAINING_RECORD(Info, IMAGE_INFO_EX, ImageInfo);

    ExAcquireFastMutex(&Lock);
    if (IsChild(Process))
        Note("image %wZ%s%s%s\n", Name, Info->SystemModeImage ? ", of the system" : "",
             Info->ExtendedInfoPresent && more->FileObject != NULL && more->Size == sizeof(*more) ? ", with file" : "",
             Info->ImageBase != NULL && Info->ImageSize != 0 && PsGetCurrentProcessId() == Process ? "" : ", odd");
    ExReleaseFastMutex(&Lock);
}

/* ---- For the device ---- */
NTSTATUS NoteSum(ULONG Sum)
{
    ExAcquireFastMutex(&Lock);
    Note("sum %lu\n", Sum);
    ExReleaseFastMutex(&Lock);
    return STATUS_SUCCESS;
}

NTSTATUS NoteWatch(PCWSTR RefusedEnd, ULONG Bytes)
{
    if (Bytes > sizeof(RefusedText) || Bytes % sizeof(WCHAR) != 0)
        return STATUS_INVALID_PARAMETER;
    ExAcquireFastMutex(&Lock);
    Watcher = PsGetCurrentProcessId();
    ChildCount = 0;
    RtlCopyMemory(RefusedText, RefusedEnd, Bytes);
    Refused.Length = (USHORT)Bytes;
    ExReleaseFastMutex(&Lock);
    return STATUS_SUCCESS;
}

ULONG NoteTake(PCHAR To, ULONG Room)
{
    ULONG taken;

    ExAcquireFastMutex(&Lock);
    taken = min(Length, Room);
    RtlCopyMemory(To, Notes, taken);
    Length = 0;
    ExReleaseFastMutex(&Lock);
    return taken;
}

/* The DDK's headers here do not know it: type 0 is threads in user mode only. */
static NTSTATUS WatchUserThreads(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"PsSetCreateThreadNotifyRoutineEx");
    NTSTATUS (NTAPI *set)(ULONG, PVOID) = (NTSTATUS (NTAPI *)(ULONG, PVOID))(ULONG_PTR)MmGetSystemRoutineAddress(&name);

    return set != NULL ? set(0, (PVOID)(ULONG_PTR)OnUserThread) : STATUS_PROCEDURE_NOT_FOUND;
}

NTSTATUS NoteStart(VOID)
{
    NTSTATUS status;

    ExInitializeFastMutex(&Lock);
    status = PsSetCreateProcessNotifyRoutineEx(OnProcess, FALSE);
    if (!NT_SUCCESS(status))
        return status;
    status = PsSetCreateThreadNotifyRoutine(OnThread);
    if (NT_SUCCESS(status))
        status = WatchUserThreads();
    if (NT_SUCCESS(status))
        status = PsSetLoadImageNotifyRoutine(OnImage);
    if (!NT_SUCCESS(status))
        NoteStop();
    return status;
}

VOID NoteStop(VOID)
{
    PsRemoveLoadImageNotifyRoutine(OnImage);
    PsRemoveCreateThreadNotifyRoutine(OnThread);
    PsRemoveCreateThreadNotifyRoutine(OnUserThread);
    PsSetCreateProcessNotifyRoutineEx(OnProcess, TRUE);
}
