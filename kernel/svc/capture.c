/* SPDX-License-Identifier: MIT
 * Arguments that point to user memory are replaced by copies, made once, before the service runs; what it writes goes back when it has
 * ended. So no service can be given an address of the kernel, and none sees memory change under its hands.
 *
 * Small copies lie in the call's own room on the stack, larger ones in pool.
 */
#include "svcp.h"
#include "se.h"

#define TAG_CAPTURE 'pCvS'
#define SVC_LARGEST_BUFFER 0x1000000u            /* of a call; more is STATUS_INSUFFICIENT_RESOURCES */

static BOOLEAN SvcIsUserRange(ULONG64 Address, SIZE_T Bytes)
{
    return Address + Bytes >= Address && Address + Bytes <= MmUserProbeAddress;
}

/* ---- Copies ---- */
static SVC_COPY *SvcAllocate(SVC_CALL *Call, SIZE_T Bytes)
{
    SVC_COPY *copy = &Call->Copies[Call->Copied];
    SIZE_T room = (Bytes + 15) & ~(SIZE_T)15;

    if (Call->Copied == SVC_COPIES || Bytes > SVC_LARGEST_BUFFER)
        return NULL;
    *copy = (SVC_COPY){ .Bytes = Bytes, .Pool = room > SVC_ROOM - Call->Used };
    copy->Kernel = copy->Pool ? ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, TAG_CAPTURE) : Call->Room + Call->Used;
    if (copy->Kernel == NULL)
        return NULL;
    if (!copy->Pool)
        Call->Used += (ULONG)room;
    Call->Copied++;
    return copy;
}

