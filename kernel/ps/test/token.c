/* SPDX-License-Identifier: MIT
 * Tokens of processes and threads.
 */
#include "../psp.h"
#include "se.h"
#include "test.h"

#undef PsDereferenceImpersonationToken
VOID NTAPI PsDereferenceImpersonationToken(PACCESS_TOKEN ImpersonationToken);

static PACCESS_TOKEN Client(VOID)
{
    PACCESS_TOKEN copy = NULL;
    CHECK(SeDuplicateToken(SeSystemToken, NULL, FALSE, TokenImpersonation, SecurityImpersonation, KernelMode, &copy) == STATUS_SUCCESS);
    CHECK(ObInsertObject(copy, NULL, 0, 0, NULL, NULL) == STATUS_SUCCESS);
    return copy;
}

static VOID Primary(VOID)
{
    LONG64 before = ObHeader(SeSystemToken)->PointerCount;
    PACCESS_TOKEN token = PsReferencePrimaryToken(PsInitialSystemProcess);

    CHECK(token == SeSystemToken && ObHeader(token)->PointerCount >= before + 1);
    PsDereferencePrimaryToken(token);
}

static VOID Impersonate(VOID)
{
    PETHREAD thread = PsCurrentThread();
    PACCESS_TOKEN client = Client();
    LONG64 before = ObHeader(client)->PointerCount;
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    BOOLEAN copyOnOpen = FALSE, effectiveOnly = TRUE;
    SE_IMPERSONATION_STATE state;
    HANDLE handle = NULL;

    CHECK(PsReferenceImpersonationToken(thread, &copyOnOpen, &effectiveOnly, &level) == NULL && !PsIsThreadImpersonating(thread));
    CHECK(PsImpersonateClient(thread, client, TRUE, FALSE, SecurityImpersonation) == STATUS_SUCCESS);
    CHECK(PsIsThreadImpersonating(thread) && ObHeader(client)->PointerCount == before + 1);
    CHECK(PsReferenceImpersonationToken(thread, &copyOnOpen, &effectiveOnly, &level) == client);
    CHECK(copyOnOpen && !effectiveOnly && level == SecurityImpersonation);
    PsDereferenceImpersonationToken(client);
    CHECK(PsDisableImpersonation(thread, &state) && !PsIsThreadImpersonating(thread));
    PsRestoreImpersonation(thread, &state);
    CHECK(PsIsThreadImpersonating(thread));
    CHECK(PsImpersonateClient(thread, client, FALSE, FALSE, (SECURITY_IMPERSONATION_LEVEL)4) == STATUS_INVALID_PARAMETER);
    PsRevertToSelf();
    CHECK(!PsIsThreadImpersonating(thread) && ObHeader(client)->PointerCount == before);
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(client, OBJ_KERNEL_HANDLE, NULL, TOKEN_ALL_ACCESS, SepTokenObjectType, KernelMode, &handle)));
    CHECK(PsAssignImpersonationToken(thread, handle) == STATUS_SUCCESS && PsIsThreadImpersonating(thread));
    CHECK(PsAssignImpersonationToken(thread, NULL) == STATUS_SUCCESS && !PsIsThreadImpersonating(thread));
    ZwClose(handle);
    CHECK(ZwOpenProcessToken(NtCurrentProcess(), TOKEN_ALL_ACCESS, &handle) == STATUS_SUCCESS);
    CHECK(PsAssignImpersonationToken(thread, handle) == STATUS_BAD_TOKEN_TYPE);
    ZwClose(handle);
    ObfDereferenceObject(client);
}

static VOID Open(VOID)
{
    PETHREAD thread = PsCurrentThread();
    PACCESS_TOKEN client = Client();
    HANDLE handle = NULL;
    PVOID object = NULL;

    CHECK(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_QUERY, OBJ_KERNEL_HANDLE, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, TOKEN_QUERY, SepTokenObjectType, KernelMode, &object, NULL)));
    CHECK(object == SeSystemToken && (LONG64)handle < 0);
    ObfDereferenceObject(object);
    ZwClose(handle);
    CHECK(ZwOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &handle) == STATUS_NO_TOKEN);
    CHECK(ZwOpenProcessToken(NtCurrentThread(), TOKEN_QUERY, &handle) == STATUS_OBJECT_TYPE_MISMATCH);
    PsImpersonateClient(thread, client, FALSE, FALSE, SecurityImpersonation);
    CHECK(ZwOpenThreadTokenEx(NtCurrentThread(), TOKEN_QUERY, TRUE, OBJ_KERNEL_HANDLE, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, SepTokenObjectType, KernelMode, &object, NULL)) && object == client);
    ObfDereferenceObject(object);
    ZwClose(handle);
    CHECK(PsIsThreadImpersonating(thread));
    PsImpersonateClient(thread, client, TRUE, FALSE, SecurityImpersonation);
    CHECK(ZwOpenThreadTokenEx(NtCurrentThread(), TOKEN_QUERY, FALSE, OBJ_KERNEL_HANDLE, &handle) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, SepTokenObjectType, KernelMode, &object, NULL)) && object != client);
    ObfDereferenceObject(object);
    ZwClose(handle);
    PsImpersonateClient(thread, client, FALSE, FALSE, SecurityAnonymous);
    CHECK(ZwOpenThreadToken(NtCurrentThread(), TOKEN_QUERY, TRUE, &handle) == STATUS_CANT_OPEN_ANONYMOUS);
    PsRevertToSelf();
    ObfDereferenceObject(client);
}

/* A thread that ends while it impersonates lets go of its client. */
static VOID EndImpersonating(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 100; i++) {
        CHECK(PsImpersonateClient(PsCurrentThread(), Context, FALSE, FALSE, SecurityImpersonation) == STATUS_SUCCESS);
        if (i % 3 == Index % 3)
            PsRevertToSelf();
    }
}

static VOID Storm(VOID)
{
    PACCESS_TOKEN client = Client();
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    LONG64 before = ObHeader(client)->PointerCount;

    TestRunThreads(4, EndImpersonating, client);
    while (*(volatile LONG64 *)&ObHeader(client)->PointerCount != before)      /* until the last thread was reaped */
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    ObfDereferenceObject(client);
}

static const KE_TEST PsTokenTable[] = {
    { "ps.token.primary", Primary, 0 },
    { "ps.token.impersonate", Impersonate, 0 },
    { "ps.token.open", Open, 0 },
    { "ps.token.storm", Storm, 4 },
};
const KE_TEST_GROUP PsTokenTests = { PsTokenTable, RTL_NUMBER_OF(PsTokenTable) };
