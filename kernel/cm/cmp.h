/* SPDX-License-Identifier: MIT
 * Private to cm/.
 *
 * A key that is open has a key control block, found by hive and cell, one for each key however often it is open. It refers to its
 * parent's block, so that a path can be read upwards. The key object (key body) of a handle refers to the block. A deleted key's
 * block stays until the last body is gone, marked Discarded, and leads to no cell any more.
 *
 * Locks, in the order in which they are taken; all push locks:
 *   CmpFlushLock        one flush at a time, which hive has which files; the only one held while the store works
 *   CmpRegistryLock     every hive: shared to read cells, exclusive to change them; KCB.Discarded
 *   CmpKcbLock          the table of key control blocks, their counts and lists of bodies
 *   CmpNotifyLock       pending notifications
 *   CmpCallbackLock     registered callbacks and object contexts
 * Callers' memory is touched and callbacks, events and the store are called with none of them but CmpFlushLock held. Input is
 * captured before, output is prepared in pool.
 */
#pragma once
#include "cm.h"
#include "exsync.h"
#include "mm.h"
#include "ob.h"
#include "regflog.h"

#define CMP_TAG 'ygeR'
#define CMP_KEY_BODY_TYPE 0x6B793032u            /* NT's */
#define CMP_MAXIMUM_CALLBACKS 16

extern EX_PUSH_LOCK CmpRegistryLock, CmpKcbLock;
extern const REGF_HOST CmpRegfHost;

typedef struct CMP_HIVE {
    REGF_HIVE Regf;                              /* CmpRegistryLock */
    LIST_ENTRY Links;                            /* CmpRegistryLock */
    LONG References;                             /* a one for being mounted, one for each key control block, callers' */
    LONG KcbCount;                               /* CmpKcbLock */
    UNICODE_STRING Name;                         /* I once mounted: the last component of its key */
    ULONG MountCell;                             /* I its key in the master hive; REGF_NIL for that one */
    PVOID Files[RegfFiles];                      /* CmpFlushLock; NULL: none, or none yet */
    ULONG FileSum;                               /* I the check sum in the base block of the file that was loaded */
    BOOLEAN IsVolatile;                          /* I it has no file */
    BOOLEAN RefusesStable;                       /* I and says so: STATUS_CHILD_MUST_BE_VOLATILE */
    BOOLEAN MayUnload;                           /* I NtLoadKey brought it */
    WCHAR NameBuffer[REGF_MAXIMUM_KEY_NAME];     /* I once mounted */
} CMP_HIVE;
extern CMP_HIVE *CmpMasterHive;

/* A key control block with what NT keeps elsewhere. */
typedef struct CMP_KCB {
    CM_KEY_CONTROL_BLOCK Kcb;                    /* first */
    LIST_ENTRY HashLinks;                        /* CmpKcbLock */
    USHORT NameLength;                           /* I bytes */
    WCHAR Name[];                                /* I the last component */
} CMP_KCB;
typedef CM_KEY_CONTROL_BLOCK *PCMP_KCB;
static inline CMP_KCB *CmpFullKcb(PCMP_KCB Kcb) { return CONTAINING_RECORD(Kcb, CMP_KCB, Kcb); }
static inline REGF_HIVE *CmpHiveOf(PCMP_KCB Kcb) { return &Kcb->KeyHive->Regf; }
static inline CM_KEY_NODE *CmpNodeOf(PCMP_KCB Kcb) { return RegfKey(&Kcb->KeyHive->Regf, Kcb->KeyCell); }
static inline REGF_NAME CmpName(PCUNICODE_STRING Name)
{
    return (REGF_NAME){ Name != NULL ? Name->Buffer : NULL, Name != NULL ? Name->Length / (ULONG)sizeof(WCHAR) : 0 };
}

NTSTATUS CmpStatus(REGF_STATUS Status);

/* ---- Hives (hive.c) ---- */
NTSTATUS CmpCreateMasterHive(VOID);
/* A hive that is not mounted: that of the files, or an empty volatile one when there is no primary. In *Hive also when the image is
 * refused, with the flaw, to be dereferenced. */
