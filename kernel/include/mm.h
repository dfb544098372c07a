/* SPDX-License-Identifier: MIT
 * Memory management for the other components. What drivers call is declared by the DDK.
 */
#pragma once
#include "nt.h"
#include "../abi/loaderblock.h"
#include "../../pe/pe.h"

/* Upward calls: pages of files, which io transfers around the cache. Bytes: how many were, up to the end of the file's data. */
typedef struct MM_UPCALLS {
    NTSTATUS (*TransferPages)(PFILE_OBJECT File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes);
    VOID (*HoldFile)(PFILE_OBJECT File, BOOLEAN Hold);           /* a reference, or one less */
    VOID (*QueueWork)(PWORK_QUEUE_ITEM Work);
    /* Around the creation of a section: the file system's locks. */
    VOID (*BeginSection)(PFILE_OBJECT File);
    VOID (*EndSection)(PFILE_OBJECT File);
    NTSTATUS (*QueryFileSize)(PFILE_OBJECT File, PULONG64 Bytes);
    NTSTATUS (*ExtendFile)(PFILE_OBJECT File, ULONG64 Bytes);
    NTSTATUS (*ReferenceFile)(HANDLE Handle, ACCESS_MASK Access, PFILE_OBJECT *File);      /* for ps */
    VOID (*TrimCache)(ULONG Windows);                            /* cc's: as many windows that nobody uses are given up */
} MM_UPCALLS;
extern MM_UPCALLS MmUpcalls;

/* Boot: page frames, kernel regions, KUSER_SHARED_DATA, pools. Bugchecks when memory is too small. */
VOID MmInitialize(LOADER_BLOCK *Block);
/* Gives back what only the loader and the boot needed: the identity mapping, reclaimable descriptors. */
VOID MmReleaseLoaderMemory(VOID);

/* ---- Kernel memory ---- */
/* Zeroed, non-executable, page-aligned; freed with the same size. NULL when out of memory. IRQL <= DISPATCH_LEVEL. */
PVOID MmAllocatePagesForKernel(SIZE_T Bytes);
VOID MmFreePagesForKernel(PVOID Address, SIZE_T Bytes);
/* A kernel stack of KE_KERNEL_STACK_SIZE with an unmapped page below it; returns its high end, or NULL. */
PVOID MmCreateKernelStack(VOID);
VOID MmDeleteKernelStack(PVOID StackBase);

/* A free physical page below 1 MiB, identity mapped read-write-execute until released; 0 when there is none. */
ULONG64 MmReserveTrampolinePage(VOID);
VOID MmReleaseTrampolinePage(ULONG64 Page);

/* ---- Address spaces ---- */
/* A top page table with the kernel half; given back by MmDeleteAddressSpace. */
NTSTATUS MmCreateAddressSpace(PULONG64 DirectoryTable);
/* An empty user half for a process with a table of its own (KeInitProcess ran), or for the System process. PASSIVE_LEVEL. */
NTSTATUS MmInitializeAddressSpace(PEPROCESS Process);
NTSTATUS MmInitializeSystemAddressSpace(PEPROCESS Process);
/* Everything of the user half goes, and nothing can be added any more. PASSIVE_LEVEL. */
VOID MmCleanAddressSpace(PEPROCESS Process);
/* What is left goes: no thread is or will be in the address space. PASSIVE_LEVEL. */
VOID MmDeleteAddressSpace(PEPROCESS Process);
/* What programs were promised. */
ULONG64 MmCommittedPages(VOID);
/* In pages, with what the kernel has; and what has happened since the boot. */
typedef struct MM_COMMIT {
    ULONG64 Committed, Peak, Limit;
    ULONG64 Faults, PagesIn, InOperations, PagesOut, OutOperations;
    ULONG64 FilePages;               /* in memory */
} MM_COMMIT;
VOID MmQueryCommit(MM_COMMIT *Commit);
/* Of a process, in pages; each figure by itself is true, or was a moment ago. */
typedef struct MM_PROCESS {
    ULONG64 WorkingSet, PeakWorkingSet, Private, PeakPrivate, Virtual, PeakVirtual, Faults;
} MM_PROCESS;
VOID MmQueryProcess(PEPROCESS Process, MM_PROCESS *Information);

