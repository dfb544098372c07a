/* SPDX-License-Identifier: MIT
 * Places of a directory: finding free ones, writing a name's entries into them, freeing them.
 */
#include "fat.h"
#include "bytes.h"

#define FAT_PART 13u
#define FAT_LAST_PART 0x40

FAT_STATUS FatFindSlots(const FAT_FOLDER *Folder, uint32_t Entries, uint32_t *Offset)
{
    uint32_t offset, row = 0;
    bool end = false;                            /* all after an entry that begins with zero are free */
    FAT_STATUS status = FatOk;
    FAT_WINDOW window;

    FatOpenWindow(&window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, false);
    for (offset = 0; offset < Folder->Bytes && row < Entries && status == FatOk; offset += FAT_ENTRY_SIZE) {
        const uint8_t *bytes = end ? NULL : FatWindowAt(&window, offset);
        if (bytes == NULL && !end)
            status = FatIoError;
        else if (end || bytes[0] == 0)
            end = true, row++;
        else
            row = bytes[0] == 0xE5 ? row + 1 : 0;
    }
    FatCloseWindow(&window);
    *Offset = offset - row * FAT_ENTRY_SIZE;
    return status != FatOk ? status : row == Entries ? FatOk : FatDirectoryFull;
}

static void FatPutPart(uint8_t *Bytes, const FAT_NEW_NAME *New, uint32_t Part, uint8_t Checksum)
{
    uint32_t i, parts = New->Entries - 1;

    FatFill(Bytes, 0, FAT_ENTRY_SIZE);
    Bytes[11] = FatLongName;
    Bytes[13] = Checksum;
    for (i = 0; i < FAT_PART; i++) {
        uint32_t at = Part * FAT_PART + i;
        uint8_t *place = Bytes + (i < 5 ? 1 + i * 2 : i < 11 ? 14 + (i - 5) * 2 : 28 + (i - 11) * 2);
        FatPut16(place, at < New->Length ? New->Name[at] : at == New->Length ? 0 : 0xFFFF);
    }
    Bytes[0] = (uint8_t)((Part + 1) | (Part + 1 == parts ? FAT_LAST_PART : 0));
}

/* What lies after the entries must still read as the end of the directory when they took the place of the end. */
static FAT_STATUS FatKeepEnd(FAT_WINDOW *Window, uint32_t Offset, uint32_t Entries, bool *Moves)
{
    const uint8_t *bytes;
    uint32_t i;

    *Moves = false;
    for (i = 0; i < Entries && !*Moves; i++) {
        bytes = FatWindowAt(Window, Offset + i * FAT_ENTRY_SIZE);
        if (bytes == NULL)
            return FatIoError;
        *Moves = bytes[0] == 0;
    }
    return FatOk;
}

FAT_STATUS FatWriteName(const FAT_FOLDER *Folder, uint32_t Offset, const FAT_NEW_NAME *New, const FAT_RECORD *Record)
{
    FAT_RECORD record = *Record;
    uint32_t i, parts = New->Entries - 1;
    FAT_WINDOW window;
    uint8_t *bytes;
    bool moves;
    FAT_STATUS status;

    if (Offset > Folder->Bytes || New->Entries > (Folder->Bytes - Offset) / FAT_ENTRY_SIZE)
        return FatCorrupt;
    FatOpenWindow(&window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, true);
    status = FatKeepEnd(&window, Offset, New->Entries, &moves);
    if (status == FatOk && moves && Offset + New->Entries * FAT_ENTRY_SIZE < Folder->Bytes) {
        bytes = FatWindowAt(&window, Offset + New->Entries * FAT_ENTRY_SIZE);
        if (bytes == NULL)
            status = FatIoError;
        else if (bytes[0] != 0)
            FatFill(bytes, 0, FAT_ENTRY_SIZE);
    }
    for (i = 0; i < parts && status == FatOk; i++) {
        bytes = FatWindowAt(&window, Offset + i * FAT_ENTRY_SIZE);
        if (bytes == NULL)
            status = FatIoError;
        else
            FatPutPart(bytes, New, parts - 1 - i, FatNameChecksum(New->Short));
    }
    FatCloseWindow(&window);
    FatCopy(record.Name, New->Short, FAT_SHORT_LENGTH);
    record.Case = New->Case;
    return status == FatOk ? FatWriteRecord(Folder, Offset + parts * FAT_ENTRY_SIZE, &record) : status;
}

FAT_STATUS FatRemoveEntry(const FAT_FOLDER *Folder, uint32_t First, uint32_t Offset)
{
    FAT_STATUS status = FatOk;
    FAT_WINDOW window;
    uint8_t *bytes;

    FatOpenWindow(&window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, true);
    for (;; Offset -= FAT_ENTRY_SIZE) {
        bytes = FatWindowAt(&window, Offset);
        if (bytes == NULL)
            status = FatIoError;
        else
            bytes[0] = 0xE5;
        if (bytes == NULL || Offset <= First)
            break;
    }
    FatCloseWindow(&window);
    return status;
}
