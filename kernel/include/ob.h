/* SPDX-License-Identifier: MIT
 * The object manager for the other components. What the DDK declares is not repeated here.
 *
 * An object is created with one reference, the creator's. A handle is another; so is standing in a directory. When the last handle
 * of an object without OBJ_PERMANENT goes, its name goes too. When the last reference goes, the object is deleted at PASSIVE_LEVEL:
 * at once, or by ObDeleteDeferredObjects when the caller may not wait.
 */
#pragma once
#include "nt.h"

/* Types, directories and the initial namespace. Works before there are threads to wait with: single-threaded. */
VOID ObInitialize(VOID);
/* The body of the thread that deletes objects whose last reference went above PASSIVE_LEVEL; never returns. ps starts it. */
VOID ObDeleteDeferredObjects(PVOID Context);
/* Returns when every deletion deferred before the call is done: for tests and before a driver is unloaded. PASSIVE_LEVEL. */
VOID ObWaitForDeferredDeletes(VOID);

/* ---- Upward calls: "ob security" of the design. NULL until se is there, which means: no subject, no check. They are se's routines
 * of like names (DDK). ---- */
typedef struct OB_UPCALLS {
    VOID (NTAPI *CaptureSubject)(PSECURITY_SUBJECT_CONTEXT Subject);
    VOID (NTAPI *ReleaseSubject)(PSECURITY_SUBJECT_CONTEXT Subject);
    BOOLEAN (NTAPI *AccessCheck)(PSECURITY_DESCRIPTOR Descriptor, PSECURITY_SUBJECT_CONTEXT Subject, BOOLEAN Locked,
                                 ACCESS_MASK Desired, ACCESS_MASK Previous, PPRIVILEGE_SET *Privileges, PGENERIC_MAPPING Mapping,
                                 KPROCESSOR_MODE Mode, PACCESS_MASK Granted, PNTSTATUS Status);
    BOOLEAN (*MayTraverse)(PSECURITY_SUBJECT_CONTEXT Subject);          /* any directory, whatever its descriptor says */
    NTSTATUS (NTAPI *AppendPrivileges)(PACCESS_STATE State, PPRIVILEGE_SET Privileges);
    NTSTATUS (NTAPI *AssignSecurity)(PSECURITY_DESCRIPTOR Parent, PSECURITY_DESCRIPTOR Given, PSECURITY_DESCRIPTOR *New,
                                     BOOLEAN IsDirectory, PSECURITY_SUBJECT_CONTEXT Subject, PGENERIC_MAPPING Mapping,
                                     POOL_TYPE PoolType);
    NTSTATUS (NTAPI *CaptureDescriptor)(PSECURITY_DESCRIPTOR Descriptor, KPROCESSOR_MODE Mode, POOL_TYPE PoolType,
                                        BOOLEAN ForceCapture, PSECURITY_DESCRIPTOR *Captured);
    NTSTATUS (NTAPI *ReleaseDescriptor)(PSECURITY_DESCRIPTOR Captured, KPROCESSOR_MODE Mode, BOOLEAN ForceCapture);
    NTSTATUS (NTAPI *QueryDescriptor)(PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Buffer, PULONG Length,
                                      PSECURITY_DESCRIPTOR *Descriptor);
    NTSTATUS (NTAPI *SetDescriptor)(PVOID Object, PSECURITY_INFORMATION What, PSECURITY_DESCRIPTOR Change,
                                    PSECURITY_DESCRIPTOR *Descriptor, POOL_TYPE PoolType, PGENERIC_MAPPING Mapping);
    BOOLEAN (NTAPI *HasPrivilege)(LUID Privilege, KPROCESSOR_MODE Mode);
} OB_UPCALLS;
extern OB_UPCALLS ObUpcalls;

/* ---- Types ---- */
extern POBJECT_TYPE ObTypeIndexTable[256];
extern POBJECT_TYPE ObpTypeObjectType, ObpDirectoryObjectType, ObpSymbolicLinkObjectType;
/* The types of the two pseudo handles; ps sets them. */
extern POBJECT_TYPE ObpProcessType, ObpThreadType;
extern ULONG ObHeaderCookie;