/* ---- Page files ---- */
/* The file, whose clusters are all there and which nobody else changes, is held for good. STATUS_TOO_MANY_PAGING_FILES,
 * STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS MmAddPageFile(PFILE_OBJECT File, ULONG64 Bytes, PCUNICODE_STRING Name);
typedef struct MM_PAGE_FILE {
    ULONG Pages, Used, Peak;
    UNICODE_STRING Name;             /* lasts as long as the file */
} MM_PAGE_FILE;
/* FALSE: there are no more. */
BOOLEAN MmQueryPageFile(ULONG Index, MM_PAGE_FILE *Information);
/* The thread that makes room when memory is short. Never returns. */
VOID MmBalanceSetManager(PVOID Context);

typedef struct _MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress, AllocationBase;
    ULONG AllocationProtect;
    SIZE_T RegionSize;
    ULONG State, Protect, Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;
C_ASSERT(sizeof(MEMORY_BASIC_INFORMATION) == 0x30);
#ifndef MEM_IMAGE
#define MEM_IMAGE 0x1000000u
#endif
struct MI_SEGMENT;

/* ---- Memory of the current process, with the statuses of the system services; PASSIVE_LEVEL, values in kernel memory ---- */
NTSTATUS MmAllocateUserMemory(PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize, ULONG AllocationType, ULONG Protect);
NTSTATUS MmFreeUserMemory(PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType);
NTSTATUS MmProtectUserMemory(PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect, PULONG OldProtect);
NTSTATUS MmQueryUserMemory(PVOID BaseAddress, PMEMORY_BASIC_INFORMATION Information);
/* Of [*Address, End), which lies in one region with write watch (or STATUS_INVALID_PARAMETER_1): the first *Count written pages, and
 * where the rest begins. Reset: those are not written from then on. */
NTSTATUS MmGetWriteWatch(PULONG64 Address, ULONG64 End, BOOLEAN Reset, PVOID *Addresses, PULONG Count);
NTSTATUS MmResetWriteWatch(ULONG64 Address, SIZE_T Bytes);

/* ---- What the caller of a system service points at; Mode is the caller's. User memory is probed, and its faults are statuses. Each part
 * is to be read once. PASSIVE_LEVEL, and no lock held ---- */
NTSTATUS MmReadCaller(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Bytes);
NTSTATUS MmWriteCaller(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Bytes);
/* Whether the range can be written now. */
NTSTATUS MmProbeCaller(KPROCESSOR_MODE Mode, PVOID To, SIZE_T Bytes);
/* Reads what the caller will be told anew in the same place: it must be writable now, too. */
NTSTATUS MmReadCallerInOut(KPROCESSOR_MODE Mode, PVOID To, PVOID From, SIZE_T Bytes);
/* The same where NULL says that the caller does not want to know. */
static inline NTSTATUS MmProbeOptional(KPROCESSOR_MODE Mode, PVOID To, SIZE_T Bytes)
{
    return To != NULL ? MmProbeCaller(Mode, To, Bytes) : STATUS_SUCCESS;
}
static inline NTSTATUS MmWriteOptional(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Bytes)
{
    return To != NULL ? MmWriteCaller(Mode, To, From, Bytes) : STATUS_SUCCESS;
}
/* A copy in paged pool, the caller's to give to MmFreeCallerBlock, which takes NULL too. STATUS_INSUFFICIENT_RESOURCES: user mode shows
 * more than MM_LONGEST_BLOCK. */
#define MM_LONGEST_BLOCK 0x1000000u
NTSTATUS MmReadCallerBlock(KPROCESSOR_MODE Mode, const VOID *From, SIZE_T Bytes, PVOID *Copy);
VOID MmFreeCallerBlock(PVOID Copy);
/* A copy with a NUL behind it, whose Buffer goes to MmFreeCallerBlock; an empty string has none. */
NTSTATUS MmReadCallerString(KPROCESSOR_MODE Mode, const UNICODE_STRING *From, PUNICODE_STRING Copy);
/* An answer of variable length is made in Buffer, which for user mode is zeroed pool of at most MM_LONGEST_ANSWER bytes; the addresses
 * that it holds are those it will have (MmAnswerAddress). Each MmBeginAnswer that succeeds ends with MmEndAnswer, which hands the first
 * Bytes over. */
