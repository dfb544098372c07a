/* SPDX-License-Identifier: MIT
 * Hives in memory: cells in bins, as the regf format stores them. Portable: no DDK, no globals; memory, case and time come through
 * REGF_HOST. Opening checks an image whole, so that everything after it trusts what it reads.
 *
 *   base block 4 KiB | hbin header 32, cell, cell ... | hbin ...          a cell: int32 size (negative: in use), content
 *
 * A hive has two spaces of bins: the stable one, which is the file, and the volatile one, which is never written. A cell's index is
 * its offset from the first bin, with bit 31 for the volatile space. Bins never move, so a pointer into a cell is good until that
 * cell is freed or resized.
 *
 * No locks: readers may run together, a writer alone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGF_NIL 0xFFFFFFFFu
#define REGF_VOLATILE 0x80000000u
#define REGF_BLOCK 0x1000u
#define REGF_BIN_HEADER 0x20u
#define REGF_MINOR_STANDARD 3u                   /* HBASE_BLOCK.Minor of Windows 2000's hives */
#define REGF_SEGMENT 16344u                      /* data bytes in one cell of big data, and the most outside it */
#define REGF_MAXIMUM_KEY_NAME 255u               /* characters */
#define REGF_MAXIMUM_VALUE_NAME 16383u
#define REGF_MAXIMUM_DEPTH 512u
#define REGF_MAXIMUM_DATA 0x7FFF0000u

enum { RegfStable, RegfVolatile, RegfSpaces };

typedef enum REGF_STATUS {
    RegfOk, RegfNoMemory, RegfNotFound, RegfExists, RegfHasChildren, RegfTooBig, RegfNotHive, RegfCorrupt
} REGF_STATUS;

/* ---- The format; names and layout are NT's ---- */
#pragma pack(push, 1)
typedef struct _HBASE_BLOCK {
    uint32_t Signature;                          /* "regf" */
    uint32_t Sequence1, Sequence2;               /* equal, unless a write was cut short */
    uint64_t TimeStamp;
    uint32_t Major, Minor, Type, Format, RootCell, Length, Cluster;
    uint8_t FileName[64];
    uint8_t Reserved1[0x1FC - 0x70];
    uint32_t CheckSum;                           /* exclusive or of the 127 words before it; never 0 or ~0 */
    uint8_t Reserved2[0x1000 - 0x200];
} HBASE_BLOCK;

typedef struct _HBIN {
    uint32_t Signature;                          /* "hbin" */
    uint32_t FileOffset, Size;
    uint32_t Reserved1[2];
    uint64_t TimeStamp;
    uint32_t Spare;
} HBIN;

typedef struct _CM_KEY_NODE {
    uint16_t Signature;                          /* "nk" */
    uint16_t Flags;
    uint64_t LastWriteTime;
    uint8_t AccessBits, Layer;
    uint16_t Spare;
    uint32_t Parent;
    uint32_t SubKeyCounts[RegfSpaces], SubKeyLists[RegfSpaces];
    uint32_t ValueCount, ValueList;
    uint32_t Security, Class;
    uint32_t MaxNameLen;                         /* the lower 16 bits */
    uint32_t MaxClassLen, MaxValueNameLen, MaxValueDataLen;
    uint32_t WorkVar;
    uint16_t NameLength, ClassLength;            /* bytes */
    uint8_t Name[];                              /* Latin-1 when KEY_COMP_NAME, else UTF-16 */
} CM_KEY_NODE;

typedef struct _CM_KEY_VALUE {
    uint16_t Signature;                          /* "vk" */
    uint16_t NameLength;
    uint32_t DataLength;                         /* bit 31: the data are in Data itself */
    uint32_t Data, Type;
    uint16_t Flags, Spare;
    uint8_t Name[];
} CM_KEY_VALUE;

typedef struct _CM_KEY_SECURITY {
    uint16_t Signature;                          /* "sk" */
    uint16_t Reserved;
    uint32_t Flink, Blink, ReferenceCount, DescriptorLength;
    uint8_t Descriptor[];
} CM_KEY_SECURITY;

