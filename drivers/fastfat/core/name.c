/* SPDX-License-Identifier: MIT
 * Names: what may be one, and how it is stored. A name that is 8.3 in capitals, or in small letters within its parts, needs no long
 * entry; any other gets a short name of its own: six characters and ~1 to ~4, then two characters, four digits of a hash and ~1 to ~9.
 */
#include "fat.h"
#include "bytes.h"

#define FAT_TAILS 4u
#define FAT_CANDIDATES 13u                       /* four by number, nine by hash */

static bool FatIsOneOf(uint16_t Character, const char *Set)
{
    for (; *Set != 0; Set++)
        if (Character == (uint8_t)*Set)
            return true;
    return false;
}

/* Control characters, and what separates, quotes or stands for others. */
static bool FatIsForbidden(uint32_t Character)
{
    static const uint64_t forbidden[2] = { 0xD4008404FFFFFFFFu, 0x1000000010000000u };
    return Character < 0x80 && (forbidden[Character / 64] >> Character % 64 & 1) != 0;
}

FAT_STATUS FatTrimName(const uint16_t *Name, uint32_t *Length)
{
    uint32_t length = *Length;

    while (length != 0 && (Name[length - 1] == '.' || Name[length - 1] == ' '))
        length--;
    *Length = length;
    return length == 0 || length > FAT_MAXIMUM_NAME ? FatBadName : FatOk;
}

FAT_STATUS FatCheckName(const uint16_t *Name, uint32_t *Length)
{
    FAT_STATUS status = FatTrimName(Name, Length);

    for (uint32_t i = 0; status == FatOk && i < *Length; i++)
        if (FatIsForbidden(Name[i]))
            status = FatBadName;
    return status;
}

/* As it stands in a short name, capital; 0: it cannot. */
static uint8_t FatShortByte(const FAT_HOST *Host, uint16_t Character)
{
    uint16_t upper = Host->Upcase(Character);
    uint8_t byte = upper < 0x80 ? (uint8_t)upper : Host->ToOem(upper);

    return byte <= ' ' || FatIsOneOf(upper, ".\"*/:<>?\\|+,;=[]") ? 0 : byte;
}

/* One part of a name. *Case is set when its letters are all small; false: it would not come back as it is. */
static bool FatFitPart(const FAT_HOST *Host, const uint16_t *Part, uint32_t Length, uint8_t *Out, bool *Lower)
{
    bool small = false, capital = false;

    for (uint32_t i = 0; i < Length; i++) {
        Out[i] = FatShortByte(Host, Part[i]);
        if (Out[i] == 0)
            return false;
        if (Part[i] >= 'a' && Part[i] <= 'z')
            small = true;
        else if (Host->FromOem(Out[i]) != Part[i])
            return false;
        else if (Part[i] >= 'A' && Part[i] <= 'Z')
            capital = true;
    }
    *Lower = small;
    return !(small && capital);
}

static bool FatFits(const FAT_HOST *Host, const uint16_t *Name, uint32_t Length, FAT_NEW_NAME *New)
{
    uint32_t base = 0, extension;
    bool lowerBase, lowerExtension = false;

    while (base < Length && Name[base] != '.')
        base++;
    extension = base == Length ? 0 : Length - base - 1;
    if (base == 0 || base > 8 || extension > 3)
        return false;
    FatFill(New->Short, ' ', FAT_SHORT_LENGTH);
    if (!FatFitPart(Host, Name, base, New->Short, &lowerBase) ||
        (extension != 0 && !FatFitPart(Host, Name + base + 1, extension, New->Short + 8, &lowerExtension)))
        return false;
    New->Case = (uint8_t)((lowerBase ? 8 : 0) | (lowerExtension ? 16 : 0));
    return true;
}

/* The parts of a generated name before any tail. */
typedef struct FAT_STEM {
    uint8_t Base[6], Extension[3];
    uint32_t BaseLength;
    uint16_t Hash;
} FAT_STEM;

static uint8_t FatStemByte(const FAT_HOST *Host, uint16_t Character)
{
    uint8_t byte = FatShortByte(Host, Character);
    return byte == 0 ? '_' : byte;
}

