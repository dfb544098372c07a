/* SPDX-License-Identifier: MIT
 * Where interrupts and exceptions enter. Each builds NT's KTRAP_FRAME; exceptions add a KEXCEPTION_FRAME so that the whole
 * register state can be read and replaced. The unwind directives describe both, so a stack walk passes through.
 *
 *      high   SS RSP RFLAGS CS RIP        pushed by the processor (and the error code, or a stub's 0 or vector)
 *             ... KTRAP_FRAME             rbp = frame + 80h
 *      low    KEXCEPTION_FRAME            exceptions only; rsp points here, its first 20h bytes are home space
 *
 * An entry from user mode starts on the empty kernel stack, so its two frames always lie at the same place: KiUserFrames (ki.h).
 * GS: a kernel entry from user mode exchanges it; the stacks of NMI, double fault and machine check may be entered between the
 * two, so those three look at the register itself.
 */
#include <generated/ntoffsets.h>
    .intel_syntax noprefix
    .text

#define F(field) [rbp - 0x80 + KTRAP_FRAME_##field]
#define E(field) [rsp + KEXCEPTION_FRAME_##field]
#define FRAME_BELOW_RBP 0x158                   /* KTRAP_FRAME bytes under its Rbp field */
#define USER_APC_PENDING (KTHREAD_ApcState + 0x2A)      /* KAPC_STATE.UserApcPending */

.macro SAVE_VOLATILE
    mov     F(Rax), rax
    mov     F(Rcx), rcx
    mov     F(Rdx), rdx
    mov     F(R8), r8
    mov     F(R9), r9
    mov     F(R10), r10
    mov     F(R11), r11
    movaps  F(Xmm0), xmm0
    movaps  F(Xmm1), xmm1
    movaps  F(Xmm2), xmm2
    movaps  F(Xmm3), xmm3
    movaps  F(Xmm4), xmm4
    movaps  F(Xmm5), xmm5
    stmxcsr F(MxCsr)
    cld
.endm

.macro RESTORE_VOLATILE_XMM
    ldmxcsr F(MxCsr)
    movaps  xmm0, F(Xmm0)
    movaps  xmm1, F(Xmm1)
    movaps  xmm2, F(Xmm2)
    movaps  xmm3, F(Xmm3)
    movaps  xmm4, F(Xmm4)
    movaps  xmm5, F(Xmm5)
.endm

.macro RETURN_WITH_GS                           // rbp = frame + 80h, interrupts off, GS as the interrupted code wants it
    RESTORE_VOLATILE_XMM
    mov     rax, F(Rax)
    mov     rcx, F(Rcx)
    mov     rdx, F(Rdx)
    mov     r8, F(R8)
    mov     r9, F(R9)
    mov     r10, F(R10)
    mov     r11, F(R11)
    lea     rsp, F(Rbp)
    mov     rbp, F(Rbp)
    add     rsp, 16                             // over Rbp and ErrorCode
    iretq
.endm

.macro SAVE_NONVOLATILE
    mov     E(Rbx), rbx
    mov     E(Rdi), rdi
    mov     E(Rsi), rsi
    mov     E(R12), r12
    mov     E(R13), r13
    mov     E(R14), r14
    mov     E(R15), r15
    mov     rax, F(Rbp)
    mov     E(Rbp), rax
    movaps  E(Xmm6), xmm6
    movaps  E(Xmm7), xmm7
    movaps  E(Xmm8), xmm8
    movaps  E(Xmm9), xmm9
    movaps  E(Xmm10), xmm10
    movaps  E(Xmm11), xmm11
    movaps  E(Xmm12), xmm12
    movaps  E(Xmm13), xmm13
    movaps  E(Xmm14), xmm14
    movaps  E(Xmm15), xmm15
.endm

