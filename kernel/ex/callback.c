/* SPDX-License-Identifier: MIT
 * Callback objects: drivers register routines with a named object, and whoever notifies it calls them in the order in which they
 * were registered. A routine is called without a lock; the object's lock guards its list, and a registration that is being called
 * stays in the list until the call is over, so that unregistering waits for it.
 */
#include "exp.h"

#define EXP_CALLBACK_SIGNATURE 0x6C6C6143u       /* "Call" */
#define EXP_CALLBACK_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 1)

typedef struct _CALLBACK_OBJECT {
    ULONG Signature;                             /* I */
    BOOLEAN AllowMultiple;                       /* I */
    KE_LOCK Lock;
    LIST_ENTRY Registrations;                    /* Lock */
} CALLBACK_OBJECT;

typedef struct EXP_REGISTRATION {
    LIST_ENTRY Link;                             /* Lock */
    PCALLBACK_OBJECT Object;                    /* I referenced */
    PCALLBACK_FUNCTION Routine;                  /* I */
    PVOID Context;                               /* I */
    ULONG Calls;                                 /* Lock: calls under way */
    BOOLEAN Unregistering;                       /* Lock */
    KEVENT Idle;                                 /* set when Unregistering and no call is under way */
} EXP_REGISTRATION;

static POBJECT_TYPE ExpCallbackObjectType;
PCALLBACK_OBJECT ExSetSystemTimeCallback, ExPowerStateCallback;

/* A callback of the system: permanent, many may register. */
static VOID ExpMakeSystemCallback(PCWSTR Name, PCALLBACK_OBJECT *Callback)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL, NULL);
    status = ExCreateCallback(Callback, &attributes, TRUE, TRUE);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, (ULONG_PTR)status, 0, 0, 0);
}

VOID ExpInitializeCallbacks(VOID)
{
    static const OB_TYPE_TEMPLATE type = {
        .Name = L"Callback", .ValidAccess = EXP_CALLBACK_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE | 1, STANDARD_RIGHTS_EXECUTE, EXP_CALLBACK_ACCESS },
    };

    ExpCallbackObjectType = ObCreateSystemType(&type);
    (VOID)ObCreateBootDirectory(L"\\Callback");
    ExpMakeSystemCallback(L"\\Callback\\SetSystemTime", &ExSetSystemTimeCallback);
    ExpMakeSystemCallback(L"\\Callback\\PowerState", &ExPowerStateCallback);
}

static NTSTATUS ExpMakeCallback(POBJECT_ATTRIBUTES Attributes, BOOLEAN AllowMultiple, PHANDLE Handle)
{
    PCALLBACK_OBJECT callback;
    PVOID object;
    NTSTATUS status = ObCreateObject(KernelMode, ExpCallbackObjectType, Attributes, KernelMode, NULL, sizeof(*callback), 0, 0,
                                     &object);
    if (!NT_SUCCESS(status))
        return status;
    callback = object;
    callback->Signature = EXP_CALLBACK_SIGNATURE;
    callback->AllowMultiple = AllowMultiple;
    callback->Lock = (KE_LOCK)KE_LOCK_OF_RANK(KeRankCallback);
    InitializeListHead(&callback->Registrations);
    return ObInsertObject(object, NULL, EXP_CALLBACK_ACCESS, 0, NULL, Handle);
}

NTSTATUS NTAPI ExCreateCallback(PCALLBACK_OBJECT *CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes, BOOLEAN Create,
                                BOOLEAN AllowMultipleCallbacks)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    PVOID object = NULL;
    HANDLE handle;

    *CallbackObject = NULL;
    if (ObjectAttributes->ObjectName != NULL && ObjectAttributes->ObjectName->Length != 0) {
        status = ObOpenObjectByName(ObjectAttributes, ExpCallbackObjectType, KernelMode, NULL, 0, NULL, &handle);
        if (!NT_SUCCESS(status) && Create)
            status = ExpMakeCallback(ObjectAttributes, AllowMultipleCallbacks, &handle);
    }
    if (NT_SUCCESS(status)) {
        status = ObReferenceObjectByHandle(handle, 0, ExpCallbackObjectType, KernelMode, &object, NULL);
        ZwClose(handle);
    }
    *CallbackObject = object;
    return ObLeaveKernelMode(mode, status);
}

