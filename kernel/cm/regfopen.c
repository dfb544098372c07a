/* SPDX-License-Identifier: MIT
 * Opening an image, making an empty hive, closing, saving.
 */
#include "regfp.h"
#include <string.h>

uint32_t RegfHeaderSum(const HBASE_BLOCK *Header)
{
    uint32_t sum = 0, word, i;

    for (i = 0; i < 127; i++) {
        memcpy(&word, (const uint8_t *)Header + i * 4, 4);
        sum ^= word;
    }
    return sum == 0 ? 1 : sum == 0xFFFFFFFFu ? 0xFFFFFFFEu : sum;
}

static REGF_FLAW CheckHeader(const HBASE_BLOCK *Header, size_t Size)
{
    if (Size < sizeof(*Header) + REGF_BLOCK)
        return RegfFlawSize;
    if (Header->Signature != REGF_SIGN_REGF)
        return RegfFlawSignature;
    if (Header->Major != 1 || Header->Minor < 3 || Header->Minor > 6 || Header->Type != 0 || Header->Format != 1)
        return RegfFlawVersion;
    if (Header->CheckSum != RegfHeaderSum(Header))
        return RegfFlawChecksum;
    if (Header->Sequence1 != Header->Sequence2)
        return RegfFlawSequence;                 /* needs its logs: RegfOpenLogged */
    if (Header->Length == 0 || Header->Length % REGF_BLOCK != 0 || Header->Length > Size - sizeof(*Header) ||
        Header->Length >= REGF_VOLATILE)
        return RegfFlawLength;
    return RegfFlawNone;
}

/* What the check put right is to be written, lest a later flush wrote half of it. */
static void MarkRepairs(REGF_HIVE *Hive, const uint8_t *Bins, uint32_t Length)
{
    uint32_t offset;

    for (offset = 0; offset < Length; offset += REGF_BLOCK)
        if (memcmp(Hive->Image + offset, Bins + offset, REGF_BLOCK) != 0) {
            Hive->Spaces[RegfStable].Dirty[offset / REGF_BLOCK] = 1;
            Hive->IsDirty = true;
        }
}

static REGF_STATUS LoadBins(REGF_HIVE *Hive, const uint8_t *Bins)
{
    uint32_t length = Hive->Header->Length;
    REGF_STATUS status;

    Hive->Image = Hive->Host->Allocate(length);
    if (Hive->Image == NULL)
        return RegfNoMemory;
    memcpy(Hive->Image, Bins, length);
    status = RegfCheckImage(Hive, length);
    if (status == RegfOk)
        MarkRepairs(Hive, Bins, length);
    return status;
}

REGF_STATUS RegfOpen(REGF_HIVE *Hive, const REGF_HOST *Host, const void *Image, size_t Size)
{
    REGF_STATUS status;
    REGF_FLAW flaw;
    uint32_t cell;

    memset(Hive, 0, sizeof(*Hive));
    Hive->Host = Host;
    Hive->Flaw = CheckHeader(Image, Size);
    if (Hive->Flaw != RegfFlawNone)
        return RegfNotHive;
    if (!RegfInitializeSpaces(Hive))
        return RegfNoMemory;
    memcpy(Hive->Header, Image, sizeof(HBASE_BLOCK));
    Hive->RootCell = Hive->Header->RootCell;
    status = LoadBins(Hive, (const uint8_t *)Image + sizeof(HBASE_BLOCK));
    if (status != RegfOk) {
        flaw = Hive->Flaw;
        cell = Hive->FlawCell;
        RegfClose(Hive);
        Hive->Flaw = flaw;
        Hive->FlawCell = cell;
    }
    return status;
}

static void FillHeader(REGF_HIVE *Hive, REGF_NAME Name)
{
    HBASE_BLOCK *header = Hive->Header;

    memset(header, 0, sizeof(*header));
    header->Signature = REGF_SIGN_REGF;
    header->Major = 1;
    header->Minor = 5;
    header->Format = 1;
    header->Cluster = 1;
    header->RootCell = Hive->RootCell;
    header->TimeStamp = Hive->Host->Now();
    memcpy(header->FileName, Name.Text, (Name.Count < 31 ? Name.Count : 31) * 2);
}

REGF_STATUS RegfCreate(REGF_HIVE *Hive, const REGF_HOST *Host, REGF_NAME RootName, unsigned Space)
{
    memset(Hive, 0, sizeof(*Hive));
    Hive->Host = Host;
    if (!RegfInitializeSpaces(Hive))
        return RegfNoMemory;
    memset(Hive->Header, 0, sizeof(*Hive->Header));
    Hive->RootCell = RegfNewKeyCell(Hive, Space, RootName);
    if (Hive->RootCell == REGF_NIL) {
        RegfClose(Hive);
        return RegfNoMemory;
    }
    RegfKey(Hive, Hive->RootCell)->Flags |= KEY_HIVE_ENTRY | KEY_NO_DELETE;
    RegfKey(Hive, Hive->RootCell)->Parent = REGF_NIL;
    FillHeader(Hive, RootName);
    return RegfOk;
}

void RegfClose(REGF_HIVE *Hive)
{
    const REGF_HOST *host = Hive->Host;
    unsigned i;
    uint32_t bin;

    for (i = 0; i < RegfSpaces; i++) {
        REGF_SPACE *space = &Hive->Spaces[i];
        for (bin = 0; bin < space->BinCount; bin++)
            if (space->Bins[bin].Owned)
                host->Free(space->Bins[bin].Memory);
        if (space->Bins != NULL)
            host->Free(space->Bins);
        if (space->BinOfBlock != NULL)
            host->Free(space->BinOfBlock);
        if (space->Dirty != NULL)
            host->Free(space->Dirty);
    }
    if (Hive->Image != NULL)
        host->Free(Hive->Image);
    if (Hive->Header != NULL)
        host->Free(Hive->Header);
    memset(Hive, 0, sizeof(*Hive));
}

/* ---- Saving ---- */
size_t RegfFileSize(const REGF_HIVE *Hive)
{
    return sizeof(HBASE_BLOCK) + (size_t)Hive->Spaces[RegfStable].BlockCount * REGF_BLOCK;
}

bool RegfSave(REGF_HIVE *Hive, REGF_WRITE *Write, void *Context)
{
    REGF_SPACE *space = &Hive->Spaces[RegfStable];
    HBASE_BLOCK *header = Hive->Header;
    uint32_t bin;

    header->TimeStamp = Hive->Host->Now();
    header->Length = space->BlockCount * REGF_BLOCK;
    header->Sequence2 = header->Sequence1;
    header->CheckSum = RegfHeaderSum(header);
    if (!Write(Context, 0, header, sizeof(*header)))
        return false;
    for (bin = 0; bin < space->BinCount; bin++)
        if (!Write(Context, sizeof(HBASE_BLOCK) + (uint64_t)space->Bins[bin].Offset, space->Bins[bin].Memory, space->Bins[bin].Size))
            return false;
    return true;
}
