/* SPDX-License-Identifier: MIT
 * What differs between the ntdll.dll files that programs may bring, and what each needs of a new process besides. All of it is here.
 *
 * Wine's ntdll calls its Unix half through a pointer that its Unix loader sets. There is none here: the pointer is set to a few
 * instructions of the kernel's in a page of the process, which answer that there is nothing, and the time. Its handle of the Unix half is
 * 1; other DLLs with such a half get 2, so that they load (NtQueryVirtualMemory, class 1000). That handle is a fiction, and counted.
 */
#include "../../pe/pe.h"
#include "user.h"

#define PSP_WINE_10_TIME 7                       /* codes of ntdll's Unix calls */
#define PSP_WINE_8_TIME 2
#define PSP_WINE_STACK 0x100000u
#define PSP_WINE_COMMIT (0xF0000u + 2 * PAGE_SIZE)
#define PSP_TIME_CODE_AT 13u                     /* in the stub */
#define PSP_TIME_ADDRESS_AT 22u

/* rcx = handle, edx = code, r8 = arguments */
static const UCHAR PspUnixStub[] = {
    0x48, 0x83, 0xF9, 0x01,                      /*      cmp rcx, 1             */
    0x75, 0x20,                                  /*      jne none               */
    0x83, 0xFA, 0x01,                            /*      cmp edx, 1             */
    0x74, 0x15,                                  /*      je unwind              */
    0x83, 0xFA, 0x00,                            /*      cmp edx, time          */
    0x75, 0x16,                                  /*      jne none               */
    0x4C, 0x89, 0xC1,                            /*      mov rcx, r8            */
    0x90, 0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0,    /*      mov rax, NtQuerySystemTime */
    0xFF, 0xE0,                                  /*      jmp rax                */
    0xB8, 0x01, 0x00, 0x00, 0xC0, 0xC3,          /* unwind: STATUS_UNSUCCESSFUL */
    0xB8, 0x02, 0x00, 0x00, 0xC0, 0xC3,          /* none: STATUS_NOT_IMPLEMENTED */
};
C_ASSERT(sizeof(PspUnixStub) == 44);

#define PSP_WINE_FREE_RIGHTS (FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES)

static const PS_FLAVOUR PspWindows = { "Windows", FILE_EXECUTE, 0, FALSE, FALSE, FALSE, FALSE, 0, 0 };
/* Its loader opens images for reading only; who renames a file or changes its attributes has opened it without the
 * right to ask for them or to change them. Before a thread begins, it clears 0xF0000 bytes below the page of the first CONTEXT, the lowest
 * byte first: no guard page may lie there. */
static const PS_FLAVOUR PspWine10 = { "Wine 10", FILE_READ_DATA, PSP_WINE_FREE_RIGHTS, TRUE, FALSE, FALSE, TRUE, PSP_WINE_STACK, PSP_WINE_COMMIT };
static const PS_FLAVOUR PspWine8 = { "Wine 8", FILE_READ_DATA, PSP_WINE_FREE_RIGHTS, TRUE, TRUE, TRUE, TRUE, PSP_WINE_STACK, PSP_WINE_COMMIT };
const PS_FLAVOUR *PsFlavour = &PspWindows;

static struct {
    ULONG64 Dispatcher, UnixHandle, SystemTime;  /* addresses in ntdll, 0: not Wine's, or another version */
} PspWine;

static ULONG64 PspExportOf(const PE_IMAGE *Image, PCSTR Name)
{
    PE_EXPORT export;
    return PeFindExportByName(Image, Name, &export) == PE_OK && export.Forwarder == NULL ? (ULONG64)Image->Data + export.Rva : 0;
}

BOOLEAN PspIsWine(VOID) { return PspWine.Dispatcher != 0; }

VOID PspRecognizeFlavour(const PE_IMAGE *Ntdll)
{
    PspWine.Dispatcher = PspExportOf(Ntdll, "__wine_unix_call_dispatcher");
    PspWine.UnixHandle = PspExportOf(Ntdll, "__wine_unixlib_handle");
    PspWine.SystemTime = PspExportOf(Ntdll, "NtQuerySystemTime");
    if (PspIsWine())
        PsFlavour = PspWine.UnixHandle != 0 ? &PspWine10 : &PspWine8;
    KeUpcalls.UserApcInRegisters = PsFlavour->ApcInRegisters;
}

/* The thread is in the new process. */
NTSTATUS PspPrepareFlavour(VOID)
{
    SIZE_T size = PAGE_SIZE;
    UCHAR stub[sizeof(PspUnixStub)];
    ULONG64 handle = 1;
    PVOID page = NULL;
    ULONG old;
    NTSTATUS status;

    if (!PspIsWine())
        return STATUS_SUCCESS;
    RtlCopyMemory(stub, PspUnixStub, sizeof(stub));
    stub[PSP_TIME_CODE_AT] = PspWine.UnixHandle != 0 ? PSP_WINE_10_TIME : PSP_WINE_8_TIME;
    RtlCopyMemory(stub + PSP_TIME_ADDRESS_AT, &PspWine.SystemTime, sizeof(PspWine.SystemTime));
    status = MmAllocateUserMemory(&page, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(status))
        status = PspWriteUser(page, stub, sizeof(stub));
    if (NT_SUCCESS(status))
        status = MmProtectUserMemory(&page, &size, PAGE_EXECUTE_READ, &old);
    if (NT_SUCCESS(status))
        status = PspWriteUser((PVOID)PspWine.Dispatcher, &page, sizeof(page));
    if (NT_SUCCESS(status) && PspWine.UnixHandle != 0)
        status = PspWriteUser((PVOID)PspWine.UnixHandle, &handle, sizeof(handle));
    return status;
}

ULONG64 PspUnixHandleOf(PVOID Module) { return Module == PspSystemDll.Base ? 1 : 2; }
