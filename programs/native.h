/* SPDX-License-Identifier: MIT
 * What native programs need of ntdll.dll and mingw-w64's headers leave out: services and their structures. Names and layouts are those of
 * Microsoft's documentation and of the phnt headers.
 */
#pragma once
#define WIN32_NO_STATUS
#include <windef.h>
#include <winbase.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winternl.h>

#define NATIVE_PROCESS ((HANDLE)(LONG_PTR)-1)
#define NATIVE_THREAD ((HANDLE)(LONG_PTR)-2)
#define NATIVE_PEB() ((const PEB *)__readgsqword(0x60))
/* The calling program's own. */
#define NATIVE_OWN_PARAMETERS() ((NATIVE_PARAMETERS *)NATIVE_PEB()->ProcessParameters)

typedef struct NATIVE_PARAMETERS {
    ULONG MaximumLength, Length, Flags, DebugFlags;
    HANDLE ConsoleHandle;
    ULONG ConsoleFlags;
    HANDLE StandardInput, StandardOutput, StandardError;
    UNICODE_STRING CurrentDirectory;
    HANDLE CurrentDirectoryHandle;
    UNICODE_STRING DllPath, ImagePathName, CommandLine;
    void *Environment;
    ULONG Place[9];                              /* of the window, and its flags */
    UNICODE_STRING WindowTitle, DesktopInfo, ShellInfo, RuntimeData;
    UCHAR CurrentDirectories[32 * 24];
    SIZE_T EnvironmentSize;
    SIZE_T Rest[8];
} NATIVE_PARAMETERS;
C_ASSERT(FIELD_OFFSET(NATIVE_PARAMETERS, StandardInput) == 0x20 && FIELD_OFFSET(NATIVE_PARAMETERS, Environment) == 0x80);
C_ASSERT(FIELD_OFFSET(NATIVE_PARAMETERS, WindowTitle) == 0xB0 && FIELD_OFFSET(NATIVE_PARAMETERS, EnvironmentSize) == 0x3F0);
#define NATIVE_PARAMETERS_NORMALIZED 1u

typedef struct NATIVE_ATTRIBUTES {
    SIZE_T TotalLength;
    struct {
        ULONG_PTR Attribute;
        SIZE_T Size;
        const void *Value;
        SIZE_T *ReturnLength;
    } Attributes[1];
} NATIVE_ATTRIBUTES;
#define NATIVE_ATTRIBUTE_IMAGE_NAME 0x20005

typedef struct NATIVE_VALUE {                    /* KEY_VALUE_FULL_INFORMATION */
    ULONG TitleIndex, Type, DataOffset, DataLength, NameLength;
    WCHAR Name[1];
} NATIVE_VALUE;
#define NATIVE_VALUE_FULL 1

NTSTATUS NTAPI NtOpenKey(HANDLE *Key, ACCESS_MASK Access, OBJECT_ATTRIBUTES *Attributes);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE Key, ULONG Index, ULONG Class, void *Value, ULONG Length, ULONG *ResultLength);
NTSTATUS NTAPI NtReadFile(HANDLE File, HANDLE Event, void *ApcRoutine, void *ApcContext, IO_STATUS_BLOCK *Result, void *Buffer, ULONG Length,
                          LARGE_INTEGER *Offset, ULONG *Key);
NTSTATUS NTAPI NtWriteFile(HANDLE File, HANDLE Event, void *ApcRoutine, void *ApcContext, IO_STATUS_BLOCK *Result, const void *Buffer,
                           ULONG Length, LARGE_INTEGER *Offset, ULONG *Key);
NTSTATUS NTAPI NtCreateUserProcess(HANDLE *Process, HANDLE *Thread, ACCESS_MASK ProcessAccess, ACCESS_MASK ThreadAccess,
                                   OBJECT_ATTRIBUTES *ProcessAttributes, OBJECT_ATTRIBUTES *ThreadAttributes, ULONG ProcessFlags,
                                   ULONG ThreadFlags, void *Parameters, void *CreateInfo, void *AttributeList);
NTSTATUS NTAPI NtTerminateProcess(HANDLE Process, NTSTATUS Status);
