/* SPDX-License-Identifier: MIT
 * Descriptors of objects: assigning with inheritance, capturing, reading, replacing; and what ob does with them.
 */
#include "../sep.h"
#include "test.h"

typedef union LIST {
    ACL Acl;
    UCHAR Bytes[256];
} LIST;

static GENERIC_MAPPING Mapping = { 1, 2, 4, STANDARD_RIGHTS_REQUIRED | 7 };

static VOID MakeDescriptor(PISECURITY_DESCRIPTOR sd, LIST *List, PSID Owner)
{
    CHECK(RtlCreateSecurityDescriptor(sd, 1) == STATUS_SUCCESS);
    CHECK(RtlCreateAcl(&List->Acl, sizeof(*List), ACL_REVISION) == STATUS_SUCCESS);
    CHECK(RtlSetDaclSecurityDescriptor(sd, TRUE, &List->Acl, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetOwnerSecurityDescriptor(sd, Owner, FALSE) == STATUS_SUCCESS);
    CHECK(RtlSetGroupSecurityDescriptor(sd, SepSystemSid, FALSE) == STATUS_SUCCESS);
}

static VOID Add(LIST *List, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    CHECK(RtlAddAccessAllowedAceEx(&List->Acl, ACL_REVISION, Flags, Mask, Sid) == STATUS_SUCCESS);
}

/* Entry Index is for Sid with this mask and these flags. */
static BOOLEAN Has(PSECURITY_DESCRIPTOR Descriptor, ULONG Index, UCHAR Flags, ACCESS_MASK Mask, PSID Sid)
{
    RTL_DESCRIPTOR_PARTS parts;
    PACCESS_ALLOWED_ACE ace;

    RtlGetDescriptorParts(Descriptor, &parts);
    return parts.Dacl != NULL && NT_SUCCESS(RtlGetAce(parts.Dacl, Index, (PVOID *)&ace)) && ace->Header.AceFlags == Flags &&
           ace->Mask == Mask && RtlEqualSid(&ace->SidStart, Sid);
}

static ULONG Count(PSECURITY_DESCRIPTOR Descriptor)
{
    RTL_DESCRIPTOR_PARTS parts;
    RtlGetDescriptorParts(Descriptor, &parts);
    return parts.Dacl != NULL ? parts.Dacl->AceCount : 0;
}

static VOID AssignDefault(VOID)
{
    SECURITY_SUBJECT_CONTEXT subject;
    PSECURITY_DESCRIPTOR made = NULL;
    RTL_DESCRIPTOR_PARTS parts;

    SeCaptureSubjectContext(&subject);
    CHECK(SeAssignSecurity(NULL, NULL, &made, FALSE, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    CHECK(SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(made), made));
    CHECK(!SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(made) - 4, made) && !SeValidSecurityDescriptor(3, made));
    RtlGetDescriptorParts(made, &parts);
    CHECK(RtlEqualSid(parts.Owner, SepAdministratorsSid) && RtlEqualSid(parts.Group, SepSystemSid) && parts.Sacl == NULL);
    CHECK(Count(made) == 2 && Has(made, 0, 0, Mapping.GenericAll, SepSystemSid));   /* the token's, with the type's rights */
    CHECK(Has(made, 1, 0, READ_CONTROL | 5, SepAdministratorsSid));
    CHECK(SeDeassignSecurity(&made) == STATUS_SUCCESS && made == NULL);
    SeReleaseSubjectContext(&subject);
}

static VOID AssignExplicit(VOID)
{
    SECURITY_SUBJECT_CONTEXT subject;
    PSECURITY_DESCRIPTOR made = NULL;
    SECURITY_DESCRIPTOR sd;
    RTL_DESCRIPTOR_PARTS parts;
    LIST list;

    SeCaptureSubjectContext(&subject);
    MakeDescriptor(&sd, &list, SepWorldSid);
    Add(&list, 0, GENERIC_READ, SepCreatorOwnerSid);
    Add(&list, CONTAINER_INHERIT_ACE, GENERIC_WRITE, SepSystemSid);
    CHECK(SeAssignSecurity(NULL, &sd, &made, TRUE, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    RtlGetDescriptorParts(made, &parts);
    CHECK(RtlEqualSid(parts.Owner, SepWorldSid) && Count(made) == 3);
    CHECK(Has(made, 0, 0, 1, SepWorldSid) && Has(made, 1, 0, 2, SepSystemSid));
    CHECK(Has(made, 2, CONTAINER_INHERIT_ACE | INHERIT_ONLY_ACE, GENERIC_WRITE, SepSystemSid));
    SeDeassignSecurity(&made);
    CHECK(RtlSetDaclSecurityDescriptor(&sd, TRUE, NULL, FALSE) == STATUS_SUCCESS);
    CHECK(SeAssignSecurity(NULL, &sd, &made, FALSE, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    RtlGetDescriptorParts(made, &parts);
    CHECK(parts.Dacl == NULL && (parts.Control & SE_DACL_PRESENT));
    SeDeassignSecurity(&made);
    sd.Revision = 9;
    CHECK(SeAssignSecurity(NULL, &sd, &made, FALSE, &subject, &Mapping, PagedPool) == STATUS_INVALID_SECURITY_DESCR);
    SeReleaseSubjectContext(&subject);
}

static VOID AssignInherit(VOID)
{
    SECURITY_SUBJECT_CONTEXT subject;
    PSECURITY_DESCRIPTOR made = NULL;
    SECURITY_DESCRIPTOR parent, sd;
    LIST list, own;

    SeCaptureSubjectContext(&subject);
    MakeDescriptor(&parent, &list, SepSystemSid);
    Add(&list, CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE | INHERIT_ONLY_ACE, GENERIC_ALL, SepCreatorOwnerSid);
    Add(&list, OBJECT_INHERIT_ACE, 2, SepWorldSid);
    Add(&list, CONTAINER_INHERIT_ACE | NO_PROPAGATE_INHERIT_ACE, 4, SepSystemSid);
    Add(&list, 0, 1, SepWorldSid);               /* not for children */
    CHECK(SeAssignSecurity(&parent, NULL, &made, FALSE, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    CHECK(Count(made) == 2 && Has(made, 0, 0, Mapping.GenericAll, SepAdministratorsSid) && Has(made, 1, 0, 2, SepWorldSid));
    SeDeassignSecurity(&made);
    CHECK(SeAssignSecurity(&parent, NULL, &made, TRUE, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    CHECK(Count(made) == 4 && Has(made, 0, 0, Mapping.GenericAll, SepAdministratorsSid));
    CHECK(Has(made, 1, CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE | INHERIT_ONLY_ACE, GENERIC_ALL, SepCreatorOwnerSid));
    CHECK(Has(made, 2, OBJECT_INHERIT_ACE | INHERIT_ONLY_ACE, 2, SepWorldSid) && Has(made, 3, 0, 4, SepSystemSid));
    SeDeassignSecurity(&made);
    MakeDescriptor(&sd, &own, SepSystemSid);
    Add(&own, 0, 1, SepSystemSid);
    Add(&own, INHERITED_ACE, 2, SepSystemSid);
    CHECK(SeAssignSecurityEx(&parent, &sd, &made, NULL, FALSE, 1, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    CHECK(Count(made) == 3 && Has(made, 0, 0, 1, SepSystemSid) && Has(made, 2, INHERITED_ACE, 2, SepWorldSid));
    SeDeassignSecurity(&made);
    sd.Control |= SE_DACL_PROTECTED;
    CHECK(SeAssignSecurityEx(&parent, &sd, &made, NULL, FALSE, 1, &subject, &Mapping, PagedPool) == STATUS_SUCCESS);
    CHECK(Count(made) == 2);
    SeDeassignSecurity(&made);
    SeReleaseSubjectContext(&subject);
}

/* A descriptor in user memory whose parts are there too, or are not. */
static VOID CaptureUser(PVOID Page, const SID *Bad)
{
    PISECURITY_DESCRIPTOR sd = Page;
    PSID sid = (PUCHAR)Page + 256;
    PSECURITY_DESCRIPTOR captured = NULL;
    RTL_DESCRIPTOR_PARTS parts;

    *sd = (SECURITY_DESCRIPTOR){ .Revision = SECURITY_DESCRIPTOR_REVISION1, .Owner = sid };
    RtlCopyMemory(sid, Bad, sizeof(*Bad));
    CHECK(SeCaptureSecurityDescriptor(sd, UserMode, PagedPool, TRUE, &captured) == STATUS_INVALID_SID);
    RtlCopySid(64, sid, SepWorldSid);
    if (CHECK(SeCaptureSecurityDescriptor(sd, UserMode, PagedPool, TRUE, &captured) == STATUS_SUCCESS)) {
        RtlGetDescriptorParts(captured, &parts);
        CHECK(parts.Owner != NULL && RtlEqualSid(parts.Owner, SepWorldSid) && parts.Dacl == NULL && captured != Page);
        SeReleaseSecurityDescriptor(captured, UserMode, TRUE);
    }
    sd->Owner = SepWorldSid;                     /* the kernel's */
    CHECK(SeCaptureSecurityDescriptor(sd, UserMode, PagedPool, TRUE, &captured) == STATUS_ACCESS_VIOLATION);
    sd->Owner = NULL;
    sd->Control = SE_DACL_PRESENT;
    sd->Dacl = (PACL)((PUCHAR)Page + PAGE_SIZE - 4);         /* runs out of the page */
    CHECK(SeCaptureSecurityDescriptor(sd, UserMode, PagedPool, TRUE, &captured) == STATUS_ACCESS_VIOLATION);
}

static VOID Capture(VOID)
{
    PSECURITY_DESCRIPTOR captured = (PVOID)1;
    SECURITY_DESCRIPTOR sd;
    SID bad = { SID_REVISION, 16, { { 0 } }, { 0 } }, *page = TestUserPage();
    LIST list;

    CHECK(SeCaptureSecurityDescriptor(NULL, KernelMode, PagedPool, TRUE, &captured) == STATUS_SUCCESS && captured == NULL);
    MakeDescriptor(&sd, &list, SepWorldSid);
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, FALSE, &captured) == STATUS_SUCCESS && captured == &sd);
    CHECK(SeReleaseSecurityDescriptor(captured, KernelMode, FALSE) == STATUS_SUCCESS);
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, TRUE, &captured) == STATUS_SUCCESS && captured != &sd);
    CHECK(SeValidSecurityDescriptor(RtlLengthSecurityDescriptor(captured), captured));
    CHECK(SeReleaseSecurityDescriptor(captured, KernelMode, TRUE) == STATUS_SUCCESS);
    list.Acl.AceCount = 90;
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, TRUE, &captured) == STATUS_INVALID_ACL);
    sd.Owner = &bad;
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, TRUE, &captured) == STATUS_INVALID_SID);
    CHECK(SeCaptureSecurityDescriptor(&sd, UserMode, PagedPool, TRUE, &captured) == STATUS_ACCESS_VIOLATION);
    if (CHECK(page != NULL)) {
        CaptureUser(page, &bad);
        TestFreeUserPage(page);
    }
    sd.Revision = 0;
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, TRUE, &captured) == STATUS_UNKNOWN_REVISION);
}

static VOID QuerySet(VOID)
{
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | OWNER_SECURITY_INFORMATION;
    PSECURITY_DESCRIPTOR object = NULL, first;
    SECURITY_DESCRIPTOR sd;
    RTL_DESCRIPTOR_PARTS parts;
    UCHAR buffer[300];
    ULONG length = 4;
    LIST list;

    MakeDescriptor(&sd, &list, SepWorldSid);
    Add(&list, 0, GENERIC_READ, SepSystemSid);
    CHECK(SeSetSecurityDescriptorInfo(NULL, &what, &sd, &object, PagedPool, &Mapping) == STATUS_NO_SECURITY_ON_OBJECT);
    object = &sd;
    CHECK(SeSetSecurityDescriptorInfo(NULL, &what, &sd, &object, PagedPool, &Mapping) == STATUS_BAD_DESCRIPTOR_FORMAT);
    CHECK(SeCaptureSecurityDescriptor(&sd, KernelMode, PagedPool, TRUE, &first) == STATUS_SUCCESS);
    object = first;
    sd.Owner = SepAdministratorsSid;
    sd.Group = SepWorldSid;
    CHECK(SeSetSecurityDescriptorInfo(NULL, &what, &sd, &object, PagedPool, &Mapping) == STATUS_SUCCESS && object != first);
    RtlGetDescriptorParts(object, &parts);
    CHECK(RtlEqualSid(parts.Owner, SepAdministratorsSid) && RtlEqualSid(parts.Group, SepSystemSid));    /* the group stays */
    CHECK(Has(object, 0, 0, 1, SepSystemSid));
    SeReleaseSecurityDescriptor(first, KernelMode, TRUE);
    CHECK(SeQuerySecurityDescriptorInfo(&what, buffer, &length, &object) == STATUS_BUFFER_TOO_SMALL && length < sizeof(buffer));
    CHECK(SeQuerySecurityDescriptorInfo(&what, buffer, &length, &object) == STATUS_SUCCESS);
    CHECK(RtlValidRelativeSecurityDescriptor(buffer, length, what) && ((PISECURITY_DESCRIPTOR_RELATIVE)buffer)->Group == 0);
    first = object;
    sd.Owner = NULL;
    CHECK(SeSetSecurityDescriptorInfo(NULL, &what, &sd, &object, PagedPool, &Mapping) == STATUS_INVALID_OWNER && object == first);
    SeDeassignSecurity(&object);
    length = sizeof(buffer);
    CHECK(SeQuerySecurityDescriptorInfo(&what, buffer, &length, &object) == STATUS_SUCCESS && length == 20);
}

/* ---- Objects ---- */
static NTSTATUS OpenDirectory(PCWSTR Name, ULONG Attributes, ACCESS_MASK Access, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, Attributes | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwOpenDirectoryObject(Handle, Access, &attributes);
}

static HANDLE MakeDirectory(PCWSTR Name, PSECURITY_DESCRIPTOR Descriptor, NTSTATUS Expected)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle = NULL;
    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, Descriptor);
    CHECK(ZwCreateDirectoryObject(&handle, DIRECTORY_ALL_ACCESS, &attributes) == Expected);
    return handle;
}

