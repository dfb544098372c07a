/* SPDX-License-Identifier: MIT
 * A thread to test with: started, and waited for.
 */
#pragma once
#include "check.h"

/* The thread's object, referenced; NULL when it could not be started. Ends itself by PsTerminateSystemThread. */
static inline PVOID StartThread(PKSTART_ROUTINE Routine, PVOID Context)
{
    HANDLE handle;
    PVOID thread = NULL;

    if (!CheckStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context), STATUS_SUCCESS, "a thread"))
        return NULL;
    CheckStatus(ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL), STATUS_SUCCESS, "its object");
    ZwClose(handle);
    return thread;
}

static inline VOID JoinThread(PVOID Thread)
{
    if (Thread == NULL)
        return;
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}
