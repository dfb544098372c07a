/* SPDX-License-Identifier: MIT
 * Writing: a flush's copy of what changed, the order in which the files get it, and what the hive remembers of how far it came.
 */
#include "regflog.h"
#include <string.h>

static size_t RoundUp(size_t Bytes) { return (Bytes + REGF_SECTOR - 1) & ~(size_t)(REGF_SECTOR - 1); }

static uint32_t CountDirty(const REGF_SPACE *Space)
{
    uint32_t block, count = 0;
    for (block = 0; block < Space->BlockCount; block++)
        count += Space->Dirty[block];
    return count;
}

/* A log that may be overwritten, else behind the entries of the one that has the youngest. */
static unsigned ChooseLog(const REGF_HIVE *Hive, uint64_t *Offset)
{
    *Offset = 0;
    if (!Hive->LogBusy[0])
        return RegfLog1;
    if (!Hive->LogBusy[1])
        return RegfLog2;
    *Offset = Hive->LogEnd[Hive->YoungestLog - RegfLog1];
    return Hive->YoungestLog;
}

static REGF_LOG_ENTRY *FillEntry(const REGF_HIVE *Hive, uint8_t *Where, size_t Size, uint32_t Count)
{
    const REGF_SPACE *space = &Hive->Spaces[RegfStable];
    REGF_LOG_ENTRY *entry = (REGF_LOG_ENTRY *)Where;
    uint8_t *bytes = (uint8_t *)&entry->Pages[Count];
    uint32_t block, page = 0;

    entry->Signature = REGF_SIGN_HVLE;
    entry->Size = (uint32_t)Size;
    entry->Sequence = Hive->Header->Sequence1;
    entry->BinsLength = space->BlockCount * REGF_BLOCK;
    entry->PageCount = Count;
    for (block = 0; block < space->BlockCount; block++) {
        const REGF_BIN *bin = &space->Bins[space->BinOfBlock[block]];
        if (!space->Dirty[block])
            continue;
        entry->Pages[page++] = (REGF_PAGE){ block * REGF_BLOCK, REGF_BLOCK };
        memcpy(bytes, bin->Memory + (block * REGF_BLOCK - bin->Offset), REGF_BLOCK);
        bytes += REGF_BLOCK;
    }
    entry->BodyHash = RegfHash(REGF_LOG_SEED, entry->Pages, Size - sizeof(*entry));
    entry->HeadHash = RegfHash(REGF_LOG_SEED, entry, offsetof(REGF_LOG_ENTRY, HeadHash));
    return entry;
}

/* The log's first sector: the base block as it will be, as a log's. */
static void FillLogHead(const REGF_HIVE *Hive, uint8_t *Where)
{
    HBASE_BLOCK head = *Hive->Header;

    head.Type = REGF_TYPE_LOG;
    head.Sequence2 = head.Sequence1;
    head.CheckSum = RegfHeaderSum(&head);
    memcpy(Where, &head, REGF_SECTOR);
}

static bool AllocateFlush(const REGF_HIVE *Hive, REGF_FLUSH *Flush)
{
    Flush->Log = Hive->Host->Allocate(Flush->LogBytes);
    Flush->Header = Hive->Host->Allocate(sizeof(HBASE_BLOCK));
    if (Flush->Log != NULL && Flush->Header != NULL) {
        memset(Flush->Log, 0, Flush->LogBytes);
        return true;
    }
    if (Flush->Log != NULL)
        Hive->Host->Free(Flush->Log);
    if (Flush->Header != NULL)
        Hive->Host->Free(Flush->Header);
    return false;
}

