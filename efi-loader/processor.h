/* SPDX-License-Identifier: MIT
 * The few processor instructions the loader needs.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline void WritePort8(uint16_t Port, uint8_t Value)
{
    __asm__ volatile("out %0, %1" : : "a"(Value), "Nd"(Port));
}

static inline uint8_t ReadPort8(uint16_t Port)
{
    uint8_t value;

    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(Port));
    return value;
}

static inline void WritePort32(uint16_t Port, uint32_t Value)
{
    __asm__ volatile("out %0, %1" : : "a"(Value), "Nd"(Port));
}

static inline uint64_t ReadTsc(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void HaltProcessor(void)
{
    __asm__ volatile("cli\n\thlt" : : : "memory");
}

/* What the kernel's page tables need: NX, and four levels in use. Ends in a sentence when it is not there. */
void CheckProcessor(void);

/* Sets EFER.NXE and CR0.WP and clears CR4.PGE, PCIDE and CET, which also empties the TLB of the firmware's global entries.
 * Only after ExitBootServices: the firmware may count on its own settings. */
void PrepareProcessor(void);

/* One RDRAND value; false when the processor has none or it failed ten times (Intel SDM volume 1, 7.3.17). */
bool ReadHardwareRandom(uint64_t *Value);
