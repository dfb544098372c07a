/* SPDX-License-Identifier: MIT
 * Handles that a new process has from its parent, each under the value that it has there.
 */
#include "obp.h"
#include "ke.h"

/* The object of a handle that can be inherited, referenced; NULL: there is none. */
static PVOID ObpReferenceInheritable(PHANDLE_TABLE Table, HANDLE Handle, OBP_NEW_HANDLE *New)
{
    KIRQL irql;
    PHANDLE_TABLE_ENTRY entry = ObLockHandle(Table, Handle, &irql);
    PVOID object = NULL;

    if (entry == NULL)
        return NULL;
    if (entry->Attributes & OBP_INHERIT) {
        object = &((POBJECT_HEADER)ObHandlePointer(entry))->Body;
        ObfReferenceObject(object);
        New->Attributes = entry->Attributes & OBP_ATTRIBUTES_MASK;
        New->Access = entry->GrantedAccessBits;
    }
    ObUnlockHandle(entry, irql);
    return object;
}

static NTSTATUS ObpInheritHandle(const OBP_NEW_HANDLE *New, HANDLE Value)
{
    HANDLE handle;
    NTSTATUS status = ObpCreateHandle(New, &handle);

    if (NT_SUCCESS(status) && handle != Value)   /* somebody gave the new process a handle meanwhile */
        status = STATUS_UNSUCCESSFUL;
    return status;
}

NTSTATUS ObInheritHandles(PEPROCESS Parent, PEPROCESS Process)
{
    PHANDLE_TABLE from = Parent->ObjectTable, to = Process->ObjectTable;
    PHANDLE_TABLE_ENTRY skipped = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG64 value;

    if (!ExAcquireRundownProtection(&Parent->RundownProtect))
        return STATUS_PROCESS_IS_TERMINATING;
    for (value = 4; NT_SUCCESS(status) && value < from->NextHandleNeedingPool; value += 4) {
        OBP_NEW_HANDLE new = { .Reason = ObInheritHandle, .Mode = KernelMode, .Process = Process, .Source = Parent };
        if (value / 4 % (PAGE_SIZE / sizeof(HANDLE_TABLE_ENTRY)) == 0)
            continue;                            /* no handle */
        new.Object = ObpReferenceInheritable(from, (HANDLE)value, &new);
        if (new.Object == NULL) {
            skipped = ObpSkipHandle(to, skipped);
            continue;
        }
        status = ObpInheritHandle(&new, (HANDLE)value);
        ObfDereferenceObject(new.Object);
    }
    ObpReturnSkipped(to, skipped);
    ExReleaseRundownProtection(&Parent->RundownProtect);
    return status;
}
