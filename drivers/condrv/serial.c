/* SPDX-License-Identifier: MIT
 * COM1, a 16550: received bytes come by interrupt into a ring, from there a thread makes keys of them; what is sent is polled.
 *
 * The UART is as the HAL has left it (115200 8N1, FIFOs on); the kernel prints on it, too, and only ever sends. Until the
 * console is first opened nothing here touches it. When the ring is full the receive interrupt is switched off, and the wire
 * waits; a wire whose other end takes nothing for CD_PATIENCE is given up until it takes something again.
 */
#include "condrv.h"

#define CD_PORT 0x3F8
#define CD_IRQ 4u
#define CD_DATA 0
#define CD_INTERRUPT_ENABLE 1
#define CD_INTERRUPT_IDENTITY 2
#define CD_MODEM_CONTROL 4
#define CD_LINE_STATUS 5
#define CD_MODEM_STATUS 6
#define CD_SCRATCH 7
#define CD_RECEIVED 0x01                         /* of the line status, and of what interrupts */
#define CD_EMPTY 0x20
#define CD_FIFO 16u
#define CD_RING 4096u
#define CD_BUFFER 1024u
#define CD_SPINS 1000u
#define CD_PATIENCE 5000u                        /* milliseconds */
#define CD_ESCAPE_TIME (-300000ll)               /* 30 ms: what follows an escape later than that is another key */

static struct {
    PKINTERRUPT Interrupt;                       /* I once IsStarted */
    PVOID Thread;                                /* I referenced */
    KMUTEX StartLock;
    BOOLEAN IsStarted;                           /* StartLock */
    BOOLEAN HasPort;                             /* I once IsStarted */
    volatile BOOLEAN IsStopping;                 /* a */
    KEVENT Wake;                                 /* the thread has something to look at */
    KDPC Dpc;
    UCHAR Ring[CD_RING];                         /* the interrupt's lock */
    ULONG First, Count;                          /* the interrupt's lock */
    BOOLEAN IsHeld;                              /* the interrupt's lock: the ring was full */
    CHAR Out[CD_BUFFER];                         /* Console.Lock */
    ULONG OutLength;                             /* Console.Lock */
    BOOLEAN IsDead;                              /* Console.Lock: nobody takes what is sent */
} CdSerial;

/* Newer headers leave it out: an ISA device has no other way to know its vector. */
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE InterfaceType, ULONG BusNumber, ULONG BusInterruptLevel,
                                           ULONG BusInterruptVector, PKIRQL Irql, PKAFFINITY Affinity);

static UCHAR CdIn(USHORT Register) { return __inbyte(CD_PORT + Register); }
static VOID CdOut(USHORT Register, UCHAR Value) { __outbyte(CD_PORT + Register, Value); }

/* ---- Sending ---- */
static BOOLEAN CdHasRoom(VOID) { return (CdIn(CD_LINE_STATUS) & CD_EMPTY) != 0; }

static BOOLEAN CdWaitForRoom(VOID)
{
    LARGE_INTEGER millisecond = { .QuadPart = -10000 };
    ULONG i;

    for (i = 0; i < CD_SPINS; i++) {
        if (CdHasRoom())
            return TRUE;
        YieldProcessor();
    }
    for (i = 0; i < CD_PATIENCE && !CdSerial.IsDead; i++) {
        if (CdHasRoom())
            return TRUE;
        KeDelayExecutionThread(KernelMode, FALSE, &millisecond);
    }
    return FALSE;
}

VOID CdFlushLocked(VOID)
{
    ULONG at = 0, i;

    while (at < CdSerial.OutLength && CdSerial.HasPort) {
        CdSerial.IsDead = !CdWaitForRoom();
        if (CdSerial.IsDead)
            break;
        for (i = 0; i < CD_FIFO && at < CdSerial.OutLength; i++)
            CdOut(CD_DATA, (UCHAR)CdSerial.Out[at++]);
    }
    CdSerial.OutLength = 0;
}

VOID CdSendLocked(PVOID Context, const char *Bytes, SIZE_T Length)
{
    for (; Length != 0; Length--) {
        if (CdSerial.OutLength == CD_BUFFER)
            CdFlushLocked();
        CdSerial.Out[CdSerial.OutLength++] = *Bytes++;
    }
}

/* ---- Receiving ---- */
/* Everything there is, so that the line falls: it is an edge that interrupts. */
static BOOLEAN NTAPI CdInterrupt(PKINTERRUPT Interrupt, PVOID Context)
{
    BOOLEAN any = FALSE;

    while (CdIn(CD_LINE_STATUS) & CD_RECEIVED) {
        if (CdSerial.Count == CD_RING) {
            CdSerial.IsHeld = TRUE;
            CdOut(CD_INTERRUPT_ENABLE, 0);
            break;
        }
        CdSerial.Ring[(CdSerial.First + CdSerial.Count++) % CD_RING] = CdIn(CD_DATA);
        any = TRUE;
    }
    if (any)
        KeInsertQueueDpc(&CdSerial.Dpc, NULL, NULL);
    return any;
}

static VOID NTAPI CdDeferred(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetEvent(&CdSerial.Wake, IO_KEYBOARD_INCREMENT, FALSE);
}

VOID CdWakeListener(VOID) { KeSetEvent(&CdSerial.Wake, IO_NO_INCREMENT, FALSE); }

