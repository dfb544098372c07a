/* SPDX-License-Identifier: MIT
 * Reading a hive's files after a flush that was cut short. The logs may be hostile, too: an entry counts only when its hashes and its
 * sizes are right, in a log the numbers follow each other, and together they may claim no more room than there are bytes in the files.
 *
 * A log's entries with the sequence number that the primary waits for or a later one are applied, both logs' in the order of the
 * numbers. A log ends at its first entry that is not right.
 */
#include "regflog.h"
#include <string.h>

typedef struct LOG_READER {
    REGF_FILE File;
    size_t Next;                                 /* 0: the log ends */
    uint32_t Sequence;                           /* of the entry at Next */
} LOG_READER;

typedef struct RECOVERY {
    const REGF_FILE *Files;
    HBASE_BLOCK Header;
    uint32_t Wanted;                             /* the first sequence number that is missing */
    uint8_t *Image;                              /* base block and bins */
    uint32_t Length, Room;                       /* of the bins: after the last entry, at most */
    uint32_t Applied, LastSequence;
    REGF_HIVE *Hive;                             /* to mark pages in */
} RECOVERY;
typedef void VISIT_ENTRY(RECOVERY *Recovery, const REGF_LOG_ENTRY *Entry, unsigned Log);

/* Numbers are few and go round. */
static bool IsBefore(uint32_t Left, uint32_t Right) { return (int32_t)(Left - Right) < 0; }

static const REGF_LOG_ENTRY *EntryAt(const LOG_READER *Log) { return (const REGF_LOG_ENTRY *)(Log->File.Data + Log->Next); }

/* ---- One log ---- */
static bool IsLog(const REGF_FILE *File, HBASE_BLOCK *Head)
{
    if (File->Size < 2 * REGF_SECTOR)
        return false;
    memset(Head, 0, sizeof(*Head));
    memcpy(Head, File->Data, REGF_SECTOR);
    return Head->Signature == REGF_SIGN_REGF && Head->Type == REGF_TYPE_LOG && Head->CheckSum == RegfHeaderSum(Head);
}

static bool ArePagesRight(const REGF_LOG_ENTRY *Entry)
{
    uint64_t bytes = 0;
    uint32_t i;

    for (i = 0; i < Entry->PageCount; i++) {
        const REGF_PAGE *page = &Entry->Pages[i];
        if (page->Size == 0 || page->Size % REGF_SECTOR != 0 || page->Offset % REGF_SECTOR != 0 ||
            (uint64_t)page->Offset + page->Size > Entry->BinsLength)
            return false;
        bytes += page->Size;
    }
    return sizeof(*Entry) + (uint64_t)Entry->PageCount * sizeof(REGF_PAGE) + bytes <= Entry->Size;
}

static bool IsEntryRight(const REGF_LOG_ENTRY *Entry, size_t Rest)
{
    if (Rest < sizeof(*Entry) || Entry->Signature != REGF_SIGN_HVLE || Entry->Size < sizeof(*Entry) || Entry->Size > Rest ||
        Entry->Size % REGF_SECTOR != 0)
        return false;
    if (Entry->BinsLength == 0 || Entry->BinsLength % REGF_BLOCK != 0 || Entry->BinsLength >= REGF_VOLATILE ||
        Entry->PageCount > (Entry->Size - sizeof(*Entry)) / sizeof(REGF_PAGE))
        return false;
    return Entry->HeadHash == RegfHash(REGF_LOG_SEED, Entry, offsetof(REGF_LOG_ENTRY, HeadHash)) &&
           Entry->BodyHash == RegfHash(REGF_LOG_SEED, Entry->Pages, Entry->Size - sizeof(*Entry)) && ArePagesRight(Entry);
}

static void LookAt(LOG_READER *Log, size_t Position)
{
    Log->Next = 0;
    if (Position > Log->File.Size || !IsEntryRight((const REGF_LOG_ENTRY *)(Log->File.Data + Position), Log->File.Size - Position))
        return;
    Log->Next = Position;
    Log->Sequence = EntryAt(Log)->Sequence;
}

