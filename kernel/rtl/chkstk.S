/* SPDX-License-Identifier: MIT
 * Stack probes that compilers call before they take a frame of a page or more: rax = bytes. Every page is touched in order, so
 * that an overflow hits the guard page and not what lies beyond it. All registers are kept; the caller moves rsp itself.
 * (___chkstk_ms is the gnu target's name, __chkstk Microsoft's.)
 */
    .intel_syntax noprefix
    .text
    .set    PAGE, 0x1000

    .p2align 4
    .globl  ___chkstk_ms
    .globl  __chkstk
___chkstk_ms:
__chkstk:
    .seh_proc __chkstk
    push    rcx
    .seh_pushreg rcx
    push    rax
    .seh_pushreg rax
    .seh_endprologue
    lea     rcx, [rsp + 0x18]                   // the caller's rsp
1:  cmp     rax, PAGE
    jb      2f
    sub     rcx, PAGE
    test    byte ptr [rcx], 0
    sub     rax, PAGE
    jmp     1b
2:  sub     rcx, rax
    test    byte ptr [rcx], 0
    pop     rax
    pop     rcx
    ret
    .seh_endproc