typedef struct _CM_KEY_INDEX {
    uint16_t Signature;                          /* "li" cells; "lf" and "lh" cells with a hint each; "ri" cells of those */
    uint16_t Count;
    uint32_t List[];
} CM_KEY_INDEX;

typedef struct _CM_BIG_DATA {
    uint16_t Signature;                          /* "db" */
    uint16_t Count;
    uint32_t List;
} CM_BIG_DATA;
#pragma pack(pop)
_Static_assert(sizeof(HBASE_BLOCK) == 0x1000 && offsetof(HBASE_BLOCK, CheckSum) == 0x1FC, "regf base block");
_Static_assert(sizeof(CM_KEY_NODE) == 0x4C && offsetof(CM_KEY_NODE, Security) == 0x2C, "nk");
_Static_assert(sizeof(CM_KEY_VALUE) == 0x14 && sizeof(CM_KEY_SECURITY) == 0x14 && sizeof(CM_BIG_DATA) == 8, "vk, sk, db");

#define REGF_SIGN_REGF 0x66676572u
#define REGF_SIGN_HBIN 0x6E696268u
#define REGF_SIGN_NK 0x6B6Eu
#define REGF_SIGN_VK 0x6B76u
#define REGF_SIGN_SK 0x6B73u
#define REGF_SIGN_LF 0x666Cu
#define REGF_SIGN_LH 0x686Cu
#define REGF_SIGN_LI 0x696Cu
#define REGF_SIGN_RI 0x6972u
#define REGF_SIGN_DB 0x6264u

#define KEY_IS_VOLATILE 0x0001
#define KEY_HIVE_EXIT 0x0002                     /* another hive is mounted here */
#define KEY_HIVE_ENTRY 0x0004                    /* root of a hive */
#define KEY_NO_DELETE 0x0008
#define KEY_SYM_LINK 0x0010
#define KEY_COMP_NAME 0x0020
#define VALUE_COMP_NAME 0x0001
#define REGF_INLINE 0x80000000u                  /* CM_KEY_VALUE.DataLength */

/* ---- The hive ---- */
typedef struct REGF_HOST {
    void *(*Allocate)(size_t Bytes);             /* 8-byte aligned; NULL: none */
    void (*Free)(void *Memory);
    uint16_t (*Upcase)(uint16_t Unit);
    uint64_t (*Now)(void);                       /* 100 ns since 1601 */
} REGF_HOST;

typedef struct REGF_BIN {
    uint8_t *Memory;
    uint32_t Offset, Size;
    uint32_t LargestFree;                        /* no free cell of this bin is larger */
    bool Owned;                                  /* allocated by itself, not with the image */
} REGF_BIN;

typedef struct REGF_SPACE {
    REGF_BIN *Bins;
    uint32_t *BinOfBlock;
    uint8_t *Dirty;                              /* a byte a block */
    uint32_t BinCount, BinRoom, BlockCount, BlockRoom;
    uint32_t Rover;                              /* bin at which the search for room begins */
    uint32_t FirstSecurity;                      /* the ring of sk cells, or REGF_NIL */
} REGF_SPACE;

/* Why an image was refused: the first rule it broke and where. */
typedef enum REGF_FLAW {
    RegfFlawNone, RegfFlawSize, RegfFlawSignature, RegfFlawVersion, RegfFlawChecksum, RegfFlawSequence, RegfFlawLength, RegfFlawBin,
    RegfFlawCell, RegfFlawReference, RegfFlawKey, RegfFlawName, RegfFlawParent, RegfFlawClass, RegfFlawIndex, RegfFlawCount,
    RegfFlawDuplicate, RegfFlawDepth, RegfFlawValue, RegfFlawData, RegfFlawSecurity, RegfFlaws
} REGF_FLAW;

