/* SPDX-License-Identifier: MIT
 * Services called as user mode calls them, with each pointer in turn leading where user mode must not, or cannot, go.
 */
#pragma once
#include "test.h"

#define TEST_SERVICE_ARGUMENTS 14u
typedef struct TEST_SERVICE {
    PCSTR Name;
    PVOID Routine;
    ULONG Pointers;                  /* bit i: argument i is one, and what it points to is used */
    ULONG64 Arguments[TEST_SERVICE_ARGUMENTS];       /* good ones */
} TEST_SERVICE;

typedef NTSTATUS NTAPI TEST_ROUTINE(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                                    ULONG64, ULONG64, ULONG64);

/* As user mode; Argument becomes Value. */
static inline NTSTATUS TestCallWith(const TEST_SERVICE *Service, ULONG Argument, ULONG64 Value)
{
    ULONG64 a[TEST_SERVICE_ARGUMENTS];
    TEST_ROUTINE *routine = (TEST_ROUTINE *)(ULONG_PTR)Service->Routine;

    RtlCopyMemory(a, Service->Arguments, sizeof(a));
    a[Argument] = Value;
    return AS_USER(routine(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13]));
}

/* Never mapped, the kernel's, across the end of user memory, around the end of all. */
static inline VOID TestBadPointers(const TEST_SERVICE *Services, ULONG Count)
{
    static UCHAR kernels[PAGE_SIZE];
    const ULONG64 bad[] = { (ULONG64)TEST_BAD_USER, (ULONG64)kernels, MmUserProbeAddress - 1, ~0ull - 2 };
    ULONG i, argument, b;

    for (i = 0; i < Count; i++)
        for (argument = 0; argument < TEST_SERVICE_ARGUMENTS; argument++)
            for (b = 0; (Services[i].Pointers >> argument & 1) && b < RTL_NUMBER_OF(bad); b++) {
                NTSTATUS status = TestCallWith(&Services[i], argument, bad[b]);
                if (!CHECK(status == STATUS_ACCESS_VIOLATION))
                    DbgPrint("%s: argument %lu = %llx: %lx\n", Services[i].Name, argument, bad[b], (ULONG)status);
            }
    for (b = 0; b < sizeof(kernels) && kernels[b] == 0; b++)
        ;
    CHECK(b == sizeof(kernels));
}

/* Arguments may be pointers, handles or numbers. */
#define TEST_POINTER(p) ((ULONG64)(p))
