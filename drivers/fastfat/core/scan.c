/* SPDX-License-Identifier: MIT
 * Entries of a directory in their order. The parts of a long name stand before their short entry, the last part first, each with the
 * checksum of the short name; parts that do not fit together are orphans and are passed over.
 *
 *   long entry:  0 ordinal, 0x40 for the last part | 1 five characters | 11 0x0F | 12 0 | 13 checksum | 14 six | 26 0 | 28 two
 */
#include "fat.h"
#include "bytes.h"

#define FAT_PART 13u
#define FAT_LAST_PART 0x40

typedef struct FAT_PARTS {
    uint32_t First;                              /* where the last part stands */
    uint32_t Left;                               /* how many are still to come; the set is whole at 0 */
    uint32_t Length;
    uint8_t Checksum;
    bool Alive;
} FAT_PARTS;

uint8_t FatNameChecksum(const uint8_t *Short)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < FAT_SHORT_LENGTH; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + Short[i]);
    return sum;
}

void FatOpenScan(FAT_SCAN *Scan, const FAT_FOLDER *Folder, uint32_t Offset)
{
    Scan->Folder = *Folder;
    Scan->Offset = Offset;
    FatOpenWindow(&Scan->Window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, false);
}

void FatCloseScan(FAT_SCAN *Scan)
{
    FatCloseWindow(&Scan->Window);
}

static uint16_t FatPartCharacter(const uint8_t *Bytes, uint32_t Index)
{
    return FatGet16(Bytes + (Index < 5 ? 1 + Index * 2 : Index < 11 ? 14 + (Index - 5) * 2 : 28 + (Index - 11) * 2));
}

/* Characters of one part into their place; only the last part may end early. */
static bool FatTakePart(const uint8_t *Bytes, uint32_t Part, bool Last, FAT_PARTS *Parts, uint16_t *Name)
{
    uint32_t i, at = Part * FAT_PART;

    for (i = 0; i < FAT_PART; i++) {
        uint16_t character = FatPartCharacter(Bytes, i);
        if (character == 0 && Last && i != 0)
            break;
        if (character == 0 || at + i >= FAT_MAXIMUM_NAME)
            return false;
        Name[at + i] = character;
    }
    if (Last)
        Parts->Length = at + i;
    return true;
}

static void FatTakeLong(const uint8_t *Bytes, uint32_t Offset, FAT_PARTS *Parts, uint16_t *Name)
{
    uint32_t ordinal = Bytes[0] & 0x3F;
    bool last = (Bytes[0] & FAT_LAST_PART) != 0;

    if (last)
        *Parts = (FAT_PARTS){ Offset, ordinal, 0, Bytes[13], ordinal != 0 && ordinal <= 20 };
    if (!Parts->Alive || ordinal == 0 || ordinal != Parts->Left || Bytes[13] != Parts->Checksum ||
        !FatTakePart(Bytes, ordinal - 1, last, Parts, Name)) {
        Parts->Alive = false;
        return;
    }
    Parts->Left--;
}

static uint16_t FatShortCharacter(const FAT_HOST *Host, uint8_t Byte, bool Lower)
{
    return Lower && Byte >= 'A' && Byte <= 'Z' ? (uint16_t)(Byte + 'a' - 'A') : Host->FromOem(Byte);
}

static uint16_t FatShortText(const FAT_HOST *Host, const FAT_RECORD *Record, uint8_t Case, uint16_t *Text)
{
    uint32_t base = 8, extension = 3, i;
    uint16_t length = 0;

    while (base > 0 && Record->Name[base - 1] == ' ')
        base--;
    while (extension > 0 && Record->Name[8 + extension - 1] == ' ')
        extension--;
    for (i = 0; i < base; i++)
        Text[length++] = FatShortCharacter(Host, Record->Name[i], (Case & 8) != 0);
    if (extension != 0)
        Text[length++] = '.';
    for (i = 0; i < extension; i++)
        Text[length++] = FatShortCharacter(Host, Record->Name[8 + i], (Case & 16) != 0);
    return length;
}

