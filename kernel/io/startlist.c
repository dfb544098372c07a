/* SPDX-License-Identifier: MIT
 * Reading every driver's service key and putting them in the order of their start.
 */
#include "startlist.h"
#include "rtl.h"

#define IOP_NO_RANK MAXULONG                     /* after all that have one */
static const WCHAR IopControl[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\";

/* ---- Values, of any length ---- */
typedef struct IOP_ANY_VALUE {
    ULONG Type, Bytes;
    UCHAR Data[];                                /* and four zero bytes */
} IOP_ANY_VALUE;

static IOP_ANY_VALUE *IopQueryAnyValue(HANDLE Key, PCWSTR Name)
{
    KEY_VALUE_PARTIAL_INFORMATION head, *information;
    IOP_ANY_VALUE *value = NULL;
    UNICODE_STRING name;
    ULONG length = 0;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    status = ZwQueryValueKey(Key, &name, KeyValuePartialInformation, &head, sizeof(head), &length);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_OVERFLOW && status != STATUS_BUFFER_TOO_SMALL)
        return NULL;
    length = max(length, (ULONG)sizeof(head));
    information = ExAllocatePoolWithTag(PagedPool, length, IOP_TAG_NAME);
    if (information == NULL)
        return NULL;
    if (NT_SUCCESS(ZwQueryValueKey(Key, &name, KeyValuePartialInformation, information, length, &length)))
        value = ExAllocatePoolWithTag(PagedPool, sizeof(*value) + information->DataLength + 4, IOP_TAG_NAME);
    if (value != NULL) {
        value->Type = information->Type;
        value->Bytes = information->DataLength;
        RtlCopyMemory(value->Data, information->Data, value->Bytes);
        RtlZeroMemory(value->Data + value->Bytes, 4);
    }
    ExFreePoolWithTag(information, IOP_TAG_NAME);
    return value;
}

/* A string, or a list of them, in pool; NULL: there is none, it is empty or something else. */
static PWSTR IopQueryText(HANDLE Key, PCWSTR Name, ULONG Type)
{
    IOP_ANY_VALUE *value = IopQueryAnyValue(Key, Name);
    PWSTR text = NULL;

    if (value != NULL && (value->Type == Type || (Type == REG_MULTI_SZ && value->Type == REG_SZ)) && *(PWSTR)value->Data != L'\0')
        text = ExAllocatePoolWithTag(PagedPool, value->Bytes + 4, IOP_TAG_NAME);
    if (text != NULL)
        RtlCopyMemory(text, value->Data, value->Bytes + 4);
    if (value != NULL)
        ExFreePoolWithTag(value, IOP_TAG_NAME);
    return text;
}

static ULONG IopNumberOr(HANDLE Key, PCWSTR Name, ULONG Default)
{
    ULONG number;
    return NT_SUCCESS(IopQueryNumber(Key, Name, &number)) ? number : Default;
}

/* A key below Control. */
static NTSTATUS IopOpenControl(PCWSTR Name, PHANDLE Key)
{
    WCHAR buffer[RTL_NUMBER_OF(IopControl) + 32];
    UNICODE_STRING path = { 0, sizeof(buffer), buffer };
    OBJECT_ATTRIBUTES attributes;

    RtlAppendUnicodeToString(&path, IopControl);
    RtlAppendUnicodeToString(&path, Name);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwOpenKey(Key, KEY_QUERY_VALUE, &attributes);
}

/* ---- Ranks ---- */
static ULONG IopRankOfGroup(PCWSTR Order, PCWSTR Group)
{
    ULONG rank;

    for (rank = 0; Order != NULL && Group != NULL && *Order != L'\0'; rank++, Order += wcslen(Order) + 1)
        if (_wcsicmp(Order, Group) == 0)
            return rank;
    return IOP_NO_RANK;
}

/* Control\GroupOrderList has for each group the number of its tags and then the tags. */
static ULONG IopRankOfTag(HANDLE Tags, PCWSTR Group, ULONG Tag)
{
    IOP_ANY_VALUE *value = Group != NULL && Tags != NULL && Tag != 0 ? IopQueryAnyValue(Tags, Group) : NULL;
    ULONG rank = IOP_NO_RANK, i;
    PULONG numbers;

    if (value == NULL)
        return rank;
    numbers = (PULONG)value->Data;
    for (i = 1; value->Type == REG_BINARY && i < value->Bytes / sizeof(ULONG) && i <= numbers[0] && rank == IOP_NO_RANK; i++)
        if (numbers[i] == Tag)
            rank = i;
    ExFreePoolWithTag(value, IOP_TAG_NAME);
    return rank;
}

