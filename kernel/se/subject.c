/* SPDX-License-Identifier: MIT
 * Security subject contexts: whose rights a request is judged by. Tokens come with the security reference monitor; until then a
 * context names no token, which is what kernel-mode requests are judged without.
 */
#include "se.h"
#include "ob.h"
#include "ke.h"

VOID NTAPI SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    SubjectContext->ClientToken = NULL;
    SubjectContext->ImpersonationLevel = SecurityAnonymous;
    SubjectContext->PrimaryToken = NULL;
    SubjectContext->ProcessAuditId = ((PEPROCESS)KeCurrentThread()->ApcState.Process)->UniqueProcessId;
}

/* No token, nothing to lock against. */
VOID NTAPI SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext) { KeEnterCriticalRegion(); }
VOID NTAPI SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext) { KeLeaveCriticalRegion(); }

VOID NTAPI SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    SubjectContext->ClientToken = NULL;
    SubjectContext->PrimaryToken = NULL;
}

static VOID SepCaptureSubject(PSECURITY_SUBJECT_CONTEXT Subject) { SeCaptureSubjectContext(Subject); }
static VOID SepReleaseSubject(PSECURITY_SUBJECT_CONTEXT Subject) { SeReleaseSubjectContext(Subject); }

VOID SeInitialize(VOID)
{
    ObUpcalls.CaptureSubject = SepCaptureSubject;
    ObUpcalls.ReleaseSubject = SepReleaseSubject;
}