NTSTATUS CmpOpenHive(const REGF_FILE *Files, CMP_HIVE **Hive);
/* Makes the key below a key of the master hive at which the hive is mounted, which takes over the reference. The registry lock is
 * held exclusively, or it is boot. */
NTSTATUS CmpMountHiveLocked(ULONG Parent, PCUNICODE_STRING Name, CMP_HIVE *Hive);
VOID CmpUnmountHiveLocked(CMP_HIVE *Hive);
VOID CmpDereferenceHive(CMP_HIVE *Hive);
/* The hive after one, NULL for the first; that it has a file. Referenced, and the reference to the one before is given back. */
CMP_HIVE *CmpNextFileHive(CMP_HIVE *Hive);
/* The hive mounted at a cell of the master hive. */
CMP_HIVE *CmpHiveMountedAt(ULONG MountCell);
/* A key of a hive during boot, made when it is not there. */
ULONG CmpBootKey(CMP_HIVE *Hive, PCWSTR Path);
VOID CmpBootValue(CMP_HIVE *Hive, ULONG Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes);
/* Follows a mount point: *Hive and *Cell become the root of the hive that is mounted there. */
VOID CmpCrossMount(CMP_HIVE **Hive, PULONG Cell);

/* ---- Hives' files (hivefile.c) ---- */
/* Opens the primary and its logs, NAME.LOG1 and NAME.LOG2, which are made when they are not there. */
NTSTATUS CmpOpenFiles(POBJECT_ATTRIBUTES Name, PVOID Files[RegfFiles]);
VOID CmpCloseFiles(PVOID Files[RegfFiles]);
/* The files' hive, which keeps them open; they are closed when it fails. */
NTSTATUS CmpLoadHive(PVOID Files[RegfFiles], CMP_HIVE **Hive);

/* ---- Flushing (flush.c, lazyflush.c) ---- */
extern EX_PUSH_LOCK CmpFlushLock;
NTSTATUS CmpFlushHive(CMP_HIVE *Hive);           /* CmpFlushLock is held */
/* A hive may have changed: it will be written before long. The registry lock is held exclusively. */
VOID CmpNoteChangeLocked(CMP_HIVE *Hive);
extern LONG64 CmpLazyInterval;                   /* 100 ns, negative */

/* ---- Key control blocks (kcb.c) ---- */
/* The block of a key, referenced; Parent is NULL for the root only. The registry lock is held. NULL: out of memory. */
PCMP_KCB CmpReferenceKey(PCMP_KCB Parent, CMP_HIVE *Hive, ULONG Cell, PCUNICODE_STRING Name);
VOID CmpReferenceKcb(PCMP_KCB Kcb);
VOID CmpDereferenceKcb(PCMP_KCB Kcb);
/* The key is gone: nobody finds its block again. The registry lock is held exclusively. */
VOID CmpDiscardKcb(PCMP_KCB Kcb);
/* \REGISTRY\..., in pool with a NUL behind. NULL Buffer: out of memory. */
UNICODE_STRING CmpPathOf(PCMP_KCB Kcb);
BOOLEAN CmpIsBelow(PCMP_KCB Kcb, PCMP_KCB Above);
/* How many keys of the hive are open below its root. */
ULONG CmpCountOpenKeys(const CMP_HIVE *Hive);
/* Nobody but the caller, by one reference, uses a key of the hive, whose root it is. */
BOOLEAN CmpIsOnlyUser(PCMP_KCB Root);

/* ---- Key objects (object.c) ---- */
VOID CmpCreateKeyType(VOID);
/* A key object without a handle; takes over the reference to Kcb, also on failure. */
NTSTATUS CmpCreateKeyBody(PCMP_KCB Kcb, PVOID *Object);
static inline NTSTATUS CmpReferenceHandle(HANDLE Handle, ACCESS_MASK Access, PCM_KEY_BODY *Body)
{
    return ObReferenceObjectByHandle(Handle, Access, CmpKeyObjectType, ObPreviousMode(), (PVOID *)Body, NULL);
}

