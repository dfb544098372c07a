/* SPDX-License-Identifier: MIT
 * Private to mm/.
 */
#pragma once
#include "mm.h"
#include "ke.h"
#include "../abi/pagetable.h"

/* ---- Page frames ---- */
typedef enum MI_PAGE_STATE { MiPageReserved, MiPageZeroed, MiPageFree, MiPageActive, MiPageBad } MI_PAGE_STATE;

/* NT's MMPFN (0x30 bytes); names of its unions' members where Petrel uses them. One for each page of RAM. */
typedef struct _MMPFN {
    ULONG64 Flink;                   /* M next page of its list; a page number */
    ULONG64 *PteAddress;             /* M the entry that maps it */
    ULONG64 OriginalPte;             /* the entry's lock: while the page is read, the slot of a page file that it is read from */
    ULONG64 ShareCount;              /* M mappings, or Blink */
    USHORT ReferenceCount;           /* M locks and I/O */
    UCHAR PageLocation;              /* M MI_PAGE_STATE */
    UCHAR Flags;                     /* a MI_PFN_MODIFIED */
    ULONG Reserved;
    ULONG64 PteFrame;                /* M the page table that holds PteAddress */
} MMPFN;
C_ASSERT(sizeof(MMPFN) == 0x30);
#define MI_PFN_MODIFIED 0x01         /* a device or the kernel wrote to it by an MDL */
#define MI_PFN_PAGEABLE 0x02         /* counted in MiPageablePages: it can leave, to a page file or to the file it is of */
#define MI_PFN_FILE 0x04             /* counted in MiFilePages, too: a file's */
#define MiPfn(page) ((MMPFN *)MI_PFN_DATABASE + (page))
#define MI_NO_PAGE (~0ull)

extern KE_LOCK MiPfnLock;
extern ULONG64 MmHighestPhysicalPage;
extern PFN_NUMBER MiTotalPages;
extern volatile LONG64 MiAvailablePages;
extern volatile LONG64 MiPageablePages, MiFilePages;

VOID MiInitializePfnDatabase(LOADER_BLOCK *Block);
/* A page, zeroed on request, or MI_NO_PAGE. IRQL <= DISPATCH_LEVEL. */
PFN_NUMBER MiAllocatePage(BOOLEAN Zeroed);
/* The same for pages that can leave memory again: the last MiReservePages are not for them. */
PFN_NUMBER MiAllocateUserPage(BOOLEAN Zeroed);
PFN_NUMBER MiAllocateFilePage(VOID);
/* A page that was the kernel's becomes one that can leave. */
VOID MiMarkPageable(PFN_NUMBER Page);
VOID MiFreePage(PFN_NUMBER Page);
/* One more reason to keep a page; one less, and the page is free when it was the last. Whoever allocates has the first. */
VOID MiReferencePage(PFN_NUMBER Page);
VOID MiReleasePage(PFN_NUMBER Page);
ULONG MiPageReferences(PFN_NUMBER Page);
/* Count physically contiguous pages within [Low, High], aligned to Boundary pages (0: any); MI_NO_PAGE if none. */
PFN_NUMBER MiAllocateContiguousPages(PFN_NUMBER Count, PFN_NUMBER Low, PFN_NUMBER High, PFN_NUMBER Boundary);
BOOLEAN MiIsRam(PFN_NUMBER Page);
VOID MiReclaimDescriptors(LOADER_BLOCK *Block);

/* ---- When memory is short (demand.c) ---- */
/* MiReservePages are the kernel's; below MiLowPages the trimmer is asked to work, until there are MiEnoughPages. */
extern ULONG64 MiReservePages, MiLowPages, MiEnoughPages;
VOID MiInitializeDemand(VOID);
/* IRQL <= DISPATCH_LEVEL. */
VOID MiAskTrimmer(VOID);
/* Waits until Pages pages more than the reserve are free, as long as the trimmer finds something; FALSE: there is no hope, or no way to
 * wait here. Nothing held that the trimmer needs (docs/irql-and-locking.md). */
