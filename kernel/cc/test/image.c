/* SPDX-License-Identifier: MIT
 * Images of programs: mapped as their sections say, relocated, shared, copied on write, kept after their last user and flushed when
 * somebody wants the file.
 */
#include "section.h"

#define IMAGE_BASE 0x180000000ull
#define IMAGE_SIZE 0x5000u
#define FILE_SIZE 0x1000u

static VOID Put16(ULONG Offset, USHORT Value) { *(USHORT UNALIGNED *)(TestFile.Data + Offset) = Value; }
static VOID Put32(ULONG Offset, ULONG Value) { *(ULONG UNALIGNED *)(TestFile.Data + Offset) = Value; }
static VOID Put64(ULONG Offset, ULONG64 Value) { *(ULONG64 UNALIGNED *)(TestFile.Data + Offset) = Value; }

static VOID PutSection(ULONG Index, ULONG Rva, ULONG FileOffset, ULONG Characteristics)
{
    ULONG header = 0x80 + 24 + 240 + Index * 40;

    TestFile.Data[header] = '.';
    TestFile.Data[header + 1] = (UCHAR)('a' + Index);
    Put32(header + 8, 0x1000);                   /* virtual size */
    Put32(header + 12, Rva);
    Put32(header + 16, 0x200);                   /* in the file */
    Put32(header + 20, FileOffset);
    Put32(header + 36, Characteristics);
}

/* A library: code at 1000, data at 2000 with the address of the code, shared data at 3000, relocations at 4000. */
static VOID PutLibrary(VOID)
{
    RtlZeroMemory(TestFile.Data, FILE_SIZE);
    Put16(0, 0x5A4D);
    Put32(0x3C, 0x80);
    Put32(0x80, 0x4550);
    Put16(0x84, PE_MACHINE_AMD64);
    Put16(0x86, 4);                              /* sections */
    Put16(0x94, 240);                            /* optional header */
    Put16(0x96, PE_FILE_EXECUTABLE | PE_FILE_DLL | 0x20);
    Put16(0x98, 0x20B);
    Put32(0x98 + 4, 0x200);                      /* code */
    Put32(0x98 + 16, 0x1010);                    /* entry */
    Put64(0x98 + 24, IMAGE_BASE);
    Put32(0x98 + 32, 0x1000);
    Put32(0x98 + 36, 0x200);
    Put16(0x98 + 48, 6);                         /* subsystem version */
    Put16(0x98 + 50, 2);
    Put32(0x98 + 56, IMAGE_SIZE);
    Put32(0x98 + 60, 0x400);
    Put16(0x98 + 68, PE_SUBSYSTEM_WINDOWS_CUI);
    Put16(0x98 + 70, 0x160);
    Put64(0x98 + 72, 0x100000);
    Put64(0x98 + 80, 0x2000);
    Put32(0x98 + 108, 16);
    Put32(0x98 + 112 + 5 * 8, 0x4000);           /* relocations */
    Put32(0x98 + 112 + 5 * 8 + 4, 12);
    PutSection(0, 0x1000, 0x400, PE_SCN_CODE | PE_SCN_EXECUTE | PE_SCN_READ);
    PutSection(1, 0x2000, 0x600, PE_SCN_READ | PE_SCN_WRITE);
    PutSection(2, 0x3000, 0x800, PE_SCN_READ | PE_SCN_WRITE | 0x10000000);
    PutSection(3, 0x4000, 0xA00, PE_SCN_READ);
    TestFile.Data[0x400] = 0xC3;
    Put64(0x608, IMAGE_BASE + 0x1000);
    Put32(0xA00, 0x2000);                        /* one block: a 64-bit address at 2008 */
    Put32(0xA04, 12);
    Put16(0xA08, 0xA008);
}

typedef struct LIBRARY {
    PFILE_OBJECT File;
    HANDLE Handle, Section;
    volatile UCHAR *Base;
} LIBRARY;

