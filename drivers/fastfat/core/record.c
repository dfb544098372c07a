/* SPDX-License-Identifier: MIT
 * The 32 bytes of a short entry.
 *
 *   0 name 8, extension 3 | 11 attributes | 12 case | 13 created 1/100 s, time, date | 18 accessed | 20 cluster, upper half
 *   22 written: time, date | 26 cluster, lower half | 28 size
 */
#include "fat.h"
#include "bytes.h"

#define FAT_CASE_BITS 0x18

void FatDecodeRecord(const FAT_VOLUME *Volume, const uint8_t *Bytes, FAT_RECORD *Record)
{
    FatCopy(Record->Name, Bytes, FAT_SHORT_LENGTH);
    if (Record->Name[0] == 0x05)                 /* stands for 0xE5, which means deleted */
        Record->Name[0] = 0xE5;
    Record->Attributes = Bytes[11] & 0x3F;
    Record->Case = Bytes[12] & FAT_CASE_BITS;
    Record->Created = (FAT_TIME){ FatGet16(Bytes + 16), FatGet16(Bytes + 14), Bytes[13] };
    Record->Accessed = (FAT_TIME){ FatGet16(Bytes + 18), 0, 0 };
    Record->Written = (FAT_TIME){ FatGet16(Bytes + 24), FatGet16(Bytes + 22), 0 };
    Record->Cluster = FatGet16(Bytes + 26) | (Volume->Bits == 32 ? (uint32_t)FatGet16(Bytes + 20) << 16 : 0);
    Record->Size = FatGet32(Bytes + 28);
}

void FatEncodeRecord(const FAT_VOLUME *Volume, const FAT_RECORD *Record, uint8_t *Bytes)
{
    FatCopy(Bytes, Record->Name, FAT_SHORT_LENGTH);
    if (Bytes[0] == 0xE5)
        Bytes[0] = 0x05;
    Bytes[11] = Record->Attributes;
    Bytes[12] = Record->Case;
    Bytes[13] = Record->Created.Hundredths;
    FatPut16(Bytes + 14, Record->Created.Time);
    FatPut16(Bytes + 16, Record->Created.Date);
    FatPut16(Bytes + 18, Record->Accessed.Date);
    FatPut16(Bytes + 20, Volume->Bits == 32 ? Record->Cluster >> 16 : 0);
    FatPut16(Bytes + 22, Record->Written.Time);
    FatPut16(Bytes + 24, Record->Written.Date);
    FatPut16(Bytes + 26, Record->Cluster);
    FatPut32(Bytes + 28, Record->Size);
}

FAT_STATUS FatWriteRecord(const FAT_FOLDER *Folder, uint32_t Offset, const FAT_RECORD *Record)
{
    FAT_WINDOW window;
    uint8_t *at;

    FatOpenWindow(&window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, true);
    at = FatWindowAt(&window, Offset);
    if (at != NULL)
        FatEncodeRecord(Folder->Volume, Record, at);
    FatCloseWindow(&window);
    return at == NULL ? FatIoError : FatOk;
}

FAT_STATUS FatWriteDots(const FAT_FOLDER *Folder, uint32_t Cluster, uint32_t Parent, const FAT_RECORD *Record)
{
    FAT_RECORD dot = *Record;
    FAT_STATUS status;

    FatFill(dot.Name, ' ', FAT_SHORT_LENGTH);
    dot.Name[0] = '.';
    dot.Attributes = FatDirectory;
    dot.Case = 0;
    dot.Size = 0;
    dot.Cluster = Cluster;
    status = FatWriteRecord(Folder, 0, &dot);
    dot.Name[1] = '.';
    dot.Cluster = Parent;
    return status == FatOk ? FatWriteRecord(Folder, FAT_ENTRY_SIZE, &dot) : status;
}
