/* SPDX-License-Identifier: MIT
 * Recurses until the kernel stack is used up: a double fault.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

/* Each call needs its own bytes after the inner one has returned, so that no compiler can make a loop of it. */
static DECLSPEC_NOINLINE ULONG Recurse(volatile UCHAR *Outer, ULONG Depth)
{
    volatile UCHAR space[512];

    space[Depth % sizeof(space)] = Outer[0];
    if (Outer[0] == 0)
        return 0;
    return Recurse(space, Depth + sizeof(space)) + space[0] + Outer[1];
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    volatile UCHAR first[2];

    first[0] = 1;
    first[1] = 1;
    DbgPrint("stack_overflow: recursing\n");
    return (NTSTATUS)Recurse(first, 0);
}
