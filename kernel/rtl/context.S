/* SPDX-License-Identifier: MIT
 * Register contexts: captured, loaded, and called through. Offsets are the public ones of CONTEXT and DISPATCHER_CONTEXT.
 */
    .intel_syntax noprefix
    .text

    .set    LANGUAGE_HANDLER, 0x30              // DISPATCHER_CONTEXT.LanguageHandler
    .set    SAVED_DISPATCHER, 0x20              // where the two callers below keep theirs, from their establisher frame

/* ---- VOID RtlCaptureContext(PCONTEXT): the caller's registers as they are after the return ---- */
    .p2align 4
    .globl  RtlCaptureContext
RtlCaptureContext:
    .seh_proc RtlCaptureContext
    pushfq
    .seh_stackalloc 8
    .seh_endprologue
    mov     [rcx + 0x78], rax
    mov     [rcx + 0x80], rcx
    mov     [rcx + 0x88], rdx
    mov     [rcx + 0x90], rbx
    mov     [rcx + 0xA0], rbp
    mov     [rcx + 0xA8], rsi
    mov     [rcx + 0xB0], rdi
    mov     [rcx + 0xB8], r8
    mov     [rcx + 0xC0], r9
    mov     [rcx + 0xC8], r10
    mov     [rcx + 0xD0], r11
    mov     [rcx + 0xD8], r12
    mov     [rcx + 0xE0], r13
    mov     [rcx + 0xE8], r14
    mov     [rcx + 0xF0], r15
    mov     word ptr [rcx + 0x38], cs
    mov     word ptr [rcx + 0x3A], ds
    mov     word ptr [rcx + 0x3C], es
    mov     word ptr [rcx + 0x3E], fs
    mov     word ptr [rcx + 0x40], gs
    mov     word ptr [rcx + 0x42], ss
    stmxcsr [rcx + 0x34]
    stmxcsr [rcx + 0x118]                       // FltSave.MxCsr
    movups  [rcx + 0x1A0], xmm0
    movups  [rcx + 0x1B0], xmm1
    movups  [rcx + 0x1C0], xmm2
    movups  [rcx + 0x1D0], xmm3
    movups  [rcx + 0x1E0], xmm4
    movups  [rcx + 0x1F0], xmm5
    movups  [rcx + 0x200], xmm6
    movups  [rcx + 0x210], xmm7
    movups  [rcx + 0x220], xmm8
    movups  [rcx + 0x230], xmm9
    movups  [rcx + 0x240], xmm10
    movups  [rcx + 0x250], xmm11
    movups  [rcx + 0x260], xmm12
    movups  [rcx + 0x270], xmm13
    movups  [rcx + 0x280], xmm14
    movups  [rcx + 0x290], xmm15
    mov     dword ptr [rcx + 0x30], 0x10000F    // CONTEXT_AMD64: control, integer, segments, floating point
    mov     rax, [rsp]
    mov     [rcx + 0x44], eax
    lea     rax, [rsp + 0x10]
    mov     [rcx + 0x98], rax
    mov     rax, [rsp + 8]
    mov     [rcx + 0xF8], rax
    mov     rax, [rcx + 0x78]
    add     rsp, 8
    ret
    .seh_endproc

/* ---- VOID RtlpLoadContext(PCONTEXT): continues there; the segments must be the kernel's ---- */
    .p2align 4
    .globl  RtlpLoadContext
