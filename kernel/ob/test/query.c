/* SPDX-License-Identifier: MIT
 * Asking about objects, types and directories; flags of handles; whether two handles are of one object.
 */
#include "../obp.h"
#include "ke.h"
#include "test.h"

static HANDLE MakeDirectory(HANDLE Root, PCWSTR Name, ULONG Attributes)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle = NULL;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, Name != NULL ? &name : NULL, Attributes | OBJ_KERNEL_HANDLE, Root, NULL);
    CHECK(NT_SUCCESS(ZwCreateDirectoryObject(&handle, DIRECTORY_ALL_ACCESS, &attributes)));
    return handle;
}

static VOID Object(VOID)
{
    HANDLE handle = MakeDirectory(NULL, L"\\ObQuery", OBJ_INHERIT);
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\ObQuery"), directory = RTL_CONSTANT_STRING(L"Directory");
    OBJECT_BASIC_INFORMATION basic;
    struct { OBJECT_TYPE_INFORMATION Type; WCHAR Name[12]; } type;
    struct { OBJECT_NAME_INFORMATION Name; WCHAR Text[9]; } name;
    ULONG length = 0;

    CHECK(ZwQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic), &length) == STATUS_SUCCESS);
    CHECK(length == sizeof(basic) && basic.Attributes == OBJ_INHERIT && basic.GrantedAccess == DIRECTORY_ALL_ACCESS);
    CHECK(basic.HandleCount == 1 && basic.PointerCount == 2 && basic.SecurityDescriptorSize != 0);
    CHECK(basic.NameInfoSize == sizeof(OBJECT_NAME_INFORMATION) + 18 && basic.TypeInfoSize == sizeof(type.Type) + 24);
    CHECK(ZwQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic) - 1, &length) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwQueryObject(handle, ObjectTypeInformation, &type, sizeof(type.Type), &length) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(length == basic.TypeInfoSize);
    CHECK(ZwQueryObject(handle, ObjectTypeInformation, &type, sizeof(type), NULL) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&type.Type.TypeName, &directory, FALSE) && type.Type.TypeIndex == ObpDirectoryObjectType->Index);
    CHECK(type.Type.TotalNumberOfHandles >= 1 && type.Type.ValidAccessMask == ObpDirectoryObjectType->TypeInfo.ValidAccessMask);
    CHECK(ZwQueryObject(handle, ObjectNameInformation, &name, sizeof(name) - 8, &length) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(length == basic.NameInfoSize);
    CHECK(ZwQueryObject(handle, ObjectNameInformation, &name, sizeof(name), NULL) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&name.Name.Name, &path, FALSE));
    CHECK(ZwQueryObject(handle, ObjectSessionInformation, &basic, sizeof(basic), NULL) == STATUS_INVALID_INFO_CLASS);
    ZwClose(handle);
    CHECK(ZwQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic), NULL) == STATUS_INVALID_HANDLE);
    CHECK(ZwQueryObject(NtCurrentProcess(), ObjectTypeInformation, &type, sizeof(type), NULL) == STATUS_SUCCESS);
    CHECK(type.Type.TypeIndex == ObpProcessType->Index && type.Type.SecurityRequired);
}

static VOID Types(VOID)
{
    POBJECT_TYPES_INFORMATION all;
    POBJECT_TYPE_INFORMATION type;
    ULONG length = 0, i;

    CHECK(ZwQueryObject(NULL, ObjectTypesInformation, NULL, 0, &length) == STATUS_INFO_LENGTH_MISMATCH && length > 0);
    all = ExAllocatePoolWithTag(PagedPool, length, 'tseT');
    if (!CHECK(all != NULL))
        return;
    CHECK(ZwQueryObject(NULL, ObjectTypesInformation, all, length - 1, NULL) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwQueryObject(NULL, ObjectTypesInformation, all, length, NULL) == STATUS_SUCCESS);
    type = (POBJECT_TYPE_INFORMATION)((PUCHAR)all + 8);
    for (i = 0; i < all->NumberOfTypes; i++) {
        CHECK(type->TypeIndex == i + 2 && RtlEqualUnicodeString(&type->TypeName, &ObTypeIndexTable[i + 2]->Name, FALSE));
        type = (POBJECT_TYPE_INFORMATION)((PUCHAR)(type + 1) + ((type->TypeName.MaximumLength + 7) & ~7));
    }
    CHECK(i > 3 && ObTypeIndexTable[i + 2] == NULL && (PUCHAR)type == (PUCHAR)all + length);
    ExFreePoolWithTag(all, 'tseT');
}

