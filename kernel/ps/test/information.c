/* SPDX-License-Identifier: MIT
 * NtQueryInformationProcess, NtQueryInformationThread, and small questions about processes.
 */
#include "../psp.h"
#include "test.h"

static VOID ProcessFacts(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Volume\\asked.exe");
    struct { UNICODE_STRING Name; WCHAR Text[40]; } image;
    PROCESS_BASIC_INFORMATION basic;
    PEPROCESS process;
    PS_TIMES times;
    ULONG64 port = 1;
    ULONG bytes = 0, word = 99;
    HANDLE handle;

    if (!CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))))
        return;
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, PspProcessType, KernelMode, &handle)));
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessBasicInformation, &basic, sizeof(basic), &bytes)) && bytes == 0x30);
    CHECK(basic.UniqueProcessId == (ULONG_PTR)process->UniqueProcessId && basic.InheritedFromUniqueProcessId == 4);
    CHECK(basic.ExitStatus == STATUS_PENDING && basic.PebBaseAddress == NULL && basic.BasePriority == 8);
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessImageFileName, &image, sizeof(image), &bytes)));
    CHECK(RtlEqualUnicodeString(&image.Name, &name, FALSE));
    CHECK(ZwQueryInformationProcess(handle, ProcessImageFileName, &image, 20, &bytes) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessDebugPort, &port, 8, NULL)) && port == 0);
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessHandleCount, &word, 4, NULL)) && word == 0);
    CHECK(ZwQueryInformationProcess(handle, ProcessBasicInformation, &basic, 8, NULL) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwQueryInformationProcess(handle, (PROCESSINFOCLASS)999, &basic, 8, NULL) == STATUS_INVALID_INFO_CLASS);
    CHECK(NT_SUCCESS(ZwTerminateProcess(handle, STATUS_CANCELLED)));
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessTimes, &times, sizeof(times), NULL)));
    CHECK(times.ExitTime.QuadPart >= times.CreateTime.QuadPart && PsGetProcessExitStatus(process) == STATUS_CANCELLED);
    ZwClose(handle);
    ObfDereferenceObject(process);
}

static VOID ThreadFacts(VOID)
{
    PS_THREAD_BASIC basic;
    PVOID start = NULL;
    ULONG word = 9;

    CHECK(NT_SUCCESS(ZwQueryInformationThread(NtCurrentThread(), ThreadBasicInformation, &basic, sizeof(basic), NULL)));
    CHECK(basic.ClientId.UniqueThread == PsGetCurrentThreadId() && basic.ClientId.UniqueProcess == (HANDLE)4);
    CHECK(basic.ExitStatus == STATUS_PENDING && basic.TebBaseAddress == NULL);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(NtCurrentThread(), ThreadQuerySetWin32StartAddress, &start, 8, NULL)));
    CHECK(start == (PVOID)(ULONG_PTR)PsCurrentThread()->Win32StartAddress && start != NULL);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(NtCurrentThread(), ThreadIsTerminated, &word, 4, NULL)) && word == 0);
    CHECK(ZwQueryInformationThread(NtCurrentThread(), (THREADINFOCLASS)999, &word, 4, NULL) == STATUS_INVALID_INFO_CLASS);
}

static VOID Questions(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"asked.exe");
    PEPROCESS system = PsInitialSystemProcess, process;
    PFILE_OBJECT file;
    PVOID user = NULL;
    SIZE_T size = PAGE_SIZE, copied = 0;
    KAPC_STATE state;
    CHAR text[16];

    if (!CHECK(NT_SUCCESS(PsCreateProcess(system, &name, &process))))
        return;
    CHECK(PsGetProcessSectionBaseAddress(process) == NULL && PsGetProcessWow64Process(process) == NULL);
    CHECK(PsGetProcessDebugPort(process) == NULL && !PsIsProcessBeingDebugged(process) && PsGetProcessSessionId(process) == 0);
    CHECK(PsReferenceProcessFilePointer(process, &file) == STATUS_UNSUCCESSFUL && PsGetThreadTeb(PsCurrentThread()) == NULL);
    KeStackAttachProcess((PKPROCESS)process, &state);
    CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &user, 0, &size, MEM_COMMIT, PAGE_READWRITE)));
    KeUnstackDetachProcess(&state);
    CHECK(NT_SUCCESS(MmCopyVirtualMemory(system, "fifteen letters", process, user, 16, KernelMode, &copied)) && copied == 16);
    CHECK(NT_SUCCESS(MmCopyVirtualMemory(process, user, system, text, 16, KernelMode, &copied)) && copied == 16);
    CHECK(RtlCompareMemory(text, "fifteen letters", 16) == 16);
    CHECK(!NT_SUCCESS(MmCopyVirtualMemory(process, (PCHAR)user + PAGE_SIZE, system, text, 16, KernelMode, &copied)) && copied == 0);
    CHECK(NT_SUCCESS(PsAcquireProcessExitSynchronization(process)));
    PsReleaseProcessExitSynchronization(process);
    CHECK(NT_SUCCESS(PsTerminateProcess(process, STATUS_SUCCESS)) && PsGetProcessExitProcessCalled(process));
    CHECK(PsAcquireProcessExitSynchronization(process) == STATUS_PROCESS_IS_TERMINATING);
    CHECK(PsGetThreadExitStatus(PsCurrentThread()) == STATUS_PENDING && PsGetProcessExitTime().QuadPart == 0);
    ObfDereferenceObject(process);
}

static const KE_TEST PspInformationTable[] = {
    { "ps.information.process", ProcessFacts, 0 }, { "ps.information.thread", ThreadFacts, 0 }, { "ps.questions", Questions, 0 },
};
const KE_TEST_GROUP PspInformationTests = { PspInformationTable, RTL_NUMBER_OF(PspInformationTable) };