static VOID ObjectOpen(VOID)
{
    SECURITY_DESCRIPTOR sd;
    HANDLE directory, handle = NULL;
    LIST list;

    MakeDescriptor(&sd, &list, SeExports->SeAliasGuestsSid);
    Add(&list, 0, DIRECTORY_QUERY, SepSystemSid);
    directory = MakeDirectory(L"\\TestSecure", &sd, STATUS_SUCCESS);
    CHECK(OpenDirectory(L"\\TestSecure", 0, DIRECTORY_ALL_ACCESS, &handle) == STATUS_SUCCESS);          /* kernel mode is not judged */
    ZwClose(handle);
    CHECK(OpenDirectory(L"\\TestSecure", OBJ_FORCE_ACCESS_CHECK, DIRECTORY_QUERY, &handle) == STATUS_SUCCESS);
    ZwClose(handle);
    CHECK(OpenDirectory(L"\\TestSecure", OBJ_FORCE_ACCESS_CHECK, DIRECTORY_ALL_ACCESS, &handle) == STATUS_ACCESS_DENIED);
    CHECK(OpenDirectory(L"\\TestSecure", OBJ_FORCE_ACCESS_CHECK, MAXIMUM_ALLOWED, &handle) == STATUS_SUCCESS);
    ZwClose(handle);
    list.Acl.AceCount = 60;
    MakeDirectory(L"\\TestSecure2", &sd, STATUS_INVALID_ACL);
    ZwClose(directory);
}