#define MM_LONGEST_ANSWER 0x400000u
typedef struct MM_ANSWER {
    PVOID To, Buffer;                /* NULL: there is none */
    SIZE_T Length;
    KPROCESSOR_MODE Mode;
} MM_ANSWER;
NTSTATUS MmBeginAnswer(MM_ANSWER *Answer, KPROCESSOR_MODE Mode, PVOID To, SIZE_T Length);
NTSTATUS MmEndAnswer(MM_ANSWER *Answer, SIZE_T Bytes);
/* What the caller will call an address of Buffer. */
static inline PVOID MmAnswerAddress(const MM_ANSWER *Answer, const VOID *Address)
{
    return (PUCHAR)Answer->To + ((const UCHAR *)Address - (const UCHAR *)Answer->Buffer);
}

/* ---- Sections: what a section object has for a body ---- */
typedef struct MM_SECTION {
    struct MI_SEGMENT *Segment;      /* I used */
    ULONG64 Bytes;                   /* I */
    ULONG Protection;                /* I mm's bits: the most that a view may have */
    ULONG Attributes;                /* I SEC_... */
} MM_SECTION;
#define SEC_FILE 0x00800000u
#ifndef SEC_IMAGE
#define SEC_IMAGE 0x01000000u
#endif
/* NT's SECTION_IMAGE_INFORMATION. */
typedef struct MM_SECTION_IMAGE {
    PVOID TransferAddress;           /* the entry point in an image at its base */
    ULONG ZeroBits;
    SIZE_T MaximumStackSize, CommittedStackSize;
    ULONG SubSystemType;
    USHORT SubSystemMinorVersion, SubSystemMajorVersion;
    USHORT OperatingSystemMinorVersion, OperatingSystemMajorVersion;
    USHORT ImageCharacteristics, DllCharacteristics, Machine;
    BOOLEAN ImageContainsCode;
    UCHAR ImageFlags;                /* MM_IMAGE_... */
    ULONG LoaderFlags, ImageFileSize, CheckSum;
} MM_SECTION_IMAGE;
C_ASSERT(sizeof(MM_SECTION_IMAGE) == 0x40 && FIELD_OFFSET(MM_SECTION_IMAGE, ImageFlags) == 0x33);
#define MM_IMAGE_DYNAMICALLY_RELOCATED 0x04
#define MM_IMAGE_MAPPED_FLAT 0x08
/* A section of a file, or of zero pages when File is NULL. Attributes: one of SEC_COMMIT, SEC_RESERVE, SEC_IMAGE. Bytes 0: as large as the
 * file; more than the file has: it grows. No locks of the file system held. STATUS_COMMITMENT_LIMIT, STATUS_INSUFFICIENT_RESOURCES,
 * STATUS_INVALID_PAGE_PROTECTION, STATUS_SECTION_TOO_BIG, STATUS_INVALID_FILE_FOR_SECTION, STATUS_MAPPED_FILE_SIZE_ZERO,
 * STATUS_INVALID_IMAGE_...; PASSIVE_LEVEL. */
NTSTATUS MmOpenSection(PFILE_OBJECT File, ULONG64 Bytes, ULONG Protect, ULONG Attributes, MM_SECTION *Section);
/* All of physical memory. */
NTSTATUS MmOpenPhysicalSection(MM_SECTION *Section);
VOID MmCloseSection(MM_SECTION *Section);
/* NULL: not an image's. */
const MM_SECTION_IMAGE *MmSectionImage(const MM_SECTION *Section);
/* The file of an image, which the section holds; NULL: not an image's. */
PFILE_OBJECT MmSectionFile(const MM_SECTION *Section);
/* Where an image was relocated to. */
ULONG64 MmImageBase(const MM_SECTION *Section);
typedef struct MM_VIEW {
    PVOID Base;                      /* in and out */
    ULONG64 Offset;                  /* in and out: a multiple of 64 KiB, of a page for physical memory */
    SIZE_T Size;                     /* in and out */
    ULONG_PTR ZeroBits;
    SIZE_T CommitSize;
    ULONG AllocationType, Protect;
} MM_VIEW;
/* STATUS_IMAGE_NOT_AT_BASE, a success: an image that was relocated for another address. */
NTSTATUS MmMapView(const MM_SECTION *Section, MM_VIEW *View);
NTSTATUS MmUnmapView(PVOID Address);
/* Writes what was changed through the view of a file. STATUS_NOT_MAPPED_VIEW, STATUS_NOT_MAPPED_DATA (no file's). */
NTSTATUS MmFlushView(PVOID *Address, PSIZE_T Size, PIO_STATUS_BLOCK Result);
NTSTATUS MmMapSystemView(const MM_SECTION *Section, PVOID *Base, ULONG64 Offset, PSIZE_T Size);
NTSTATUS MmUnmapSystemView(PVOID Base);

