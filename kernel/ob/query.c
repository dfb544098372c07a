/* SPDX-License-Identifier: MIT
 * What can be asked about an object by its handle, and about all types.
 */
#include "obp.h"
#include "ke.h"

typedef struct OBP_QUERY {
    const MM_ANSWER *Answer;
    PVOID Buffer;
    ULONG Length;
    ULONG Needed;                                /* set by each query */
} OBP_QUERY;

static ULONG ObpAlign(ULONG Bytes) { return (Bytes + 7) & ~7u; }

/* ---- Types ---- */
/* A type and its name behind it. */
static ULONG ObpTypeLength(POBJECT_TYPE Type)
{
    return sizeof(OBJECT_TYPE_INFORMATION) + ObpAlign(Type->Name.Length + sizeof(WCHAR));
}

static VOID ObpDescribeType(const OBP_QUERY *Query, POBJECT_TYPE Type, POBJECT_TYPE_INFORMATION Information)
{
    PWCHAR name = (PWCHAR)(Information + 1);

    RtlZeroMemory(Information, sizeof(*Information));
    RtlCopyMemory(name, Type->Name.Buffer, Type->Name.Length);
    name[Type->Name.Length / sizeof(WCHAR)] = L'\0';
    Information->TypeName = (UNICODE_STRING){ Type->Name.Length, (USHORT)(Type->Name.Length + sizeof(WCHAR)),
                                              MmAnswerAddress(Query->Answer, name) };
    Information->TotalNumberOfObjects = Type->TotalNumberOfObjects;
    Information->TotalNumberOfHandles = Type->TotalNumberOfHandles;
    Information->HighWaterNumberOfObjects = Type->HighWaterNumberOfObjects;
    Information->HighWaterNumberOfHandles = Type->HighWaterNumberOfHandles;
    Information->InvalidAttributes = Type->TypeInfo.InvalidAttributes;
    Information->GenericMapping = Type->TypeInfo.GenericMapping;
    Information->ValidAccessMask = Type->TypeInfo.ValidAccessMask;
    Information->SecurityRequired = Type->TypeInfo.SecurityRequired;
    Information->MaintainHandleCount = Type->TypeInfo.MaintainHandleCount;
    Information->TypeIndex = Type->Index;
    Information->PoolType = (ULONG)Type->TypeInfo.PoolType;
}

static NTSTATUS ObpQueryType(PVOID Object, OBP_QUERY *Query)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Object));

    Query->Needed = ObpTypeLength(type);
    if (Query->Length < Query->Needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    ObpDescribeType(Query, type, Query->Buffer);
    return STATUS_SUCCESS;
}

