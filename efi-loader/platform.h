/* SPDX-License-Identifier: MIT
 * What the firmware knows about the machine.
 */
#pragma once
#include "../kernel/abi/loaderblock.h"

/* Fills AcpiRootPhysical, SmbiosPhysical, Framebuffer, BootPartition, BootTime and FirmwareVendor. What the firmware does not have stays 0. */
void DescribePlatform(LOADER_BLOCK *Block);