static BOOLEAN Begin(LIBRARY *Library)
{
    if (!TestStartCache(FILE_SIZE))
        return FALSE;
    PutLibrary();
    Library->File = TestOpenCached(FALSE, MAXLONGLONG, &Library->Handle);
    return CHECK(TestOpenSection(Library->Handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &Library->Section) == STATUS_SUCCESS) &&
           CHECK(TestMap(Library->Section, PAGE_EXECUTE_READ, &Library->Base) == STATUS_SUCCESS);
}

static VOID End(LIBRARY *Library)
{
    LONG closes = TestFile.Closes;

    TestUnmap(Library->Base);
    CHECK(!MmFlushImageSection(&TestFile.Pointers, MmFlushForWrite));        /* the section object is there */
    ZwClose(Library->Section);
    CHECK(TestFile.Pointers.ImageSectionObject != NULL && MmFlushImageSection(&TestFile.Pointers, MmFlushForWrite));
    CHECK(TestFile.Pointers.ImageSectionObject == NULL && TestFile.Closes == closes);
    TestCloseCached(Library->File, Library->Handle);
    TestAwaitClose();                            /* the image's hold on the file goes on a worker */
}

static VOID Mapped(VOID)
{
    MM_SECTION_IMAGE facts;
    MEMORY_BASIC_INFORMATION page;
    LIBRARY library;

    if (!Begin(&library))
        return;
    CHECK(ZwQuerySection(library.Section, SectionImageInformation, &facts, sizeof(facts), NULL) == STATUS_SUCCESS);
    CHECK(facts.TransferAddress == (PVOID)(library.Base + 0x1010) && facts.SubSystemType == PE_SUBSYSTEM_WINDOWS_CUI);
    CHECK(facts.MaximumStackSize == 0x100000 && facts.CommittedStackSize == 0x2000 && facts.Machine == PE_MACHINE_AMD64);
    CHECK(facts.ImageContainsCode && (facts.ImageFlags & MM_IMAGE_DYNAMICALLY_RELOCATED) && facts.ImageFileSize == FILE_SIZE);
    CHECK(facts.SubSystemMajorVersion == 6 && facts.SubSystemMinorVersion == 2 && facts.DllCharacteristics == 0x160);
    CHECK(library.Base[0] == 'M' && library.Base[0x1000] == 0xC3 && (ULONG64)library.Base != IMAGE_BASE);
    CHECK(*(volatile ULONG64 *)(library.Base + 0x2008) == (ULONG64)library.Base + 0x1000);       /* relocated */
    CHECK(*(volatile ULONG64 *)(library.Base + 0x98 + 24) == (ULONG64)library.Base);             /* and says where to */
    CHECK(TestTouch(library.Base, TRUE) == STATUS_ACCESS_VIOLATION && TestTouch(library.Base + 0x1000, TRUE) == STATUS_ACCESS_VIOLATION);
    CHECK(TestTouch(library.Base + 0x2000, TRUE) == STATUS_SUCCESS);
    CHECK(ZwQueryVirtualMemory(NtCurrentProcess(), (PVOID)(library.Base + 0x1000), MemoryBasicInformation, &page, sizeof(page), NULL) ==
          STATUS_SUCCESS);
    CHECK(page.Type == MEM_IMAGE && page.Protect == PAGE_EXECUTE_READ && page.AllocationProtect == PAGE_EXECUTE_WRITECOPY &&
          page.AllocationBase == (PVOID)library.Base && page.RegionSize == PAGE_SIZE);
    End(&library);
    TestStopCache();
}

