/* SPDX-License-Identifier: MIT
 * I/O completion ports and the cancelling of requests: services for callers of both modes, PASSIVE_LEVEL.
 */
#pragma once
#include "nt.h"

typedef struct _FILE_IO_COMPLETION_INFORMATION {
    PVOID KeyContext, ApcContext;
    IO_STATUS_BLOCK IoStatusBlock;
} FILE_IO_COMPLETION_INFORMATION, *PFILE_IO_COMPLETION_INFORMATION;
C_ASSERT(sizeof(FILE_IO_COMPLETION_INFORMATION) == 0x20);

/* Count: how many threads may work on packets at once, 0 for as many as there are processors. */
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Count);
NTSTATUS NTAPI NtOpenIoCompletion(PHANDLE IoCompletionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE IoCompletionHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus,
                                 ULONG_PTR IoStatusInformation);
/* ReserveHandle, which may be NULL: memory from NtAllocateReserveObject, so that there is nothing to run out of.
 * STATUS_INVALID_PARAMETER_2: its packet is under way. */
NTSTATUS NTAPI NtSetIoCompletionEx(HANDLE IoCompletionHandle, HANDLE ReserveHandle, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus,
                                   ULONG_PTR IoStatusInformation);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE IoCompletionHandle, PVOID *KeyContext, PVOID *ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                    PLARGE_INTEGER Timeout);
/* As many packets as there are, Count at most, once there is one. */
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE IoCompletionHandle, PFILE_IO_COMPLETION_INFORMATION IoCompletionInformation, ULONG Count,
                                      PULONG NumEntriesRemoved, PLARGE_INTEGER Timeout, BOOLEAN Alertable);
/* Class 0: how many packets there are. */
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE IoCompletionHandle, ULONG IoCompletionInformationClass, PVOID IoCompletionInformation,
                                   ULONG IoCompletionInformationLength, PULONG ReturnLength);
/* Type 1 only: a packet for NtSetIoCompletionEx. */
NTSTATUS NTAPI NtAllocateReserveObject(PHANDLE MemoryReserveHandle, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Type);

/* Asks for an end of the process's requests for the file, all or the one with that status block, and does not wait for it.
 * STATUS_NOT_FOUND: there is none. */
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel, PIO_STATUS_BLOCK IoStatusBlock);
/* The same for the requests that the thread waits for. */
NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE ThreadHandle, PIO_STATUS_BLOCK IoRequestToCancel, PIO_STATUS_BLOCK IoStatusBlock);
