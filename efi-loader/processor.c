/* SPDX-License-Identifier: MIT
 * Processor features, control registers and RDRAND.
 */
#include "processor.h"
#include "fail.h"

#define CR0_WP 0x10000ull
#define CR4_PGE 0x80ull
#define CR4_LA57 0x1000ull
#define CR4_PCIDE 0x20000ull
#define CR4_CET 0x800000ull
#define MSR_EFER 0xC0000080u
#define EFER_NXE 0x800ull

typedef struct CPUID_RESULT {
    uint32_t Eax, Ebx, Ecx, Edx;
} CPUID_RESULT;

static CPUID_RESULT ReadCpuid(uint32_t Leaf)
{
    CPUID_RESULT result;

    __asm__ volatile("cpuid" : "=a"(result.Eax), "=b"(result.Ebx), "=c"(result.Ecx), "=d"(result.Edx) : "a"(Leaf), "c"(0));
    return result;
}

static uint64_t ReadMsr(uint32_t Register)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(Register));
    return (uint64_t)high << 32 | low;
}

static void WriteMsr(uint32_t Register, uint64_t Value)
{
    __asm__ volatile("wrmsr" : : "a"((uint32_t)Value), "d"((uint32_t)(Value >> 32)), "c"(Register) : "memory");
}

static uint64_t ReadCr0(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static uint64_t ReadCr4(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

void CheckProcessor(void)
{
    bool leafExists = ReadCpuid(0x80000000u).Eax >= 0x80000001u;

    if (!leafExists || (ReadCpuid(0x80000001u).Edx & 1u << 20) == 0) {
        FailBoot("this processor has no no-execute page protection, or it is switched off in the firmware's setup; switch it on");
    }
    if ((ReadCr4() & CR4_LA57) != 0) {
        FailBoot("the firmware runs with five-level page tables; switch them off in its setup (QEMU: -cpu ...,la57=off)");
    }
}

void PrepareProcessor(void)
{
    uint64_t cr4 = ReadCr4() & ~(CR4_PGE | CR4_PCIDE | CR4_CET);

    WriteMsr(MSR_EFER, ReadMsr(MSR_EFER) | EFER_NXE);
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
    __asm__ volatile("mov %0, %%cr0" : : "r"(ReadCr0() | CR0_WP) : "memory");
}

bool ReadHardwareRandom(uint64_t *Value)
{
    if ((ReadCpuid(1).Ecx & 1u << 30) == 0) {
        return false;
    }
    for (int i = 0; i < 10; i++) {
        bool good;

        __asm__ volatile("rdrand %0" : "=r"(*Value), "=@ccc"(good));
        if (good) {
            return true;
        }
    }
    return false;
}