/* Another view, elsewhere: data is its own when written, shared data is not, and the file is never written. */
static VOID Shared(VOID)
{
    volatile UCHAR *other;
    LIBRARY library;
    PVOID page;
    SIZE_T size = 1;
    ULONG old;

    if (!Begin(&library))
        return;
    CHECK(TestMap(library.Section, PAGE_EXECUTE_READ, &other) == STATUS_IMAGE_NOT_AT_BASE && other != library.Base);
    library.Base[0x2000] = 0x11;
    CHECK(other[0x2000] == 0 && library.Base[0x2000] == 0x11);
    library.Base[0x3000] = 0x22;
    CHECK(other[0x3000] == 0x22);
    page = (PVOID)(library.Base + 0x1000);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_EXECUTE_READWRITE, &old) == STATUS_SUCCESS);
    CHECK(old == PAGE_EXECUTE_READ);
    library.Base[0x1000] = 0x90;
    CHECK(other[0x1000] == 0xC3 && library.Base[0x1000] == 0x90);
    CHECK(ZwProtectVirtualMemory(NtCurrentProcess(), &page, &size, PAGE_EXECUTE_READ, &old) == STATUS_SUCCESS &&
          old == PAGE_EXECUTE_READWRITE && library.Base[0x1000] == 0x90);
    TestUnmap(other);
    End(&library);
    CHECK(TestFile.Writes == 0);
    TestStopCache();
}

/* The image that nobody uses is found by the next user, without a read. */
static VOID Kept(VOID)
{
    volatile UCHAR *base;
    LIBRARY library;
    LONG reads;

    if (!Begin(&library))
        return;
    base = library.Base;
    TestUnmap(library.Base);
    ZwClose(library.Section);
    reads = TestFile.Reads;
    CHECK(TestOpenSection(library.Handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &library.Section) == STATUS_SUCCESS);
    CHECK(TestMap(library.Section, PAGE_EXECUTE_READ, &library.Base) == STATUS_SUCCESS && library.Base == base && TestFile.Reads == reads);
    End(&library);
    TestStopCache();
}

static VOID Bad(VOID)
{
    HANDLE handle, section;
    PFILE_OBJECT file;

    if (!TestStartCache(FILE_SIZE))
        return;
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(TestOpenSection(handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_INVALID_IMAGE_NOT_MZ);
    CHECK(TestOpenSection(NULL, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_INVALID_FILE_FOR_SECTION);
    TestCloseCached(file, handle);
    PutLibrary();
    Put16(0x84, PE_MACHINE_I386);
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(TestOpenSection(handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_INVALID_IMAGE_WIN_32);
    TestCloseCached(file, handle);
    TestFile.FailReads = 1;
    Put16(0x84, PE_MACHINE_AMD64);
    Put32(0x98 + 56, 0x1000);                    /* smaller than its sections */
    file = TestOpenCached(FALSE, MAXLONGLONG, &handle);
    CHECK(TestOpenSection(handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_DEVICE_DATA_ERROR);
    CHECK(TestOpenSection(handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_INVALID_IMAGE_FORMAT);
    CHECK(TestFile.Pointers.ImageSectionObject == NULL);
    TestCloseCached(file, handle);
    TestStopCache();
}

static volatile LONG Opened;

static VOID OpenAndFlush(PVOID Context, ULONG Index)
{
    HANDLE section;
    ULONG round;

    for (round = 0; round < 200; round++) {
        if (Index == 0) {
            MmFlushImageSection(&TestFile.Pointers, MmFlushForWrite);
        } else if (CHECK(TestOpenSection(Context, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &section) == STATUS_SUCCESS)) {
            InterlockedIncrement(&Opened);
            ZwClose(section);
        }
    }
}

static VOID Contention(VOID)
{
    LIBRARY library;

    if (!Begin(&library))
        return;
    TestUnmap(library.Base);
    ZwClose(library.Section);
    Opened = 0;
    TestRunThreads(4, OpenAndFlush, library.Handle);
    CHECK(Opened == 600);
    CHECK(TestOpenSection(library.Handle, 0, PAGE_EXECUTE_READ, SEC_IMAGE, &library.Section) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(TestMap(library.Section, PAGE_EXECUTE_READ, &library.Base)));
    End(&library);
    TestStopCache();
}

static const KE_TEST tests[] = {
    { "cc.image.mapped", Mapped, 0 }, { "cc.image.shared", Shared, 0 },         { "cc.image.kept", Kept, 0 },
    { "cc.image.bad", Bad, 0 },       { "cc.image.contention", Contention, 2 },
};
const KE_TEST_GROUP CcImageTests = { tests, RTL_NUMBER_OF(tests) };
