/* SPDX-License-Identifier: MIT
 * From a path to an object. The path is walked one directory at a time; an object with a parse method takes over the rest of it:
 * a symbolic link by replacing the whole path (the walk starts over), a device by opening a file on itself.
 */
#include "obp.h"

/* STATUS_REPARSE_POINT_ENCOUNTERED and how a cycle of links ends are documented nowhere together: Petrel gives up after
 * OBP_MAXIMUM_REPARSES with STATUS_OBJECT_NAME_NOT_FOUND, as the name leads nowhere. */
#define OBP_TOO_MANY_REPARSES STATUS_OBJECT_NAME_NOT_FOUND

/* Some types' names have no case, whoever asks for them (files, keys; NT's default). */
static BOOLEAN ObpIgnoresCase(const OBP_LOOKUP *Lookup)
{
    return (Lookup->Attributes & OBJ_CASE_INSENSITIVE) ||
           (Lookup->Type != NULL && (Lookup->Type->TypeInfo.ObjectTypeFlags & OB_TYPE_CASE_INSENSITIVE));
}

typedef struct OBP_WALK {
    const OBP_LOOKUP *Lookup;
    OBP_COMPLETE_NAME Complete;
    UNICODE_STRING Rest;                         /* what is left of it */
    PVOID Here;                                  /* referenced, unless it is the root directory */
    OBP_SYMBOLIC_LINK *Link;                     /* referenced; the one whose target is being walked, until it is known where it leads */
    ULONG64 Generation;                          /* when that began */
} OBP_WALK;

/* Cuts the next component off Rest, and hashes it. FALSE: there is an empty one, as in "\a\\b". */
static BOOLEAN ObpNextComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component, PULONG Hash)
{
    PWCHAR begin = Rest->Buffer, end = begin + Rest->Length / sizeof(WCHAR), at;
    ULONG hash = 0;

    if (begin != end && *begin == L'\\')
        begin++;
    for (at = begin; at != end && *at != L'\\'; at++)
        hash = ObpHashUnit(hash, *at);
    *Hash = hash;
    Component->Buffer = begin;
    Component->Length = Component->MaximumLength = (USHORT)((at - begin) * sizeof(WCHAR));
    Rest->Buffer = at;
    Rest->Length = Rest->MaximumLength = (USHORT)((end - at) * sizeof(WCHAR));
    return at != begin;
}

/* Takes over the reference to Object. */
static VOID ObpMoveTo(OBP_WALK *Walk, PVOID Object)
{
    if (Walk->Here != NULL && Walk->Here != ObpRootDirectoryObject)
        ObfDereferenceObject(Walk->Here);
    Walk->Here = Object;
}

static VOID ObpForgetLink(OBP_WALK *Walk)
{
    if (Walk->Link != NULL)
        ObfDereferenceObject(Walk->Link);
    Walk->Link = NULL;
}

/* A link was walked to where something else than a directory stands, or to its end: the next one need not walk. */
static VOID ObpNoteWay(OBP_WALK *Walk, BOOLEAN Parses)
{
    ULONG64 way = (ULONG64)((PUCHAR)Walk->Rest.Buffer - (PUCHAR)Walk->Complete.Name.Buffer);
    ULONG target = Walk->Link->Link.LinkTarget.Length;

    if (way < target && !Parses)
        return;
    if (way <= target)
        ObpRememberWay(Walk->Link, Walk->Here, (USHORT)way, ObpIgnoresCase(Walk->Lookup), Walk->Generation);
    ObpForgetLink(Walk);
}

