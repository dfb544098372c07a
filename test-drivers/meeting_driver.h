/* SPDX-License-Identifier: MIT
 * Between the files of meeting.sys.
 */
#pragma once
#include <ntddk.h>
#include "meeting.h"

/* ---- meeting_notes.c ---- */
NTSTATUS NoteStart(VOID);
VOID NoteStop(VOID);
/* STATUS_SUCCESS; "sum N" is noted. */
NTSTATUS NoteSum(ULONG Sum);
/* Bytes of the end of a command line, may be none. STATUS_INVALID_PARAMETER: too many. */
NTSTATUS NoteWatch(PCWSTR Refused, ULONG Bytes);
/* As many bytes as there are and have room. */
ULONG NoteTake(PCHAR To, ULONG Room);
