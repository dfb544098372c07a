/* SPDX-License-Identifier: MIT
 * Threads for user mode where there is no program: refused.
 */
#include "../psp.h"
#include "test.h"

static VOID Refused(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\none.exe");
    PEPROCESS process;
    HANDLE handle, thread;

    if (!CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))))
        return;
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, PspProcessType, KernelMode, &handle)));
    CHECK(RtlCreateUserThread(handle, NULL, FALSE, 0, 0, 0, (PVOID)0x10000, NULL, &thread, NULL) == STATUS_PROCESS_IS_TERMINATING);
    CHECK(RtlCreateUserThread((HANDLE)0x7770, NULL, FALSE, 0, 0, 0, (PVOID)0x10000, NULL, &thread, NULL) == STATUS_INVALID_HANDLE);
    ZwClose(handle);
    CHECK(NT_SUCCESS(PsTerminateProcess(process, STATUS_SUCCESS)));
    ObfDereferenceObject(process);
}

static const KE_TEST PspUserThreadTable[] = { { "ps.userthread.refused", Refused, 0 } };
const KE_TEST_GROUP PspUserThreadTests = { PspUserThreadTable, RTL_NUMBER_OF(PspUserThreadTable) };
