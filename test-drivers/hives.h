/* SPDX-License-Identifier: MIT
 * What the parts of the test driver `hives` share.
 */
#pragma once
#include <ntifs.h>

#define HIVES_TAG 'evHT'
#define HIVES_ROOT L"\\Registry\\Machine\\System\\Hives"
#define HIVES_LOADED L"\\Registry\\Machine\\HivesLoaded"
#define HIVES_NAME 40u                           /* characters of a key's name, with room */

BOOLEAN HivesCheck(BOOLEAN Held, PCSTR What);
BOOLEAN HivesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What);
NTSTATUS HivesOpen(HANDLE Parent, PCWSTR Name, ULONG Attributes, PHANDLE Key);
NTSTATUS HivesSet(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes);
VOID HivesNumber(PWSTR Text, ULONG Number, ULONG Digits);

/* The keys that scripts/petreltool/hives.py knows, too: made and flushed; found again, after another boot. */
VOID HivesWrite(VOID);
VOID HivesFind(BOOLEAN SameBoot);
/* \SystemRoot\Temp\given is loaded, read whole and saved as \SystemRoot\Temp\saved. */
VOID HivesCopy(VOID);
/* \SystemRoot\Temp\00\00, 00\01 ...: each loaded, read whole, unloaded, if it can be. */
VOID HivesFuzz(ULONG Count);
