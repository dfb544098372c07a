/* SPDX-License-Identifier: MIT
 * Creating pipes and opening them: dispositions, instances that must agree, directions, unnamed pipes, descriptors, the directory.
 */
#include "pipes.h"

#define NAME PIPES_DEVICE L"\\Made\\By pipes"

static PIPES_HOW With(PIPES_HOW How, ULONG Disposition)
{
    How.Disposition = Disposition;
    return How;
}

static VOID TestDispositions(VOID)
{
    PIPES_HOW how = With(PipesBytes, FILE_OPEN);
    HANDLE first, second, third;

    PipesStatus(PipesCreate(NAME, &how, &first), STATUS_OBJECT_NAME_NOT_FOUND, "another instance of nothing");
    how = With(PipesBytes, FILE_OPEN_IF);
    how.Maximum = 2;
    PipesStatus(PipesCreate(NAME, &how, &first), STATUS_SUCCESS, "the first");
    PipesStatus(PipesCreate(NAME, &PipesBytes, &second), STATUS_ACCESS_DENIED, "the first again");
    how.Type = FILE_PIPE_MESSAGE_TYPE;
    PipesStatus(PipesCreate(NAME, &how, &second), STATUS_ACCESS_DENIED, "of another type");
    how.Type = FILE_PIPE_BYTE_STREAM_TYPE;
    how.Share = FILE_SHARE_READ;
    PipesStatus(PipesCreate(NAME, &how, &second), STATUS_ACCESS_DENIED, "in another direction");
    how.Share = PIPES_DUPLEX;
    PipesStatus(PipesCreate(PIPES_DEVICE L"\\mADE\\BY PIPES", &how, &second), STATUS_SUCCESS, "the second");
    PipesCheck(PipesLocal(first).CurrentInstances == 2 && PipesLocal(first).MaximumInstances == 2, "two of two");
    PipesStatus(PipesCreate(NAME, &how, &third), STATUS_INSTANCE_NOT_AVAILABLE, "one too many");
    ZwClose(first);
    PipesStatus(PipesCreate(NAME, &how, &third), STATUS_SUCCESS, "in the place of the first");
    ZwClose(third);
    ZwClose(second);
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &first), STATUS_OBJECT_NAME_NOT_FOUND, "gone with the last");
}

static VOID TestParameters(VOID)
{
    PIPES_HOW how = PipesBytes;
    HANDLE server;

    how.Mode = FILE_PIPE_MESSAGE_MODE;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_INVALID_PARAMETER, "messages of bytes");
    how = PipesBytes;
    how.Maximum = 0;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_INVALID_PARAMETER, "no instance");
    how = PipesBytes;
    how.Share = 0;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_INVALID_PARAMETER, "no direction");
    how = With(PipesBytes, FILE_OVERWRITE);
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_INVALID_PARAMETER, "overwriting");
    PipesStatus(PipesCreate(PIPES_DEVICE L"\\", &PipesBytes, &server), STATUS_OBJECT_NAME_INVALID, "without a name");
    PipesStatus(PipesCreate(PIPES_DEVICE, &PipesBytes, &server), STATUS_OBJECT_NAME_INVALID, "the file system");
    PipesStatus(PipesCreate(L"\\Device\\Null", &PipesBytes, &server), STATUS_INVALID_DEVICE_REQUEST, "a device without pipes");
}

static VOID TestDirections(VOID)
{
    PIPES_HOW how = PipesBytes;
    HANDLE server, client;
    UCHAR buffer[4];

    how.Share = FILE_SHARE_WRITE;                /* to the server */
    how.Access = GENERIC_READ | SYNCHRONIZE;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_SUCCESS, "inbound");
    PipesCheck(PipesLocal(server).NamedPipeConfiguration == FILE_PIPE_INBOUND, "inbound it is");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &client), STATUS_ACCESS_DENIED, "nobody reads there");
    PipesStatus(PipesOpen(NULL, NAME, GENERIC_WRITE | SYNCHRONIZE, 0, &client), STATUS_SUCCESS, "only writes");
    PipesStatus(PipesWrite(client, "in", 2, NULL), STATUS_SUCCESS, "write in");
    PipesStatus(PipesRead(server, buffer, 4, NULL), STATUS_SUCCESS, "read in");
    PipesClose(server, client);
    how.Share = FILE_SHARE_READ;
    how.Access = GENERIC_WRITE | SYNCHRONIZE;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_SUCCESS, "outbound");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &client), STATUS_ACCESS_DENIED, "nobody writes there");
    PipesStatus(PipesOpen(NULL, NAME, GENERIC_READ | SYNCHRONIZE, 0, &client), STATUS_SUCCESS, "only reads");
    PipesStatus(PipesWrite(server, "out", 3, NULL), STATUS_SUCCESS, "write out");
    PipesStatus(PipesRead(client, buffer, 4, NULL), STATUS_SUCCESS, "read out");
    PipesClose(server, client);
}

