/* SPDX-License-Identifier: MIT
 * A small ntdll.dll for benchmarks: nothing but the services that they call and the entries that the kernel calls, each as short as it
 * can be. What a benchmark takes with it is the kernel's time, not a loader's. The numbers are as good as any others: the kernel
 * reads them here. Nobody resolves imports: programs are linked with this file itself, and bring their own copies of the stubs.
 */
    .intel_syntax noprefix
    .text

.macro EXPORT name
    .section .drectve, "yn"
    .ascii " -export:\name"
    .text
    .p2align 5
    .globl \name
\name:
.endm

    .set    service, 0
.macro SERVICE name
    EXPORT  \name
    .byte   0x4C, 0x8B, 0xD1                    // mov r10, rcx in the one of its two encodings that Windows has
    mov     eax, service
    test    byte ptr [0x7FFE0308], 1            // KUSER_SHARED_DATA.SystemCall
    jne     1f
    syscall
    ret
1:  int     0x2E
    ret
    .set    service, service + 1
.endm

    SERVICE NtAllocateVirtualMemory
    SERVICE NtClose
    SERVICE NtContinue
    SERVICE NtCreateEvent
    SERVICE NtCreateThreadEx
    SERVICE NtCreateUserProcess
    SERVICE NtEnumerateValueKey
    SERVICE NtFreeVirtualMemory
    SERVICE NtGetCurrentProcessorNumber
    SERVICE NtOpenFile
    SERVICE NtOpenKey
    SERVICE NtQueryInformationProcess
    SERVICE NtQueueApcThread
    SERVICE NtReadFile
    SERVICE NtSetEvent
    SERVICE NtTerminateProcess
    SERVICE NtTerminateThread
    SERVICE NtTestAlert
    SERVICE NtWaitForSingleObject
    SERVICE NtWriteFile

/* rcx = the CONTEXT in which the thread begins */
    EXPORT  LdrInitializeThunk
    sub     rsp, 0x28
    mov     edx, 1                              // alerts are tested, as in Windows
    call    NtContinue
    int3

/* rcx = the thread's routine, rdx = its argument */
    EXPORT  RtlUserThreadStart
    sub     rsp, 0x28
    mov     rax, rcx
    mov     rcx, rdx
    call    rax
    mov     rcx, -2                             // NtCurrentThread
    mov     edx, eax
    call    NtTerminateThread
    int3

/* rsp = a CONTEXT whose first four fields are the APC's arguments and its routine, in the place of a callee's home slots */
    EXPORT  KiUserApcDispatcher
    mov     rcx, [rsp]
    mov     rdx, [rsp + 0x08]
    mov     r8, [rsp + 0x10]
    call    qword ptr [rsp + 0x18]
    mov     rcx, rsp
    mov     edx, 1
    call    NtContinue
    int3

/* Nobody handles exceptions here: the process ends with the code. */
    EXPORT  KiUserExceptionDispatcher
    mov     rcx, -1                             // NtCurrentProcess
    mov     edx, [rsp + 0x4F0]                  // EXCEPTION_RECORD.ExceptionCode
    call    NtTerminateProcess
    int3
