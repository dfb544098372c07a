/* SPDX-License-Identifier: MIT
 * Symbolic links: a look-up that meets one starts over with the link's target in place of the path walked so far. The target never
 * changes once the link is made.
 */
#include "obp.h"

#define OBP_TAG_TARGET 'mySO'

VOID ObpDeleteSymbolicLink(PVOID Object)
{
    POBJECT_SYMBOLIC_LINK link = Object;
    if (link->LinkTarget.Buffer != NULL)
        ExFreePoolWithTag(link->LinkTarget.Buffer, OBP_TAG_TARGET);
}

VOID ObpFreeCompleteName(OBP_COMPLETE_NAME *Complete)
{
    if (Complete->IsInPool)
        ExFreePoolWithTag(Complete->Name.Buffer, 'mNbO');
}

static PWCHAR ObpRoomForName(OBP_COMPLETE_NAME *Complete, ULONG Bytes)
{
    if (Bytes > sizeof(Complete->Short[0]))
        return ExAllocatePoolWithTag(PagedPool, Bytes, 'mNbO');
    return Complete->Short[Complete->Name.Buffer == Complete->Short[0]];
}

NTSTATUS ObpSetCompleteName(OBP_COMPLETE_NAME *Complete, PCUNICODE_STRING First, PCUNICODE_STRING Rest)
{
    ULONG length = First->Length + Rest->Length;
    BOOLEAN doubled = First->Length != 0 && First->Buffer[First->Length / sizeof(WCHAR) - 1] == L'\\' && Rest->Length != 0;
    PUCHAR buffer;

    if (length > OBP_MAXIMUM_NAME - sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    buffer = (PUCHAR)ObpRoomForName(Complete, length + sizeof(WCHAR));
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (doubled)
        length -= sizeof(WCHAR);                 /* "\First\" and "\Rest" meet in one separator */
    RtlCopyMemory(buffer, First->Buffer, First->Length);
    if (Rest->Length != 0)
        RtlCopyMemory(buffer + length - Rest->Length, Rest->Buffer, Rest->Length);
    *(PWCHAR)(buffer + length) = L'\0';
    ObpFreeCompleteName(Complete);
    Complete->IsInPool = buffer != (PUCHAR)Complete->Short[0] && buffer != (PUCHAR)Complete->Short[1];
    Complete->Name.Buffer = (PWCHAR)buffer;
    Complete->Name.Length = (USHORT)length;
    Complete->Name.MaximumLength = (USHORT)(length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* Target, then what was left of the path, as the look-up's new name. */
static NTSTATUS ObpReplaceName(PUNICODE_STRING CompleteName, PCUNICODE_STRING Target, PCUNICODE_STRING Rest)
{
    return ObpSetCompleteName(CONTAINING_RECORD(CompleteName, OBP_COMPLETE_NAME, Name), Target, Rest);
}

PWCHAR ObReplaceLookupName(PUNICODE_STRING CompleteName, PCUNICODE_STRING NewName)
{
    UNICODE_STRING nothing = { 0, 0, NewName->Buffer };
    return NT_SUCCESS(ObpReplaceName(CompleteName, NewName, &nothing)) ? CompleteName->Buffer : NULL;
}

NTSTATUS ObpParseSymbolicLink(PVOID Object, POBJECT_TYPE ObjectType, PACCESS_STATE AccessState, KPROCESSOR_MODE Mode,
                              ULONG Attributes, PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName, PVOID Context,
                              PSECURITY_QUALITY_OF_SERVICE Qos, PVOID *Found)
{
    POBJECT_SYMBOLIC_LINK link = Object;
    NTSTATUS status;

    if (RemainingName->Length == 0 && (ObjectType == ObpSymbolicLinkObjectType || (Attributes & OBJ_OPENLINK))) {
        ObfReferenceObject(Object);
        *Found = Object;
        return STATUS_SUCCESS;
    }
    if (Attributes & OBJ_DONT_REPARSE)
        return (NTSTATUS)0xC000050B;             /* STATUS_REPARSE_POINT_ENCOUNTERED */
    status = ObpReplaceName(CompleteName, &link->LinkTarget, RemainingName);
    return NT_SUCCESS(status) ? STATUS_REPARSE : status;
}

static NTSTATUS ObpSetTarget(POBJECT_SYMBOLIC_LINK Link, PCUNICODE_STRING Target)
{
    Link->LinkTarget.Buffer = ExAllocatePoolWithTag(PagedPool, Target->Length + sizeof(WCHAR), OBP_TAG_TARGET);
    if (Link->LinkTarget.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Link->LinkTarget.Buffer, Target->Buffer, Target->Length);
    Link->LinkTarget.Buffer[Target->Length / sizeof(WCHAR)] = L'\0';
    Link->LinkTarget.Length = Target->Length;
    Link->LinkTarget.MaximumLength = Target->Length + sizeof(WCHAR);
    KeQuerySystemTime(&Link->CreationTime);
    return STATUS_SUCCESS;
}

static NTSTATUS ObpCreateLink(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                              PCUNICODE_STRING Target)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID link;
    NTSTATUS status;

    if (Target->Length == 0 || (Target->Length & 1) || Target->Length > OBP_MAXIMUM_NAME - sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(mode, ObpSymbolicLinkObjectType, ObjectAttributes, mode, NULL, sizeof(OBP_SYMBOLIC_LINK), 0, 0,
                            &link);
    if (!NT_SUCCESS(status))
        return status;
    status = ObpSetTarget(link, Target);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(link);
        return status;
    }
    return ObInsertAndReturn(link, DesiredAccess, LinkHandle);
}

NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                          PUNICODE_STRING LinkTarget)
{
    UNICODE_STRING target;
    NTSTATUS status = MmReadCallerString(ObPreviousMode(), LinkTarget, &target);

    if (!NT_SUCCESS(status))
        return status;
    status = ObpCreateLink(LinkHandle, DesiredAccess, ObjectAttributes, &target);
    MmFreeCallerBlock(target.Buffer);
    return status;
}

NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ObpSymbolicLinkObjectType, DesiredAccess, LinkHandle);
}