/* As CreatePipe makes them. */
static VOID TestUnnamed(VOID)
{
    PIPES_HOW how = PipesBytes;
    HANDLE root, server, client;
    UCHAR buffer[8];
    ULONG bytes;

    PipesStatus(PipesOpen(NULL, PIPES_DEVICE L"\\", SYNCHRONIZE, FILE_SYNCHRONOUS_IO_NONALERT, &root), STATUS_SUCCESS, "the root");
    how.Root = root;
    how.Maximum = 1;
    PipesStatus(PipesCreate(NULL, &how, &server), STATUS_SUCCESS, "an unnamed pipe");
    PipesStatus(PipesOpen(server, NULL, PIPES_BOTH, 0, &client), STATUS_SUCCESS, "its other end");
    PipesStatus(PipesWrite(client, "quiet", 5, NULL), STATUS_SUCCESS, "write to it");
    PipesStatus(PipesRead(server, buffer, 8, &bytes), STATUS_SUCCESS, "read from it");
    PipesCheck(bytes == 5 && RtlCompareMemory(buffer, "quiet", 5) == 5, "what was written");
    PipesClose(server, client);
    how.Disposition = FILE_CREATE;
    PipesStatus(PipesCreate(L"relative", &how, &server), STATUS_SUCCESS, "below the root");
    PipesStatus(PipesOpen(root, L"relative", PIPES_BOTH, 0, &client), STATUS_SUCCESS, "opened there");
    PipesStatus(PipesOpen(client, NULL, PIPES_BOTH, 0, &root), STATUS_INVALID_PARAMETER, "a client's other end");
    PipesClose(server, client);
    ZwClose(how.Root);
}

VOID PipesTestCreation(VOID)
{
    TestDispositions();
    TestParameters();
    TestDirections();
    TestUnnamed();
}

/* ---- Descriptors ---- */
static NTSTATUS OpenChecked(PCWSTR Name, ACCESS_MASK Access, HANDLE *File)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    return ZwOpenFile(File, Access, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE, 0);
}

static VOID MakeDescriptor(PSECURITY_DESCRIPTOR Descriptor, PACL Acl, ULONG Size, ACCESS_MASK Allowed)
{
    RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION);
    PipesStatus(RtlCreateAcl(Acl, Size, ACL_REVISION), STATUS_SUCCESS, "an access list");
    if (Allowed != 0)
        PipesStatus(RtlAddAccessAllowedAce(Acl, ACL_REVISION, Allowed, SeExports->SeWorldSid), STATUS_SUCCESS, "an entry");
    PipesStatus(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE), STATUS_SUCCESS, "a descriptor");
}

VOID PipesTestSecurity(VOID)
{
    SECURITY_DESCRIPTOR descriptor;
    union {
        ACL Acl;
        UCHAR Room[128];
    } list;
    PIPES_HOW how = PipesBytes;
    UCHAR told[256];
    ULONG needed = 0;
    HANDLE server, second, client;

    MakeDescriptor(&descriptor, &list.Acl, sizeof(list), FILE_GENERIC_READ);
    how.Security = &descriptor;
    how.Access = PIPES_BOTH | WRITE_DAC | READ_CONTROL;
    PipesStatus(PipesCreate(NAME, &how, &server), STATUS_SUCCESS, "a pipe that may be read");
    PipesStatus(OpenChecked(NAME, GENERIC_WRITE | SYNCHRONIZE, &client), STATUS_ACCESS_DENIED, "but not written");
    how = With(PipesBytes, FILE_OPEN);
    how.IoOptions = IO_FORCE_ACCESS_CHECK;
    how.Access = GENERIC_READ | SYNCHRONIZE;
    PipesStatus(PipesCreate(NAME, &how, &second), STATUS_ACCESS_DENIED, "nor served");
    PipesStatus(OpenChecked(NAME, GENERIC_READ | SYNCHRONIZE, &client), STATUS_SUCCESS, "it may be read");
    PipesStatus(ZwQuerySecurityObject(client, DACL_SECURITY_INFORMATION, NULL, 0, &needed), STATUS_BUFFER_TOO_SMALL, "how long it is");
    PipesStatus(ZwQuerySecurityObject(client, DACL_SECURITY_INFORMATION, told, sizeof(told), &needed), STATUS_SUCCESS, "what it is");
    PipesCheck(needed >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) + list.Acl.AceCount * 16u && RtlValidSecurityDescriptor(told), "a descriptor");
    ZwClose(client);
    MakeDescriptor(&descriptor, &list.Acl, sizeof(list), FILE_ALL_ACCESS);
    PipesStatus(ZwSetSecurityObject(server, DACL_SECURITY_INFORMATION, &descriptor), STATUS_SUCCESS, "another one");
    PipesStatus(PipesCreate(NAME, &how, &second), STATUS_SUCCESS, "now it may be served");
    PipesStatus(OpenChecked(NAME, PIPES_BOTH, &client), STATUS_SUCCESS, "and written");
    PipesClose(second, client);
    ZwClose(server);
}

