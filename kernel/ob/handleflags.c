/* SPDX-License-Identifier: MIT
 * What a handle is besides its rights: inherited, protected from being closed, audited when it is.
 */
#include "obp.h"

/* Changes OBJ_INHERIT and the protection against closing. */
NTSTATUS NTAPI ObSetHandleAttributes(HANDLE Handle, POBJECT_HANDLE_FLAG_INFORMATION Flags, KPROCESSOR_MODE PreviousMode)
{
    PHANDLE_TABLE table;
    PHANDLE_TABLE_ENTRY entry;
    KIRQL irql;

    if (ObpIsPseudo(Handle))
        return STATUS_INVALID_HANDLE;
    table = ObpTableOfHandle(&Handle, PreviousMode);
    entry = table != NULL ? ObLockHandle(table, Handle, &irql) : NULL;
    if (entry == NULL)
        return STATUS_INVALID_HANDLE;
    entry->Attributes = (entry->Attributes & OBP_AUDIT) | (Flags->Inherit ? OBP_INHERIT : 0) |
                        (Flags->ProtectFromClose ? OBP_PROTECT_CLOSE : 0);
    ObUnlockHandle(entry, irql);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObQueryObjectAuditingByHandle(HANDLE Handle, PBOOLEAN GenerateOnClose)
{
    PHANDLE_TABLE table = ObpIsPseudo(Handle) ? NULL : ObpTableOfHandle(&Handle, KernelMode);
    PHANDLE_TABLE_ENTRY entry;
    KIRQL irql;

    entry = table != NULL ? ObLockHandle(table, Handle, &irql) : NULL;
    if (entry == NULL)
        return STATUS_INVALID_HANDLE;
    *GenerateOnClose = (entry->Attributes & OBP_AUDIT) != 0;
    ObUnlockHandle(entry, irql);
    return STATUS_SUCCESS;
}

/* Flags of handles only: ObjectHandleFlagInformation. */
NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                                      ULONG ObjectInformationLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    OBJECT_HANDLE_FLAG_INFORMATION flags;
    NTSTATUS status;

    if (ObjectInformationClass != ObjectHandleFlagInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (ObjectInformationLength != sizeof(flags) || ObjectInformation == NULL)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCaller(mode, &flags, ObjectInformation, sizeof(flags));
    return NT_SUCCESS(status) ? ObSetHandleAttributes(Handle, &flags, mode) : status;
}

NTSTATUS NTAPI ZwSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                                      ULONG ObjectInformationLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetInformationObject(Handle, ObjectInformationClass, ObjectInformation,
                                                          ObjectInformationLength));
}
