/* SPDX-License-Identifier: MIT
 * qsort and bsearch. A heap sort: no recursion and no bad inputs on a 24 KiB stack.
 */
#include "crt.h"

static void RtlpSwap(char *left, char *right, size_t size)
{
    for (; size != 0; size--) {
        char c = *left;
        *left++ = *right;
        *right++ = c;
    }
}

/* Lets element Root sink until both its children are no greater. */
static void RtlpSift(char *base, size_t root, size_t count, size_t size, CRT_COMPARE *compare)
{
    size_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + root * size, base + child * size) >= 0)
            break;
        RtlpSwap(base + root * size, base + child * size, size);
        root = child;
    }
}

void qsort(void *Base, size_t Count, size_t Size, CRT_COMPARE *Compare)
{
    size_t i;

    for (i = Count / 2; i != 0; i--)
        RtlpSift(Base, i - 1, Count, Size, Compare);
    for (i = Count; i > 1; i--) {
        RtlpSwap(Base, (char *)Base + (i - 1) * Size, Size);
        RtlpSift(Base, 0, i - 1, Size, Compare);
    }
}

void *bsearch(const void *Key, const void *Base, size_t Count, size_t Size, CRT_COMPARE *Compare)
{
    const char *base = Base;

    while (Count != 0) {
        size_t middle = Count / 2;
        int order = Compare(Key, base + middle * Size);
        if (order == 0)
            return (void *)(uintptr_t)(base + middle * Size);
        if (order > 0) {
            base += (middle + 1) * Size;
            Count -= middle + 1;
        } else {
            Count = middle;
        }
    }
    return NULL;
}