static void Advance(LOG_READER *Log)
{
    uint32_t sequence = Log->Sequence;

    LookAt(Log, Log->Next + EntryAt(Log)->Size);
    if (Log->Next != 0 && Log->Sequence != sequence + 1)
        Log->Next = 0;                           /* left over from before */
}

static void OpenLog(LOG_READER *Log, const REGF_FILE *File, uint32_t Wanted)
{
    HBASE_BLOCK head;

    *Log = (LOG_READER){ .File = *File };
    if (!IsLog(File, &head))
        return;
    LookAt(Log, REGF_SECTOR);
    while (Log->Next != 0 && IsBefore(Log->Sequence, Wanted))
        Advance(Log);
}

/* The last of the log's numbers, or Sequence when that is later. */
static uint32_t YoungestOf(const REGF_FILE *File, uint32_t Sequence)
{
    LOG_READER log;

    for (OpenLog(&log, File, Sequence); log.Next != 0; Advance(&log))
        Sequence = log.Sequence;
    return Sequence;
}

/* ---- Both ---- */
/* Every entry that is to be applied, in order. */
static void ForEachEntry(RECOVERY *Recovery, VISIT_ENTRY *Visit)
{
    uint32_t last = Recovery->Wanted - 1;
    LOG_READER logs[2];
    unsigned i;

    for (i = 0; i < 2; i++)
        OpenLog(&logs[i], &Recovery->Files[RegfLog1 + i], Recovery->Wanted);
    while (logs[0].Next != 0 || logs[1].Next != 0) {
        i = logs[0].Next == 0 || (logs[1].Next != 0 && IsBefore(logs[1].Sequence, logs[0].Sequence));
        if (IsBefore(last, logs[i].Sequence)) {
            last = logs[i].Sequence;
            Visit(Recovery, EntryAt(&logs[i]), i);
        }
        Advance(&logs[i]);
    }
}

static void Measure(RECOVERY *Recovery, const REGF_LOG_ENTRY *Entry, unsigned Log)
{
    (void)Log;
    Recovery->Applied++;
    Recovery->LastSequence = Entry->Sequence;
    Recovery->Length = Entry->BinsLength;
    if (Entry->BinsLength > Recovery->Room)
        Recovery->Room = Entry->BinsLength;
}

static void Apply(RECOVERY *Recovery, const REGF_LOG_ENTRY *Entry, unsigned Log)
{
    const uint8_t *bytes = (const uint8_t *)&Entry->Pages[Entry->PageCount];
    uint32_t i;

    (void)Log;
    for (i = 0; i < Entry->PageCount; i++) {
        memcpy(Recovery->Image + sizeof(HBASE_BLOCK) + Entry->Pages[i].Offset, bytes, Entry->Pages[i].Size);
        bytes += Entry->Pages[i].Size;
    }
}

/* What the entry changed is not in the primary for certain, so the log is needed until it is. */
static void MarkPages(RECOVERY *Recovery, const REGF_LOG_ENTRY *Entry, unsigned Log)
{
    REGF_HIVE *hive = Recovery->Hive;
    REGF_SPACE *space = &hive->Spaces[RegfStable];
    uint32_t i, block;

    for (i = 0; i < Entry->PageCount; i++)
        for (block = Entry->Pages[i].Offset / REGF_BLOCK; block <= (Entry->Pages[i].Offset + Entry->Pages[i].Size - 1) / REGF_BLOCK;
             block++)
            if (block < space->BlockCount)
                space->Dirty[block] = 1;
    hive->LogBusy[Log] = true;
    hive->LogEnd[Log] = (uint64_t)((const uint8_t *)Entry - Recovery->Files[RegfLog1 + Log].Data) + Entry->Size;
    hive->YoungestLog = RegfLog1 + Log;
}

/* ---- The primary ---- */
static bool IsPrimary(const REGF_FILE *File, HBASE_BLOCK *Header)
{
    if (File->Size < sizeof(*Header))
        return false;
    memcpy(Header, File->Data, sizeof(*Header));
    return Header->Signature == REGF_SIGN_REGF && Header->CheckSum == RegfHeaderSum(Header);
}

