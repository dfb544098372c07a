/* SPDX-License-Identifier: MIT
 * From a number to its service. Numbers with bit 12 are win32k's, of which there is none.
 */
#include "svcp.h"
#include "kd.h"
#include "rtl.h"
#include "../../pe/pe.h"

#define SVC_STUB_BYTES 21u
#define TAG_NAME 'mNvS'

static SVC_NUMBER SvcNumbers[SVC_NUMBERS];

typedef NTSTATUS SVC_ROUTINE_4(ULONG64, ULONG64, ULONG64, ULONG64);
typedef NTSTATUS SVC_ROUTINE(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                             ULONG64, ULONG64, ULONG64, ULONG64, ULONG64);

static NTSTATUS SvcInvoke(const SVC_SERVICE *Service, const ULONG64 *A)
{
    return ((SVC_ROUTINE *)(ULONG_PTR)Service->Routine)(A[0], A[1], A[2], A[3], A[4], A[5], A[6], A[7], A[8], A[9], A[10], A[11], A[12],
                                                         A[13], A[14], A[15], A[16]);
}

static NTSTATUS SvcReadUser(PVOID To, ULONG64 From, SIZE_T Bytes) { return MmReadCaller(UserMode, To, (PVOID)From, Bytes); }

/* The arguments behind the fourth lie above the return address and the four home slots. */
static NTSTATUS SvcCallWithStack(const SVC_SERVICE *Service, const KTRAP_FRAME *Trap)
{
    ULONG64 arguments[SVC_ARGUMENTS];
    NTSTATUS status = SvcReadUser(arguments + SVC_REGISTER_ARGUMENTS, Trap->Rsp + 0x28,
                                  (Service->Count - SVC_REGISTER_ARGUMENTS) * sizeof(ULONG64));

    if (!NT_SUCCESS(status))
        return status;
    arguments[0] = Trap->R10;
    arguments[1] = Trap->Rdx;
    arguments[2] = Trap->R8;
    arguments[3] = Trap->R9;
    return SvcInvoke(Service, arguments);
}

static NTSTATUS SvcMiss(ULONG Number)
{
    if (Number >= SVC_NUMBERS || SvcNumbers[Number].Name == NULL)
        return STATUS_INVALID_SYSTEM_SERVICE;
    InterlockedIncrement(&SvcNumbers[Number].Missed);
    return STATUS_NOT_IMPLEMENTED;
}

static NTSTATUS SvcDispatch(PKTRAP_FRAME Trap)
{
    ULONG number = (ULONG)Trap->Rax;
    const SVC_SERVICE *service = number < SVC_NUMBERS ? SvcNumbers[number].Service : NULL;

    if (service == NULL)
        return SvcMiss(number);
    if (service->Count <= SVC_REGISTER_ARGUMENTS)
        return ((SVC_ROUTINE_4 *)(ULONG_PTR)service->Routine)(Trap->R10, Trap->Rdx, Trap->R8, Trap->R9);
    return SvcCallWithStack(service, Trap);
}

/* The name in the OBJECT_ATTRIBUTES that most services that open or create take third, cut to what fits. */
static VOID SvcReadTraceName(PCSTR Service, const KTRAP_FRAME *Trap, PUNICODE_STRING Name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;

    Name->Length = 0;
    if ((strncmp(Service, "NtOpen", 6) != 0 && strncmp(Service, "NtCreate", 8) != 0) ||
        !NT_SUCCESS(SvcReadUser(&attributes, Trap->R8, sizeof(attributes))) || attributes.Length != sizeof(attributes) ||
        !NT_SUCCESS(SvcReadUser(&string, (ULONG64)attributes.ObjectName, sizeof(string))))
        return;
    string.Length = min(string.Length, Name->MaximumLength);
    if (NT_SUCCESS(SvcReadUser(Name->Buffer, (ULONG64)string.Buffer, string.Length)))
        Name->Length = string.Length;
}

