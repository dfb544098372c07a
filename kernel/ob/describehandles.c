/* SPDX-License-Identifier: MIT
 * What a process's handles stand for, for those who look at all of them.
 */
#include "obp.h"
#include "obhandles.h"

static BOOLEAN ObpDescribeHandle(PHANDLE_TABLE Table, HANDLE Handle, OB_HANDLE_FACTS *Facts)
{
    KIRQL irql;
    PHANDLE_TABLE_ENTRY entry = ObLockHandle(Table, Handle, &irql);
    POBJECT_HEADER header;

    if (entry == NULL)
        return FALSE;
    header = ObHandlePointer(entry);
    *Facts = (OB_HANDLE_FACTS){ &header->Body, Handle, entry->GrantedAccessBits, entry->Attributes & OBP_ATTRIBUTES_MASK,
                                ObpTypeOf(header)->Index };
    ObUnlockHandle(entry, irql);
    return TRUE;
}

ULONG ObDescribeHandles(PEPROCESS Process, OB_HANDLE_FACTS *Facts, ULONG Maximum)
{
    PHANDLE_TABLE table;
    ULONG count = 0;
    ULONG64 value;

    if (!ExAcquireRundownProtection(&Process->RundownProtect))
        return 0;
    table = Process->ObjectTable;
    for (value = 4; table != NULL && count < Maximum && value < table->NextHandleNeedingPool; value += 4)
        if (value / 4 % (PAGE_SIZE / sizeof(HANDLE_TABLE_ENTRY)) != 0 && ObpDescribeHandle(table, (HANDLE)value, &Facts[count]))
            count++;
    ExReleaseRundownProtection(&Process->RundownProtect);
    return count;
}
