/* SPDX-License-Identifier: MIT
 * Sections of files: one memory for the cache and every view, what is written through views reaches the file, failures reach who
 * touches, and nobody cuts a file that is mapped.
 */
#include "fixture.h"
#include "section.h"

static UCHAR Buffer[PAGE_SIZE];

NTSTATUS TestOpenSection(HANDLE File, LONG64 Bytes, ULONG Protect, ULONG Attributes, HANDLE *Section)
{
    LARGE_INTEGER size = { .QuadPart = Bytes };
    return ZwCreateSection(Section, SECTION_ALL_ACCESS, NULL, Bytes != 0 ? &size : NULL, Protect, Attributes, File);
}

NTSTATUS TestMap(HANDLE Section, ULONG Protect, volatile UCHAR **Base)
{
    PVOID base = NULL;
    SIZE_T bytes = 0;
    NTSTATUS status = ZwMapViewOfSection(Section, NtCurrentProcess(), &base, 0, 0, NULL, &bytes, ViewUnmap, 0, Protect);

    *Base = base;
    return status;
}

VOID TestUnmap(volatile UCHAR *Base) { CHECK(ZwUnmapViewOfSection(NtCurrentProcess(), (PVOID)Base) == STATUS_SUCCESS); }

NTSTATUS TestTouch(volatile UCHAR *Address, BOOLEAN Write)
{
    NTSTATUS status = STATUS_SUCCESS;

    __try {
        UCHAR value = *Address;
        if (Write)
            *Address = value;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

/* A mapped and cached file. */
typedef struct MAPPED {
    PFILE_OBJECT File;
    HANDLE Handle, Section;
    volatile UCHAR *Base;
} MAPPED;

static BOOLEAN Begin(MAPPED *Mapped, ULONG Size, ULONG Protect)
{
    if (!TestStartCache(Size))
        return FALSE;
    Mapped->File = TestOpenCached(FALSE, MAXLONGLONG, &Mapped->Handle);
    return CHECK(TestOpenSection(Mapped->Handle, 0, PAGE_READWRITE, SEC_COMMIT, &Mapped->Section) == STATUS_SUCCESS) &&
           CHECK(TestMap(Mapped->Section, Protect, &Mapped->Base) == STATUS_SUCCESS);
}

static VOID End(MAPPED *Mapped)
{
    TestUnmap(Mapped->Base);
    ZwClose(Mapped->Section);
    TestCloseCached(Mapped->File, Mapped->Handle);
    CHECK(TestFile.Pointers.DataSectionObject == NULL);
}

static NTSTATUS FlushView(volatile UCHAR *Base, SIZE_T Size)
{
    PVOID base = (PVOID)Base;
    IO_STATUS_BLOCK result = { { STATUS_UNSUCCESSFUL }, 0 };
    NTSTATUS status = ZwFlushVirtualMemory(NtCurrentProcess(), &base, &Size, &result);
    return NT_SUCCESS(status) ? result.Status : status;
}

static VOID Coherent(VOID)
{
    MAPPED mapped;
    LONG writes;

    if (!Begin(&mapped, 300000, PAGE_READWRITE))
        return;
    CHECK(mapped.Base[0] == TestByte(0) && mapped.Base[299999] == TestByte(299999) && mapped.Base[300001] == 0);
    RtlFillMemory(Buffer, PAGE_SIZE, 0xC1);
    CHECK(TestWrite(mapped.File, 70000, 10, Buffer) == STATUS_SUCCESS && mapped.Base[70000] == 0xC1 && mapped.Base[70010] == TestByte(70010));
    mapped.Base[70001] = 0x33;
    CHECK(TestRead(mapped.File, 70000, 3, Buffer) == STATUS_SUCCESS && Buffer[0] == 0xC1 && Buffer[1] == 0x33 && Buffer[2] == 0xC1);
    CHECK(FlushView(mapped.Base + 70000, 1) == STATUS_SUCCESS && TestFile.Data[70001] == 0x33 && TestFile.Data[70000] == 0xC1);
    mapped.Base[70002] = 0x34;                   /* again, after the page was written */
    mapped.Base[200000] = 0x35;
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    CHECK(TestFile.Data[70002] == 0x34 && TestFile.Data[200000] == 0x35);
    writes = TestFile.Writes;
    CHECK(mapped.Base[70002] == 0x34 && FlushView(mapped.Base, 0) == STATUS_SUCCESS && TestFile.Writes == writes);     /* read only */
    mapped.Base[70003] = 0x36;                   /* nobody flushes this */
    End(&mapped);
    CHECK(TestFile.Data[70003] == 0x36);
    TestStopCache();
}

/* Copies are the process's own; a section that cannot be written has no writable views. */
static VOID Copies(VOID)
{
    volatile UCHAR *other;
    HANDLE section;
    MAPPED mapped;
    LONG writes;

    if (!Begin(&mapped, 20000, PAGE_WRITECOPY))
        return;
    mapped.Base[5000] = 0xAA;
    CHECK(TestMap(mapped.Section, PAGE_READONLY, &other) == STATUS_SUCCESS && other[5000] == TestByte(5000) && mapped.Base[5000] == 0xAA);
    CHECK(TestTouch(other, TRUE) == STATUS_ACCESS_VIOLATION);
    writes = TestFile.Writes;
    CHECK(FlushView(mapped.Base, 0) == STATUS_SUCCESS && TestFile.Writes == writes);
    TestUnmap(other);
    CHECK(FlushView(other, 0) == STATUS_NOT_MAPPED_VIEW);
    CHECK(TestOpenSection(mapped.Handle, 0, PAGE_READONLY, SEC_COMMIT, &section) == STATUS_SUCCESS);
    CHECK(TestMap(section, PAGE_READWRITE, &other) == STATUS_SECTION_PROTECTION);
    ZwClose(section);
    End(&mapped);
    CHECK(TestFile.Data[5000] == TestByte(5000));
    TestStopCache();
}

/* A change of protection takes with it neither what was written nor what was copied. */
static VOID Protections(VOID)
{
    PVOID page;
    SIZE_T size = PAGE_SIZE;
    MAPPED mapped;
    ULONG old;

    if (!Begin(&mapped, 40000, PAGE_READWRITE))
        return;
    mapped.Base[8192] = 1;
    page = (PVOID)(mapped.Base + 8192);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_READONLY, &old) == STATUS_SUCCESS && old == PAGE_READWRITE);
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    CHECK(TestFile.Data[8192] == 1 && TestTouch(mapped.Base + 8192, TRUE) == STATUS_ACCESS_VIOLATION);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_READWRITE, &old) == STATUS_SUCCESS);
    mapped.Base[8192] = 2;
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_NOACCESS, &old) == STATUS_SUCCESS);
    CHECK(TestTouch(mapped.Base + 8192, FALSE) == STATUS_ACCESS_VIOLATION);
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    CHECK(TestFile.Data[8192] == 2);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_WRITECOPY, &old) == STATUS_SUCCESS && old == PAGE_NOACCESS);
    mapped.Base[8192] = 3;                       /* a copy */
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_NOACCESS, &old) == STATUS_SUCCESS && old == PAGE_READWRITE);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_WRITECOPY, &old) == STATUS_SUCCESS && mapped.Base[8192] == 3);
    End(&mapped);
    CHECK(TestFile.Data[8192] == 2);
    TestStopCache();
}