.macro RESTORE_NONVOLATILE
    mov     rbx, E(Rbx)
    mov     rdi, E(Rdi)
    mov     rsi, E(Rsi)
    mov     r12, E(R12)
    mov     r13, E(R13)
    mov     r14, E(R14)
    mov     r15, E(R15)
    movaps  xmm6, E(Xmm6)
    movaps  xmm7, E(Xmm7)
    movaps  xmm8, E(Xmm8)
    movaps  xmm9, E(Xmm9)
    movaps  xmm10, E(Xmm10)
    movaps  xmm11, E(Xmm11)
    movaps  xmm12, E(Xmm12)
    movaps  xmm13, E(Xmm13)
    movaps  xmm14, E(Xmm14)
    movaps  xmm15, E(Xmm15)
.endm

.macro ENTER_FROM_USER                          // volatile registers are saved; interrupts are off
    swapgs
    ldmxcsr [rip + KiKernelMxCsr]
    sub     rsp, KEXCEPTION_FRAME_SIZE
    SAVE_NONVOLATILE
.endm

/* Interrupts are off, rbp = trap frame + 80h, rsp = exception frame. What is pending for user mode comes first. */
.macro LEAVE_TO_USER
8:  mov     rcx, gs:[KPCR_Prcb + KPRCB_CurrentThread]
    cmp     byte ptr [rcx + USER_APC_PENDING], 0
    jne     9f
    RESTORE_NONVOLATILE
    mov     rax, E(Rbp)
    mov     F(Rbp), rax
    swapgs
    RETURN_WITH_GS
9:  sti
    lea     rcx, [rbp - 0x80]
    mov     rdx, rsp
    call    KiDeliverUserApcs
    cli
    jmp     8b
.endm

/* ---- Exceptions: ebp holds the vector, rbp is on the stack ---- */
    .p2align 4
    .globl KiTrapEntry
KiTrapEntry:
    .seh_proc KiTrapEntry
    .seh_pushframe @code
    .seh_pushreg rbp
    sub     rsp, FRAME_BELOW_RBP
    .seh_stackalloc FRAME_BELOW_RBP
    mov     [rsp + KTRAP_FRAME_P5], rbp         // the vector
    lea     rbp, [rsp + 0x80]
    .seh_setframe rbp, 0x80
    .seh_endprologue
    SAVE_VOLATILE
    test    byte ptr F(SegCs), 1
    jnz     1f
    sub     rsp, KEXCEPTION_FRAME_SIZE
    SAVE_NONVOLATILE
    mov     ecx, F(P5)
    lea     rdx, [rbp - 0x80]
    mov     r8, rsp
    call    KiDispatchTrap
    cli
    RESTORE_NONVOLATILE
    mov     rax, E(Rbp)
    mov     F(Rbp), rax
    RETURN_WITH_GS
1:  ENTER_FROM_USER
    mov     ecx, F(P5)
    lea     rdx, [rbp - 0x80]
    mov     r8, rsp
    call    KiDispatchTrap
    cli
    LEAVE_TO_USER
    .seh_endproc

/* ---- NMI, double fault, machine check: own stacks, GS unknown ---- */
    .p2align 4
    .globl KiParanoidEntry
KiParanoidEntry:
    .seh_proc KiParanoidEntry
    .seh_pushframe @code
    .seh_pushreg rbp
    sub     rsp, FRAME_BELOW_RBP
    .seh_stackalloc FRAME_BELOW_RBP
    mov     [rsp + KTRAP_FRAME_P5], rbp
    lea     rbp, [rsp + 0x80]
    .seh_setframe rbp, 0x80
    .seh_endprologue
    SAVE_VOLATILE
    sub     rsp, KEXCEPTION_FRAME_SIZE
    SAVE_NONVOLATILE
    xor     ebx, ebx
    mov     ecx, 0xC0000101                     // GS base: negative in the kernel
    rdmsr
    test    edx, edx
    js      1f
    swapgs
    inc     ebx
1:  mov     ecx, F(P5)
    lea     rdx, [rbp - 0x80]
    mov     r8, rsp
    call    KiDispatchTrap
    test    ebx, ebx
    jz      2f
    swapgs
