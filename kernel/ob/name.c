/* SPDX-License-Identifier: MIT
 * The name an object has, and taking it away.
 */
#include "obp.h"

/* Bytes of the path of a named object without NUL; 0 when it has none. The namespace lock is held. */
static ULONG ObpPathLengthLocked(PVOID Object)
{
    ULONG length = 0;

    if (Object == ObpRootDirectoryObject)
        return sizeof(WCHAR);
    while (Object != ObpRootDirectoryObject) {
        POBJECT_HEADER_NAME_INFO info = ObpNameInfo(ObHeader(Object));
        if (info == NULL || info->Directory == NULL)
            return length == 0 ? 0 : length;     /* the upper end was taken out: as much of the path as there is */
        length += info->Name.Length + sizeof(WCHAR);
        Object = info->Directory;
    }
    return length;
}

/* Writes the path so that it ends at End. */
static VOID ObpWritePathLocked(PVOID Object, PWCHAR End)
{
    if (Object == ObpRootDirectoryObject)
        *(End - 1) = L'\\';
    while (Object != ObpRootDirectoryObject) {
        POBJECT_HEADER_NAME_INFO info = ObpNameInfo(ObHeader(Object));
        if (info == NULL || info->Directory == NULL)
            return;
        End -= info->Name.Length / sizeof(WCHAR);
        RtlCopyMemory(End, info->Name.Buffer, info->Name.Length);
        *--End = L'\\';
        Object = info->Directory;
    }
}

static NTSTATUS ObpQueryPath(PVOID Object, POBJECT_NAME_INFORMATION Name, ULONG Length, PULONG ReturnLength)
{
    ULONG path, needed;
    PWCHAR text;
    NTSTATUS status = STATUS_SUCCESS;

    ExLockShared(&ObpNamespaceLock);
    path = ObpPathLengthLocked(Object);
    needed = sizeof(*Name) + (path != 0 ? path + sizeof(WCHAR) : 0);
    *ReturnLength = needed;
    if (Length < needed) {
        status = STATUS_INFO_LENGTH_MISMATCH;
    } else if (path == 0) {
        RtlZeroMemory(Name, sizeof(*Name));
    } else {
        text = (PWCHAR)(Name + 1);
        ObpWritePathLocked(Object, text + path / sizeof(WCHAR));
        text[path / sizeof(WCHAR)] = L'\0';
        Name->Name.Buffer = text;
        Name->Name.Length = (USHORT)path;
        Name->Name.MaximumLength = (USHORT)(path + sizeof(WCHAR));
    }
    ExUnlockShared(&ObpNamespaceLock);
    return status;
}

NTSTATUS NTAPI ObQueryNameString(PVOID Object, POBJECT_NAME_INFORMATION ObjectNameInfo, ULONG Length, PULONG ReturnLength)
{
    POBJECT_HEADER header = ObHeader(Object);
    OB_QUERYNAME_METHOD *query = ObpTypeOf(header)->TypeInfo.QueryNameProcedure;

    if (query != NULL)
        return query(Object, ObpNameInfo(header) != NULL, ObjectNameInfo, Length, ReturnLength, KernelMode);
    return ObpQueryPath(Object, ObjectNameInfo, Length, ReturnLength);
}

VOID NTAPI ObMakeTemporaryObject(PVOID Object)
{
    POBJECT_HEADER header = ObHeader(Object);

    ExLockExclusive(&header->Lock);
    header->Flags &= ~OB_FLAG_PERMANENT_OBJECT;
    ExUnlockExclusive(&header->Lock);
    ObpDeleteNameCheck(header);
}

BOOLEAN ObpMayMakePermanent(KPROCESSOR_MODE Mode)
{
    static const LUID privilege = { SE_CREATE_PERMANENT_PRIVILEGE, 0 };
    return Mode == KernelMode || ObUpcalls.HasPrivilege == NULL || ObUpcalls.HasPrivilege(privilege, Mode);
}

NTSTATUS NTAPI NtMakePermanentObject(HANDLE Handle)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID object;
    NTSTATUS status;

    if (!ObpMayMakePermanent(mode))
        return STATUS_PRIVILEGE_NOT_HELD;
    status = ObReferenceObjectByHandle(Handle, 0, NULL, mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&ObHeader(object)->Lock);
    ObHeader(object)->Flags |= OB_FLAG_PERMANENT_OBJECT;
    ExUnlockExclusive(&ObHeader(object)->Lock);
    ObfDereferenceObject(object);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE Handle)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, DELETE, NULL, ObPreviousMode(), &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    ObMakeTemporaryObject(object);
    ObfDereferenceObject(object);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwMakeTemporaryObject(HANDLE Handle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtMakeTemporaryObject(Handle));
}