/* FALSE: there is none. */
static BOOLEAN CdTakeByte(PUCHAR Byte)
{
    KIRQL irql = KeAcquireInterruptSpinLock(CdSerial.Interrupt);
    BOOLEAN isThere = CdSerial.Count != 0;

    if (isThere) {
        *Byte = CdSerial.Ring[CdSerial.First];
        CdSerial.First = (CdSerial.First + 1) % CD_RING;
        CdSerial.Count--;
    }
    if (CdSerial.IsHeld && CdSerial.Count == 0) {
        CdSerial.IsHeld = FALSE;
        CdOut(CD_INTERRUPT_ENABLE, CD_RECEIVED);
    }
    KeReleaseInterruptSpinLock(CdSerial.Interrupt, irql);
    return isThere;
}

/* ---- The thread ---- */
/* Keys of the bytes there are, as many as there is room for. */
static VOID CdTypeBytesLocked(VOID)
{
    CON_RECORD records[CON_KEYS_A_BYTE];
    UCHAR byte;

    while (ConQueueRoom(&CdConsole.Queue) >= CON_KEYS_A_BYTE && CdTakeByte(&byte))
        CdTypeLocked(records, ConKeyboardByte(&CdConsole.Keyboard, byte, records));
}

static VOID CdListen(BOOLEAN IsIdle)
{
    CON_RECORD records[CON_KEYS_A_BYTE];

    CdLock();
    CdTypeBytesLocked();
    if (IsIdle && ConQueueRoom(&CdConsole.Queue) >= CON_KEYS_A_BYTE)
        CdTypeLocked(records, ConKeyboardIdle(&CdConsole.Keyboard, records));
    CdServeAndUnlock();
}

static BOOLEAN CdIsEscapeOpen(VOID)
{
    BOOLEAN isOpen;

    CdLock();
    isOpen = ConKeyboardIsWaiting(&CdConsole.Keyboard);
    CdUnlock();
    return isOpen;
}

static VOID NTAPI CdListener(PVOID Context)
{
    LARGE_INTEGER time = { .QuadPart = CD_ESCAPE_TIME };
    NTSTATUS status = STATUS_SUCCESS;

    while (!CdSerial.IsStopping) {
        CdListen(status == STATUS_TIMEOUT);
        status = KeWaitForSingleObject(&CdSerial.Wake, Executive, KernelMode, FALSE, CdIsEscapeOpen() ? &time : NULL);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* ---- Coming and going ---- */
NTSTATUS CdStartThread(PKSTART_ROUTINE Routine, PVOID *Thread)
{
    HANDLE thread;
    NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, NULL);

    if (!NT_SUCCESS(status))
        return status;
    ObReferenceObjectByHandle(thread, SYNCHRONIZE, *PsThreadType, KernelMode, Thread, NULL);
    ZwClose(thread);
    return STATUS_SUCCESS;
}

static NTSTATUS CdConnect(VOID)
{
    KAFFINITY affinity;
    KIRQL irql;
    ULONG vector = HalGetInterruptVector(Isa, 0, CD_IRQ, CD_IRQ, &irql, &affinity);
    NTSTATUS status;

    if (vector == 0)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    KeInitializeDpc(&CdSerial.Dpc, CdDeferred, NULL);
    status =
        IoConnectInterrupt(&CdSerial.Interrupt, CdInterrupt, NULL, NULL, vector, irql, irql, Latched, FALSE, affinity, FALSE);
    if (!NT_SUCCESS(status))
        return status;
    status = CdStartThread(CdListener, &CdSerial.Thread);
    if (!NT_SUCCESS(status)) {
        IoDisconnectInterrupt(CdSerial.Interrupt);
        return status;
    }
    (VOID)CdIn(CD_INTERRUPT_IDENTITY);           /* what is pending from before interrupts no more */
    (VOID)CdIn(CD_MODEM_STATUS);
    CdOut(CD_INTERRUPT_ENABLE, CD_RECEIVED);
    return STATUS_SUCCESS;
}

static BOOLEAN CdProbe(VOID)
{
    CdOut(CD_SCRATCH, 0x5A);
    return CdIn(CD_SCRATCH) == 0x5A;
}

/* Without a port there is a console all the same, that shows nothing and where nobody types. */
static NTSTATUS CdStartLocked(VOID)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (CdProbe())
        status = CdConnect();
    if (!NT_SUCCESS(status))
        return status;
    CdSerial.HasPort = CdSerial.Interrupt != NULL;
    CdStartPicture();
    CdStartKeys();
    CdSerial.IsStarted = TRUE;
    return STATUS_SUCCESS;
}

VOID CdInitializeSerial(VOID)
{
    KeInitializeMutex(&CdSerial.StartLock, 0);
    KeInitializeEvent(&CdSerial.Wake, SynchronizationEvent, FALSE);
}

NTSTATUS CdStartSerial(VOID)
{
    NTSTATUS status = STATUS_SUCCESS;

    KeWaitForSingleObject(&CdSerial.StartLock, Executive, KernelMode, FALSE, NULL);
    if (!CdSerial.IsStarted)
        status = CdStartLocked();
    KeReleaseMutex(&CdSerial.StartLock, FALSE);
    return status;
}

VOID CdStopSerial(VOID)
{
    if (!CdSerial.HasPort)
        return;
    CdOut(CD_INTERRUPT_ENABLE, 0);
    CdSerial.IsStopping = TRUE;
    KeSetEvent(&CdSerial.Wake, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(CdSerial.Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(CdSerial.Thread);
    IoDisconnectInterrupt(CdSerial.Interrupt);
    KeFlushQueuedDpcs();
}
