/* SPDX-License-Identifier: MIT
 * Local time, timer resolution, and identifiers that no two machines make.
 */
#include "exp.h"
#include "hal.h"

static LONG64 ExpTimeZoneBias(VOID) { return *(volatile LONG64 *)&SharedUserData->TimeZoneBias; }

VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    LocalTime->QuadPart = SystemTime->QuadPart - ExpTimeZoneBias();
}

VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime)
{
    SystemTime->QuadPart = LocalTime->QuadPart + ExpTimeZoneBias();
}

/* The clock always runs at its finest: whatever is asked for, that is the resolution. */
ULONG NTAPI ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution) { return HAL_CLOCK_INCREMENT; }

/* ---- UUIDs of version 1 (RFC 4122): 100 ns since 1582, a clock sequence, and a node, which is random without a network card ---- */
#define EXP_TIME_OF_1601 0x00146BF33E42C000ull    /* 100 ns from 1582-10-15 to 1601-01-01 */

static volatile LONG64 ExpLastUuidTime;           /* a */
static volatile LONG64 ExpUuidNode;               /* a 0: not chosen yet; else the multicast bit is set */

/* The first of Count times in a row. */
static ULONG64 ExpUniqueTimes(ULONG Count)
{
    LARGE_INTEGER now;
    LONG64 last, next;

    do {                                         /* two calls within a tick still differ */
        last = ExpLastUuidTime;
        KeQuerySystemTimePrecise(&now);
        next = max(now.QuadPart, last + 1);
    } while (InterlockedCompareExchange64(&ExpLastUuidTime, next + Count - 1, last) != last);
    return (ULONG64)next + EXP_TIME_OF_1601;
}

/* Eight bytes: six of the node, two of the clock sequence. */
static ULONG64 ExpNodeAndSequence(VOID)
{
    ULONG seed = (ULONG)KiReadTsc();
    ULONG64 bits = (ULONG64)RtlRandomEx(&seed) << 33 ^ (ULONG64)RtlRandomEx(&seed) << 16 ^ RtlRandomEx(&seed);
    InterlockedCompareExchange64(&ExpUuidNode, (LONG64)(bits | 1), 0);
    return (ULONG64)ExpUuidNode;
}

NTSTATUS NTAPI ExUuidCreate(UUID *Uuid)
{
    ULONG64 time = ExpUniqueTimes(1), node = ExpNodeAndSequence();
    ULONG i;

    Uuid->Data1 = (ULONG)time;
    Uuid->Data2 = (USHORT)(time >> 32);
    Uuid->Data3 = (USHORT)((time >> 48 & 0xFFF) | 0x1000);
    Uuid->Data4[0] = (UCHAR)((node >> 56 & 0x3F) | 0x80);
    Uuid->Data4[1] = (UCHAR)(node >> 48);
    for (i = 0; i < 6; i++)
        Uuid->Data4[2 + i] = (UCHAR)(node >> 8 * i);         /* the first byte's lowest bit is set: not a card's address */
    return RPC_NT_UUID_LOCAL_ONLY;
}

#define EXP_MOST_UUIDS 10000u                    /* one millisecond's */

NTSTATUS NTAPI NtAllocateUuids(PULARGE_INTEGER Time, PULONG Range, PULONG Sequence, PUCHAR Seed)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG64 node = ExpNodeAndSequence();
    ULONG range = EXP_MOST_UUIDS, sequence = (ULONG)(node >> 48) & 0x3FFF;
    ULARGE_INTEGER time = { .QuadPart = ExpUniqueTimes(range) };
    NTSTATUS status = MmWriteCaller(mode, Time, &time, sizeof(time));

    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Range, &range, sizeof(range));
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Sequence, &sequence, sizeof(sequence));
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, Seed, &node, 6);
    return NT_SUCCESS(status) ? RPC_NT_UUID_LOCAL_ONLY : status;
}
