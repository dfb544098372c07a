/* SPDX-License-Identifier: MIT
 * Private to ob/.
 *
 * An object in pool, lowest address first; optional parts are there when their bit in InfoMask is set:
 *
 *   PROCESS_INFO (0x10)  QUOTA_INFO (8)  HANDLE_INFO (4)  NAME_INFO (2)  CREATOR_INFO (1)  OBJECT_HEADER  body
 *
 * Locks, in the order in which they are taken; all push locks, except an entry's:
 *   ObpNamespaceLock          shared to follow NAME_INFO.Directory upwards, exclusive to take an object out of the namespace
 *   OBJECT_DIRECTORY.Lock     the buckets of one directory
 *   OBJECT_HEADER.Lock        exclusive use (OBJ_EXCLUSIVE) against a new handle; the security descriptor's pointer
 *   ObpCallbackLock           registered callbacks (OBJECT_TYPE.CallbackList); nothing else inside it
 *   HANDLE_TABLE.HandleTableLock   growth of the table
 *   HANDLE_TABLE_FREE_LIST.FreeListLock
 *   the Unlocked bit of a HANDLE_TABLE_ENTRY, a spin lock at DISPATCH_LEVEL
 * No method of a type is called with any of them held.
 */
#pragma once
#include "ob.h"
#include "mm.h"
#include "exsync.h"

#define OBP_CREATOR_INFO 0x01
#define OBP_NAME_INFO 0x02
#define OBP_HANDLE_INFO 0x04
#define OBP_QUOTA_INFO 0x08
#define OBP_PROCESS_INFO 0x10

/* OBJECT_HEADER.Flags */
#define OB_FLAG_NEW_OBJECT 0x01
#define OB_FLAG_KERNEL_OBJECT 0x02
#define OB_FLAG_KERNEL_ONLY_ACCESS 0x04
#define OB_FLAG_EXCLUSIVE_OBJECT 0x08
#define OB_FLAG_PERMANENT_OBJECT 0x10
#define OB_FLAG_DEFER_DELETE 0x80

/* HANDLE_TABLE_ENTRY.Attributes: bit for bit those of OBJECT_HANDLE_INFORMATION, of which OBJ_INHERIT has a public name */
#define OBP_PROTECT_CLOSE 0x1
#define OBP_INHERIT 0x2
#define OBP_AUDIT 0x4
#define OBP_ATTRIBUTES_MASK 0x7
C_ASSERT(OBP_INHERIT == OBJ_INHERIT);

#define OBP_KERNEL_HANDLE 0xFFFFFFFF80000000ull
#define OBP_DIRECTORY_BUCKETS 37
#define OBP_MAXIMUM_REPARSES 32
#define OBP_MAXIMUM_NAME 0xFFFE

extern UCHAR ObpInfoMaskToOffset[256];
extern EX_PUSH_LOCK ObpNamespaceLock;
extern POBJECT_DIRECTORY ObpRootDirectoryObject;
extern PHANDLE_TABLE ObpKernelHandleTable;

/* ---- Headers (header.c) ---- */
/* Where an optional part lies, or NULL. */
static inline PVOID ObpOptionalInfo(POBJECT_HEADER Header, UCHAR Bit)
{
    if (!(Header->InfoMask & Bit))
        return NULL;
    return (PUCHAR)Header - ObpInfoMaskToOffset[Header->InfoMask & (Bit | (Bit - 1))];
}
static inline POBJECT_HEADER_NAME_INFO ObpNameInfo(POBJECT_HEADER Header) { return ObpOptionalInfo(Header, OBP_NAME_INFO); }
static inline POBJECT_HEADER_PROCESS_INFO ObpProcessInfo(POBJECT_HEADER Header) { return ObpOptionalInfo(Header, OBP_PROCESS_INFO); }

static inline UCHAR ObpTypeIndexMask(POBJECT_HEADER Header) { return (UCHAR)((ULONG64)Header >> 8) ^ (UCHAR)ObHeaderCookie; }
static inline POBJECT_TYPE ObpTypeOf(POBJECT_HEADER Header) { return ObTypeIndexTable[Header->TypeIndex ^ ObpTypeIndexMask(Header)]; }