/* ---- The directory ---- */
static BOOLEAN FindInDirectory(HANDLE Root, PCWSTR Pattern, PCWSTR Wanted, ULONG *Count)
{
    UCHAR space[512];
    PFILE_DIRECTORY_INFORMATION entry = (PFILE_DIRECTORY_INFORMATION)space;
    UNICODE_STRING pattern, name, wanted;
    IO_STATUS_BLOCK result;
    BOOLEAN found = FALSE, first = TRUE;

    RtlInitUnicodeString(&pattern, Pattern);
    RtlInitUnicodeString(&wanted, Wanted);
    *Count = 0;
    while (ZwQueryDirectoryFile(Root, NULL, NULL, NULL, &result, space, sizeof(space), FileDirectoryInformation, TRUE,
                                first ? &pattern : NULL, FALSE) == STATUS_SUCCESS) {
        first = FALSE;
        *Count += 1;
        name = (UNICODE_STRING){ (USHORT)entry->FileNameLength, (USHORT)entry->FileNameLength, entry->FileName };
        if (RtlEqualUnicodeString(&name, &wanted, FALSE))
            found = entry->EndOfFile.QuadPart == 1 && entry->AllocationSize.QuadPart == 4;
    }
    return found;
}

VOID PipesTestDirectory(VOID)
{
    FILE_STANDARD_INFORMATION standard;
    UCHAR space[64];
    PFILE_FS_ATTRIBUTE_INFORMATION attributes = (PFILE_FS_ATTRIBUTE_INFORMATION)space;
    PFILE_NAME_INFORMATION name = (PFILE_NAME_INFORMATION)space;
    IO_STATUS_BLOCK result;
    HANDLE root, one, two;
    ULONG count;

    PipesStatus(PipesCreate(PIPES_DEVICE L"\\dir.one", &PipesBytes, &one), STATUS_SUCCESS, "one pipe");
    PipesStatus(PipesCreate(PIPES_DEVICE L"\\dir.two", &PipesBytes, &two), STATUS_SUCCESS, "two pipes");
    PipesStatus(PipesOpen(NULL, L"\\??\\PIPE\\", FILE_LIST_DIRECTORY | SYNCHRONIZE, FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT,
                          &root), STATUS_SUCCESS, "the directory");
    PipesCheck(FindInDirectory(root, L"DIR.*", L"dir.two", &count) && count == 2, "both are there");
    ZwClose(root);
    PipesStatus(PipesOpen(NULL, PIPES_DEVICE L"\\", FILE_LIST_DIRECTORY | SYNCHRONIZE, FILE_SYNCHRONOUS_IO_NONALERT, &root),
                STATUS_SUCCESS, "the directory once more");
    PipesCheck(FindInDirectory(root, L"*", L"dir.one", &count) && count >= 2, "among all");
    PipesStatus(ZwQueryInformationFile(root, &result, &standard, sizeof(standard), FileStandardInformation), STATUS_SUCCESS, "what it is");
    PipesCheck(standard.Directory, "a directory");
    ZwClose(root);
    PipesStatus(ZwQueryVolumeInformationFile(one, &result, space, sizeof(space), FileFsAttributeInformation), STATUS_SUCCESS, "file system");
    PipesCheck(attributes->FileSystemNameLength == 8 && RtlCompareMemory(attributes->FileSystemName, L"NPFS", 8) == 8, "NPFS");
    PipesStatus(ZwQueryInformationFile(two, &result, space, sizeof(space), FileNameInformation), STATUS_SUCCESS, "a name");
    PipesCheck(name->FileNameLength == 16 && RtlCompareMemory(name->FileName, L"\\dir.two", 16) == 16, "its name");
    ZwClose(one);
    ZwClose(two);
}