/* The terminating NUL is returned too when there is room for it, and counted in ReturnedLength, which a caller who asks for it
 * gets in place of Length's meaning. */
static NTSTATUS ObpReturnTarget(const OBJECT_SYMBOLIC_LINK *Link, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    ULONG needed = ReturnedLength != NULL ? Link->LinkTarget.MaximumLength : Link->LinkTarget.Length;
    UNICODE_STRING room;
    NTSTATUS status = MmReadCaller(mode, &room, LinkTarget, sizeof(room)), counted = STATUS_SUCCESS;

    if (!NT_SUCCESS(status))
        return status;
    if (needed <= room.MaximumLength) {
        status = MmWriteCaller(mode, room.Buffer, Link->LinkTarget.Buffer, needed);
        if (NT_SUCCESS(status))
            status = MmWriteCaller(mode, &LinkTarget->Length, &Link->LinkTarget.Length, sizeof(USHORT));
    } else {
        status = STATUS_BUFFER_TOO_SMALL;
    }
    if (ReturnedLength != NULL)
        counted = MmWriteCaller(mode, ReturnedLength, &needed, sizeof(needed));
    return NT_SUCCESS(counted) ? status : counted;
}

NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    PVOID link;
    NTSTATUS status = ObReferenceObjectByHandle(LinkHandle, SYMBOLIC_LINK_QUERY, ObpSymbolicLinkObjectType, ObPreviousMode(), &link,
                                                NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = ObpReturnTarget(link, LinkTarget, ReturnedLength);
    ObfDereferenceObject(link);
    return status;
}

NTSTATUS NTAPI ZwCreateSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                          PUNICODE_STRING LinkTarget)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreateSymbolicLinkObject(LinkHandle, DesiredAccess, ObjectAttributes, LinkTarget));
}

NTSTATUS NTAPI ZwOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenSymbolicLinkObject(LinkHandle, DesiredAccess, ObjectAttributes));
}

NTSTATUS NTAPI ZwQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQuerySymbolicLinkObject(LinkHandle, LinkTarget, ReturnedLength));
}
