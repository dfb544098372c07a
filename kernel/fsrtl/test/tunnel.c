/* SPDX-License-Identifier: MIT
 * The tunnel cache: what is found, in what form, and for how long.
 */
#include "../tunnel.h"
#include "test.h"

static UNICODE_STRING Text(PCWSTR Source)
{
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, Source);
    return text;
}

static VOID Add(PTUNNEL Cache, ULONGLONG Directory, PCWSTR Short, PCWSTR Long, BOOLEAN ByShort, ULONG64 Data)
{
    UNICODE_STRING shortName = Text(Short), longName = Text(Long);
    FsRtlAddToTunnelCache(Cache, Directory, &shortName, &longName, ByShort, sizeof(Data), &Data);
}

/* The data; 0: it is not there. Long: what the long name is to be. */
static ULONG64 Find(PTUNNEL Cache, ULONGLONG Directory, PCWSTR Name, PCWSTR Short, PCWSTR Long)
{
    WCHAR shortBuffer[12], longBuffer[8];
    UNICODE_STRING name = Text(Name), shortName = { 0, sizeof(shortBuffer), shortBuffer }, longName = { 0, sizeof(longBuffer), longBuffer };
    UNICODE_STRING wantedShort = Text(Short), wantedLong = Text(Long);
    ULONG64 data[2] = { 0, 0 };
    ULONG length = sizeof(data);

    if (!FsRtlFindInTunnelCache(Cache, Directory, &name, &shortName, &longName, &length, data))
        return 0;
    CHECK(length == sizeof(data[0]) && RtlEqualUnicodeString(&shortName, &wantedShort, FALSE) &&
          RtlEqualUnicodeString(&longName, &wantedLong, FALSE));
    CHECK((longName.Buffer != longBuffer) == (wantedLong.Length > sizeof(longBuffer)));
    if (longName.Buffer != longBuffer)
        ExFreePool(longName.Buffer);
    return data[0];
}

static VOID Names(VOID)
{
    TUNNEL cache;

    FsRtlInitializeTunnelCache(&cache);
    CHECK(Find(&cache, 1, L"a", L"", L"") == 0);
    Add(&cache, 1, L"LONGNA~1.TXT", L"long name.txt", FALSE, 5);
    Add(&cache, 1, L"SHORT", L"", TRUE, 6);
    CHECK(Find(&cache, 1, L"LONG NAME.txt", L"LONGNA~1.TXT", L"long name.txt") == 5);
    CHECK(Find(&cache, 1, L"LONGNA~1.TXT", L"", L"") == 0);                         /* by its long name only */
    CHECK(Find(&cache, 1, L"short", L"SHORT", L"") == 6 && Find(&cache, 2, L"short", L"", L"") == 0);
    Add(&cache, 1, L"SHORT", L"other", TRUE, 7);                                    /* takes the place of the older */
    CHECK(Find(&cache, 1, L"Short", L"SHORT", L"other") == 7 && cache.NumEntries == 2);
    Add(&cache, 2, L"SHORT", L"", TRUE, 8);
    FsRtlDeleteKeyFromTunnelCache(&cache, 1);
    CHECK(Find(&cache, 1, L"SHORT", L"", L"") == 0 && Find(&cache, 2, L"SHORT", L"SHORT", L"") == 8 && cache.NumEntries == 1);
    FsRtlDeleteTunnelCache(&cache);
    CHECK(cache.NumEntries == 0 && IsListEmpty(&cache.TimerQueue));
}

static VOID Bounds(VOID)
{
    WCHAR small[2], buffer[12], number[] = L"000";
    UNICODE_STRING name = Text(L"000"), shortName = { 0, sizeof(small), small }, longName = { 0, sizeof(buffer), buffer };
    ULONG length = sizeof(ULONG64), i;
    TUNNEL cache;
    ULONG64 data = 0;

    FsRtlInitializeTunnelCache(&cache);
    Add(&cache, 1, L"000", L"long", TRUE, 9);
    CHECK(!FsRtlFindInTunnelCache(&cache, 1, &name, &shortName, &longName, &length, &data) && data == 0 && longName.Length == 0);
    shortName = (UNICODE_STRING){ 0, sizeof(buffer), buffer };
    length = 4;
    CHECK(!FsRtlFindInTunnelCache(&cache, 1, &name, &shortName, &longName, &length, &data) && data == 0 && length == 4);
    for (i = 1; i <= FSRTL_TUNNEL_ENTRIES; i++) {
        number[0] = (WCHAR)(L'0' + i / 100);
        number[1] = (WCHAR)(L'0' + i / 10 % 10);
        number[2] = (WCHAR)(L'0' + i % 10);
        Add(&cache, 1, number, L"", TRUE, i);
    }
    CHECK(cache.NumEntries == FSRTL_TUNNEL_ENTRIES && Find(&cache, 1, L"000", L"", L"") == 0);       /* the oldest had to go */
    CHECK(Find(&cache, 1, L"001", L"001", L"") == 1 && Find(&cache, 1, L"256", L"256", L"") == 256);
    ExAcquireFastMutex(&cache.Mutex);
    FsRtlForgetTunnelled(&cache, KeQueryInterruptTime() + FSRTL_TUNNEL_AGE + 1);
    ExReleaseFastMutex(&cache.Mutex);
    CHECK(cache.NumEntries == 0 && Find(&cache, 1, L"256", L"", L"") == 0);                          /* and all are too old at last */
    FsRtlDeleteTunnelCache(&cache);
}

static VOID Race(PVOID Context, ULONG Index)
{
    PTUNNEL cache = Context;
    WCHAR name[] = L"n0";
    ULONG i;

    name[1] = (WCHAR)(L'0' + Index);
    for (i = 1; i <= 300; i++) {
        Add(cache, Index, name, L"", TRUE, i);
        CHECK(Find(cache, Index, name, name, L"") == i);
        if (i % 7 == 0)
            FsRtlDeleteKeyFromTunnelCache(cache, Index);
    }
}

static VOID Contention(VOID)
{
    TUNNEL cache;

    FsRtlInitializeTunnelCache(&cache);
    TestRunThreads(4, Race, &cache);
    CHECK(cache.NumEntries == 4);
    FsRtlDeleteTunnelCache(&cache);
}

static const KE_TEST tests[] = {
    { "fsrtl.tunnel.names", Names, 0 }, { "fsrtl.tunnel.bounds", Bounds, 0 }, { "fsrtl.tunnel.contention", Contention, 0 },
};
const KE_TEST_GROUP FsRtlTunnelTests = { tests, RTL_NUMBER_OF(tests) };
