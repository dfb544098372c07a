/* SPDX-License-Identifier: MIT
 * The queue of input records.
 */
#include "console.h"

bool ConCreateQueue(const CON_HOST *Host, CON_QUEUE *Queue)
{
    *Queue = (CON_QUEUE){ Host->Allocate(CON_QUEUE_RECORDS * sizeof(CON_RECORD)), 0, 0 };
    return Queue->Records != NULL;
}

uint32_t ConQueueRoom(const CON_QUEUE *Queue) { return CON_QUEUE_RECORDS - Queue->Count; }

uint32_t ConQueueAdd(CON_QUEUE *Queue, const CON_RECORD *Records, uint32_t Count)
{
    uint32_t count = Count < ConQueueRoom(Queue) ? Count : ConQueueRoom(Queue);

    for (uint32_t i = 0; i < count; i++)
        Queue->Records[(Queue->First + Queue->Count + i) % CON_QUEUE_RECORDS] = Records[i];
    Queue->Count += count;
    return count;
}

uint32_t ConQueuePeek(const CON_QUEUE *Queue, CON_RECORD *Records, uint32_t Count)
{
    uint32_t count = Count < Queue->Count ? Count : Queue->Count;

    for (uint32_t i = 0; i < count; i++)
        Records[i] = Queue->Records[(Queue->First + i) % CON_QUEUE_RECORDS];
    return count;
}

uint32_t ConQueueTake(CON_QUEUE *Queue, CON_RECORD *Records, uint32_t Count)
{
    uint32_t count = ConQueuePeek(Queue, Records, Count);

    Queue->First = (Queue->First + count) % CON_QUEUE_RECORDS;
    Queue->Count -= count;
    return count;
}

void ConQueueFlush(CON_QUEUE *Queue) { Queue->First = Queue->Count = 0; }

/* ---- Keys that are more than input ---- */
static bool ConIsControlKey(const CON_RECORD *Record, uint16_t VirtualKey)
{
    return Record->Type == ConKeyEvent && Record->Key.IsDown && Record->Key.VirtualKey == VirtualKey && (Record->Key.State & ConAnyCtrl) != 0;
}

bool ConIsControlC(const CON_RECORD *Record)
{
    return ConIsControlKey(Record, 'C') && (Record->Key.State & ConAnyAlt) == 0;
}

bool ConIsBreak(const CON_RECORD *Record) { return ConIsControlKey(Record, ConKeyCancel); }
