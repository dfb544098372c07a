/* SPDX-License-Identifier: MIT
 * What ntdll.S has, for programs, besides what others call, too.
 */
#pragma once
#include "../../../programs/native.h"

typedef void NTAPI NATIVE_APC(void *, void *, void *);

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE Process, void **Base, ULONG_PTR ZeroBits, SIZE_T *Size, ULONG Type, ULONG Protect);
NTSTATUS NTAPI NtCreateEvent(HANDLE *Event, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes, ULONG Type, BOOLEAN State);
NTSTATUS NTAPI NtCreateThreadEx(HANDLE *Thread, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes, HANDLE Process, void *Start, void *Argument,
                                ULONG Flags, SIZE_T ZeroBits, SIZE_T StackSize, SIZE_T MaximumStackSize, void *AttributeList);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE Process, void **Base, SIZE_T *Size, ULONG Type);
ULONG NTAPI NtGetCurrentProcessorNumber(void);
NTSTATUS NTAPI NtQueueApcThread(HANDLE Thread, NATIVE_APC *Routine, void *First, void *Second, void *Third);
NTSTATUS NTAPI NtSetEvent(HANDLE Event, LONG *Before);
NTSTATUS NTAPI NtTestAlert(void);
