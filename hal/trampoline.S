/* SPDX-License-Identifier: MIT
 * Where an application processor starts: real mode, at the page its startup IPI named. Copied there by HalStartProcessor, which
 * fills the parameters at the end. 16 bit -> protected -> long mode with the kernel's page tables, then the C entry.
 */
    .intel_syntax noprefix
    .section .rdata, "dr"
    .globl HalpTrampolineStart, HalpTrampolineEnd, HalpTrampolineParameters
    .globl HalpTrampolineProtected, HalpTrampolineLong

#define PARAMETERS 0x100                        /* offset of the block at the end */
#define PARAMETER(n) (PARAMETERS + n)

    .p2align 4
    .code16
HalpTrampolineStart:
    cli
    cld
    xor     ebx, ebx
    mov     bx, cs
    mov     ds, bx
    shl     ebx, 4                          # linear address of this page
    lgdt    [PARAMETER(0x00)]               # limit and base
    mov     eax, cr0
    or      al, 1                           # PE
    mov     cr0, eax
    .byte   0x66, 0xFF, 0x2E                # jmp fword ptr [far pointer to 32-bit code]
    .word   PARAMETER(0x10)

    .code32
HalpTrampolineProtected:
    mov     ax, 0x10
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     eax, cr4
    or      eax, 0x620                      # PAE, OSFXSR, OSXMMEXCPT: compiled code uses SSE from its first line
    mov     cr4, eax
    mov     eax, [ebx + PARAMETER(0x20)]
    mov     cr3, eax
    mov     ecx, 0xC0000080                 # EFER
    rdmsr
    or      eax, 0x900                      # LME, NXE
    wrmsr
    mov     eax, cr0
    and     eax, 0x9FFFFFFB                 # caches on, no x87 emulation
    or      eax, 0x80010003                 # PG, WP, MP, PE
    mov     cr0, eax
    jmp     fword ptr [ebx + PARAMETER(0x18)]

    .code64
HalpTrampolineLong:
    mov     rsp, [rbx + PARAMETER(0x28)]
    mov     rcx, [rbx + PARAMETER(0x38)]
    mov     rax, [rbx + PARAMETER(0x30)]
    sub     rsp, 0x28
    call    rax
    ud2

    .org    HalpTrampolineStart + PARAMETERS
HalpTrampolineParameters:                   # layout: HALP_TRAMPOLINE in startup.c
    .fill   0x68, 1, 0
HalpTrampolineEnd:
