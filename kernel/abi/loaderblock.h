/* SPDX-License-Identifier: MIT
 * What the loader hands to the kernel: one versioned block, and nothing else.
 *
 * The block, its arrays, its strings and every file lie in memory of type LOADER_MEMORY_DATA, mapped read-write,
 * no-execute at the virtual addresses given here, until the kernel frees them at the end of phase 1. Addresses named
 * ...Address are virtual, ...Physical are physical. The layout is fixed-width so that both sides build it without
 * the DDK. Raise LOADER_BLOCK_VERSION with every change: the kernel refuses another version in words.
 */
#pragma once
#include <stdint.h>

#define LOADER_BLOCK_SIGNATURE 0x4B434F4C42525450ull     /* "PTRBLOCK" in memory order */
#define LOADER_BLOCK_VERSION 2u

/* Virtual layout that loader and kernel share (docs/memory-map.md draws it whole). */
#define LOADER_SELF_MAP_INDEX 0x1EDu
#define LOADER_IMAGE_REGION 0xFFFFF80000000000ull        /* images, 2 MiB aligned slots upwards; kernel first */
#define LOADER_IMAGE_REGION_END 0xFFFFF80040000000ull    /* 1 GiB */
#define LOADER_DATA_REGION 0xFFFFF80040000000ull         /* loader block and files, upwards */
#define LOADER_DATA_REGION_END 0xFFFFF80080000000ull
#define LOADER_STACK_SIZE 0x6000u                        /* boot stack of processor 0, with an unmapped page below */

typedef enum LOADER_MEMORY_TYPE {
    LOADER_MEMORY_FREE = 1,          /* usable at once (EFI conventional, boot-services code and data, loader's own leftovers) */
    LOADER_MEMORY_IMAGE,             /* kernel and boot driver images */
    LOADER_MEMORY_DATA,              /* this block, strings, files, boot stack */
    LOADER_MEMORY_PAGE_TABLE,        /* tables built by the loader */
    LOADER_MEMORY_RECLAIMABLE,       /* free once the kernel has left the loader's identity mapping: the loader image itself */
    LOADER_MEMORY_ACPI_RECLAIM,      /* ACPI tables */
    LOADER_MEMORY_ACPI_NVS,
    LOADER_MEMORY_RUNTIME,           /* EFI runtime services */
    LOADER_MEMORY_RESERVED           /* never touched; includes memory-mapped I/O */
} LOADER_MEMORY_TYPE;

/* Sorted by BasePage, no overlaps, adjacent equals merged. */
typedef struct LOADER_MEMORY {
    uint64_t BasePage, PageCount;    /* 4 KiB pages */
    uint32_t Type;                   /* LOADER_MEMORY_TYPE */
    uint32_t Reserved;
} LOADER_MEMORY;

/* A mapped and bound image, in load order: ntoskrnl.exe, hal.dll, then boot drivers with their export drivers first.
 * Base addresses are in LOADER_IMAGE_REGION; headers are mapped read-only; sections W^X, except foreign images whose sections
 * ask for both. Imports of boot drivers that no image exports are left bound to 0 and are the kernel's to bind. */
typedef struct LOADER_IMAGE {
    uint64_t NameAddress;            /* "ntoskrnl.exe": file name only, ASCII, NUL-terminated */
    uint64_t PathAddress;            /* "\petrel\ntoskrnl.exe": ASCII, NUL-terminated */
    uint64_t BaseAddress;
    uint64_t EntryAddress;           /* 0 = none */
    uint32_t ImageSize;              /* bytes, page multiple */
    uint32_t Flags;                  /* LOADER_IMAGE_... */
} LOADER_IMAGE;
#define LOADER_IMAGE_KERNEL 1u
#define LOADER_IMAGE_HAL 2u
#define LOADER_IMAGE_BOOT_DRIVER 4u      /* named by a driver= line: its DriverEntry is to be called */

