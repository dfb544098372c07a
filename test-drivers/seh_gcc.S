/* SPDX-License-Identifier: MIT
 * The guarded calls of seh.h for a compiler without __try: scope tables of __C_specific_handler by hand.
 *
 *   handler data:  ULONG Count, then for each scope, inner before outer:
 *                  ULONG Begin, End        the guarded range, relative to the image
 *                        Handler           filter or __finally routine
 *                        Target            where to go on when the filter says so; 0 marks a __finally
 *
 * A filter gets (EXCEPTION_POINTERS *, frame), a __finally routine (abnormal, frame), where frame is rsp after the prologue.
 * At the target rsp is that of the prologue and eax the exception's code. A call's return address lies within its range.
 */
    .intel_syntax noprefix
    .text

    .globl SehGuardedCall
    .def SehGuardedCall; .scl 2; .type 32; .endef
    .seh_proc SehGuardedCall
    .seh_handler __C_specific_handler, @except, @unwind
SehGuardedCall:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rax, rcx
    mov rcx, rdx                        # context
.Lguarded_begin:
    call rax
    nop
.Lguarded_end:
    xor eax, eax                        # STATUS_SUCCESS
.Lguarded_target:
    add rsp, 0x28
    ret
    .seh_handlerdata
    .long 1
    .rva .Lguarded_begin, .Lguarded_end, SehFilter, .Lguarded_target
    .text
    .seh_endproc

    .globl SehOuterGuardedCall
    .def SehOuterGuardedCall; .scl 2; .type 32; .endef
    .seh_proc SehOuterGuardedCall
    .seh_handler __C_specific_handler, @except, @unwind
SehOuterGuardedCall:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rax, rcx
    mov rcx, rdx
.Louter_begin:
    call rax
    nop
.Louter_end:
    xor eax, eax
.Louter_target:
    add rsp, 0x28
    ret
    .seh_handlerdata
    .long 1
    .rva .Louter_begin, .Louter_end, SehOuterFilter, .Louter_target
    .text
    .seh_endproc

/* The context that SehFinally wants is kept in the caller's home space, above the return address. */
    .globl SehFinallyCall
    .def SehFinallyCall; .scl 2; .type 32; .endef
    .seh_proc SehFinallyCall
    .seh_handler __C_specific_handler, @except, @unwind
SehFinallyCall:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov [rsp + 0x38], rdx
    mov rax, rcx
    mov rcx, rdx
.Lfinally_begin:
    call rax
    nop
.Lfinally_end:
    xor ecx, ecx                        # a normal end
    mov rdx, [rsp + 0x38]
    call SehFinally
    nop
    add rsp, 0x28
    ret
    .seh_handlerdata
    .long 1
    .rva .Lfinally_begin, .Lfinally_end, FinallyRoutine
    .long 0
    .text
    .seh_endproc

    .globl SehNestedScopes
    .def SehNestedScopes; .scl 2; .type 32; .endef
    .seh_proc SehNestedScopes
    .seh_handler __C_specific_handler, @except, @unwind
SehNestedScopes:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov [rsp + 0x38], rdx
    mov rax, rcx
    mov rcx, rdx
.Lnested_begin:
    call rax
    nop
.Lnested_end:
    xor ecx, ecx
    mov rdx, [rsp + 0x38]
    call SehFinally
    nop
.Lnested_scopes_end:
    xor eax, eax
.Lnested_inner_target:
    add rsp, 0x28
    ret
.Lnested_outer_target:
    or eax, 0x10000000                  # SEH_OUTER
    add rsp, 0x28
    ret
    .seh_handlerdata
    .long 3
    .rva .Lnested_begin, .Lnested_end, FinallyRoutine
    .long 0
    .rva .Lnested_begin, .Lnested_scopes_end, SehFilter, .Lnested_inner_target
    .rva .Lnested_begin, .Lnested_scopes_end, SehOuterFilter, .Lnested_outer_target
    .text
    .seh_endproc

/* A __finally routine: abnormal in cl, the frame in rdx. */
    .def FinallyRoutine; .scl 3; .type 32; .endef
    .seh_proc FinallyRoutine
FinallyRoutine:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rdx, [rdx + 0x38]
    call SehFinally
    nop
    add rsp, 0x28
    ret
    .seh_endproc