/* Links the registration unless the object takes one only and has it. */
static BOOLEAN ExpLinkRegistration(PCALLBACK_OBJECT Object, EXP_REGISTRATION *Registration)
{
    KIRQL irql = KeLockAcquire(&Object->Lock);
    BOOLEAN allowed = Object->AllowMultiple || IsListEmpty(&Object->Registrations);
    if (allowed)
        InsertTailList(&Object->Registrations, &Registration->Link);
    KeLockRelease(&Object->Lock, irql);
    return allowed;
}

PVOID NTAPI ExRegisterCallback(PCALLBACK_OBJECT CallbackObject, PCALLBACK_FUNCTION CallbackFunction, PVOID CallbackContext)
{
    PCALLBACK_OBJECT object = CallbackObject;
    EXP_REGISTRATION *registration = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*registration), 'RBCx');

    ASSERT(KeIrql() <= APC_LEVEL && object->Signature == EXP_CALLBACK_SIGNATURE);
    if (registration == NULL)
        return NULL;
    RtlZeroMemory(registration, sizeof(*registration));
    registration->Object = object;
    registration->Routine = CallbackFunction;
    registration->Context = CallbackContext;
    KeInitializeEvent(&registration->Idle, NotificationEvent, FALSE);
    ObReferenceObject(object);
    if (!ExpLinkRegistration(object, registration)) {
        ObDereferenceObject(object);
        ExFreePoolWithTag(registration, 'RBCx');
        return NULL;
    }
    return registration;
}

VOID NTAPI ExUnregisterCallback(PVOID CallbackRegistration)
{
    EXP_REGISTRATION *registration = CallbackRegistration;
    PCALLBACK_OBJECT object = registration->Object;
    KIRQL irql = KeLockAcquire(&object->Lock);
    BOOLEAN busy = registration->Calls != 0;

    registration->Unregistering = TRUE;
    if (!busy)
        RemoveEntryList(&registration->Link);
    KeLockRelease(&object->Lock, irql);
    if (busy)                                    /* the last call unlinks it */
        KeWaitForSingleObject(&registration->Idle, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(object);
    ExFreePoolWithTag(registration, 'RBCx');
}

/* After a call: the next registration to look at. */
static PLIST_ENTRY ExpLeaveRegistrationLocked(EXP_REGISTRATION *Registration)
{
    PLIST_ENTRY next = Registration->Link.Flink;
    if (--Registration->Calls == 0 && Registration->Unregistering) {
        RemoveEntryList(&Registration->Link);
        KeSetEvent(&Registration->Idle, 0, FALSE);
    }
    return next;
}

VOID NTAPI ExNotifyCallback(PCALLBACK_OBJECT CallbackObject, PVOID Argument1, PVOID Argument2)
{
    PCALLBACK_OBJECT object = CallbackObject;
    PLIST_ENTRY entry;
    KIRQL irql;

    if (object == NULL)
        return;
    irql = KeLockAcquire(&object->Lock);
    for (entry = object->Registrations.Flink; entry != &object->Registrations;) {
        EXP_REGISTRATION *registration = CONTAINING_RECORD(entry, EXP_REGISTRATION, Link);
        if (registration->Unregistering) {
            entry = entry->Flink;
            continue;
        }
        registration->Calls++;
        KeLockRelease(&object->Lock, irql);
        registration->Routine(registration->Context, Argument1, Argument2);
        irql = KeLockAcquire(&object->Lock);
        entry = ExpLeaveRegistrationLocked(registration);
    }
    KeLockRelease(&object->Lock, irql);
}