BOOLEAN MiAwaitPages(ULONG64 Pages);

/* ---- Page tables ---- */
#define MI_KERNEL_DATA (MI_PTE_VALID | MI_PTE_WRITE | MI_PTE_GLOBAL | MI_PTE_ACCESSED | MI_PTE_DIRTY | MI_PTE_NO_EXECUTE)
#define MI_KERNEL_CODE_DATA (MI_PTE_VALID | MI_PTE_WRITE | MI_PTE_GLOBAL | MI_PTE_ACCESSED | MI_PTE_DIRTY)
/* Makes the tables above a kernel address exist. */
BOOLEAN MiEnsureTables(ULONG64 Address);
/* Maps one page; the tables exist. */
static inline VOID MiWritePte(ULONG64 Address, PFN_NUMBER Page, ULONG64 Bits)
{
    __atomic_store_n(MiAddressToPte(Address), (ULONG64)Page << PAGE_SHIFT | Bits, __ATOMIC_RELEASE);
}
BOOLEAN MiIsMapped(ULONG64 Address);
/* Changes the protection bits of mapped pages and flushes them. */
VOID MiProtectRange(ULONG64 Address, ULONG Pages, ULONG64 Bits);
/* Maps fresh zeroed pages at [Address, Address + Pages); all or nothing. */
BOOLEAN MiMapFreshPages(ULONG64 Address, ULONG Pages, ULONG64 Bits);
/* Unmaps, flushes, and frees the pages. */
VOID MiUnmapAndFree(ULONG64 Address, ULONG Pages);
VOID MiUnmapOnly(ULONG64 Address, ULONG Pages);

/* ---- Hyperspace: this processor's mapping slot, at DISPATCH_LEVEL ---- */
extern BOOLEAN MiHyperSpaceIsReady;
VOID MiInitializeHyperSpace(VOID);
PVOID MiMapInHyperSpace(PFN_NUMBER Page, PKIRQL OldIrql);
VOID MiUnmapHyperSpace(KIRQL OldIrql);

/* ---- Address regions: a bitmap of pages ---- */
typedef struct MI_REGION {
    KE_LOCK Lock;
    ULONG64 Base;                    /* I */
    ULONG Pages;                     /* I */
    ULONG Hint;                      /* Lock */
    ULONG Used;                      /* Lock */
    ULONG64 *Bits;                   /* Lock */
} MI_REGION;
extern MI_REGION MiSystemRegion;
VOID MiInitializeRegion(MI_REGION *Region, ULONG64 Base, ULONG64 Bytes);
/* Address of Pages free pages, or 0. */
ULONG64 MiReserveAddresses(MI_REGION *Region, ULONG Pages);
static inline BOOLEAN MiBit(const MI_REGION *Region, ULONG Index) { return (Region->Bits[Index / 64] >> Index % 64) & 1; }
/* Whether an address of the region is taken. */
static inline BOOLEAN MiIsReserved(const MI_REGION *Region, ULONG64 Address)
{
    return MiBit(Region, (ULONG)((Address - Region->Base) >> PAGE_SHIFT));
}
VOID MiReleaseAddresses(MI_REGION *Region, ULONG64 Address, ULONG Pages);

/* ---- Pools ---- */
VOID MiInitializePools(VOID);
VOID MiQueryPools(MM_STATISTICS *Statistics);

NTSTATUS MiAccessFault(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame);
VOID MiInitializeSharedUserData(VOID);
VOID MiCreateKernelHalf(VOID);
extern ULONG64 MiSystemTopTable;     /* I physical address of the top table that the System process has */
static inline ULONG64 MiTopTable(VOID) { return *MiAddressToPxe(MI_PXE_BASE) & MI_PTE_FRAME; }      /* the current one's */

/* ---- Stacks of KE_LARGE_STACK_SIZE, for callouts ---- */
PVOID MiCreateLargeStack(VOID);
VOID MiDeleteLargeStack(PVOID StackBase);
