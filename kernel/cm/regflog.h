/* SPDX-License-Identifier: MIT
 * A hive's files: the primary file and two logs, as the format documents them. Portable, like regf.h.
 *
 *   log: base block's first sector (type 6) | entry | entry ...      each at a multiple of 512 bytes, a sector of zeros behind the last
 *   entry: REGF_LOG_ENTRY, Pages[PageCount], the pages' bytes one behind the other, zeros to a multiple of 512
 *
 * A flush: the log gets an entry with every page that changed, the primary a base block whose first sequence number is the entry's,
 * then the pages, then a base block with both numbers; the file is flushed after each of the four. Whatever is lost or torn, the
 * primary is whole, or it says that it is not and the log has what is missing. An entry has every page that may differ from the
 * last whole primary, so it needs no other entry that a flush of ours wrote.
 *
 * A log that the primary may still rely on (LogBusy) is not overwritten: the other one is, or an entry is put behind its last one.
 */
#pragma once
#include "regf.h"

#define REGF_SECTOR 512u
#define REGF_TYPE_LOG 6u                         /* HBASE_BLOCK.Type of a log */
#define REGF_SIGN_HVLE 0x454C7648u

enum { RegfPrimary, RegfLog1, RegfLog2, RegfFiles };

#pragma pack(push, 1)
typedef struct REGF_PAGE {
    uint32_t Offset, Size;                       /* in the bins, bytes */
} REGF_PAGE;
typedef struct REGF_LOG_ENTRY {
    uint32_t Signature, Size, Flags;
    uint32_t Sequence;                           /* the base block's when the entry is applied */
    uint32_t BinsLength, PageCount;
    uint64_t BodyHash;                           /* of all that follows the 40 bytes */
    uint64_t HeadHash;                           /* of the 32 bytes before it */
    REGF_PAGE Pages[];
} REGF_LOG_ENTRY;
#pragma pack(pop)
_Static_assert(sizeof(REGF_LOG_ENTRY) == 40 && offsetof(REGF_LOG_ENTRY, HeadHash) == 32, "log entry");

/* Marvin32, as the logs have it. */
uint64_t RegfHash(uint64_t Seed, const void *Data, size_t Bytes);
#define REGF_LOG_SEED 0x82EF4D887A4E55C5u

/* ---- Reading ---- */
typedef struct REGF_FILE {
    const uint8_t *Data;
    size_t Size;                                 /* 0: there is no such file */
} REGF_FILE;
/* RegfOpen for a primary file that may have been cut short while it was written: its logs are applied, and what they changed counts
 * as changed. A primary that is whole is opened without a look at the logs. */
REGF_STATUS RegfOpenLogged(REGF_HIVE *Hive, const REGF_HOST *Host, const REGF_FILE Files[RegfFiles]);

/* ---- Writing ---- */
/* What one flush writes: a copy, so that the hive may change while it is written. */
typedef struct REGF_FLUSH {
    uint8_t *Log;                                /* the log's bytes from LogOffset on */
    size_t LogBytes;
    uint64_t LogOffset;
    const REGF_LOG_ENTRY *Entry;                 /* in Log */
    unsigned Target;                             /* RegfLog1, RegfLog2 */
    HBASE_BLOCK *Header;
    bool IsLogged, IsMarked, IsDone;             /* the log has the entry, the primary says so, all is written: for certain */
} REGF_FLUSH;
typedef struct REGF_STORE {
    bool (*Write)(void *Context, unsigned File, uint64_t Offset, const void *Data, size_t Bytes);
    bool (*Flush)(void *Context, unsigned File); /* true: all that was written to the file is on disk */
} REGF_STORE;
/* Begin and End read and change the hive; Perform does not look at it. Between Begin and End there is no other flush. Perform's
 * result is in the flush: End makes the pages count as changed again when not all was written. RegfNoMemory. */
REGF_STATUS RegfBeginFlush(REGF_HIVE *Hive, REGF_FLUSH *Flush);
bool RegfPerformFlush(REGF_FLUSH *Flush, const REGF_STORE *Store, void *Context);
void RegfEndFlush(REGF_HIVE *Hive, REGF_FLUSH *Flush);