/* What ObCreateObject and ObInsertObject make of an object without attributes, and without a handle, in one step: one reference, the
 * caller's. The body is zero. Mode: who it is for. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS ObCreateUnnamedObject(POBJECT_TYPE Type, KPROCESSOR_MODE Mode, ULONG Size, PVOID *Object);
/* Makes a type and \ObjectTypes\Name. Initializer->Length must be right. STATUS_INSUFFICIENT_RESOURCES, STATUS_OBJECT_NAME_COLLISION. */
NTSTATUS ObCreateObjectType(PCUNICODE_STRING Name, const OBJECT_TYPE_INITIALIZER *Initializer, POBJECT_TYPE *Type);
/* A type of the system: cannot fail or the machine ends. DefaultOffset is where in the body the dispatcher object to wait for
 * lies, or OB_NOT_WAITABLE. */
#define OB_NOT_WAITABLE (-1)
typedef struct OB_TYPE_TEMPLATE {
    PCWSTR Name;
    GENERIC_MAPPING Mapping;
    ACCESS_MASK ValidAccess;
    POOL_TYPE PoolType;
    LONG DefaultOffset;
    UCHAR Flags;                                  /* OB_TYPE_... */
    ACCESS_MASK RetainAccess;                     /* rights that no callback takes away */
    OB_CLOSE_METHOD *Close;
    OB_DELETE_METHOD *Delete;
    OB_PARSE_METHOD *Parse;
    OB_QUERYNAME_METHOD *QueryName;
    OB_SECURITY_METHOD *Security;                 /* NULL: ob keeps the descriptors of these objects itself */
} OB_TYPE_TEMPLATE;
#define OB_TYPE_CASE_INSENSITIVE 0x01             /* OBJECT_TYPE_INITIALIZER.ObjectTypeFlags */
#define OB_TYPE_UNNAMED_ONLY 0x02
#define OB_TYPE_USE_DEFAULT_OBJECT 0x04
#define OB_TYPE_SECURITY_REQUIRED 0x08
#define OB_TYPE_MAINTAIN_HANDLE_COUNT 0x10
#define OB_TYPE_SUPPORTS_CALLBACKS 0x40
POBJECT_TYPE ObCreateSystemType(const OB_TYPE_TEMPLATE *Template);
POBJECT_TYPE NTAPI ObGetObjectType(PVOID Object);

/* ---- Headers ---- */
static inline POBJECT_HEADER ObHeader(PVOID Object) { return CONTAINING_RECORD(Object, OBJECT_HEADER, Body); }
ULONG NTAPI ObGetObjectHandleCount(PVOID Object);
/* A reference unless the last one is gone already, for look-ups that find objects by other means than a reference. */
BOOLEAN NTAPI ObReferenceObjectSafe(PVOID Object);

/* ---- Names and handles ---- */
/* Access state, ParseContext and type as for ObReferenceObjectByName (DDK); a handle in place of a pointer. */
NTSTATUS NTAPI ObOpenObjectByName(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                  PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess, PVOID ParseContext, PHANDLE Handle);
NTSTATUS NTAPI ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode);
/* The end of a service that makes a handle: Status and *To = Handle; a handle that cannot be told to the caller is closed. PASSIVE_LEVEL. */
NTSTATUS ObReturnHandle(NTSTATUS Status, PHANDLE To, HANDLE Handle);
/* ObInsertObject for a service: the handle goes to the caller's *To. */
NTSTATUS ObInsertAndReturn(PVOID Object, ACCESS_MASK DesiredAccess, PHANDLE To);
/* ObOpenObjectByName for a service: the handle goes to the caller's *To. */
NTSTATUS ObOpenAndReturn(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE Type, ACCESS_MASK DesiredAccess, PHANDLE To);
/* The caller's quality of service. FALSE in *Given: the attributes, which may be NULL, have none. */
NTSTATUS ObReadCallerQos(POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode, PSECURITY_QUALITY_OF_SERVICE Qos, PBOOLEAN Given);
/* A \Name directory entry without a handle, for boot: permanent, referenced by the namespace only. */
NTSTATUS ObCreateBootDirectory(PCWSTR Path);
NTSTATUS ObCreateBootLink(PCWSTR Path, PCWSTR Target);
/* Fills an access state for a request with generic rights mapped; ends with ObDeleteAccessState. */
VOID ObCreateAccessState(PACCESS_STATE State, PAUX_ACCESS_DATA Auxiliary, ACCESS_MASK DesiredAccess, PGENERIC_MAPPING Mapping);
VOID ObDeleteAccessState(PACCESS_STATE State);
/* What to wait for when somebody waits for Object; NULL when it cannot be waited for. */
PVOID ObWaitableObject(PVOID Object);
/* For parse methods that return STATUS_REPARSE: gives the look-up another complete name. NULL: out of memory. */
PWCHAR ObReplaceLookupName(PUNICODE_STRING CompleteName, PCUNICODE_STRING NewName);

NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
/* STATUS_NOT_SUPPORTED: a shadow directory or a flag. */
NTSTATUS NTAPI NtCreateDirectoryObjectEx(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                         HANDLE ShadowDirectoryHandle, ULONG Flags);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                          PUNICODE_STRING LinkTarget);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE Handle);
/* STATUS_PRIVILEGE_NOT_HELD: user mode without SeCreatePermanentPrivilege. */
NTSTATUS NTAPI NtMakePermanentObject(HANDLE Handle);
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
/* As KeWaitForMultipleObjects, 1 to MAXIMUM_WAIT_OBJECTS handles with SYNCHRONIZE. STATUS_INVALID_PARAMETER_1 (Count), _3 (WaitType),
 * _MIX (an object twice for WaitAll), STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL. */
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, HANDLE Handles[], WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
/* Signals an event, a mutant or a semaphore, then waits for the other object. STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED,
 * STATUS_MUTANT_NOT_OWNED, STATUS_SEMAPHORE_LIMIT_EXCEEDED: nothing was signalled. PASSIVE_LEVEL. */
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI ZwWaitForMultipleObjects(ULONG Count, HANDLE Handles[], WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout);

/* ---- Security (security.c) ---- */
/* Gives the root directory and all objects below it that were made before se was there a descriptor. se calls it once. */
NTSTATUS ObSecureInitialNamespace(PSECURITY_DESCRIPTOR Descriptor);
/* For parse methods that give something else than Object: may the state's subject have what it still wants of Object? *Granted and the
 * state say what it has. Kernel mode may unless Attributes has OBJ_FORCE_ACCESS_CHECK. PASSIVE_LEVEL. */
NTSTATUS ObCheckObjectAccess(PVOID Object, PACCESS_STATE State, KPROCESSOR_MODE Mode, ULONG Attributes, ACCESS_MASK *Granted);
/* What SecurityInformation names of Descriptor, which is kernel memory, becomes the object's. STATUS_NO_SECURITY_ON_OBJECT: it has no
 * descriptor that could be changed. PASSIVE_LEVEL. */
NTSTATUS NTAPI ObSetSecurityObjectByPointer(PVOID Object, SECURITY_INFORMATION SecurityInformation,
                                            PSECURITY_DESCRIPTOR SecurityDescriptor);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                   PSECURITY_DESCRIPTOR SecurityDescriptor);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                     PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded);

typedef struct _OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit, ProtectFromClose;
} OBJECT_HANDLE_FLAG_INFORMATION, *POBJECT_HANDLE_FLAG_INFORMATION;
NTSTATUS NTAPI ObSetHandleAttributes(HANDLE Handle, POBJECT_HANDLE_FLAG_INFORMATION Flags, KPROCESSOR_MODE PreviousMode);

NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                                      ULONG ObjectInformationLength);
NTSTATUS NTAPI ZwSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass, PVOID ObjectInformation,
                                      ULONG ObjectInformationLength);

/* ---- Duplicating, comparing, asking (duplicate.c, query.c, querydirectory.c). All at PASSIVE_LEVEL ---- */
/* SourceProcess's handle as a new one of TargetProcess; HandleAttributes may name the two flags of handles too.
 * STATUS_INVALID_HANDLE, STATUS_ACCESS_DENIED (rights that the source has not, and that the object does not give),
 * STATUS_PROCESS_IS_TERMINATING, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS NTAPI ObDuplicateObject(PEPROCESS SourceProcess, HANDLE SourceHandle, PEPROCESS TargetProcess, PHANDLE TargetHandle,
                                 ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options, KPROCESSOR_MODE PreviousMode);
NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle, PHANDLE TargetHandle,
                                 ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options);
#define STATUS_NOT_SAME_OBJECT ((NTSTATUS)0xC00001AC)
NTSTATUS NTAPI NtCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle);
NTSTATUS NTAPI ZwCompareObjects(HANDLE FirstObjectHandle, HANDLE SecondObjectHandle);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry,
                                      BOOLEAN RestartScan, PULONG Context, PULONG ReturnLength);
typedef struct _OBJECT_DIRECTORY_INFORMATION {
    UNICODE_STRING Name, TypeName;
} OBJECT_DIRECTORY_INFORMATION, *POBJECT_DIRECTORY_INFORMATION;
typedef struct _OBJECT_TYPE_INFORMATION {
    UNICODE_STRING TypeName;
    ULONG TotalNumberOfObjects, TotalNumberOfHandles;
    ULONG TotalPagedPoolUsage, TotalNonPagedPoolUsage, TotalNamePoolUsage, TotalHandleTableUsage;    /* not kept */
    ULONG HighWaterNumberOfObjects, HighWaterNumberOfHandles;
    ULONG HighWaterPagedPoolUsage, HighWaterNonPagedPoolUsage, HighWaterNamePoolUsage, HighWaterHandleTableUsage;
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    BOOLEAN SecurityRequired, MaintainHandleCount;
    UCHAR TypeIndex, ReservedByte;
    ULONG PoolType, DefaultPagedPoolCharge, DefaultNonPagedPoolCharge;
} OBJECT_TYPE_INFORMATION, *POBJECT_TYPE_INFORMATION;
C_ASSERT(sizeof(OBJECT_TYPE_INFORMATION) == 0x68);
/* Followed by the types, each with its name behind it, at multiples of 8. */
typedef struct _OBJECT_TYPES_INFORMATION { ULONG NumberOfTypes; } OBJECT_TYPES_INFORMATION, *POBJECT_TYPES_INFORMATION;

