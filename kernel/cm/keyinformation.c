/* SPDX-License-Identifier: MIT
 * The classes of information about keys. The registry lock is held throughout.
 */
#include "cmp.h"

#define CMP_NO_CLASS 0xFFFFFFFFu
#define CMP_ALIGN4(n) (((n) + 3u) & ~3u)

typedef struct CMP_KEY_FLAGS {
    ULONG Wow64Flags, KeyFlags, ControlFlags;    /* KEY_FLAGS_INFORMATION */
} CMP_KEY_FLAGS;
#define REG_FLAG_VOLATILE_ 1u
#define REG_FLAG_LINK_ 2u

static const CM_KEY_NODE *CmpViewNode(const CMP_KEY_VIEW *View) { return RegfKey(&View->Hive->Regf, View->Cell); }

static VOID CmpPutClass(const CMP_KEY_VIEW *View, ULONG Offset, CMP_RESULT *Result)
{
    const CM_KEY_NODE *node = CmpViewNode(View);
    if (node->ClassLength != 0)
        CmpPutResult(Result, Offset, RegfCell(&View->Hive->Regf, node->Class), node->ClassLength);
}

static NTSTATUS CmpBuildBasic(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, fixed + View->Name->Length);
    KEY_BASIC_INFORMATION *information = (KEY_BASIC_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->LastWriteTime.QuadPart = (LONG64)CmpViewNode(View)->LastWriteTime;
    information->NameLength = View->Name->Length;
    CmpPutResult(Result, fixed, View->Name->Buffer, View->Name->Length);
    return status;
}

static NTSTATUS CmpBuildNode(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_NODE_INFORMATION, Name);
    const CM_KEY_NODE *node = CmpViewNode(View);
    ULONG class = CMP_ALIGN4(fixed + View->Name->Length);
    ULONG needed = node->ClassLength != 0 ? class + node->ClassLength : fixed + View->Name->Length;
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, needed);
    KEY_NODE_INFORMATION *information = (KEY_NODE_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->LastWriteTime.QuadPart = (LONG64)node->LastWriteTime;
    information->ClassOffset = node->ClassLength != 0 ? class : CMP_NO_CLASS;
    information->ClassLength = node->ClassLength;
    information->NameLength = View->Name->Length;
    CmpPutResult(Result, fixed, View->Name->Buffer, View->Name->Length);
    CmpPutClass(View, class, Result);
    return status;
}

static NTSTATUS CmpBuildFull(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_FULL_INFORMATION, Class);
    const CM_KEY_NODE *node = CmpViewNode(View);
    NTSTATUS status = CmpBeginResult(Result, Length, fixed, fixed + node->ClassLength);
    KEY_FULL_INFORMATION *information = (KEY_FULL_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->LastWriteTime.QuadPart = (LONG64)node->LastWriteTime;
    information->ClassOffset = node->ClassLength != 0 ? fixed : CMP_NO_CLASS;
    information->ClassLength = node->ClassLength;
    information->SubKeys = RegfSubKeyCount(node);
    information->MaxNameLen = node->MaxNameLen & 0xFFFF;
    information->MaxClassLen = node->MaxClassLen;
    information->Values = node->ValueCount;
    information->MaxValueNameLen = node->MaxValueNameLen;
    information->MaxValueDataLen = node->MaxValueDataLen;
    CmpPutClass(View, fixed, Result);
    return status;
}

static NTSTATUS CmpBuildCached(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const CM_KEY_NODE *node = CmpViewNode(View);
    NTSTATUS status = CmpBeginResult(Result, Length, sizeof(KEY_CACHED_INFORMATION), sizeof(KEY_CACHED_INFORMATION));
    KEY_CACHED_INFORMATION *information = (KEY_CACHED_INFORMATION *)Result->Block;

    if (information == NULL)
        return status;
    information->LastWriteTime.QuadPart = (LONG64)node->LastWriteTime;
    information->SubKeys = RegfSubKeyCount(node);
    information->MaxNameLen = node->MaxNameLen & 0xFFFF;
    information->Values = node->ValueCount;
    information->MaxValueNameLen = node->MaxValueNameLen;
    information->MaxValueDataLen = node->MaxValueDataLen;
    information->NameLength = View->Name->Length;
    return status;
}

static NTSTATUS CmpBuildName(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const ULONG fixed = FIELD_OFFSET(KEY_NAME_INFORMATION, Name);
    UNICODE_STRING path = CmpPathOf(View->Kcb);
    NTSTATUS status;

    if (path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = CmpBeginResult(Result, Length, fixed, fixed + path.Length);
    if (Result->Block != NULL) {
        ((KEY_NAME_INFORMATION *)Result->Block)->NameLength = path.Length;
        CmpPutResult(Result, fixed, path.Buffer, path.Length);
    }
    ExFreePoolWithTag(path.Buffer, CMP_TAG);
    return status;
}

static NTSTATUS CmpBuildFlags(const CMP_KEY_VIEW *View, ULONG Length, CMP_RESULT *Result)
{
    const CM_KEY_NODE *node = CmpViewNode(View);
    CMP_KEY_FLAGS flags = { .KeyFlags = (node->Flags & KEY_IS_VOLATILE ? REG_FLAG_VOLATILE_ : 0) |
                                        (node->Flags & KEY_SYM_LINK ? REG_FLAG_LINK_ : 0) };
    NTSTATUS status = CmpBeginResult(Result, Length, sizeof(flags), sizeof(flags));

    if (Result->Block != NULL)
        CmpPutResult(Result, 0, &flags, sizeof(flags));
    return status;
}

/* Of a subkey that is not open only what ZwEnumerateKey documents. */
NTSTATUS CmpBuildKeyInformation(const CMP_KEY_VIEW *View, KEY_INFORMATION_CLASS Class, ULONG Length, CMP_RESULT *Result)
{
    switch (Class) {
    case KeyBasicInformation:
        return CmpBuildBasic(View, Length, Result);
    case KeyNodeInformation:
        return CmpBuildNode(View, Length, Result);
    case KeyFullInformation:
        return CmpBuildFull(View, Length, Result);
    default:
        break;
    }
    if (View->Kcb == NULL)
        return STATUS_INVALID_PARAMETER;
    switch (Class) {
    case KeyNameInformation:
        return CmpBuildName(View, Length, Result);
    case KeyCachedInformation:
        return CmpBuildCached(View, Length, Result);
    case KeyFlagsInformation:
        return CmpBuildFlags(View, Length, Result);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
