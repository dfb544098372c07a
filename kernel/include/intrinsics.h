/* SPDX-License-Identifier: MIT
 * Instructions that C has no word for.
 */
#pragma once
#include "nt.h"

static inline VOID KiOutByte(USHORT Port, UCHAR Value) { __asm__ volatile("outb %0, %1" : : "a"(Value), "Nd"(Port)); }
static inline VOID KiOutWord(USHORT Port, USHORT Value) { __asm__ volatile("outw %0, %1" : : "a"(Value), "Nd"(Port)); }
static inline VOID KiOutLong(USHORT Port, ULONG Value) { __asm__ volatile("outl %0, %1" : : "a"(Value), "Nd"(Port)); }
static inline UCHAR KiInByte(USHORT Port) { UCHAR v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(Port)); return v; }
static inline USHORT KiInWord(USHORT Port) { USHORT v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(Port)); return v; }
static inline ULONG KiInLong(USHORT Port) { ULONG v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(Port)); return v; }
static inline VOID KiOutString(USHORT Port, PCSTR Text, SIZE_T Length)
{
    __asm__ volatile("rep outsb" : "+S"(Text), "+c"(Length) : "d"(Port) : "memory");
}

static inline ULONG64 KiReadMsr(ULONG Msr)
{
    ULONG low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(Msr));
    return ((ULONG64)high << 32) | low;
}
static inline VOID KiWriteMsr(ULONG Msr, ULONG64 Value)
{
    __asm__ volatile("wrmsr" : : "c"(Msr), "a"((ULONG)Value), "d"((ULONG)(Value >> 32)) : "memory");
}

static inline ULONG64 KiReadTsc(VOID)
{
    ULONG low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((ULONG64)high << 32) | low;
}

typedef struct KI_CPUID { ULONG Eax, Ebx, Ecx, Edx; } KI_CPUID;
static inline KI_CPUID KiCpuid(ULONG Leaf, ULONG Subleaf)
{
    KI_CPUID r;
    __asm__ volatile("cpuid" : "=a"(r.Eax), "=b"(r.Ebx), "=c"(r.Ecx), "=d"(r.Edx) : "a"(Leaf), "c"(Subleaf));
    return r;
}

#define KI_CONTROL_REGISTER(n) \
    static inline ULONG64 KiReadCr##n(VOID) { ULONG64 v; __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)); return v; } \
    static inline VOID KiWriteCr##n(ULONG64 v) { __asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); }
KI_CONTROL_REGISTER(0)
KI_CONTROL_REGISTER(2)
KI_CONTROL_REGISTER(3)
KI_CONTROL_REGISTER(4)
KI_CONTROL_REGISTER(8)

static inline VOID KiInvalidatePage(ULONG64 Address) { __asm__ volatile("invlpg (%0)" : : "r"(Address) : "memory"); }
static inline VOID KiCompilerBarrier(VOID) { __asm__ volatile("" : : : "memory"); }
static inline VOID KiPause(VOID) { __asm__ volatile("pause" : : : "memory"); }
static inline VOID KiDisableInterrupts(VOID) { __asm__ volatile("cli" : : : "memory"); }
static inline VOID KiEnableInterrupts(VOID) { __asm__ volatile("sti" : : : "memory"); }
static inline VOID KiHaltUntilInterrupt(VOID) { __asm__ volatile("sti; hlt" : : : "memory"); }
static inline ULONG64 KiReadFlags(VOID) { ULONG64 v; __asm__ volatile("pushfq; popq %0" : "=r"(v)); return v; }
static inline BOOLEAN KiSaveAndDisableInterrupts(VOID)
{
    BOOLEAN enabled = (KiReadFlags() & 0x200) != 0;
    KiDisableInterrupts();
    return enabled;
}
static inline VOID KiRestoreInterrupts(BOOLEAN Enabled) { if (Enabled) KiEnableInterrupts(); }
