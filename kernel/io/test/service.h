/* SPDX-License-Identifier: MIT
 * Service keys, and the file of a driver of a few bytes.
 */
#pragma once
#include "fixture.h"

#define SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services"
#define TEST_DRIVER_BYTES 0x400u

/* A driver whose DriverEntry is that code; File has TEST_DRIVER_BYTES. */
VOID TestBuildDriver(PUCHAR File, const UCHAR *Code, ULONG CodeBytes);
/* lea rax, [rip + 7]; mov [rcx + DriverUnload], rax; xor eax, eax; ret; then DriverUnload: ret */
static const UCHAR TestGoodCode[] = { 0x48, 0x8D, 0x05, 7, 0, 0, 0, 0x48, 0x89, 0x41, 0x68, 0x31, 0xC0, 0xC3, 0xC3 };
C_ASSERT(FIELD_OFFSET(DRIVER_OBJECT, DriverUnload) == 0x68);
/* mov eax, STATUS_NO_SUCH_DEVICE; ret */
static const UCHAR TestFailingCode[] = { 0xB8, 0x0E, 0x00, 0x00, 0xC0, 0xC3 };

/* A volatile key by its whole path, opened or made. */
NTSTATUS TestMakeKey(PCWSTR Path, PHANDLE Key);
NTSTATUS TestSetValue(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes);
VOID TestSetNumber(HANDLE Key, PCWSTR Name, ULONG Number);
VOID TestSetText(HANDLE Key, PCWSTR Name, PCWSTR Text);
