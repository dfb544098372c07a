/* SPDX-License-Identifier: MIT
 * Starting security: from here on ob judges who opens what.
 */
#include "sep.h"

SECURITY_DESCRIPTOR SePublicDefaultSd, SePublicOpenSd;

/* Everybody has SeChangeNotifyPrivilege unless it was taken away. */
static BOOLEAN SepMayTraverse(PSECURITY_SUBJECT_CONTEXT Subject)
{
    return SepTokenHasPrivilege(SepEffectiveToken(Subject), SE_CHANGE_NOTIFY_PRIVILEGE);
}

static VOID SepMust(NTSTATUS Status, ULONG64 Step)
{
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(SECURITY_INITIALIZATION_FAILED, Step, (ULONG_PTR)Status, 0, 0);
}

static VOID SepProtectBy(SECURITY_DESCRIPTOR *Descriptor, PACL Dacl)
{
    SepMust(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION1), 2);
    SepMust(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Dacl, FALSE), 3);
}

VOID SeInitialize(VOID)
{
    SepInitializeTokens();
    SepMust(SeAssignProcessToken((PEPROCESS)KeCurrentThread()->Process, NULL), 5);       /* the idle process is the subject */
    ObUpcalls.CaptureSubject = SeCaptureSubjectContext;
    ObUpcalls.ReleaseSubject = SeReleaseSubjectContext;
    ObUpcalls.AccessCheck = SeAccessCheck;
    ObUpcalls.MayTraverse = SepMayTraverse;
    ObUpcalls.AppendPrivileges = SeAppendPrivileges;
    ObUpcalls.AssignSecurity = SeAssignSecurity;
    ObUpcalls.CaptureDescriptor = SeCaptureSecurityDescriptor;
    ObUpcalls.ReleaseDescriptor = SeReleaseSecurityDescriptor;
    ObUpcalls.QueryDescriptor = SeQuerySecurityDescriptorInfo;
    ObUpcalls.SetDescriptor = SeSetSecurityDescriptorInfo;
    ObUpcalls.HasPrivilege = SeSinglePrivilegeCheck;
    SepMust(ObInsertObject(SeSystemToken, NULL, 0, 0, NULL, NULL), 6);
    SepProtectBy(&SePublicDefaultSd, SePublicDefaultDacl);
    SepProtectBy(&SePublicOpenSd, SePublicOpenDacl);
    SepMust(ObSecureInitialNamespace(&SePublicDefaultSd), 4);
}