/* What was there before security was is protected too. */
static VOID ObjectInitial(VOID)
{
    static const PCWSTR paths[] = { L"\\", L"\\Device", L"\\ObjectTypes", L"\\BaseNamedObjects" };
    PSECURITY_DESCRIPTOR descriptor;
    BOOLEAN allocated;
    HANDLE handle;
    PVOID object;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(paths); i++) {
        if (!CHECK(OpenDirectory(paths[i], OBJ_FORCE_ACCESS_CHECK, DIRECTORY_QUERY, &handle) == STATUS_SUCCESS))
            continue;
        CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL)));
        CHECK(ObGetObjectSecurity(object, &descriptor, &allocated) == STATUS_SUCCESS && Count(descriptor) == 3);
        CHECK(Has(descriptor, 1, 0, DIRECTORY_ALL_ACCESS, SepSystemSid));
        ObReleaseObjectSecurity(descriptor, allocated);
        ObfDereferenceObject(object);
        ZwClose(handle);
    }
    CHECK(ObGetObjectSecurity(SeSystemToken, &descriptor, &allocated) == STATUS_SUCCESS && Count(descriptor) == 2);
    ObReleaseObjectSecurity(descriptor, allocated);
    CHECK(ObGetObjectSecurity(SepTokenObjectType, &descriptor, &allocated) == STATUS_SUCCESS && Count(descriptor) == 3);
    ObReleaseObjectSecurity(descriptor, allocated);
}

