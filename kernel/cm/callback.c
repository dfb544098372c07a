/* SPDX-License-Identifier: MIT
 * Showing an operation to the registered callbacks: from the highest altitude down before it, back up after it. A callback that
 * refuses or takes over the operation, and those below it, are not told of the outcome; those above are.
 */
#include "callbackp.h"

EX_PUSH_LOCK CmpCallbackLock;
LIST_ENTRY CmpCallbacks = { &CmpCallbacks, &CmpCallbacks };
volatile LONG CmpCallbackCount;

/* A callback that is running, on the stack of its thread: what it does with the registry is shown only to those below it. */
typedef struct CMP_RUNNING {
    LIST_ENTRY Links;                            /* CmpCallbackLock */
    PKTHREAD Thread;                             /* I */
    CMP_CALLBACK *Callback;                      /* I */
} CMP_RUNNING;
static LIST_ENTRY CmpRunning = { &CmpRunning, &CmpRunning };         /* CmpCallbackLock; innermost first */

typedef struct CMP_CALLED {
    CMP_CALLBACK *Callback;                      /* Calls is held */
    PVOID CallContext;
} CMP_CALLED;

typedef struct CMP_CALLS {
    ULONG Count;
    CMP_CALLED Called[CMP_MAXIMUM_CALLBACKS];
} CMP_CALLS;

CMP_CONTEXT *CmpFindContextLocked(PCM_KEY_BODY Body, const CMP_CALLBACK *Callback)
{
    PLIST_ENTRY link;
    for (link = Body->ContextListHead.Flink; link != &Body->ContextListHead; link = link->Flink) {
        CMP_CONTEXT *context = CONTAINING_RECORD(link, CMP_CONTEXT, BodyLinks);
        if (context->Callback == Callback)
            return context;
    }
    return NULL;
}

static PVOID CmpObjectContext(PCM_KEY_BODY Body, const CMP_CALLBACK *Callback)
{
    CMP_CONTEXT *context;
    PVOID value;

    if (Body == NULL)
        return NULL;
    ExLockShared(&CmpCallbackLock);
    context = CmpFindContextLocked(Body, Callback);
    value = context != NULL ? context->Context : NULL;
    ExUnlockShared(&CmpCallbackLock);
    return value;
}

static NTSTATUS CmpCall(CMP_CALLBACK *Callback, REG_NOTIFY_CLASS Class, PVOID Information)
{
    CMP_RUNNING running = { .Thread = (PKTHREAD)PsGetCurrentThread(), .Callback = Callback };
    NTSTATUS status;

    ExLockExclusive(&CmpCallbackLock);
    InsertHeadList(&CmpRunning, &running.Links);
    ExUnlockExclusive(&CmpCallbackLock);
    status = Callback->Function(Callback->Context, (PVOID)(ULONG_PTR)Class, Information);
    ExLockExclusive(&CmpCallbackLock);
    RemoveEntryList(&running.Links);
    ExUnlockExclusive(&CmpCallbackLock);
    return status;
}

/* The first callback that may see what this thread does. */
static PLIST_ENTRY CmpFirstCallbackLocked(VOID)
{
    PLIST_ENTRY link;

    for (link = CmpRunning.Flink; link != &CmpRunning; link = link->Flink) {
        CMP_RUNNING *running = CONTAINING_RECORD(link, CMP_RUNNING, Links);
        if (running->Thread == (PKTHREAD)PsGetCurrentThread())
            return IsListEmpty(&running->Callback->Links) ? &CmpCallbacks : running->Callback->Links.Flink;
    }
    return CmpCallbacks.Flink;
}

/* Who is to be called, each protected against leaving. */
static VOID CmpCollectCallbacks(CMP_CALLS *Calls)
{
    PLIST_ENTRY link;

    Calls->Count = 0;
    ExLockShared(&CmpCallbackLock);
    for (link = CmpFirstCallbackLocked(); link != &CmpCallbacks && Calls->Count < CMP_MAXIMUM_CALLBACKS; link = link->Flink) {
        CMP_CALLBACK *callback = CONTAINING_RECORD(link, CMP_CALLBACK, Links);
        if (ExAcquireRundownProtection(&callback->Calls))
            Calls->Called[Calls->Count++] = (CMP_CALLED){ callback, NULL };
    }
    ExUnlockShared(&CmpCallbackLock);
}

/* How many were content: all of them when the operation is to be performed. */
static ULONG CmpCallBefore(const CMP_OPERATION *Operation, CMP_CALLS *Calls, NTSTATUS *Status)
{
    ULONG i;

    for (i = 0; i < Calls->Count; i++) {
        CMP_CALLED *called = &Calls->Called[i];
        *Operation->CallContext = NULL;
        *Operation->ObjectContext = CmpObjectContext(Operation->Object, called->Callback);
        *Status = CmpCall(called->Callback, Operation->Before, Operation->Information);
        called->CallContext = *Operation->CallContext;
        if (!NT_SUCCESS(*Status))
            return i;
    }
    *Status = STATUS_SUCCESS;
    return i;
}

static NTSTATUS CmpCallAfter(const CMP_OPERATION *Operation, CMP_CALLS *Calls, ULONG Count, NTSTATUS Status)
{
    while (Count-- > 0) {
        CMP_CALLED *called = &Calls->Called[Count];
        REG_POST_OPERATION_INFORMATION information = { 0 };
        information.Object = Operation->Result == NULL ? Operation->Object : *Operation->Result;
        information.Status = information.ReturnStatus = Status;
        information.PreInformation = Operation->Information;
        information.CallContext = *Operation->CallContext = called->CallContext;
        information.ObjectContext = *Operation->ObjectContext = CmpObjectContext(Operation->Object, called->Callback);
        if (CmpCall(called->Callback, Operation->After, &information) == STATUS_CALLBACK_BYPASS)
            Status = information.ReturnStatus;
    }
    return Status;
}

NTSTATUS CmpFilter(const CMP_OPERATION *Operation)
{
    CMP_CALLS calls;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG content, i;

    if (CmpCallbackCount == 0)
        return Operation->Perform(Operation->Arguments);
    CmpCollectCallbacks(&calls);
    content = CmpCallBefore(Operation, &calls, &status);
    if (content == calls.Count)
        status = Operation->Perform(Operation->Arguments);
    else if (status == STATUS_CALLBACK_BYPASS)
        status = STATUS_SUCCESS;
    status = CmpCallAfter(Operation, &calls, content, status);
    for (i = 0; i < calls.Count; i++)
        ExReleaseRundownProtection(&calls.Called[i].Callback->Calls);
    return status;
}