REGF_STATUS RegfBeginFlush(REGF_HIVE *Hive, REGF_FLUSH *Flush)
{
    REGF_SPACE *space = &Hive->Spaces[RegfStable];
    uint32_t count = CountDirty(space);
    size_t size = RoundUp(sizeof(REGF_LOG_ENTRY) + (size_t)count * (sizeof(REGF_PAGE) + REGF_BLOCK)), head;

    memset(Flush, 0, sizeof(*Flush));
    Flush->Target = ChooseLog(Hive, &Flush->LogOffset);
    head = Flush->LogOffset == 0 ? REGF_SECTOR : 0;
    Flush->LogBytes = head + size + REGF_SECTOR;
    if (!AllocateFlush(Hive, Flush))
        return RegfNoMemory;
    Hive->Header->Sequence1++;
    Hive->Header->TimeStamp = Hive->Host->Now();
    Hive->Header->Length = space->BlockCount * REGF_BLOCK;
    *Flush->Header = *Hive->Header;
    if (head != 0)
        FillLogHead(Hive, Flush->Log);
    Flush->Entry = FillEntry(Hive, Flush->Log + head, size, count);
    memset(space->Dirty, 0, space->BlockCount);
    Hive->IsDirty = false;
    return RegfOk;
}

static bool WriteHeader(const REGF_FLUSH *Flush, const REGF_STORE *Store, void *Context, bool Finished)
{
    HBASE_BLOCK *header = Flush->Header;

    header->Sequence2 = Finished ? header->Sequence1 : header->Sequence1 - 1;
    header->CheckSum = RegfHeaderSum(header);
    return Store->Write(Context, RegfPrimary, 0, header, sizeof(*header)) && Store->Flush(Context, RegfPrimary);
}

/* Pages that follow each other in the bins do so in the entry, too: they are one write. */
static bool WritePages(const REGF_FLUSH *Flush, const REGF_STORE *Store, void *Context)
{
    const REGF_LOG_ENTRY *entry = Flush->Entry;
    const uint8_t *bytes = (const uint8_t *)&entry->Pages[entry->PageCount];
    uint32_t page = 0;

    while (page < entry->PageCount) {
        uint32_t first = entry->Pages[page].Offset, run = 0;
        while (page < entry->PageCount && entry->Pages[page].Offset == first + run) {
            run += entry->Pages[page].Size;
            page++;
        }
        if (!Store->Write(Context, RegfPrimary, sizeof(HBASE_BLOCK) + (uint64_t)first, bytes, run))
            return false;
        bytes += run;
    }
    return Store->Flush(Context, RegfPrimary);
}

bool RegfPerformFlush(REGF_FLUSH *Flush, const REGF_STORE *Store, void *Context)
{
    Flush->IsLogged = Store->Write(Context, Flush->Target, Flush->LogOffset, Flush->Log, Flush->LogBytes) &&
                      Store->Flush(Context, Flush->Target);
    Flush->IsMarked = Flush->IsLogged && WriteHeader(Flush, Store, Context, false);
    Flush->IsDone = Flush->IsMarked && WritePages(Flush, Store, Context) && WriteHeader(Flush, Store, Context, true);
    return Flush->IsDone;
}

void RegfEndFlush(REGF_HIVE *Hive, REGF_FLUSH *Flush)
{
    unsigned log = Flush->Target - RegfLog1;
    uint32_t page;

    if (!Flush->IsLogged)
        Hive->Header->Sequence1--;               /* in a log the numbers follow each other */
    if (Flush->IsLogged) {                       /* the base block may be there, so the entry may be needed */
        Hive->LogBusy[log] = !Flush->IsDone;
        Hive->LogEnd[log] = Flush->LogOffset + Flush->LogBytes - REGF_SECTOR;
        Hive->YoungestLog = Flush->Target;
    }
    if (Flush->IsMarked)                         /* and no entry before it is */
        Hive->LogBusy[1 - log] = false;
    if (!Flush->IsDone)
        Hive->IsDirty = true;
    for (page = 0; page < Flush->Entry->PageCount && !Flush->IsDone; page++)
        Hive->Spaces[RegfStable].Dirty[Flush->Entry->Pages[page].Offset / REGF_BLOCK] = 1;
    Hive->Host->Free(Flush->Log);
    Hive->Host->Free(Flush->Header);
}
