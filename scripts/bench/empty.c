/* SPDX-License-Identifier: MIT
 * The smallest EFI application: it ends QEMU through isa-debug-exit (exit status 33) as soon as the firmware starts it.
 * `scripts/petrel bench --boot` times it, as the floor below which no boot under this firmware can go.
 */
#include <stdint.h>

uint64_t EfiMain(void *image, void *table)
{
    (void)image;
    (void)table;
    __asm__ volatile("outl %0, %1" : : "a"(16), "Nd"((uint16_t)0xF4));
    return 0;
}
