/* SPDX-License-Identifier: MIT
 * Callback objects.
 */
#include "../exp.h"
#include "test.h"

typedef struct CALLED {
    ULONG Order[4], Count;
    PVOID Argument1, Argument2;
} CALLED;

static CALLED Seen;

static VOID NTAPI First(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Seen.Order[Seen.Count++ % 4] = (ULONG)(ULONG_PTR)Context;
    Seen.Argument1 = Argument1;
    Seen.Argument2 = Argument2;
}

static PCALLBACK_OBJECT Create(PCWSTR Name, BOOLEAN Make, BOOLEAN Multiple, NTSTATUS *Status)
{
    PCALLBACK_OBJECT callback;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL, NULL);
    *Status = ExCreateCallback(&callback, &attributes, Make, Multiple);
    return callback;
}

static VOID Calls(VOID)
{
    NTSTATUS status;
    PCALLBACK_OBJECT callback = Create(L"\\Callback\\PetrelTest", TRUE, TRUE, &status), same;
    PVOID one, two;

    if (!CHECK(status == STATUS_SUCCESS && callback != NULL))
        return;
    same = Create(L"\\Callback\\petreltest", FALSE, FALSE, &status);
    CHECK(status == STATUS_SUCCESS && same == callback);
    one = ExRegisterCallback(callback, First, (PVOID)1);
    two = ExRegisterCallback(same, First, (PVOID)2);
    RtlZeroMemory(&Seen, sizeof(Seen));
    ExNotifyCallback(callback, &Seen, &status);
    CHECK(Seen.Count == 2 && Seen.Order[0] == 1 && Seen.Order[1] == 2 && Seen.Argument1 == &Seen && Seen.Argument2 == &status);
    ExUnregisterCallback(one);
    ExNotifyCallback(callback, NULL, NULL);
    CHECK(Seen.Count == 3 && Seen.Order[2] == 2);
    ExUnregisterCallback(two);
    ExNotifyCallback(callback, NULL, NULL);
    CHECK(Seen.Count == 3);
    ObMakeTemporaryObject(callback);
    ObDereferenceObject(same);
    ObDereferenceObject(callback);
    CHECK(Create(NULL, TRUE, TRUE, &status) == NULL);
    CHECK(Create(L"\\Callback\\PetrelTest", FALSE, FALSE, &status) == NULL && status == STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID OneOnly(VOID)
{
    NTSTATUS status;
    PCALLBACK_OBJECT callback = Create(L"\\Callback\\PetrelOne", TRUE, FALSE, &status);
    PVOID one;

    if (!CHECK(callback != NULL))
        return;
    one = ExRegisterCallback(callback, First, NULL);
    CHECK(one != NULL && ExRegisterCallback(callback, First, NULL) == NULL);
    ExUnregisterCallback(one);
    one = ExRegisterCallback(callback, First, NULL);
    CHECK(one != NULL);
    ExUnregisterCallback(one);
    ObMakeTemporaryObject(callback);
    ObDereferenceObject(callback);
}

/* A routine is never called after ExUnregisterCallback returned. */
typedef struct RACE {
    PCALLBACK_OBJECT Callback;
    volatile LONG Registered[4];
    volatile LONG Stop;
} RACE;

static VOID NTAPI MustBeRegistered(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CHECK(*(volatile LONG *)Context == 1);
    KeYieldExecution();                          /* to who unregisters: he has to wait */
    CHECK(*(volatile LONG *)Context == 1);
}

static VOID RegisterOrNotify(PVOID Context, ULONG Index)
{
    RACE *race = Context;
    ULONG i;

    for (i = 0; i < 500; i++) {
        PVOID registration;
        if (Index >= 2) {
            ExNotifyCallback(race->Callback, NULL, NULL);
            continue;
        }
        race->Registered[Index] = 1;
        registration = ExRegisterCallback(race->Callback, MustBeRegistered, (PVOID)&race->Registered[Index]);
        if (!CHECK(registration != NULL))
            return;
        ExUnregisterCallback(registration);
        race->Registered[Index] = 0;
    }
}

static VOID Race(VOID)
{
    NTSTATUS status;
    RACE race = { .Callback = Create(L"\\Callback\\PetrelRace", TRUE, TRUE, &status) };

    if (!CHECK(race.Callback != NULL))
        return;
    TestRunThreads(4, RegisterOrNotify, &race);
    ObMakeTemporaryObject(race.Callback);
    ObDereferenceObject(race.Callback);
}

static const KE_TEST tests[] = {
    { "ex.callback.calls", Calls, 0 }, { "ex.callback.one", OneOnly, 0 }, { "ex.callback.race", Race, 0 },
};
const KE_TEST_GROUP ExCallbackTests = { tests, RTL_NUMBER_OF(tests) };
