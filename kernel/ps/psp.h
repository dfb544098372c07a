/* SPDX-License-Identifier: MIT
 * Private to ps/.
 *
 * PspListLock (spin, rank ProcessList) guards PsActiveProcessHead and every process's ThreadListHead. PspCidTable maps ids to
 * EPROCESS and ETHREAD; an id lives until its object is deleted, and is looked up with the entry locked, so that what it leads to
 * cannot go away meanwhile.
 */
#pragma once
#include "ps.h"
#include "ob.h"
#include "ke.h"
#include "mm.h"

extern KE_LOCK PspListLock;

#define PROCESS_CREATE_THREAD 0x0002
#define PSP_THREAD_TERMINATED 0x1u               /* ETHREAD.CrossThreadFlags */
#define PSP_THREAD_INSERTED 0x2u
#define PSP_THREAD_IMPERSONATES 0x8u
#define PSP_PROCESS_QUERY_LIMITED 0x1000
#define PSP_THREAD_QUERY 0x0040

OB_DELETE_METHOD PspDeleteProcess;
OB_DELETE_METHOD PspDeleteThread;

/* What every system thread runs: its routine under the handler that ends the machine. */
VOID PspSystemThreadStartup(PVOID Context);
DECLSPEC_NORETURN VOID PspExitThread(NTSTATUS Status);
VOID PspReapThread(PKTHREAD Thread);

/* ---- Notification (notifyset.c); PASSIVE_LEVEL ---- */
/* What a routine of the Ex kind says: an error keeps the process from being made. */
NTSTATUS PspNotifyProcessCreate(PEPROCESS Process, PCUNICODE_STRING ImageName);
VOID PspNotifyProcessExit(PEPROCESS Process);
VOID PspNotifyThread(PETHREAD Thread, BOOLEAN Create);
