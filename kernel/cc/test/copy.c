/* SPDX-License-Identifier: MIT
 * Copying in and out of the cache, sizes, flushing, purging, the lazy writer.
 */
#include "fixture.h"

static UCHAR Buffer[3 * PAGE_SIZE];

static VOID Read(VOID)
{
    PFILE_OBJECT file;
    HANDLE handle;
    LONG reads;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(TestRead(file, 100000, sizeof(Buffer), Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 100000, sizeof(Buffer)));
    reads = TestFile.Reads;
    CHECK(reads == 1);                           /* one request for all of it, and what follows */
    CHECK(TestRead(file, 101000, 5000, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 101000, 5000) && TestFile.Reads == reads);
    CHECK(TestRead(file, 262144 - 10, 20, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 262144 - 10, 20));   /* two views */
    CHECK(TestRead(file, 299999, 1, Buffer) == STATUS_SUCCESS && Buffer[0] == TestByte(299999));
    reads = TestFile.Reads;
    CHECK(TestRead(file, 262144, sizeof(Buffer), Buffer) == STATUS_SUCCESS && TestFile.Reads == reads && TestFile.ReadBytes <= 300000);
    TestCloseCached(file, handle);
    CHECK(TestFile.Pointers.SharedCacheMap == NULL && TestFile.Pointers.DataSectionObject == NULL && TestFile.Writes == 0);
    TestStopCache();
}

/* A reader that goes on where it ended has the rest of the view brought in at once. */
static VOID Sequential(VOID)
{
    PFILE_OBJECT file;
    HANDLE handle;
    ULONG at;

    if (!TestStartCache(TEST_FILE_SIZE))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    for (at = 0; at < TEST_FILE_SIZE; at += PAGE_SIZE)
        if (!CHECK(TestRead(file, at, PAGE_SIZE, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, at, PAGE_SIZE)))
            break;
    CHECK(TestFile.Reads == TEST_FILE_SIZE / VACB_MAPPING_GRANULARITY);
    TestCloseCached(file, handle);
    TestStopCache();
}

static VOID Write(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 2 * PAGE_SIZE };
    IO_STATUS_BLOCK result;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    RtlFillMemory(Buffer, sizeof(Buffer), 0xEE);
    CHECK(TestWrite(file, 2 * PAGE_SIZE, PAGE_SIZE, Buffer) == STATUS_SUCCESS && TestFile.Reads == 0 && TestFile.Writes == 0);
    CHECK(TestWrite(file, 5 * PAGE_SIZE + 100, 50, Buffer) == STATUS_SUCCESS && TestFile.Reads == 1);       /* merged */
    CHECK(CcIsThereDirtyData(file->Vpb) && TestIsOriginal(TestFile.Data, 0, 300000));
    CHECK(TestRead(file, 5 * PAGE_SIZE, 200, Buffer) == STATUS_SUCCESS && Buffer[99] == TestByte(5 * PAGE_SIZE + 99) &&
          Buffer[100] == 0xEE && Buffer[149] == 0xEE && Buffer[150] == TestByte(5 * PAGE_SIZE + 150));
    CcFlushCache(file->SectionObjectPointer, &offset, PAGE_SIZE, &result);
    CHECK(result.Status == STATUS_SUCCESS && TestFile.Writes == 1 && TestFile.Data[2 * PAGE_SIZE] == 0xEE && TestFile.Data[3 * PAGE_SIZE - 1] == 0xEE);
    CHECK(TestFile.Data[5 * PAGE_SIZE + 100] == TestByte(5 * PAGE_SIZE + 100));
    CcFlushCache(file->SectionObjectPointer, NULL, 0, &result);
    CHECK(result.Status == STATUS_SUCCESS && TestFile.Writes == 2 && TestFile.Data[5 * PAGE_SIZE + 100] == 0xEE &&
          TestIsOriginal(TestFile.Data + 5 * PAGE_SIZE, 5 * PAGE_SIZE, 100) && MmCountDirtyPages(CcpMapOf(file)->Segment) == 0);
    file->Flags |= FO_WRITE_THROUGH;
    Buffer[0] = 0x11;
    CHECK(TestWrite(file, 9, 1, Buffer) == STATUS_SUCCESS && TestFile.Writes == 3 && TestFile.Data[9] == 0x11);
    TestCloseCached(file, handle);
    TestStopCache();
}

/* Within its own time the lazy writer writes, under the file system's lock; here it is asked to. */
static VOID Lazy(VOID)
{
    CACHE_UNINITIALIZE_EVENT gone;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(FALSE, 1000, &handle);
    RtlFillMemory(Buffer, sizeof(Buffer), 0x42);
    CHECK(TestWrite(file, 1000, 100, Buffer) == STATUS_SUCCESS);
    CHECK(CcWaitForCurrentLazyWriterActivity() == STATUS_SUCCESS);
    CHECK(TestFile.LazyAcquired != 0 && TestFile.Writes != 0 && TestFile.Data[1000] == 0x42 && TestFile.Advanced == 1100);
    CHECK(TestWrite(file, 2000, 100, Buffer) == STATUS_SUCCESS);
    KeInitializeEvent(&gone.Event, NotificationEvent, FALSE);
    CHECK(!CcUninitializeCacheMap(file, NULL, &gone));           /* its dirty page keeps the map */
    KeWaitForSingleObject(&gone.Event, Executive, KernelMode, FALSE, NULL);
    CHECK(TestFile.Data[2000] == 0x42 && TestFile.Pointers.SharedCacheMap == NULL);
    ZwClose(handle);
    ObfDereferenceObject(file);
    TestStopCache();
}

