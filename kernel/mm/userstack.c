/* SPDX-License-Identifier: MIT
 * Stacks of user threads, which grow by themselves. Who touches a guard page of his own stack (which the TEB tells of, so that a program may
 * switch stacks) has it as a plain page, and the guard pages begin right below.
 *
 *      TEB.NtTib.StackBase   ->  committed
 *      TEB.NtTib.StackLimit  ->  guard page, committed: whoever touches it lets the stack grow
 *                                guard pages, committed: what is left for the handler of an overflow (TEB.GuaranteedStackBytes)
 *                                reserved
 *      TEB.DeallocationStack ->  a page that stays reserved: who gets there has overrun the stack
 *
 * When there is no room for as many guard pages, or no commit, all of them become plain and the thread gets STATUS_STACK_OVERFLOW, once:
 * there is no guard page until the program makes one. A guard page that another thread touches is lost to the stack, as in NT.
 */
#include "space.h"
#include "mmstack.h"

#define MI_GUARANTEED_PAGES 2ull     /* at least: what Windows leaves on x64 */
#define MI_GUARD_PAGES (MI_GUARANTEED_PAGES + 1)
#define MI_LEAST_PAGES (MI_GUARD_PAGES + 1)      /* of a stack, that are not committed for use */
#define MI_STACK_UNIT 0x100000ull    /* of a stack whose commit says how large it is */

