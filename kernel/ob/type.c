/* SPDX-License-Identifier: MIT
 * Object types. A type is an object of the type "Type", found by index through ObTypeIndexTable and by name in \ObjectTypes.
 */
#include "obp.h"
#include "ke.h"

#define OBP_FIRST_TYPE 2u

POBJECT_TYPE ObTypeIndexTable[256] = { NULL, (POBJECT_TYPE)0xBAD0B0B0 };    /* a: entries never change once set */
POBJECT_TYPE ObpTypeObjectType, ObpDirectoryObjectType, ObpSymbolicLinkObjectType, ObpProcessType, ObpThreadType;
static KEVENT ObpDefaultObject;                  /* always signalled: what waits on types without anything to wait for see */
static POBJECT_DIRECTORY ObpTypeDirectoryObject;
static EX_PUSH_LOCK ObpTypeLock;                 /* ObpTypeCount */
static ULONG ObpTypeCount = OBP_FIRST_TYPE;

/* The first four letters of the name, as pool tag. */
static ULONG ObpTypeKey(PCUNICODE_STRING Name)
{
    ULONG key = 0, i;
    for (i = 0; i < 4; i++)
        key |= (ULONG)(UCHAR)(i < Name->Length / sizeof(WCHAR) ? Name->Buffer[i] : L' ') << 8 * i;
    return key;
}

static NTSTATUS ObpAllocateType(PCUNICODE_STRING Name, POBJECT_TYPE *Type)
{
    UNICODE_STRING copy;
    POBJECT_HEADER header;
    NTSTATUS status = ObpCaptureName((PUNICODE_STRING)Name, &copy);

    if (!NT_SUCCESS(status))
        return status;
    header = ObpAllocateObject(ObpTypeObjectType, &copy, OBJ_PERMANENT, sizeof(OBJECT_TYPE));
    if (header == NULL) {
        ExFreePoolWithTag(copy.Buffer, 'mNbO');
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    header->Flags |= OB_FLAG_KERNEL_OBJECT;
    header->Flags &= ~OB_FLAG_NEW_OBJECT;
    *Type = (POBJECT_TYPE)&header->Body;
    (*Type)->Name = copy;
    return STATUS_SUCCESS;
}

static VOID ObpFillType(POBJECT_TYPE Type, const OBJECT_TYPE_INITIALIZER *Initializer)
{
    InitializeListHead(&Type->TypeList);
    InitializeListHead(&Type->CallbackList);
    Type->TypeInfo = *Initializer;
    Type->TypeInfo.ValidAccessMask |= SYNCHRONIZE & (Initializer->ObjectTypeFlags & OB_TYPE_USE_DEFAULT_OBJECT ? ~0u : 0);
    Type->DefaultObject = &ObpDefaultObject;     /* unless a body says that it has one: nobody may take bodies for something else */
    Type->Key = ObpTypeKey(&Type->Name);
}

static BOOLEAN ObpAssignIndex(POBJECT_TYPE Type)
{
    BOOLEAN room;
    ExLockExclusive(&ObpTypeLock);
    room = ObpTypeCount < RTL_NUMBER_OF(ObTypeIndexTable);
    if (room) {
        Type->Index = (UCHAR)ObpTypeCount;
        ObTypeIndexTable[ObpTypeCount++] = Type;
    }
    ExUnlockExclusive(&ObpTypeLock);
    return room;
}

NTSTATUS ObCreateObjectType(PCUNICODE_STRING Name, const OBJECT_TYPE_INITIALIZER *Initializer, POBJECT_TYPE *Type)
{
    POBJECT_TYPE type = NULL;
    NTSTATUS status;

    if (Name->Length == 0 || (Name->Length & 1) || Initializer->Length != sizeof(*Initializer))
        return STATUS_INVALID_PARAMETER;
    status = ObpAllocateType(Name, &type);
    if (!NT_SUCCESS(status))
        return status;
    ObpFillType(type, Initializer);
    if (ObpTypeDirectoryObject != NULL)
        status = ObpInsertDirectoryEntry(ObpTypeDirectoryObject, type, TRUE);
    if (NT_SUCCESS(status) && !ObpAssignIndex(type))
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status)) {
        ObMakeTemporaryObject(type);
        ObfDereferenceObject(type);
        return status;
    }
    *Type = type;
    return STATUS_SUCCESS;
}