static VOID SvcTrace(PCSTR Service, const KTRAP_FRAME *Trap, NTSTATUS Result)
{
    WCHAR buffer[100];
    UNICODE_STRING name = { 0, sizeof(buffer), buffer };

    SvcReadTraceName(Service, Trap, &name);
    DbgPrint("user: %p %s(%llx, %llx, %llx, %llx) = %lx %wZ\n", PsGetCurrentThreadId(), Service, Trap->R10, Trap->Rdx, Trap->R8, Trap->R9,
             (ULONG)Result, &name);
}

/* The dispatcher of a machine with the options trace-user or poison. */
static NTSTATUS SvcDispatchWatched(PKTRAP_FRAME Trap)
{
    ULONG number = (ULONG)Trap->Rax;
    NTSTATUS result;

    if (KePoison)
        KePoisonStack();
    result = SvcDispatch(Trap);
    if (KeTraceUser)
        SvcTrace(number < SVC_NUMBERS && SvcNumbers[number].Name != NULL ? SvcNumbers[number].Name : "?", Trap, result);
    return result;
}

/* ---- Numbers ---- */
typedef struct SVC_STUBS {
    const PE_IMAGE *Image;
    ULONG Found;
    NTSTATUS Status;
} SVC_STUBS;

/* mov r10, rcx; mov eax, number; ... syscall; ret. The test in between tells apart how the system is entered. */
static BOOLEAN SvcReadStub(const UCHAR *Code, PULONG Number)
{
    static const UCHAR begin[] = { 0x4C, 0x8B, 0xD1, 0xB8 };
    ULONG i;

    if (RtlCompareMemory(Code, begin, sizeof(begin)) != sizeof(begin))
        return FALSE;
    *Number = *(const ULONG UNALIGNED *)(Code + sizeof(begin));
    for (i = 8; i + 3 <= SVC_STUB_BYTES; i++)
        if (Code[i] == 0x0F && Code[i + 1] == 0x05 && Code[i + 2] == 0xC3)
            return TRUE;
    return FALSE;
}

static bool SvcTakeExport(void *Context, const char *Name, const PE_EXPORT *Export)
{
    SVC_STUBS *stubs = Context;
    SIZE_T length;
    ULONG number;

    if (Name == NULL || Name[0] != 'N' || Name[1] != 't' || Export->Forwarder != NULL ||
        Export->Rva > stubs->Image->SizeOfImage - SVC_STUB_BYTES)
        return true;
    if (!SvcReadStub((const UCHAR *)stubs->Image->Data + Export->Rva, &number) || number >= SVC_NUMBERS || SvcNumbers[number].Name != NULL)
        return true;
    length = strlen(Name) + 1;
    SvcNumbers[number].Name = ExAllocatePoolWithTag(NonPagedPoolNx, length, TAG_NAME);
    if (SvcNumbers[number].Name == NULL) {
        stubs->Status = STATUS_INSUFFICIENT_RESOURCES;
        return false;
    }
    RtlCopyMemory(SvcNumbers[number].Name, Name, length);
    SvcNumbers[number].Service = SvcFind(Name);
    stubs->Found++;
    return true;
}

NTSTATUS SvcInstall(const VOID *Ntdll, SIZE_T Size)
{
    PE_IMAGE image;
    SVC_STUBS stubs = { .Image = &image };

    if (PeParse(Ntdll, Size, PE_LAYOUT_MAPPED, NULL, &image) != PE_OK || PeEnumerateExports(&image, SvcTakeExport, &stubs) != PE_OK)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (!NT_SUCCESS(stubs.Status))
        return stubs.Status;
    if (stubs.Found == 0)
        return STATUS_INVALID_IMAGE_FORMAT;
    KeSystemService = KeTraceUser || KePoison ? SvcDispatchWatched : SvcDispatch;
    return STATUS_SUCCESS;
}

VOID SvcReportMissing(VOID)
{
    ULONG i;

    for (i = 0; i < SVC_NUMBERS; i++) {
        if (SvcNumbers[i].Missed == 0)
            continue;
        KdBeginEvent("service");
        KdEventText("name", SvcNumbers[i].Name);
        KdEventNumber("missed", SvcNumbers[i].Missed);
        KdEndEvent();
    }
}
