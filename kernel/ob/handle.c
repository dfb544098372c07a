/* SPDX-License-Identifier: MIT
 * Handles of objects. A handle whose value is negative belongs to the kernel's table (the System process's), whatever process is
 * current, and only kernel mode may use it. -1 and -2 stand for the current process and thread without any table.
 */
#include "obp.h"
#include "ke.h"

PHANDLE_TABLE ObpKernelHandleTable;

PEPROCESS ObpCurrentProcess(VOID) { return (PEPROCESS)KeCurrentThread()->ApcState.Process; }
PHANDLE_TABLE ObKernelHandleTable(VOID) { return ObpKernelHandleTable; }

static PHANDLE_TABLE ObpTableOf(PEPROCESS Process)
{
    PHANDLE_TABLE table = Process->ObjectTable;
    return table != NULL ? table : ObpKernelHandleTable;         /* before there is a System process */
}

static BOOLEAN ObpIsKernelValue(HANDLE Handle) { return (LONG64)Handle < 0; }

BOOLEAN NTAPI ObIsKernelHandle(HANDLE Handle) { return ObpIsKernelValue(Handle) && !ObpIsPseudo(Handle); }

PHANDLE_TABLE ObpTableOfHandle(PHANDLE Handle, KPROCESSOR_MODE Mode)
{
    ULONG64 value = (ULONG64)*Handle;

    if (!ObpIsKernelValue(*Handle))
        return ObpTableOf(ObpCurrentProcess());
    if (Mode != KernelMode || (value & OBP_KERNEL_HANDLE) != OBP_KERNEL_HANDLE)
        return NULL;
    *Handle = (HANDLE)(value & ~OBP_KERNEL_HANDLE);
    return ObpKernelHandleTable;
}