static void FatFinishEntry(FAT_SCAN *Scan, const uint8_t *Bytes, const FAT_PARTS *Parts, FAT_ENTRY *Entry)
{
    const FAT_HOST *host = Scan->Folder.Volume->Host;

    FatDecodeRecord(Scan->Folder.Volume, Bytes, &Entry->Record);
    Entry->Offset = Entry->First = Scan->Offset;
    Entry->ShortLength = FatShortText(host, &Entry->Record, 0, Entry->ShortName);
    Entry->HasLong = Parts->Alive && Parts->Left == 0 && !(Entry->Record.Attributes & FatVolumeLabel) &&
                     Parts->Checksum == FatNameChecksum(Bytes);
    if (Entry->HasLong) {
        Entry->First = Parts->First;
        Entry->Length = (uint16_t)Parts->Length;
    } else {
        Entry->Length = FatShortText(host, &Entry->Record, Entry->Record.Case, Entry->Name);
    }
}

FAT_STATUS FatNextEntry(FAT_SCAN *Scan, FAT_ENTRY *Entry)
{
    FAT_PARTS parts = { 0 };

    for (; Scan->Offset < Scan->Folder.Bytes; Scan->Offset += FAT_ENTRY_SIZE) {
        const uint8_t *bytes = FatWindowAt(&Scan->Window, Scan->Offset);
        if (bytes == NULL)
            return FatIoError;
        if (bytes[0] == 0)
            return FatNotFound;
        if (bytes[0] == 0xE5) {
            parts.Alive = false;
        } else if ((bytes[11] & 0x3F) == FatLongName) {
            FatTakeLong(bytes, Scan->Offset, &parts, Entry->Name);
        } else {
            FatFinishEntry(Scan, bytes, &parts, Entry);
            Scan->Offset += FAT_ENTRY_SIZE;
            return FatOk;
        }
    }
    return FatNotFound;
}

bool FatNamesEqual(const FAT_HOST *Host, const uint16_t *First, const uint16_t *Second, uint32_t Length)
{
    uint32_t i = 0;

    while (i + 4 <= Length && FatGet64(First + i) == FatGet64(Second + i))
        i += 4;
    if (Length >= 4 && i + 4 > Length && FatGet64(First + Length - 4) == FatGet64(Second + Length - 4))
        return true;                             /* the last four, some of them once more */
    for (; i < Length; i++)
        if (First[i] != Second[i] && Host->Upcase(First[i]) != Host->Upcase(Second[i]))
            return false;
    return true;
}

FAT_STATUS FatFindEntry(const FAT_FOLDER *Folder, const uint16_t *Name, uint32_t Length, FAT_ENTRY *Entry)
{
    const FAT_HOST *host = Folder->Volume->Host;
    FAT_STATUS status;
    FAT_SCAN scan;

    FatOpenScan(&scan, Folder, 0);
    while ((status = FatNextEntry(&scan, Entry)) == FatOk) {
        if (Entry->Record.Attributes & FatVolumeLabel)
            continue;
        if ((Entry->Length == Length && FatNamesEqual(host, Entry->Name, Name, Length)) ||
            (Entry->HasLong && Entry->ShortLength == Length && FatNamesEqual(host, Entry->ShortName, Name, Length)))
            break;
    }
    FatCloseScan(&scan);
    return status;
}

FAT_STATUS FatFindLabel(const FAT_FOLDER *Folder, FAT_ENTRY *Entry)
{
    FAT_STATUS status;
    FAT_SCAN scan;

    FatOpenScan(&scan, Folder, 0);
    while ((status = FatNextEntry(&scan, Entry)) == FatOk &&
           (Entry->Record.Attributes & (FatVolumeLabel | FatDirectory)) != FatVolumeLabel)
        ;
    FatCloseScan(&scan);
    return status;
}

static bool FatIsDot(const FAT_ENTRY *Entry)
{
    return Entry->ShortName[0] == '.' && (Entry->ShortLength == 1 || (Entry->ShortLength == 2 && Entry->ShortName[1] == '.'));
}

FAT_STATUS FatIsEmpty(const FAT_FOLDER *Folder)
{
    FAT_STATUS status;
    FAT_ENTRY entry;
    FAT_SCAN scan;

    FatOpenScan(&scan, Folder, 0);
    while ((status = FatNextEntry(&scan, &entry)) == FatOk && (FatIsDot(&entry) || (entry.Record.Attributes & FatVolumeLabel)))
        ;
    FatCloseScan(&scan);
    return status == FatNotFound ? FatOk : status == FatOk ? FatNotFound : status;
}