RtlpLoadContext:
    movups  xmm0, [rcx + 0x1A0]
    movups  xmm1, [rcx + 0x1B0]
    movups  xmm2, [rcx + 0x1C0]
    movups  xmm3, [rcx + 0x1D0]
    movups  xmm4, [rcx + 0x1E0]
    movups  xmm5, [rcx + 0x1F0]
    movups  xmm6, [rcx + 0x200]
    movups  xmm7, [rcx + 0x210]
    movups  xmm8, [rcx + 0x220]
    movups  xmm9, [rcx + 0x230]
    movups  xmm10, [rcx + 0x240]
    movups  xmm11, [rcx + 0x250]
    movups  xmm12, [rcx + 0x260]
    movups  xmm13, [rcx + 0x270]
    movups  xmm14, [rcx + 0x280]
    movups  xmm15, [rcx + 0x290]
    ldmxcsr [rcx + 0x34]
    mov     rbx, [rcx + 0x90]
    mov     rbp, [rcx + 0xA0]
    mov     rsi, [rcx + 0xA8]
    mov     rdi, [rcx + 0xB0]
    mov     r8, [rcx + 0xB8]
    mov     r9, [rcx + 0xC0]
    mov     r10, [rcx + 0xC8]
    mov     r12, [rcx + 0xD8]
    mov     r13, [rcx + 0xE0]
    mov     r14, [rcx + 0xE8]
    mov     r15, [rcx + 0xF0]
    mov     eax, ss                             // the return frame: SS RSP RFLAGS CS RIP
    push    rax
    push    qword ptr [rcx + 0x98]
    mov     eax, [rcx + 0x44]
    push    rax
    mov     eax, cs
    push    rax
    push    qword ptr [rcx + 0xF8]
    mov     rax, [rcx + 0x78]
    mov     rdx, [rcx + 0x88]
    mov     r11, [rcx + 0xD0]
    mov     rcx, [rcx + 0x80]
    iretq

/* ---- The two handler calls; same arguments as a handler's, r9 = dispatcher context ---- */
    .p2align 4
    .globl  RtlpCallExceptionHandler
RtlpCallExceptionHandler:
    .seh_proc RtlpCallExceptionHandler
    .seh_handler RtlpNestedExceptionHandler, @except
    sub     rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov     [rsp + SAVED_DISPATCHER], r9
    call    [r9 + LANGUAGE_HANDLER]
    nop                                         // the return address must not look like the epilogue
    add     rsp, 0x28
    ret
    .seh_endproc

    .p2align 4
    .globl  RtlpCallUnwindHandler
RtlpCallUnwindHandler:
    .seh_proc RtlpCallUnwindHandler
    .seh_handler RtlpCollidedUnwindHandler, @unwind, @except
    sub     rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov     [rsp + SAVED_DISPATCHER], r9
    call    [r9 + LANGUAGE_HANDLER]
    nop
    add     rsp, 0x28
    ret
    .seh_endproc

/* ---- VOID RtlpCallConsolidated(RTLP_CONSOLIDATION *Frame, callback, PEXCEPTION_RECORD): see restore.c; never returns ---- */
    .p2align 4
    .globl  RtlpCallConsolidated
RtlpCallConsolidated:
    .seh_proc RtlpCallConsolidated
    .seh_pushframe
    .seh_stackalloc 0x110
    .seh_savereg rbx, 0x30
    .seh_savereg rbp, 0x38
    .seh_savereg rsi, 0x40
    .seh_savereg rdi, 0x48
    .seh_savereg r12, 0x50
    .seh_savereg r13, 0x58
    .seh_savereg r14, 0x60
    .seh_savereg r15, 0x68
    .seh_savexmm xmm6, 0x70
    .seh_savexmm xmm7, 0x80
    .seh_savexmm xmm8, 0x90
    .seh_savexmm xmm9, 0xA0
    .seh_savexmm xmm10, 0xB0
    .seh_savexmm xmm11, 0xC0
    .seh_savexmm xmm12, 0xD0
    .seh_savexmm xmm13, 0xE0
    .seh_savexmm xmm14, 0xF0
    .seh_savexmm xmm15, 0x100
    mov     rsp, rcx
    .seh_endprologue
    mov     rcx, r8
    call    rdx
    mov     rcx, [rsp + 0x20]                   // the context
    mov     [rcx + 0xF8], rax                   // the callback says where to continue
    jmp     RtlpLoadContext
    .seh_endproc