static int __cdecl IopCompareStarts(const void *First, const void *Second)
{
    const IOP_START *a = First, *b = Second;
    ULONG x[] = { a->Start, a->GroupRank, a->TagRank, a->Index }, y[] = { b->Start, b->GroupRank, b->TagRank, b->Index };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(x); i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* ---- The list ---- */
typedef struct IOP_ORDERS {
    PWSTR Groups;                                /* in pool */
    HANDLE Tags;
} IOP_ORDERS;

static BOOLEAN IopMakeRoom(IOP_START_LIST *List)
{
    ULONG room = max(32, List->Room * 2);
    IOP_START *services;

    if (List->Count < List->Room)
        return TRUE;
    services = ExAllocatePoolWithTag(PagedPool, room * sizeof(*services), IOP_TAG_NAME);
    if (services == NULL)
        return FALSE;
    if (List->Services != NULL) {
        RtlCopyMemory(services, List->Services, List->Count * sizeof(*services));
        ExFreePoolWithTag(List->Services, IOP_TAG_NAME);
    }
    List->Services = services;
    List->Room = room;
    return TRUE;
}

static NTSTATUS IopAddService(HANDLE Key, PCUNICODE_STRING Name, const IOP_ORDERS *Orders, IOP_START_LIST *List)
{
    ULONG type = IopNumberOr(Key, L"Type", 0), start = IopNumberOr(Key, L"Start", SERVICE_DISABLED);
    IOP_START *service;

    if (!(type & (SERVICE_KERNEL_DRIVER | SERVICE_FILE_SYSTEM_DRIVER)) || start > SERVICE_DEMAND_START ||
        Name->Length >= IOP_SERVICE_CHARACTERS * sizeof(WCHAR))
        return STATUS_SUCCESS;
    if (!IopMakeRoom(List))
        return STATUS_INSUFFICIENT_RESOURCES;
    service = &List->Services[List->Count];
    *service = (IOP_START){ .Start = start, .Index = List->Count };
    service->Name = (UNICODE_STRING){ Name->Length, Name->Length, ExAllocatePoolWithTag(PagedPool, Name->Length, IOP_TAG_NAME) };
    if (service->Name.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(service->Name.Buffer, Name->Buffer, Name->Length);
    List->Count++;
    service->Group = IopQueryText(Key, L"Group", REG_SZ);
    service->NeededServices = IopQueryText(Key, L"DependOnService", REG_MULTI_SZ);
    service->NeededGroups = IopQueryText(Key, L"DependOnGroup", REG_MULTI_SZ);
    service->GroupRank = IopRankOfGroup(Orders->Groups, service->Group);
    service->TagRank = IopRankOfTag(Orders->Tags, service->Group, IopNumberOr(Key, L"Tag", 0));
    return STATUS_SUCCESS;
}

/* STATUS_NO_MORE_ENTRIES behind the last. */
static NTSTATUS IopAddServiceAt(HANDLE Services, ULONG Index, const IOP_ORDERS *Orders, IOP_START_LIST *List)
{
    union {
        KEY_BASIC_INFORMATION Basic;
        UCHAR Room[FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 256 * sizeof(WCHAR)];
    } key;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    ULONG length;
    HANDLE handle;
    NTSTATUS status = ZwEnumerateKey(Services, Index, KeyBasicInformation, &key, sizeof(key), &length);

    if (!NT_SUCCESS(status))
        return status;
    name = (UNICODE_STRING){ (USHORT)key.Basic.NameLength, (USHORT)key.Basic.NameLength, key.Basic.Name };
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Services, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&handle, KEY_QUERY_VALUE, &attributes)))
        return STATUS_SUCCESS;                   /* gone meanwhile */
    status = IopAddService(handle, &name, Orders, List);
    ZwClose(handle);
    return status;
}

static NTSTATUS IopAddServices(const IOP_ORDERS *Orders, IOP_START_LIST *List)
{
    UNICODE_STRING path = IopServicesKey;
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;
    HANDLE services;
    ULONG i;

    path.Length -= sizeof(WCHAR);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenKey(&services, KEY_ENUMERATE_SUB_KEYS, &attributes);
    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; NT_SUCCESS(status); i++)
        status = IopAddServiceAt(services, i, Orders, List);
    ZwClose(services);
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
}

NTSTATUS IopListServices(IOP_START_LIST *List)
{
    IOP_ORDERS orders = { NULL, NULL };
    HANDLE groups;
    NTSTATUS status;

    RtlZeroMemory(List, sizeof(*List));
    if (NT_SUCCESS(IopOpenControl(L"ServiceGroupOrder", &groups))) {
        orders.Groups = IopQueryText(groups, L"List", REG_MULTI_SZ);
        ZwClose(groups);
    }
    if (!NT_SUCCESS(IopOpenControl(L"GroupOrderList", &orders.Tags)))
        orders.Tags = NULL;
    status = IopAddServices(&orders, List);
    if (orders.Tags != NULL)
        ZwClose(orders.Tags);
    if (orders.Groups != NULL)
        ExFreePoolWithTag(orders.Groups, IOP_TAG_NAME);
    if (!NT_SUCCESS(status)) {
        IopFreeStartList(List);
        return status;
    }
    qsort(List->Services, List->Count, sizeof(*List->Services), IopCompareStarts);
    return STATUS_SUCCESS;
}

VOID IopFreeStartList(IOP_START_LIST *List)
{
    ULONG i;

    for (i = 0; i < List->Count; i++) {
        const IOP_START *service = &List->Services[i];
        ExFreePoolWithTag(service->Name.Buffer, IOP_TAG_NAME);
        if (service->Group != NULL)
            ExFreePoolWithTag(service->Group, IOP_TAG_NAME);
        if (service->NeededServices != NULL)
            ExFreePoolWithTag(service->NeededServices, IOP_TAG_NAME);
        if (service->NeededGroups != NULL)
            ExFreePoolWithTag(service->NeededGroups, IOP_TAG_NAME);
    }
    if (List->Services != NULL)
        ExFreePoolWithTag(List->Services, IOP_TAG_NAME);
    RtlZeroMemory(List, sizeof(*List));
}
