/* SPDX-License-Identifier: MIT
 * Security for the other components: tokens, whose rights a request is judged by, and the judging. What the DDK declares is not
 * repeated here.
 */
#pragma once
#include "nt.h"

/* The token type, the system's token, which becomes the idle process's too, the well-known SIDs; ob judges requests through se from
 * here on. Before ps. */
VOID SeInitialize(VOID);

extern POBJECT_TYPE SepTokenObjectType;
/* The System process's token; never goes away. */
extern PACCESS_TOKEN SeSystemToken;
/* What objects without a better idea are protected by: system all, administrators read; for public ones administrators all, and everyone
 * reads and goes through; for open ones everyone writes, too. */
extern PACL SePublicDefaultDacl, SePublicOpenDacl, SeSystemDefaultDacl;
extern SECURITY_DESCRIPTOR SePublicDefaultSd, SePublicOpenSd;

/* ---- Tokens of processes and threads (ps exports these under its own names) ---- */
/* The process's primary token, referenced. */
PACCESS_TOKEN SeReferenceProcessToken(PEPROCESS Process);
/* Gives a process that nobody sees yet its primary token, a copy of From; NULL: the system's own. */
NTSTATUS SeAssignProcessToken(PEPROCESS Process, PACCESS_TOKEN From);
VOID SeReleaseProcessToken(PEPROCESS Process);

typedef struct SE_IMPERSONATION {
    PACCESS_TOKEN Token;                          /* NULL: the thread is itself */
    BOOLEAN CopyOnOpen, EffectiveOnly;
    SECURITY_IMPERSONATION_LEVEL Level;
} SE_IMPERSONATION;
/* What the thread impersonates, with the token referenced. IRQL <= APC_LEVEL. */
VOID SeReferenceThreadToken(PETHREAD Thread, SE_IMPERSONATION *Impersonation);
/* Takes a reference of its own on the new token and drops the old one's. IRQL <= APC_LEVEL. */
VOID SeSetThreadToken(PETHREAD Thread, const SE_IMPERSONATION *Impersonation);
/* The level a thread of Process may impersonate Token at: the one asked for, or SecurityIdentification when it may not. */
SECURITY_IMPERSONATION_LEVEL SeLimitImpersonation(PEPROCESS Process, PACCESS_TOKEN Token, SECURITY_IMPERSONATION_LEVEL Level);
/* A copy, referenced once. STATUS_BAD_IMPERSONATION_LEVEL: a copy may not be more than its original. */
NTSTATUS SeDuplicateToken(PACCESS_TOKEN Token, POBJECT_ATTRIBUTES Attributes, BOOLEAN EffectiveOnly, TOKEN_TYPE Type,
                          SECURITY_IMPERSONATION_LEVEL Level, KPROCESSOR_MODE Mode, PACCESS_TOKEN *Copy);

/* ---- Exported, but not declared by the DDK ---- */
VOID NTAPI SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process, PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTSTATUS NTAPI SeCreateAccessState(PACCESS_STATE AccessState, PVOID AuxData, ACCESS_MASK DesiredAccess, PGENERIC_MAPPING Mapping);
SECURITY_IMPERSONATION_LEVEL NTAPI SeTokenImpersonationLevel(PACCESS_TOKEN Token);
VOID NTAPI SeDeleteAccessState(PACCESS_STATE AccessState);
/* The DDK's macro of that name does the same. */
#undef SeDeleteClientSecurity
VOID NTAPI SeDeleteClientSecurity(PSECURITY_CLIENT_CONTEXT ClientContext);
/* A checked self-relative copy in pool, or CapturedDescriptor NULL for none. Kernel mode's own is given back as it is unless
 * ForceCapture. Ends with SeReleaseSecurityDescriptor, which is told the same. */
NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, KPROCESSOR_MODE Mode, POOL_TYPE PoolType,
                                           BOOLEAN ForceCapture, PSECURITY_DESCRIPTOR *CapturedDescriptor);
NTSTATUS NTAPI SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR CapturedDescriptor, KPROCESSOR_MODE Mode, BOOLEAN ForceCapture);

NTSTATUS NTAPI NtAllocateLocallyUniqueId(PLUID Luid);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID TokenInformation,
                                       ULONG TokenInformationLength, PULONG ReturnLength);
NTSTATUS NTAPI NtDuplicateToken(HANDLE ExistingTokenHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                BOOLEAN EffectiveOnly, TOKEN_TYPE TokenType, PHANDLE NewTokenHandle);
/* ---- For programs that guard objects of their own. STATUS_NO_IMPERSONATION_TOKEN, STATUS_BAD_IMPERSONATION_LEVEL: of the client's token ----
 * STATUS_GENERIC_NOT_MAPPED, STATUS_INVALID_SECURITY_DESCR (no owner or group), STATUS_BUFFER_TOO_SMALL (the set of privileges). */
NTSTATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, HANDLE ClientToken, ACCESS_MASK DesiredAccess,
                             PGENERIC_MAPPING GenericMapping, PPRIVILEGE_SET PrivilegeSet, PULONG PrivilegeSetLength,
                             PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus);
NTSTATUS NTAPI NtPrivilegeCheck(HANDLE ClientToken, PPRIVILEGE_SET RequiredPrivileges, PBOOLEAN Result);
NTSTATUS NTAPI NtFilterToken(HANDLE ExistingTokenHandle, ULONG Flags, PTOKEN_GROUPS SidsToDisable, PTOKEN_PRIVILEGES PrivilegesToDelete,
                             PTOKEN_GROUPS RestrictedSids, PHANDLE NewTokenHandle);
NTSTATUS NTAPI NtCompareTokens(HANDLE FirstTokenHandle, HANDLE SecondTokenHandle, PBOOLEAN Equal);
/* TokenOwner, TokenPrimaryGroup, TokenSessionId (SeTcbPrivilege). STATUS_INVALID_OWNER, STATUS_INVALID_PRIMARY_GROUP. */
NTSTATUS NTAPI NtSetInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass, PVOID TokenInformation,
                                     ULONG TokenInformationLength);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE TokenHandle, BOOLEAN DisableAllPrivileges, PTOKEN_PRIVILEGES NewState,
                                       ULONG BufferLength, PTOKEN_PRIVILEGES PreviousState, PULONG ReturnLength);
