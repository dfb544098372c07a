/* SPDX-License-Identifier: MIT
 * Handle tables as NT lays them out. A handle is 4 times the index of a 16-byte entry; entries lie in pages of 256, of which the
 * first is never a handle. TableCode is the address of a page of entries (level 0), of 512 addresses of such pages (1), or of 512
 * addresses of those (2); its low two bits are the level. A table only grows.
 *
 * Free entries have LowValue 0 and form a list. An entry in use is locked by clearing its Unlocked bit, at DISPATCH_LEVEL, so that
 * whoever finds it locked may spin.
 */
#include "obp.h"
#include "ke.h"

#define OBP_TAG_TABLE 'btbO'
#define OBP_ENTRIES (PAGE_SIZE / sizeof(HANDLE_TABLE_ENTRY))
#define OBP_POINTERS (PAGE_SIZE / sizeof(PVOID))
#define OBP_MAXIMUM_ENTRIES (1u << 24)
#define OBP_LEVEL_MASK 3ull
#define OBP_STRICT_FIFO 1u

/* ---- Growth, under HandleTableLock ---- */
static PVOID ObpAllocateTablePage(VOID)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, OBP_TAG_TABLE);
    if (page != NULL)
        RtlZeroMemory(page, PAGE_SIZE);
    return page;
}

static inline PVOID *ObpTablePage(ULONG64 Code) { return (PVOID *)(Code & ~OBP_LEVEL_MASK); }

/* Adds a level above the top table when it is full. */
static BOOLEAN ObpRaiseLevel(PHANDLE_TABLE Table, ULONG64 Code)
{
    PVOID *top = ObpAllocateTablePage();
    if (top == NULL)
        return FALSE;
    top[0] = ObpTablePage(Code);
    __atomic_store_n(&Table->TableCode, (ULONG64)top | ((Code & OBP_LEVEL_MASK) + 1), __ATOMIC_RELEASE);
    return TRUE;
}

static BOOLEAN ObpLinkPage(PHANDLE_TABLE Table, PVOID Page, ULONG Index)
{
    ULONG64 code = Table->TableCode;
    PVOID *top = ObpTablePage(code), middle;

    if ((code & OBP_LEVEL_MASK) == 1) {
        __atomic_store_n(&top[Index], Page, __ATOMIC_RELEASE);
        return TRUE;
    }
    middle = top[Index / OBP_POINTERS];
    if (middle == NULL) {
        middle = ObpAllocateTablePage();
        if (middle == NULL)
            return FALSE;
        __atomic_store_n(&top[Index / OBP_POINTERS], middle, __ATOMIC_RELEASE);
    }
    __atomic_store_n((PVOID *)middle + Index % OBP_POINTERS, Page, __ATOMIC_RELEASE);
    return TRUE;
}

static BOOLEAN ObpAddPage(PHANDLE_TABLE Table, PVOID Page)
{
    ULONG index = Table->NextHandleNeedingPool / 4 / OBP_ENTRIES;

    if (Table->TableCode == 0) {
        __atomic_store_n(&Table->TableCode, (ULONG64)Page, __ATOMIC_RELEASE);
        return TRUE;
    }
    if ((index == 1 || index == OBP_POINTERS) && !ObpRaiseLevel(Table, Table->TableCode))
        return FALSE;
    return ObpLinkPage(Table, Page, index);
}

static VOID ObpFreeListInsertLocked(PHANDLE_TABLE_FREE_LIST List, PHANDLE_TABLE_ENTRY Entry, BOOLEAN AtEnd)
{
    if (AtEnd && List->LastFreeHandleEntry != NULL && List->FirstFreeHandleEntry != NULL) {
        Entry->NextFreeHandleEntry = NULL;
        List->LastFreeHandleEntry->NextFreeHandleEntry = Entry;
        List->LastFreeHandleEntry = Entry;
        return;
    }
    Entry->NextFreeHandleEntry = List->FirstFreeHandleEntry;
    if (List->FirstFreeHandleEntry == NULL)
        List->LastFreeHandleEntry = Entry;
    List->FirstFreeHandleEntry = Entry;
}

/* The first entry of a page is no handle: it holds the value of the page's first handle, which names all others. Handles are good for
 * look-ups before anybody can be given one. */
