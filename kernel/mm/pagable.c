/* SPDX-License-Identifier: MIT
 * Locking sections of drivers into memory. Images are resident as a whole, so that a lock is a count and nothing else; but a driver
 * that unlocks what it did not lock, or locks what is no section, is stopped as documented for MEMORY_MANAGEMENT.
 *
 * A section's handle is the address of its count, MM_IMAGE.SectionLocks[i].
 */
#include "image.h"

#define MI_LOCK_OF_NO_SECTION 0x1234u            /* parameters of MEMORY_MANAGEMENT */
#define MI_UNLOCK_OF_UNLOCKED 0x1010u

static volatile LONG *MiLocksOfAddress(ULONG64 Address)
{
    MM_IMAGE *image = MmImageOfAddress(Address);
    ULONG i;

    for (i = 0; image != NULL && i < image->Pe.SectionCount; i++) {
        const PE_SECTION *section = &image->Pe.Sections[i];
        if (Address - (ULONG64)image->Entry.DllBase - section->Rva < ROUND_TO_PAGES((ULONG64)section->VirtualSize))
            return &image->SectionLocks[i];
    }
    return NULL;
}

/* Handle, when it is one. */
static volatile LONG *MiLocksOfHandle(PVOID Handle)
{
    PLIST_ENTRY entry;

    for (entry = PsLoadedModuleList.Flink; entry != &PsLoadedModuleList; entry = entry->Flink) {
        MM_IMAGE *image = CONTAINING_RECORD(entry, MM_IMAGE, Entry.InLoadOrderLinks);
        ULONG64 offset = (ULONG64)Handle - (ULONG64)image->SectionLocks;
        if (offset < image->Pe.SectionCount * sizeof(LONG) && offset % sizeof(LONG) == 0)
            return Handle;
    }
    return NULL;
}

static VOID MiLockSection(volatile LONG *Locks, PVOID What)
{
    if (Locks == NULL)
        KeBugCheckEx(MEMORY_MANAGEMENT, MI_LOCK_OF_NO_SECTION, (ULONG_PTR)What, 0, 0);
    InterlockedIncrement(Locks);
}

PVOID NTAPI MmLockPagableDataSection(PVOID AddressWithinSection)
{
    volatile LONG *locks = MiLocksOfAddress((ULONG64)AddressWithinSection);
    MiLockSection(locks, AddressWithinSection);
    return (PVOID)locks;
}

VOID NTAPI MmLockPagableSectionByHandle(PVOID ImageSectionHandle)
{
    MiLockSection(MiLocksOfHandle(ImageSectionHandle), ImageSectionHandle);
}

VOID NTAPI MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
    volatile LONG *locks = MiLocksOfHandle(ImageSectionHandle);
    LONG count = locks != NULL ? *locks : 0, found;

    for (; count > 0; count = found) {
        found = InterlockedCompareExchange(locks, count - 1, count);
        if (found == count)
            return;
    }
    KeBugCheckEx(MEMORY_MANAGEMENT, MI_UNLOCK_OF_UNLOCKED, (ULONG_PTR)ImageSectionHandle, 0, 0);
}

/* Permissions to page, of which no use is made. */
PVOID NTAPI MmPageEntireDriver(PVOID AddressWithinSection)
{
    MM_IMAGE *image = MmImageOfAddress((ULONG64)AddressWithinSection);
    return image != NULL ? image->Entry.DllBase : NULL;
}

VOID NTAPI MmResetDriverPaging(PVOID AddressWithinSection) { (void)AddressWithinSection; }