/* ---- Pages of files, for the cache and for sections. Not under a file system's locks that reading or writing the file takes ---- */
/* The segment of a file's data, made when there is none, with a reference that MmDeleteSegment gives back. The file object is held
 * while the segment lives; FileObject->SectionObjectPointer must not be NULL. */
NTSTATUS MmReferenceFileSegment(PFILE_OBJECT File, ULONG64 Bytes, struct MI_SEGMENT **Segment);
/* The file's size is another. Smaller: pages behind it go, unless somebody uses them (FALSE), and the rest of the last page is zero. */
BOOLEAN MmResizeFileSegment(struct MI_SEGMENT *Segment, ULONG64 Bytes);
/* Brings pages into memory: what is not there is read or, if Fresh, zero. The first failure of a read is returned. */
NTSTATUS MmMakeFilePagesResident(struct MI_SEGMENT *Segment, ULONG64 First, ULONG Count, BOOLEAN Fresh);
BOOLEAN MmFilePagesAreResident(struct MI_SEGMENT *Segment, ULONG64 First, ULONG Count);
VOID MmDirtyFilePages(struct MI_SEGMENT *Segment, ULONG64 First, ULONG Count);
/* Writes dirty pages, and waits for those that somebody else writes. What cannot be written stays dirty. */
NTSTATUS MmFlushFilePages(struct MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count);
/* Drops pages, dirty ones unwritten if Dirty says so. FALSE: somebody uses one, which stays. */
BOOLEAN MmPurgeFilePages(struct MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count, BOOLEAN Dirty);
ULONG64 MmCountDirtyPages(struct MI_SEGMENT *Segment);
ULONG64 MmCountAllDirtyPages(VOID);
/* The segment of the file's data, referenced, or NULL. */
struct MI_SEGMENT *MmFindFileSegment(PSECTION_OBJECT_POINTERS Pointers);
VOID MmDeleteSegment(struct MI_SEGMENT *Segment);           /* gives the reference back */
/* The modified page writer: every file that is mapped for writing is flushed now, as it is from time to time; how many there were.
 * PASSIVE_LEVEL. */
ULONG MmFlushMappedFiles(VOID);

/* ---- Windows of system space onto files ---- */
/* Addresses that stay reserved, with page tables when they are first used; NULL: none are left. */
PVOID MmReserveWindow(ULONG Pages);
/* Maps pages that are in memory where nothing is mapped yet. STATUS_RETRY: one is not in memory (any more). Mapped gets their number. */
NTSTATUS MmMapFilePages(struct MI_SEGMENT *Segment, ULONG64 First, ULONG Count, PVOID Address, PULONG Mapped);
/* Unmaps what is mapped there; returns how many pages. */
ULONG MmEmptyWindow(PVOID Address, ULONG Pages);

/* ---- Statistics, for leak checks and the report ---- */
typedef struct MM_STATISTICS {
    ULONG64 TotalPages, FreePages;
    ULONG64 PoolBytes[3], PoolBlocks[3];          /* nonpaged, nonpaged no-execute, paged */
    ULONG64 SystemPages;                          /* of the system address allocator */
} MM_STATISTICS;
VOID MmQueryStatistics(MM_STATISTICS *Statistics);

/* ---- System images ---- */
#define MM_IMAGE_IMPORTS 32u
typedef struct MM_IMAGE {
    KLDR_DATA_TABLE_ENTRY Entry;                  /* first: PsLoadedModuleList links these */
    PE_IMAGE Pe;                                  /* I mapped view */
    SIZE_T MappedSize;                            /* I */
    BOOLEAN LoadedByLoader;                       /* I never unmapped */
    BOOLEAN UnderTest;                            /* I a driver of the lab */
    volatile LONG SectionLocks[PE_MAX_SECTIONS];  /* a MmLockPagableDataSection and its like */
    volatile LONG References;                     /* a images that import from this one, and the driver object */
    BOOLEAN DllInitialized;                       /* the loading thread: somebody imports from it, and it was told */
    ULONG ImportCount;                            /* the loading thread */
    struct MM_IMAGE *Imports[MM_IMAGE_IMPORTS];   /* the loading thread: images it imports from, referenced */
    WCHAR FullName[128];                          /* I */
    CHAR AnsiName[64];                            /* I base name */
} MM_IMAGE;

