/* SPDX-License-Identifier: MIT
 * The machine's voice: events for the tool (docs/protocol.md) and DbgPrint. Callable at any IRQL, also in the middle of a bug check.
 */
#pragma once
#include "nt.h"

/* ---- Events: KdBeginEvent, fields, KdEndEvent. One at a time; the lock is held in between, so nothing else may be called. */
VOID KdBeginEvent(PCSTR Name);
VOID KdEventText(PCSTR Field, PCSTR Text);                     /* NULL gives null */
VOID KdEventUnicode(PCSTR Field, PCUNICODE_STRING Text);       /* NULL or no buffer gives null */
VOID KdEventNumber(PCSTR Field, LONG64 Value);
VOID KdEventBoolean(PCSTR Field, BOOLEAN Value);
VOID KdEventCode(PCSTR Field, ULONG Value);                    /* "0x%08x" */
VOID KdEventAddress(PCSTR Field, ULONG64 Value);               /* "0x%016x" */
VOID KdEventAddresses(PCSTR Field, const ULONG64 *Values, ULONG Count);
VOID KdEventFrame(PCSTR Field, ULONG64 Address);               /* {"module":...,"offset":...} */
VOID KdEventFrames(PCSTR Field, const ULONG64 *Addresses, ULONG Count);
VOID KdBeginArray(PCSTR Field);                                /* elements: the above with a NULL field */
VOID KdEndArray(VOID);
VOID KdBeginObject(PCSTR Field);
VOID KdEndObject(VOID);
VOID KdEndEvent(VOID);
VOID KdLogEvent(PCSTR Level, PCSTR Text);

/* Takes the channel away from whoever holds it: for bug checks, once the other processors stand still. */
VOID KdSeizeChannels(VOID);

/* ---- The console a person reads (COM1) ---- */
VOID KdPrintConsole(PCSTR Format, ...) __attribute__((format(printf, 1, 2)));

/* ---- Images: who owns an address. Filled by mm's image list (design, "upward calls": kd image list). ---- */
typedef struct KD_MODULE {
    CHAR Name[64];                /* base name, ASCII */
    ULONG64 Base;
    ULONG64 Size;
} KD_MODULE;
/* FALSE when no image holds the address. Any IRQL: reads a list that only grows valid entries. */
typedef BOOLEAN KD_FIND_MODULE(ULONG64 Address, KD_MODULE *Module);
extern KD_FIND_MODULE *KdFindModule;

extern ULONG64 (*KdTime)(VOID);   /* nanoseconds since the kernel's entry */
