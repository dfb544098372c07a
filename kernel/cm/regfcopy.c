/* SPDX-License-Identifier: MIT
 * Copies a key with everything in and below it from one hive to another.
 */
#include "regf.h"
#include <string.h>

typedef struct COPY {
    const REGF_HIVE *Source;
    REGF_HIVE *Target;
    unsigned Space;                              /* of the subkeys that are copied */
} COPY;

typedef struct COPY_FRAME {
    uint32_t From, To, Next;                     /* subkeys before Next are done */
} COPY_FRAME;

static uint32_t ExpandValueName(const CM_KEY_VALUE *Value, uint16_t *Text)
{
    bool compressed = (Value->Flags & VALUE_COMP_NAME) != 0;
    uint32_t count = RegfNameCount(Value->NameLength, compressed), i;

    for (i = 0; i < count; i++)
        Text[i] = RegfNameUnit(Value->Name, i, compressed);
    return count;
}

/* Room has the name, then the data. */
static REGF_STATUS CopyValue(const COPY *Copy, const CM_KEY_VALUE *Value, uint32_t To)
{
    const REGF_HOST *host = Copy->Target->Host;
    uint32_t bytes = RegfDataLength(Value), nameBytes = (Value->NameLength * 2u + 7) & ~7u, count;
    uint8_t *room = host->Allocate((size_t)nameBytes + bytes + 8);
    REGF_STATUS status;

    if (room == NULL)
        return RegfNoMemory;
    count = ExpandValueName(Value, (uint16_t *)room);
    RegfReadData(Copy->Source, Value, room + nameBytes, bytes);
    status = RegfSetValue(Copy->Target, To, (REGF_NAME){ (uint16_t *)room, count }, Value->Type, room + nameBytes, bytes);
    host->Free(room);
    return status;
}

/* What a key has itself. */
static REGF_STATUS CopyContent(const COPY *Copy, uint32_t From, uint32_t To)
{
    const CM_KEY_NODE *source = RegfKey(Copy->Source, From);
    REGF_STATUS status = RegfOk;
    const void *descriptor;
    uint32_t length, i;

    for (i = 0; i < source->ValueCount && status == RegfOk; i++)
        status = CopyValue(Copy, RegfValue(Copy->Source, RegfValueAt(Copy->Source, From, i)), To);
    descriptor = RegfDescriptor(Copy->Source, From, &length);
    if (status == RegfOk && descriptor != NULL)
        status = RegfSetSecurity(Copy->Target, To, descriptor, length);
    RegfKey(Copy->Target, To)->Flags |= source->Flags & KEY_SYM_LINK;
    return status;
}

/* The next subkey of the frame; its own frame is *Below. */
static REGF_STATUS CopySubKey(const COPY *Copy, COPY_FRAME *Frame, COPY_FRAME *Below)
{
    uint32_t cell = RegfIndexEntry(Copy->Source, RegfKey(Copy->Source, Frame->From)->SubKeyLists[Copy->Space], Frame->Next++);
    const CM_KEY_NODE *source = RegfKey(Copy->Source, cell);
    REGF_NAME class = { source->Class == REGF_NIL ? NULL : RegfCell(Copy->Source, source->Class), source->ClassLength / 2u };
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    uint32_t made;
    REGF_STATUS status = RegfCreateKey(Copy->Target, Frame->To, RegfExpandKeyName(Copy->Source, cell, text), class,
                                       RegfSpaceOf(Frame->To), &made);
    *Below = (COPY_FRAME){ cell, made, 0 };
    return status == RegfOk ? CopyContent(Copy, cell, made) : status;
}

/* A key's time is set when all below it is done: what is done there changes it. */
static REGF_STATUS CopyBelow(const COPY *Copy, COPY_FRAME *Stack)
{
    uint32_t depth = 0;
    REGF_STATUS status;

    for (;;) {
        COPY_FRAME *top = &Stack[depth];
        const CM_KEY_NODE *source = RegfKey(Copy->Source, top->From);
        if (top->Next < source->SubKeyCounts[Copy->Space]) {
            if (depth + 1 == REGF_MAXIMUM_DEPTH)
                return RegfTooBig;
            status = CopySubKey(Copy, top, &Stack[depth + 1]);
            if (status != RegfOk)
                return status;
            depth++;
            continue;
        }
        RegfKey(Copy->Target, top->To)->LastWriteTime = source->LastWriteTime;
        if (depth-- == 0)
            return RegfOk;
    }
}

REGF_STATUS RegfCopyTree(const REGF_HIVE *Source, uint32_t From, REGF_HIVE *Target, uint32_t To)
{
    COPY copy = { Source, Target, RegfSpaceOf(From) };
    COPY_FRAME *stack = Target->Host->Allocate(REGF_MAXIMUM_DEPTH * sizeof(*stack));
    REGF_STATUS status;

    if (stack == NULL)
        return RegfNoMemory;
    status = CopyContent(&copy, From, To);
    stack[0] = (COPY_FRAME){ From, To, 0 };
    if (status == RegfOk)
        status = CopyBelow(&copy, stack);
    Target->Host->Free(stack);
    return status;
}
