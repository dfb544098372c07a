/* SPDX-License-Identifier: MIT
 * IRQ 1: bytes go into the ring, a DPC makes keys of them.
 */
#include "i8042prt.h"

/* Bytes of one interrupt: a controller that has always one more must not hold the processor. */
#define I8_MOST_AT_ONCE 16u

/* Newer headers leave it out: an ISA device has no other way to know its vector. */
NTHALAPI ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE InterfaceType, ULONG BusNumber, ULONG BusInterruptLevel,
                                           ULONG BusInterruptVector, PKIRQL Irql, PKAFFINITY Affinity);

static BOOLEAN NTAPI I8Interrupt(PKINTERRUPT Interrupt, PVOID Context)
{
    I8_KEYBOARD *keyboard = Context;
    UCHAR byte;
    ULONG i;

    for (i = 0; i < I8_MOST_AT_ONCE && I8TakeByte(&byte); i++)
        if (keyboard->RingCount < I8_RING)
            keyboard->Ring[(keyboard->RingFirst + keyboard->RingCount++) % I8_RING] = byte;
    if (i != 0)
        KeInsertQueueDpc(&keyboard->Dpc, NULL, NULL);
    return i != 0;
}

static ULONG I8TakeRing(I8_KEYBOARD *Keyboard, UCHAR Bytes[I8_RING])
{
    KIRQL irql = KeAcquireInterruptSpinLock(Keyboard->Interrupt);
    ULONG count = Keyboard->RingCount, i;

    for (i = 0; i < count; i++)
        Bytes[i] = Keyboard->Ring[(Keyboard->RingFirst + i) % I8_RING];
    Keyboard->RingCount = 0;
    KeReleaseInterruptSpinLock(Keyboard->Interrupt, irql);
    return count;
}

static VOID NTAPI I8Deferred(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    I8_KEYBOARD *keyboard = Context;
    UCHAR bytes[I8_RING];

    I8AddBytes(keyboard, bytes, I8TakeRing(keyboard, bytes));
    I8Serve(keyboard);
}

/* A byte that was there before the interrupt was on is no edge: it is taken here, or none would ever come. */
static BOOLEAN NTAPI I8Collect(PVOID Context) { return I8Interrupt(NULL, Context); }

NTSTATUS I8Connect(I8_KEYBOARD *Keyboard)
{
    KAFFINITY affinity;
    KIRQL irql;
    ULONG vector = HalGetInterruptVector(Isa, 0, I8_IRQ, I8_IRQ, &irql, &affinity);
    NTSTATUS status;

    if (vector == 0)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    KeInitializeDpc(&Keyboard->Dpc, I8Deferred, Keyboard);
    status = IoConnectInterrupt(&Keyboard->Interrupt, I8Interrupt, Keyboard, NULL, vector, irql, irql, Latched, FALSE, affinity, FALSE);
    if (!NT_SUCCESS(status))
        return status;
    I8EnableInterrupt(TRUE);
    KeSynchronizeExecution(Keyboard->Interrupt, I8Collect, Keyboard);
    return STATUS_SUCCESS;
}

VOID I8Disconnect(I8_KEYBOARD *Keyboard)
{
    I8EnableInterrupt(FALSE);
    IoDisconnectInterrupt(Keyboard->Interrupt);
    KeFlushQueuedDpcs();
}
