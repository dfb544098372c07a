/* SPDX-License-Identifier: MIT
 * Where images go. An image that can move gets an address of its own for as long as it is in memory, the same in every process, so that
 * its pages are shared; libraries below one another, so that they do not collide.
 */
#include "file.h"

#define MI_DYNAMIC_BASE 0x0040u                  /* DLL characteristics */
#define MI_LARGE_ADDRESSES 0x0020u               /* image characteristics: not confined to two gibibytes */

typedef struct MI_ZONE {
    ULONG64 Low, High;                           /* I */
    ULONG64 Next;                                /* MiBaseLock images go below this; 0: not begun */
} MI_ZONE;
static EX_PUSH_LOCK MiBaseLock;
static MI_ZONE MiLibraries = { 0x7FF800000000, 0x7FFFFF000000, 0 };
static MI_ZONE MiPrograms = { 0x7FF600000000, 0x7FF7FF000000, 0 };
static MI_ZONE MiSmallAddresses = { 0x10000000, 0x70000000, 0 };

static ULONG64 MiRandomOffset(ULONG64 Limit)
{
    static ULONG seed;
    ULONG64 random;

    if (seed == 0)
        seed = (ULONG)KiReadTsc() | 1;
    random = (ULONG64)RtlRandomEx(&seed) << 31 | RtlRandomEx(&seed);
    return random % Limit & ~0xFFFFull;
}

static ULONG64 MiTakeBase(MI_ZONE *Zone, ULONG Size, BOOLEAN Anywhere)
{
    ULONG64 room = Zone->High - Zone->Low, step = ((ULONG64)Size + 0xFFFF) & ~0xFFFFull, base;

    ExLockExclusive(&MiBaseLock);
    if (Anywhere || Zone->Next < Zone->Low + step)       /* not begun, or used up: from near the top, by chance */
        Zone->Next = Zone->High - MiRandomOffset(room / 4);
    base = Zone->Next - step;
    Zone->Next = base;
    ExUnlockExclusive(&MiBaseLock);
    return base;
}

ULONG64 MiChooseImageBase(const PE_IMAGE *Pe)
{
    BOOLEAN library = (Pe->Characteristics & PE_FILE_DLL) != 0;

    if (Pe->Directories[PE_DIR_BASE_RELOC].Size == 0 || (Pe->Characteristics & PE_FILE_RELOCS_STRIPPED) ||
        !(library || (Pe->DllCharacteristics & MI_DYNAMIC_BASE)) || Pe->SizeOfImage > 0x10000000)
        return Pe->ImageBase;
    if (!library && !(Pe->Characteristics & MI_LARGE_ADDRESSES))
        return MiTakeBase(&MiSmallAddresses, Pe->SizeOfImage, TRUE);
    return library ? MiTakeBase(&MiLibraries, Pe->SizeOfImage, FALSE) : MiTakeBase(&MiPrograms, Pe->SizeOfImage, TRUE);
}
