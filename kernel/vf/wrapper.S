/* SPDX-License-Identifier: MIT
 * Wrappers behind the import thunks. On entry rax is the VF_IMPORT record and everything else is as the driver's call left it.
 *
 * VfpWrapN copies N stack arguments; a routine with fewer reads less of them. The stack inside:
 *      rsp + 00  home space and stack arguments of the callee      20h + 8 * N
 *      ...       the four register arguments, then the result
 */
    .intel_syntax noprefix
    .text

.macro WRAPPER name, slots, frame
    .p2align 4
    .globl \name
\name:
    .seh_proc \name
    push    rbx
    .seh_pushreg rbx
    push    rsi
    .seh_pushreg rsi
    sub     rsp, \frame
    .seh_stackalloc \frame
    .seh_endprologue
    mov     rbx, rax
    lea     rsi, [rsp + 0x20 + 8 * \slots]      // saved register arguments
    mov     [rsi], rcx
    mov     [rsi + 0x08], rdx
    mov     [rsi + 0x10], r8
    mov     [rsi + 0x18], r9
    mov     rcx, rbx
    mov     rdx, rsi
    call    VfpEnterCall
    .set    slot, 0
    .rept   \slots
    mov     rax, [rsp + \frame + 0x10 + 0x28 + 8 * slot]
    mov     [rsp + 0x20 + 8 * slot], rax
    .set    slot, slot + 1
    .endr
    mov     rcx, [rsi]
    mov     rdx, [rsi + 0x08]
    mov     r8, [rsi + 0x10]
    mov     r9, [rsi + 0x18]
    call    [rbx]                               // VF_IMPORT.Target
    mov     [rsi], rax
    mov     rcx, rbx
    mov     rdx, rax
    call    VfpLeaveCall
    mov     rax, [rsi]
    add     rsp, \frame
    pop     rsi
    pop     rbx
    ret
    .seh_endproc
.endm

    // frame = 20h + 8 * slots + 20h, made odd in 8-byte units: two pushes and the return address stand above it
    WRAPPER VfpWrap0, 0, 0x48
    WRAPPER VfpWrap2, 2, 0x58
    WRAPPER VfpWrap4, 4, 0x68
    WRAPPER VfpWrap6, 6, 0x78
    WRAPPER VfpWrap8, 8, 0x88
    WRAPPER VfpWrap12, 12, 0xA8

/* Counts and goes on in the target with the caller's own frame: for varargs, for routines that do not return, and for what has no
 * signature. */
    .p2align 4
    .globl VfpWrapTail
VfpWrapTail:
    .seh_proc VfpWrapTail
    push    rbx
    .seh_pushreg rbx
    sub     rsp, 0x50
    .seh_stackalloc 0x50
    .seh_endprologue
    mov     rbx, rax
    mov     [rsp + 0x20], rcx
    mov     [rsp + 0x28], rdx
    mov     [rsp + 0x30], r8
    mov     [rsp + 0x38], r9
    mov     rcx, rbx
    lea     rdx, [rsp + 0x20]
    call    VfpEnterCall
    mov     rcx, [rsp + 0x20]
    mov     rdx, [rsp + 0x28]
    mov     r8, [rsp + 0x30]
    mov     r9, [rsp + 0x38]
    mov     rax, [rbx]
    add     rsp, 0x50
    pop     rbx
    jmp     rax
    .seh_endproc