POBJECT_TYPE ObCreateSystemType(const OB_TYPE_TEMPLATE *Template)
{
    OBJECT_TYPE_INITIALIZER initializer;
    POBJECT_TYPE type = NULL;
    UNICODE_STRING name;
    NTSTATUS status;

    RtlZeroMemory(&initializer, sizeof(initializer));
    initializer.Length = sizeof(initializer);
    initializer.ObjectTypeFlags = Template->Flags;
    initializer.InvalidAttributes = OBJ_OPENLINK;
    initializer.GenericMapping = Template->Mapping;
    initializer.ValidAccessMask = Template->ValidAccess;
    initializer.RetainAccess = Template->RetainAccess;
    initializer.PoolType = Template->PoolType;
    initializer.CloseProcedure = Template->Close;
    initializer.DeleteProcedure = Template->Delete;
    initializer.ParseProcedure = Template->Parse;
    initializer.QueryNameProcedure = Template->QueryName;
    initializer.SecurityProcedure = Template->Security;
    RtlInitUnicodeString(&name, Template->Name);
    status = ObCreateObjectType(&name, &initializer, &type);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, (ULONG_PTR)status, (ULONG_PTR)Template->Name, 0, 0);
    if (Template->DefaultOffset >= 0)
        type->DefaultObject = (PVOID)(ULONG_PTR)Template->DefaultOffset;
    return type;
}

/* "Type" is of its own type, which no allocation could know. */
static VOID ObpCreateTypeType(VOID)
{
    static const OB_TYPE_TEMPLATE template = {
        .Name = L"Type", .ValidAccess = STANDARD_RIGHTS_REQUIRED | 1, .PoolType = NonPagedPoolNx, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE, STANDARD_RIGHTS_REQUIRED | 1 },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT,
    };
    POBJECT_HEADER header;

    ObpTypeObjectType = ObCreateSystemType(&template);
    header = ObHeader(ObpTypeObjectType);
    header->TypeIndex = ObpTypeObjectType->Index ^ ObpTypeIndexMask(header);
    ObpTypeObjectType->TotalNumberOfObjects = 1;
}

VOID ObpInitializeTypes(VOID)
{
    static const OB_TYPE_TEMPLATE directory = {
        .Name = L"Directory", .ValidAccess = DIRECTORY_ALL_ACCESS, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
                     STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
                     STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE, DIRECTORY_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT, .Delete = ObpDeleteDirectory,
    };
    static const OB_TYPE_TEMPLATE link = {
        .Name = L"SymbolicLink", .ValidAccess = SYMBOLIC_LINK_ALL_ACCESS, .PoolType = PagedPool, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
                     STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT, .Delete = ObpDeleteSymbolicLink,
        .Parse = ObpParseSymbolicLink,
    };

    KeInitializeEvent(&ObpDefaultObject, NotificationEvent, TRUE);
    ObpCreateTypeType();
    ObpDirectoryObjectType = ObCreateSystemType(&directory);
    ObpSymbolicLinkObjectType = ObCreateSystemType(&link);
    ObpSymbolicLinkObjectType->TypeInfo.InvalidAttributes = 0;
}

VOID ObpPublishTypes(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"ObjectTypes");
    ULONG i;

    ObpTypeDirectoryObject = ObpLookupDirectoryEntry(ObpRootDirectoryObject, &name, ObpHashName(&name), FALSE);
    for (i = OBP_FIRST_TYPE; i < ObpTypeCount; i++)
        ObpInsertDirectoryEntry(ObpTypeDirectoryObject, ObTypeIndexTable[i], TRUE);
}

POBJECT_TYPE ObpTypeAt(ULONG Number)
{
    return Number < RTL_NUMBER_OF(ObTypeIndexTable) - OBP_FIRST_TYPE ? ObTypeIndexTable[OBP_FIRST_TYPE + Number] : NULL;
}

BOOLEAN ObpIsType(POBJECT_TYPE Type)
{
    POBJECT_TYPE there;
    ULONG i;

    for (i = 0; (there = ObpTypeAt(i)) != NULL; i++)
        if (there == Type)
            return TRUE;
    return FALSE;
}

POBJECT_TYPE NTAPI ObGetObjectType(PVOID Object) { return ObpTypeOf(ObHeader(Object)); }

/* DefaultObject is an object of the type's own, or an offset into the body. An object with the flag of its type points to another. */
PVOID ObWaitableObject(PVOID Object)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));
    const OBJECT_TYPE_INITIALIZER *info = &type->TypeInfo;
    PVOID defaultObject = type->DefaultObject;

    if (info->WaitObjectFlagMask != 0 && (*(volatile ULONG *)((PUCHAR)Object + info->WaitObjectFlagOffset) & info->WaitObjectFlagMask))
        return *(PVOID volatile *)((PUCHAR)Object + info->WaitObjectPointerOffset);
    return (LONG64)defaultObject < 0 ? defaultObject : (PUCHAR)Object + (ULONG64)defaultObject;
}