VOID ObpInitializeHeaders(VOID);
/* A zeroed object with one reference; Name's buffer becomes the object's. NULL when out of memory. */
POBJECT_HEADER ObpAllocateObject(POBJECT_TYPE Type, PUNICODE_STRING Name, ULONG Attributes, ULONG BodySize);
VOID ObpFreeObject(POBJECT_HEADER Header);
VOID ObpFreeCreateInfo(POBJECT_HEADER Header);
/* Calls the type's delete method and frees the object. PASSIVE_LEVEL, no reference left. */
VOID ObpDeleteObject(POBJECT_HEADER Header);
VOID ObpInitializeDeferredDeletes(VOID);
VOID ObpDeferDelete(POBJECT_HEADER Header);        /* IRQL <= DISPATCH_LEVEL */

/* ---- Types ---- */
VOID ObpInitializeTypes(VOID);
POBJECT_TYPE ObpTypeAt(ULONG Number);               /* counted from 0; NULL: there are not so many */
BOOLEAN ObpIsType(POBJECT_TYPE Type);              /* for any pointer at all */
VOID ObpPublishTypes(VOID);                        /* types made before \ObjectTypes existed appear there */

/* ---- Directories ---- */
ULONG ObpHashName(PCUNICODE_STRING Name);
/* One unit more; the hash of nothing is 0. Case does not count. */
static inline ULONG ObpHashUnit(ULONG Hash, ULONG Unit)
{
    if (Unit - 'a' <= 'z' - 'a')
        Unit -= 'a' - 'A';
    else if (Unit >= 0x80)
        Unit = RtlUpcaseUnicodeChar((WCHAR)Unit);
    return Hash * 37 + Unit;
}
/* The object of that name, referenced, or NULL; Hash is the name's. */
PVOID ObpLookupDirectoryEntry(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name, ULONG Hash, BOOLEAN IgnoreCase);
/* Puts Object, whose NAME_INFO holds its name, into Directory: STATUS_OBJECT_NAME_COLLISION (an object of that name),
 * STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS ObpInsertDirectoryEntry(POBJECT_DIRECTORY Directory, PVOID Object, BOOLEAN IgnoreCase);
/* Takes the object out of its directory unless it is permanent or has handles. */
VOID ObpDeleteNameCheck(POBJECT_HEADER Header);
OB_DELETE_METHOD ObpDeleteDirectory;
/* Every object of the directory, referenced, in the order of its buckets. STATUS_INSUFFICIENT_RESOURCES. */
typedef struct OBP_SNAPSHOT {
    PVOID *Objects;
    ULONG Count, Capacity;
} OBP_SNAPSHOT;
NTSTATUS ObpTakeSnapshot(POBJECT_DIRECTORY Directory, OBP_SNAPSHOT *Snapshot);
VOID ObpReleaseSnapshot(OBP_SNAPSHOT *Snapshot);
/* Shows every object of the directory, in no order; nothing when there is no memory. No lock is held over Visit. */
typedef VOID OBP_VISIT(PVOID Context, PVOID Object);
VOID ObpVisitDirectory(POBJECT_DIRECTORY Directory, OBP_VISIT *Visit, PVOID Context);

/* ---- Symbolic links (link.c, linkway.c) ---- */
OB_DELETE_METHOD ObpDeleteSymbolicLink;
OB_PARSE_METHOD ObpParseSymbolicLink;
/* A link, and where its target led last: most look-ups go through a link that leads to a volume. */
typedef struct OBP_SYMBOLIC_LINK {
    OBJECT_SYMBOLIC_LINK Link;
    PVOID Found;                                   /* ObpNamespaceLock; not referenced, looked at only while Generation is right */
    ULONG64 Generation;                            /* ObpNamespaceLock; the namespace's when Found was found, 0: never */
    USHORT Length;                                 /* ObpNamespaceLock; bytes of the target that lead to Found */
    BOOLEAN IgnoreCase;                            /* ObpNamespaceLock; how Found was looked for */
} OBP_SYMBOLIC_LINK;
/* How often something was taken out of the namespace, counted from 1. What was found is still there while it does not change.
 * ObpNamespaceLock exclusive to write. */
extern volatile ULONG64 ObpNamespaceGeneration;
/* Where the link leads, referenced, and how much of the target leads there; NULL: it must be walked. */
PVOID ObpFollowLink(OBP_SYMBOLIC_LINK *Link, BOOLEAN IgnoreCase, PUSHORT Length);
/* What a walk found that began at that generation. */
VOID ObpRememberWay(OBP_SYMBOLIC_LINK *Link, PVOID Found, USHORT Length, BOOLEAN IgnoreCase, ULONG64 Generation);

