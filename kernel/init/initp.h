/* SPDX-License-Identifier: MIT
 * Private to init/.
 */
#pragma once
#include "nt.h"
#include "ke.h"
#include "mm.h"
#include "test.h"

/* ---- Options: boot.cfg's unconsumed lines, then fw_cfg's, which override ---- */
VOID InitReadOptions(const LOADER_BLOCK *Block);
/* The value of the last line with this key, or NULL. NUL-terminated; valid for good. */
PCSTR InitOption(PCSTR Key);
ULONG64 InitOptionNumber(PCSTR Key, ULONG64 Default);
/* Visits every line with this key, in order. */
VOID InitForEachOption(PCSTR Key, VOID (*Visit)(PVOID Context, PCSTR Value), PVOID Context);

/* Version queries answer what the option `version` says. */
VOID InitSetVersion(VOID);

/* ---- Phases ---- */
VOID InitPhase1(PVOID Context);
/* A system thread that nobody keeps a handle to. */
NTSTATUS InitStartThread(KE_THREAD_ROUTINE *Routine, PVOID Context);

/* The page files that the registry asks for (pagefiles.c). */
VOID InitCreatePageFiles(VOID);

/* Threaded DPCs run in threads from now on. */
VOID InitStartDpcThreads(VOID);

/* \SystemRoot leads to \Windows on the volume of that partition; of LOADER_PARTITION_NONE, on the first volume. Without such a volume
 * there is no \SystemRoot: STATUS_NO_SUCH_DEVICE. PASSIVE_LEVEL. */
NTSTATUS InitLinkSystemRoot(const LOADER_PARTITION *Partition);
extern const struct KE_TEST_GROUP InitSystemRootTests;

/* The registry's files, from here on: those of the boot volume and what is loaded later. After InitLinkSystemRoot, once. */
VOID InitOpenHives(VOID);

/* ---- Self-tests ---- */
typedef struct INIT_RESULTS {
    ULONG Passed, Failed, Skipped;
} INIT_RESULTS;
VOID InitRunTests(PCSTR Prefix, INIT_RESULTS *Results);
extern const KE_TEST_GROUP *const InitTestGroups[];
extern const ULONG InitTestGroupCount;

/* ---- The lab ---- */
/* Loads, exercises and unloads every driver of the job; TRUE when every verdict is pass. */
BOOLEAN InitRunLab(const LOADER_BLOCK *Block);
/* The drivers the loader mapped: bound again by the kernel, then started. */
VOID InitStartBootDrivers(const LOADER_BLOCK *Block);
/* What the registry wants started besides. */
VOID InitStartSystemDrivers(VOID);
/* From here on a program can end the system. */
VOID InitPrepareEnding(VOID);