static VOID ObjectInsert(VOID)
{
    SECURITY_DESCRIPTOR sd;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\TestParent\\Child");
    HANDLE directory, handle = NULL;
    LIST list;

    MakeDescriptor(&sd, &list, SeExports->SeAliasGuestsSid);
    Add(&list, CONTAINER_INHERIT_ACE, DIRECTORY_QUERY | DIRECTORY_TRAVERSE, SepSystemSid);
    directory = MakeDirectory(L"\\TestParent", &sd, STATUS_SUCCESS);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK, NULL, NULL);
    CHECK(ZwCreateDirectoryObject(&handle, DIRECTORY_QUERY, &attributes) == STATUS_ACCESS_DENIED);
    handle = MakeDirectory(L"\\TestParent\\Child", NULL, STATUS_SUCCESS);
    ZwClose(directory);
    CHECK(OpenDirectory(L"\\TestParent\\Child", OBJ_FORCE_ACCESS_CHECK, DIRECTORY_QUERY, &directory) == STATUS_OBJECT_PATH_NOT_FOUND);
    ZwClose(handle);
}

static VOID ObjectQuerySet(VOID)
{
    SECURITY_DESCRIPTOR sd;
    PSECURITY_DESCRIPTOR own = NULL;
    UCHAR buffer[300];
    BOOLEAN allocated = TRUE;
    ULONG length = 0;
    PVOID object = NULL;
    HANDLE handle;
    LIST list;

    MakeDescriptor(&sd, &list, SepWorldSid);
    Add(&list, 0, GENERIC_READ, SepWorldSid);
    handle = MakeDirectory(L"\\TestSecure", NULL, STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL)));
    CHECK(ObGetObjectSecurity(object, &own, &allocated) == STATUS_SUCCESS && own != NULL && Count(own) == 2);
    CHECK(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, NULL) == STATUS_ACCESS_VIOLATION);
    CHECK(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &sd) == STATUS_SUCCESS);
    CHECK(Count(own) == 2);                      /* what was taken hold of stays as it was */
    ObReleaseObjectSecurity(own, allocated);
    CHECK(ZwQuerySecurityObject(handle, DACL_SECURITY_INFORMATION, NULL, 0, &length) == STATUS_BUFFER_TOO_SMALL);
    CHECK(ZwQuerySecurityObject(handle, DACL_SECURITY_INFORMATION, buffer, length, &length) == STATUS_SUCCESS);
    CHECK(Count(buffer) == 1 && Has(buffer, 0, 0, STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE, SepWorldSid));
    CHECK(ZwSetSecurityObject((HANDLE)0x7FFF0, DACL_SECURITY_INFORMATION, &sd) == STATUS_INVALID_HANDLE);
    CHECK(ObSetSecurityObjectByPointer(object, OWNER_SECURITY_INFORMATION, &sd) == STATUS_SUCCESS);
    CHECK(ZwQuerySecurityObject(handle, OWNER_SECURITY_INFORMATION, buffer, sizeof(buffer), &length) == STATUS_SUCCESS);
    CHECK(RtlEqualSid(buffer + ((PISECURITY_DESCRIPTOR_RELATIVE)buffer)->Owner, SepWorldSid));
    sd.Revision = 7;
    CHECK(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &sd) == STATUS_UNKNOWN_REVISION);
    ObfDereferenceObject(object);
    ZwClose(handle);
}