static VOID Sizes(VOID)
{
    LARGE_INTEGER small = { .QuadPart = 1000 }, large = { .QuadPart = 20000 };
    SECTION_BASIC_INFORMATION facts;
    HANDLE section;
    MAPPED mapped;

    if (!Begin(&mapped, 10000, PAGE_READWRITE))
        return;
    CHECK(ZwQuerySection(mapped.Section, SectionBasicInformation, &facts, sizeof(facts), NULL) == STATUS_SUCCESS);
    CHECK(facts.MaximumSize.QuadPart == 10000 && facts.AllocationAttributes == (SEC_COMMIT | SEC_FILE));
    CHECK(!MmCanFileBeTruncated(&TestFile.Pointers, &small) && !MmCanFileBeTruncated(&TestFile.Pointers, NULL));
    CHECK(MmCanFileBeTruncated(&TestFile.Pointers, &large) && !MmFlushImageSection(&TestFile.Pointers, MmFlushForDelete));
    CHECK(MmFlushImageSection(&TestFile.Pointers, MmFlushForWrite));
    CHECK(TestOpenSection(mapped.Handle, 20000, PAGE_READONLY, SEC_COMMIT, &section) == STATUS_SECTION_TOO_BIG);
    CHECK(TestOpenSection(mapped.Handle, TEST_FILE_SIZE + 1, PAGE_READWRITE, SEC_COMMIT, &section) == STATUS_DISK_FULL);
    CHECK(TestOpenSection(mapped.Handle, 30000, PAGE_READWRITE, SEC_COMMIT, &section) == STATUS_SUCCESS && TestFile.Size == 30000);
    CHECK(!MmCanFileBeTruncated(&TestFile.Pointers, &large));
    ZwClose(section);
    TestFile.Size = 0;
    CHECK(TestOpenSection(mapped.Handle, 0, PAGE_READWRITE, SEC_COMMIT, &section) == STATUS_MAPPED_FILE_SIZE_ZERO);
    TestFile.Size = 10000;
    CHECK(TestOpenSection((HANDLE)(LONG_PTR)0x7F0, 0, PAGE_READWRITE, SEC_COMMIT, &section) == STATUS_INVALID_HANDLE);
    TestUnmap(mapped.Base);
    ZwClose(mapped.Section);
    CHECK(MmCanFileBeTruncated(&TestFile.Pointers, &small) && MmFlushImageSection(&TestFile.Pointers, MmFlushForDelete));
    TestCloseCached(mapped.File, mapped.Handle);
    TestStopCache();
}

