/* SPDX-License-Identifier: MIT
 * Boot options: text lines `key=value`. The text of boot.cfg (from the loader) and of fw_cfg (from the tool) are put behind each
 * other, cut into lines once, and searched from the end, so that a later line overrides an earlier one.
 */
#include "initp.h"
#include "hal.h"

#define OPTION_TEXT_LIMIT 0x10000u
#define OPTION_LINES 512u
#define OPTION_FILE "opt/petrel/options"

typedef struct INIT_LINE {
    PCSTR Key, Value;
} INIT_LINE;

static CHAR InitText[OPTION_TEXT_LIMIT];         /* I once read */
static INIT_LINE InitLines[OPTION_LINES];        /* I */
static ULONG InitLineCount;                      /* I */

static BOOLEAN InitIsBlank(CHAR Character) { return Character == ' ' || Character == '\t' || Character == '\r'; }

static BOOLEAN InitTextEquals(PCSTR A, PCSTR B)
{
    while (*A != '\0' && *A == *B)
        A++, B++;
    return *A == *B;
}

/* Cuts [Start, End) at its first '=' and records it; blanks around both parts go. */
static VOID InitAddLine(PCHAR Start, PCHAR End)
{
    PCHAR equals = Start;

    while (Start < End && InitIsBlank(*Start))
        Start++;
    while (End > Start && InitIsBlank(End[-1]))
        End--;
    for (equals = Start; equals < End && *equals != '='; equals++)
        ;
    if (Start == End || *Start == '#' || equals == End || InitLineCount == OPTION_LINES)
        return;
    *End = '\0';
    *equals = '\0';
    InitLines[InitLineCount++] = (INIT_LINE){ Start, equals + 1 };
}

static VOID InitCutLines(PCHAR Text, ULONG Length)
{
    ULONG start = 0, i;
    for (i = 0; i <= Length; i++)
        if (i == Length || Text[i] == '\n') {
            InitAddLine(Text + start, Text + i);
            start = i + 1;
        }
}

VOID InitReadOptions(const LOADER_BLOCK *Block)
{
    PCSTR loader = (PCSTR)Block->OptionsAddress;
    ULONG used = 0, size;

    for (; loader[used] != '\0' && used < OPTION_TEXT_LIMIT / 2; used++)
        InitText[used] = loader[used];
    InitCutLines(InitText, used);
    used++;
    size = min(HalFwCfgSize(OPTION_FILE), OPTION_TEXT_LIMIT - used - 1);
    if (size != 0 && HalFwCfgRead(OPTION_FILE, InitText + used, size))
        InitCutLines(InitText + used, size);
}

PCSTR InitOption(PCSTR Key)
{
    ULONG i;
    for (i = InitLineCount; i-- != 0;)
        if (InitTextEquals(InitLines[i].Key, Key))
            return InitLines[i].Value;
    return NULL;
}

ULONG64 InitOptionNumber(PCSTR Key, ULONG64 Default)
{
    PCSTR text = InitOption(Key);
    ULONG64 value = 0;

    if (text == NULL || *text < '0' || *text > '9')
        return Default;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (ULONG64)(*text - '0');
    return value;
}

VOID InitForEachOption(PCSTR Key, VOID (*Visit)(PVOID Context, PCSTR Value), PVOID Context)
{
    ULONG i;
    for (i = 0; i < InitLineCount; i++)
        if (InitTextEquals(InitLines[i].Key, Key))
            Visit(Context, InitLines[i].Value);
}
