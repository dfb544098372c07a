/* SPDX-License-Identifier: MIT
 * Showing new handles to registered callbacks: from the highest altitude down before the handle is made, back up after it. Each may
 * take rights away that the type does not retain, none gives any.
 */
#include "obp.h"
#include "ke.h"

#define OBP_TAG_CALL 'cCbO'

EX_PUSH_LOCK ObpCallbackLock;

/* A callback that was told of the operation and is to be told of its outcome; its registration's Calls is held. */
typedef struct OBP_CALL {
    struct OBP_CALL *Above;                      /* the one called before */
    OBP_CALLBACK_ITEM *Item;
    PVOID Context;
} OBP_CALL;

typedef struct OBP_FILTER {
    const OBP_NEW_HANDLE *New;
    POBJECT_TYPE Type;
    OB_OPERATION Operation;
    OBP_CALL *Lowest;
} OBP_FILTER;

/* The next callback below Above that wants to hear of the operation, its registration protected, or NULL. Above stays in the list as
 * its registration is protected too. */
static OBP_CALLBACK_ITEM *ObpNextCallback(const OBP_FILTER *Filter, const OBP_CALL *Above)
{
    OBP_CALLBACK_ITEM *found = NULL, *item;
    PLIST_ENTRY head = &Filter->Type->CallbackList, link;

    ExLockShared(&ObpCallbackLock);
    for (link = Above != NULL ? Above->Item->Links.Flink : head->Flink; found == NULL && link != head; link = link->Flink) {
        item = CONTAINING_RECORD(link, OBP_CALLBACK_ITEM, Links);
        if ((item->Operations & Filter->Operation) && ExAcquireRundownProtection(&item->Callbacks->Calls))
            found = item;
    }
    ExUnlockShared(&ObpCallbackLock);
    return found;
}

/* Calls one callback; what it takes away of *Access and may take away is gone. */
static VOID ObpCallPre(const OBP_FILTER *Filter, OBP_CALL *Call, ACCESS_MASK *Access)
{
    OB_PRE_OPERATION_PARAMETERS parameters = { .DuplicateHandleInformation = {
        .DesiredAccess = *Access, .OriginalDesiredAccess = Filter->New->Access,
        .SourceProcess = Filter->New->Source, .TargetProcess = ObpReceiver(Filter->New) } };
    OB_PRE_OPERATION_INFORMATION information = { .Operation = Filter->Operation, .KernelHandle = ObpIsForKernel(Filter->New),
                                                 .Object = Filter->New->Object, .ObjectType = Filter->Type,
                                                 .Parameters = &parameters };
    ACCESS_MASK retained = *Access & Filter->Type->TypeInfo.RetainAccess;

    if (Call->Item->PreOperation == NULL)
        return;
    Call->Item->PreOperation(Call->Item->Callbacks->Context, &information);
    Call->Context = information.CallContext;
    *Access = (*Access & parameters.DuplicateHandleInformation.DesiredAccess) | retained;
}

/* Takes the lowest callback off the filter. */
static VOID ObpEndCall(OBP_FILTER *Filter)
{
    OBP_CALL *call = Filter->Lowest;

    Filter->Lowest = call->Above;
    ExReleaseRundownProtection(&call->Item->Callbacks->Calls);
    ExFreePoolWithTag(call, OBP_TAG_CALL);
}

static NTSTATUS ObpCallBefore(OBP_FILTER *Filter, ACCESS_MASK *Access)
{
    OBP_CALLBACK_ITEM *item;
    OBP_CALL *call;

    while ((item = ObpNextCallback(Filter, Filter->Lowest)) != NULL) {
        call = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*call), OBP_TAG_CALL);
        if (call == NULL) {
            ExReleaseRundownProtection(&item->Callbacks->Calls);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *call = (OBP_CALL){ .Above = Filter->Lowest, .Item = item };
        Filter->Lowest = call;
        ObpCallPre(Filter, call, Access);
    }
    return STATUS_SUCCESS;
}

static VOID ObpCallAfter(OBP_FILTER *Filter, NTSTATUS Status, ACCESS_MASK Access)
{
    while (Filter->Lowest != NULL) {
        OBP_CALL *call = Filter->Lowest;
        OB_POST_OPERATION_PARAMETERS parameters = { .CreateHandleInformation.GrantedAccess = Access };
        OB_POST_OPERATION_INFORMATION information = { .Operation = Filter->Operation, .KernelHandle = ObpIsForKernel(Filter->New),
                                                      .Object = Filter->New->Object, .ObjectType = Filter->Type,
                                                      .CallContext = call->Context, .ReturnStatus = Status,
                                                      .Parameters = NT_SUCCESS(Status) ? &parameters : NULL };
        if (call->Item->PostOperation != NULL)
            call->Item->PostOperation(call->Item->Callbacks->Context, &information);
        ObpEndCall(Filter);
    }
}

NTSTATUS ObpFilterHandle(const OBP_NEW_HANDLE *New, OBP_MAKE_HANDLE *Make, PHANDLE Handle)
{
    OBP_FILTER filter = { .New = New, .Type = ObpTypeOf(ObHeader(New->Object)), .Operation = OB_OPERATION_HANDLE_CREATE };
    OBP_NEW_HANDLE reduced = *New;
    NTSTATUS status;

    if (New->Reason == ObDuplicateHandle)
        filter.Operation = OB_OPERATION_HANDLE_DUPLICATE;
    KeEnterCriticalRegion();
    status = ObpCallBefore(&filter, &reduced.Access);
    if (NT_SUCCESS(status))
        status = Make(&reduced, Handle);
    ObpCallAfter(&filter, status, reduced.Access);
    KeLeaveCriticalRegion();
    return status;
}
