/* SPDX-License-Identifier: MIT
 * The documented pool interface. Paged and nonpaged pool differ in their addresses only: nothing is paged out yet (CAVEATS).
 */
#include "pool.h"

#define POOL_FLAG_UNINITIALIZED_ 0x2ull
#define POOL_FLAG_RAISE_ 0x20ull
#define POOL_FLAG_NON_PAGED_ 0x40ull
#define POOL_FLAG_NON_PAGED_EXECUTE_ 0x80ull
#define POOL_FLAG_PAGED_ 0x100ull
#define POOL_FLAG_KINDS (POOL_FLAG_NON_PAGED_ | POOL_FLAG_NON_PAGED_EXECUTE_ | POOL_FLAG_PAGED_)
#define TAG_NONE 'enoN'
#define POOL_ZERO_ALLOCATION_ 1024

static PVOID MiAllocateOrRaise(MI_POOL_KIND Kind, SIZE_T Bytes, ULONG Tag, BOOLEAN Raise)
{
    PVOID block = MiAllocatePool(Kind, Bytes, Tag);
    if (block == NULL && Raise)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return block;
}

DECLSPEC_NOINLINE static PVOID MiAllocateSpecial(POOL_TYPE PoolType, SIZE_T Bytes, ULONG Tag)
{
    PVOID block = MiAllocateOrRaise(MiPoolOfType(PoolType), Bytes, Tag, (PoolType & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0);

    if (block != NULL && (PoolType & POOL_ZERO_ALLOCATION_))
        RtlZeroMemory(block, Bytes);
    return block;
}

#undef ExAllocatePool
#undef ExAllocatePoolWithTag
#undef ExAllocatePoolWithQuota
#undef ExAllocatePoolWithQuotaTag
#undef ExFreePool
PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    if (PoolType & (POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_ZERO_ALLOCATION_))
        return MiAllocateSpecial(PoolType, NumberOfBytes, Tag);
    return MiAllocatePool(MiPoolOfType(PoolType), NumberOfBytes, Tag);
}

PVOID NTAPI ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, TAG_NONE);
}

/* The System process, in which everything runs that has no process of its own, is not charged. */
PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    PVOID block = ExAllocatePoolWithTag((POOL_TYPE)(PoolType & ~POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), NumberOfBytes, Tag);
    if (block == NULL && !(PoolType & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE))
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return block;
}

PVOID NTAPI ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, TAG_NONE);
}

PVOID NTAPI ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    (void)Priority;
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

/* Exactly one kind must be named; memory is zeroed unless asked otherwise. */
PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    ULONG64 kinds = Flags & POOL_FLAG_KINDS;
    BOOLEAN raise = (Flags & POOL_FLAG_RAISE_) != 0;
    MI_POOL_KIND kind = kinds == POOL_FLAG_PAGED_ ? MiPoolPaged
                        : kinds == POOL_FLAG_NON_PAGED_ ? MiPoolNonPagedNx : MiPoolNonPaged;
    PVOID block;

    if (kinds == 0 || (kinds & (kinds - 1)) != 0 || NumberOfBytes == 0 || Tag == 0) {
        if (raise)
            ExRaiseStatus(STATUS_INVALID_PARAMETER);
        return NULL;
    }
    block = MiAllocateOrRaise(kind, NumberOfBytes, Tag, raise);
    if (block != NULL && !(Flags & POOL_FLAG_UNINITIALIZED_))
        RtlZeroMemory(block, NumberOfBytes);
    return block;
}

VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag) { MiFreePool(P, Tag); }

VOID NTAPI ExFreePool(PVOID P) { ExFreePoolWithTag(P, 0); }
VOID NTAPI ExFreePool2(PVOID P, ULONG Tag, PVOID Parameters, ULONG Count)
{
    (void)Parameters, (void)Count;
    ExFreePoolWithTag(P, Tag);
}