static NTSTATUS ReasonOf(volatile UCHAR *Address)
{
    NTSTATUS reason = STATUS_SUCCESS;
    PEXCEPTION_POINTERS pointers;

    __try {
        (void)*Address;
    } __except (pointers = GetExceptionInformation(), reason = (NTSTATUS)pointers->ExceptionRecord->ExceptionInformation[2],
                GetExceptionCode() == STATUS_IN_PAGE_ERROR ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
    }
    return reason;
}

/* What cannot be read is told to who touches it; the next time it may be there. */
static VOID Failures(VOID)
{
    MAPPED mapped;

    if (!Begin(&mapped, 100000, PAGE_READWRITE))
        return;
    TestFile.FailReads = 2;                      /* the cluster, then the page */
    CHECK(ReasonOf(mapped.Base + 50000) == STATUS_DEVICE_DATA_ERROR);
    CHECK(mapped.Base[50000] == TestByte(50000));
    mapped.Base[50000] = 0x77;
    TestFile.FailWrites = 1;
    CHECK(FlushView(mapped.Base, 0) == STATUS_DEVICE_DATA_ERROR && TestFile.Data[50000] == TestByte(50000));
    CHECK(FlushView(mapped.Base, 0) == STATUS_SUCCESS && TestFile.Data[50000] == 0x77);
    End(&mapped);
    TestStopCache();
}

/* A device writes to pages that were flushed after they were locked. */
static VOID Locked(VOID)
{
    MAPPED mapped;
    PUCHAR kernel;
    PMDL mdl;

    if (!Begin(&mapped, 100000, PAGE_READWRITE))
        return;
    mdl = IoAllocateMdl((PVOID)(mapped.Base + 40000), 10000, FALSE, FALSE, NULL);
    MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);
    kernel = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    kernel[9999] = 0x99;
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    CHECK(TestFile.Data[49999] == 0x99 && mapped.Base[49999] == 0x99);
    End(&mapped);
    TestStopCache();
}

