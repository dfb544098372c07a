/* SPDX-License-Identifier: MIT
 * The four levels of x86-64 page tables seen through NT's self-map, and the kernel's address layout (docs/memory-map.md).
 *
 * PML4 entry 0x1ED points at the PML4 itself, so the page-table entry of any address is itself at a computable address.
 */
#pragma once
#include <stdint.h>

#define PAGE_SHIFT_ 12
#define MI_SELF_MAP_INDEX 0x1EDull
#define MI_PTE_BASE 0xFFFFF68000000000ull
#define MI_PDE_BASE 0xFFFFF6FB40000000ull
#define MI_PPE_BASE 0xFFFFF6FB7DA00000ull
#define MI_PXE_BASE 0xFFFFF6FB7DBED000ull

#define MI_PTE_VALID 0x001ull
#define MI_PTE_WRITE 0x002ull
#define MI_PTE_USER 0x004ull
#define MI_PTE_WRITE_THROUGH 0x008ull
#define MI_PTE_NO_CACHE 0x010ull
#define MI_PTE_ACCESSED 0x020ull
#define MI_PTE_DIRTY 0x040ull
#define MI_PTE_LARGE 0x080ull
#define MI_PTE_GLOBAL 0x100ull
#define MI_PTE_NO_EXECUTE 0x8000000000000000ull
#define MI_PTE_FRAME 0x0000FFFFFFFFF000ull

/* Address layout of the kernel half. Regions that Petrel owns are chosen so that each starts at its own PML4 entry. */
#define MI_SYSTEM_START 0xFFFF800000000000ull
#define MI_PAGED_POOL 0xFFFFA00000000000ull
#define MI_NONPAGED_POOL 0xFFFFA80000000000ull
#define MI_POOL_SIZE 0x0000000400000000ull               /* 16 GiB of addresses each */
#define MI_TRAP_SPACE 0xFFFFE00000000000ull              /* never mapped: one page for each missing import */
#define MI_TRAP_SPACE_SIZE 0x0000000010000000ull
#define MI_SHARED_USER_DATA 0xFFFFF78000000000ull
#define MI_IMAGES 0xFFFFF80000000000ull
#define MI_SYSTEM_PTES 0xFFFFF88000000000ull
#define MI_SYSTEM_PTES_SIZE 0x0000000200000000ull        /* 8 GiB of addresses */
#define MI_PFN_DATABASE 0xFFFFFA8000000000ull
#define MI_HYPER_SPACE 0xFFFFFB8000000000ull             /* each processor's short-lived page mappings */
#define MI_HAL_SPACE 0xFFFFFFFFFFC00000ull               /* devices the HAL maps before memory management runs */

static inline uint64_t *MiAddressToPte(uint64_t va) { return (uint64_t *)(MI_PTE_BASE + ((va >> 9) & 0x7FFFFFFFF8ull)); }
static inline uint64_t *MiAddressToPde(uint64_t va) { return (uint64_t *)(MI_PDE_BASE + ((va >> 18) & 0x3FFFFFF8ull)); }
static inline uint64_t *MiAddressToPpe(uint64_t va) { return (uint64_t *)(MI_PPE_BASE + ((va >> 27) & 0x1FFFF8ull)); }
static inline uint64_t *MiAddressToPxe(uint64_t va) { return (uint64_t *)(MI_PXE_BASE + ((va >> 36) & 0xFF8ull)); }

/* The entry of the level above: a PTE's PDE, a PDE's PPE, a PPE's PXE. */
static inline uint64_t *MiParentEntry(const uint64_t *entry) { return MiAddressToPte((uint64_t)(uintptr_t)entry); }
