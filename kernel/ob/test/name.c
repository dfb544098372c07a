/* SPDX-License-Identifier: MIT
 * The namespace: directories, links, look-ups and names.
 */
#include "../obp.h"
#include "ke.h"
#include "test.h"

typedef struct NAME_BUFFER {
    OBJECT_NAME_INFORMATION Information;
    WCHAR Text[120];
} NAME_BUFFER;

static NTSTATUS MakeDirectory(HANDLE Root, PCWSTR Name, ULONG Attributes, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, Attributes | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwCreateDirectoryObject(Handle, DIRECTORY_ALL_ACCESS, &attributes);
}

static NTSTATUS OpenDirectory(HANDLE Root, PCWSTR Name, ULONG Attributes, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, Attributes | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwOpenDirectoryObject(Handle, DIRECTORY_QUERY, &attributes);
}

static NTSTATUS MakeLink(PCWSTR Name, PCWSTR Target, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name, target;
    RtlInitUnicodeString(&name, Name);
    RtlInitUnicodeString(&target, Target);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return ZwCreateSymbolicLinkObject(Handle, SYMBOLIC_LINK_ALL_ACCESS, &attributes, &target);
}

static BOOLEAN Opens(PCWSTR Name, NTSTATUS Expected)
{
    HANDLE handle = NULL;
    NTSTATUS status = OpenDirectory(NULL, Name, OBJ_CASE_INSENSITIVE, &handle);
    if (NT_SUCCESS(status))
        ZwClose(handle);
    return status == Expected;
}

static VOID Initial(VOID)
{
    CHECK(Opens(L"\\", STATUS_SUCCESS) && Opens(L"\\Device", STATUS_SUCCESS) && Opens(L"\\Driver", STATUS_SUCCESS));
    CHECK(Opens(L"\\FileSystem", STATUS_SUCCESS) && Opens(L"\\ObjectTypes", STATUS_SUCCESS) && Opens(L"\\Callback", STATUS_SUCCESS));
    CHECK(Opens(L"\\KernelObjects", STATUS_SUCCESS) && Opens(L"\\BaseNamedObjects", STATUS_SUCCESS));
    CHECK(Opens(L"\\Security", STATUS_SUCCESS) && Opens(L"\\GLOBAL\?\?", STATUS_SUCCESS));
    CHECK(Opens(L"\\\?\?", STATUS_SUCCESS) && Opens(L"\\DosDevices", STATUS_SUCCESS));
}

static VOID Syntax(VOID)
{
    CHECK(Opens(L"Device", STATUS_OBJECT_PATH_SYNTAX_BAD) && Opens(L"", STATUS_OBJECT_PATH_SYNTAX_BAD));
    CHECK(Opens(L"\\\\Device", STATUS_OBJECT_NAME_INVALID) && Opens(L"\\Device\\", STATUS_OBJECT_NAME_INVALID));
    CHECK(Opens(L"\\Nowhere", STATUS_OBJECT_NAME_NOT_FOUND) && Opens(L"\\Nowhere\\Else", STATUS_OBJECT_PATH_NOT_FOUND));
    CHECK(Opens(L"\\ObjectTypes\\Type", STATUS_OBJECT_TYPE_MISMATCH));
    CHECK(Opens(L"\\ObjectTypes\\Type\\More", STATUS_OBJECT_TYPE_MISMATCH));
}