/* Spaces and all dots but the last do not count, nor does a dot at the beginning. */
static void FatMakeStem(const FAT_HOST *Host, const uint16_t *Name, uint32_t Length, FAT_STEM *Stem)
{
    uint32_t dot = Length, i, n = 0, sum = 0;
    int32_t mixed;

    for (i = 1; i < Length; i++)
        if (Name[i] == '.')
            dot = i;
    FatFill(Stem->Extension, ' ', 3);
    Stem->BaseLength = 0;
    for (i = 0; i < dot && Stem->BaseLength < 6; i++)
        if (Name[i] != ' ' && Name[i] != '.')
            Stem->Base[Stem->BaseLength++] = FatStemByte(Host, Name[i]);
    for (i = dot + 1; i < Length && n < 3; i++)
        if (Name[i] != ' ')
            Stem->Extension[n++] = FatStemByte(Host, Name[i]);
    for (i = 0; i < Length; i++)
        sum = (sum * 37 + Name[i]) & 0xFFFF;
    mixed = (int32_t)(sum * 314159269u);
    sum = (mixed < 0 ? 0u - (uint32_t)mixed : (uint32_t)mixed) % 1000000007u;
    Stem->Hash = (uint16_t)((sum & 0xF000) >> 12 | (sum & 0x0F00) >> 4 | (sum & 0x00F0) << 4 | (sum & 0x000F) << 12);
}

static void FatMakeCandidate(const FAT_STEM *Stem, uint32_t Number, uint8_t *Short)
{
    uint32_t length = Stem->BaseLength, i;

    FatFill(Short, ' ', 8);
    FatCopy(Short + 8, Stem->Extension, 3);
    FatCopy(Short, Stem->Base, length);
    if (Number >= FAT_TAILS) {
        length = length < 2 ? length : 2;
        for (i = 0; i < 4; i++)
            Short[length++] = (uint8_t)"0123456789ABCDEF"[Stem->Hash >> (12 - 4 * i) & 15];
        Number -= FAT_TAILS;
    }
    Short[length] = '~';
    Short[length + 1] = (uint8_t)('1' + Number);
}

/* One look through the folder finds which of the candidates are taken. */
static FAT_STATUS FatFindTaken(const FAT_FOLDER *Folder, uint32_t Except, const uint8_t (*Candidates)[FAT_SHORT_LENGTH],
                               uint32_t *Taken)
{
    FAT_WINDOW window;
    uint32_t offset, i;
    FAT_STATUS status = FatOk;

    *Taken = 0;
    FatOpenWindow(&window, Folder->Volume->Host, Folder->Stream, Folder->Bytes, false);
    for (offset = 0; offset < Folder->Bytes; offset += FAT_ENTRY_SIZE) {
        const uint8_t *bytes = FatWindowAt(&window, offset);
        if (bytes == NULL)
            status = FatIoError;
        if (bytes == NULL || bytes[0] == 0)
            break;
        if (bytes[0] == 0xE5 || (bytes[11] & 0x3F) == FatLongName || offset == Except)
            continue;
        for (i = 0; i < FAT_CANDIDATES; i++)
            if (bytes[0] == Candidates[i][0] && FatSame(bytes, Candidates[i], FAT_SHORT_LENGTH))
                *Taken |= 1u << i;
    }
    FatCloseWindow(&window);
    return status;
}

static FAT_STATUS FatGenerate(const FAT_FOLDER *Folder, uint32_t Except, FAT_STEM *Stem, uint8_t *Short)
{
    uint8_t candidates[FAT_CANDIDATES][FAT_SHORT_LENGTH];
    uint32_t tries, i, taken;

    for (tries = 0; tries < 0x10000; tries++, Stem->Hash++) {
        FAT_STATUS status;
        for (i = 0; i < FAT_CANDIDATES; i++)
            FatMakeCandidate(Stem, i, candidates[i]);
        status = FatFindTaken(Folder, Except, (const uint8_t(*)[FAT_SHORT_LENGTH])candidates, &taken);
        if (status != FatOk)
            return status;
        for (i = 0; i < FAT_CANDIDATES; i++) {
            if (!(taken >> i & 1)) {
                FatCopy(Short, candidates[i], FAT_SHORT_LENGTH);
                return FatOk;
            }
        }
    }
    return FatDirectoryFull;
}

FAT_STATUS FatMakeName(const FAT_FOLDER *Folder, const uint16_t *Name, uint32_t Length, uint32_t Except, FAT_NEW_NAME *New)
{
    const FAT_HOST *host = Folder->Volume->Host;
    FAT_STEM stem;

    if (FatCheckName(Name, &Length) != FatOk)
        return FatBadName;
    FatCopy(New->Name, Name, Length * sizeof(*Name));
    New->Length = (uint16_t)Length;
    New->Case = 0;
    New->Entries = 1;
    if (FatFits(host, Name, Length, New))
        return FatOk;
    New->Case = 0;
    New->Entries = 1 + (Length + 12) / 13;
    FatMakeStem(host, Name, Length, &stem);
    return FatGenerate(Folder, Except, &stem, New->Short);
}