/* A copy of the name of a value of the service's caller, checked; its Buffer, NULL for the empty name, goes to MmFreeCallerBlock. */
NTSTATUS CmpCaptureValueName(PUNICODE_STRING Source, PUNICODE_STRING Copy);

/* The security method of the type (security.c). */
OB_SECURITY_METHOD CmpSecurityMethod;

/* ---- Look-up (parse.c, walk.c) ---- */
typedef struct CMP_PARSE_CONTEXT {
    BOOLEAN Create, OpenLink;
    ULONG Options;                               /* REG_OPTION_... */
    UNICODE_STRING Class;
    CMP_HIVE *Hive;                              /* to be mounted where the path leads */
    ULONG Disposition;                           /* out */
} CMP_PARSE_CONTEXT;
OB_PARSE_METHOD CmpParseKey;
/* For the service's caller, whose ObjectAttributes they are; *KeyHandle is the kernel's memory. */
NTSTATUS CmpOpenByName(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, CMP_PARSE_CONTEXT *Context);
typedef struct CMP_WALK {
    PCMP_KCB Start;                              /* where Rest begins */
    UNICODE_STRING Rest;
    BOOLEAN OpenLink;
    CMP_PARSE_CONTEXT *Create;                   /* NULL: open only */
    PCMP_KCB Found;                              /* out: referenced */
    PCMP_KCB ChangedParent;                      /* out: referenced, when a key was made below it */
    UNICODE_STRING Target;                       /* out: in pool, with STATUS_REPARSE */
} CMP_WALK;
NTSTATUS CmpWalkPath(CMP_WALK *Walk);
#define CMP_LINK_VALUE L"SymbolicLinkValue"

/* ---- Output ---- */
/* What a query will return, prepared in pool under the lock and handed over after it. */
typedef struct CMP_RESULT {
    PUCHAR Block;                                /* Room bytes; NULL when not even the fixed part fits */
    ULONG Room, Needed;
} CMP_RESULT;
/* STATUS_BUFFER_TOO_SMALL: Length is below Fixed, only the length will be returned. */
NTSTATUS CmpBeginResult(CMP_RESULT *Result, ULONG Length, ULONG Fixed, ULONG64 Needed);
VOID CmpPutResult(CMP_RESULT *Result, ULONG Offset, const VOID *Source, ULONG Bytes);
/* Copies to kernel memory and frees. Status is what building returned. */
NTSTATUS CmpEndResult(CMP_RESULT *Result, NTSTATUS Status, PVOID Buffer, PULONG ResultLength);

typedef struct CMP_KEY_VIEW {
    PCMP_KCB Kcb;                                /* for KeyNameInformation; NULL: a subkey that is not open */
    CMP_HIVE *Hive;
    ULONG Cell;
    PCUNICODE_STRING Name;
} CMP_KEY_VIEW;
NTSTATUS CmpBuildKeyInformation(const CMP_KEY_VIEW *View, KEY_INFORMATION_CLASS Class, ULONG Length, CMP_RESULT *Result);
NTSTATUS CmpBuildValueInformation(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, KEY_VALUE_INFORMATION_CLASS Class, ULONG Length,
                                  CMP_RESULT *Result);

/* ---- Notifications (notify.c) ---- */
VOID CmpPostChange(PCMP_KCB Kcb, ULONG Filter);
VOID CmpEndNotifications(PCM_KEY_BODY Body);     /* its last handle is gone */

/* ---- Callbacks (callback.c) ---- */
typedef struct CMP_OPERATION {
    REG_NOTIFY_CLASS Before, After;
    PVOID Object;                                /* the key body the context belongs to, or NULL */
    PVOID Information;                           /* REG_..._KEY_INFORMATION */
    PVOID *CallContext, *ObjectContext;          /* its members */
    PVOID *Result;                               /* create, open: where the new key body will be */
    NTSTATUS (*Perform)(PVOID Arguments);
    PVOID Arguments;
} CMP_OPERATION;
/* Shows the operation to every callback, performs it unless one of them refuses or takes it over, shows the outcome. */
NTSTATUS CmpFilter(const CMP_OPERATION *Operation);
VOID CmpEndContexts(PCM_KEY_BODY Body);