static VOID Sizes(VOID)
{
    PVOID bcb, data;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(10000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(TestRead(file, 0, 10000, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 0, 10000));
    TestResize(file, 5000);
    TestResize(file, 12000);
    CHECK(TestRead(file, 0, 8192, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 0, 5000) && Buffer[5000] == 0 && Buffer[8191] == 0);
    CHECK(TestRead(file, 8192, 3808, Buffer) == STATUS_SUCCESS && Buffer[0] == 0 && Buffer[3807] == 0);
    RtlFillMemory(Buffer, PAGE_SIZE, 0x44);
    CHECK(TestWrite(file, 8000, 200, Buffer) == STATUS_SUCCESS);
    CHECK(CcMapData(file, &(LARGE_INTEGER){ .QuadPart = 8000 }, 200, MAP_WAIT, &bcb, &data));
    TestResize(file, 8100);                      /* what is in use stays, and is zero behind the end */
    CHECK(((PUCHAR)data)[99] == 0x44 && ((PUCHAR)data)[100] == 0 && ((PUCHAR)data)[199] == 0);
    CcUnpinData(bcb);
    TestResize(file, TEST_FILE_SIZE);
    RtlFillMemory(Buffer, sizeof(Buffer), 0x33);
    CHECK(TestWrite(file, TEST_FILE_SIZE - 100, 100, Buffer) == STATUS_SUCCESS);
    CcFlushCache(file->SectionObjectPointer, NULL, 0, NULL);
    CHECK(TestFile.Data[TEST_FILE_SIZE - 1] == 0x33);
    TestCloseCached(file, handle);
    TestStopCache();
}

static VOID Purge(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    PVOID bcb, data;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(TRUE, MAXLONGLONG, &handle);
    CHECK(TestRead(file, 0, PAGE_SIZE, Buffer) == STATUS_SUCCESS && TestFile.Reads == 1);
    Buffer[0] = (UCHAR)~TestByte(0);
    CHECK(TestWrite(file, 0, 1, Buffer) == STATUS_SUCCESS);
    CHECK(!CcPurgeCacheSection(file->SectionObjectPointer, NULL, 0, DO_NOT_PURGE_DIRTY_PAGES));
    CHECK(CcMapData(file, &offset, 10, MAP_WAIT, &bcb, &data));
    CHECK(!CcPurgeCacheSection(file->SectionObjectPointer, NULL, 0, 0));         /* in use */
    CcUnpinData(bcb);
    CHECK(CcPurgeCacheSection(file->SectionObjectPointer, NULL, 0, 0) && MmCountDirtyPages(CcpMapOf(file)->Segment) == 0);
    CHECK(TestRead(file, 0, PAGE_SIZE, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 0, PAGE_SIZE) && TestFile.Writes == 0);
    TestCloseCached(file, handle);
    TestStopCache();
}

static VOID Failures(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK result;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    TestFile.FailReads = 2;                      /* the cluster, then the piece alone */
    CHECK(TestRead(file, 0, 10, Buffer) == STATUS_DEVICE_DATA_ERROR && TestFile.Reads == 2);
    CHECK(TestRead(file, 0, 10, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 0, 10));
    CHECK(TestRead(file, 0, 10, (PVOID)0x10) == STATUS_ACCESS_VIOLATION);
    CHECK(TestWrite(file, 0, 10, (PVOID)0x10) == STATUS_ACCESS_VIOLATION);
    Buffer[0] = 0x99;
    CHECK(TestWrite(file, 0, 1, Buffer) == STATUS_SUCCESS);
    TestFile.FailWrites = 1;
    CcFlushCache(file->SectionObjectPointer, NULL, 0, &result);
    CHECK(result.Status == STATUS_DEVICE_DATA_ERROR && TestFile.Data[0] == TestByte(0) && MmCountDirtyPages(CcpMapOf(file)->Segment) == 1);
    CcFlushCache(file->SectionObjectPointer, NULL, 0, &result);
    CHECK(result.Status == STATUS_SUCCESS && TestFile.Data[0] == 0x99);
    CHECK(!CcCopyRead(file, &(LARGE_INTEGER){ .QuadPart = 270000 }, 10, FALSE, Buffer, &result));       /* not there, must not wait */
    CHECK(CcCopyRead(file, &offset, 10, FALSE, Buffer, &result) && result.Information == 10);
    TestCloseCached(file, handle);
    TestStopCache();
}

/* Zeroes through the cache, and past it when the file is not cached. */
static VOID Zero(VOID)
{
    LARGE_INTEGER start = { .QuadPart = 100 }, end = { .QuadPart = 9000 }, page = { .QuadPart = 4 * PAGE_SIZE },
                  last = { .QuadPart = 5 * PAGE_SIZE };
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(CcZeroData(file, &start, &end, TRUE));
    CHECK(TestRead(file, 0, 9001, Buffer) == STATUS_SUCCESS && TestIsOriginal(Buffer, 0, 100) && Buffer[100] == 0 && Buffer[8999] == 0 &&
          Buffer[9000] == TestByte(9000));
    CcUninitializeCacheMap(file, NULL, NULL);
    CcWaitForCurrentLazyWriterActivity();
    CHECK(TestFile.Data[100] == 0 && TestFile.Data[8999] == 0 && TestFile.Pointers.SharedCacheMap == NULL);
    CHECK(CcZeroData(file, &page, &last, TRUE) && TestFile.Data[4 * PAGE_SIZE] == 0 && TestFile.Data[5 * PAGE_SIZE - 1] == 0 &&
          TestFile.Data[5 * PAGE_SIZE] == TestByte(5 * PAGE_SIZE));
    ZwClose(handle);
    ObfDereferenceObject(file);
    TestStopCache();
}

/* ---- Everybody at once: each thread has stripes of its own and checks them, while the lazy writer writes and one purges ---- */
#define STRIPE 1000u
static VOID Hammer(PVOID Context, ULONG Index)
{
    ULONG i, random = Index * 7919 + 1;
    UCHAR stripe[STRIPE];

    for (i = 0; i < 300; i++) {
        ULONG slot = ((random = random * 1103515245 + 12345) >> 8) % 100, offset = (slot * 8 + Index) * STRIPE;
        RtlFillMemory(stripe, STRIPE, (UCHAR)(i + Index));
        if (!CHECK(TestWrite(Context, offset, STRIPE, stripe) == STATUS_SUCCESS))
            return;
        RtlZeroMemory(stripe, STRIPE);
        if (!CHECK(TestRead(Context, offset, STRIPE, stripe) == STATUS_SUCCESS && stripe[0] == (UCHAR)(i + Index) &&
                   stripe[STRIPE - 1] == (UCHAR)(i + Index)))
            return;
        if (i % 50 == 7)
            CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
        if (i % 50 == 9)
            CcPurgeCacheSection(&TestFile.Pointers, NULL, 0, DO_NOT_PURGE_DIRTY_PAGES);
    }
}

static VOID Contention(VOID)
{
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(TEST_FILE_SIZE))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    TestRunThreads(8, Hammer, file);
    CcFlushCache(file->SectionObjectPointer, NULL, 0, NULL);
    CHECK(MmCountDirtyPages(CcpMapOf(file)->Segment) == 0);
    TestCloseCached(file, handle);
    TestStopCache();
}