/* A file read whole and not interpreted: hives, tables, drivers under test. */
typedef struct LOADER_FILE {
    uint64_t NameAddress;            /* the path as given in boot.cfg, ASCII, NUL-terminated */
    uint64_t DataAddress;            /* page aligned; bytes past Size up to the page end are 0 */
    uint64_t Size;
    uint32_t Kind;                   /* LOADER_FILE_KIND */
    uint32_t Reserved;
} LOADER_FILE;
typedef enum LOADER_FILE_KIND {
    LOADER_FILE_OTHER = 0,
    LOADER_FILE_SYSTEM_HIVE,         /* hive= */
    LOADER_FILE_CASING_TABLE,        /* casing= : 65,536 little-endian UTF-16 upcase values, then 65,536 downcase values */
    LOADER_FILE_TEST_DRIVER,         /* test= : a driver for the lab, loaded by the kernel */
    LOADER_FILE_SYSTEM_LOG           /* hivelog= : a log of the SYSTEM hive, the first and the second */
} LOADER_FILE_KIND;

typedef struct LOADER_FRAMEBUFFER {
    uint64_t BasePhysical, Size;     /* 0 = no framebuffer */
    uint32_t Width, Height, PixelsPerScanLine;
    uint32_t Format;                 /* 0 = R8G8B8X8, 1 = B8G8R8X8 (UEFI's PixelRedGreenBlue.., PixelBlueGreenRed..) */
} LOADER_FRAMEBUFFER;

/* The partition that the loader was started from, as its partition table says it. */
typedef struct LOADER_PARTITION {
    uint8_t Identity[16];            /* GPT: its GUID; MBR: the disk's signature in the first four bytes */
    uint64_t FirstBlock;
    uint32_t Kind;                   /* LOADER_PARTITION_... */
    uint32_t Reserved;
} LOADER_PARTITION;
#define LOADER_PARTITION_NONE 0u         /* not from a partition, or the firmware does not say */
#define LOADER_PARTITION_MBR 1u
#define LOADER_PARTITION_GPT 2u

typedef struct LOADER_BLOCK {
    uint64_t Signature;
    uint32_t Version;
    uint32_t Size;                   /* sizeof(LOADER_BLOCK) */
    uint64_t MemoryAddress;          /* LOADER_MEMORY[MemoryCount] */
    uint64_t ImageAddress;           /* LOADER_IMAGE[ImageCount] */
    uint64_t FileAddress;            /* LOADER_FILE[FileCount] */
    uint32_t MemoryCount, ImageCount, FileCount;
    uint32_t Reserved0;
    uint64_t OptionsAddress;         /* every option line of boot.cfg that the loader does not consume, "key=value\n...", ASCII, NUL */
    uint64_t PageTableRootPhysical;  /* what CR3 holds at the kernel's entry */
    uint64_t AcpiRootPhysical;       /* RSDP, 2.0 preferred; 0 = none */
    uint64_t SmbiosPhysical;         /* SMBIOS 3 or 2 entry point; 0 = none */
    uint64_t BootStackBaseAddress;   /* highest address + 1 of the stack the kernel starts on, LOADER_STACK_SIZE bytes */
    uint64_t DataRegionNextAddress;  /* first unused address of LOADER_DATA_REGION */
    uint64_t ImageRegionNextAddress; /* first unused slot of LOADER_IMAGE_REGION */
    uint64_t BootTime;               /* 100 ns units since 1601-01-01 UTC, from EFI GetTime; 0 = unknown */
    uint64_t TscAtStart, TscAtExit;  /* at the loader's first instruction and after ExitBootServices */
    uint8_t Entropy[64];             /* EFI_RNG_PROTOCOL, else RDRAND, else TSC jitter; EntropySource says which (1, 2, 3) */
    uint32_t EntropySource;
    uint32_t Reserved1;
    LOADER_FRAMEBUFFER Framebuffer;
    LOADER_PARTITION BootPartition;
    char FirmwareVendor[64];         /* ASCII, for the report */
} LOADER_BLOCK;

/* The kernel's entry point: interrupts off, CR3 = PageTableRootPhysical, NX and WP on, the firmware's GDT (to be replaced at
 * once), stack at BootStackBaseAddress - 0x28 (16-byte aligned call frame with home space). Never returns. */
typedef void (__attribute__((ms_abi)) LOADER_KERNEL_ENTRY)(LOADER_BLOCK *Block);
