# SPDX-License-Identifier: MIT
# Sequenced lists. The head is 16 bytes that change as one:
#
#   +0  depth (16 bits), sequence (48)      +8  next entry (60 bits, 16-byte aligned), type (4)
#
# A push raises the sequence, so a head that looks the same to a slow pop has not been popped and pushed again meanwhile. A pop may
# read an entry that another processor has taken and freed: the read at ...Fault may then fault, and starts over at ...Resume.
.intel_syntax noprefix
.text

.macro FUNCTION name
    .globl \name
    .def \name; .scl 2; .type 32; .endef
    .p2align 4
\name:
.endm

# PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER)
FUNCTION ExpInterlockedPopEntrySList
    .seh_proc ExpInterlockedPopEntrySList
    push rbx
    .seh_pushreg rbx
    .seh_endprologue
    mov r10, rcx
    .globl ExpInterlockedPopEntrySListResume
ExpInterlockedPopEntrySListResume:
    mov rax, [r10]
    mov rdx, [r10 + 8]
1:  mov r8, rdx
    and r8, -16                             # first entry
    jz 2f
    .globl ExpInterlockedPopEntrySListFault
ExpInterlockedPopEntrySListFault:
    mov rcx, [r8]                           # its successor becomes first
    mov r9d, edx
    and r9d, 15                             # type
    or rcx, r9
    lea rbx, [rax - 1]                      # depth
    lock cmpxchg16b [r10]
    jnz 1b                                  # rdx:rax is the head as it is now
2:  mov rax, r8
    pop rbx
    ret
    .seh_endproc

# PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY): the former first entry
FUNCTION ExpInterlockedPushEntrySList
    .seh_proc ExpInterlockedPushEntrySList
    push rbx
    .seh_pushreg rbx
    .seh_endprologue
    mov r10, rcx
    mov r11, rdx
    mov rax, [r10]
    mov rdx, [r10 + 8]
1:  mov r8, rdx
    and r8, -16
    mov [r11], r8                           # entry->Next
    mov ecx, edx
    and ecx, 15
    or rcx, r11
    lea rbx, [rax + 0x10000]                # sequence + 1
    inc bx                                  # depth + 1, without a carry into the sequence
    lock cmpxchg16b [r10]
    jnz 1b
    mov rax, r8
    pop rbx
    ret
    .seh_endproc

# PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER): all entries as a chain
FUNCTION ExpInterlockedFlushSList
    .seh_proc ExpInterlockedFlushSList
    push rbx
    .seh_pushreg rbx
    .seh_endprologue
    mov r10, rcx
    mov rax, [r10]
    mov rdx, [r10 + 8]
1:  mov r8, rdx
    and r8, -16
    jz 2f
    mov rbx, rax
    xor bx, bx                              # depth 0, sequence kept
    mov ecx, edx
    and ecx, 15
    lock cmpxchg16b [r10]
    jnz 1b
2:  mov rax, r8
    pop rbx
    ret
    .seh_endproc
