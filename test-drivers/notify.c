/* SPDX-License-Identifier: MIT
 * Routines that are told of threads, images and processes: registered, called, removed.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

static volatile LONG Created, Ended, Wrong;

static VOID NTAPI OnThread(HANDLE ProcessId, HANDLE ThreadId, BOOLEAN Create)
{
    if (KeGetCurrentIrql() > APC_LEVEL || ThreadId == NULL || ProcessId == NULL)
        InterlockedIncrement(&Wrong);
    InterlockedIncrement(Create ? &Created : &Ended);
}

static VOID NTAPI OnImage(PUNICODE_STRING Name, HANDLE ProcessId, PIMAGE_INFO Info) { (void)Name, (void)ProcessId, (void)Info; }
static VOID NTAPI OnProcess(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create) { (void)ParentId, (void)ProcessId, (void)Create; }
static VOID NTAPI OnProcessEx(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info) { (void)Process, (void)Id, (void)Info; }
static VOID NTAPI Nothing(PVOID Context) { PsTerminateSystemThread(STATUS_SUCCESS); }

static VOID RunThread(VOID)
{
    HANDLE thread;
    PVOID object;

    if (!CheckStatus(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Nothing, NULL), STATUS_SUCCESS, "a thread"))
        return;
    if (CheckStatus(ObReferenceObjectByHandle(thread, SYNCHRONIZE, *PsThreadType, KernelMode, &object, NULL), STATUS_SUCCESS,
                    "the thread's object")) {
        KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(object);
    }
    ZwClose(thread);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LONG created;

    CheckStatus(PsSetCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS, "register for threads");
    RunThread();
    Check(Created >= 1 && Ended >= 1 && Wrong == 0, "told of a thread's start and end");
    CheckStatus(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_SUCCESS, "unregister");
    created = Created;
    RunThread();
    Check(Created == created, "not told any more");
    CheckStatus(PsRemoveCreateThreadNotifyRoutine(OnThread), STATUS_PROCEDURE_NOT_FOUND, "unregister twice");

    CheckStatus(PsSetLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS, "register for images");
    CheckStatus(PsRemoveLoadImageNotifyRoutine(OnImage), STATUS_SUCCESS, "unregister for images");
    CheckStatus(PsSetCreateProcessNotifyRoutine(OnProcess, FALSE), STATUS_SUCCESS, "register for processes");
    CheckStatus(PsSetCreateProcessNotifyRoutine(OnProcess, FALSE), STATUS_INVALID_PARAMETER, "register twice");
    CheckStatus(PsSetCreateProcessNotifyRoutine(OnProcess, TRUE), STATUS_SUCCESS, "unregister for processes");
    CheckStatus(PsSetCreateProcessNotifyRoutineEx(OnProcessEx, FALSE), STATUS_ACCESS_DENIED, "an image that is not marked");
    return CheckResult();
}
