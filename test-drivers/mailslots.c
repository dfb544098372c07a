/* SPDX-License-Identifier: MIT
 * Mailslots: created, written by others, read whole, waited for, enumerated, closed.
 */
#include <ntifs.h>
#include "check.h"
#include "thread.h"

#define DEVICE L"\\Device\\Mailslot"
#define NAME DEVICE L"\\box"
#define WRITERS 3
#define LETTERS 100

DRIVER_INITIALIZE DriverEntry;

static const LARGE_INTEGER Forever = { .QuadPart = -1 }, Never = { .QuadPart = 0 }, Shortly = { .QuadPart = -100000 };

static NTSTATUS CreateSlot(PCWSTR Name, ULONG Quota, ULONG Maximum, LARGE_INTEGER Timeout, HANDLE *Slot)
{
    MAILSLOT_CREATE_PARAMETERS parameters = { Quota, Maximum, Timeout, TRUE };
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return IoCreateFile(Slot, GENERIC_READ | SYNCHRONIZE, &attributes, &result, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_CREATE,
                        FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, CreateFileTypeMailslot, &parameters, 0);
}

static NTSTATUS Open(PCWSTR Name, ACCESS_MASK Access, HANDLE *File)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwOpenFile(File, Access, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS Send(HANDLE File, PCSTR Text, ULONG Length)
{
    IO_STATUS_BLOCK result;
    return ZwWriteFile(File, NULL, NULL, NULL, &result, (PVOID)Text, Length, NULL, NULL);
}

static NTSTATUS Get(HANDLE Slot, PVOID Buffer, ULONG Length, PULONG Bytes)
{
    IO_STATUS_BLOCK result = { { 0 }, 0 };
    NTSTATUS status = ZwReadFile(Slot, NULL, NULL, NULL, &result, Buffer, Length, NULL, NULL);

    *Bytes = NT_SUCCESS(status) ? (ULONG)result.Information : 0;
    return status;
}

static NTSTATUS SetTimeout(HANDLE Slot, LARGE_INTEGER Timeout)
{
    FILE_MAILSLOT_SET_INFORMATION set = { &Timeout };
    IO_STATUS_BLOCK result;
    return ZwSetInformationFile(Slot, &result, &set, sizeof(set), FileMailslotSetInformation);
}

static FILE_MAILSLOT_QUERY_INFORMATION Query(HANDLE Slot)
{
    FILE_MAILSLOT_QUERY_INFORMATION query = { 0 };
    IO_STATUS_BLOCK result;

    CheckStatus(ZwQueryInformationFile(Slot, &result, &query, sizeof(query), FileMailslotQueryInformation), STATUS_SUCCESS, "query");
    return query;
}

static VOID TestMessages(HANDLE Slot, HANDLE File)
{
    UCHAR buffer[16];
    ULONG bytes;

    CheckStatus(Get(Slot, buffer, 16, &bytes), STATUS_IO_TIMEOUT, "nothing, and nobody waits");
    CheckStatus(Send(File, "first", 5), STATUS_SUCCESS, "a letter");
    CheckStatus(Send(File, "second one", 10), STATUS_SUCCESS, "another");
    CheckStatus(Send(File, "much too long", 13), STATUS_INVALID_PARAMETER, "longer than any");
    CheckStatus(Send(File, "full now", 8), STATUS_QUOTA_EXCEEDED, "no room for it");
    Check(Query(Slot).MessagesAvailable == 2 && Query(Slot).NextMessageSize == 5 && Query(Slot).MaximumMessageSize == 12 &&
              Query(Slot).MailslotQuota == 20,
          "two letters");
    CheckStatus(Get(Slot, buffer, 4, &bytes), STATUS_BUFFER_TOO_SMALL, "a small buffer");
    CheckStatus(Get(Slot, buffer, 16, &bytes), STATUS_SUCCESS, "it is still there");
    Check(bytes == 5 && RtlCompareMemory(buffer, "first", 5) == 5, "the first");
    CheckStatus(Get(Slot, buffer, 10, &bytes), STATUS_SUCCESS, "the other");
    Check(bytes == 10 && Query(Slot).NextMessageSize == 0xFFFFFFFF, "no more");
    CheckStatus(Get(File, buffer, 16, &bytes), STATUS_INVALID_PARAMETER, "writers do not read");
    CheckStatus(Send(Slot, "x", 1), STATUS_INVALID_PARAMETER, "nor do readers write");
}

static VOID TestTimeouts(HANDLE Slot)
{
    LARGE_INTEGER late = { .QuadPart = 5 };
    UCHAR buffer[16];
    ULONG bytes;

    CheckStatus(SetTimeout(Slot, Shortly), STATUS_SUCCESS, "wait a while");
    Check(Query(Slot).ReadTimeout.QuadPart == Shortly.QuadPart, "a while");
    CheckStatus(Get(Slot, buffer, 16, &bytes), STATUS_IO_TIMEOUT, "nothing came");
    CheckStatus(SetTimeout(Slot, late), STATUS_INVALID_PARAMETER, "no moment in the past");
}

static VOID TestNames(HANDLE Slot)
{
    UCHAR space[256];
    PFILE_DIRECTORY_INFORMATION entry = (PFILE_DIRECTORY_INFORMATION)space;
    UNICODE_STRING pattern = RTL_CONSTANT_STRING(L"B?X");
    IO_STATUS_BLOCK result;
    HANDLE other;

    CheckStatus(CreateSlot(NAME, 0, 0, Never, &other), STATUS_OBJECT_NAME_COLLISION, "the same once more");
    CheckStatus(CreateSlot(DEVICE L"\\", 0, 0, Never, &other), STATUS_OBJECT_NAME_INVALID, "without a name");
    CheckStatus(Open(DEVICE L"\\other", GENERIC_WRITE | SYNCHRONIZE, &other), STATUS_OBJECT_NAME_NOT_FOUND, "nothing there");
    if (!CheckStatus(Open(L"\\??\\MAILSLOT\\", FILE_LIST_DIRECTORY | SYNCHRONIZE, &other), STATUS_SUCCESS, "the directory"))
        return;
    CheckStatus(ZwQueryDirectoryFile(other, NULL, NULL, NULL, &result, space, sizeof(space), FileDirectoryInformation, TRUE, &pattern, FALSE),
                STATUS_SUCCESS, "what is there");
    Check(entry->FileNameLength == 6 && RtlCompareMemory(entry->FileName, L"box", 6) == 6, "the box");
    ZwClose(other);
}

/* ---- Threads ---- */
static volatile LONG NextWriter;

static VOID NTAPI Writer(PVOID Context)
{
    ULONG letter[2] = { (ULONG)InterlockedIncrement(&NextWriter) - 1, 0 };
    HANDLE file;

    if (CheckStatus(Open(NAME, GENERIC_WRITE | SYNCHRONIZE, &file), STATUS_SUCCESS, "a writer")) {
        for (; letter[1] < LETTERS; letter[1]++)
            CheckStatus(Send(file, (PCSTR)letter, sizeof(letter)), STATUS_SUCCESS, "its letter");
        ZwClose(file);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* The letters of each writer come in order. */
static VOID TestThreads(VOID)
{
    ULONG next[WRITERS] = { 0 }, letter[2], bytes, i;
    PVOID threads[WRITERS];
    BOOLEAN right = TRUE;
    HANDLE slot;

    if (!CheckStatus(CreateSlot(NAME, 0, 0, Forever, &slot), STATUS_SUCCESS, "a mailslot that waits"))
        return;
    for (i = 0; i < WRITERS; i++)
        threads[i] = StartThread(Writer, NULL);
    for (i = 0; i < WRITERS * LETTERS; i++) {
        right = right && Get(slot, letter, sizeof(letter), &bytes) == STATUS_SUCCESS && bytes == 8 && letter[0] < WRITERS &&
                letter[1] == next[letter[0]]++;
        if (!right)
            break;
    }
    for (i = 0; i < WRITERS; i++)
        JoinThread(threads[i]);
    Check(right, "every letter, in order");
    ZwClose(slot);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE slot, file;

    DriverObject->DriverUnload = Unload;
    if (!CheckStatus(CreateSlot(NAME, 20, 12, Never, &slot), STATUS_SUCCESS, "a mailslot"))
        return CheckResult();
    if (CheckStatus(Open(NAME, GENERIC_WRITE | SYNCHRONIZE, &file), STATUS_SUCCESS, "to write to it")) {
        TestMessages(slot, file);
        TestTimeouts(slot);
        TestNames(slot);
        ZwClose(slot);
        CheckStatus(Send(file, "x", 1), STATUS_FILE_FORCED_CLOSED, "nobody reads it any more");
        ZwClose(file);
    }
    TestThreads();
    return CheckResult();
}
