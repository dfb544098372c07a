/* SPDX-License-Identifier: MIT
 * Starting security: from here on ob judges who opens what.
 */
#include "sep.h"

/* Everybody has SeChangeNotifyPrivilege unless it was taken away. */
static BOOLEAN SepMayTraverse(PSECURITY_SUBJECT_CONTEXT Subject)
{
    return SepTokenHasPrivilege(SepEffectiveToken(Subject), SE_CHANGE_NOTIFY_PRIVILEGE);
}

VOID SeInitialize(VOID)
{
    SepInitializeTokens();
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
}