typedef struct REGF_HIVE {
    const REGF_HOST *Host;
    HBASE_BLOCK *Header;
    uint8_t *Image;                              /* the bins that were loaded, or NULL */
    REGF_SPACE Spaces[RegfSpaces];
    uint32_t RootCell;
    bool IsDirty;
    bool LogBusy[2];                             /* regflog.h: the primary may need what is in it */
    unsigned YoungestLog;                        /* with the last entry that may be needed */
    uint64_t LogEnd[2];                          /* behind that log's last entry */
    REGF_FLAW Flaw;
    uint32_t FlawCell;
} REGF_HIVE;

typedef struct REGF_NAME {
    const uint16_t *Text;
    uint32_t Count;
} REGF_NAME;

/* A copy of the image, checked. RegfNotHive, RegfCorrupt (Hive->Flaw), RegfNoMemory: nothing is held. */
REGF_STATUS RegfOpen(REGF_HIVE *Hive, const REGF_HOST *Host, const void *Image, size_t Size);
/* A new hive with a root key of that name, in the given space. */
REGF_STATUS RegfCreate(REGF_HIVE *Hive, const REGF_HOST *Host, REGF_NAME RootName, unsigned Space);
void RegfClose(REGF_HIVE *Hive);
/* Writes a whole new file that needs no log: base block, then bins, each at its offset. Write returns false to stop. The hive counts
 * as changed as before. */
typedef bool REGF_WRITE(void *Context, uint64_t Offset, const void *Data, size_t Bytes);
bool RegfSave(REGF_HIVE *Hive, REGF_WRITE *Write, void *Context);
uint32_t RegfHeaderSum(const HBASE_BLOCK *Header);
size_t RegfFileSize(const REGF_HIVE *Hive);

/* ---- Cells ---- */
static inline unsigned RegfSpaceOf(uint32_t Cell) { return Cell >> 31; }
void *RegfCell(const REGF_HIVE *Hive, uint32_t Cell);
uint32_t RegfCellSize(const REGF_HIVE *Hive, uint32_t Cell);           /* bytes of content */
/* Zeroed content of at least Bytes; REGF_NIL when out of memory. */
uint32_t RegfAllocateCell(REGF_HIVE *Hive, unsigned Space, uint32_t Bytes);
void RegfFreeCell(REGF_HIVE *Hive, uint32_t Cell);                     /* REGF_NIL: nothing */
/* The same cell or a copy of it elsewhere with room for Bytes; the old one is gone. REGF_NIL: nothing changed. */
uint32_t RegfGrowCell(REGF_HIVE *Hive, uint32_t Cell, uint32_t Bytes);
void RegfMarkDirty(REGF_HIVE *Hive, uint32_t Cell);
bool RegfAddLoadedBins(REGF_HIVE *Hive, uint32_t Length);
bool RegfInitializeSpaces(REGF_HIVE *Hive);

/* ---- Names ---- */
bool RegfIsCompressible(REGF_NAME Name);
uint32_t RegfStoredBytes(REGF_NAME Name);
void RegfStoreName(uint8_t *Target, REGF_NAME Name);
/* Characters of a stored name; Unit(i) of it. */
static inline uint32_t RegfNameCount(uint32_t Bytes, bool Compressed) { return Compressed ? Bytes : Bytes / 2; }
uint16_t RegfNameUnit(const uint8_t *Stored, uint32_t Index, bool Compressed);
/* A key's name into Text, which has room for REGF_MAXIMUM_KEY_NAME units. */
REGF_NAME RegfExpandKeyName(const REGF_HIVE *Hive, uint32_t Key, uint16_t *Text);
/* Order of names: upcased units, then length. */
int RegfCompareName(const REGF_HIVE *Hive, REGF_NAME Left, const uint8_t *Right, uint32_t Bytes, bool Compressed);