/* The path ends at an object that was there before. */
static NTSTATUS ObpArriveAt(OBP_WALK *Walk)
{
    const OBP_LOOKUP *lookup = Walk->Lookup;
    POBJECT_TYPE type = ObpTypeOf(ObHeader(Walk->Here));

    if (lookup->Insert != NULL) {
        if (!(lookup->Attributes & OBJ_OPENIF))
            return STATUS_OBJECT_NAME_COLLISION;
        return type == lookup->Type ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_TYPE_MISMATCH;
    }
    return lookup->Type == NULL || type == lookup->Type ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

static KPROCESSOR_MODE ObpModeOf(const OBP_LOOKUP *Lookup) { return ObpCheckMode(Lookup->Mode, Lookup->Attributes); }

static NTSTATUS ObpMayInsert(OBP_WALK *Walk, PVOID Object)
{
    ACCESS_MASK access = ObpTypeOf(ObHeader(Object)) == ObpDirectoryObjectType ? DIRECTORY_CREATE_SUBDIRECTORY
                                                                               : DIRECTORY_CREATE_OBJECT;
    return ObpCheckDirectory(Walk->Here, Walk->Lookup->AccessState, ObpModeOf(Walk->Lookup), access);
}

/* The last component names nothing yet. */
static NTSTATUS ObpInsertHere(OBP_WALK *Walk, PUNICODE_STRING Component)
{
    PVOID object = Walk->Lookup->Insert;
    POBJECT_HEADER_NAME_INFO info = ObpNameInfo(ObHeader(object));
    UNICODE_STRING whole;
    NTSTATUS status = ObpMayInsert(Walk, object);

    if (NT_SUCCESS(status))
        status = ObpAssignSecurity(object, Walk->Here);
    if (NT_SUCCESS(status))
        status = ObpCaptureName(Component, &whole);
    if (!NT_SUCCESS(status))
        return status;
    ExFreePoolWithTag(info->Name.Buffer, 'mNbO');        /* the path the creator gave */
    info->Name = whole;
    status = ObpInsertDirectoryEntry(Walk->Here, object, ObpIgnoresCase(Walk->Lookup));
    if (status == STATUS_OBJECT_NAME_COLLISION) {        /* somebody was faster: look at what is there now */
        Walk->Rest = *Component;
        return STATUS_PENDING;
    }
    if (!NT_SUCCESS(status))
        return status;
    ObfReferenceObject(object);
    ObpMoveTo(Walk, object);
    return STATUS_SUCCESS;
}

/* One component inside the directory Here. STATUS_PENDING: on to the object that was found. */
static NTSTATUS ObpStepDirectory(OBP_WALK *Walk)
{
    const OBP_LOOKUP *lookup = Walk->Lookup;
    UNICODE_STRING component;
    ULONG hash;
    PVOID object;
    NTSTATUS status;

    if (!ObpNextComponent(&Walk->Rest, &component, &hash))
        return STATUS_OBJECT_NAME_INVALID;
    status = ObpCheckDirectory(Walk->Here, lookup->AccessState, ObpModeOf(lookup), DIRECTORY_TRAVERSE);
    if (!NT_SUCCESS(status))
        return status;
    object = ObpLookupDirectoryEntry(Walk->Here, &component, hash, ObpIgnoresCase(lookup));
    if (object != NULL) {
        ObpMoveTo(Walk, object);
        return STATUS_PENDING;
    }
    if (Walk->Rest.Length != 0)
        return STATUS_OBJECT_PATH_NOT_FOUND;
    if (lookup->Insert == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return ObpInsertHere(Walk, &component);
}

/* Hands the rest to the object's parse method. What it found takes Here's place. */
static NTSTATUS ObpCallParse(OBP_WALK *Walk, OB_PARSE_METHOD *Parse)
{
    const OBP_LOOKUP *lookup = Walk->Lookup;
    PVOID found = NULL;
    NTSTATUS status = Parse(Walk->Here, lookup->Type, lookup->AccessState, lookup->Mode, lookup->Attributes, &Walk->Complete.Name,
                            &Walk->Rest, lookup->ParseContext, lookup->Qos, &found);

    if (status == STATUS_REPARSE && Parse == ObpParseSymbolicLink) {
        Walk->Link = Walk->Here;
        Walk->Here = NULL;
    } else if (status == STATUS_REPARSE) {
        ObpMoveTo(Walk, NULL);
    } else if (NT_SUCCESS(status)) {
        ObpMoveTo(Walk, found);
    }
    if (NT_SUCCESS(status) && status != STATUS_REPARSE && found == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return status;
}

/* Walks from Here. STATUS_REPARSE: start over with Walk->Complete.Name. */
static NTSTATUS ObpWalk(OBP_WALK *Walk)
{
    NTSTATUS status = STATUS_PENDING;

    while (status == STATUS_PENDING) {
        POBJECT_TYPE type = ObpTypeOf(ObHeader(Walk->Here));
        OB_PARSE_METHOD *parse = type->TypeInfo.ParseProcedure;
        if (Walk->Link != NULL)
            ObpNoteWay(Walk, parse != NULL);
        if (parse != NULL && (Walk->Lookup->Insert == NULL || parse == ObpParseSymbolicLink)) {
            status = ObpCallParse(Walk, parse);
            if (status == STATUS_REPARSE || !NT_SUCCESS(status))
                return status;
            return ObpArriveAt(Walk);
        }
        if (Walk->Rest.Length == 0)
            return ObpArriveAt(Walk);
        if (type != ObpDirectoryObjectType)
            return STATUS_OBJECT_TYPE_MISMATCH;
        status = ObpStepDirectory(Walk);
    }
    return status;
}

/* Where the target of the link that was met leads, without walking it again. */
static BOOLEAN ObpJump(OBP_WALK *Walk)
{
    const OBP_LOOKUP *lookup = Walk->Lookup;
    USHORT length;

    if (!ObpMayTraverse(lookup->AccessState, ObpModeOf(lookup)))
        return FALSE;
    Walk->Here = ObpFollowLink(Walk->Link, ObpIgnoresCase(lookup), &length);
    if (Walk->Here == NULL)
        return FALSE;
    Walk->Rest.Buffer += length / sizeof(WCHAR);
    Walk->Rest.Length -= length;
    Walk->Rest.MaximumLength = Walk->Rest.Length;
    ObpForgetLink(Walk);
    return TRUE;
}

/* Where the walk begins, and what of the name belongs to it. */
static NTSTATUS ObpStart(OBP_WALK *Walk, BOOLEAN First)
{
    HANDLE root = First ? Walk->Lookup->RootDirectory : NULL;
    PVOID object;
    NTSTATUS status;

    Walk->Rest = Walk->Complete.Name;
    if (Walk->Link != NULL && ObpJump(Walk))
        return STATUS_SUCCESS;
    Walk->Generation = ObpNamespaceGeneration;
    if (root == NULL) {
        if (Walk->Complete.Name.Length == 0 || Walk->Complete.Name.Buffer[0] != L'\\')
            return STATUS_OBJECT_PATH_SYNTAX_BAD;
        ObpMoveTo(Walk, ObpRootDirectoryObject);
        if (Walk->Complete.Name.Length == sizeof(WCHAR))
            Walk->Rest.Length = 0;
        return STATUS_SUCCESS;
    }
    status = ObReferenceObjectByHandle(root, 0, NULL, Walk->Lookup->Mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    ObpMoveTo(Walk, object);
    if (object == ObpRootDirectoryObject)
        ObfDereferenceObject(object);
    if (ObpTypeOf(ObHeader(object)) == ObpDirectoryObjectType)
        return Walk->Complete.Name.Length != 0 && Walk->Complete.Name.Buffer[0] == L'\\' ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_SUCCESS;
    return ObpTypeOf(ObHeader(object))->TypeInfo.ParseProcedure != NULL ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

/* The caller's name as it is now: no name at all is an empty one. */
static NTSTATUS ObpBeginWalk(OBP_WALK *Walk, const OBP_LOOKUP *Lookup)
{
    static const UNICODE_STRING nothing = { 0, 0, NULL };
    UNICODE_STRING name = Lookup->Name != NULL ? *Lookup->Name : nothing;

    Walk->Lookup = Lookup;
    Walk->Here = NULL;
    Walk->Link = NULL;
    Walk->Complete.Name = nothing;
    Walk->Complete.IsInPool = FALSE;
    if (name.Length == 0)
        return STATUS_SUCCESS;
    if ((name.Length & 1) || name.Length > OBP_MAXIMUM_NAME - sizeof(WCHAR) || name.Buffer == NULL)
        return STATUS_OBJECT_NAME_INVALID;
    if (Lookup->Insert != NULL)                  /* the object takes another name in the end, and this one goes */
        return ObpSetCompleteName(&Walk->Complete, &name, &nothing);
    Walk->Complete.Name = name;
    return STATUS_SUCCESS;
}

NTSTATUS ObpLookupObjectName(const OBP_LOOKUP *Lookup, PVOID *Object)
{
    OBP_WALK walk;
    NTSTATUS status = ObpBeginWalk(&walk, Lookup);
    ULONG attempt;

    if (!NT_SUCCESS(status))
        return status;
    status = STATUS_REPARSE;
    for (attempt = 0; status == STATUS_REPARSE && attempt <= OBP_MAXIMUM_REPARSES; attempt++) {
        status = ObpStart(&walk, attempt == 0);
        if (NT_SUCCESS(status))
            status = ObpWalk(&walk);
    }
    if (status == STATUS_REPARSE)
        status = OBP_TOO_MANY_REPARSES;
    ObpForgetLink(&walk);
    ObpFreeCompleteName(&walk.Complete);
    if (!NT_SUCCESS(status)) {
        ObpMoveTo(&walk, NULL);
        return status;
    }
    if (walk.Here == ObpRootDirectoryObject)
        ObfReferenceObject(walk.Here);
    *Object = walk.Here;
    return status;
}
