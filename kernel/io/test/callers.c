/* SPDX-License-Identifier: MIT
 * What the services for files do with pointers that are none of their callers', before the driver hears of it or after.
 */
#include "fixture.h"
#include "testcallers.h"

typedef struct TEST_MEMORY {                     /* user memory */
    HANDLE Handle;
    LARGE_INTEGER Offset, Timeout;
    IO_STATUS_BLOCK Iosb;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    ULONG Number;
    WCHAR Text[40];
    DECLSPEC_ALIGN(16) UCHAR Buffer[0x400], Ea[16];
} TEST_MEMORY;
C_ASSERT(sizeof(TEST_MEMORY) <= PAGE_SIZE);

#define IOCTL_NOTHING CTL_CODE(FILE_DEVICE_UNKNOWN, 0x820, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define SYNCHRONOUS (FILE_SYNCHRONOUS_IO_NONALERT)
#define P(field) TEST_POINTER(&m->field)
#define ROW(name, pointers, ...) { #name, (PVOID)(ULONG_PTR)Test##name, pointers, { __VA_ARGS__ } }
#define DECLARE(name) extern const UCHAR Test##name[] __asm__(#name);

static const WCHAR DeviceName[] = L"\\Device\\TestCallers";

/* Answers every request as if it had filled the buffer. */
static NTSTATUS NTAPI Fill(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    if (location->MajorFunction == IRP_MJ_QUERY_INFORMATION || location->MajorFunction == IRP_MJ_QUERY_VOLUME_INFORMATION) {
        RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, location->Parameters.QueryFile.Length, 0x5A);
        return TestComplete(Irp, STATUS_SUCCESS, location->Parameters.QueryFile.Length);
    }
    return TestComplete(Irp, STATUS_SUCCESS, location->MajorFunction == IRP_MJ_CREATE ? FILE_OPENED : 0);
}

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    ULONG i;
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        if (i != IRP_MJ_PNP && i != IRP_MJ_POWER)
            Driver->MajorFunction[i] = Fill;
    return STATUS_SUCCESS;
}