static VOID Flags(VOID)
{
    OBJECT_HANDLE_FLAG_INFORMATION flags = { FALSE, TRUE };
    HANDLE handle = MakeDirectory(NULL, NULL, OBJ_INHERIT);

    CHECK(ZwQueryObject(handle, ObjectHandleFlagInformation, &flags, sizeof(flags), NULL) == STATUS_SUCCESS);
    CHECK(flags.Inherit && !flags.ProtectFromClose);
    flags = (OBJECT_HANDLE_FLAG_INFORMATION){ FALSE, TRUE };
    CHECK(ZwSetInformationObject(handle, ObjectHandleFlagInformation, &flags, 1) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwSetInformationObject(handle, ObjectBasicInformation, &flags, sizeof(flags)) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwSetInformationObject(handle, ObjectHandleFlagInformation, &flags, sizeof(flags)) == STATUS_SUCCESS);
    flags.Inherit = TRUE;
    CHECK(ZwQueryObject(handle, ObjectHandleFlagInformation, &flags, sizeof(flags), NULL) == STATUS_SUCCESS);
    CHECK(!flags.Inherit && flags.ProtectFromClose && ZwClose(handle) == STATUS_HANDLE_NOT_CLOSABLE);
    flags.ProtectFromClose = FALSE;
    CHECK(ZwSetInformationObject(handle, ObjectHandleFlagInformation, &flags, sizeof(flags)) == STATUS_SUCCESS);
    CHECK(ZwClose(handle) == STATUS_SUCCESS);
}

static VOID Compare(VOID)
{
    HANDLE handle = MakeDirectory(NULL, NULL, 0), other = MakeDirectory(NULL, NULL, 0), same = NULL;

    CHECK(ZwDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &same, 0, 0, 0) == STATUS_SUCCESS);
    CHECK(ZwCompareObjects(handle, same) == STATUS_SUCCESS && ZwCompareObjects(handle, other) == STATUS_NOT_SAME_OBJECT);
    ZwClose(same);
    CHECK(ZwCompareObjects(handle, same) == STATUS_INVALID_HANDLE && ZwCompareObjects(same, handle) == STATUS_INVALID_HANDLE);
    ZwClose(other);
    ZwClose(handle);
}

/* ---- Directories ---- */
static ULONG Seen(POBJECT_DIRECTORY_INFORMATION Entry)
{
    UNICODE_STRING type = RTL_CONSTANT_STRING(L"Directory");
    CHECK(Entry->Name.Length == 2 && RtlEqualUnicodeString(&Entry->TypeName, &type, FALSE));
    CHECK(Entry->Name.Buffer[1] == L'\0' && Entry->TypeName.Buffer[9] == L'\0');
    return 1u << (Entry->Name.Buffer[0] - L'a');
}

static VOID Entries(VOID)
{
    HANDLE directory = MakeDirectory(NULL, L"\\ObQuery", 0), inside[3];
    UCHAR buffer[512] __attribute__((aligned(8)));
    POBJECT_DIRECTORY_INFORMATION entry = (POBJECT_DIRECTORY_INFORMATION)buffer;
    ULONG context = 77, length = 0, seen = 0, one = 2 * sizeof(*entry) + 24, i;

    CHECK(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), FALSE, TRUE, &context, &length) == STATUS_NO_MORE_ENTRIES);
    CHECK(context == 77);
    inside[0] = MakeDirectory(directory, L"a", 0);
    inside[1] = MakeDirectory(directory, L"b", 0);
    inside[2] = MakeDirectory(directory, L"c", 0);
    CHECK(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), FALSE, TRUE, &context, &length) == STATUS_SUCCESS);
    CHECK(context == 3 && length == 4 * sizeof(*entry) + 3 * 24 && entry[3].Name.Buffer == NULL && entry[3].TypeName.Length == 0);
    CHECK((Seen(entry) | Seen(entry + 1) | Seen(entry + 2)) == 7);
    CHECK(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), FALSE, FALSE, &context, NULL) == STATUS_NO_MORE_ENTRIES);
    for (i = 0; i < 3; i++) {
        CHECK(ZwQueryDirectoryObject(directory, buffer, sizeof(buffer), TRUE, i == 0, &context, &length) == STATUS_SUCCESS);
        CHECK(context == i + 1 && length == one && entry[1].Name.Buffer == NULL);
        seen |= Seen(entry);
    }
    CHECK(seen == 7 && ZwQueryDirectoryObject(directory, buffer, one, TRUE, FALSE, &context, &length) == STATUS_NO_MORE_ENTRIES);
    CHECK(ZwQueryDirectoryObject(directory, buffer, one, FALSE, TRUE, &context, &length) == STATUS_MORE_ENTRIES && context == 1);
    CHECK(ZwQueryDirectoryObject(directory, buffer, one - 1, TRUE, FALSE, &context, &length) == STATUS_BUFFER_TOO_SMALL);
    CHECK(context == 1 && length == one);
    CHECK(ZwQueryDirectoryObject(directory, NULL, 0, FALSE, FALSE, &context, &length) == STATUS_BUFFER_TOO_SMALL && length == one);
    CHECK(ZwQueryDirectoryObject(NtCurrentProcess(), buffer, one, TRUE, TRUE, &context, NULL) == STATUS_OBJECT_TYPE_MISMATCH);
    for (i = 0; i < 3; i++)
        ZwClose(inside[i]);
    ZwClose(directory);
}

static const KE_TEST tests[] = {
    { "ob.query.object", Object, 0 },   { "ob.query.types", Types, 0 },       { "ob.query.flags", Flags, 0 },
    { "ob.query.compare", Compare, 0 }, { "ob.query.directory", Entries, 0 },
};
const KE_TEST_GROUP ObQueryTests = { tests, RTL_NUMBER_OF(tests) };