2:  RESTORE_NONVOLATILE
    mov     rax, E(Rbp)
    mov     F(Rbp), rax
    RETURN_WITH_GS
    .seh_endproc

.macro TRAP vector, entry=KiTrapEntry
    .p2align 4
    .globl KiTrap\vector
KiTrap\vector:
    push    0
    push    rbp
    mov     ebp, 0x\vector
    jmp     \entry
.endm

.macro TRAP_WITH_CODE vector, entry=KiTrapEntry
    .p2align 4
    .globl KiTrap\vector
KiTrap\vector:
    push    rbp
    mov     ebp, 0x\vector
    jmp     \entry
.endm

    TRAP            00                          // divide error
    TRAP            01                          // debug
    TRAP            02, KiParanoidEntry         // NMI
    TRAP            03                          // breakpoint
    TRAP            04                          // overflow
    TRAP            05                          // bound
    TRAP            06                          // invalid opcode
    TRAP            07                          // no coprocessor
    TRAP_WITH_CODE  08, KiParanoidEntry         // double fault
    TRAP_WITH_CODE  0A                          // invalid TSS
    TRAP_WITH_CODE  0B                          // segment not present
    TRAP_WITH_CODE  0C                          // stack fault
    TRAP_WITH_CODE  0D                          // general protection
    TRAP_WITH_CODE  0E                          // page fault
    TRAP            10                          // x87
    TRAP_WITH_CODE  11                          // alignment check
    TRAP            12, KiParanoidEntry         // machine check
    TRAP            13                          // SIMD
    TRAP            29                          // __fastfail
    TRAP            2C                          // assertion
    TRAP            2D                          // debug service

/* ---- Interrupts: one 16-byte stub a vector ---- */
    .p2align 4
    .globl KiInterruptStubs
KiInterruptStubs:
    .set    vector, 0
    .rept   256
    .p2align 4
    push    vector - 256 * (vector / 128)       // sign extended; only the low byte counts
    jmp     KiInterruptEntry
    .set    vector, vector + 1
    .endr

    .p2align 4
    .globl KiInterruptEntry
KiInterruptEntry:
    .seh_proc KiInterruptEntry
    .seh_pushframe @code
    push    rbp
    .seh_pushreg rbp
    sub     rsp, FRAME_BELOW_RBP
    .seh_stackalloc FRAME_BELOW_RBP
    lea     rbp, [rsp + 0x80]
    .seh_setframe rbp, 0x80
    .seh_endprologue
    SAVE_VOLATILE
    test    byte ptr F(SegCs), 1
    jnz     1f
    sub     rsp, 0x20
    lea     rcx, [rbp - 0x80]
    movzx   edx, byte ptr F(ErrorCode)
    call    KiDispatchInterruptVector
    RETURN_WITH_GS
1:  ENTER_FROM_USER
    lea     rcx, [rbp - 0x80]
    movzx   edx, byte ptr F(ErrorCode)
    call    KiDispatchInterruptVector
    LEAVE_TO_USER
    .seh_endproc

/* ---- SYSCALL: eax = service, r10 rdx r8 r9 and the stack = arguments, rcx = where to return, r11 = flags ----
 * Nothing of the user's registers is lost: threads' contexts are read and written here by others. A frame that somebody changed
 * (FaultIndicator) is left by the slow way, which restores it whole; it alone may hold an address that SYSRET must not see.
 */
    .p2align 4
    .globl KiSystemCall64
