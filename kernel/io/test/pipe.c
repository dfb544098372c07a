/* SPDX-License-Identifier: MIT
 * What the I/O manager does for pipes and mailslots, and for the descriptors of files: requests for a driver that looks at them.
 */
#include "fixture.h"

#define NAME L"\\Device\\TestPipes"

static IO_STACK_LOCATION Last;
static NAMED_PIPE_CREATE_PARAMETERS Pipe;
static MAILSLOT_CREATE_PARAMETERS Mailslot;
static BOOLEAN WasGiven;                         /* a descriptor */
static ULONG Queries, Sets;

static NTSTATUS NTAPI Create(PDEVICE_OBJECT Device, PIRP Irp)
{
    Last = *IoGetCurrentIrpStackLocation(Irp);
    WasGiven = Last.Parameters.CreatePipe.SecurityContext->AccessState->SecurityDescriptor != NULL;
    if (Last.MajorFunction == IRP_MJ_CREATE_NAMED_PIPE)
        Pipe = *Last.Parameters.CreatePipe.Parameters;
    if (Last.MajorFunction == IRP_MJ_CREATE_MAILSLOT)
        Mailslot = *Last.Parameters.CreateMailslot.Parameters;
    return TestComplete(Irp, STATUS_SUCCESS, FILE_CREATED);
}