/* ---- Look-up (lookup.c) ---- */
typedef struct OBP_LOOKUP {
    HANDLE RootDirectory;
    PUNICODE_STRING Name;                          /* may be NULL */
    ULONG Attributes;
    POBJECT_TYPE Type;                             /* NULL: any */
    KPROCESSOR_MODE Mode;
    PVOID ParseContext;
    PSECURITY_QUALITY_OF_SERVICE Qos;
    PACCESS_STATE AccessState;
    PVOID Insert;                                  /* object to put at the end of the path when there is none, or NULL */
} OBP_LOOKUP;
/* The object, referenced. With Insert: that object itself when it was put there (its directory's reference is another one);
 * STATUS_OBJECT_NAME_EXISTS with the object that was there for OBJ_OPENIF, else STATUS_OBJECT_NAME_COLLISION. */
NTSTATUS ObpLookupObjectName(const OBP_LOOKUP *Lookup, PVOID *Object);
/* A copy of the caller's name in pool with a buffer of its own; no name at all is an empty string. */
NTSTATUS ObpCaptureName(PUNICODE_STRING Source, PUNICODE_STRING Copy);
/* The complete name of a look-up, which links replace: parse methods get &Name. A short one needs no pool. */
#define OBP_SHORT_NAME 96u                         /* characters with the NUL */
typedef struct OBP_COMPLETE_NAME {
    UNICODE_STRING Name;
    BOOLEAN IsInPool;
    WCHAR Short[2][OBP_SHORT_NAME];                /* the name, and the one that takes its place */
} OBP_COMPLETE_NAME;
/* First, then Rest, which may lie in the old name. */
NTSTATUS ObpSetCompleteName(OBP_COMPLETE_NAME *Complete, PCUNICODE_STRING First, PCUNICODE_STRING Rest);
VOID ObpFreeCompleteName(OBP_COMPLETE_NAME *Complete);
/* An OBJECT_ATTRIBUTES out of its caller's hands, checked. The descriptor is still the caller's. */
typedef struct OBP_ATTRIBUTES {
    OBJECT_ATTRIBUTES Attributes;                  /* ObjectName and SecurityQualityOfService lead to the next two, or nowhere */
    UNICODE_STRING Name;
    SECURITY_QUALITY_OF_SERVICE Qos;
    BOOLEAN OwnsName;
} OBP_ATTRIBUTES;
NTSTATUS ObpCaptureAttributes(const OBJECT_ATTRIBUTES *From, KPROCESSOR_MODE Mode, OBP_ATTRIBUTES *To);
VOID ObpReleaseAttributes(OBP_ATTRIBUTES *Attributes);
/* Kernel mode, or whoever holds SeCreatePermanentPrivilege. */
BOOLEAN ObpMayMakePermanent(KPROCESSOR_MODE Mode);

/* ---- Handles ---- */
PEPROCESS ObpCurrentProcess(VOID);
/* The current process or thread, without any table. */
static inline BOOLEAN ObpIsPseudo(HANDLE Handle) { return Handle == NtCurrentProcess() || Handle == NtCurrentThread(); }
typedef struct OBP_NEW_HANDLE {
    OB_OPEN_REASON Reason;
    PVOID Object;                                  /* the handle takes a reference of its own */
    POBJECT_TYPE Type;                             /* NULL: any, else STATUS_OBJECT_TYPE_MISMATCH */
    ULONG Attributes;
    KPROCESSOR_MODE Mode;
    ACCESS_MASK Access;                            /* no generic rights */
    PEPROCESS Process;                             /* who gets it; NULL: the current process */
    PEPROCESS Source;                              /* ObDuplicateHandle: whose handle was duplicated */
} OBP_NEW_HANDLE;
/* The handle is the kernel's, whoever gets it. */
static inline BOOLEAN ObpIsForKernel(const OBP_NEW_HANDLE *New)
{
    return (New->Attributes & OBJ_KERNEL_HANDLE) && New->Mode == KernelMode;
}
static inline PEPROCESS ObpReceiver(const OBP_NEW_HANDLE *New)
{
    return New->Process != NULL ? New->Process : ObpCurrentProcess();
}
NTSTATUS ObpCreateHandle(const OBP_NEW_HANDLE *New, PHANDLE Handle);
/* The next handle of a fresh table is left out; the chain of those left out, for ObpReturnSkipped. */
PHANDLE_TABLE_ENTRY ObpSkipHandle(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Skipped);
VOID ObpReturnSkipped(PHANDLE_TABLE Table, PHANDLE_TABLE_ENTRY Skipped);
/* The rights a request ends up with. */
ACCESS_MASK ObpGrantedAccess(POBJECT_TYPE Type, PACCESS_STATE State, ACCESS_MASK DesiredAccess);
/* Who is judged: kernel mode is not unless it asks to be. */
static inline KPROCESSOR_MODE ObpCheckMode(KPROCESSOR_MODE Mode, ULONG Attributes)
{
    return Attributes & OBJ_FORCE_ACCESS_CHECK ? UserMode : Mode;
}
/* The process's table and the handle without the kernel mark; NULL when the caller may not use such a handle. */
PHANDLE_TABLE ObpTableOfHandle(PHANDLE Handle, KPROCESSOR_MODE Mode);

