/* SPDX-License-Identifier: MIT
 * The machine's own keyboard: a thread reads \Device\KeyboardClass0 and makes records of what comes, beside those of COM1. A machine
 * without one has no such device, and no thread.
 */
#include "condrv.h"
#include <ntddkbd.h>

#define CD_KEYS_AT_ONCE 16u

static struct {
    PDEVICE_OBJECT Device;                       /* I once the thread runs */
    PFILE_OBJECT File;                           /* I referenced; NULL: no keyboard */
    PIRP Irp;                                    /* the thread's */
    PVOID Thread;                                /* I referenced */
    KEVENT Stop, Done;
    KEYBOARD_INPUT_DATA Keys[CD_KEYS_AT_ONCE];   /* the thread's */
    CON_SHIFTS Shifts;                           /* the thread's */
} CdKeys;

/* ---- One read ---- */
static NTSTATUS NTAPI CdKeysCompleted(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    KeSetEvent(&CdKeys.Done, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;      /* the request is used again */
}

static VOID CdBeginReadOfKeys(VOID)
{
    PIO_STACK_LOCATION location;

    IoReuseIrp(CdKeys.Irp, STATUS_SUCCESS);
    KeClearEvent(&CdKeys.Done);
    CdKeys.Irp->AssociatedIrp.SystemBuffer = CdKeys.Keys;
    location = IoGetNextIrpStackLocation(CdKeys.Irp);
    location->MajorFunction = IRP_MJ_READ;
    location->FileObject = CdKeys.File;
    location->Parameters.Read.Length = sizeof(CdKeys.Keys);
    IoSetCompletionRoutine(CdKeys.Irp, CdKeysCompleted, NULL, TRUE, TRUE, TRUE);
    IoCallDriver(CdKeys.Device, CdKeys.Irp);
}

/* FALSE: it is over. */
static BOOLEAN CdReadKeys(PULONG Count)
{
    PVOID events[] = { &CdKeys.Stop, &CdKeys.Done };

    CdBeginReadOfKeys();
    if (KeWaitForMultipleObjects(2, events, WaitAny, Executive, KernelMode, FALSE, NULL, NULL) == STATUS_WAIT_0) {
        IoCancelIrp(CdKeys.Irp);
        KeWaitForSingleObject(&CdKeys.Done, Executive, KernelMode, FALSE, NULL);
        return FALSE;
    }
    *Count = (ULONG)(CdKeys.Irp->IoStatus.Information / sizeof(KEYBOARD_INPUT_DATA));
    return NT_SUCCESS(CdKeys.Irp->IoStatus.Status);
}

/* ---- The thread ---- */
/* Keys that there is no room for are lost, but what is held is known all the same. */
static VOID CdTypeKeys(ULONG Count)
{
    CON_RECORD record;
    ULONG i;

    CdLock();
    for (i = 0; i < Count && i < CD_KEYS_AT_ONCE; i++)
        if (ConScanCode(&CdKeys.Shifts, CdKeys.Keys[i].MakeCode, CdKeys.Keys[i].Flags, &record))
            CdTypeLocked(&record, 1);
    CdServeAndUnlock();
}

static VOID NTAPI CdKeysThread(PVOID Context)
{
    ULONG count;

    while (CdReadKeys(&count))
        CdTypeKeys(count);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* ---- Coming and going ---- */
VOID CdStartKeys(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\KeyboardClass0");

    KeInitializeEvent(&CdKeys.Stop, NotificationEvent, FALSE);
    KeInitializeEvent(&CdKeys.Done, NotificationEvent, FALSE);
    if (!NT_SUCCESS(IoGetDeviceObjectPointer(&name, FILE_READ_DATA, &CdKeys.File, &CdKeys.Device))) {
        CdKeys.File = NULL;
        return;
    }
    CdKeys.Irp = IoAllocateIrp(CdKeys.Device->StackSize, FALSE);
    if (CdKeys.Irp != NULL && NT_SUCCESS(CdStartThread(CdKeysThread, &CdKeys.Thread)))
        return;
    CdStopKeys();
}

VOID CdStopKeys(VOID)
{
    if (CdKeys.File == NULL)
        return;
    if (CdKeys.Thread != NULL) {
        KeSetEvent(&CdKeys.Stop, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(CdKeys.Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(CdKeys.Thread);
    }
    if (CdKeys.Irp != NULL)
        IoFreeIrp(CdKeys.Irp);
    ObDereferenceObject(CdKeys.File);
    RtlZeroMemory(&CdKeys, sizeof(CdKeys));
}