/* ---- Keys ---- */
static inline CM_KEY_NODE *RegfKey(const REGF_HIVE *Hive, uint32_t Cell) { return RegfCell(Hive, Cell); }
static inline uint32_t RegfSubKeyCount(const CM_KEY_NODE *Key)
{
    return Key->SubKeyCounts[RegfStable] + Key->SubKeyCounts[RegfVolatile];
}
int RegfCompareKeys(const REGF_HIVE *Hive, uint32_t Left, uint32_t Right);
/* Stable subkeys first, each space in the order of names. REGF_NIL: none. */
uint32_t RegfSubKeyAt(const REGF_HIVE *Hive, uint32_t Key, uint32_t Index);
uint32_t RegfFindSubKey(const REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name);
/* The new key has its parent's security. Class may be empty. RegfExists, RegfNoMemory. */
REGF_STATUS RegfCreateKey(REGF_HIVE *Hive, uint32_t Parent, REGF_NAME Name, REGF_NAME Class, unsigned Space, uint32_t *Key);
/* RegfHasChildren, RegfNoMemory. */
REGF_STATUS RegfDeleteKey(REGF_HIVE *Hive, uint32_t Key);
void RegfTouchKey(REGF_HIVE *Hive, uint32_t Key);                      /* last write time */
uint32_t RegfNewKeyCell(REGF_HIVE *Hive, unsigned Space, REGF_NAME Name);

/* Everything in and below From goes to To, an empty key of another hive: class aside, which To has; subkeys of From's own space only.
 * What failed half way is left there. RegfNoMemory, RegfTooBig. */
REGF_STATUS RegfCopyTree(const REGF_HIVE *Source, uint32_t From, REGF_HIVE *Target, uint32_t To);

/* ---- Indexes of subkeys (regfindex.c) ---- */
uint32_t RegfIndexEntry(const REGF_HIVE *Hive, uint32_t List, uint32_t Position);
/* The position of Name, or where it belongs. */
bool RegfIndexFind(const REGF_HIVE *Hive, uint32_t List, REGF_NAME Name, uint32_t *Position);
/* Puts Child in its place; the list may move, even when it fails for want of memory. *List REGF_NIL: a new list. */
bool RegfIndexInsert(REGF_HIVE *Hive, uint32_t *List, uint32_t Child, unsigned Space);
/* REGF_NIL: the last entry and with it the list are gone. */
uint32_t RegfIndexRemove(REGF_HIVE *Hive, uint32_t List, uint32_t Position);
void RegfIndexSort(REGF_HIVE *Hive, uint32_t List, uint32_t Count);
static inline bool RegfHasHints(uint16_t Signature) { return Signature == REGF_SIGN_LF || Signature == REGF_SIGN_LH; }

/* ---- Values ---- */
static inline CM_KEY_VALUE *RegfValue(const REGF_HIVE *Hive, uint32_t Cell) { return RegfCell(Hive, Cell); }
uint32_t RegfValueAt(const REGF_HIVE *Hive, uint32_t Key, uint32_t Index);
/* The position in the list, or REGF_NIL. */
uint32_t RegfFindValue(const REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name);
static inline uint32_t RegfDataLength(const CM_KEY_VALUE *Value)
{
    return Value->DataLength & REGF_INLINE ? Value->DataLength & ~REGF_INLINE : Value->DataLength;
}
/* The first Bytes of the data, no more than there are. */
void RegfReadData(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, void *Buffer, uint32_t Bytes);
bool RegfDataEquals(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, const void *Data, uint32_t Bytes);
REGF_STATUS RegfSetValue(REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name, uint32_t Type, const void *Data, uint32_t Bytes);
REGF_STATUS RegfDeleteValue(REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name);
void RegfFreeValues(REGF_HIVE *Hive, uint32_t Key);

/* ---- Security (regfsecurity.c) ---- */
/* An sk cell in Space with the descriptor of Source, which may lie in the other space; REGF_NIL stays REGF_NIL. */
REGF_STATUS RegfShareSecurity(REGF_HIVE *Hive, uint32_t Source, unsigned Space, uint32_t *Security);
void RegfReleaseSecurity(REGF_HIVE *Hive, uint32_t Security);
/* Gives a key another descriptor, which must not lie in the hive. RegfNoMemory. */
REGF_STATUS RegfSetSecurity(REGF_HIVE *Hive, uint32_t Key, const void *Descriptor, uint32_t Length);
/* A key's descriptor as the file has it, unchecked; NULL: none. */
const void *RegfDescriptor(const REGF_HIVE *Hive, uint32_t Key, uint32_t *Length);
