/* SPDX-License-Identifier: MIT
 * Access control lists and security descriptors for the kernel's components: what the DDK does not declare. (rtl.h is also read by
 * rtl's host tests, whose types are few.)
 */
#pragma once
#include "nt.h"

/* ---- Security ----
 * Lists, entries and descriptors are distrusted: lengths are checked before anything is read. IRQL <= APC_LEVEL. */
/* The parts of either format of descriptor; an ACL that is not present, or present and NULL, is NULL. Nothing is checked. */
typedef struct RTL_DESCRIPTOR_PARTS {
    PSID Owner, Group;
    PACL Sacl, Dacl;
    SECURITY_DESCRIPTOR_CONTROL Control;
} RTL_DESCRIPTOR_PARTS;
VOID RtlGetDescriptorParts(PSECURITY_DESCRIPTOR SecurityDescriptor, RTL_DESCRIPTOR_PARTS *Parts);
/* Sound parts as a self-relative descriptor. *BufferLength becomes what it takes; STATUS_BUFFER_TOO_SMALL writes nothing else. */
NTSTATUS RtlMakeRelativeDescriptor(const RTL_DESCRIPTOR_PARTS *Parts, PSECURITY_DESCRIPTOR Buffer, PULONG BufferLength);
/* The entry is of a kind that names somebody; who that is (NULL: the entry is broken); the GUID an object entry is for, or NULL. */
BOOLEAN RtlAceHasSid(const ACE_HEADER *Ace);
PSID RtlAceSid(const ACE_HEADER *Ace);
const GUID *RtlAceObjectType(const ACE_HEADER *Ace);
const GUID *RtlAceInheritedType(const ACE_HEADER *Ace);  /* the GUID of children it is for, or NULL */
ULONG RtlAceRevision(UCHAR AceType);      /* the least revision of a list that may hold such an entry */

/* Exported names that the DDK does not declare. FALSE: the list is broken; *FirstFree is NULL when it is full. */
BOOLEAN NTAPI RtlFirstFreeAce(PACL Acl, PVOID *FirstFree);
BOOLEAN NTAPI RtlValidAcl(PACL Acl);