/* Types only come: a type that comes between the two looks is not shown. */
static NTSTATUS ObpQueryTypes(OBP_QUERY *Query)
{
    POBJECT_TYPES_INFORMATION all = Query->Buffer;
    PUCHAR next = (PUCHAR)Query->Buffer + ObpAlign(sizeof(*all));
    ULONG count = 0, i;
    POBJECT_TYPE type;

    Query->Needed = ObpAlign(sizeof(*all));
    while ((type = ObpTypeAt(count)) != NULL) {
        Query->Needed += ObpTypeLength(type);
        count++;
    }
    if (Query->Length < Query->Needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    for (i = 0; i < count; i++) {
        type = ObpTypeAt(i);
        ObpDescribeType(Query, type, (POBJECT_TYPE_INFORMATION)next);
        next += ObpTypeLength(type);
    }
    all->NumberOfTypes = count;
    return STATUS_SUCCESS;
}

/* ---- Objects ---- */
static ULONG ObpNameLength(PVOID Object)
{
    OBJECT_NAME_INFORMATION none;
    ULONG length = 0;

    ObQueryNameString(Object, &none, 0, &length);
    return length > sizeof(none) ? length : 0;   /* without a name there is nothing to tell */
}

static ULONG ObpDescriptorLength(PVOID Object)
{
    PSECURITY_DESCRIPTOR descriptor;
    ULONG length = 0;
    BOOLEAN allocated;

    if (!NT_SUCCESS(ObGetObjectSecurity(Object, &descriptor, &allocated)))
        return 0;
    if (descriptor != NULL)
        length = RtlLengthSecurityDescriptor(descriptor);
    ObReleaseObjectSecurity(descriptor, allocated);
    return length;
}

static NTSTATUS ObpQueryBasic(PVOID Object, const OBJECT_HANDLE_INFORMATION *Has, OBP_QUERY *Query)
{
    POBJECT_HEADER header = ObHeader(Object);
    POBJECT_BASIC_INFORMATION basic = Query->Buffer;

    Query->Needed = sizeof(*basic);
    if (Query->Length != sizeof(*basic))
        return STATUS_INFO_LENGTH_MISMATCH;
    RtlZeroMemory(basic, sizeof(*basic));
    basic->Attributes = Has->HandleAttributes | (header->Flags & OB_FLAG_PERMANENT_OBJECT ? OBJ_PERMANENT : 0) |
                        (header->Flags & OB_FLAG_EXCLUSIVE_OBJECT ? OBJ_EXCLUSIVE : 0);
    basic->GrantedAccess = Has->GrantedAccess;
    basic->HandleCount = (ULONG)header->HandleCount;
    basic->PointerCount = (ULONG)header->PointerCount - 1;       /* without the query's own */
    basic->NameInfoSize = ObpNameLength(Object);
    basic->TypeInfoSize = ObpTypeLength(ObpTypeOf(header));
    if (Has->GrantedAccess & READ_CONTROL)
        basic->SecurityDescriptorSize = ObpDescriptorLength(Object);
    if (ObpTypeOf(header) == ObpSymbolicLinkObjectType)
        basic->CreationTime = ((POBJECT_SYMBOLIC_LINK)Object)->CreationTime;
    return STATUS_SUCCESS;
}

static NTSTATUS ObpQueryFlags(const OBJECT_HANDLE_INFORMATION *Has, OBP_QUERY *Query)
{
    POBJECT_HANDLE_FLAG_INFORMATION flags = Query->Buffer;

    Query->Needed = sizeof(*flags);
    if (Query->Length != sizeof(*flags))
        return STATUS_INFO_LENGTH_MISMATCH;
    flags->Inherit = (Has->HandleAttributes & OBP_INHERIT) != 0;
    flags->ProtectFromClose = (Has->HandleAttributes & OBP_PROTECT_CLOSE) != 0;
    return STATUS_SUCCESS;
}

static NTSTATUS ObpQueryName(PVOID Object, OBP_QUERY *Query)
{
    POBJECT_NAME_INFORMATION name = Query->Buffer;
    NTSTATUS status = ObQueryNameString(Object, name, Query->Length, &Query->Needed);

    if (NT_SUCCESS(status) && name->Name.Buffer != NULL)
        name->Name.Buffer = MmAnswerAddress(Query->Answer, name->Name.Buffer);
    return status;
}

static NTSTATUS ObpQueryByHandle(HANDLE Handle, OBJECT_INFORMATION_CLASS Class, KPROCESSOR_MODE Mode, OBP_QUERY *Query)
{
    OBJECT_HANDLE_INFORMATION has;
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, &object, &has);

    if (!NT_SUCCESS(status))
        return status;
    switch (Class) {
    case ObjectBasicInformation:
        status = ObpQueryBasic(object, &has, Query);
        break;
    case ObjectNameInformation:
        status = ObpQueryName(object, Query);
        break;
    case ObjectTypeInformation:
        status = ObpQueryType(object, Query);
        break;
    case ObjectHandleFlagInformation:
        status = ObpQueryFlags(&has, Query);
        break;
    default:
        status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                             ULONG ObjectInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    MM_ANSWER answer;
    NTSTATUS status = MmBeginAnswer(&answer, mode, ObjectInformation, ObjectInformationLength), written;
    OBP_QUERY query = { &answer, answer.Buffer, (ULONG)answer.Length, 0 };

    if (!NT_SUCCESS(status))
        return status;
    status = ObjectInformationClass == ObjectTypesInformation ? ObpQueryTypes(&query)
                                                              : ObpQueryByHandle(Handle, ObjectInformationClass, mode, &query);
    written = MmEndAnswer(&answer, NT_SUCCESS(status) ? query.Needed : 0);
    if (NT_SUCCESS(written) && ReturnLength != NULL && query.Needed != 0)
        written = MmWriteCaller(mode, ReturnLength, &query.Needed, sizeof(query.Needed));
    return NT_SUCCESS(written) ? status : written;
}

NTSTATUS NTAPI ZwQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                             ULONG ObjectInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryObject(Handle, ObjectInformationClass, ObjectInformation, ObjectInformationLength,
                                                 ReturnLength));
}
