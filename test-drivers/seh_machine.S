/* SPDX-License-Identifier: MIT
 * What seh.c needs of the machine: patterns in every non-volatile register around a guarded fault, a function that saves and
 * overwrites them all, and an undefined instruction. Assembled by both toolchains.
 */
    .intel_syntax noprefix

/* Saves all non-volatile registers; 0xC8 bytes of locals: home space, xmm6-xmm15 from rsp+0x20, and 8 to align. */
    .macro save_registers
    push rbx
    .seh_pushreg rbx
    push rbp
    .seh_pushreg rbp
    push rsi
    .seh_pushreg rsi
    push rdi
    .seh_pushreg rdi
    push r12
    .seh_pushreg r12
    push r13
    .seh_pushreg r13
    push r14
    .seh_pushreg r14
    push r15
    .seh_pushreg r15
    sub rsp, 0xC8
    .seh_stackalloc 0xC8
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movaps [rsp + 0x20 + (\n - 6) * 16], xmm\n
    .seh_savexmm xmm\n, 0x20 + (\n - 6) * 16
    .endr
    .seh_endprologue
    .endm

    .macro restore_registers
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movaps xmm\n, [rsp + 0x20 + (\n - 6) * 16]
    .endr
    add rsp, 0xC8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    .endm

    .macro check_register name, bit
    mov rdx, 0x5A5A0000C0DE0000 + \bit
    cmp \name, rdx
    je 1f
    or eax, 1 << \bit
1:
    .endm

    .text
    .globl SehLostRegisters
    .def SehLostRegisters; .scl 2; .type 32; .endef
    .seh_proc SehLostRegisters
SehLostRegisters:
    save_registers
    mov rax, 0x5A5A0000C0DE0000
    lea rbx, [rax + 0]
    lea rbp, [rax + 1]
    lea rsi, [rax + 2]
    lea rdi, [rax + 3]
    lea r12, [rax + 4]
    lea r13, [rax + 5]
    lea r14, [rax + 6]
    lea r15, [rax + 7]
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    lea rdx, [rax + \n + 2]             # xmm6 is bit 8
    movq xmm\n, rdx
    punpcklqdq xmm\n, xmm\n
    .endr
    xor edx, edx
    call SehGuardedCall                 # (Routine, NULL)
    xor eax, eax
    check_register rbx, 0
    check_register rbp, 1
    check_register rsi, 2
    check_register rdi, 3
    check_register r12, 4
    check_register r13, 5
    check_register r14, 6
    check_register r15, 7
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movq rcx, xmm\n
    check_register rcx, \n + 2
    punpckhqdq xmm\n, xmm\n             # the upper half, too
    movq rcx, xmm\n
    check_register rcx, \n + 2
    .endr
    restore_registers
    ret
    .seh_endproc

    .globl SehClobberAndCall
    .def SehClobberAndCall; .scl 2; .type 32; .endef
    .seh_proc SehClobberAndCall
SehClobberAndCall:
    save_registers
    mov rax, rcx                        # the routine
    mov rbx, -1
    mov rbp, rbx
    mov rsi, rbx
    mov rdi, rbx
    mov r12, rbx
    mov r13, rbx
    mov r14, rbx
    mov r15, rbx
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pcmpeqd xmm\n, xmm\n
    .endr
    xor ecx, ecx
    call rax
    nop
    restore_registers
    ret
    .seh_endproc

    .globl SehUndefinedInstruction
    .def SehUndefinedInstruction; .scl 2; .type 32; .endef
    .seh_proc SehUndefinedInstruction
SehUndefinedInstruction:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    ud2
    add rsp, 0x28
    ret
    .seh_endproc
