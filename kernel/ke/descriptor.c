/* SPDX-License-Identifier: MIT
 * Each processor's GDT in NT's selector order, TSS with interrupt stacks, the shared IDT, and the MSRs that go with them.
 */
#include "ki.h"

#define MSR_EFER 0xC0000080u
#define MSR_STAR 0xC0000081u
#define MSR_LSTAR 0xC0000082u
#define MSR_CSTAR 0xC0000083u
#define MSR_FMASK 0xC0000084u
#define MSR_GS_BASE 0xC0000101u
#define MSR_PAT 0x277u
#define EFER_SCE 1ull
#define CR0_MP 0x2ull
#define CR0_EM 0x4ull
#define CR0_NE 0x20ull
#define CR0_WP 0x10000ull
#define CR4_PGE 0x80ull
#define CR4_OSFXSR 0x200ull
#define CR4_OSXMMEXCPT 0x400ull
#define CR4_SMEP 0x100000ull
#define GATE_INTERRUPT 0x8E00u                   /* present, DPL 0, 64-bit interrupt gate */
#define GATE_DPL3 0x6000u
#define FMASK_VALUE 0x4700ull                    /* TF IF DF NT cleared at SYSCALL, as NT does */

typedef struct KI_GATE {
    USHORT OffsetLow, Selector, Attributes, OffsetMiddle;
    ULONG OffsetHigh, Reserved;
} KI_GATE;
C_ASSERT(sizeof(KI_GATE) == 16);

static DECLSPEC_ALIGN(16) KI_GATE KiIdt[256];

/* Vectors that are exceptions, with their entries in trap.S; every other vector has an interrupt stub. */
#define KI_TRAP(v) extern VOID KiTrap##v(VOID)
KI_TRAP(00); KI_TRAP(01); KI_TRAP(02); KI_TRAP(03); KI_TRAP(04); KI_TRAP(05); KI_TRAP(06); KI_TRAP(07); KI_TRAP(08);
KI_TRAP(0A); KI_TRAP(0B); KI_TRAP(0C); KI_TRAP(0D); KI_TRAP(0E); KI_TRAP(10); KI_TRAP(11); KI_TRAP(12); KI_TRAP(13);
KI_TRAP(29); KI_TRAP(2C); KI_TRAP(2D);

static const struct KI_TRAP_GATE {
    UCHAR Vector, Stack;
    BOOLEAN UserMayRaise;
    VOID (*Entry)(VOID);
} KiTrapGates[] = {
    { 0x00, 0, FALSE, KiTrap00 }, { 0x01, 0, FALSE, KiTrap01 }, { 0x02, KI_IST_NMI, FALSE, KiTrap02 },
    { 0x03, 0, TRUE, KiTrap03 }, { 0x04, 0, TRUE, KiTrap04 }, { 0x05, 0, FALSE, KiTrap05 }, { 0x06, 0, FALSE, KiTrap06 },
    { 0x07, 0, FALSE, KiTrap07 }, { 0x08, KI_IST_DOUBLE_FAULT, FALSE, KiTrap08 }, { 0x0A, 0, FALSE, KiTrap0A },
    { 0x0B, 0, FALSE, KiTrap0B }, { 0x0C, 0, FALSE, KiTrap0C }, { 0x0D, 0, FALSE, KiTrap0D }, { 0x0E, 0, FALSE, KiTrap0E },
    { 0x10, 0, FALSE, KiTrap10 }, { 0x11, 0, FALSE, KiTrap11 }, { 0x12, KI_IST_MACHINE_CHECK, FALSE, KiTrap12 },
    { 0x13, 0, FALSE, KiTrap13 }, { 0x29, 0, TRUE, KiTrap29 }, { 0x2C, 0, TRUE, KiTrap2C }, { 0x2D, 0, TRUE, KiTrap2D },
};

static VOID KiSetGate(ULONG Vector, ULONG64 Entry, ULONG Stack, BOOLEAN UserMayRaise)
{
    KI_GATE *gate = &KiIdt[Vector];
    gate->OffsetLow = (USHORT)Entry;
    gate->OffsetMiddle = (USHORT)(Entry >> 16);
    gate->OffsetHigh = (ULONG)(Entry >> 32);
    gate->Selector = KGDT_KERNEL_CODE;
    gate->Attributes = (USHORT)(GATE_INTERRUPT | (UserMayRaise ? GATE_DPL3 : 0) | Stack);
    gate->Reserved = 0;
}

static VOID KiFillIdt(VOID)
{
    ULONG i;
    for (i = 0; i < 256; i++)
        KiSetGate(i, (ULONG64)KiInterruptStubs + 16 * i, 0, FALSE);
    for (i = 0; i < RTL_NUMBER_OF(KiTrapGates); i++)
        KiSetGate(KiTrapGates[i].Vector, (ULONG64)KiTrapGates[i].Entry, KiTrapGates[i].Stack, KiTrapGates[i].UserMayRaise);
}

