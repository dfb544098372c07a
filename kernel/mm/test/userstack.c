/* SPDX-License-Identifier: MIT
 * Stacks of user threads, with a TEB that the test makes for its own thread.
 */
#include "../space.h"
#include "mmstack.h"
#include "test.h"

#define STACK_PAGES 32u
#define GUARDS 3u

static struct {
    TEB *Teb;
    MM_USER_STACK Stack;
} Own;

static PUCHAR Limit(VOID) { return (PUCHAR)Own.Teb->NtTib.StackLimit; }

static NTSTATUS Touch(volatile UCHAR *Address)
{
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        *Address = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

static BOOLEAN Is(PVOID Address, ULONG State, ULONG Protect, ULONG Pages)
{
    MEMORY_BASIC_INFORMATION facts;
    return NT_SUCCESS(MmQueryUserMemory(Address, &facts)) && facts.State == State && facts.Protect == Protect &&
           facts.RegionSize == (SIZE_T)Pages << PAGE_SHIFT;
}

static BOOLEAN Begin(SIZE_T Commit)
{
    SIZE_T size = sizeof(TEB);
    PVOID teb = NULL;

    if (!CHECK(NT_SUCCESS(MmAllocateUserMemory(&teb, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))) ||
        !CHECK(NT_SUCCESS(MmCreateUserStack(STACK_PAGES << PAGE_SHIFT, Commit, &Own.Stack))))
        return FALSE;
    Own.Teb = teb;
    Own.Teb->NtTib.StackBase = Own.Stack.Base;
    Own.Teb->NtTib.StackLimit = Own.Stack.Limit;
    Own.Teb->DeallocationStack = Own.Stack.Bottom;
    KeCurrentThread()->Teb = Own.Teb;
    return TRUE;
}

static VOID End(ULONG64 Committed)
{
    PVOID teb = Own.Teb;
    SIZE_T size = 0;

    KeCurrentThread()->Teb = NULL;
    CHECK(NT_SUCCESS(MmFreeUserMemory(&teb, &size, MEM_RELEASE)));
    size = 0;
    CHECK(NT_SUCCESS(MmFreeUserMemory(&Own.Stack.Bottom, &size, MEM_RELEASE)));
    CHECK(MmCommittedPages() == Committed);
}

/* Page by page to the end, which is told of once. */
static VOID Grow(VOID)
{
    ULONG64 committed = MmCommittedPages();
    ULONG pages = 2;

    if (!Begin(2 * PAGE_SIZE))
        return;
    CHECK((PUCHAR)Own.Stack.Base - (PUCHAR)Own.Stack.Bottom == STACK_PAGES << PAGE_SHIFT && MmCommittedPages() == committed + 2 + 2 + GUARDS);
    for (; pages < STACK_PAGES - GUARDS - 1; pages++) {
        CHECK(Is(Limit(), MEM_COMMIT, PAGE_READWRITE, pages) && (PUCHAR)Own.Stack.Base - Limit() == pages << PAGE_SHIFT);
        CHECK(Is(Limit() - GUARDS * PAGE_SIZE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD, GUARDS));
        CHECK(Touch(Limit() - 1) == STATUS_SUCCESS && MmCommittedPages() == committed + 2 + pages + 1 + GUARDS);
    }
    CHECK(Touch(Limit() - 1) == STATUS_STACK_OVERFLOW && Limit() == (PUCHAR)Own.Stack.Bottom + PAGE_SIZE);
    CHECK(Is(Limit(), MEM_COMMIT, PAGE_READWRITE, STACK_PAGES - 1) && Touch(Limit()) == STATUS_SUCCESS);
    CHECK(Touch(Limit() - 1) == STATUS_ACCESS_VIOLATION);
    End(committed);
}

/* A touch of the lowest guard page takes the others along; a larger guarantee makes more of them, and the overflow comes earlier. */
static VOID Leap(VOID)
{
    ULONG64 committed = MmCommittedPages();
    PUCHAR before;

    if (!Begin(PAGE_SIZE))
        return;
    before = Limit();
    CHECK(Touch(before - 2 * PAGE_SIZE - 1) == STATUS_SUCCESS && Limit() == before - GUARDS * PAGE_SIZE);
    CHECK(Is(Limit(), MEM_COMMIT, PAGE_READWRITE, 4) && Touch(before - 1) == STATUS_SUCCESS && Limit() == before - GUARDS * PAGE_SIZE);
    Own.Teb->GuaranteedStackBytes = 5 * PAGE_SIZE - 7;
    CHECK(Touch(Limit() - 1) == STATUS_SUCCESS && Is(Limit() - 6 * PAGE_SIZE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD, 6));
    Own.Teb->GuaranteedStackBytes = ~0u;
    CHECK(Touch(Limit() - 1) == STATUS_STACK_OVERFLOW && Limit() == (PUCHAR)Own.Stack.Bottom + PAGE_SIZE);
    End(committed);
}

/* What is not the thread's stack, or cannot be known to be, is a guard page like any other. */
static VOID NotOwn(VOID)
{
    ULONG64 committed = MmCommittedPages();
    PVOID teb;
    SIZE_T size = PAGE_SIZE;
    ULONG old;

    if (!Begin(PAGE_SIZE))
        return;
    KeCurrentThread()->Teb = NULL;
    CHECK(Touch(Limit() - 1) == STATUS_GUARD_PAGE_VIOLATION && Limit() == (PUCHAR)Own.Stack.Limit);
    KeCurrentThread()->Teb = Own.Teb;
    Own.Teb->DeallocationStack = Own.Stack.Base;
    CHECK(Touch(Limit() - PAGE_SIZE - 1) == STATUS_GUARD_PAGE_VIOLATION);
    Own.Teb->DeallocationStack = NULL;           /* below the allocation */
    CHECK(Touch(Limit() - 2 * PAGE_SIZE - 1) == STATUS_GUARD_PAGE_VIOLATION && Limit() == (PUCHAR)Own.Stack.Limit);
    teb = Own.Teb;                               /* the TEB lies in what it says is the stack: the thread does not look there again */
    Own.Teb->NtTib.StackBase = (PVOID)MmHighestUserAddress;
    CHECK(NT_SUCCESS(MmProtectUserMemory(&teb, &size, PAGE_READWRITE | PAGE_GUARD, &old)));
    CHECK(Touch((PUCHAR)Own.Teb) == STATUS_GUARD_PAGE_VIOLATION && Touch((PUCHAR)Own.Teb) == STATUS_SUCCESS);
    End(committed);
}

/* Without commit the stack does not grow; the guard pages are what is left. */
static VOID NoCommit(VOID)
{
    ULONG64 committed = MmCommittedPages(), taken = 0, step;
    PUCHAR before;

    if (!Begin(PAGE_SIZE))
        return;
    before = Limit();
    for (step = 1ull << 32; step != 0; step /= 2)
        while (MiChargeCommit(step))
            taken += step;
    CHECK(Touch(before - 1) == STATUS_STACK_OVERFLOW && Limit() == before - GUARDS * PAGE_SIZE);
    MiReturnCommit(taken);
    CHECK(Is(Limit(), MEM_COMMIT, PAGE_READWRITE, 1 + GUARDS) && Touch(Limit()) == STATUS_SUCCESS);
    CHECK(Touch(Limit() - 1) == STATUS_ACCESS_VIOLATION);
    End(committed);
}

static VOID Sizes(VOID)
{
    MM_USER_STACK stack;
    SIZE_T size;

    CHECK(MmCreateUserStack(~0ull, 0, &stack) == STATUS_NO_MEMORY && MmCreateUserStack(0, ~0ull - 5, &stack) == STATUS_NO_MEMORY);
    CHECK(MmCreateUserStack((SIZE_T)MmHighestUserAddress, 0, &stack) == STATUS_NO_MEMORY);
    CHECK(MmCreateUserStack(1ull << 40, 1ull << 39, &stack) == STATUS_COMMITMENT_LIMIT);
    if (CHECK(NT_SUCCESS(MmCreateUserStack(0, 0, &stack)))) {
        CHECK((PUCHAR)stack.Base - (PUCHAR)stack.Bottom == 0x100000 && (PUCHAR)stack.Base - (PUCHAR)stack.Limit == PAGE_SIZE);
        size = 0;
        CHECK(NT_SUCCESS(MmFreeUserMemory(&stack.Bottom, &size, MEM_RELEASE)));
    }
    if (CHECK(NT_SUCCESS(MmCreateUserStack(0x10001, 0x10000, &stack)))) {
        CHECK((PUCHAR)stack.Base - (PUCHAR)stack.Bottom == 0x20000 && (PUCHAR)stack.Base - (PUCHAR)stack.Limit == 0x10000);
        size = 0;
        CHECK(NT_SUCCESS(MmFreeUserMemory(&stack.Bottom, &size, MEM_RELEASE)));
    }
}

static const KE_TEST MiUserStackTable[] = {
    { "mm.userstack.grow", Grow, 0 },         { "mm.userstack.leap", Leap, 0 },   { "mm.userstack.not_own", NotOwn, 0 },
    { "mm.userstack.no_commit", NoCommit, 0 }, { "mm.userstack.sizes", Sizes, 0 },
};
const KE_TEST_GROUP MiUserStackTests = { MiUserStackTable, RTL_NUMBER_OF(MiUserStackTable) };