static VOID ObpOfferEntries(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Page)
{
    ULONG first = Table->NextHandleNeedingPool, i;

    Page[0].HighValue = first;
    __atomic_store_n(&Table->NextHandleNeedingPool, first + 4 * OBP_ENTRIES, __ATOMIC_RELEASE);
    ExLockExclusive(&Table->FreeLists[0].FreeListLock);
    for (i = OBP_ENTRIES - 1; i >= 1; i--)
        ObpFreeListInsertLocked(&Table->FreeLists[0], &Page[i], FALSE);
    ExUnlockExclusive(&Table->FreeLists[0].FreeListLock);
}

static BOOLEAN ObpGrowTable(PHANDLE_TABLE Table)
{
    PVOID page = NULL;
    BOOLEAN grown = TRUE;

    ExLockExclusive(&Table->HandleTableLock);
    if (Table->FreeLists[0].FirstFreeHandleEntry == NULL) {      /* nobody else has been here meanwhile */
        if (Table->NextHandleNeedingPool / 4 < OBP_MAXIMUM_ENTRIES)
            page = ObpAllocateTablePage();
        grown = page != NULL && ObpAddPage(Table, page);
        if (grown)
            ObpOfferEntries(Table, page);
        else if (page != NULL)
            ExFreePoolWithTag(page, OBP_TAG_TABLE);
    }
    ExUnlockExclusive(&Table->HandleTableLock);
    return grown;
}

PHANDLE_TABLE ObCreateHandleTable(PEPROCESS Process, BOOLEAN StrictFifo)
{
    PHANDLE_TABLE table = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*table), OBP_TAG_TABLE);

    if (table == NULL)
        return NULL;
    RtlZeroMemory(table, sizeof(*table));
    InitializeListHead(&table->HandleTableList);
    table->QuotaProcess = Process;
    table->Flags = StrictFifo ? OBP_STRICT_FIFO : 0;
    if (!ObpGrowTable(table)) {
        ExFreePoolWithTag(table, OBP_TAG_TABLE);
        return NULL;
    }
    return table;
}

static VOID ObpFreeTablePages(PVOID *Page, ULONG Level)
{
    ULONG i;
    for (i = 0; Level != 0 && i < OBP_POINTERS; i++)
        if (Page[i] != NULL)
            ObpFreeTablePages(Page[i], Level - 1);
    ExFreePoolWithTag(Page, OBP_TAG_TABLE);
}

VOID ObDestroyHandleTable(PHANDLE_TABLE Table)
{
    ObpFreeTablePages(ObpTablePage(Table->TableCode), (ULONG)(Table->TableCode & OBP_LEVEL_MASK));
    ExFreePoolWithTag(Table, OBP_TAG_TABLE);
}

/* ---- Entries ---- */
static PHANDLE_TABLE_ENTRY ObpEntryOfHandle(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG64 index = (ULONG64)Handle / 4, code;
    PVOID page;
    ULONG level;

    if (index >= __atomic_load_n(&Table->NextHandleNeedingPool, __ATOMIC_ACQUIRE) / 4 || index % OBP_ENTRIES == 0)
        return NULL;
    code = __atomic_load_n(&Table->TableCode, __ATOMIC_ACQUIRE);       /* after what it must reach: a table only grows */
    page = ObpTablePage(code);
    for (level = (ULONG)(code & OBP_LEVEL_MASK); level != 0; level--) {
        ULONG64 span = level == 2 ? OBP_ENTRIES * OBP_POINTERS : OBP_ENTRIES;
        ULONG64 slot = index / span % OBP_POINTERS;
        page = __atomic_load_n((PVOID *)page + slot, __ATOMIC_ACQUIRE);
        if (page == NULL)
            return NULL;
    }
    return (PHANDLE_TABLE_ENTRY)page + index % OBP_ENTRIES;
}

static HANDLE ObpHandleOfEntry(PHANDLE_TABLE_ENTRY Entry)
{
    PHANDLE_TABLE_ENTRY page = (PHANDLE_TABLE_ENTRY)((ULONG64)Entry & ~(ULONG64)(PAGE_SIZE - 1));
    return (HANDLE)(ULONG64)(page[0].HighValue + (Entry - page) * 4);
}

