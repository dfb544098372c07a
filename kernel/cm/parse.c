/* SPDX-License-Identifier: MIT
 * Opening and creating keys: the services, and the parse method through which a name reaches them. Registry callbacks see the
 * request here, where the name is as the caller gave it, once more after each link.
 */
#include "cmp.h"

/* ---- The parse method ---- */
typedef struct CMP_PARSE {
    PCM_KEY_BODY Root;
    UNICODE_STRING Rest;
    PUNICODE_STRING CompleteName;
    CMP_PARSE_CONTEXT *Context;                  /* NULL: open */
    BOOLEAN OpenLink;
    PVOID Object;                                /* out */
} CMP_PARSE;

static NTSTATUS CmpPerformParse(PVOID Arguments)
{
    CMP_PARSE *parse = Arguments;
    CMP_WALK walk = { .Start = parse->Root->KeyControlBlock, .Rest = parse->Rest, .OpenLink = parse->OpenLink,
                      .Create = parse->Context != NULL && parse->Context->Create ? parse->Context : NULL };
    NTSTATUS status = CmpWalkPath(&walk);

    if (status == STATUS_REPARSE) {
        if (ObReplaceLookupName(parse->CompleteName, &walk.Target) == NULL)
            status = STATUS_INSUFFICIENT_RESOURCES;
        ExFreePoolWithTag(walk.Target.Buffer, CMP_TAG);
        return status;
    }
    if (walk.ChangedParent != NULL) {
        CmpPostChange(walk.ChangedParent, REG_NOTIFY_CHANGE_NAME);
        CmpDereferenceKcb(walk.ChangedParent);
    }
    return NT_SUCCESS(status) ? CmpCreateKeyBody(walk.Found, &parse->Object) : status;
}

static VOID CmpDescribeParse(REG_CREATE_KEY_INFORMATION_V1 *Information, CMP_PARSE *Parse, PACCESS_STATE AccessState,
                             ULONG Attributes, KPROCESSOR_MODE Mode)
{
    RtlZeroMemory(Information, sizeof(*Information));
    Information->CompleteName = Parse->CompleteName;
    Information->RootObject = Parse->Root;
    Information->ObjectType = CmpKeyObjectType;
    Information->DesiredAccess = AccessState != NULL ? AccessState->OriginalDesiredAccess : 0;
    Information->GrantedAccess = AccessState != NULL ? AccessState->RemainingDesiredAccess | AccessState->PreviouslyGrantedAccess : 0;
    Information->ResultObject = &Parse->Object;
    Information->Version = 1;
    Information->RemainingName = &Parse->Rest;
    Information->Attributes = Attributes;
    Information->CheckAccessMode = Mode;
    if (Parse->Context != NULL) {
        Information->Options = Parse->Context->Options;
        Information->Class = Parse->Context->Create ? &Parse->Context->Class : NULL;
        Information->Disposition = Parse->Context->Create ? &Parse->Context->Disposition : NULL;
    }
}