/* ---- Callbacks (callback.c, callbackregister.c) ---- */
/* A registration, and its part for one type. A call holds Calls from before the operation until after it. */
typedef struct OBP_CALLBACK_ITEM {
    LIST_ENTRY Links;                              /* ObpCallbackLock; OBJECT_TYPE.CallbackList, highest altitude first */
    OB_OPERATION Operations;                       /* I */
    struct OBP_CALLBACKS *Callbacks;               /* I */
    POBJECT_TYPE ObjectType;                       /* I */
    POB_PRE_OPERATION_CALLBACK PreOperation;       /* I may be NULL */
    POB_POST_OPERATION_CALLBACK PostOperation;     /* I may be NULL */
} OBP_CALLBACK_ITEM;
typedef struct OBP_CALLBACKS {
    LIST_ENTRY Links;                              /* ObpCallbackLock; ObpRegistrations */
    EX_RUNDOWN_REF Calls;
    BOOLEAN Leaving;                               /* ObpCallbackLock */
    PVOID Context;                                 /* I */
    UNICODE_STRING Altitude;                       /* I behind the items */
    ULONG Count;                                   /* I */
    OBP_CALLBACK_ITEM Items[];
} OBP_CALLBACKS;
extern EX_PUSH_LOCK ObpCallbackLock;
typedef NTSTATUS OBP_MAKE_HANDLE(const OBP_NEW_HANDLE *New, PHANDLE Handle);
/* Make(New, Handle) between the callbacks for New, which may take rights away from it. PASSIVE_LEVEL. */
NTSTATUS ObpFilterHandle(const OBP_NEW_HANDLE *New, OBP_MAKE_HANDLE *Make, PHANDLE Handle);

/* ---- Security (security.c) ---- */
/* A shared copy of a self-relative descriptor with one reference, or NULL. */
PSECURITY_DESCRIPTOR ObpShareDescriptor(PSECURITY_DESCRIPTOR Descriptor);
/* New, a reference, takes Old's place. FALSE: somebody was faster, nothing happened. */
BOOLEAN ObpExchangeDescriptor(POBJECT_HEADER Header, PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New);
/* Asks the type's security method. */
NTSTATUS ObpQueryMethod(POBJECT_HEADER Header, SECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length);
/* The object's descriptor, which ObpReleaseDescriptor gives back (NULL too); NULL: it has none. PASSIVE_LEVEL. */
PSECURITY_DESCRIPTOR ObpReferenceDescriptor(POBJECT_HEADER Header);
VOID ObpReleaseDescriptor(PSECURITY_DESCRIPTOR Descriptor);
/* A creator's own descriptor, checked and copied; NULL stays NULL. ObpFreeCaptured ends it. */
NTSTATUS ObpCaptureDescriptor(PSECURITY_DESCRIPTOR Descriptor, KPROCESSOR_MODE Mode, PSECURITY_DESCRIPTOR *Captured);
VOID ObpFreeCaptured(PSECURITY_DESCRIPTOR Captured, KPROCESSOR_MODE Mode);
/* A new object's descriptor. Parent: the directory it goes to, or NULL; an unnamed object gets one only when its creator gave one or
 * its type wants one. */
NTSTATUS ObpAssignSecurity(PVOID Object, PVOID Parent);
/* ---- Access (access.c) ---- */
/* What the state's subject gets of what it still wants; the state is brought up to date. */
NTSTATUS ObpCheckAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK *Granted);
/* Nobody's descriptor stops the state's subject on its way through directories. */
BOOLEAN ObpMayTraverse(PACCESS_STATE State, KPROCESSOR_MODE Mode);
/* May the state's subject go through the directory, or make something in it? */
NTSTATUS ObpCheckDirectory(PVOID Directory, PACCESS_STATE State, KPROCESSOR_MODE Mode, ACCESS_MASK Access);
