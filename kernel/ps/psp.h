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
#include "exsync.h"

extern KE_LOCK PspListLock;

#define PROCESS_TERMINATE 0x0001
#define PROCESS_SET_QUOTA 0x0100
#define PROCESS_CREATE_THREAD 0x0002
#define PSP_THREAD_TERMINATE 0x0001
#define PROCESS_VM_OPERATION 0x0008
#define PROCESS_VM_READ 0x0010
#define PROCESS_VM_WRITE 0x0020
#define PROCESS_CREATE_PROCESS 0x0080
#define PROCESS_QUERY_INFORMATION 0x0400
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#define THREAD_RESUME 0x1000
#define PSP_PROCESS_TOLD 0x1u                    /* EPROCESS.Flags: CreateReported */
#define PSP_PROCESS_EXITING 0x4u                 /* ProcessExiting */
#define PSP_PROCESS_REPORTED 0x8u                /* ProcessDelete */
#define PSP_PROCESS_IMAGES_TOLD 0x400000u        /* ImageNotifyDone */
#define TAG_IMAGE_NAME 'nIsP'
#define PSP_PROTECTION_TYPE 7u                   /* EPROCESS.Protection */
#define PSP_PROTECTED_LIGHT 1u
#define PSP_THREAD_TERMINATED 0x1u               /* ETHREAD.CrossThreadFlags */
#define PSP_THREAD_INSERTED 0x2u
#define PSP_THREAD_IMPERSONATES 0x8u
#define PSP_THREAD_QUERY 0x0040
#define PSP_THREAD_SET_TOKEN 0x0080
#define PSP_THREAD_IMPERSONATE 0x0100
#define PSP_THREAD_DIRECT_IMPERSONATION 0x0200
#define PSP_THREAD_HIDDEN 0x4u                   /* HideFromDebugger */
#define PSP_THREAD_IO_PRIORITY 9                 /* CrossThreadFlags' bits from there, three each: ThreadIoPriority ... */
#define PSP_THREAD_PAGE_PRIORITY 12              /* ... and ThreadPagePriority */
#define PSP_THREAD_HINT_MASK 7u
#define PSP_HIGHEST_PAGE_PRIORITY 5u             /* MEMORY_PRIORITY_NORMAL, the default */

/* The end of a query that answers Size bytes: they, and how many, which the caller may not want to know. */
NTSTATUS PspTell(PVOID To, PSIZE_T ReturnLength, const VOID *From, SIZE_T Size);
/* The end of a query: Size bytes, for a caller whose Length is that; STATUS_INVALID_INFO_CLASS when Size is 0. */
NTSTATUS PspReturn(PVOID To, ULONG Length, PULONG ReturnLength, const VOID *From, ULONG Size);
/* The end of a query that answers a string: its text behind it, and that many zero bytes behind the text. Text is kernel memory. */
NTSTATUS PspReturnText(PUNICODE_STRING To, PCUNICODE_STRING Text, USHORT Zeros);
/* The service's caller's attributes of an object without a name, zero for NULL; its kernel handles are kernel mode's only. What they
 * point to is not read. STATUS_INVALID_PARAMETER. */
NTSTATUS PspReadObjectAttributes(const OBJECT_ATTRIBUTES *From, POBJECT_ATTRIBUTES To);
/* ThreadNameInformation (threadname.c). Name is read in the caller's mode. */
NTSTATUS PspReturnThreadName(PETHREAD Thread, PVOID Information, ULONG Length, PULONG ReturnLength);
NTSTATUS PspSetThreadName(PETHREAD Thread, PCUNICODE_STRING Name);
VOID PspFreeThreadName(PETHREAD Thread);

OB_DELETE_METHOD PspDeleteProcess;
OB_DELETE_METHOD PspDeleteThread;
VOID PspFreeId(HANDLE Id);
/* Nothing can be added to the process any more; TRUE, once, when it has no thread: the end is the caller's to do. */
BOOLEAN PspEnterExit(PEPROCESS Process, NTSTATUS Status);
VOID PspExitProcess(PEPROCESS Process);

/* ---- Threads (thread.c) ---- */
typedef struct PSP_NEW_THREAD {
    POBJECT_ATTRIBUTES Attributes;               /* or NULL */
    PEPROCESS Process;
    VOID (*Startup)(PVOID Thread);               /* in the kernel */
    PVOID Routine, Context;                      /* what it is for: StartAddress and FirstArgument */
} PSP_NEW_THREAD;
/* A thread with an id and a kernel stack, neither inserted nor started. */
NTSTATUS PspAllocateThread(const PSP_NEW_THREAD *New, PETHREAD *Thread);
/* FALSE: the process is ending. */
BOOLEAN PspStartThread(PETHREAD Thread);
/* Asks a thread to end with that status: on its way to user mode, where it is sent. System threads do not hear of it. */
VOID PspVisitThreads(VOID (*Visit)(PKTHREAD Thread, PCSTR Process));
VOID PspTestTermination(VOID);
VOID PspEndProcessOfException(PEXCEPTION_RECORD Record);
VOID PspRequestExit(PETHREAD Thread, NTSTATUS Status);
/* All threads of the process but the caller. */
VOID PspRequestExitOfOthers(PEPROCESS Process, NTSTATUS Status);
NTSTATUS PspReferenceKernelFile(HANDLE Handle, PFILE_OBJECT *File);
NTSTATUS PspOpenImageSection(PCUNICODE_STRING Name, PVOID *Section, PFILE_OBJECT *File);

/* What every system thread runs: its routine under the handler that ends the machine. */
VOID PspSystemThreadStartup(PVOID Context);
DECLSPEC_NORETURN VOID PspExitThread(NTSTATUS Status);
VOID PspReapThread(PKTHREAD Thread);

/* Linked and told to nobody; the reference is the caller's. */
NTSTATUS PspMakeProcess(PEPROCESS Parent, PACCESS_TOKEN Token, PCUNICODE_STRING ImageName, PEPROCESS *Process);

/* ---- Notification (notifyset.c); PASSIVE_LEVEL ---- */
/* What a routine of the Ex kind says: an error keeps the process from being made. */
NTSTATUS PspNotifyProcessCreate(PEPROCESS Process, PCUNICODE_STRING ImageName, PFILE_OBJECT File, PCUNICODE_STRING CommandLine);
/* Nobody hears of the end of a process whose beginning was not told. */
VOID PspNotifyProcessExit(PEPROCESS Process);
VOID PspNotifyThread(PETHREAD Thread, BOOLEAN Create);
/* By the new thread itself, before it enters user mode. */
VOID PspNotifyOwnStart(VOID);
/* A view of an image in the user half of a process. */
VOID PspNotifyUserImage(PEPROCESS Process, const MM_SECTION *Section, PVOID Base);
