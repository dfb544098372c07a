/* SPDX-License-Identifier: MIT
 * The switch from the firmware's page tables to the kernel's. Aligned so that it cannot straddle a page.
 */
    .intel_syntax noprefix
    .text
    .p2align 6
    .globl SwitchToKernel
SwitchToKernel:                     # rcx = Root, rdx = Stack, r8 = Entry, r9 = Block
    cli
    cld
    mov     cr3, rcx                # only this page and the kernel half are mapped from here on
    mov     rsp, rdx
    xor     ebp, ebp                # ends frame-pointer walks
    mov     rcx, r9
    jmp     r8
