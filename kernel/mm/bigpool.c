/* SPDX-License-Identifier: MIT
 * The table of pool allocations that take whole pages, open addressing with linear probing, under MiBigLock. It doubles when
 * three quarters full; addresses are page numbers, so the hash is a multiplication.
 */
#include "pool.h"

typedef struct MI_BIG_ENTRY {
    ULONG64 Address;                 /* 0 free, 1 removed */
    SIZE_T Bytes;
    ULONG Tag;
} MI_BIG_ENTRY;

#define REMOVED 1ull

static KE_LOCK MiBigLock = KE_LOCK_OF_RANK(KeRankPool);
static MI_BIG_ENTRY *MiBigTable;                 /* MiBigLock */
static ULONG MiBigCapacity, MiBigUsed;           /* MiBigLock; Used counts removed ones too */

static ULONG MiBigHash(ULONG64 Address) { return (ULONG)((Address >> PAGE_SHIFT) * 0x9E3779B97F4A7C15ull >> 32); }

VOID MiInitializeBigPages(VOID)
{
    MiBigCapacity = 4096;
    MiBigTable = MmAllocatePagesForKernel(MiBigCapacity * sizeof(MI_BIG_ENTRY));
    if (MiBigTable == NULL)
        KeBugCheckEx(INSTALL_MORE_MEMORY, 5, 0, 0, 0);
}

static VOID MiInsertBigLocked(MI_BIG_ENTRY *Table, ULONG Capacity, ULONG64 Address, SIZE_T Bytes, ULONG Tag)
{
    ULONG at = MiBigHash(Address) & (Capacity - 1);
    while (Table[at].Address > REMOVED)
        at = (at + 1) & (Capacity - 1);
    Table[at] = (MI_BIG_ENTRY){ Address, Bytes, Tag };
}

/* Moves everything into a table twice as large. The lock is not held over the allocation: it maps memory. */
static BOOLEAN MiGrowBigTable(VOID)
{
    ULONG capacity = MiBigCapacity, i;
    MI_BIG_ENTRY *bigger = MmAllocatePagesForKernel(2ull * capacity * sizeof(MI_BIG_ENTRY)), *old = NULL;
    KIRQL irql;

    if (bigger == NULL)
        return FALSE;
    irql = KeLockAcquire(&MiBigLock);
    if (MiBigCapacity == capacity) {
        MiBigUsed = 0;
        for (i = 0; i < capacity; i++)
            if (MiBigTable[i].Address > REMOVED) {
                MiInsertBigLocked(bigger, 2 * capacity, MiBigTable[i].Address, MiBigTable[i].Bytes, MiBigTable[i].Tag);
                MiBigUsed++;
            }
        old = MiBigTable;
        MiBigTable = bigger;
        MiBigCapacity = 2 * capacity;
        bigger = NULL;
    }
    KeLockRelease(&MiBigLock, irql);
    if (old != NULL)
        MmFreePagesForKernel(old, (SIZE_T)capacity * sizeof(MI_BIG_ENTRY));
    if (bigger != NULL)
        MmFreePagesForKernel(bigger, 2ull * capacity * sizeof(MI_BIG_ENTRY));
    return TRUE;
}

BOOLEAN MiRecordBigPages(ULONG64 Address, SIZE_T Bytes, ULONG Tag)
{
    for (;;) {
        KIRQL irql = KeLockAcquire(&MiBigLock);
        BOOLEAN room = MiBigUsed < MiBigCapacity / 4 * 3;
        if (room) {
            MiInsertBigLocked(MiBigTable, MiBigCapacity, Address, Bytes, Tag);
            MiBigUsed++;
        }
        KeLockRelease(&MiBigLock, irql);
        if (room)
            return TRUE;
        if (!MiGrowBigTable())
            return FALSE;
    }
}

static MI_BIG_ENTRY *MiFindBigLocked(ULONG64 Address)
{
    ULONG at = MiBigHash(Address) & (MiBigCapacity - 1);
    for (; MiBigTable[at].Address != 0; at = (at + 1) & (MiBigCapacity - 1))
        if (MiBigTable[at].Address == Address)
            return &MiBigTable[at];
    return NULL;
}

SIZE_T MiQueryBigPages(ULONG64 Address, PULONG Tag)
{
    KIRQL irql = KeLockAcquire(&MiBigLock);
    MI_BIG_ENTRY *entry = MiFindBigLocked(Address);
    SIZE_T bytes = entry != NULL ? entry->Bytes : 0;

    if (entry != NULL && Tag != NULL)
        *Tag = entry->Tag;
    KeLockRelease(&MiBigLock, irql);
    return bytes;
}

SIZE_T MiForgetBigPages(ULONG64 Address, PULONG Tag)
{
    KIRQL irql = KeLockAcquire(&MiBigLock);
    MI_BIG_ENTRY *entry = MiFindBigLocked(Address);
    SIZE_T bytes = 0;

    if (entry != NULL) {
        bytes = entry->Bytes;
        if (Tag != NULL)
            *Tag = entry->Tag;
        entry->Address = REMOVED;
    }
    KeLockRelease(&MiBigLock, irql);
    return bytes;
}