static NTSTATUS NTAPI QuerySecurity(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    Queries++;
    if (location->Parameters.QuerySecurity.Length < sizeof(SECURITY_DESCRIPTOR_RELATIVE))
        return TestComplete(Irp, STATUS_BUFFER_OVERFLOW, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    RtlCreateSecurityDescriptorRelative(Irp->UserBuffer, SECURITY_DESCRIPTOR_REVISION);
    return TestComplete(Irp, STATUS_SUCCESS, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
}

static NTSTATUS NTAPI SetSecurity(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    Sets += location->Parameters.SetSecurity.SecurityInformation == DACL_SECURITY_INFORMATION &&
            RtlValidSecurityDescriptor(location->Parameters.SetSecurity.SecurityDescriptor);
    return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static PDRIVER_OBJECT StartPipes(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestPipes", NULL);

    if (driver == NULL)
        return NULL;
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CREATE_NAMED_PIPE] =
        driver->MajorFunction[IRP_MJ_CREATE_MAILSLOT] = Create;
    TestMakeDevice(driver, NAME, 0);
    return driver;
}

static VOID Describe(OBJECT_ATTRIBUTES *Attributes, UNICODE_STRING *Name, PSECURITY_DESCRIPTOR Given)
{
    RtlInitUnicodeString(Name, NAME L"\\one");
    InitializeObjectAttributes(Attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, Given);
}

static NTSTATUS CreatePipe(ULONG Share, ULONG Disposition, ULONG Type, ULONG Mode, ULONG Maximum, LONGLONG Timeout, HANDLE *File)
{
    LARGE_INTEGER timeout = { .QuadPart = Timeout };
    SECURITY_DESCRIPTOR given;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    UNICODE_STRING name;

    RtlCreateSecurityDescriptor(&given, SECURITY_DESCRIPTOR_REVISION);
    Describe(&attributes, &name, &given);
    return NtCreateNamedPipeFile(File, GENERIC_READ | SYNCHRONIZE, &attributes, &result, Share, Disposition, 0, Type, Mode, 0, Maximum,
                                 10, 20, Timeout != 0 ? &timeout : NULL);
}

static VOID PipeParameters(VOID)
{
    PDRIVER_OBJECT driver = StartPipes();
    HANDLE file;

    if (driver == NULL)
        return;
    CHECK(CreatePipe(3, FILE_OPEN_IF, 1, 1, 7, -5, &file) == STATUS_SUCCESS);
    CHECK(Last.MajorFunction == IRP_MJ_CREATE_NAMED_PIPE && Last.Parameters.CreatePipe.ShareAccess == 3 &&
          Last.Parameters.CreatePipe.Options >> 24 == FILE_OPEN_IF && WasGiven);
    CHECK(Pipe.NamedPipeType == 1 && Pipe.ReadMode == 1 && Pipe.MaximumInstances == 7 && Pipe.InboundQuota == 10 &&
          Pipe.OutboundQuota == 20 && Pipe.TimeoutSpecified && Pipe.DefaultTimeout.QuadPart == -5);
    ZwClose(file);
    CHECK(CreatePipe(1, FILE_CREATE, 0, 0, 1, 0, &file) == STATUS_SUCCESS && !Pipe.TimeoutSpecified);
    ZwClose(file);
    CHECK(CreatePipe(0, FILE_CREATE, 0, 0, 1, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(FILE_SHARE_DELETE, FILE_CREATE, 0, 0, 1, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(3, FILE_OVERWRITE_IF, 0, 0, 1, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(3, FILE_CREATE, 4, 0, 1, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(3, FILE_CREATE, 0, 1, 1, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(3, FILE_CREATE, 0, 0, 0, 0, &file) == STATUS_INVALID_PARAMETER);
    CHECK(CreatePipe(3, FILE_CREATE, 0, 0, 1, 5, &file) == STATUS_INVALID_PARAMETER);
    TestStopDriver(driver);
}

static VOID MailslotParameters(VOID)
{
    PDRIVER_OBJECT driver = StartPipes();
    LARGE_INTEGER timeout = { .QuadPart = -7 };
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    UNICODE_STRING name;
    HANDLE file;

    if (driver == NULL)
        return;
    Describe(&attributes, &name, NULL);
    CHECK(NtCreateMailslotFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &result, FILE_SYNCHRONOUS_IO_NONALERT, 30, 40, &timeout) ==
          STATUS_SUCCESS);
    CHECK(Last.MajorFunction == IRP_MJ_CREATE_MAILSLOT && Mailslot.MailslotQuota == 30 && Mailslot.MaximumMessageSize == 40 &&
          Mailslot.TimeoutSpecified && Mailslot.ReadTimeout.QuadPart == -7 && !WasGiven);
    ZwClose(file);
    CHECK(NtCreateMailslotFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &result, FILE_DIRECTORY_FILE, 0, 0, NULL) ==
          STATUS_INVALID_PARAMETER);
    timeout.QuadPart = 1;
    CHECK(NtCreateMailslotFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &result, 0, 0, 0, &timeout) == STATUS_INVALID_PARAMETER);
    TestStopDriver(driver);
}

/* The driver's, when it has any; else one that says nothing; a device's own for the device itself. */
static VOID FileDescriptors(VOID)
{
    PDRIVER_OBJECT driver = StartPipes();
    SECURITY_DESCRIPTOR change;
    UCHAR buffer[256];
    ULONG needed = 0;
    HANDLE file = NULL, device = NULL;

    if (driver == NULL)
        return;
    RtlCreateSecurityDescriptor(&change, SECURITY_DESCRIPTOR_REVISION);
    CHECK(TestOpen(NAME L"\\one", 0, &file) == STATUS_SUCCESS && TestOpen(NAME, 0, &device) == STATUS_SUCCESS);
    CHECK(ZwQuerySecurityObject(file, DACL_SECURITY_INFORMATION, buffer, sizeof(buffer), &needed) == STATUS_SUCCESS);
    CHECK(needed == sizeof(SECURITY_DESCRIPTOR_RELATIVE) && RtlValidSecurityDescriptor((PSECURITY_DESCRIPTOR)buffer));
    CHECK(ZwSetSecurityObject(file, DACL_SECURITY_INFORMATION, &change) == STATUS_INVALID_DEVICE_REQUEST);
    driver->MajorFunction[IRP_MJ_QUERY_SECURITY] = QuerySecurity;
    driver->MajorFunction[IRP_MJ_SET_SECURITY] = SetSecurity;
    Queries = Sets = 0;
    CHECK(ZwQuerySecurityObject(file, DACL_SECURITY_INFORMATION, NULL, 0, &needed) == STATUS_BUFFER_TOO_SMALL && needed == 20);
    CHECK(ZwQuerySecurityObject(file, DACL_SECURITY_INFORMATION, buffer, needed, &needed) == STATUS_SUCCESS && Queries == 2);
    CHECK(ZwSetSecurityObject(file, DACL_SECURITY_INFORMATION, &change) == STATUS_SUCCESS && Sets == 1);
    CHECK(ZwQuerySecurityObject(device, DACL_SECURITY_INFORMATION, buffer, sizeof(buffer), &needed) == STATUS_SUCCESS);
    CHECK(needed > sizeof(SECURITY_DESCRIPTOR_RELATIVE) && Queries == 2);
    ZwClose(file);
    ZwClose(device);
    TestStopDriver(driver);
}

static const KE_TEST tests[] = {
    { "io.pipe.parameters", PipeParameters, 0 },
    { "io.pipe.mailslot", MailslotParameters, 0 },
    { "io.pipe.descriptors", FileDescriptors, 0 },
};
const KE_TEST_GROUP IoPipeTests = { tests, RTL_NUMBER_OF(tests) };
