/* SPDX-License-Identifier: MIT
 * Objects: types, headers, references, insertion.
 */
#include "../obp.h"
#include "ke.h"
#include "test.h"

typedef struct THING {
    volatile LONG *Deleted;
    volatile LONG *Closed;
    KEVENT Event;
    ULONG Flags;
    PVOID Other;                                 /* what one waits for when Flags says so */
} THING;

#define THING_WAITS_FOR_OTHER 4u

static POBJECT_TYPE ThingType;
static volatile LONG Refuse;

static VOID DeleteThing(PVOID Object)
{
    THING *thing = Object;
    CHECK(KeIrql() == PASSIVE_LEVEL);
    if (thing->Deleted != NULL)
        InterlockedIncrement(thing->Deleted);
}

static VOID CloseThing(PEPROCESS Process, PVOID Object, ULONG_PTR ProcessHandles, ULONG_PTR SystemHandles)
{
    THING *thing = Object;
    CHECK(SystemHandles >= 1);
    if (thing->Closed != NULL)
        InterlockedIncrement(thing->Closed);
}

static NTSTATUS OpenThing(OB_OPEN_REASON Reason, KPROCESSOR_MODE Mode, PEPROCESS Process, PVOID Object, ACCESS_MASK Granted,
                          ULONG Handles)
{
    return Refuse ? STATUS_TOO_MANY_SESSIONS : STATUS_SUCCESS;
}

static POBJECT_TYPE Type(VOID)
{
    static const OB_TYPE_TEMPLATE template = {
        .Name = L"TestThing", .ValidAccess = STANDARD_RIGHTS_ALL | 0xF, .PoolType = NonPagedPoolNx,
        .DefaultOffset = FIELD_OFFSET(THING, Event), .Mapping = { 1, 2, 4, STANDARD_RIGHTS_ALL | 0xF },
        .Close = CloseThing, .Delete = DeleteThing,
    };
    if (ThingType == NULL) {
        ThingType = ObCreateSystemType(&template);
        ThingType->TypeInfo.OpenProcedure = OpenThing;
        ThingType->TypeInfo.WaitObjectFlagMask = THING_WAITS_FOR_OTHER;
        ThingType->TypeInfo.WaitObjectFlagOffset = FIELD_OFFSET(THING, Flags);
        ThingType->TypeInfo.WaitObjectPointerOffset = FIELD_OFFSET(THING, Other);
    }
    return ThingType;
}

static THING *Make(PCWSTR Name, ULONG Attributes, volatile LONG *Deleted, volatile LONG *Closed)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    PVOID object = NULL;
    THING *thing;

    if (Name != NULL)
        RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, Name != NULL ? &name : NULL, Attributes, NULL, NULL);
    if (!CHECK(NT_SUCCESS(ObCreateObject(KernelMode, Type(), &attributes, KernelMode, NULL, sizeof(THING), 0, 0, &object))))
        return NULL;
    thing = object;
    thing->Deleted = Deleted;
    thing->Closed = Closed;
    thing->Flags = 0;
    KeInitializeEvent(&thing->Event, NotificationEvent, FALSE);
    return thing;
}

static VOID Types(VOID)
{
    static const PCWSTR names[] = { L"\\ObjectTypes\\Type", L"\\ObjectTypes\\Directory", L"\\ObjectTypes\\Process" };
    UNICODE_STRING name;
    PVOID type;
    ULONG i;

    CHECK(ObGetObjectType(ObpTypeObjectType) == ObpTypeObjectType);
    CHECK(ObTypeIndexTable[2] == ObpTypeObjectType && ObTypeIndexTable[ObpDirectoryObjectType->Index] == ObpDirectoryObjectType);
    for (i = 0; i < RTL_NUMBER_OF(names); i++) {
        RtlInitUnicodeString(&name, names[i]);
        if (!CHECK(NT_SUCCESS(ObReferenceObjectByName(&name, 0, NULL, 0, ObpTypeObjectType, KernelMode, NULL, &type))))
            continue;
        CHECK(ObGetObjectType(type) == ObpTypeObjectType && ObTypeIndexTable[((POBJECT_TYPE)type)->Index] == type);
        ObfDereferenceObject(type);
    }
    CHECK(ObpProcessType->Key == 'corP' && ObpThreadType->Key == 'erhT');
}

