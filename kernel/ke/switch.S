/* SPDX-License-Identifier: MIT
 * Changing stacks: from thread to thread, into a new thread, and onto a DPC stack.
 */
#include <generated/ntoffsets.h>
    .intel_syntax noprefix
    .text

/* ---- VOID KiSwapContext(PKTHREAD Old, PKTHREAD New): dispatcher lock held; returns when Old runs again ----
 * Only what a function call must preserve is saved: the call itself took care of the rest.
 * KI_SWITCH_FRAME in ki.h is this layout.
 */
    .p2align 4
    .globl KiSwapContext
KiSwapContext:
    .seh_proc KiSwapContext
    push    rbp
    .seh_pushreg rbp
    push    rbx
    .seh_pushreg rbx
    push    rdi
    .seh_pushreg rdi
    push    rsi
    .seh_pushreg rsi
    push    r12
    .seh_pushreg r12
    push    r13
    .seh_pushreg r13
    push    r14
    .seh_pushreg r14
    push    r15
    .seh_pushreg r15
    sub     rsp, 0xB8
    .seh_stackalloc 0xB8
    movaps  [rsp + 0x10], xmm6
    .seh_savexmm xmm6, 0x10
    movaps  [rsp + 0x20], xmm7
    .seh_savexmm xmm7, 0x20
    movaps  [rsp + 0x30], xmm8
    .seh_savexmm xmm8, 0x30
    movaps  [rsp + 0x40], xmm9
    .seh_savexmm xmm9, 0x40
    movaps  [rsp + 0x50], xmm10
    .seh_savexmm xmm10, 0x50
    movaps  [rsp + 0x60], xmm11
    .seh_savexmm xmm11, 0x60
    movaps  [rsp + 0x70], xmm12
    .seh_savexmm xmm12, 0x70
    movaps  [rsp + 0x80], xmm13
    .seh_savexmm xmm13, 0x80
    movaps  [rsp + 0x90], xmm14
    .seh_savexmm xmm14, 0x90
    movaps  [rsp + 0xA0], xmm15
    .seh_savexmm xmm15, 0xA0
    .seh_endprologue
    stmxcsr [rsp]
    mov     [rcx + KTHREAD_KernelStack], rsp
    mov     rsp, [rdx + KTHREAD_KernelStack]
    mov     gs:[KPCR_Prcb + KPRCB_CurrentThread], rdx
    ldmxcsr [rsp]
    movaps  xmm6, [rsp + 0x10]
    movaps  xmm7, [rsp + 0x20]
    movaps  xmm8, [rsp + 0x30]
    movaps  xmm9, [rsp + 0x40]
    movaps  xmm10, [rsp + 0x50]
    movaps  xmm11, [rsp + 0x60]
    movaps  xmm12, [rsp + 0x70]
    movaps  xmm13, [rsp + 0x80]
    movaps  xmm14, [rsp + 0x90]
    movaps  xmm15, [rsp + 0xA0]
    add     rsp, 0xB8
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rsi
    pop     rdi
    pop     rbx
    pop     rbp
    ret
    .seh_endproc

/* ---- The first return address of a new thread: rbx = routine, rsi = context, set up by KeInitThread ---- */
    .p2align 4
    .globl KiThreadStartup
KiThreadStartup:
    .seh_proc KiThreadStartup
    .seh_stackalloc 0x28                        // reserved by KeInitThread; above it a return address of 0 ends stack walks
    .seh_endprologue
    mov     rcx, rbx
    mov     rdx, rsi
    call    KiThreadMain
    int3
    .seh_endproc

/* ---- VOID KiCallOnStack(PVOID StackBase, VOID (*Routine)(PVOID), PVOID Argument) ---- */
    .p2align 4
    .globl KiCallOnStack
KiCallOnStack:
    .seh_proc KiCallOnStack
    push    rbp
    .seh_pushreg rbp
    mov     rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    lea     rsp, [rcx - 0x20]
    mov     rcx, r8
    call    rdx
    mov     rsp, rbp
    pop     rbp
    ret
    .seh_endproc