static VOID SystemView(VOID)
{
    volatile UCHAR *view;
    PVOID object, base;
    SIZE_T size = 0;
    MAPPED mapped;

    if (!Begin(&mapped, 100000, PAGE_READWRITE))
        return;
    CHECK(ObReferenceObjectByHandle(mapped.Section, SECTION_ALL_ACCESS, NULL, KernelMode, &object, NULL) == STATUS_SUCCESS);
    CHECK(MmMapViewInSystemSpace(object, &base, &size) == STATUS_SUCCESS && size == 25 * PAGE_SIZE);
    view = base;
    CHECK(view[99999] == TestByte(99999));
    view[60000] = 0x61;
    CHECK(mapped.Base[60000] == 0x61 && FlushView(mapped.Base, 0) == STATUS_SUCCESS && TestFile.Data[60000] == 0x61);
    view[60001] = 0x62;
    CHECK(MmUnmapViewInSystemSpace(base) == STATUS_SUCCESS && FlushView(mapped.Base, 0) == STATUS_SUCCESS && TestFile.Data[60001] == 0x62);
    ObfDereferenceObject(object);
    End(&mapped);
    TestStopCache();
}

/* Threads write to views of their own while one flushes and one reads through the cache: at the end the file has all of it. */
#define WRITERS 3u
#define ROUNDS 400u
static HANDLE ContendedSection;
static PFILE_OBJECT ContendedFile;

static VOID WriteByView(ULONG Index)
{
    volatile UCHAR *base;
    ULONG round;

    for (round = 0; round < ROUNDS; round++) {
        if (round % 50 == 0 && !CHECK(TestMap(ContendedSection, PAGE_READWRITE, &base) == STATUS_SUCCESS))
            return;
        *(volatile ULONG *)(base + round % 60 * PAGE_SIZE + Index * 64) = round + 1;
        if (round % 50 == 49)
            TestUnmap(base);
    }
}

static VOID Contend(PVOID Context, ULONG Index)
{
    ULONG round;

    if (Index < WRITERS) {
        WriteByView(Index);
        return;
    }
    for (round = 0; round < ROUNDS / 4; round++) {
        CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
        CHECK(TestRead(ContendedFile, round % 60 * PAGE_SIZE, 64, Buffer) == STATUS_SUCCESS);
    }
}

static VOID Contention(VOID)
{
    ULONG writer, page, last;
    MAPPED mapped;

    if (!Begin(&mapped, 60 * PAGE_SIZE, PAGE_READONLY))
        return;
    ContendedSection = mapped.Section;
    ContendedFile = mapped.File;
    TestRunThreads(WRITERS + 1, Contend, NULL);
    CcFlushCache(&TestFile.Pointers, NULL, 0, NULL);
    for (writer = 0; writer < WRITERS; writer++)
        for (page = 0; page < 60; page++) {
            last = page + (ROUNDS - 1 - page) / 60 * 60 + 1;
            CHECK(*(PULONG)(TestFile.Data + page * PAGE_SIZE + writer * 64) == last);
        }
    End(&mapped);
    TestStopCache();
}

static const KE_TEST tests[] = {
    { "cc.section.coherent", Coherent, 0 }, { "cc.section.copies", Copies, 0 },     { "cc.section.protections", Protections, 0 },
    { "cc.section.sizes", Sizes, 0 },       { "cc.section.failures", Failures, 0 }, { "cc.section.locked", Locked, 0 },
    { "cc.section.system", SystemView, 0 }, { "cc.section.contention", Contention, 2 },
};
const KE_TEST_GROUP CcSectionTests = { tests, RTL_NUMBER_OF(tests) };
