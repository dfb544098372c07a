/* SPDX-License-Identifier: MIT
 * Tokens by handle, with the three handles that need no opening: of the process, of the thread, and of whichever of them counts.
 */
#include "sep.h"

#define SEP_PROCESS_TOKEN ((HANDLE)-4)           /* NtCurrentProcessToken, NtCurrentThreadToken, NtCurrentThreadEffectiveToken */
#define SEP_THREAD_TOKEN ((HANDLE)-5)
#define SEP_EFFECTIVE_TOKEN ((HANDLE)-6)
#define SEP_PSEUDO_ACCESS (TOKEN_QUERY | TOKEN_QUERY_SOURCE)

NTSTATUS SepReferenceTokenHandle(HANDLE Handle, ACCESS_MASK Access, KPROCESSOR_MODE Mode, PVOID *Token)
{
    BOOLEAN copy, effective;
    SECURITY_IMPERSONATION_LEVEL level;
    PACCESS_TOKEN token = NULL;

    if (Handle != SEP_PROCESS_TOKEN && Handle != SEP_THREAD_TOKEN && Handle != SEP_EFFECTIVE_TOKEN)
        return ObReferenceObjectByHandle(Handle, Access, SepTokenObjectType, Mode, Token, NULL);
    if (Access & ~(ACCESS_MASK)SEP_PSEUDO_ACCESS)
        return STATUS_ACCESS_DENIED;
    if (Handle != SEP_PROCESS_TOKEN)
        token = PsReferenceImpersonationToken((PETHREAD)KeCurrentThread(), &copy, &effective, &level);
    if (token == NULL && Handle == SEP_THREAD_TOKEN)
        return STATUS_NO_TOKEN;
    *Token = token != NULL ? token : PsReferencePrimaryToken((PEPROCESS)KeCurrentThread()->Process);
    return STATUS_SUCCESS;
}
