/* SPDX-License-Identifier: MIT
 * The last instructions of the loader.
 */
#pragma once
#include <stdint.h>

/* Interrupts off, CR3 = Root, RSP = Stack, then Entry(Block). Its code lies within one page, which Root must map at its
 * physical address. */
_Noreturn void SwitchToKernel(uint64_t Root, uint64_t Stack, uint64_t Entry, uint64_t Block);
