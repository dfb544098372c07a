/* SPDX-License-Identifier: MIT
 * A thousand keys of every kind, written and found again. hives.py computes the same.
 */
#include "hives.h"

#define KEYS 1000u
#define BIG_ROOM 24000u
static UCHAR Big[BIG_ROOM], Found[BIG_ROOM + 64];

/* Every seventh name needs UTF-16, every eleventh is beyond ASCII. */
static VOID NameOf(ULONG Number, PWSTR Name)
{
    ULONG i = 0;

    if (Number % 7 == 0) {
        Name[i++] = 0x0416;
        Name[i++] = 0x4E2D;
    } else if (Number % 11 == 0) {
        Name[i++] = 0x00E9;
    }
    Name[i++] = L'K';
    HivesNumber(Name + i, Number, 4);
}

static BOOLEAN IsDeleted(ULONG Number) { return Number % 3 == 2; }
static ULONG BigBytes(ULONG Number) { return Number % 10 == 0 ? 16340 + Number * 7 : 0; }
static VOID FillBig(ULONG Number)
{
    ULONG i;
    for (i = 0; i < BigBytes(Number); i++)
        Big[i] = (UCHAR)(i * 7 + Number);
}

/* ---- Writing ---- */
static HANDLE MakeKey(HANDLE Parent, PCWSTR Name, PCWSTR Class, ULONG Options)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name, class;
    HANDLE key = NULL;

    RtlInitUnicodeString(&name, Name);
    RtlInitUnicodeString(&class, Class);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent, NULL);
    HivesStatus(ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, Class != NULL ? &class : NULL, Options, NULL), STATUS_SUCCESS,
                "a key");
    return key;
}

/* Everybody may read, nobody else is named. */
static VOID Protect(HANDLE Key)
{
    static const SID everyone = { SID_REVISION, 1, { SECURITY_WORLD_SID_AUTHORITY }, { SECURITY_WORLD_RID } };
    SECURITY_DESCRIPTOR descriptor;
    struct {
        ACL Acl;
        UCHAR Room[64];
    } acl;

    RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl(&acl.Acl, sizeof(acl), ACL_REVISION);
    HivesStatus(RtlAddAccessAllowedAce(&acl.Acl, ACL_REVISION, KEY_READ, (PSID)&everyone), STATUS_SUCCESS, "an entry");
    RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &acl.Acl, FALSE);
    HivesStatus(ZwSetSecurityObject(Key, DACL_SECURITY_INFORMATION, &descriptor), STATUS_SUCCESS, "a descriptor");
}

static VOID WriteOne(HANDLE Many, ULONG Number)
{
    WCHAR name[HIVES_NAME], class[HIVES_NAME] = L"Class";
    ULONG value = Number * 2654435761u;
    HANDLE key;

    NameOf(Number, name);
    HivesNumber(class + 5, Number, 4);
    key = MakeKey(Many, name, Number % 5 == 0 ? class : NULL, 0);
    if (key == NULL)
        return;
    HivesStatus(HivesSet(key, L"n", REG_DWORD, &value, sizeof(value)), STATUS_SUCCESS, "a number");
    FillBig(Number);
    if (BigBytes(Number) != 0)
        HivesStatus(HivesSet(key, L"big", REG_BINARY, Big, BigBytes(Number)), STATUS_SUCCESS, "much data");
    if (Number % 20 == 0)
        Protect(key);
    ZwClose(key);
}

static VOID DeleteSome(HANDLE Many)
{
    WCHAR name[HIVES_NAME];
    HANDLE key;
    ULONG i;

    for (i = 0; i < KEYS; i++) {
        NameOf(i, name);
        if (!IsDeleted(i) || !HivesStatus(HivesOpen(Many, name, 0, &key), STATUS_SUCCESS, "a key to delete"))
            continue;
        HivesStatus(ZwDeleteKey(key), STATUS_SUCCESS, "a key is deleted");
        ZwClose(key);
    }
}

