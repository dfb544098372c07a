/* SPDX-License-Identifier: MIT
 * The configuration manager, i.e. the registry, for the other components. What the DDK declares is not repeated here.
 *
 *   \REGISTRY                    the master hive, volatile: only mount points
 *     MACHINE\SYSTEM             the boot volume's regf file; CurrentControlSet is a link to the control set in Select\Current
 *     MACHINE\HARDWARE           volatile
 *     MACHINE\SOFTWARE           volatile for now
 *     USER\.DEFAULT              volatile for now
 *
 * No lock of the registry is held while a driver's callback, the store or an event's waiter runs.
 */
#pragma once
#include "nt.h"
#include "../abi/loaderblock.h"

/* The type Key and the hives. A SYSTEM hive that is missing or broken is reported and replaced by an empty one. PASSIVE_LEVEL. */
VOID CmInitialize(LOADER_BLOCK *Block);

/* ---- Upward calls: "cm hive store" of the design. Whoever can write files fills this; until then nothing can be flushed ----
 * A flush is Begin, Write in the order that keeps the file consistent (a base block that says "being written", what changed, a base
 * block that says "done"), End. Called at PASSIVE_LEVEL without locks, one flush at a time. */
typedef struct CM_HIVE_STORE {
    NTSTATUS (*Begin)(PCUNICODE_STRING Hive, PVOID *File);       /* Hive: "SYSTEM" */
    NTSTATUS (*Write)(PVOID File, ULONG64 Offset, const VOID *Data, ULONG Bytes);
    NTSTATUS (*End)(PVOID File, BOOLEAN Complete);               /* Complete: everything was written; now on disk */
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
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                 PIO_STATUS_BLOCK IoStatusBlock, ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer,
                                 ULONG BufferSize, BOOLEAN Asynchronous);

/* ---- Exported routines and types younger than the DDK ---- */
#undef ZwNotifyChangeKey
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

extern const struct KE_TEST_GROUP CmKeyTests, CmValueTests, CmRtlTests, CmCallbackTests, CmHiveTests;
