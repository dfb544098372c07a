/* SPDX-License-Identifier: MIT
 * A store in memory for the registry's tests. Files that are not its own go to the store that was there before.
 */
#pragma once
#include "testkeys.h"

#define TEST_FILE_ROOM 0x40000u
typedef struct TEST_STORE_FILE {
    WCHAR Name[40];
    PUCHAR Data;
    ULONG Size;
    LONG Uses;                                   /* a: open once at most */
} TEST_STORE_FILE;

extern LONG TestStoreFailAt;                     /* writes and flushes until one fails; 0: none does */
extern LONG TestStoreFlushes;                    /* a */
extern KEVENT TestStoreFlushed;                  /* set by each flush */

VOID TestStoreBegin(VOID);
VOID TestStoreEnd(VOID);
/* The file of that name, made when it is not there. NULL: no room for more. */
TEST_STORE_FILE *TestStoreFile(PCWSTR Name);
/* Makes an empty hive of the file, and empties its logs. */
VOID TestStoreHive(PCWSTR Name);
/* A value of the root in the primary file alone; 0: none, or no hive. */
ULONG TestStoreValue(PCWSTR Name, PCWSTR Value);
NTSTATUS TestLoad(PCWSTR Key, PCWSTR File);
NTSTATUS TestUnload(PCWSTR Key);
