/* SPDX-License-Identifier: MIT
 * The only way the kernel reaches the DDK: annotations first, the DDK, then what is wrong or missing in it (facts measured on
 * build 19045), then NT's private structures as far as Petrel implements them.
 */
#pragma once
#include "annotations.h"

/* The DDK's versions of these differ from NT's; ours come from the layout table. */
#define _KPCR _KPCR_DDK
#define KPCR KPCR_DDK
#define PKPCR PKPCR_DDK
#define _KWAIT_BLOCK _KWAIT_BLOCK_DDK
#define KWAIT_BLOCK KWAIT_BLOCK_DDK
#define PKWAIT_BLOCK PKWAIT_BLOCK_DDK
#define PRKWAIT_BLOCK PRKWAIT_BLOCK_DDK
#define KeGetPcr KeGetPcr_DDK
#define KeGetCurrentProcessorNumber KeGetCurrentProcessorNumber_DDK
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ntifs.h>
#pragma clang diagnostic pop
#undef _KPCR
#undef KPCR
#undef PKPCR
#undef _KWAIT_BLOCK
#undef KWAIT_BLOCK
#undef PKWAIT_BLOCK
#undef PRKWAIT_BLOCK
#undef KeGetPcr
#undef KeGetCurrentProcessorNumber
#undef EX_PUSH_LOCK        /* a macro for ULONG_PTR there; the structure has the same size */
#undef PEX_PUSH_LOCK

typedef struct _KWAIT_BLOCK *PRKWAIT_BLOCK;
typedef struct _M128A KI_M128A;
#include "../abi/obmethods.h"
#include <generated/ntprivate.h>

/* By name, with -fno-builtin, each is a call; a few bytes the compiler moves better itself. */
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlZeroMemory
#define RtlCopyMemory(Destination, Source, Length) __builtin_memcpy(Destination, Source, Length)
#define RtlMoveMemory(Destination, Source, Length) __builtin_memmove(Destination, Source, Length)
#define RtlZeroMemory(Destination, Length) __builtin_memset(Destination, 0, Length)

/* Pool flags younger than the DDK's list. */
#define POOL_NX_ALLOCATION 512u

/* Bug checks younger than the DDK's list. */
#define MACHINE_CHECK_EXCEPTION 0x9Cu
#define RESOURCE_OWNER_POINTER 0x132u
#define CRITICAL_STRUCTURE_CORRUPTION 0x109u
#define KERNEL_SECURITY_CHECK_FAILURE 0x139u
#ifndef SYSTEM_PTE_MISUSE
#define SYSTEM_PTE_MISUSE 0xDAu
#endif

typedef enum _KAPC_ENVIRONMENT {
    OriginalApcEnvironment, AttachedApcEnvironment, CurrentApcEnvironment, InsertApcEnvironment
} KAPC_ENVIRONMENT;

#define CLOCK_LEVEL 13
#define IPI_LEVEL 14
#define POWER_LEVEL 14
#define PROFILE_LEVEL 15
#define HIGH_LEVEL 15
#define SYNCH_LEVEL 12

#if DBG
#define KI_ASSERT_TEXT(e) #e
#undef ASSERT
#define ASSERT(e) ((e) ? (void)0 : KiAssertFailed(KI_ASSERT_TEXT(e), __FILE__, __LINE__))
#else
#undef ASSERT
#define ASSERT(e) ((void)sizeof(!(e)))
#endif
DECLSPEC_NORETURN VOID KiAssertFailed(PCSTR Expression, PCSTR File, ULONG Line);
