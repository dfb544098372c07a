/* SPDX-License-Identifier: MIT
 * What ntdll.S has, for programs.
 */
#pragma once
#include <windef.h>
#include <winbase.h>
#include <winternl.h>

#define NATIVE_PROCESS ((HANDLE)(LONG_PTR)-1)
#define NATIVE_THREAD ((HANDLE)(LONG_PTR)-2)

/* Fields that winternl.h leaves out. */
#define NATIVE_STANDARD_OUTPUT(parameters) (*(HANDLE *)((char *)(parameters) + 0x28))
#define NATIVE_PEB() ((PEB *)__readgsqword(0x60))

typedef struct NATIVE_ATTRIBUTE {
    ULONG_PTR Attribute;
    SIZE_T Size;
    const void *Value;
    SIZE_T *ReturnLength;
} NATIVE_ATTRIBUTE;
typedef struct NATIVE_ATTRIBUTES {
    SIZE_T TotalLength;
    NATIVE_ATTRIBUTE Attributes[1];
} NATIVE_ATTRIBUTES;
#define NATIVE_ATTRIBUTE_IMAGE_NAME 0x20005

typedef void NTAPI NATIVE_APC(void *, void *, void *);

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE Process, void **Base, ULONG_PTR ZeroBits, SIZE_T *Size, ULONG Type, ULONG Protect);
NTSTATUS NTAPI NtCreateEvent(HANDLE *Event, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes, ULONG Type, BOOLEAN State);
NTSTATUS NTAPI NtCreateThreadEx(HANDLE *Thread, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes, HANDLE Process, void *Start, void *Argument,
                                ULONG Flags, SIZE_T ZeroBits, SIZE_T StackSize, SIZE_T MaximumStackSize, void *AttributeList);
NTSTATUS NTAPI NtCreateUserProcess(HANDLE *Process, HANDLE *Thread, ACCESS_MASK ProcessAccess, ACCESS_MASK ThreadAccess,
                                   OBJECT_ATTRIBUTES *ProcessAttributes, OBJECT_ATTRIBUTES *ThreadAttributes, ULONG ProcessFlags,
                                   ULONG ThreadFlags, void *Parameters, void *CreateInfo, void *AttributeList);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE Process, void **Base, SIZE_T *Size, ULONG Type);
ULONG NTAPI NtGetCurrentProcessorNumber(void);
NTSTATUS NTAPI NtQueueApcThread(HANDLE Thread, NATIVE_APC *Routine, void *First, void *Second, void *Third);
NTSTATUS NTAPI NtSetEvent(HANDLE Event, LONG *Before);
NTSTATUS NTAPI NtTerminateProcess(HANDLE Process, NTSTATUS Status);
NTSTATUS NTAPI NtTestAlert(void);
NTSTATUS NTAPI NtWriteFile(HANDLE File, HANDLE Event, void *ApcRoutine, void *ApcContext, IO_STATUS_BLOCK *Result, const void *Buffer,
                           ULONG Length, LARGE_INTEGER *Offset, ULONG *Key);
