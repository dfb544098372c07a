/* SPDX-License-Identifier: MIT
 * The configuration manager, i.e. the registry, for the other components. What the DDK declares is not repeated here.
 *
 *   \REGISTRY                    the master hive, volatile: only mount points
 *     MACHINE\SYSTEM             the boot volume's regf file; CurrentControlSet is a link to the control set in Select\Current
 *     MACHINE\HARDWARE           volatile
 *     MACHINE\SOFTWARE           a file of the boot volume, from CmAttachHives on
 *     USER\.DEFAULT              likewise; USER\S-1-5-18 is a link to it
 *
 * No lock of the registry is held while a driver's callback, the store or an event's waiter runs.
 */
#pragma once
#include "nt.h"
#include "../abi/loaderblock.h"

/* The type Key and the hives. A SYSTEM hive that is missing or broken is reported and replaced by an empty one. PASSIVE_LEVEL. */
VOID CmInitialize(LOADER_BLOCK *Block);

/* Gives the SYSTEM hive its file and loads SOFTWARE and .DEFAULT from theirs, all in \SystemRoot\System32\config. Without such a file
 * SYSTEM stays in memory, and an empty volatile hive takes the other's place. Once, after CmHiveStore is filled. PASSIVE_LEVEL. */
VOID CmAttachHives(VOID);
/* Writes every hive that has a file and changed. PASSIVE_LEVEL. */
VOID CmShutdown(VOID);

/* ---- Upward calls: hives' files. Whoever can open files fills this; called at PASSIVE_LEVEL without the registry's locks ---- */
typedef struct CM_HIVE_STORE {
    /* For reading and writing, for nobody else as long as it is open. Disposition: FILE_OPEN or FILE_OPEN_IF. */
    NTSTATUS (*Open)(POBJECT_ATTRIBUTES Name, ULONG Disposition, PVOID *File);
    /* The file of a caller's handle, for writing. It is the caller's to close the handle; Close ends this use of it. */
    NTSTATUS (*OpenHandle)(HANDLE Handle, PVOID *File);
    NTSTATUS (*Size)(PVOID File, PULONG64 Bytes);
    NTSTATUS (*Read)(PVOID File, ULONG64 Offset, PVOID Buffer, ULONG Bytes);         /* all of it, or a failure */
    NTSTATUS (*Write)(PVOID File, ULONG64 Offset, const VOID *Data, ULONG Bytes);
    NTSTATUS (*Flush)(PVOID File);                                                   /* STATUS_SUCCESS: all of it is on disk */
    VOID (*Close)(PVOID File);
} CM_HIVE_STORE;
extern CM_HIVE_STORE CmHiveStore;

extern POBJECT_TYPE CmpKeyObjectType;            /* exported as CmKeyObjectType */

/* ---- System services; the Zw forms are the DDK's ---- */
NTSTATUS NTAPI NtCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex,
                           PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition);
NTSTATUS NTAPI NtOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG OpenOptions);
NTSTATUS NTAPI NtDeleteKey(HANDLE KeyHandle);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName);
NTSTATUS NTAPI NtEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                              ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI NtQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length,
                          PULONG ResultLength);
NTSTATUS NTAPI NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                               PVOID KeyValueInformation, ULONG Length, PULONG ResultLength);
NTSTATUS NTAPI NtSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
                             ULONG DataSize);
NTSTATUS NTAPI NtFlushKey(HANDLE KeyHandle);
NTSTATUS NTAPI NtLoadKey(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile);
NTSTATUS NTAPI NtUnloadKey(POBJECT_ATTRIBUTES TargetKey);
NTSTATUS NTAPI NtSaveKey(HANDLE KeyHandle, HANDLE FileHandle);
/* Format: REG_STANDARD_FORMAT (NtSaveKey's), REG_LATEST_FORMAT, or REG_NO_COMPRESSION, which takes the root of a hive only. Writes
 * what is stable to the file, which is the caller's. SeBackupPrivilege. PASSIVE_LEVEL. */
NTSTATUS NTAPI NtSaveKeyEx(HANDLE KeyHandle, HANDLE FileHandle, ULONG Format);
NTSTATUS NTAPI NtQueryOpenSubKeys(POBJECT_ATTRIBUTES TargetKey, PULONG HandleCount);
/* Flags, and what else is younger than NtLoadKey, must be 0 or NULL: STATUS_NOT_SUPPORTED. */
NTSTATUS NTAPI NtLoadKey2(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile, ULONG Flags);
NTSTATUS NTAPI NtLoadKeyEx(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile, ULONG Flags, HANDLE TrustClassKey, HANDLE Event,
                           ACCESS_MASK DesiredAccess, PHANDLE RootHandle, PIO_STATUS_BLOCK IoStatus);
NTSTATUS NTAPI NtUnloadKey2(POBJECT_ATTRIBUTES TargetKey, ULONG Flags);
/* The values that ValueEntries name, together, as they are at one moment; each at a multiple of 4 in ValueBuffer. RequiredBufferLength,
 * which may be NULL, gets what all of them take. STATUS_BUFFER_OVERFLOW: those that fit are there. */
NTSTATUS NTAPI NtQueryMultipleValueKey(HANDLE KeyHandle, PKEY_VALUE_ENTRY ValueEntries, ULONG EntryCount, PVOID ValueBuffer,
                                       PULONG BufferLength, PULONG RequiredBufferLength);
/* One key only: STATUS_NOT_SUPPORTED for a second. */
NTSTATUS NTAPI NtNotifyChangeMultipleKeys(HANDLE MasterKeyHandle, ULONG Count, POBJECT_ATTRIBUTES SubordinateObjects, HANDLE Event,
                                          PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                          ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer, ULONG BufferSize, BOOLEAN Asynchronous);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                 PIO_STATUS_BLOCK IoStatusBlock, ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer,
                                 ULONG BufferSize, BOOLEAN Asynchronous);

/* ---- Exported routines and types younger than the DDK ---- */
#undef ZwNotifyChangeKey
NTSTATUS NTAPI ZwSaveKeyEx(HANDLE KeyHandle, HANDLE FileHandle, ULONG Format);
#ifndef REG_STANDARD_FORMAT
#define REG_STANDARD_FORMAT 1
#define REG_LATEST_FORMAT 2
#define REG_NO_COMPRESSION 4
#endif
NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID, PCUNICODE_STRING *ObjectName,
                                          ULONG Flags);
VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName);
typedef struct _KEY_NAME_INFORMATION {
    ULONG NameLength;
    WCHAR Name[1];
} KEY_NAME_INFORMATION, *PKEY_NAME_INFORMATION;
typedef struct _KEY_CACHED_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex, SubKeys, MaxNameLen, Values, MaxValueNameLen, MaxValueDataLen, NameLength;
} KEY_CACHED_INFORMATION, *PKEY_CACHED_INFORMATION;
#define RTL_QUERY_REGISTRY_TYPECHECK 0x00000100
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24

extern const struct KE_TEST_GROUP CmKeyTests, CmValueTests, CmRtlTests, CmCallbackTests, CmHiveTests, CmNotifyTests;