/* Everybody replaces and reads one object's descriptor: each read is of a whole one. */
static VOID Replace(PVOID Context, ULONG Index)
{
    SECURITY_DESCRIPTOR sd;
    PSECURITY_DESCRIPTOR read;
    BOOLEAN allocated;
    LIST list;
    ULONG i;

    MakeDescriptor(&sd, &list, SepWorldSid);
    for (i = 0; i <= Index; i++)
        Add(&list, 0, Index + 1, SepWorldSid);
    for (i = 0; i < 100; i++) {
        CHECK(ObSetSecurityObjectByPointer(Context, DACL_SECURITY_INFORMATION, &sd) == STATUS_SUCCESS);
        CHECK(ObGetObjectSecurity(Context, &read, &allocated) == STATUS_SUCCESS);
        CHECK(Has(read, Count(read) - 1, 0, Count(read), SepWorldSid));
        ObReleaseObjectSecurity(read, allocated);
    }
}

static VOID Storm(VOID)
{
    HANDLE handle = MakeDirectory(L"\\TestSecure", NULL, STATUS_SUCCESS);
    PVOID object = NULL;

    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL)));
    TestRunThreads(4, Replace, object);
    ObfDereferenceObject(object);
    ZwClose(handle);
}

static const KE_TEST SeDescriptorTable[] = {
    { "se.assign.default", AssignDefault, 0 },
    { "se.assign.explicit", AssignExplicit, 0 },
    { "se.assign.inherit", AssignInherit, 0 },
    { "se.descriptor.capture", Capture, 0 },
    { "se.descriptor.queryset", QuerySet, 0 },
    { "se.object.open", ObjectOpen, 0 },
    { "se.object.initial", ObjectInitial, 0 },
    { "se.object.insert", ObjectInsert, 0 },
    { "se.object.queryset", ObjectQuerySet, 0 },
    { "se.object.storm", Storm, 4 },
};
const KE_TEST_GROUP SeDescriptorTests = { SeDescriptorTable, RTL_NUMBER_OF(SeDescriptorTable) };