static VOID CaseMatters(VOID)
{
    UNICODE_STRING device = RTL_CONSTANT_STRING(L"\\dEVICE");
    HANDLE handle = NULL, made = NULL;
    PVOID object;

    CHECK(ObReferenceObjectByName(&device, 0, NULL, 0, NULL, KernelMode, NULL, &object) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(OpenDirectory(NULL, L"\\dEVICE", 0, &handle) == STATUS_SUCCESS);         /* directories' names have none */
    ZwClose(handle);
    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestCase", 0, &made)));
    CHECK(MakeDirectory(NULL, L"\\testcase", OBJ_CASE_INSENSITIVE, &handle) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(MakeDirectory(NULL, L"\\testcase", 0, &handle) == STATUS_OBJECT_NAME_COLLISION);
    ZwClose(made);
}

static VOID Create(VOID)
{
    HANDLE outer = NULL, inner = NULL, again = NULL;

    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestOuter", 0, &outer)));
    CHECK(NT_SUCCESS(MakeDirectory(outer, L"Inner", 0, &inner)));
    CHECK(MakeDirectory(outer, L"Inner", 0, &again) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(MakeDirectory(outer, L"\\Inner2", 0, &again) == STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK(OpenDirectory(NULL, L"\\TestOuter\\Inner", 0, &again) == STATUS_SUCCESS);
    ZwClose(again);
    CHECK(OpenDirectory(outer, L"Inner", 0, &again) == STATUS_SUCCESS);
    ZwClose(again);
    CHECK(OpenDirectory(outer, L"", 0, &again) == STATUS_SUCCESS);       /* the directory itself */
    ZwClose(again);
    ZwClose(inner);
    CHECK(OpenDirectory(outer, L"Inner", 0, &again) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(outer);
    CHECK(Opens(L"\\TestOuter", STATUS_OBJECT_NAME_NOT_FOUND));
}

static VOID Temporary(VOID)
{
    HANDLE handle = NULL;

    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestPermanent", OBJ_PERMANENT, &handle)));
    ZwClose(handle);
    CHECK(Opens(L"\\TestPermanent", STATUS_SUCCESS));
    CHECK(NT_SUCCESS(OpenDirectory(NULL, L"\\TestPermanent", 0, &handle)));
    CHECK(ZwMakeTemporaryObject(handle) == STATUS_SUCCESS);
    CHECK(Opens(L"\\TestPermanent", STATUS_SUCCESS));    /* as long as the handle is there */
    ZwClose(handle);
    CHECK(Opens(L"\\TestPermanent", STATUS_OBJECT_NAME_NOT_FOUND));
    CHECK(ZwMakeTemporaryObject((HANDLE)0x7FFF0) == STATUS_INVALID_HANDLE);
}

static VOID Follow(VOID)
{
    HANDLE link = NULL, slashed = NULL, directory = NULL, handle = NULL;

    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestTarget", 0, &directory)));
    CHECK(NT_SUCCESS(MakeLink(L"\\TestLink", L"\\TestTarget", &link)));
    CHECK(NT_SUCCESS(MakeLink(L"\\TestSlashed", L"\\TestTarget\\", &slashed)));
    CHECK(MakeLink(L"\\TestLink", L"\\Device", &handle) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(Opens(L"\\TestLink", STATUS_SUCCESS));
    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestLink\\Below", 0, &handle)));
    CHECK(Opens(L"\\TestTarget\\Below", STATUS_SUCCESS) && Opens(L"\\TestSlashed\\Below", STATUS_SUCCESS));
    ZwClose(handle);
    CHECK(OpenDirectory(NULL, L"\\TestLink", OBJ_DONT_REPARSE, &handle) == (NTSTATUS)0xC000050B);
    CHECK(OpenDirectory(NULL, L"\\TestTarget", OBJ_DONT_REPARSE, &handle) == STATUS_SUCCESS);
    ZwClose(handle);
    ZwClose(slashed);
    ZwClose(link);
    ZwClose(directory);
}

static VOID Cycle(VOID)
{
    HANDLE a = NULL, b = NULL;

    CHECK(NT_SUCCESS(MakeLink(L"\\TestCycleA", L"\\TestCycleB", &a)));
    CHECK(NT_SUCCESS(MakeLink(L"\\TestCycleB", L"\\TestCycleA", &b)));
    CHECK(Opens(L"\\TestCycleA", STATUS_OBJECT_NAME_NOT_FOUND) && Opens(L"\\TestCycleB\\x", STATUS_OBJECT_NAME_NOT_FOUND));
    ZwClose(a);
    ZwClose(b);
}

static VOID Query(VOID)
{
    WCHAR text[32];
    UNICODE_STRING target = { 0, sizeof(text), text }, expected = RTL_CONSTANT_STRING(L"\\Device\\Nothing"), name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE made = NULL, link = NULL;
    ULONG length = 0;

    CHECK(NT_SUCCESS(MakeLink(L"\\\?\?\\TestQuery", L"\\Device\\Nothing", &made)));
    RtlInitUnicodeString(&name, L"\\DosDevices\\testquery");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(ZwOpenSymbolicLinkObject(&link, SYMBOLIC_LINK_QUERY, &attributes) == STATUS_SUCCESS);
    CHECK(ZwQuerySymbolicLinkObject(link, &target, &length) == STATUS_SUCCESS);
    CHECK(length == expected.Length + sizeof(WCHAR) && RtlEqualUnicodeString(&target, &expected, FALSE));
    target.MaximumLength = expected.Length;
    target.Length = 0;
    CHECK(ZwQuerySymbolicLinkObject(link, &target, NULL) == STATUS_SUCCESS && target.Length == expected.Length);
    target.MaximumLength = 4;
    length = 0;
    CHECK(ZwQuerySymbolicLinkObject(link, &target, &length) == STATUS_BUFFER_TOO_SMALL);
    CHECK(length == expected.Length + sizeof(WCHAR));
    CHECK(ZwQuerySymbolicLinkObject((HANDLE)0x7FFF0, &target, NULL) == STATUS_INVALID_HANDLE);
    ZwClose(link);
    ZwClose(made);
}

static VOID ByName(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects"), empty = { 0, 0, NULL };
    PVOID object = NULL;

    CHECK(ObReferenceObjectByName(&name, 0, NULL, 0, ObpDirectoryObjectType, KernelMode, NULL, &object) == STATUS_SUCCESS);
    CHECK(ObGetObjectType(object) == ObpDirectoryObjectType);
    ObfDereferenceObject(object);
    CHECK(ObReferenceObjectByName(&name, 0, NULL, 0, ObpTypeObjectType, KernelMode, NULL, &object) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObReferenceObjectByName(&empty, 0, NULL, 0, ObpTypeObjectType, KernelMode, NULL, &object) == STATUS_OBJECT_NAME_INVALID);
}

static VOID Open(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device");
    OBJECT_ATTRIBUTES attributes;
    OBJECT_HANDLE_INFORMATION information;
    HANDLE handle = NULL;
    PVOID object;

    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    CHECK(ObOpenObjectByName(NULL, NULL, KernelMode, NULL, 0, NULL, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(ObOpenObjectByName(&attributes, ObpDirectoryObjectType, KernelMode, NULL, GENERIC_READ, NULL, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, &information)));
    CHECK(information.GrantedAccess == (STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE));
    ObfDereferenceObject(object);
    ZwClose(handle);
    attributes.Length = 1;
    CHECK(ObOpenObjectByName(&attributes, NULL, KernelMode, NULL, 0, NULL, &handle) == STATUS_INVALID_PARAMETER);
}

static VOID NameOf(VOID)
{
    static const WCHAR path[] = L"\\TestNameOuter\\Inner";
    HANDLE outer = NULL, inner = NULL, nameless = NULL;
    OBJECT_ATTRIBUTES attributes;
    NAME_BUFFER buffer;
    UNICODE_STRING expected;
    ULONG length = 0, full = sizeof(OBJECT_NAME_INFORMATION) + sizeof(path);
    PVOID object;

    RtlInitUnicodeString(&expected, path);
    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestNameOuter", 0, &outer)) && NT_SUCCESS(MakeDirectory(outer, L"Inner", 0, &inner)));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(inner, 0, NULL, KernelMode, &object, NULL)));
    CHECK(ObQueryNameString(object, NULL, 0, &length) == STATUS_INFO_LENGTH_MISMATCH && length == full);
    CHECK(ObQueryNameString(object, &buffer.Information, full - 1, &length) == STATUS_INFO_LENGTH_MISMATCH && length == full);
    CHECK(ObQueryNameString(object, &buffer.Information, full, &length) == STATUS_SUCCESS && length == full);
    CHECK(RtlEqualUnicodeString(&buffer.Information.Name, &expected, FALSE));
    CHECK(buffer.Information.Name.MaximumLength == sizeof(path) && buffer.Information.Name.Buffer[expected.Length / 2] == 0);
    ZwClose(inner);
    CHECK(ObQueryNameString(object, &buffer.Information, sizeof(buffer), &length) == STATUS_SUCCESS);
    CHECK(buffer.Information.Name.Length == 0 && buffer.Information.Name.Buffer == NULL);
    ObfDereferenceObject(object);
    ZwClose(outer);
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    CHECK(NT_SUCCESS(ZwCreateDirectoryObject(&nameless, DIRECTORY_QUERY, &attributes)));
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(nameless, 0, NULL, KernelMode, &object, NULL)));
    CHECK(ObQueryNameString(object, NULL, 0, &length) == STATUS_INFO_LENGTH_MISMATCH && length == sizeof(OBJECT_NAME_INFORMATION));
    ObfDereferenceObject(object);
    ZwClose(nameless);
    CHECK(ObQueryNameString(ObpRootDirectoryObject, &buffer.Information, sizeof(buffer), &length) == STATUS_SUCCESS);
    CHECK(buffer.Information.Name.Length == 2 && buffer.Information.Name.Buffer[0] == L'\\');
}

static VOID CreateAndOpen(PVOID Context, ULONG Index)
{
    HANDLE handle = NULL;
    ULONG i;
    for (i = 0; i < 800; i++) {
        NTSTATUS status = MakeDirectory(NULL, L"\\TestStorm", i & 1 ? OBJ_OPENIF : 0, &handle);
        CHECK(status == STATUS_SUCCESS || status == (i & 1 ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_COLLISION));
        if (NT_SUCCESS(status))
            CHECK(ZwClose(handle) == STATUS_SUCCESS);
    }
}

static VOID Storm(VOID)
{
    TestRunThreads(6, CreateAndOpen, NULL);
    CHECK(Opens(L"\\TestStorm", STATUS_OBJECT_NAME_NOT_FOUND));
}

static VOID CountLink(PVOID Context, PCUNICODE_STRING Name, PCUNICODE_STRING Target)
{
    UNICODE_STRING expected = RTL_CONSTANT_STRING(L"TestEnumerated");
    if (RtlEqualUnicodeString(Name, &expected, FALSE))
        ++*(PULONG)Context;
}

static VOID Enumerate(VOID)
{
    HANDLE link = NULL;
    ULONG count = 0;

    CHECK(NT_SUCCESS(MakeLink(L"\\\?\?\\TestEnumerated", L"\\Device\\Nothing", &link)));
    ObEnumerateSymbolicLinks(CountLink, &count);
    ZwClose(link);
    CHECK(count == 1);
}

/* Names about as long as what a look-up holds without pool, and longer, behind a link whose name is short: each takes the other's place. */
static VOID Lengths(VOID)
{
    static const ULONG lengths[] = { 93, 94, 95, 96, 97, 300 };
    static WCHAR path[320];
    HANDLE directory = NULL, link = NULL;
    ULONG i, k;

    for (i = 0; i < RTL_NUMBER_OF(lengths); i++) {
        path[0] = L'\\';
        for (k = 1; k <= lengths[i]; k++)
            path[k] = L'l';
        path[k] = L'\0';
        CHECK(NT_SUCCESS(MakeDirectory(NULL, path, 0, &directory)));
        CHECK(NT_SUCCESS(MakeLink(L"\\TestLengths", path, &link)));
        CHECK(Opens(path, STATUS_SUCCESS) && Opens(L"\\testlengths", STATUS_SUCCESS));
        CHECK(Opens(L"\\TestLengths\\none", STATUS_OBJECT_NAME_NOT_FOUND));
        path[lengths[i]] = L'L';
        CHECK(Opens(path, STATUS_SUCCESS));
        path[1] = L'm';
        CHECK(Opens(path, STATUS_OBJECT_NAME_NOT_FOUND));
        ZwClose(link);
        ZwClose(directory);
    }
}

/* A link is followed without walking it again, but never to what is not there any more, nor to what another's case would not find. */
static VOID Way(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\TestWayLink");
    HANDLE outer = NULL, inner = NULL, link = NULL;
    PVOID object;
    ULONG i;

    CHECK(NT_SUCCESS(MakeDirectory(NULL, L"\\TestWay", 0, &outer)) && NT_SUCCESS(MakeDirectory(outer, L"Inner", 0, &inner)));
    CHECK(NT_SUCCESS(MakeLink(L"\\TestWayLink", L"\\testway\\inner", &link)));
    for (i = 0; i < 2; i++) {
        CHECK(Opens(L"\\TestWayLink", STATUS_SUCCESS));
        CHECK(ObReferenceObjectByName(&name, 0, NULL, 0, NULL, KernelMode, NULL, &object) == STATUS_OBJECT_PATH_NOT_FOUND);
        CHECK(Opens(L"\\TestWayLink\\none", STATUS_OBJECT_NAME_NOT_FOUND));
    }
    ZwClose(inner);
    CHECK(Opens(L"\\TestWayLink", STATUS_OBJECT_NAME_NOT_FOUND));
    CHECK(NT_SUCCESS(MakeDirectory(outer, L"Inner", 0, &inner)) && Opens(L"\\TestWayLink", STATUS_SUCCESS));
    ZwClose(inner);
    ZwClose(outer);
    CHECK(Opens(L"\\TestWayLink", STATUS_OBJECT_PATH_NOT_FOUND));
    ZwClose(link);
}

static VOID MakeOrFollow(PVOID Context, ULONG Index)
{
    HANDLE handle = NULL;
    NTSTATUS status;
    ULONG i;

    for (i = 0; i < 800; i++) {
        if (Index == 0)
            status = MakeDirectory(NULL, L"\\TestWayRace", 0, &handle);
        else
            status = OpenDirectory(NULL, L"\\TestWayLink", OBJ_CASE_INSENSITIVE, &handle);
        if (NT_SUCCESS(status))
            CHECK(ZwClose(handle) == STATUS_SUCCESS);
        else
            CHECK(status == (Index == 0 ? STATUS_OBJECT_NAME_COLLISION : STATUS_OBJECT_NAME_NOT_FOUND));
    }
}

static VOID WayRace(VOID)
{
    HANDLE link = NULL;

    CHECK(NT_SUCCESS(MakeLink(L"\\TestWayLink", L"\\TestWayRace", &link)));
    TestRunThreads(5, MakeOrFollow, NULL);
    CHECK(Opens(L"\\TestWayLink", STATUS_OBJECT_NAME_NOT_FOUND));
    ZwClose(link);
}

/* The root directory is never gone, and look-ups do not count it on their way; who gets it has a reference. */
static VOID Root(VOID)
{
    LONG64 before = ObHeader(ObpRootDirectoryObject)->PointerCount;
    HANDLE root = NULL, same = NULL;

    CHECK(OpenDirectory(NULL, L"\\", 0, &root) == STATUS_SUCCESS && OpenDirectory(root, L"", 0, &same) == STATUS_SUCCESS);
    CHECK(ObHeader(ObpRootDirectoryObject)->PointerCount == before + 2);
    CHECK(OpenDirectory(root, L"Nowhere", 0, &same) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(same);
    ZwClose(root);
    CHECK(Opens(L"\\Device", STATUS_SUCCESS) && ObHeader(ObpRootDirectoryObject)->PointerCount == before);
}

static const KE_TEST tests[] = {
    { "ob.namespace.initial", Initial, 0 }, { "ob.lookup.syntax", Syntax, 0 },
    { "ob.lookup.case", CaseMatters, 0 },   { "ob.directory.create", Create, 0 },
    { "ob.name.temporary", Temporary, 0 },  { "ob.link.follow", Follow, 0 },
    { "ob.link.cycle", Cycle, 0 },          { "ob.link.query", Query, 0 },
    { "ob.link.enumerate", Enumerate, 0 },  { "ob.lookup.byname", ByName, 0 },
    { "ob.lookup.open", Open, 0 },          { "ob.name.query", NameOf, 0 },
    { "ob.lookup.storm", Storm, 0 },        { "ob.lookup.lengths", Lengths, 0 },
    { "ob.link.way", Way, 0 },              { "ob.link.wayrace", WayRace, 0 },
    { "ob.lookup.root", Root, 0 },
};
const KE_TEST_GROUP ObNameTests = { tests, RTL_NUMBER_OF(tests) };
