/* SPDX-License-Identifier: MIT
 * rand, srand and sqrt.
 */
#include "crt.h"

static volatile uint32_t RtlpRandState = 1;                   /* a: a lost update only repeats a number */

void srand(unsigned int Seed)
{
    RtlpRandState = Seed;
}

/* The C standard's example shape with the multiplier Microsoft's runtime is known for; 15 bits. */
int rand(void)
{
    uint32_t state = RtlpRandState * 214013u + 2531011u;

    RtlpRandState = state;
    return (int)((state >> 16) & 0x7FFF);
}

double sqrt(double Value)
{
    double root;
    __asm__("sqrtsd %1, %0" : "=x"(root) : "x"(Value));
    return root;
}