static TEST_MEMORY *TestMakeMemory(VOID)
{
    TEST_MEMORY *m = TestUserPage();

    if (!CHECK(m != NULL))
        return NULL;
    RtlCopyMemory(m->Text, DeviceName, sizeof(DeviceName));
    m->Name = (UNICODE_STRING){ sizeof(DeviceName) - sizeof(WCHAR), sizeof(DeviceName), m->Text };
    m->Timeout.QuadPart = -10000;
    InitializeObjectAttributes(&m->Attributes, &m->Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return m;
}

DECLARE(NtCreateFile) DECLARE(NtOpenFile) DECLARE(NtCreateNamedPipeFile) DECLARE(NtCreateMailslotFile) DECLARE(NtQueryAttributesFile)
DECLARE(NtQueryFullAttributesFile) DECLARE(NtDeleteFile)

static VOID BadOpens(TEST_MEMORY *m)
{
    const ULONG64 access = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE;
    const TEST_SERVICE services[] = {
        ROW(NtCreateFile, 0x1D, P(Handle), access, P(Attributes), P(Iosb), P(Offset), 0, 7, FILE_OPEN_IF, SYNCHRONOUS, 0, 0),
        ROW(NtCreateFile, 0x200, P(Handle), access, P(Attributes), P(Iosb), P(Offset), 0, 7, FILE_OPEN_IF, SYNCHRONOUS, P(Ea), 16),
        ROW(NtOpenFile, 0xD, P(Handle), access, P(Attributes), P(Iosb), 7, SYNCHRONOUS),
        ROW(NtCreateNamedPipeFile, 0x200D, P(Handle), access, P(Attributes), P(Iosb), 3, FILE_CREATE, SYNCHRONOUS, 0, 0, 0, 1, 64, 64,
            P(Timeout)),
        ROW(NtCreateMailslotFile, 0x8D, P(Handle), access, P(Attributes), P(Iosb), SYNCHRONOUS, 0, 64, P(Timeout)),
        ROW(NtQueryAttributesFile, 0x3, P(Attributes), P(Buffer)),
        ROW(NtQueryFullAttributesFile, 0x3, P(Attributes), P(Buffer)),
        ROW(NtDeleteFile, 0x1, P(Attributes)),
    };

    TestBadPointers(services, RTL_NUMBER_OF(services));
}

DECLARE(NtCancelIoFile) DECLARE(NtFlushBuffersFile) DECLARE(NtReadFile) DECLARE(NtWriteFile) DECLARE(NtDeviceIoControlFile)
DECLARE(NtFsControlFile) DECLARE(NtLockFile) DECLARE(NtUnlockFile) DECLARE(NtNotifyChangeDirectoryFile) DECLARE(NtQueryDirectoryFile)
DECLARE(NtQueryInformationFile) DECLARE(NtSetInformationFile) DECLARE(NtQueryVolumeInformationFile) DECLARE(NtSetVolumeInformationFile)

static VOID BadRequests(TEST_MEMORY *m, HANDLE File)
{
    const ULONG64 f = TEST_POINTER(File);
    const TEST_SERVICE services[] = {
        ROW(NtCancelIoFile, 0x2, f, P(Iosb)),
        ROW(NtFlushBuffersFile, 0x2, f, P(Iosb)),
        ROW(NtReadFile, 0x1B0, f, 0, 0, 0, P(Iosb), P(Buffer), 16, P(Offset), P(Number)),
        ROW(NtWriteFile, 0x1B0, f, 0, 0, 0, P(Iosb), P(Buffer), 16, P(Offset), P(Number)),
        ROW(NtDeviceIoControlFile, 0x150, f, 0, 0, 0, P(Iosb), IOCTL_NOTHING, P(Buffer), 8, P(Buffer), 8),
        ROW(NtFsControlFile, 0x150, f, 0, 0, 0, P(Iosb), IOCTL_NOTHING, P(Buffer), 8, P(Buffer), 8),
        ROW(NtLockFile, 0x70, f, 0, 0, 0, P(Iosb), P(Offset), P(Offset), 0, TRUE, TRUE),
        ROW(NtUnlockFile, 0xE, f, P(Iosb), P(Offset), P(Offset), 0),
        ROW(NtNotifyChangeDirectoryFile, 0x30, f, 0, 0, 0, P(Iosb), P(Buffer), 64, 1, FALSE),
        ROW(NtQueryDirectoryFile, 0x230, f, 0, 0, 0, P(Iosb), P(Buffer), 64, FileNamesInformation, FALSE, P(Name), FALSE),
        ROW(NtQueryInformationFile, 0x6, f, P(Iosb), P(Buffer), sizeof(FILE_BASIC_INFORMATION), FileBasicInformation),
        ROW(NtSetInformationFile, 0x6, f, P(Iosb), P(Buffer), sizeof(FILE_BASIC_INFORMATION), FileBasicInformation),
        ROW(NtQueryVolumeInformationFile, 0x6, f, P(Iosb), P(Buffer), sizeof(FILE_FS_DEVICE_INFORMATION), FileFsDeviceInformation),
        ROW(NtQueryVolumeInformationFile, 0x6, f, P(Iosb), P(Buffer), sizeof(FILE_FS_SIZE_INFORMATION), FileFsSizeInformation),
        ROW(NtSetVolumeInformationFile, 0x6, f, P(Iosb), P(Buffer), sizeof(FILE_FS_LABEL_INFORMATION), FileFsLabelInformation),
    };

    TestBadPointers(services, RTL_NUMBER_OF(services));
    m->Name.Buffer = TEST_BAD_USER;
    CHECK(AS_USER(NtQueryDirectoryFile(File, NULL, NULL, NULL, &m->Iosb, m->Buffer, 64, FileNamesInformation, FALSE, &m->Name, FALSE)) ==
          STATUS_ACCESS_VIOLATION);
    m->Name.Buffer = m->Text;
}

/* What goes well is told: as much of the buffer as the driver says, and the status block. */
static VOID GoodRequests(TEST_MEMORY *m, HANDLE File)
{
    RtlZeroMemory(m->Buffer, sizeof(m->Buffer));
    CHECK(AS_USER(NtQueryInformationFile(File, &m->Iosb, m->Buffer, sizeof(FILE_BASIC_INFORMATION), FileBasicInformation)) == STATUS_SUCCESS);
    CHECK(m->Iosb.Status == STATUS_SUCCESS && m->Iosb.Information == sizeof(FILE_BASIC_INFORMATION) && m->Buffer[0] == 0x5A &&
          m->Buffer[sizeof(FILE_BASIC_INFORMATION)] == 0);
    CHECK(AS_USER(NtSetInformationFile(File, &m->Iosb, m->Buffer, sizeof(FILE_BASIC_INFORMATION), FileBasicInformation)) == STATUS_SUCCESS);
    m->Iosb.Information = 77;
    CHECK(AS_USER(NtFlushBuffersFile(File, &m->Iosb)) == STATUS_SUCCESS && m->Iosb.Information == 0);
    RtlZeroMemory(m->Buffer, sizeof(m->Buffer));
    CHECK(AS_USER(NtQueryFullAttributesFile(&m->Attributes, (PVOID)m->Buffer)) == STATUS_SUCCESS && m->Buffer[0] == 0x5A);
    CHECK(AS_USER(NtQueryInformationFile(File, &m->Iosb, NULL, 0x1000, FileBasicInformation)) == STATUS_ACCESS_VIOLATION);
}

/* A list must be one, and end in its buffer. */
static VOID EaLists(VOID)
{
    static const UCHAR good[] = { 12, 0, 0, 0, 0, 1, 1, 0, 'a', 0, 'x', 0, 0, 0, 0, 0, 0, 1, 0, 0, 'b', 0 };
    UCHAR list[sizeof(good)];

    RtlCopyMemory(list, good, sizeof(good));
    CHECK(IopCheckEaList(list, sizeof(list)) == STATUS_SUCCESS);
    CHECK(IopCheckEaList(list, sizeof(list) - 1) == STATUS_EA_LIST_INCONSISTENT && IopCheckEaList(list, 7) == STATUS_EA_LIST_INCONSISTENT);
    list[0] = 11;
    CHECK(IopCheckEaList(list, sizeof(list)) == STATUS_EA_LIST_INCONSISTENT);
    list[0] = 8;                                 /* back into itself */
    CHECK(IopCheckEaList(list, sizeof(list)) == STATUS_EA_LIST_INCONSISTENT);
    list[3] = 0xFF;
    CHECK(IopCheckEaList(list, sizeof(list)) == STATUS_EA_LIST_INCONSISTENT);
    RtlCopyMemory(list, good, sizeof(good));
    list[21] = 'c';                              /* no end of the name */
    CHECK(IopCheckEaList(list, sizeof(list)) == STATUS_EA_LIST_INCONSISTENT);
}

static VOID TestWithDevice(ULONG Flags)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestCallers", Entry);
    TEST_MEMORY *m = TestMakeMemory();
    HANDLE file;

    if (driver == NULL || m == NULL)
        return;
    driver->MajorFunction[IRP_MJ_CREATE] = Fill;
    TestMakeDevice(driver, DeviceName, Flags);
    if (CHECK(AS_USER(NtOpenFile(&m->Handle, FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE,
                                 &m->Attributes, &m->Iosb, 7, SYNCHRONOUS)) == STATUS_SUCCESS)) {
        CHECK(m->Iosb.Status == STATUS_SUCCESS && m->Iosb.Information == FILE_OPENED);
        file = m->Handle;
        BadRequests(m, file);
        GoodRequests(m, file);
        BadOpens(m);
        CHECK(AS_USER(NtClose(file)) == STATUS_SUCCESS);
    }
    TestFreeUserPage(m);
    TestStopDriver(driver);
}

static VOID Buffered(VOID) { TestWithDevice(DO_BUFFERED_IO); }
static VOID Direct(VOID) { TestWithDevice(DO_DIRECT_IO); }

static const KE_TEST IoCallerTable[] = {
    { "io.callers.buffered", Buffered, 0 }, { "io.callers.direct", Direct, 0 }, { "io.callers.ealists", EaLists, 0 },
};
const KE_TEST_GROUP IoCallerTests = { IoCallerTable, RTL_NUMBER_OF(IoCallerTable) };
