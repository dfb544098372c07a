/* SPDX-License-Identifier: MIT
 * Sections of the fixture's file (section.c).
 */
#pragma once
#include "fixture.h"
#include "ps.h"
#include "ob.h"

NTSTATUS TestOpenSection(HANDLE File, LONG64 Bytes, ULONG Protect, ULONG Attributes, HANDLE *Section);
/* The whole of it, in the current process. */
NTSTATUS TestMap(HANDLE Section, ULONG Protect, volatile UCHAR **Base);
VOID TestUnmap(volatile UCHAR *Base);
/* Reads, or reads and writes back; the exception's status. */
NTSTATUS TestTouch(volatile UCHAR *Address, BOOLEAN Write);