NTSTATUS CmpParseKey(PVOID Object, POBJECT_TYPE ObjectType, PACCESS_STATE AccessState, KPROCESSOR_MODE Mode, ULONG Attributes,
                     PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName, PVOID Context,
                     PSECURITY_QUALITY_OF_SERVICE Qos, PVOID *Found)
{
    CMP_PARSE parse = { .Root = Object, .Rest = *RemainingName, .CompleteName = CompleteName,
                        .Context = ObjectType == CmpKeyObjectType ? Context : NULL };
    REG_CREATE_KEY_INFORMATION_V1 information;
    CMP_OPERATION operation = { RegNtPreOpenKeyEx, RegNtPostOpenKeyEx, Object, &information, &information.CallContext,
                                &information.RootObjectContext, &parse.Object, CmpPerformParse, &parse };
    NTSTATUS status;

    if (ObjectType != NULL && ObjectType != CmpKeyObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (RemainingName->Buffer == CompleteName->Buffer && RemainingName->Length != 0 && RemainingName->Buffer[0] == L'\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;    /* relative to a handle, yet absolute */
    parse.OpenLink = (Attributes & OBJ_OPENLINK) != 0 || (parse.Context != NULL && parse.Context->OpenLink);
    if (parse.Context != NULL && parse.Context->Create) {
        operation.Before = RegNtPreCreateKeyEx;
        operation.After = RegNtPostCreateKeyEx;
    }
    CmpDescribeParse(&information, &parse, AccessState, Attributes, Mode);
    status = parse.Context != NULL && parse.Context->Hive != NULL ? CmpPerformParse(&parse) : CmpFilter(&operation);
    if (NT_SUCCESS(status) && status != STATUS_REPARSE) {
        if (parse.Object == NULL || ObGetObjectType(parse.Object) != CmpKeyObjectType)
            return STATUS_OBJECT_NAME_NOT_FOUND; /* a callback took over and gave nothing */
        *Found = parse.Object;
    } else if (parse.Object != NULL) {
        ObfDereferenceObject(parse.Object);      /* a callback made a failure of a success */
    }
    return status;
}

/* ---- Services ---- */
NTSTATUS CmpOpenByName(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, CMP_PARSE_CONTEXT *Context)
{
    return ObOpenObjectByName(ObjectAttributes, CmpKeyObjectType, ObPreviousMode(), NULL, DesiredAccess, Context, KeyHandle);
}

static NTSTATUS CmpReadClass(PUNICODE_STRING Class, PUNICODE_STRING Copy)
{
    NTSTATUS status = Class != NULL ? MmReadCallerString(ObPreviousMode(), Class, Copy) : STATUS_SUCCESS;
    return NT_SUCCESS(status) && (Copy->Length & 1) ? STATUS_INVALID_PARAMETER : status;
}

/* The handle is told last: a key whose disposition cannot be told stays, but not open. */
static NTSTATUS CmpCreateAndReturn(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                   CMP_PARSE_CONTEXT *Context, PULONG Disposition)
{
    HANDLE handle = NULL;
    NTSTATUS status = CmpOpenByName(&handle, DesiredAccess, ObjectAttributes, Context), told;

    if (!NT_SUCCESS(status))
        return status;
    told = MmWriteOptional(ObPreviousMode(), Disposition, &Context->Disposition, sizeof(*Disposition));
    if (NT_SUCCESS(told))
        return ObReturnHandle(status, KeyHandle, handle);
    NtClose(handle);
    return told;
}

NTSTATUS NTAPI NtCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex,
                           PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    CMP_PARSE_CONTEXT context = { .Create = TRUE, .Options = CreateOptions, .OpenLink = (CreateOptions & REG_OPTION_OPEN_LINK) != 0 };
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = MmProbeCaller(mode, KeyHandle, sizeof(*KeyHandle));

    if (CreateOptions & ~(ULONG)REG_LEGAL_OPTION)
        return STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(status))
        status = MmProbeOptional(mode, Disposition, sizeof(*Disposition));
    if (NT_SUCCESS(status))
        status = CmpReadClass(Class, &context.Class);
    if (NT_SUCCESS(status))
        status = CmpCreateAndReturn(KeyHandle, DesiredAccess, ObjectAttributes, &context, Disposition);
    MmFreeCallerBlock(context.Class.Buffer);
    return status;
}

NTSTATUS NTAPI NtOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG OpenOptions)
{
    CMP_PARSE_CONTEXT context = { .Options = OpenOptions, .OpenLink = (OpenOptions & REG_OPTION_OPEN_LINK) != 0 };
    HANDLE handle = NULL;
    NTSTATUS status;

    if (OpenOptions & ~(ULONG)(REG_OPTION_OPEN_LINK | REG_OPTION_BACKUP_RESTORE))
        return STATUS_INVALID_PARAMETER_4;
    status = CmpOpenByName(&handle, DesiredAccess, ObjectAttributes, &context);
    return ObReturnHandle(status, KeyHandle, handle);
}

NTSTATUS NTAPI NtOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return NtOpenKeyEx(KeyHandle, DesiredAccess, ObjectAttributes, 0);
}