/* Binds one import for an image; what the address stands for is the binder's business (init, vf). */
typedef BOOLEAN MM_BIND(PVOID Context, MM_IMAGE *Importer, const PE_IMPORT *Import, ULONG64 *Address);

/* The images that the loader mapped become entries of PsLoadedModuleList. */
NTSTATUS MmAdoptLoaderImages(LOADER_BLOCK *Block);
/* Maps a driver from the bytes of its file, relocates and binds it, protects its sections and links it into the list.
 * PeStatus says why for STATUS_INVALID_IMAGE_FORMAT. PASSIVE_LEVEL. */
NTSTATUS MmLoadSystemImage(PCUNICODE_STRING FullName, const VOID *File, SIZE_T FileSize, BOOLEAN UnderTest, MM_BIND *Bind,
                           PVOID BindContext, MM_IMAGE **Image, PE_STATUS *PeStatus);
/* Gives a reference back; with the last one DllUnload runs, the image is unmapped and what it imports from released. */
VOID MmUnloadSystemImage(MM_IMAGE *Image);
/* Calls DllInitialize of each image that this one is the first to import from; its failure is the load's. PASSIVE_LEVEL. */
NTSTATUS MmInitializeImports(MM_IMAGE *Image);
/* Binds the import table of an image again, e.g. to thunks. */
NTSTATUS MmRebindImage(MM_IMAGE *Image, MM_BIND *Bind, PVOID Context);
/* The image by base name ("foo.sys"; extension optional, case ignored), or NULL. */
MM_IMAGE *MmFindImage(PCSTR Name);
/* The image that holds an address, or NULL. Any IRQL. */
MM_IMAGE *MmImageOfAddress(ULONG64 Address);
/* May Routine be told of processes and handles, and veto or change them? Only from an image that was signed for it
 * (IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY; design, decision 3), or from any with the option `allow-unsigned-callbacks`. Any IRQL. */
BOOLEAN MmVerifyCallbackFunction(PVOID Routine);
extern BOOLEAN MmAllowUnsignedCallbacks;
extern LIST_ENTRY PsLoadedModuleList;
/* What the list says of each image, taken under its lock. */
typedef struct MM_MODULE {
    PVOID Base;
    ULONG Size, Flags;
    USHORT LoadCount;
    WCHAR Path[128];
} MM_MODULE;
ULONG MmCountModules(VOID);
ULONG MmDescribeModules(MM_MODULE *Modules, ULONG Maximum);
ULONG64 MmQueryHighestPage(VOID);

/* An export's address, forwarders followed; 0 when there is none. */
ULONG64 MmFindExport(const MM_IMAGE *Image, PCSTR Name, ULONG Ordinal);

/* ---- Exported routines younger than the DDK ---- */
PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag);
VOID NTAPI ExFreePool2(PVOID P, ULONG Tag, PVOID Parameters, ULONG Count);
PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect);
typedef struct _MM_COPY_ADDRESS {
    union {
        PVOID VirtualAddress;
        PHYSICAL_ADDRESS PhysicalAddress;
    };
} MM_COPY_ADDRESS, *PMM_COPY_ADDRESS;
#define MM_COPY_MEMORY_PHYSICAL 0x1
#define MM_COPY_MEMORY_VIRTUAL 0x2
NTSTATUS NTAPI MmCopyMemory(PVOID TargetAddress, MM_COPY_ADDRESS SourceAddress, SIZE_T NumberOfBytes, ULONG Flags,
                            PSIZE_T NumberOfBytesTransferred);
NTSTATUS NTAPI MmCopyVirtualMemory(PEPROCESS SourceProcess, PVOID SourceAddress, PEPROCESS TargetProcess, PVOID TargetAddress,
                                   SIZE_T BufferSize, KPROCESSOR_MODE PreviousMode, PSIZE_T ReturnSize);
