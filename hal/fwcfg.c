/* SPDX-License-Identifier: MIT
 * QEMU's firmware configuration device (QEMU docs/specs/fw_cfg): named files by DMA. How the tool hands drivers and options to a
 * machine without rebuilding its disk.
 */
#include "halp.h"
#include "../kernel/abi/pagetable.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_DMA_HIGH 0x514
#define FW_CFG_DMA_LOW 0x518
#define FW_CFG_SIGNATURE 0x0000
#define FW_CFG_DIRECTORY 0x0019
#define FW_CFG_NAME_LENGTH 56
#define FW_CFG_FILES_MAXIMUM 256
#define DMA_ERROR 1u
#define DMA_READ 2u
#define DMA_SKIP 4u
#define DMA_SELECT 8u

/* All fields big-endian. */
typedef struct FW_CFG_DMA {
    ULONG Control, Length;
    ULONG64 Address;
} FW_CFG_DMA;

typedef struct FW_CFG_FILE {
    ULONG Size;
    USHORT Select, Reserved;
    CHAR Name[FW_CFG_NAME_LENGTH];
} FW_CFG_FILE;
C_ASSERT(sizeof(FW_CFG_FILE) == 64);

static DECLSPEC_ALIGN(16) FW_CFG_DMA HalpFwCfgDma;
static volatile LONG HalpFwCfgLock;

static ULONG64 HalpPhysical(const VOID *Address)
{
    return (*MiAddressToPte((ULONG64)Address) & MI_PTE_FRAME) | ((ULONG64)Address & (PAGE_SIZE - 1));
}

BOOLEAN HalFwCfgPresent(VOID)
{
    KiOutWord(FW_CFG_SELECTOR, FW_CFG_SIGNATURE);
    return KiInByte(FW_CFG_DATA) == 'Q' && KiInByte(FW_CFG_DATA) == 'E' && KiInByte(FW_CFG_DATA) == 'M' &&
           KiInByte(FW_CFG_DATA) == 'U';
}

static BOOLEAN HalpRunDma(ULONG Control, ULONG Length, ULONG64 Physical)
{
    volatile ULONG *control = &HalpFwCfgDma.Control;
    ULONG64 at = HalpPhysical(&HalpFwCfgDma);

    HalpFwCfgDma.Length = __builtin_bswap32(Length);
    HalpFwCfgDma.Address = __builtin_bswap64(Physical);
    *control = __builtin_bswap32(Control);
    KiOutLong(FW_CFG_DMA_HIGH, __builtin_bswap32((ULONG)(at >> 32)));
    KiOutLong(FW_CFG_DMA_LOW, __builtin_bswap32((ULONG)at));
    while (*control & ~__builtin_bswap32(DMA_ERROR))
        KiPause();
    return *control == 0;
}

static BOOLEAN HalpNamesAreEqual(const CHAR *Stored, PCSTR Name)
{
    ULONG i;
    for (i = 0; i < FW_CFG_NAME_LENGTH; i++) {
        if (Stored[i] != Name[i])
            return FALSE;
        if (Name[i] == '\0')
            return TRUE;
    }
    return FALSE;
}

/* Finds a file by walking the directory entry by entry. */
static BOOLEAN HalpFindFile(PCSTR Name, FW_CFG_FILE *Found)
{
    static FW_CFG_FILE entry;
    static ULONG bigCount;
    ULONG count;

    if (!HalpRunDma(FW_CFG_DIRECTORY << 16 | DMA_SELECT | DMA_READ, sizeof(bigCount), HalpPhysical(&bigCount)))
        return FALSE;
    for (count = min(__builtin_bswap32(bigCount), FW_CFG_FILES_MAXIMUM); count != 0; count--) {
        ULONG i;
        PUCHAR bytes = (PUCHAR)&entry;
        for (i = 0; i < sizeof(entry); i++)      /* an entry may cross a page: read by port, no address needed */
            bytes[i] = KiInByte(FW_CFG_DATA);
        if (!HalpNamesAreEqual(entry.Name, Name))
            continue;
        *Found = entry;
        Found->Size = __builtin_bswap32(entry.Size);
        Found->Select = __builtin_bswap16(entry.Select);
        return TRUE;
    }
    return FALSE;
}

static VOID HalpLockFwCfg(VOID)
{
    while (InterlockedExchange(&HalpFwCfgLock, 1) != 0)
        KiPause();
}

ULONG HalFwCfgSize(PCSTR Name)
{
    FW_CFG_FILE file;
    BOOLEAN found = FALSE;

    if (!HalFwCfgPresent())
        return 0;
    HalpLockFwCfg();
    found = HalpFindFile(Name, &file);
    InterlockedExchange(&HalpFwCfgLock, 0);
    return found ? file.Size : 0;
}

static BOOLEAN HalpReadPages(USHORT Select, PUCHAR Buffer, ULONG Size)
{
    ULONG done, chunk, control = (ULONG)Select << 16 | DMA_SELECT | DMA_READ;
    for (done = 0; done < Size; done += chunk, control = DMA_READ) {
        chunk = min(Size - done, PAGE_SIZE - (ULONG)((ULONG64)(Buffer + done) & (PAGE_SIZE - 1)));
        if (!HalpRunDma(control, chunk, HalpPhysical(Buffer + done)))
            return FALSE;
    }
    return TRUE;
}

BOOLEAN HalFwCfgRead(PCSTR Name, PVOID Buffer, ULONG Size)
{
    FW_CFG_FILE file;
    BOOLEAN ok = FALSE;

    if (!HalFwCfgPresent())
        return FALSE;
    HalpLockFwCfg();
    if (HalpFindFile(Name, &file) && file.Size >= Size)
        ok = HalpReadPages(file.Select, Buffer, Size);
    InterlockedExchange(&HalpFwCfgLock, 0);
    return ok;
}
