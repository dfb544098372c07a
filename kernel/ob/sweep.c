/* SPDX-License-Identifier: MIT
 * Closing what a process leaves open.
 */
#include "obp.h"
#include "ke.h"

static BOOLEAN ObpUnprotect(PHANDLE_TABLE Table, HANDLE Handle)
{
    KIRQL irql;
    PHANDLE_TABLE_ENTRY entry = ObLockHandle(Table, Handle, &irql);

    if (entry == NULL)
        return FALSE;
    entry->Attributes &= ~OBP_PROTECT_CLOSE;
    ObUnlockHandle(entry, irql);
    return TRUE;
}

VOID ObCloseProcessHandles(PEPROCESS Process)
{
    PHANDLE_TABLE table = Process->ObjectTable;
    KAPC_STATE state;
    ULONG64 value;

    ASSERT(table != ObpKernelHandleTable);
    if (table->FreeLists[0].HandleCount == 0)
        return;
    KeStackAttachProcess(&Process->Pcb, &state);
    for (value = 4; value < table->NextHandleNeedingPool; value += 4)
        if (ObpUnprotect(table, (HANDLE)value))
            ObCloseHandle((HANDLE)value, KernelMode);
    KeUnstackDetachProcess(&state);
}

ULONG ObHandleCount(PHANDLE_TABLE Table) { return (ULONG)Table->FreeLists[0].HandleCount; }