static PHANDLE_TABLE_ENTRY ObpTakeFreeEntry(PHANDLE_TABLE Table)
{
    PHANDLE_TABLE_FREE_LIST list = &Table->FreeLists[0];
    PHANDLE_TABLE_ENTRY entry;

    do {
        ExLockExclusive(&list->FreeListLock);
        entry = list->FirstFreeHandleEntry;
        if (entry != NULL) {
            list->FirstFreeHandleEntry = entry->NextFreeHandleEntry;
            if (++list->HandleCount > (LONG)list->HighWaterMark)
                list->HighWaterMark = (ULONG)list->HandleCount;
        }
        ExUnlockExclusive(&list->FreeListLock);
    } while (entry == NULL && ObpGrowTable(Table));
    return entry;
}

/* Handles of a fresh table come in ascending order: what is skipped now is free again afterwards. */
PHANDLE_TABLE_ENTRY ObpSkipHandle(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Skipped)
{
    PHANDLE_TABLE_ENTRY entry = ObpTakeFreeEntry(Table);
    if (entry == NULL)
        return Skipped;
    entry->NextFreeHandleEntry = Skipped;
    return entry;
}

VOID ObpReturnSkipped(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Skipped)
{
    PHANDLE_TABLE_FREE_LIST list = &Table->FreeLists[0];

    ExLockExclusive(&list->FreeListLock);
    while (Skipped != NULL) {
        PHANDLE_TABLE_ENTRY next = Skipped->NextFreeHandleEntry;
        ObpFreeListInsertLocked(list, Skipped, FALSE);
        list->HandleCount--;
        Skipped = next;
    }
    ExUnlockExclusive(&list->FreeListLock);
}

HANDLE ObAllocateHandle(PHANDLE_TABLE Table, PVOID Pointer, ULONG Attributes, ACCESS_MASK GrantedAccess)
{
    PHANDLE_TABLE_ENTRY entry = ObpTakeFreeEntry(Table);
    HANDLE_TABLE_ENTRY value = { .LowValue = 0, .HighValue = 0 };

    ASSERT(((ULONG64)Pointer & 15) == 0);
    if (entry == NULL)
        return NULL;
    value.ObjectPointerBits = (ULONG64)Pointer >> 4;
    value.Attributes = Attributes & OBP_ATTRIBUTES_MASK;
    value.GrantedAccessBits = GrantedAccess & 0x1FFFFFF;
    value.Unlocked = 1;
    entry->HighValue = value.HighValue;
    __atomic_store_n(&entry->LowValue, value.LowValue, __ATOMIC_RELEASE);
    return ObpHandleOfEntry(entry);
}

PHANDLE_TABLE_ENTRY ObLockHandle(PHANDLE_TABLE Table, HANDLE Handle, PKIRQL OldIrql)
{
    PHANDLE_TABLE_ENTRY entry = ObpEntryOfHandle(Table, Handle);
    KIRQL irql;

    if (entry == NULL)
        return NULL;
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        LONG64 low = __atomic_load_n(&entry->LowValue, __ATOMIC_RELAXED);
        if (low == 0)
            break;
        if ((low & 1) && __atomic_compare_exchange_n(&entry->LowValue, &low, low & ~1ll, FALSE, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            *OldIrql = irql;
            return entry;
        }
        KiPause();
    }
    KeLowerIrql(irql);
    return NULL;
}

VOID ObUnlockHandle(PHANDLE_TABLE_ENTRY Entry, KIRQL OldIrql)
{
    ASSERT(!Entry->Unlocked);
    __atomic_store_n(&Entry->LowValue, Entry->LowValue | 1, __ATOMIC_RELEASE);
    KeLowerIrql(OldIrql);
}

VOID ObFreeLockedHandle(PHANDLE_TABLE Table, HANDLE Handle, PHANDLE_TABLE_ENTRY Entry, KIRQL OldIrql)
{
    PHANDLE_TABLE_FREE_LIST list = &Table->FreeLists[0];

    ASSERT(!Entry->Unlocked && ObpHandleOfEntry(Entry) == (HANDLE)((ULONG64)Handle & ~3ull));
    Entry->HighValue = 0;
    __atomic_store_n(&Entry->LowValue, 0, __ATOMIC_RELEASE);
    KeLowerIrql(OldIrql);
    ExLockExclusive(&list->FreeListLock);
    ObpFreeListInsertLocked(list, Entry, (Table->Flags & OBP_STRICT_FIFO) != 0);
    list->HandleCount--;
    ExUnlockExclusive(&list->FreeListLock);
}