/* ---- Making one ---- */
static NTSTATUS MiMakeStackLocked(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 Pages, ULONG64 Committed)
{
    NTSTATUS status = MiPlaceVad(Space, Vad, 0, Pages, 0, MEM_RESERVE);
    ULONG64 guard, page;

    if (!NT_SUCCESS(status))
        return status;
    Vad->CommittedFrom = Vad->Last + 1 - Committed;
    guard = Vad->CommittedFrom - MI_GUARD_PAGES;
    if (!MiEnsureTables(guard << PAGE_SHIFT) || !MiEnsureTables((Vad->CommittedFrom - 1) << PAGE_SHIFT))
        return STATUS_INSUFFICIENT_RESOURCES;
    if (!MiChargeVad(Vad, Committed + MI_GUARD_PAGES))
        return STATUS_COMMITMENT_LIMIT;
    if (MiInsertVad(Space, Vad) == NULL) {
        MiReturnVad(Vad, Vad->Charged);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (page = guard; page < Vad->CommittedFrom; page++)
        __atomic_store_n(MiAddressToPte(page << PAGE_SHIFT), MiSoftEntry(Vad->Protection | MI_GUARD), __ATOMIC_RELEASE);
    return STATUS_SUCCESS;
}

NTSTATUS MmCreateUserStack(SIZE_T Reserve, SIZE_T Commit, MM_USER_STACK *Stack)
{
    MI_VAD vad = { .Kind = MiVadPrivate, .Protection = MI_MAY_READ | MI_MAY_WRITE, .Committed = TRUE };
    PEPROCESS process = MiCurrentProcess();
    ULONG64 pages, committed;
    NTSTATUS status;

    if (max(Reserve, Commit) > (ULONG64)MmHighestUserAddress)
        return STATUS_NO_MEMORY;
    if (Commit >= Reserve)
        Reserve = (max(Commit, 1) + MI_STACK_UNIT - 1) & ~(MI_STACK_UNIT - 1);
    pages = ((Reserve >> PAGE_SHIFT) + ((Reserve & (PAGE_SIZE - 1)) != 0) + MI_GRANULARITY_PAGES - 1) & ~(MI_GRANULARITY_PAGES - 1);
    committed = min(max(ROUND_TO_PAGES(Commit) >> PAGE_SHIFT, 1), pages - MI_LEAST_PAGES);
    MiLockAddressSpace(process);
    status = MiMakeStackLocked(MiSpaceOf(process), &vad, pages, committed);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    Stack->Base = (PVOID)((vad.Last + 1) << PAGE_SHIFT);
    Stack->Limit = (PVOID)(vad.CommittedFrom << PAGE_SHIFT);
    Stack->Bottom = (PVOID)(vad.First << PAGE_SHIFT);
    return STATUS_SUCCESS;
}

/* ---- Growing ---- */
/* As the thread's TEB has it. Page numbers. */
typedef struct MI_STACK {
    ULONG64 Bottom, End;
    ULONG64 Guaranteed;
} MI_STACK;

/* Nothing is looked for in a TEB whose own pages are touched here: looking would come here again. */
static BOOLEAN MiIsInTeb(const TEB *Teb, ULONG64 Address)
{
    ULONG64 first = (ULONG64)Teb & ~(PAGE_SIZE - 1ull);
    return Address >= first && Address < ROUND_TO_PAGES((ULONG64)(Teb + 1));
}

/* The stack that the calling thread is on, if the address is in it. Nothing that it says is true for certain. */
static BOOLEAN MiFindStack(ULONG64 Address, MI_STACK *Stack)
{
    PKTHREAD thread = KeCurrentThread();
    const TEB *teb = (const TEB *)thread->Teb;
    PVOID base, bottom;
    ULONG guaranteed;

    if (teb == NULL || thread->ApcState.Process != thread->Process || MiIsInTeb(teb, Address))
        return FALSE;
    if (!NT_SUCCESS(MmReadCaller(UserMode, &base, &teb->NtTib.StackBase, sizeof(base))) ||
        !NT_SUCCESS(MmReadCaller(UserMode, &bottom, &teb->DeallocationStack, sizeof(bottom))) ||
        !NT_SUCCESS(MmReadCaller(UserMode, &guaranteed, &teb->GuaranteedStackBytes, sizeof(guaranteed))))
        return FALSE;
    Stack->Bottom = (ULONG64)bottom >> PAGE_SHIFT;
    Stack->End = (ULONG64)base >> PAGE_SHIFT;
    Stack->Guaranteed = max(ROUND_TO_PAGES((ULONG64)guaranteed) >> PAGE_SHIFT, MI_GUARANTEED_PAGES);
    return Address >> PAGE_SHIFT > Stack->Bottom && Address >> PAGE_SHIFT < Stack->End;
}

/* Pages from End down to First, committed where they are not. Returns the lowest that could be had, or End. */
static ULONG64 MiSetStackPages(MI_VAD *Vad, ULONG64 First, ULONG64 End, ULONG Protection)
{
    BOOLEAN flush = FALSE;
    ULONG64 page;

    for (page = End; page > First; page--) {
        ULONG64 *pte = MiAddressToPte((page - 1) << PAGE_SHIFT);
        BOOLEAN committed = MiPageIsCommitted(Vad, page - 1);
        if (committed && (Protection & MI_GUARD) && Vad->Secured != 0)
            continue;                            /* somebody has it secured as it is (MmSecureVirtualMemory) */
        if (!MiEnsureTables((page - 1) << PAGE_SHIFT) || (!committed && !MiChargeVad(Vad, 1)))
            break;
        flush = flush || (*pte & MI_PTE_VALID);
        MiProtectPage(Vad, page - 1, Protection);
    }
    if (flush)
        KeFlushTb(page << PAGE_SHIFT, (ULONG)min(End - page, 0xFFFFFFFF));
    return page;
}

static BOOLEAN MiIsGuard(const MI_VAD *Vad, ULONG64 Page)
{
    ULONG protection = MiProtectionOfEntry(MiPageState(Vad, Page));
    return protection != MI_DECOMMITTED && (protection & MI_GUARD);
}

/* The page was a guard page until now, and the thread's: see above. STATUS_RETRY: it grew. *Limit is the new StackLimit then. */
static NTSTATUS MiGrowStackLocked(MI_ADDRESS_SPACE *Space, const MI_STACK *Stack, ULONG64 Page, PULONG64 Limit)
{
    MI_VAD *vad = MiFindVad(Space, Page);
    ULONG64 lowest = Stack->Bottom + 1, end = Page + 1;
    ULONG protection;

    if (vad == NULL || vad->Kind != MiVadPrivate || Stack->Bottom < vad->First || !MiPageIsCommitted(vad, Page))
        return STATUS_GUARD_PAGE_VIOLATION;
    protection = MiProtectionOfEntry(MiPageState(vad, Page));
    if (!(protection & MI_MAY_WRITE) || (protection & MI_GUARD))         /* somebody protected it anew */
        return STATUS_GUARD_PAGE_VIOLATION;
    while (end < min(Stack->End, vad->Last + 1) && MiIsGuard(vad, end))  /* the highest were skipped */
        end++;
    MiSetStackPages(vad, Page + 1, end, protection);
    *Limit = Page;
    if (Page > lowest + Stack->Guaranteed) {
        ULONG64 guard = Page - 1 - Stack->Guaranteed;
        if (MiSetStackPages(vad, guard, Page, protection | MI_GUARD) == guard)
            return STATUS_RETRY;
    }
    *Limit = MiSetStackPages(vad, lowest, Page, protection);
    return STATUS_STACK_OVERFLOW;
}

NTSTATUS MiGrowStack(MI_FAULT *Fault)
{
    PEPROCESS process = MiCurrentProcess();
    ULONG64 page = Fault->Address >> PAGE_SHIFT, limit = 0;
    MI_STACK stack;
    NTSTATUS status;

    if (Fault->GrownTo == page || !MiFindStack(Fault->Address, &stack))
        return STATUS_GUARD_PAGE_VIOLATION;
    Fault->GrownTo = page;
    MiLockAddressSpace(process);
    status = MiGrowStackLocked(MiSpaceOf(process), &stack, page, &limit);
    MiUnlockAddressSpace(process);
    if (status == STATUS_GUARD_PAGE_VIOLATION)
        return status;
    limit <<= PAGE_SHIFT;
    if (!NT_SUCCESS(MmWriteCaller(UserMode, &((TEB *)KeCurrentThread()->Teb)->NtTib.StackLimit, &limit, sizeof(limit))))
        return STATUS_GUARD_PAGE_VIOLATION;
    return status;
}
