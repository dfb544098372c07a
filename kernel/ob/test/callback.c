/* SPDX-License-Identifier: MIT
 * Callbacks for handles: who is told what and in which order, what they may change, who may register, and leaving.
 */
#include "../obp.h"
#include "ke.h"
#include "mm.h"
#include "test.h"

#define ALL_OPERATIONS (OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE)
#define TERMINATE 0x0001u
#define VM_READ 0x0010u
#define VM_WRITE 0x0020u
#define DUP_HANDLE 0x0040u
#define QUERY_LIMITED 0x1000u

/* What one registration saw, and what it does. Only operations of the test's own thread count. */
typedef struct WATCH {
    ACCESS_MASK Take, Give;
    ULONG Pre, Post, PreOrder, PostOrder, Kernel;
    OB_OPERATION Operation;
    PVOID Object, Source, Target;
    ACCESS_MASK Desired, Original, Granted;
    NTSTATUS Status;
    BOOLEAN WrongContext, NoParameters;
} WATCH;
static PKTHREAD Watcher;
static ULONG Order;

static OB_PREOP_CALLBACK_STATUS NTAPI Before(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    POB_PRE_DUPLICATE_HANDLE_INFORMATION duplicate = &Information->Parameters->DuplicateHandleInformation;
    WATCH *watch = Context;

    if (KeCurrentThread() != Watcher)
        return OB_PREOP_SUCCESS;
    watch->WrongContext |= KeIrql() != PASSIVE_LEVEL || !KeAreApcsDisabled() || Information->CallContext != NULL;
    watch->Pre++;
    watch->PreOrder = ++Order;
    watch->Operation = Information->Operation;
    watch->Object = Information->Object;
    watch->Kernel = Information->KernelHandle;
    watch->Desired = duplicate->DesiredAccess;
    watch->Original = duplicate->OriginalDesiredAccess;
    if (Information->Operation == OB_OPERATION_HANDLE_DUPLICATE) {
        watch->Source = duplicate->SourceProcess;
        watch->Target = duplicate->TargetProcess;
    }
    duplicate->DesiredAccess = (duplicate->DesiredAccess & ~watch->Take) | watch->Give;
    Information->CallContext = &watch->Take;
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI After(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    WATCH *watch = Context;

    if (KeCurrentThread() != Watcher)
        return;
    watch->WrongContext |= KeIrql() != PASSIVE_LEVEL || !KeAreApcsDisabled() || Information->CallContext != &watch->Take ||
                           Information->Object != watch->Object || Information->KernelHandle != watch->Kernel;
    watch->Post++;
    watch->PostOrder = ++Order;
    watch->Status = Information->ReturnStatus;
    watch->NoParameters = Information->Parameters == NULL;
    if (!watch->NoParameters)
        watch->Granted = Information->Parameters->CreateHandleInformation.GrantedAccess;
}

static NTSTATUS Register(PCWSTR Altitude, POBJECT_TYPE *Type, POB_PRE_OPERATION_CALLBACK Pre, POB_POST_OPERATION_CALLBACK Post,
                         PVOID Context, PVOID *Handle)
{
    OB_OPERATION_REGISTRATION operation = { Type, ALL_OPERATIONS, Pre, Post };
    OB_CALLBACK_REGISTRATION registration = { ObGetFilterVersion(), 1, { 0, 0, NULL }, Context, &operation };
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    NTSTATUS status;

    RtlInitUnicodeString(&registration.Altitude, Altitude);
    MmAllowUnsignedCallbacks = TRUE;
    status = ObRegisterCallbacks(&registration, Handle);
    MmAllowUnsignedCallbacks = allowed;
    return status;
}

static PVOID RegisterWatch(PCWSTR Altitude, WATCH *Watch)
{
    PVOID handle = NULL;

    RtlZeroMemory(Watch, sizeof(*Watch));
    Watcher = KeCurrentThread();
    CHECK(Register(Altitude, &ObpProcessType, Before, After, Watch, &handle) == STATUS_SUCCESS && handle != NULL);
    return handle;
}

static ACCESS_MASK AccessOf(HANDLE Handle)
{
    OBJECT_HANDLE_INFORMATION information = { 0, 0 };
    PVOID object;

    if (CHECK(NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, ObpProcessType, KernelMode, &object, &information))))
        ObfDereferenceObject(object);
    return information.GrantedAccess;
}

static HANDLE Open(ULONG Attributes, ACCESS_MASK Access)
{
    HANDLE handle = NULL;
    CHECK(ObOpenObjectByPointer(ObpCurrentProcess(), Attributes, NULL, Access, ObpProcessType, KernelMode, &handle) == STATUS_SUCCESS);
    return handle;
}