VOID HivesWrite(VOID)
{
    static const WCHAR text[] = L"a text", target[] = HIVES_ROOT L"\\Many";
    HANDLE root = MakeKey(NULL, HIVES_ROOT, NULL, 0), many = root != NULL ? MakeKey(root, L"Many", NULL, 0) : NULL, key;
    ULONG i;

    if (many == NULL)
        return;
    for (i = 0; i < KEYS; i++)
        WriteOne(many, i);
    DeleteSome(many);
    HivesStatus(HivesSet(root, L"", REG_SZ, text, sizeof(text)), STATUS_SUCCESS, "a value without a name");
    key = MakeKey(root, L"Link", NULL, REG_OPTION_CREATE_LINK);
    HivesStatus(HivesSet(key, L"SymbolicLinkValue", REG_LINK, target, sizeof(target) - sizeof(WCHAR)), STATUS_SUCCESS, "a link");
    ZwClose(key);
    ZwClose(MakeKey(root, L"Gone", NULL, REG_OPTION_VOLATILE));
    HivesStatus(ZwFlushKey(root), STATUS_SUCCESS, "all is written");
    ZwClose(many);
    ZwClose(root);
}

/* ---- Finding ---- */
static VOID FindValue(HANDLE Key, PCWSTR Name, const VOID *Data, ULONG Bytes)
{
    PKEY_VALUE_PARTIAL_INFORMATION found = (PKEY_VALUE_PARTIAL_INFORMATION)Found;
    UNICODE_STRING name;
    ULONG length;

    RtlInitUnicodeString(&name, Name);
    if (HivesStatus(ZwQueryValueKey(Key, &name, KeyValuePartialInformation, found, sizeof(Found), &length), STATUS_SUCCESS,
                    "a value"))
        HivesCheck(found->DataLength == Bytes && RtlCompareMemory(found->Data, Data, Bytes) == Bytes, "its data");
}

static VOID FindClass(HANDLE Key, ULONG Number)
{
    PKEY_NODE_INFORMATION found = (PKEY_NODE_INFORMATION)Found;
    WCHAR class[HIVES_NAME] = L"Class";
    ULONG length, wanted = Number % 5 == 0 ? 9 * sizeof(WCHAR) : 0;

    HivesNumber(class + 5, Number, 4);
    if (HivesStatus(ZwQueryKey(Key, KeyNodeInformation, found, sizeof(Found), &length), STATUS_SUCCESS, "a key's class"))
        HivesCheck(found->ClassLength == wanted &&
                   (wanted == 0 || RtlCompareMemory(Found + found->ClassOffset, class, wanted) == wanted), "the class it had");
}

static VOID FindProtection(HANDLE Key)
{
    BOOLEAN present = FALSE, defaulted;
    PACL acl = NULL;
    ULONG length;

    if (!HivesStatus(ZwQuerySecurityObject(Key, DACL_SECURITY_INFORMATION, Found, sizeof(Found), &length), STATUS_SUCCESS,
                     "its security"))
        return;
    HivesStatus(RtlGetDaclSecurityDescriptor(Found, &present, &acl, &defaulted), STATUS_SUCCESS, "its access list");
    HivesCheck(present && acl != NULL && acl->AceCount == 1 && ((PACCESS_ALLOWED_ACE)(acl + 1))->Mask == KEY_READ,
               "the entry it had");
}

static VOID FindOne(HANDLE Many, ULONG Number)
{
    ULONG value = Number * 2654435761u;
    WCHAR name[HIVES_NAME];
    HANDLE key;

    NameOf(Number, name);
    if (!HivesStatus(HivesOpen(Many, name, 0, &key), IsDeleted(Number) ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS,
                     "a key is found") || IsDeleted(Number))
        return;
    FindValue(key, L"n", &value, sizeof(value));
    FillBig(Number);
    if (BigBytes(Number) != 0)
        FindValue(key, L"big", Big, BigBytes(Number));
    FindClass(key, Number);
    if (Number % 20 == 0)
        FindProtection(key);
    ZwClose(key);
}

VOID HivesFind(BOOLEAN SameBoot)
{
    HANDLE key, many;
    ULONG i;

    if (!HivesStatus(HivesOpen(NULL, HIVES_ROOT L"\\Link", 0, &many), STATUS_SUCCESS, "the way of the link"))
        return;
    for (i = 0; i < KEYS; i++)
        FindOne(many, i);
    ZwClose(many);
    if (HivesStatus(HivesOpen(NULL, HIVES_ROOT L"\\Gone", 0, &key), SameBoot ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND,
                    "a volatile key") && SameBoot)
        ZwClose(key);
}