/* Its base block when that is right, else that of the younger log. */
static bool FindHeader(RECOVERY *Recovery)
{
    bool found = IsPrimary(&Recovery->Files[RegfPrimary], &Recovery->Header), isPrimary = found;
    HBASE_BLOCK head;
    unsigned i;

    for (i = RegfLog1; i < RegfFiles && !isPrimary; i++)
        if (IsLog(&Recovery->Files[i], &head) && (!found || IsBefore(Recovery->Header.Sequence1, head.Sequence1))) {
            Recovery->Header = head;
            Recovery->Header.Type = 0;
            found = true;
        }
    Recovery->Wanted = Recovery->Header.Sequence1;
    return found;
}

/* The primary's bins with every entry applied, below a base block that says so. */
static REGF_STATUS BuildImage(RECOVERY *Recovery, const REGF_HOST *Host)
{
    const REGF_FILE *primary = &Recovery->Files[RegfPrimary];
    size_t there = primary->Size < sizeof(HBASE_BLOCK) ? 0 : primary->Size - sizeof(HBASE_BLOCK);

    if (Recovery->Room > (uint64_t)primary->Size + Recovery->Files[RegfLog1].Size + Recovery->Files[RegfLog2].Size)
        return RegfCorrupt;
    Recovery->Image = Host->Allocate(sizeof(HBASE_BLOCK) + Recovery->Room);
    if (Recovery->Image == NULL)
        return RegfNoMemory;
    memset(Recovery->Image, 0, sizeof(HBASE_BLOCK) + Recovery->Room);
    if (there != 0)
        memcpy(Recovery->Image + sizeof(HBASE_BLOCK), primary->Data + sizeof(HBASE_BLOCK), there < Recovery->Room ? there : Recovery->Room);
    ForEachEntry(Recovery, Apply);
    Recovery->Header.Sequence1 = Recovery->Header.Sequence2 = Recovery->LastSequence;
    Recovery->Header.Length = Recovery->Length;
    Recovery->Header.CheckSum = RegfHeaderSum(&Recovery->Header);
    memcpy(Recovery->Image, &Recovery->Header, sizeof(HBASE_BLOCK));
    return RegfOk;
}

static REGF_STATUS Recover(RECOVERY *Recovery, const REGF_HOST *Host)
{
    REGF_STATUS status = BuildImage(Recovery, Host);

    if (status != RegfOk)
        return status;
    status = RegfOpen(Recovery->Hive, Host, Recovery->Image, sizeof(HBASE_BLOCK) + Recovery->Length);
    Host->Free(Recovery->Image);
    if (status == RegfOk) {
        ForEachEntry(Recovery, MarkPages);
        Recovery->Hive->IsDirty = true;
    }
    return status;
}

/* Nothing is missing. Entries of a flush that never touched the primary may lie in the logs: a later flush with their numbers would
 * bring them back, so its number is above theirs. */
static REGF_STATUS OpenWhole(REGF_HIVE *Hive, const REGF_HOST *Host, const REGF_FILE *Files)
{
    REGF_STATUS status = RegfOpen(Hive, Host, Files[RegfPrimary].Data, Files[RegfPrimary].Size);
    unsigned i;

    for (i = RegfLog1; i < RegfFiles && status == RegfOk; i++)
        Hive->Header->Sequence1 = YoungestOf(&Files[i], Hive->Header->Sequence1);
    return status;
}

REGF_STATUS RegfOpenLogged(REGF_HIVE *Hive, const REGF_HOST *Host, const REGF_FILE Files[RegfFiles])
{
    RECOVERY recovery = { .Files = Files, .Hive = Hive };
    HBASE_BLOCK header;
    REGF_STATUS status;

    memset(Hive, 0, sizeof(*Hive));
    if ((!IsPrimary(&Files[RegfPrimary], &header) || header.Sequence1 != header.Sequence2) && FindHeader(&recovery))
        ForEachEntry(&recovery, Measure);
    if (recovery.Applied == 0)
        return OpenWhole(Hive, Host, Files);
    status = Recover(&recovery, Host);
    if (status == RegfCorrupt && Hive->Flaw == RegfFlawNone)
        Hive->Flaw = RegfFlawLength;
    return status;
}