/* ---- Telling ---- */
static VOID Create(VOID)
{
    WATCH high, low;
    PVOID lowHandle = RegisterWatch(L"99.9", &low), highHandle = RegisterWatch(L"100", &high);
    HANDLE handle;

    Order = 0;
    high.Take = TERMINATE | QUERY_LIMITED | SYNCHRONIZE;
    low.Take = VM_WRITE;
    low.Give = TERMINATE | VM_READ;
    handle = Open(OBJ_KERNEL_HANDLE, TERMINATE | VM_WRITE | DUP_HANDLE | QUERY_LIMITED | SYNCHRONIZE);
    CHECK(AccessOf(handle) == (DUP_HANDLE | QUERY_LIMITED | SYNCHRONIZE));       /* two are retained, none is added */
    ZwClose(handle);
    CHECK(high.Pre == 1 && high.Post == 1 && low.Pre == 1 && low.Post == 1 && !high.WrongContext && !low.WrongContext);
    CHECK(high.PreOrder == 1 && low.PreOrder == 2 && low.PostOrder == 3 && high.PostOrder == 4);
    CHECK(high.Operation == OB_OPERATION_HANDLE_CREATE && high.Object == ObpCurrentProcess() && high.Kernel == 1);
    CHECK(high.Desired == high.Original && low.Original == high.Original && low.Desired == (high.Desired & ~TERMINATE));
    CHECK(high.Status == STATUS_SUCCESS && low.Granted == (DUP_HANDLE | QUERY_LIMITED | SYNCHRONIZE) && high.Granted == low.Granted);
    handle = Open(0, VM_READ);
    CHECK(AccessOf(handle) == VM_READ && high.Kernel == 0 && high.Pre == 2);
    ZwClose(handle);
    CHECK(ObOpenObjectByPointer(ObpCurrentProcess(), OBJ_EXCLUSIVE, NULL, VM_READ, NULL, KernelMode, &handle) ==
          STATUS_INVALID_PARAMETER);
    CHECK(high.Post == 3 && high.Status == STATUS_INVALID_PARAMETER && high.NoParameters && low.NoParameters);
    ObUnRegisterCallbacks(highHandle);
    ZwClose(Open(0, VM_READ));
    CHECK(high.Pre == 3 && low.Pre == 4);
    ObUnRegisterCallbacks(highHandle);           /* twice: nothing happens */
    ObUnRegisterCallbacks(lowHandle);
    ZwClose(Open(0, VM_READ));
    CHECK(low.Pre == 4 && IsListEmpty(&ObpProcessType->CallbackList));
}

/* A registration for two types with one callback each; a handle of one type is not the other's business. */
static VOID Types(VOID)
{
    WATCH watch = { 0 };
    OB_OPERATION_REGISTRATION operations[2] = { { &ObpThreadType, OB_OPERATION_HANDLE_CREATE, Before, NULL },
                                                { &ObpProcessType, OB_OPERATION_HANDLE_DUPLICATE, NULL, After } };
    OB_CALLBACK_REGISTRATION registration = { OB_FLT_REGISTRATION_VERSION, 2, RTL_CONSTANT_STRING(L"12"), &watch, operations };
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    HANDLE handle;
    PVOID set;

    Watcher = KeCurrentThread();
    MmAllowUnsignedCallbacks = TRUE;
    CHECK(ObRegisterCallbacks(&registration, &set) == STATUS_SUCCESS);
    MmAllowUnsignedCallbacks = allowed;
    ZwClose(Open(0, VM_READ));
    CHECK(watch.Pre == 0 && watch.Post == 0);
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(KeCurrentThread(), 0, NULL, SYNCHRONIZE, ObpThreadType, KernelMode, &handle)));
    ZwClose(handle);
    CHECK(watch.Pre == 1 && watch.Post == 0 && watch.Object == KeCurrentThread());
    ObUnRegisterCallbacks(set);
    CHECK(IsListEmpty(&ObpThreadType->CallbackList) && IsListEmpty(&ObpProcessType->CallbackList));
}