static VOID KiFillGdt(KI_PROCESSOR *Processor)
{
    ULONG64 tss = (ULONG64)&Processor->Tss, *gdt = Processor->Gdt;

    gdt[KGDT_KERNEL_CODE / 8] = 0x00209B0000000000ull;
    gdt[KGDT_KERNEL_DATA / 8] = 0x0040930000000000ull;
    gdt[KGDT_USER_CODE32 / 8] = 0x00CFFB000000FFFFull;
    gdt[KGDT_USER_DATA / 8] = 0x00CFF3000000FFFFull;
    gdt[KGDT_USER_CODE / 8] = 0x0020FB0000000000ull;
    gdt[KGDT_TSS / 8] = (sizeof(KTSS64) - 1) | (tss & 0xFFFFFF) << 16 | 0x89ull << 40 | (tss >> 24 & 0xFF) << 56;
    gdt[KGDT_TSS / 8 + 1] = tss >> 32;
    gdt[KGDT_USER_TEB32 / 8] = 0x0040F30000003C00ull;
}

#pragma pack(push, 1)
typedef struct KI_TABLE_REGISTER {
    USHORT Limit;
    ULONG64 Base;
} KI_TABLE_REGISTER;
#pragma pack(pop)

static VOID KiLoadTables(KI_PROCESSOR *Processor)
{
    KI_TABLE_REGISTER gdtr = { sizeof(Processor->Gdt) - 1, (ULONG64)Processor->Gdt };
    KI_TABLE_REGISTER idtr = { sizeof(KiIdt) - 1, (ULONG64)KiIdt };

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    __asm__ volatile("lidt %0" : : "m"(idtr));
    __asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" : : "i"(KGDT_KERNEL_CODE) : "rax", "memory");
    __asm__ volatile("movw %w0, %%ss" : : "r"(KGDT_KERNEL_DATA));
    __asm__ volatile("movw %w0, %%ds; movw %w0, %%es" : : "r"(KGDT_USER_DATA | 3));
    __asm__ volatile("movw %w0, %%fs" : : "r"(KGDT_USER_TEB32 | 3));
    __asm__ volatile("movw %w0, %%gs" : : "r"(KGDT_USER_DATA | 3));
    __asm__ volatile("ltr %w0" : : "r"(KGDT_TSS));
}

static VOID KiSetControlRegisters(VOID)
{
    ULONG64 cr4 = KiReadCr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (KiCpuid(0, 0).Eax >= 7 && (KiCpuid(7, 0).Ebx & (1u << 7)))
        cr4 |= CR4_SMEP;
    KiWriteCr4(cr4);
    KiWriteCr0((KiReadCr0() & ~CR0_EM) | CR0_MP | CR0_NE | CR0_WP);
    KiWriteMsr(MSR_PAT, 0x0007010600070106ull);  /* WB WC UC- UC, twice, as NT has it: write-through is write-combining */
    KiWriteMsr(MSR_STAR, (ULONG64)KGDT_KERNEL_CODE << 32 | (ULONG64)(KGDT_USER_CODE32 | 3) << 48);
    KiWriteMsr(MSR_LSTAR, (ULONG64)KiSystemCall64);
    KiWriteMsr(MSR_CSTAR, (ULONG64)KiSystemCall64);
    KiWriteMsr(MSR_FMASK, FMASK_VALUE);
    KiWriteMsr(MSR_EFER, KiReadMsr(MSR_EFER) | EFER_SCE);
    __asm__ volatile("fninit");
}

static VOID KiFillPcr(KI_PROCESSOR *Processor, ULONG Number)
{
    PKPCR pcr = &Processor->Pcr;
    PKPRCB prcb = &pcr->Prcb;

    pcr->Self = pcr;
    pcr->Used_Self = pcr;
    pcr->CurrentPrcb = prcb;
    pcr->GdtBase = Processor->Gdt;
    pcr->IdtBase = KiIdt;
    pcr->TssBase = &Processor->Tss;
    pcr->MajorVersion = 1;
    pcr->MinorVersion = 1;
    prcb->MajorVersion = 1;
    prcb->MinorVersion = 1;
    prcb->BuildType = DBG ? 1 : 0;
    prcb->Number = Number;
    prcb->LegacyNumber = (UCHAR)Number;
    prcb->GroupIndex = (UCHAR)Number;
    prcb->GroupSetMember = 1ull << Number;
    prcb->InitialApicId = KiCpuid(1, 0).Ebx >> 24;
    prcb->MxCsr = 0x1F80;
    prcb->Context = &prcb->ProcessorState.ContextFrame;
}

VOID KiInitializeProcessor(KI_PROCESSOR *Processor, ULONG Number)
{
    ULONG i;

    KiFillPcr(Processor, Number);
    KiFillGdt(Processor);
    for (i = 1; i < KI_IST_STACKS; i++)
        Processor->Tss.Ist[i] = (ULONG64)Processor->IstBases[i];
    Processor->Tss.IoMapBase = sizeof(KTSS64);
    if (Number == 0)
        KiFillIdt();
    KiLoadTables(Processor);
    KiWriteMsr(MSR_GS_BASE, (ULONG64)Processor);
    KiWriteMsr(KI_MSR_USER_GS, 0);
    KiSetControlRegisters();
    KiEnableExtendedState();
    KiProcessors[Number] = Processor;
}
