/* SPDX-License-Identifier: MIT
 * Who wants to hear that a logon session ended. The only sessions there are, the system's and the anonymous one, never do.
 */
#include "sep.h"

#define SEP_TAG_NOTIFICATION 'nLeS'

typedef struct SEP_NOTIFICATION {
    struct SEP_NOTIFICATION *Next;
    PSE_LOGON_SESSION_TERMINATED_ROUTINE Routine;
} SEP_NOTIFICATION;

static EX_PUSH_LOCK SepNotificationLock;
static SEP_NOTIFICATION *SepNotifications;       /* SepNotificationLock */

NTSTATUS NTAPI SeRegisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine)
{
    SEP_NOTIFICATION *entry;

    if (CallbackRoutine == NULL)
        return STATUS_INVALID_PARAMETER;
    entry = ExAllocatePoolWithTag(PagedPool, sizeof(*entry), SEP_TAG_NOTIFICATION);
    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    entry->Routine = CallbackRoutine;
    ExLockExclusive(&SepNotificationLock);
    entry->Next = SepNotifications;
    SepNotifications = entry;
    ExUnlockExclusive(&SepNotificationLock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI SeUnregisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine)
{
    SEP_NOTIFICATION **link, *entry;

    if (CallbackRoutine == NULL)
        return STATUS_INVALID_PARAMETER;
    ExLockExclusive(&SepNotificationLock);
    for (link = &SepNotifications; *link != NULL && (*link)->Routine != CallbackRoutine; link = &(*link)->Next)
        continue;
    entry = *link;
    if (entry != NULL)
        *link = entry->Next;
    ExUnlockExclusive(&SepNotificationLock);
    if (entry == NULL)
        return STATUS_NOT_FOUND;
    ExFreePoolWithTag(entry, SEP_TAG_NOTIFICATION);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI SeMarkLogonSessionForTerminationNotification(PLUID LogonId)
{
    static const LUID anonymous = ANONYMOUS_LOGON_LUID;

    return RtlEqualLuid(LogonId, &SepSystemLuid) || RtlEqualLuid(LogonId, &anonymous) ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}
