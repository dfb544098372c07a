/* SPDX-License-Identifier: MIT
 * Lists of extended attributes as callers show them: drivers rely on what is checked here.
 *
 *      NextEntryOffset | Flags | EaNameLength | EaValueLength | name, NUL, value | up to a multiple of 4
 */
#include "iop.h"

#define IOP_EA_ALIGNMENT 4u

NTSTATUS IopCheckEaList(const VOID *List, ULONG Length)
{
    ULONG at = 0;

    for (;;) {
        const FILE_FULL_EA_INFORMATION *entry = (const FILE_FULL_EA_INFORMATION *)((const UCHAR *)List + at);
        ULONG left = Length - at, size = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName);

        if (left < size)
            return STATUS_EA_LIST_INCONSISTENT;
        size += entry->EaNameLength + 1u + entry->EaValueLength;
        if (left < size || entry->EaName[entry->EaNameLength] != '\0')
            return STATUS_EA_LIST_INCONSISTENT;
        if (entry->NextEntryOffset == 0)
            return STATUS_SUCCESS;
        if (entry->NextEntryOffset < size || entry->NextEntryOffset > left || entry->NextEntryOffset % IOP_EA_ALIGNMENT != 0)
            return STATUS_EA_LIST_INCONSISTENT;
        at += entry->NextEntryOffset;
    }
}