KiSystemCall64:
    .seh_proc KiSystemCall64
    swapgs
    mov     gs:[KPCR_UserRsp], rsp
    mov     rsp, gs:[KPCR_Prcb + KPRCB_RspBase]
    push    0x2B
    push    qword ptr gs:[KPCR_UserRsp]
    push    r11
    push    0x33
    push    rcx
    push    0
    .seh_pushframe @code
    push    rbp
    .seh_pushreg rbp
    sub     rsp, FRAME_BELOW_RBP
    .seh_stackalloc FRAME_BELOW_RBP
    lea     rbp, [rsp + 0x80]
    .seh_setframe rbp, 0x80
    .seh_endprologue
    SAVE_VOLATILE
    ldmxcsr [rip + KiKernelMxCsr]
    mov     byte ptr F(PreviousMode), 1
    mov     word ptr F(FaultIndicator), 0       // and ExceptionActive
    sub     rsp, KEXCEPTION_FRAME_SIZE
    SAVE_NONVOLATILE
    lea     rcx, [rbp - 0x80]
    sti
    call    qword ptr [rip + KeSystemService]
    cli
    mov     eax, eax                            // a status: the upper half is nobody's to see
    cmp     byte ptr F(FaultIndicator), 0
    jne     2f                                  // with the rax of who changed it
    mov     rcx, gs:[KPCR_Prcb + KPRCB_CurrentThread]
    cmp     byte ptr [rcx + USER_APC_PENDING], 0
    jne     1f
    RESTORE_VOLATILE_XMM
    mov     rdx, F(Rdx)
    mov     r8, F(R8)
    mov     r9, F(R9)
    mov     r10, F(R10)
    mov     r11, F(EFlags)
    mov     rcx, F(Rip)
    mov     rsp, F(Rsp)
    mov     rbp, F(Rbp)
    swapgs
    sysretq
1:  mov     F(Rax), rax
2:  LEAVE_TO_USER
    .seh_endproc

/* ---- VOID KiEnterUserMode(PKTRAP_FRAME, PKEXCEPTION_FRAME): the frames at the top of the stack become user mode ---- */
    .p2align 4
    .globl KiEnterUserMode
KiEnterUserMode:
    .seh_proc KiEnterUserMode
    .seh_endprologue
    cli
    lea     rbp, [rcx + 0x80]
    mov     rsp, rdx
    LEAVE_TO_USER
    .seh_endproc

    .p2align 2
KiKernelMxCsr:
    .long   0x1F80

/* ---- VOID KiContinue(PCONTEXT): loads a kernel-mode context for good. rcx = context ---- */
#define C(offset) [rcx + offset]
    .p2align 4
    .globl KiContinue
KiContinue:
    cli
    movaps  xmm0, C(0x1A0)
    movaps  xmm1, C(0x1B0)
    movaps  xmm2, C(0x1C0)
    movaps  xmm3, C(0x1D0)
    movaps  xmm4, C(0x1E0)
    movaps  xmm5, C(0x1F0)
    movaps  xmm6, C(0x200)
    movaps  xmm7, C(0x210)
    movaps  xmm8, C(0x220)
    movaps  xmm9, C(0x230)
    movaps  xmm10, C(0x240)
    movaps  xmm11, C(0x250)
    movaps  xmm12, C(0x260)
    movaps  xmm13, C(0x270)
    movaps  xmm14, C(0x280)
    movaps  xmm15, C(0x290)
    ldmxcsr C(0x34)
    mov     rbx, C(0x90)
    mov     rbp, C(0xA0)
    mov     rsi, C(0xA8)
    mov     rdi, C(0xB0)
    mov     r8, C(0xB8)
    mov     r9, C(0xC0)
    mov     r10, C(0xC8)
    mov     r12, C(0xD8)
    mov     r13, C(0xE0)
    mov     r14, C(0xE8)
    mov     r15, C(0xF0)
    movzx   eax, word ptr C(0x42)               // the return frame: SS RSP RFLAGS CS RIP
    push    rax
    push    qword ptr C(0x98)
    mov     eax, C(0x44)
    push    rax
    movzx   eax, word ptr C(0x38)
    push    rax
    push    qword ptr C(0xF8)
    mov     rax, C(0x78)
    mov     rdx, C(0x88)
    mov     r11, C(0xD0)
    mov     rcx, C(0x80)
    iretq