static VOID BadType(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"Directory"), empty = { 0, 0, NULL };
    OBJECT_TYPE_INITIALIZER initializer = { .Length = sizeof(initializer) };
    POBJECT_TYPE type = NULL;
    ULONG before = ObpTypeObjectType->TotalNumberOfObjects;

    CHECK(ObCreateObjectType(&name, &initializer, &type) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(ObCreateObjectType(&empty, &initializer, &type) == STATUS_INVALID_PARAMETER);
    initializer.Length = 4;
    CHECK(ObCreateObjectType(&name, &initializer, &type) == STATUS_INVALID_PARAMETER);
    CHECK(type == NULL && ObpTypeObjectType->TotalNumberOfObjects == before);
}

static VOID Header(VOID)
{
    THING *thing = Make(L"\\TestHeader", 0, NULL, NULL);
    POBJECT_HEADER header = ObHeader(thing);

    CHECK(header->PointerCount == 1 && header->HandleCount == 0 && header->InfoMask == OBP_NAME_INFO);
    CHECK((PUCHAR)ObpNameInfo(header) == (PUCHAR)header - 0x20);
    CHECK(ObpInfoMaskToOffset[0x1F] == 0x20 + 0x20 + 0x10 + 0x20 + 0x10 && ObpInfoMaskToOffset[0x12] == 0x30);
    CHECK((UCHAR)(header->TypeIndex ^ (ULONG64)header >> 8 ^ ObHeaderCookie) == Type()->Index);
    CHECK(ObGetObjectType(thing) == Type());
    ObfDereferenceObject(thing);
}

static VOID Delete(VOID)
{
    volatile LONG deleted = 0;
    ULONG before = Type()->TotalNumberOfObjects;
    THING *thing = Make(NULL, 0, &deleted, NULL);

    CHECK(Type()->TotalNumberOfObjects == before + 1);
    CHECK(ObfReferenceObject(thing) == 2 && ObfReferenceObjectWithTag(thing, 'test') == 3);
    CHECK(ObfDereferenceObjectWithTag(thing, 'test') == 2 && ObfDereferenceObject(thing) == 1 && deleted == 0);
    CHECK(ObfDereferenceObject(thing) == 0 && deleted == 1);
    CHECK(Type()->TotalNumberOfObjects == before);
}

static VOID Deferred(VOID)
{
    volatile LONG deleted = 0;
    THING *a = Make(NULL, 0, &deleted, NULL), *b = Make(NULL, 0, &deleted, NULL), *c = Make(NULL, 0, &deleted, NULL);
    KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);

    ObfDereferenceObject(a);
    CHECK(deleted == 0 || KeQueryActiveProcessorCount(NULL) > 1);
    KeLowerIrql(irql);
    ObDereferenceObjectDeferDelete(b);
    KeEnterGuardedRegion();
    ObDereferenceObjectDeferDeleteWithTag(c, 'test');
    KeLeaveGuardedRegion();
    ObWaitForDeferredDeletes();
    CHECK(deleted == 3);
}

static VOID Safe(VOID)
{
    volatile LONG deleted = 0;
    THING *thing = Make(NULL, 0, &deleted, NULL);

    CHECK(ObReferenceObjectSafe(thing) && ObHeader(thing)->PointerCount == 2);
    ObfDereferenceObject(thing);
    ObHeader(thing)->PointerCount = 0;           /* as if it were being deleted */
    CHECK(!ObReferenceObjectSafe(thing) && ObHeader(thing)->PointerCount == 0);
    ObHeader(thing)->PointerCount = 1;
    ObfDereferenceObject(thing);
    CHECK(deleted == 1);
}

static VOID ByPointer(VOID)
{
    THING *thing = Make(NULL, 0, NULL, NULL);

    CHECK(ObReferenceObjectByPointer(thing, 0, Type(), UserMode) == STATUS_SUCCESS);
    CHECK(ObReferenceObjectByPointerWithTag(thing, 0, NULL, KernelMode, 'test') == STATUS_SUCCESS);
    CHECK(ObReferenceObjectByPointer(thing, 0, NULL, UserMode) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObReferenceObjectByPointer(thing, 0, ObpDirectoryObjectType, KernelMode) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ObHeader(thing)->PointerCount == 3);
    ObfDereferenceObject(thing);
    ObfDereferenceObject(thing);
    ObfDereferenceObject(thing);
}