/* ---- Registering ---- */
static VOID Refuse(VOID)
{
    OB_OPERATION_REGISTRATION operation = { &ObpProcessType, ALL_OPERATIONS, Before, NULL };
    OB_CALLBACK_REGISTRATION registration = { 0x0200, 1, RTL_CONSTANT_STRING(L"77"), NULL, &operation };
    POBJECT_TYPE junk = (POBJECT_TYPE)0x1234567;
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    PVOID handle = NULL, second = NULL;

    CHECK(ObGetFilterVersion() == OB_FLT_REGISTRATION_VERSION);
    MmAllowUnsignedCallbacks = FALSE;            /* the kernel's own image is not marked */
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_INVALID_PARAMETER);
    registration.Version = OB_FLT_REGISTRATION_VERSION;
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_ACCESS_DENIED);
    MmAllowUnsignedCallbacks = TRUE;
    registration.OperationRegistrationCount = 0;
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_INVALID_PARAMETER);
    registration.OperationRegistrationCount = 1;
    operation.Operations = 4;
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_INVALID_PARAMETER);
    operation.Operations = ALL_OPERATIONS;
    operation.PreOperation = NULL;
    CHECK(ObRegisterCallbacks(&registration, &handle) == STATUS_INVALID_PARAMETER);
    MmAllowUnsignedCallbacks = allowed;
    CHECK(Register(L"77", &ObpDirectoryObjectType, Before, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(Register(L"77", &junk, Before, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(Register(L"77", NULL, Before, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(Register(L"", &ObpProcessType, Before, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER && handle == NULL);
    Watcher = NULL;
    CHECK(Register(L"77", &ObpProcessType, Before, NULL, NULL, &handle) == STATUS_SUCCESS);
    CHECK(Register(L"77.0", &ObpThreadType, Before, NULL, NULL, &second) == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    ObUnRegisterCallbacks(handle);
    CHECK(Register(L"77.0", &ObpThreadType, Before, NULL, NULL, &second) == STATUS_SUCCESS);
    ObUnRegisterCallbacks(second);
}

/* ---- Leaving waits for a call under way, which does not end before somebody has seen the leaving begin ---- */
static KEVENT InCallback, LeaveCallback;
static volatile LONG CallbackLeft, Left;
static PVOID Leaver;

static OB_PREOP_CALLBACK_STATUS NTAPI Block(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    if (KeCurrentThread() != Watcher)
        return OB_PREOP_SUCCESS;
    KeSetEvent(&InCallback, 0, FALSE);
    KeWaitForSingleObject(&LeaveCallback, Executive, KernelMode, FALSE, NULL);
    InterlockedExchange(&CallbackLeft, 1);
    return OB_PREOP_SUCCESS;
}

static VOID LeaveCrew(PVOID Context, ULONG Index)
{
    if (Index == 0) {
        Watcher = KeCurrentThread();
        ZwClose(Open(0, VM_READ));
        return;
    }
    KeWaitForSingleObject(&InCallback, Executive, KernelMode, FALSE, NULL);
    if (Index == 1) {
        ObUnRegisterCallbacks(Leaver);
        CHECK(CallbackLeft);
        InterlockedExchange(&Left, 1);
        return;
    }
    /* A registration that is leaving cannot be entered: its callback is not called for this handle, or it would be blocked. */
    while (!((OBP_CALLBACKS *)Leaver)->Leaving)
        KeYieldExecution();
    ZwClose(Open(0, VM_READ));
    CHECK(!Left);
    KeSetEvent(&LeaveCallback, 0, FALSE);
}

static VOID Leave(VOID)
{
    KeInitializeEvent(&InCallback, NotificationEvent, FALSE);
    KeInitializeEvent(&LeaveCallback, NotificationEvent, FALSE);
    CallbackLeft = Left = 0;
    Watcher = NULL;
    CHECK(Register(L"5", &ObpProcessType, Block, NULL, NULL, &Leaver) == STATUS_SUCCESS);
    TestRunThreads(3, LeaveCrew, NULL);
    CHECK(Left && CallbackLeft);
}

/* ---- Everybody registers, opens and leaves at once ---- */
static OB_PREOP_CALLBACK_STATUS NTAPI Count(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    InterlockedIncrement(Context);
    Information->CallContext = Context;
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI Uncount(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    CHECK(Information->CallContext == Context);
    InterlockedDecrement(Context);
}

static VOID StormCrew(PVOID Context, ULONG Index)
{
    static const PCWSTR altitudes[] = { L"1", L"2.5", L"03", L"1000" };
    volatile LONG inside = 0;
    PVOID handle;
    ULONG i;

    for (i = 0; i < 200; i++) {
        if (!CHECK(Register(altitudes[Index], &ObpProcessType, Count, Uncount, (PVOID)&inside, &handle) == STATUS_SUCCESS))
            return;
        ZwClose(Open(i & 1 ? OBJ_KERNEL_HANDLE : 0, VM_READ));
        ObUnRegisterCallbacks(handle);
        CHECK(inside == 0);
    }
}

static VOID Storm(VOID)
{
    BOOLEAN allowed = MmAllowUnsignedCallbacks;

    MmAllowUnsignedCallbacks = TRUE;
    TestRunThreads(4, StormCrew, NULL);
    MmAllowUnsignedCallbacks = allowed;
    CHECK(IsListEmpty(&ObpProcessType->CallbackList));
}

static const KE_TEST tests[] = {
    { "ob.callback.create", Create, 0 }, { "ob.callback.types", Types, 0 }, { "ob.callback.refuse", Refuse, 0 },
    { "ob.callback.leave", Leave, 0 },   { "ob.callback.storm", Storm, 0 },
};
const KE_TEST_GROUP ObCallbackTests = { tests, RTL_NUMBER_OF(tests) };
