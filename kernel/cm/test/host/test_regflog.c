/* SPDX-License-Identifier: MIT
 * Hives and their logs on a disk that loses its power: after a cut at any write the hive opens and is what it was before or after a
 * flush. Logs that are broken on purpose.
 *   regflog-test [ROUNDS SEED [FOLDER]]      the hives that lived through it go to the folder, and a corpus to its folder corpus
 */
#include "disk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static unsigned long Rounds = 1000;
static uint64_t Seed = 1;
static const char *Folder;

static void test_hash(void **state)
{
    static const struct { const char *Text; size_t Bytes; uint64_t Hash; } known[] = {
        { "", 0, 0x30ed35c100cd3c7d }, { "\xaf", 1, 0x48e73fc77d75ddc1 }, { "\xe7\x0f", 2, 0xb5f6e1fc485dbff8 },
        { "\x37\xf4\x95", 3, 0xf0b07c789b8cf7e8 }, { "\x86\x42\xdc\x59", 4, 0x7008f2e87e9cf556 },
        { "\x15\x3f\xb7\x98\x26", 5, 0xe6c08c6da2afa997 }, { "\xab\x42\x7e\xa8\xd1\x0f\xc7", 7, 0xe11847e4f0678c41 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_int_equal(RegfHash(0x004fb61a001bdbcc, known[i].Text, known[i].Bytes), known[i].Hash);
}

/* ---- Cuts ---- */
/* What the disk may hold: the state of the last flush that succeeded, and of every attempt since. */
typedef struct STATES {
    uint64_t Sums[64];
    unsigned Count;
} STATES;

static bool Holds(const STATES *States, uint64_t Sum)
{
    unsigned i;
    for (i = 0; i < States->Count; i++)
        if (States->Sums[i] == Sum)
            return true;
    return false;
}

static bool FlushHive(REGF_HIVE *Hive, TEST_DISK *Disk)
{
    REGF_FLUSH flush;
    bool done;

    assert_int_equal(RegfBeginFlush(Hive, &flush), RegfOk);
    done = RegfPerformFlush(&flush, &TestStore, Disk);
    RegfEndFlush(Hive, &flush);
    assert_int_equal(Hive->IsDirty, !done);
    return done;
}

/* Changes, then a flush; what the disk may hold afterwards. */
static bool ChangeAndFlush(REGF_HIVE *Hive, TEST_DISK *Disk, STATES *States, uint64_t *State)
{
    unsigned changes = (unsigned)(TestRandom(State) % 12);
    bool done;

    while (changes-- > 0)
        TestChange(Hive, State);
    Hive->IsDirty = true;
    done = FlushHive(Hive, Disk);
    if (done)
        States->Count = 0;
    assert_true(States->Count < 64);
    States->Sums[States->Count++] = TestStableSum(Hive);
    return done;
}

static void Cut(REGF_HIVE *Hive, TEST_DISK *Disk, STATES *States, uint64_t *State)
{
    uint64_t sum;

    RegfClose(Hive);
    TestPowerCut(Disk, State);
    assert_int_equal(TestOpenDisk(Hive, Disk), RegfOk);
    sum = TestVisit(Hive);
    if (!Holds(States, sum))
        fail_msg("the hive is neither what it was before nor after");
    States->Sums[0] = sum;                       /* what was recovered stays */
    States->Count = 1;
}

static void NewDisk(REGF_HIVE *Hive, TEST_DISK *Disk, STATES *States)
{
    memset(Disk, 0, sizeof(*Disk));
    Disk->FailAt = -1;
    assert_int_equal(RegfCreate(Hive, &TestHost, TestName("ROOT"), RegfStable), RegfOk);
    assert_true(FlushHive(Hive, Disk));
    States->Sums[0] = TestStableSum(Hive);
    States->Count = 1;
}

static void Keep(const char *Form, unsigned long Number, const TEST_FILE *Parts, unsigned Count)
{
    char path[512];
    unsigned i;
    FILE *stream;

    snprintf(path, sizeof(path), Form, Folder, Number);
    stream = fopen(path, "wb");
    for (i = 0; i < Count; i++)
        assert_int_equal(fwrite(Parts[i].Data, 1, Parts[i].Size, stream), Parts[i].Size);
    assert_int_equal(fclose(stream), 0);
}

/* What the fuzzer of logs starts from. */
static void KeepCorpus(const TEST_DISK *Disk, unsigned long Number)
{
    size_t first = Disk->Files[RegfLog1].Size / REGF_SECTOR, second = Disk->Files[RegfLog2].Size / REGF_SECTOR;
    uint8_t sizes[4] = { (uint8_t)first, (uint8_t)(first >> 8), (uint8_t)second, (uint8_t)(second >> 8) };
    TEST_FILE parts[] = { { sizes, 4 }, Disk->Files[RegfLog1], Disk->Files[RegfLog2], Disk->Files[RegfPrimary] };
    Keep("%s/corpus/%03lu", Number, parts, 4);
}

/* One machine's life: flushes that succeed, that fail once or twice, and cuts. */
static void Live(unsigned long Number)
{
    uint64_t state = Seed * 1000003 + Number;
    unsigned step;
    REGF_HIVE hive;
    TEST_DISK disk;
    STATES states;

    NewDisk(&hive, &disk, &states);
    for (step = 0; step < 12; step++) {
        disk.FailAt = TestRandom(&state) % 4 == 0 ? -1 : disk.Operations + (long)(TestRandom(&state) % 12);
        disk.FailCount = TestRandom(&state) % 2 == 0 ? -1 : 1 + (long)(TestRandom(&state) % 3);
        ChangeAndFlush(&hive, &disk, &states, &state);
        if (disk.FailCount < 0)
            Cut(&hive, &disk, &states, &state);
    }
    if (Folder != NULL)
        KeepCorpus(&disk, Number);
    Cut(&hive, &disk, &states, &state);
    if (Folder != NULL && FlushHive(&hive, &disk))
        Keep("%s/%03lu.hive", Number, &disk.Files[RegfPrimary], 1);
    RegfClose(&hive);
    TestFreeDisk(&disk);
}

static void test_cuts(void **state)
{
    unsigned long round;
    long before = TestBlocks;

    (void)state;
    for (round = 0; round < Rounds; round++)
        Live(round);
    assert_int_equal(TestBlocks, before);
}

/* Every operation of a flush in turn, with many ways to lose what was cached. */
static void test_each_operation(void **state)
{
    long cut, way;
    bool done = false;

    (void)state;
    for (cut = 0; !done; cut++)
        for (way = 0; way < 40; way++) {
            uint64_t dice = Seed + 77 + (uint64_t)way;
            REGF_HIVE hive;
            TEST_DISK disk;
            STATES states;
            NewDisk(&hive, &disk, &states);
            ChangeAndFlush(&hive, &disk, &states, &dice);
            disk.FailAt = disk.Operations + cut;
            disk.FailCount = -1;
            done = ChangeAndFlush(&hive, &disk, &states, &dice);
            Cut(&hive, &disk, &states, &dice);
            RegfClose(&hive);
            TestFreeDisk(&disk);
        }
    assert_true(cut > 8);
}

/* ---- Logs of others ---- */
/* A disk whose primary waits for its log: the flush after the one that made it was cut off behind the first base block. */
static void Unfinished(TEST_DISK *Disk, STATES *States)
{
    uint64_t dice = 9;
    REGF_HIVE hive;

    NewDisk(&hive, Disk, States);
    ChangeAndFlush(&hive, Disk, States, &dice);
    Disk->FailAt = Disk->Operations + 4;
    Disk->FailCount = -1;
    assert_false(ChangeAndFlush(&hive, Disk, States, &dice));
    RegfClose(&hive);
    TestSettle(Disk);
    Disk->FailAt = -1;
}

static REGF_LOG_ENTRY *EntryOf(TEST_DISK *Disk) { return (REGF_LOG_ENTRY *)(Disk->Files[RegfLog1].Data + REGF_SECTOR); }

static void Seal(REGF_LOG_ENTRY *Entry)
{
    Entry->BodyHash = RegfHash(REGF_LOG_SEED, Entry->Pages, Entry->Size - sizeof(*Entry));
    Entry->HeadHash = RegfHash(REGF_LOG_SEED, Entry, 32);
}

static REGF_FLAW FlawOf(TEST_DISK *Disk)
{
    REGF_HIVE hive;
    REGF_FLAW flaw = RegfFlawNone;

    if (TestOpenDisk(&hive, Disk) != RegfOk)
        flaw = hive.Flaw;
    else
        RegfClose(&hive);
    TestFreeDisk(Disk);
    return flaw;
}

static void test_needs_log(void **state)
{
    TEST_DISK disk;
    STATES states;
    REGF_HIVE hive;

    (void)state;
    Unfinished(&disk, &states);
    assert_int_equal(TestOpenDisk(&hive, &disk), RegfOk);
    assert_true(hive.IsDirty && hive.LogBusy[0] && !hive.LogBusy[1]);
    assert_int_equal(TestVisit(&hive), states.Sums[1]);
    RegfClose(&hive);
    disk.Files[RegfLog1].Size = 0;
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
}

/* The log is taken for itself: a broken hash, a number that is too old, a log of another kind. */
static void test_refused_entries(void **state)
{
    TEST_DISK disk;
    STATES states;

    (void)state;
    Unfinished(&disk, &states);
    EntryOf(&disk)->HeadHash ^= 1;
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
    Unfinished(&disk, &states);
    EntryOf(&disk)->Pages[0].Offset ^= 0x1000;
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
    Unfinished(&disk, &states);
    EntryOf(&disk)->Sequence--;
    Seal(EntryOf(&disk));
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
    Unfinished(&disk, &states);
    EntryOf(&disk)->Pages[0].Offset = EntryOf(&disk)->BinsLength;
    Seal(EntryOf(&disk));
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
    Unfinished(&disk, &states);
    EntryOf(&disk)->BinsLength = 0x7FFFF000;
    Seal(EntryOf(&disk));
    assert_int_equal(FlawOf(&disk), RegfFlawLength);
    Unfinished(&disk, &states);
    ((HBASE_BLOCK *)disk.Files[RegfLog1].Data)->Type = 1;
    assert_int_equal(FlawOf(&disk), RegfFlawSequence);
}

/* A base block that is lost comes back from the log. */
static void test_lost_header(void **state)
{
    TEST_DISK disk;
    STATES states;
    REGF_HIVE hive;

    (void)state;
    Unfinished(&disk, &states);
    memset(disk.Files[RegfPrimary].Data, 0xEE, REGF_SECTOR);
    assert_int_equal(TestOpenDisk(&hive, &disk), RegfOk);
    assert_int_equal(TestVisit(&hive), states.Sums[1]);
    assert_true(FlushHive(&hive, &disk));
    RegfClose(&hive);
    disk.Files[RegfLog1].Size = disk.Files[RegfLog2].Size = 0;
    assert_int_equal(FlawOf(&disk), RegfFlawNone);
}

/* Adds to log Log an entry with one page of the image. */
static void AddEntry(TEST_DISK *Disk, unsigned Log, bool IsFirst, uint32_t Sequence, const TEST_FILE *Image, uint32_t Block)
{
    size_t size = (sizeof(REGF_LOG_ENTRY) + sizeof(REGF_PAGE) + REGF_BLOCK + REGF_SECTOR - 1) / REGF_SECTOR * REGF_SECTOR, at;
    TEST_FILE *file = &Disk->Files[Log];
    REGF_LOG_ENTRY *entry;
    HBASE_BLOCK *head;

    at = IsFirst ? REGF_SECTOR : file->Size;
    file->Data = realloc(file->Data, at + size);
    file->Size = at + size;
    head = (HBASE_BLOCK *)file->Data;
    if (IsFirst) {
        memcpy(head, Image->Data, REGF_SECTOR);
        head->Type = REGF_TYPE_LOG;
        head->Sequence1 = head->Sequence2 = Sequence;
        head->CheckSum = RegfHeaderSum(head);
    }
    entry = (REGF_LOG_ENTRY *)(file->Data + at);
    memset(entry, 0, size);
    *entry = (REGF_LOG_ENTRY){ .Signature = REGF_SIGN_HVLE, .Size = (uint32_t)size, .Sequence = Sequence, .PageCount = 1,
                               .BinsLength = ((const HBASE_BLOCK *)Image->Data)->Length };
    entry->Pages[0] = (REGF_PAGE){ Block * REGF_BLOCK, REGF_BLOCK };
    memcpy(&entry->Pages[1], Image->Data + 0x1000 + Block * REGF_BLOCK, REGF_BLOCK);
    Seal(entry);
}

/* As the system that the format comes from leaves them: each entry has only what changed since the one before, the second log goes on
 * where the first one ends. A flush after it, cut anywhere, loses nothing of that. */
static void test_chain(void **state)
{
    static uint8_t data[60000];
    TEST_FILE image;
    uint32_t block, blocks;
    long cut;
    bool done = false;

    (void)state;
    for (cut = 0; !done; cut++) {
        uint64_t dice = (uint64_t)cut;
        TEST_DISK disk;
        STATES states;
        REGF_HIVE hive;
        HBASE_BLOCK *header;
        NewDisk(&hive, &disk, &states);
        assert_int_equal(RegfSetValue(&hive, hive.RootCell, TestName("big"), 3, data, sizeof(data)), RegfOk);
        image = TestSave(&hive);
        states.Sums[0] = TestStableSum(&hive);
        RegfClose(&hive);
        header = (HBASE_BLOCK *)disk.Files[RegfPrimary].Data;
        header->Sequence1++;
        header->CheckSum = RegfHeaderSum(header);
        blocks = ((HBASE_BLOCK *)image.Data)->Length / REGF_BLOCK;
        for (block = 0; block < blocks; block++)
            AddEntry(&disk, block < blocks / 2 ? RegfLog2 : RegfLog1, block == 0 || block == blocks / 2,
                     header->Sequence1 + block, &image, block);
        free(image.Data);
        assert_int_equal(TestOpenDisk(&hive, &disk), RegfOk);
        assert_int_equal(TestVisit(&hive), states.Sums[0]);
        disk.FailAt = disk.Operations + cut;
        disk.FailCount = -1;
        done = ChangeAndFlush(&hive, &disk, &states, &dice);
        Cut(&hive, &disk, &states, &dice);
        RegfClose(&hive);
        TestFreeDisk(&disk);
    }
    assert_true(cut > 8);
}

/* Sequence numbers go round. */
static void test_wrap(void **state)
{
    uint64_t dice = 3;
    unsigned i;
    REGF_HIVE hive;
    TEST_DISK disk;
    STATES states;

    (void)state;
    NewDisk(&hive, &disk, &states);
    hive.Header->Sequence1 = 0xFFFFFFFCu;
    for (i = 0; i < 8; i++) {
        disk.FailAt = disk.Operations + 4;       /* behind the first base block */
        disk.FailCount = -1;
        assert_false(ChangeAndFlush(&hive, &disk, &states, &dice));
        Cut(&hive, &disk, &states, &dice);
    }
    RegfClose(&hive);
    TestFreeDisk(&disk);
}

static void test_no_memory(void **state)
{
    TEST_DISK disk;
    STATES states;
    REGF_HIVE hive;
    REGF_STATUS status = RegfNoMemory;
    long left, before = TestBlocks;

    (void)state;
    Unfinished(&disk, &states);
    for (left = 0; status == RegfNoMemory; left++) {
        TestAllocationsLeft = left;
        status = TestOpenDisk(&hive, &disk);
        if (status == RegfNoMemory)
            assert_int_equal(TestBlocks, before);
    }
    assert_int_equal(status, RegfOk);
    for (left = 0; left < 2; left++) {
        REGF_FLUSH flush;
        TestAllocationsLeft = left;
        assert_int_equal(RegfBeginFlush(&hive, &flush), RegfNoMemory);
        assert_true(hive.IsDirty);
    }
    TestAllocationsLeft = -1;
    RegfClose(&hive);
    TestFreeDisk(&disk);
    assert_int_equal(TestBlocks, before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash), cmocka_unit_test(test_each_operation), cmocka_unit_test(test_needs_log),
        cmocka_unit_test(test_refused_entries), cmocka_unit_test(test_lost_header), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_wrap), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_cuts),
    };
    if (argc >= 3) {
        Rounds = strtoul(argv[1], NULL, 0);
        Seed = strtoull(argv[2], NULL, 0);
        Folder = argv[3];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