/* ---- Reference by handle ---- */
static NTSTATUS ObpReferencePseudo(HANDLE Handle, POBJECT_TYPE Type, PVOID *Object, ACCESS_MASK *Granted)
{
    PVOID object = Handle == NtCurrentProcess() ? (PVOID)ObpCurrentProcess() : (PVOID)KeCurrentThread();
    POBJECT_TYPE actual = Handle == NtCurrentProcess() ? ObpProcessType : ObpThreadType;

    if (actual == NULL)                          /* before ps */
        return STATUS_INVALID_HANDLE;
    if (Type != NULL && Type != actual)
        return STATUS_OBJECT_TYPE_MISMATCH;
    ObfReferenceObject(object);
    *Object = object;
    *Granted = actual->TypeInfo.ValidAccessMask;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                         KPROCESSOR_MODE AccessMode, PVOID *Object, POBJECT_HANDLE_INFORMATION HandleInformation)
{
    OBJECT_HANDLE_INFORMATION information = { 0, 0 };
    PHANDLE_TABLE_ENTRY entry;
    PHANDLE_TABLE table;
    NTSTATUS status = STATUS_SUCCESS;
    POBJECT_HEADER header;
    KIRQL irql;

    *Object = NULL;
    if (ObpIsPseudo(Handle)) {
        status = ObpReferencePseudo(Handle, ObjectType, Object, &information.GrantedAccess);
        if (NT_SUCCESS(status) && HandleInformation != NULL)
            *HandleInformation = information;
        return status;
    }
    table = ObpTableOfHandle(&Handle, AccessMode);
    entry = table != NULL ? ObLockHandle(table, Handle, &irql) : NULL;
    if (entry == NULL)
        return STATUS_INVALID_HANDLE;
    header = ObHandlePointer(entry);
    information.HandleAttributes = entry->Attributes & OBP_ATTRIBUTES_MASK;
    information.GrantedAccess = entry->GrantedAccessBits;
    if (ObjectType != NULL && ObpTypeOf(header) != ObjectType)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if (AccessMode != KernelMode && (DesiredAccess & ~information.GrantedAccess) != 0)
        status = STATUS_ACCESS_DENIED;
    else
        ObfReferenceObject(&header->Body);
    ObUnlockHandle(entry, irql);
    if (!NT_SUCCESS(status))
        return status;
    *Object = &header->Body;
    if (HandleInformation != NULL)
        *HandleInformation = information;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObReferenceObjectByHandleWithTag(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                                KPROCESSOR_MODE AccessMode, ULONG Tag, PVOID *Object,
                                                POBJECT_HANDLE_INFORMATION HandleInformation)
{
    return ObReferenceObjectByHandle(Handle, DesiredAccess, ObjectType, AccessMode, Object, HandleInformation);
}

/* ---- Creation ---- */
static VOID ObpCountHandle(POBJECT_HEADER Header)
{
    POBJECT_TYPE type = ObpTypeOf(Header);
    ULONG handles = (ULONG)InterlockedIncrement((volatile LONG *)&type->TotalNumberOfHandles);

    if (handles > type->HighWaterNumberOfHandles)
        type->HighWaterNumberOfHandles = handles;
    InterlockedIncrement64(&Header->HandleCount);
}

/* Exclusive objects: one process at a time, decided when the first handle comes. Only such ones have Info. */
DECLSPEC_NOINLINE static NTSTATUS ObpClaimExclusive(POBJECT_HEADER Header, POBJECT_HEADER_PROCESS_INFO Info, PEPROCESS Process,
                                                    ULONG Attributes)
{
    NTSTATUS status = STATUS_SUCCESS;

    ExLockExclusive(&Header->Lock);
    if (Header->HandleCount != 0 && (Info->ExclusiveProcess != Process || !(Attributes & OBJ_EXCLUSIVE))) {
        status = STATUS_ACCESS_DENIED;
    } else {
        Info->ExclusiveProcess = Process;
        ObpCountHandle(Header);
    }
    ExUnlockExclusive(&Header->Lock);
    return status;
}

static NTSTATUS ObpClaimHandle(POBJECT_HEADER Header, PEPROCESS Process, ULONG Attributes)
{
    POBJECT_HEADER_PROCESS_INFO info = ObpProcessInfo(Header);

    if (info != NULL)
        return ObpClaimExclusive(Header, info, Process, Attributes);
    if (Attributes & OBJ_EXCLUSIVE)
        return STATUS_INVALID_PARAMETER;
    ObpCountHandle(Header);
    return STATUS_SUCCESS;
}

/* How many handles there were before. */
DECLSPEC_NOINLINE static LONG64 ObpUnclaimExclusive(POBJECT_HEADER Header, POBJECT_HEADER_PROCESS_INFO Info)
{
    LONG64 left;

    ExLockExclusive(&Header->Lock);
    left = InterlockedDecrement64(&Header->HandleCount);
    if (left == 0)
        Info->ExclusiveProcess = NULL;
    ExUnlockExclusive(&Header->Lock);
    return left + 1;
}

/* A handle is gone: tells the type, then lets the name and the handle's reference go. */
static VOID ObpReleaseHandle(POBJECT_HEADER Header, PEPROCESS Process, BOOLEAN TellType)
{
    POBJECT_HEADER_PROCESS_INFO info = ObpProcessInfo(Header);
    POBJECT_TYPE type = ObpTypeOf(Header);
    LONG64 before = info != NULL ? ObpUnclaimExclusive(Header, info) : InterlockedDecrement64(&Header->HandleCount) + 1;

    InterlockedDecrement((volatile LONG *)&type->TotalNumberOfHandles);
    if (TellType && type->TypeInfo.CloseProcedure != NULL)
        type->TypeInfo.CloseProcedure(Process, &Header->Body, (ULONG_PTR)before, (ULONG_PTR)before);
    if (before == 1)
        ObpDeleteNameCheck(Header);
    ObfDereferenceObject(&Header->Body);
}

static NTSTATUS ObpEnterHandle(POBJECT_HEADER Header, const OBP_NEW_HANDLE *New, PHANDLE Handle)
{
    BOOLEAN kernel = ObpIsForKernel(New);
    PHANDLE_TABLE table = kernel ? ObpKernelHandleTable : ObpTableOf(ObpReceiver(New));
    HANDLE handle;

    if (New->Process != NULL && !ExAcquireRundownProtection(&New->Process->RundownProtect))
        return STATUS_PROCESS_IS_TERMINATING;    /* another process, which closes its handles already */
    handle = ObAllocateHandle(table, Header, New->Attributes & OBP_ATTRIBUTES_MASK, New->Access);
    if (New->Process != NULL)
        ExReleaseRundownProtection(&New->Process->RundownProtect);
    if (handle == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *Handle = kernel ? (HANDLE)((ULONG64)handle | OBP_KERNEL_HANDLE) : handle;
    return STATUS_SUCCESS;
}

static NTSTATUS ObpMakeHandle(const OBP_NEW_HANDLE *New, PHANDLE Handle)
{
    POBJECT_HEADER header = ObHeader(New->Object);
    POBJECT_TYPE type = ObpTypeOf(header);
    PEPROCESS process = ObpReceiver(New);
    NTSTATUS status = ObpClaimHandle(header, process, New->Attributes);

    if (!NT_SUCCESS(status))
        return status;
    ObfReferenceObject(New->Object);
    if (type->TypeInfo.OpenProcedure != NULL)
        status = type->TypeInfo.OpenProcedure(New->Reason, New->Mode, process, New->Object, New->Access,
                                              (ULONG)header->HandleCount);
    if (!NT_SUCCESS(status)) {
        ObpReleaseHandle(header, process, FALSE);
        return status;
    }
    status = ObpEnterHandle(header, New, Handle);
    if (!NT_SUCCESS(status))
        ObpReleaseHandle(header, process, TRUE);
    return status;
}

NTSTATUS ObpCreateHandle(const OBP_NEW_HANDLE *New, PHANDLE Handle)
{
    POBJECT_TYPE type = ObpTypeOf(ObHeader(New->Object));

    if (New->Type != NULL && New->Type != type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    /* Whoever registers meanwhile hears of the next handle. */
    return IsListEmpty(&type->CallbackList) ? ObpMakeHandle(New, Handle) : ObpFilterHandle(New, ObpMakeHandle, Handle);
}

/* ---- Closing ---- */
static NTSTATUS ObpMayClose(HANDLE Handle, PHANDLE_TABLE_ENTRY Entry, KPROCESSOR_MODE Mode, KIRQL Irql)
{
    POBJECT_HEADER header = ObHandlePointer(Entry);
    OB_OKAYTOCLOSE_METHOD *okay = ObpTypeOf(header)->TypeInfo.OkayToCloseProcedure;
    BOOLEAN isProtected = (Entry->Attributes & OBP_PROTECT_CLOSE) != 0, yes;

    if (okay != NULL)
        ObfReferenceObject(&header->Body);
    ObUnlockHandle(Entry, Irql);
    if (okay != NULL) {
        yes = okay(ObpCurrentProcess(), &header->Body, Handle, Mode);
        ObfDereferenceObject(&header->Body);
        if (!yes)
            return STATUS_HANDLE_NOT_CLOSABLE;
    }
    return isProtected ? STATUS_HANDLE_NOT_CLOSABLE : STATUS_SUCCESS;
}

NTSTATUS NTAPI ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
    HANDLE value = Handle;
    PHANDLE_TABLE table;
    PHANDLE_TABLE_ENTRY entry;
    POBJECT_HEADER header;
    NTSTATUS status;
    KIRQL irql;

    if (ObpIsPseudo(Handle))                     /* nothing was opened, nothing is closed */
        return STATUS_SUCCESS;
    table = ObpTableOfHandle(&value, PreviousMode);
    entry = table != NULL ? ObLockHandle(table, value, &irql) : NULL;
    if (entry == NULL)
        return STATUS_INVALID_HANDLE;
    status = ObpMayClose(Handle, entry, PreviousMode, irql);
    if (!NT_SUCCESS(status))
        return status;
    entry = ObLockHandle(table, value, &irql);
    if (entry == NULL)                           /* somebody closed it meanwhile */
        return STATUS_INVALID_HANDLE;
    header = ObHandlePointer(entry);
    ObFreeLockedHandle(table, value, entry, irql);
    ObpReleaseHandle(header, ObpCurrentProcess(), TRUE);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtClose(HANDLE Handle) { return ObCloseHandle(Handle, ObPreviousMode()); }

NTSTATUS NTAPI ZwClose(HANDLE Handle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtClose(Handle));
}
