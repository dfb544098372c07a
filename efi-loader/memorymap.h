/* SPDX-License-Identifier: MIT
 * The firmware's memory map, and leaving the firmware with the right one in hand.
 */
#pragma once
#include <stdint.h>
#include "descriptors.h"

/* Reads the map a first time, with a buffer that will do for the last time too, and ends the boot when the machine has too
 * little free memory. */
void CheckMemory(void);

/* Upper bound for the descriptors FillMemory will write. */
uint32_t MemoryCapacity(void);

/* ExitBootServices, again with a fresh map whenever the map changed meanwhile. No allocation, no console from here on. */
void LeaveFirmware(void);

/* Turns the last map and the loader's allocations into the kernel's descriptors. Returns how many. After LeaveFirmware. */
uint32_t FillMemory(LOADER_MEMORY *Entries, uint32_t Capacity);
