/* SPDX-License-Identifier: MIT
 * Pinned and mapped ranges, and chains of MDLs.
 */
#include "fixture.h"

static VOID Pin(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 8192 + 512 }, crossing = { .QuadPart = VACB_MAPPING_GRANULARITY - 100 };
    PVOID bcb, again, data, same;
    IO_STATUS_BLOCK result;
    NTSTATUS status = STATUS_SUCCESS;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(600000))
        return;
    file = TestOpenCached(TRUE, MAXLONGLONG, &handle);
    CHECK(CcMapData(file, &offset, 512, MAP_WAIT, &bcb, &data) && TestIsOriginal(data, 8192 + 512, 512));
    CHECK(CcPinMappedData(file, &offset, 512, PIN_WAIT, &bcb) && ((PPUBLIC_BCB)bcb)->MappedFileOffset.QuadPart == 8192);
    CHECK(CcPinRead(file, &offset, 100, PIN_WAIT, &again, &same) && again == bcb && same == data);       /* shared, both shared */
    CHECK(CcGetFileObjectFromBcb(bcb) == file && CcGetFileObjectFromSectionPtrs(file->SectionObjectPointer) == file);
    *(PUCHAR)data = (UCHAR)~TestByte(8192 + 512);
    CcSetDirtyPinnedData(bcb, NULL);
    CcUnpinData(again);
    CcRepinBcb(bcb);
    CcUnpinData(bcb);
    CHECK(TestFile.Writes == 0);
    CcUnpinRepinnedBcb(bcb, TRUE, &result);
    CHECK(result.Status == STATUS_SUCCESS && TestFile.Writes == 1 && TestFile.Data[8192 + 512] == (UCHAR)~TestByte(8192 + 512));
    __try {
        CcMapData(file, &crossing, 200, MAP_WAIT, &bcb, &data);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_INVALID_PARAMETER);
    CHECK(!CcMapData(file, &(LARGE_INTEGER){ .QuadPart = 400000 }, 10, 0, &bcb, &data));         /* not in memory, must not wait */
    TestCloseCached(file, handle);
    TestStopCache();
}

static VOID Prepare(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = 4 * PAGE_SIZE };
    PVOID bcb, data;
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(600000))
        return;
    file = TestOpenCached(TRUE, MAXLONGLONG, &handle);
    CHECK(CcPreparePinWrite(file, &offset, 2 * PAGE_SIZE, TRUE, PIN_WAIT | PIN_EXCLUSIVE, &bcb, &data) && TestFile.Reads == 0);
    CHECK(((PUCHAR)data)[0] == 0 && ((PUCHAR)data)[2 * PAGE_SIZE - 1] == 0);
    RtlFillMemory(data, 2 * PAGE_SIZE, 0x66);
    CcSetBcbOwnerPointer(bcb, (PVOID)((ULONG_PTR)bcb | 3));
    CcUnpinDataForThread(bcb, (ERESOURCE_THREAD)((ULONG_PTR)bcb | 3));
    CcFlushCache(file->SectionObjectPointer, NULL, 0, NULL);
    CHECK(TestFile.Data[4 * PAGE_SIZE] == 0x66 && TestFile.Data[6 * PAGE_SIZE - 1] == 0x66 && TestIsOriginal(TestFile.Data, 0, 4 * PAGE_SIZE));
    TestCloseCached(file, handle);
    TestStopCache();
}

/* An exclusive pin keeps the others out: a counter in the file, raised without any other lock. */
static VOID Count(PVOID Context, ULONG Index)
{
    LARGE_INTEGER offset = { .QuadPart = 0 };
    ULONG i;

    KeEnterCriticalRegion();
    for (i = 0; i < 200; i++) {
        PVOID bcb, data;
        if (!CHECK(CcPinRead(Context, &offset, 8, PIN_WAIT | PIN_EXCLUSIVE, &bcb, &data)))
            break;
        ++*(volatile ULONG *)data;
        CcSetDirtyPinnedData(bcb, NULL);
        CcUnpinData(bcb);
    }
    KeLeaveCriticalRegion();
}

static VOID Exclusive(VOID)
{
    PFILE_OBJECT file;
    HANDLE handle;

    if (!TestStartCache(600000))
        return;
    *(PULONG)TestFile.Data = 0;
    file = TestOpenCached(TRUE, MAXLONGLONG, &handle);
    TestRunThreads(8, Count, file);
    CcFlushCache(file->SectionObjectPointer, NULL, 0, NULL);
    CHECK(*(PULONG)TestFile.Data == 1600);
    TestCloseCached(file, handle);
    TestStopCache();
}

static VOID Mdl(VOID)
{
    LARGE_INTEGER offset = { .QuadPart = VACB_MAPPING_GRANULARITY - 100 };
    IO_STATUS_BLOCK result;
    PMDL chain = NULL;
    PFILE_OBJECT file;
    PUCHAR data;
    HANDLE handle;

    if (!TestStartCache(600000))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CcMdlRead(file, &offset, 300, &chain, &result);
    CHECK(result.Information == 300 && chain->Next != NULL && chain->Next->Next == NULL && MmGetMdlByteCount(chain) == 100);
    data = MmGetSystemAddressForMdlSafe(chain->Next, NormalPagePriority);
    CHECK(TestIsOriginal(data, VACB_MAPPING_GRANULARITY, 200));
    CHECK(!CcPurgeCacheSection(file->SectionObjectPointer, NULL, 0, 0));         /* its pages stay */
    CcMdlReadComplete(file, chain);
    chain = NULL;
    CcPrepareMdlWrite(file, &offset, 100, &chain, &result);
    RtlFillMemory(MmGetSystemAddressForMdlSafe(chain, NormalPagePriority), 100, 0x55);
    CcMdlWriteComplete(file, &offset, chain);
    CcFlushCache(file->SectionObjectPointer, NULL, 0, NULL);
    CHECK(TestFile.Data[VACB_MAPPING_GRANULARITY - 1] == 0x55 && TestFile.Data[VACB_MAPPING_GRANULARITY] == TestByte(VACB_MAPPING_GRANULARITY));
    TestCloseCached(file, handle);
    TestStopCache();
}

static const KE_TEST tests[] = {
    { "cc.pin.share", Pin, 0 },
    { "cc.pin.prepare", Prepare, 0 },
    { "cc.pin.exclusive", Exclusive, 0 },
    { "cc.mdl", Mdl, 0 },
};
const KE_TEST_GROUP CcPinTests = { tests, RTL_NUMBER_OF(tests) };
