/* SPDX-License-Identifier: MIT
 * Events as JSON lines on COM2. A line is put together in one buffer under KdEventLock, which is held with interrupts off: an event
 * may come from any IRQL. A line that would not fit is cut at a field and marked.
 */
#include "kd.h"
#include "hal.h"
#include "intrinsics.h"

#define KD_LINE_LIMIT 0xF000u

KD_FIND_MODULE *KdFindModule;
ULONG64 (*KdTime)(VOID);

static CHAR KdLine[KD_LINE_LIMIT + 64];          /* KdEventLock */
static ULONG KdLength;                           /* KdEventLock */
static BOOLEAN KdNeedsComma;                     /* KdEventLock */
static BOOLEAN KdInterruptsWereOn;               /* KdEventLock */
static volatile LONG KdEventLock;                 /* a: processor number + 1 of the holder */

static VOID KdPut(CHAR Character)
{
    if (KdLength < KD_LINE_LIMIT)
        KdLine[KdLength++] = Character;
}

static VOID KdPutRaw(PCSTR Text)
{
    while (*Text != '\0')
        KdPut(*Text++);
}

static VOID KdPutHex(ULONG64 Value, ULONG Digits)
{
    KdPutRaw("\"0x");
    while (Digits-- != 0)
        KdPut("0123456789abcdef"[Value >> (4 * Digits) & 15]);
    KdPut('"');
}

/* UTF-16 code units outside ASCII, quotes and controls become \u escapes. */
static VOID KdPutCharacter(USHORT Character)
{
    ULONG digit;
    if (Character >= 0x20 && Character < 0x7F && Character != '"' && Character != '\\') {
        KdPut((CHAR)Character);
        return;
    }
    KdPutRaw("\\u");
    for (digit = 4; digit-- != 0;)
        KdPut("0123456789abcdef"[Character >> (4 * digit) & 15]);
}

static VOID KdPutQuoted(PCSTR Text)
{
    KdPut('"');
    while (*Text != '\0')
        KdPutCharacter((UCHAR)*Text++);
    KdPut('"');
}

static VOID KdPutName(PCSTR Field)
{
    if (KdNeedsComma)
        KdPut(',');
    KdNeedsComma = TRUE;
    if (Field == NULL)
        return;
    KdPutQuoted(Field);
    KdPut(':');
}

static VOID KdPutNumber(LONG64 Value)
{
    CHAR digits[24];
    ULONG count = 0;
    ULONG64 rest = Value < 0 ? (ULONG64)-Value : (ULONG64)Value;

    if (Value < 0)
        KdPut('-');
    do {
        digits[count++] = (CHAR)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    while (count != 0)
        KdPut(digits[--count]);
}

VOID KdBeginEvent(PCSTR Name)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    LONG self = (LONG)__readgsdword(0x1A4) + 1;
    LONG owner;

    /* An NMI in the middle of an event of this very processor takes the channel over. */
    while ((owner = InterlockedCompareExchange(&KdEventLock, self, 0)) != 0 && owner != self)
        KiPause();
    KdInterruptsWereOn = enabled;
    KdLength = 0;
    KdNeedsComma = FALSE;
    KdPut('{');
    KdEventText("event", Name);
    KdEventNumber("t", KdTime != NULL ? (LONG64)KdTime() : 0);
}

VOID KdEndEvent(VOID)
{
    BOOLEAN enabled = KdInterruptsWereOn;
    KdLine[KdLength++] = '}';
    KdLine[KdLength++] = '\n';
    HalPortWrite(HalPortEvents, KdLine, KdLength);
    InterlockedExchange(&KdEventLock, 0);
    KiRestoreInterrupts(enabled);
}

VOID KdEventText(PCSTR Field, PCSTR Text)
{
    KdPutName(Field);
    if (Text == NULL)
        KdPutRaw("null");
    else
        KdPutQuoted(Text);
}

VOID KdEventUnicode(PCSTR Field, PCUNICODE_STRING Text)
{
    ULONG i;

    KdPutName(Field);
    if (Text == NULL || Text->Buffer == NULL) {
        KdPutRaw("null");
        return;
    }
    KdPut('"');
    for (i = 0; i < Text->Length / sizeof(WCHAR); i++)
        KdPutCharacter(Text->Buffer[i]);
    KdPut('"');
}

VOID KdEventNumber(PCSTR Field, LONG64 Value)
{
    KdPutName(Field);
    KdPutNumber(Value);
}

VOID KdEventBoolean(PCSTR Field, BOOLEAN Value)
{
    KdPutName(Field);
    KdPutRaw(Value ? "true" : "false");
}

VOID KdEventCode(PCSTR Field, ULONG Value)
{
    KdPutName(Field);
    KdPutHex(Value, 8);
}

VOID KdEventAddress(PCSTR Field, ULONG64 Value)
{
    KdPutName(Field);
    KdPutHex(Value, 16);
}

VOID KdBeginArray(PCSTR Field)
{
    KdPutName(Field);
    KdPut('[');
    KdNeedsComma = FALSE;
}

VOID KdEndArray(VOID)
{
    KdPut(']');
    KdNeedsComma = TRUE;
}

VOID KdEventAddresses(PCSTR Field, const ULONG64 *Values, ULONG Count)
{
    ULONG i;
    KdBeginArray(Field);
    for (i = 0; i < Count; i++)
        KdEventAddress(NULL, Values[i]);
    KdEndArray();
}

VOID KdBeginObject(PCSTR Field)
{
    KdPutName(Field);
    KdPut('{');
    KdNeedsComma = FALSE;
}

VOID KdEndObject(VOID)
{
    KdPut('}');
    KdNeedsComma = TRUE;
}

VOID KdEventFrame(PCSTR Field, ULONG64 Address)
{
    KD_MODULE module;
    BOOLEAN known = KdFindModule != NULL && KdFindModule(Address, &module);

    KdBeginObject(Field);
    KdEventText("module", known ? module.Name : NULL);
    KdEventAddress("offset", known ? Address - module.Base : Address);
    KdEndObject();
}

VOID KdEventFrames(PCSTR Field, const ULONG64 *Addresses, ULONG Count)
{
    ULONG i;
    KdBeginArray(Field);
    for (i = 0; i < Count; i++)
        KdEventFrame(NULL, Addresses[i]);
    KdEndArray();
}

VOID KdLogEvent(PCSTR Level, PCSTR Text)
{
    KdBeginEvent("log");
    KdEventText("level", Level);
    KdEventText("text", Text);
    KdEndEvent();
}

VOID KdSeizeChannels(VOID)
{
    InterlockedExchange(&KdEventLock, 0);
}