/* Everybody waits for a pass: none may miss the one that is for it. */
static VOID AwaitPasses(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 500; i++)
        CHECK(CcWaitForCurrentLazyWriterActivity() == STATUS_SUCCESS);
}

static VOID Passes(VOID) { TestRunThreads(6, AwaitPasses, NULL); }

/* ---- Deferred writes ---- */
static volatile LONG Posted;
static VOID NTAPI Post(PVOID Context1, PVOID Context2)
{
    CHECK(Context1 == &Posted && Context2 == NULL);
    InterlockedIncrement(&Posted);
}

static VOID Defer(VOID)
{
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(300000))
        return;
    Posted = 0;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(CcCanIWrite(file, 4096, FALSE, FALSE));
    CcDeferWrite(file, Post, (PVOID)&Posted, NULL, 4096, FALSE);
    CcWaitForCurrentLazyWriterActivity();
    CcWaitForCurrentLazyWriterActivity();
    CHECK(Posted == 1);
    CcSetReadAheadGranularity(file, 65536);
    CcScheduleReadAhead(file, &(LARGE_INTEGER){ .QuadPart = 0 }, PAGE_SIZE);
    CcSetAdditionalCacheAttributes(file, TRUE, FALSE);
    TestCloseCached(file, handle);
    CcWaitForCurrentLazyWriterActivity();
    TestStopCache();
}

static const KE_TEST tests[] = {
    { "cc.copy.read", Read, 0 },         { "cc.copy.sequential", Sequential, 0 }, { "cc.copy.write", Write, 0 },
    { "cc.copy.lazy", Lazy, 0 },         { "cc.copy.sizes", Sizes, 0 },           { "cc.copy.purge", Purge, 0 },
    { "cc.copy.failures", Failures, 0 }, { "cc.copy.zero", Zero, 0 },             { "cc.copy.contention", Contention, 0 },
    { "cc.copy.defer", Defer, 0 },       { "cc.copy.passes", Passes, 0 },
};
const KE_TEST_GROUP CcCopyTests = { tests, RTL_NUMBER_OF(tests) };
