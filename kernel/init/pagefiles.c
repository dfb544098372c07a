/* SPDX-License-Identifier: MIT
 * The page files of the registry's PagingFiles, strings of the form `C:\pagefile.sys 64 128`: the path, the least and the most size in
 * MiB. Both 0: the system chooses, as much as there is RAM. A file that cannot be made is told, and the machine runs without.
 */
#include "initp.h"
#include "io.h"
#include "kd.h"

#define INIT_LONGEST_PAGE_FILE 256u              /* characters */
#define INIT_MIB 20u

/* The number behind the blanks at *Text. */
static ULONG64 InitTakeNumber(PCWSTR *Text)
{
    ULONG64 number = 0;

    while (**Text == L' ')
        ++*Text;
    for (; **Text >= L'0' && **Text <= L'9' && number < MAXLONG; ++*Text)
        number = number * 10 + (ULONG64)(**Text - L'0');
    return number;
}

static VOID InitTellPageFile(NTSTATUS Status)
{
    KdBeginEvent("log");
    KdEventText("level", "warning");
    KdEventText("text", "a page file cannot be made");
    KdEventCode("status", (ULONG)Status);
    KdEndEvent();
}

/* Where the blanks before the number begin that ends there; no number: there. */
static PCWSTR InitSkipNumberBack(PCWSTR Text, PCWSTR End)
{
    PCWSTR at = End, number;

    while (at > Text && at[-1] == L' ')
        at--;
    number = at;
    while (at > Text && at[-1] >= L'0' && at[-1] <= L'9')
        at--;
    if (at == number || at == Text || at[-1] != L' ')
        return End;
    while (at > Text && at[-1] == L' ')
        at--;
    return at;
}

static NTSTATUS InitCreatePageFile(PCWSTR Text)
{
    WCHAR buffer[INIT_LONGEST_PAGE_FILE];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer }, path;
    PCWSTR numbers = InitSkipNumberBack(Text, InitSkipNumberBack(Text, Text + wcslen(Text)));
    LARGE_INTEGER least, most;
    MM_STATISTICS memory;

    path = (UNICODE_STRING){ (USHORT)((numbers - Text) * sizeof(WCHAR)), (USHORT)((numbers - Text) * sizeof(WCHAR)), (PWCHAR)Text };
    RtlAppendUnicodeToString(&name, L"\\??\\");
    if (!NT_SUCCESS(RtlAppendUnicodeStringToString(&name, &path)))
        return STATUS_NAME_TOO_LONG;
    MmQueryStatistics(&memory);
    least.QuadPart = (LONG64)(InitTakeNumber(&numbers) << INIT_MIB);
    most.QuadPart = (LONG64)(InitTakeNumber(&numbers) << INIT_MIB);
    if (least.QuadPart == 0)
        least.QuadPart = (LONG64)(memory.TotalPages << PAGE_SHIFT);
    if (most.QuadPart == 0)
        most = least;
    return ZwCreatePagingFile(&name, &least, &most, 0);
}

static NTSTATUS NTAPI InitVisitPageFile(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context, PVOID Entry)
{
    NTSTATUS status = STATUS_OBJECT_TYPE_MISMATCH;

    (void)Name, (void)Context, (void)Entry;
    if (Type == REG_SZ && Length >= sizeof(WCHAR))
        status = ((PCWSTR)Data)[0] != L'\0' ? InitCreatePageFile(Data) : STATUS_SUCCESS;
    if (!NT_SUCCESS(status))
        InitTellPageFile(status);
    return STATUS_SUCCESS;                       /* the next may succeed */
}

VOID InitCreatePageFiles(VOID)
{
    /* Each string of a REG_MULTI_SZ is a call. */
    RTL_QUERY_REGISTRY_TABLE table[2] = { { InitVisitPageFile, 0, L"PagingFiles", NULL, REG_NONE, NULL, 0 } };

    RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager\\Memory Management", table, NULL, NULL);
}