static VOID Unnamed(VOID)
{
    volatile LONG deleted = 0, closed = 0;
    THING *thing = Make(NULL, 0, &deleted, &closed);
    PVOID again = NULL;
    HANDLE handle = NULL;

    CHECK(ObInsertObject(thing, NULL, GENERIC_READ, 1, &again, &handle) == STATUS_SUCCESS);
    CHECK(again == thing && ObHeader(thing)->PointerCount == 2 && ObHeader(thing)->HandleCount == 1);
    ObfDereferenceObject(again);
    CHECK(deleted == 0 && NT_SUCCESS(ZwClose(handle)) && deleted == 1 && closed == 1);
}

static VOID OpenIf(VOID)
{
    volatile LONG deleted = 0;
    HANDLE first = NULL, second = NULL, third = NULL;
    THING *thing = Make(L"\\TestOpenIf", OBJ_CASE_INSENSITIVE, &deleted, NULL);
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\TestOpenIf");
    OBJECT_ATTRIBUTES attributes;

    CHECK(ObInsertObject(thing, NULL, 1, 0, NULL, &first) == STATUS_SUCCESS);
    CHECK(ObInsertObject(Make(L"\\testopenif", OBJ_OPENIF | OBJ_CASE_INSENSITIVE, &deleted, NULL), NULL, 1, 0, NULL, &second) ==
          STATUS_OBJECT_NAME_EXISTS);
    CHECK(deleted == 1 && ObHeader(thing)->HandleCount == 2);
    CHECK(ObInsertObject(Make(L"\\TESTOPENIF", OBJ_CASE_INSENSITIVE, &deleted, NULL), NULL, 1, 0, NULL, &third) ==
          STATUS_OBJECT_NAME_COLLISION);
    CHECK(deleted == 2 && third == NULL);
    InitializeObjectAttributes(&attributes, &name, OBJ_OPENIF | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwCreateDirectoryObject(&third, DIRECTORY_ALL_ACCESS, &attributes) == STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(first);
    ZwClose(second);
    CHECK(deleted == 3);
}

static VOID Refused(VOID)
{
    volatile LONG deleted = 0, closed = 0;
    HANDLE handle = NULL;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\TestRefused");
    PVOID object;
    THING *thing = Make(L"\\TestRefused", OBJ_PERMANENT, &deleted, &closed);

    Refuse = 1;
    CHECK(ObInsertObject(thing, NULL, 1, 0, NULL, &handle) == STATUS_TOO_MANY_SESSIONS);
    Refuse = 0;
    CHECK(handle == NULL && deleted == 1 && closed == 0);
    CHECK(ObReferenceObjectByName(&name, 0, NULL, 0, Type(), KernelMode, NULL, &object) == STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID BadAttributes(VOID)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING odd = { 3, 4, L"\\a" };
    PVOID object = NULL;

    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    attributes.Length = 8;
    CHECK(ObCreateObject(KernelMode, Type(), &attributes, KernelMode, NULL, 16, 0, 0, &object) == STATUS_INVALID_PARAMETER);
    InitializeObjectAttributes(&attributes, NULL, 0x80000, NULL, NULL);
    CHECK(ObCreateObject(KernelMode, Type(), &attributes, KernelMode, NULL, 16, 0, 0, &object) == STATUS_INVALID_PARAMETER);
    InitializeObjectAttributes(&attributes, &odd, 0, NULL, NULL);
    CHECK(ObCreateObject(KernelMode, Type(), &attributes, KernelMode, NULL, 16, 0, 0, &object) == STATUS_OBJECT_NAME_INVALID);
    CHECK(object == NULL);
}

static VOID Wait(VOID)
{
    THING *thing = Make(NULL, 0, NULL, NULL);
    LARGE_INTEGER now = { .QuadPart = 0 };
    KEVENT other;
    HANDLE handle;
    PVOID kept;

    CHECK(ObWaitableObject(thing) == &thing->Event);
    if (!CHECK(NT_SUCCESS(ObInsertObject(thing, NULL, SYNCHRONIZE, 1, &kept, &handle))))
        return;
    CHECK(ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_TIMEOUT);
    KeSetEvent(&thing->Event, 0, FALSE);
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(ZwWaitForSingleObject((HANDLE)0x7FFF0, FALSE, &now) == STATUS_INVALID_HANDLE);
    KeInitializeEvent(&other, NotificationEvent, FALSE);
    thing->Other = &other;
    CHECK(ObWaitableObject(thing) == &thing->Event);
    thing->Flags = THING_WAITS_FOR_OTHER;
    CHECK(ObWaitableObject(thing) == &other && ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_TIMEOUT);
    KeSetEvent(&other, 0, FALSE);
    CHECK(ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_SUCCESS);
    ZwClose(handle);
    ObfDereferenceObject(kept);
}

/* Five things, more than a thread has wait blocks of its own for. */
static VOID WaitForSeveral(VOID)
{
    LARGE_INTEGER now = { .QuadPart = 0 };
    HANDLE handles[5], twice[2];
    THING *things[5];
    PVOID kept;
    ULONG i;

    for (i = 0; i < 5; i++) {
        things[i] = Make(NULL, 0, NULL, NULL);
        if (!CHECK(NT_SUCCESS(ObInsertObject(things[i], NULL, SYNCHRONIZE, 0, &kept, &handles[i]))))
            return;
    }
    CHECK(ZwWaitForMultipleObjects(5, handles, WaitAny, FALSE, &now) == STATUS_TIMEOUT);
    KeSetEvent(&things[3]->Event, 0, FALSE);
    CHECK(ZwWaitForMultipleObjects(5, handles, WaitAny, FALSE, NULL) == STATUS_WAIT_0 + 3);
    CHECK(ZwWaitForMultipleObjects(5, handles, WaitAll, FALSE, &now) == STATUS_TIMEOUT);
    for (i = 0; i < 5; i++)
        KeSetEvent(&things[i]->Event, 0, FALSE);
    CHECK(ZwWaitForMultipleObjects(5, handles, WaitAll, FALSE, NULL) == STATUS_SUCCESS);
    twice[0] = twice[1] = handles[0];
    CHECK(ZwWaitForMultipleObjects(2, twice, WaitAny, FALSE, &now) != STATUS_INVALID_PARAMETER_MIX);
    CHECK(ZwWaitForMultipleObjects(2, twice, WaitAll, FALSE, &now) == STATUS_INVALID_PARAMETER_MIX);
    CHECK(ZwWaitForMultipleObjects(0, handles, WaitAny, FALSE, &now) == STATUS_INVALID_PARAMETER_1);
    CHECK(ZwWaitForMultipleObjects(65, handles, WaitAny, FALSE, &now) == STATUS_INVALID_PARAMETER_1);
    CHECK(ZwWaitForMultipleObjects(2, handles, (WAIT_TYPE)7, FALSE, &now) == STATUS_INVALID_PARAMETER_3);
    twice[1] = (HANDLE)0x7FFF0;
    CHECK(ZwWaitForMultipleObjects(2, twice, WaitAny, FALSE, &now) == STATUS_INVALID_HANDLE);
    for (i = 0; i < 5; i++) {
        CHECK(ObHeader(things[i])->PointerCount == 1);
        ZwClose(handles[i]);
    }
}

static VOID Storm(PVOID Context, ULONG Index)
{
    PVOID object = Context;
    ULONG i;
    for (i = 0; i < 20000; i++) {
        ObfReferenceObject(object);
        ObfDereferenceObject(object);
    }
}

static VOID References(VOID)
{
    volatile LONG deleted = 0;
    THING *thing = Make(NULL, 0, &deleted, NULL);

    TestRunThreads(8, Storm, thing);
    CHECK(ObHeader(thing)->PointerCount == 1 && deleted == 0);
    ObfDereferenceObject(thing);
    CHECK(deleted == 1);
}

static const KE_TEST tests[] = {
    { "ob.types", Types, 0 },                    { "ob.types.bad", BadType, 0 },
    { "ob.header", Header, 0 },                  { "ob.reference.delete", Delete, 0 },
    { "ob.reference.deferred", Deferred, 0 },    { "ob.reference.safe", Safe, 0 },
    { "ob.reference.bypointer", ByPointer, 0 },  { "ob.reference.storm", References, 0 },
    { "ob.insert.unnamed", Unnamed, 0 },         { "ob.insert.openif", OpenIf, 0 },
    { "ob.insert.refused", Refused, 0 },         { "ob.insert.attributes", BadAttributes, 0 },
    { "ob.wait.handle", Wait, 0 },     { "ob.wait.multiple", WaitForSeveral, 0 },
};
const KE_TEST_GROUP ObObjectTests = { tests, RTL_NUMBER_OF(tests) };