/* A copy of what lies at From; *To is where. */
static NTSTATUS SvcCopyPart(SVC_CALL *Call, ULONG64 From, SIZE_T Bytes, ULONG64 *To, SVC_COPY **Made)
{
    SVC_COPY *copy = SvcAllocate(Call, Bytes);
    NTSTATUS status;

    if (copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = SvcCopyIn(copy->Kernel, From, Bytes);
    *To = (ULONG64)copy->Kernel;
    if (Made != NULL)
        *Made = copy;
    return status;
}

static NTSTATUS SvcCaptureString(SVC_CALL *Call, ULONG64 From, ULONG64 *To)
{
    PUNICODE_STRING string;
    ULONG64 buffer;
    NTSTATUS status = SvcCopyPart(Call, From, sizeof(UNICODE_STRING), To, NULL);

    if (!NT_SUCCESS(status))
        return status;
    string = (PUNICODE_STRING)*To;
    if (string->Length & 1)
        return STATUS_OBJECT_NAME_INVALID;
    status = SvcCopyPart(Call, (ULONG64)string->Buffer, string->Length, &buffer, NULL);
    string->Buffer = (PWSTR)buffer;
    string->MaximumLength = string->Length;
    return status;
}

/* ---- Object attributes ---- */
#define SVC_SID_HEADER 8u
#define SVC_SID_COUNT_OFFSET 1u
#define SVC_ACL_HEADER 8u
#define SVC_ACL_SIZE_OFFSET 2u

/* A SID or an ACL says itself how long it is. 0 stays 0. */
static NTSTATUS SvcCaptureCounted(SVC_CALL *Call, ULONG64 From, BOOLEAN Acl, PVOID *To)
{
    UCHAR header[SVC_ACL_HEADER];
    ULONG64 copy = 0;
    ULONG bytes;
    NTSTATUS status = From != 0 ? SvcCopyIn(header, From, sizeof(header)) : STATUS_SUCCESS;

    if (NT_SUCCESS(status) && From != 0) {
        bytes = Acl ? *(USHORT *)(header + SVC_ACL_SIZE_OFFSET) : SVC_SID_HEADER + 4u * header[SVC_SID_COUNT_OFFSET];
        if (bytes < SVC_ACL_HEADER)
            return STATUS_INVALID_ACL;
        status = SvcCopyPart(Call, From, bytes, &copy, NULL);
        if (NT_SUCCESS(status) && RtlCompareMemory((PVOID)copy, header, sizeof(header)) != sizeof(header))
            status = STATUS_INVALID_SECURITY_DESCR;          /* somebody plays with it */
    }
    *To = (PVOID)copy;
    return status;
}

/* In absolute form, whatever form the caller's has; its contents are for se to judge. */
static NTSTATUS SvcCaptureDescriptor(SVC_CALL *Call, ULONG64 From, PVOID *To)
{
    SECURITY_DESCRIPTOR given = { 0 }, *copy;
    SECURITY_DESCRIPTOR_RELATIVE *relative = (PVOID)&given;
    ULONG64 parts[4];
    SVC_COPY *made;
    NTSTATUS status = SvcCopyIn(&given, From, sizeof(*relative));

    if (NT_SUCCESS(status) && !(given.Control & SE_SELF_RELATIVE))
        status = SvcCopyIn(&given, From, sizeof(given));
    if (!NT_SUCCESS(status))
        return status;
    if (given.Control & SE_SELF_RELATIVE) {
        parts[0] = relative->Owner != 0 ? From + relative->Owner : 0;
        parts[1] = relative->Group != 0 ? From + relative->Group : 0;
        parts[2] = relative->Sacl != 0 ? From + relative->Sacl : 0;
        parts[3] = relative->Dacl != 0 ? From + relative->Dacl : 0;
    } else {
        parts[0] = (ULONG64)given.Owner;
        parts[1] = (ULONG64)given.Group;
        parts[2] = (ULONG64)given.Sacl;
        parts[3] = (ULONG64)given.Dacl;
    }
    made = SvcAllocate(Call, sizeof(*copy));
    if (made == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    copy = (SECURITY_DESCRIPTOR *)made->Kernel;
    *copy = (SECURITY_DESCRIPTOR){ .Revision = given.Revision, .Control = given.Control & ~SE_SELF_RELATIVE };
    status = SvcCaptureCounted(Call, parts[0], FALSE, (PVOID *)&copy->Owner);
    if (NT_SUCCESS(status))
        status = SvcCaptureCounted(Call, parts[1], FALSE, (PVOID *)&copy->Group);
    if (NT_SUCCESS(status))
        status = SvcCaptureCounted(Call, parts[2], TRUE, (PVOID *)&copy->Sacl);
    if (NT_SUCCESS(status))
        status = SvcCaptureCounted(Call, parts[3], TRUE, (PVOID *)&copy->Dacl);
    *To = copy;
    return status;
}

static NTSTATUS SvcCaptureAttributes(SVC_CALL *Call, ULONG64 From, ULONG64 *To)
{
    POBJECT_ATTRIBUTES attributes;
    ULONG64 part;
    NTSTATUS status = SvcCopyPart(Call, From, sizeof(*attributes), To, NULL);

    if (!NT_SUCCESS(status))
        return status;
    attributes = (POBJECT_ATTRIBUTES)*To;
    if (attributes->Length != sizeof(*attributes))
        return STATUS_INVALID_PARAMETER;
    attributes->Attributes &= ~(ULONG)OBJ_KERNEL_HANDLE;
    if (attributes->ObjectName != NULL) {
        status = SvcCaptureString(Call, (ULONG64)attributes->ObjectName, &part);
        attributes->ObjectName = (PUNICODE_STRING)part;
    }
    if (NT_SUCCESS(status) && attributes->SecurityQualityOfService != NULL) {
        status = SvcCopyPart(Call, (ULONG64)attributes->SecurityQualityOfService, sizeof(SECURITY_QUALITY_OF_SERVICE), &part, NULL);
        attributes->SecurityQualityOfService = (PVOID)part;
    }
    if (NT_SUCCESS(status) && attributes->SecurityDescriptor != NULL)
        status = SvcCaptureDescriptor(Call, (ULONG64)attributes->SecurityDescriptor, &attributes->SecurityDescriptor);
    return status;
}

/* ---- One argument ---- */
static SIZE_T SvcLength(const SVC_SHAPE *Shape, const SVC_CALL *Call)
{
    ULONG64 value = Call->Arguments[Shape->Bytes];
    return Shape->Wide ? value : (ULONG)value;
}

static NTSTATUS SvcCaptureBuffer(SVC_CALL *Call, const SVC_SHAPE *Shape, SIZE_T Bytes, ULONG64 *Argument)
{
    SVC_COPY *copy = NULL;
    ULONG64 user = *Argument;
    NTSTATUS status;

    if (Shape->Kind == SvcPointerBuffer) {       /* nothing of the caller's, or he could tell whether it looks like a pointer */
        if (!SvcIsUserRange(user, Bytes))
            return STATUS_ACCESS_VIOLATION;
        copy = SvcAllocate(Call, Bytes);
        if (copy == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        RtlZeroMemory(copy->Kernel, Bytes);
        *Argument = (ULONG64)copy->Kernel;
        copy->Pointers = TRUE;
        copy->User = (PVOID)user;
        return STATUS_SUCCESS;
    }
    status = SvcCopyPart(Call, user, Bytes, Argument, &copy);
    if (NT_SUCCESS(status) && (Shape->Kind == SvcReadWrite || Shape->Kind == SvcWriteBuffer))
        copy->User = (PVOID)user;
    return status;
}

static NTSTATUS SvcCaptureArgument(SVC_CALL *Call, const SVC_SHAPE *Shape, ULONG64 *Argument)
{
    ULONG64 user = *Argument;

    if (user == 0 && Shape->Optional)
        return STATUS_SUCCESS;
    switch (Shape->Kind) {
    case SvcValue:
    case SvcRaw: return STATUS_SUCCESS;
    case SvcAttributes: return SvcCaptureAttributes(Call, user, Argument);
    case SvcString: return SvcCaptureString(Call, user, Argument);
    case SvcGuarded: return SvcIsUserRange(user, Shape->Bytes) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
    case SvcGuardedBuffer: return SvcIsUserRange(user, SvcLength(Shape, Call)) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
    case SvcRead:
    case SvcReadWrite: return SvcCaptureBuffer(Call, Shape, Shape->Bytes, Argument);
    default: return SvcCaptureBuffer(Call, Shape, SvcLength(Shape, Call), Argument);
    }
}

NTSTATUS SvcCapture(const SVC_SERVICE *Service, SVC_CALL *Call)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    Call->Used = Call->Copied = 0;
    for (i = 0; i < Service->Count && NT_SUCCESS(status); i++)
        status = SvcCaptureArgument(Call, &Service->Arguments[i], &Call->Arguments[i]);
    return status;
}

/* ---- Back ---- */
static VOID SvcMovePointers(SVC_COPY *Copy)
{
    SIZE_T at;

    for (at = 0; at + sizeof(ULONG64) <= Copy->Bytes; at += sizeof(ULONG64)) {
        ULONG64 *value = (ULONG64 *)(Copy->Kernel + at);
        if (*value >= (ULONG64)Copy->Kernel && *value < (ULONG64)Copy->Kernel + Copy->Bytes)
            *value = *value - (ULONG64)Copy->Kernel + (ULONG64)Copy->User;
    }
}

NTSTATUS SvcReturn(SVC_CALL *Call, NTSTATUS Status)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; i < Call->Copied && NT_SUCCESS(status); i++) {
        SVC_COPY *copy = &Call->Copies[i];
        if (copy->User == NULL || (copy->Pointers && !NT_SUCCESS(Status)))
            continue;
        if (copy->Pointers)
            SvcMovePointers(copy);
        status = MmWriteCaller(UserMode, copy->User, copy->Kernel, copy->Bytes);
    }
    return NT_SUCCESS(status) ? Status : status;
}

VOID SvcRelease(SVC_CALL *Call)
{
    ULONG i;
    for (i = 0; i < Call->Copied; i++)
        if (Call->Copies[i].Pool)
            ExFreePoolWithTag(Call->Copies[i].Kernel, TAG_CAPTURE);
}