/* Whether closing the handle is to be audited. */
NTSTATUS NTAPI ObQueryObjectAuditingByHandle(HANDLE Handle, PBOOLEAN GenerateOnClose);

/* Shows every symbolic link of \GLOBAL??, in no order; nothing when there is no memory. PASSIVE_LEVEL; no lock is held over Visit. */
typedef VOID OB_VISIT_LINK(PVOID Context, PCUNICODE_STRING Name, PCUNICODE_STRING Target);
VOID ObEnumerateSymbolicLinks(OB_VISIT_LINK *Visit, PVOID Context);

/* ---- Handle tables: also the table of process and thread IDs ----
 * A handle is a multiple of 4. Entries carry a 16-byte aligned kernel address; what it means is the owner's business. */
/* NULL when out of memory. Process is recorded only; StrictFifo delays the reuse of values. */
PHANDLE_TABLE ObCreateHandleTable(PEPROCESS Process, BOOLEAN StrictFifo);
/* Gives a process that has no handles yet those of Parent that can be inherited, under the same values. PASSIVE_LEVEL. */
NTSTATUS ObInheritHandles(PEPROCESS Parent, PEPROCESS Process);
VOID ObDestroyHandleTable(PHANDLE_TABLE Table);
PHANDLE_TABLE ObKernelHandleTable(VOID);
/* A new handle to Pointer, or NULL when out of memory or handles. */
HANDLE ObAllocateHandle(PHANDLE_TABLE Table, PVOID Pointer, ULONG Attributes, ACCESS_MASK GrantedAccess);
/* The entry of a handle in use, locked: at DISPATCH_LEVEL until ObUnlockHandle or ObFreeLockedHandle. NULL, nothing changed, when
 * there is none. */
PHANDLE_TABLE_ENTRY ObLockHandle(PHANDLE_TABLE Table, HANDLE Handle, PKIRQL OldIrql);
/* Closes every handle of a process's own table. PASSIVE_LEVEL. */
VOID ObCloseProcessHandles(PEPROCESS Process);
ULONG ObHandleCount(PHANDLE_TABLE Table);
VOID ObUnlockHandle(PHANDLE_TABLE_ENTRY Entry, KIRQL OldIrql);
VOID ObFreeLockedHandle(PHANDLE_TABLE Table, HANDLE Handle, PHANDLE_TABLE_ENTRY Entry, KIRQL OldIrql);
static inline PVOID ObHandlePointer(const HANDLE_TABLE_ENTRY *Entry)
{
    return (PVOID)(0xFFFF000000000000ull | (ULONG64)Entry->ObjectPointerBits << 4);
}

/* ---- Calls from kernel mode into a system service: the Zw forms ---- */
static inline KPROCESSOR_MODE ObEnterKernelMode(VOID)
{
    PKTHREAD thread = (PKTHREAD)__readgsqword(0x188);
    KPROCESSOR_MODE mode = thread->PreviousMode;
    thread->PreviousMode = KernelMode;
    return mode;
}
static inline NTSTATUS ObLeaveKernelMode(KPROCESSOR_MODE Mode, NTSTATUS Status)
{
    ((PKTHREAD)__readgsqword(0x188))->PreviousMode = Mode;
    return Status;
}
static inline KPROCESSOR_MODE ObPreviousMode(VOID) { return ((PKTHREAD)__readgsqword(0x188))->PreviousMode; }

extern const struct KE_TEST_GROUP ObObjectTests, ObHandleTests, ObNameTests, ObCallbackTests, ObQueryTests;
