/* SPDX-License-Identifier: MIT
 * Reads of keys: whole KEYBOARD_INPUT_DATA, as many as there are and fit. A read waits until there is one.
 */
#include "i8042prt.h"

static I8_KEYBOARD *I8Of(PIO_CSQ Csq) { return CONTAINING_RECORD(Csq, I8_KEYBOARD, Readers); }

/* ---- The queue of reads ---- */
static VOID NTAPI I8InsertRead(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&I8Of(Csq)->ReaderList, &Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI I8RemoveRead(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI I8AcquireQueue(PIO_CSQ Csq, PKIRQL Irql) { KeAcquireSpinLock(&I8Of(Csq)->Lock, Irql); }
static VOID NTAPI I8ReleaseQueue(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&I8Of(Csq)->Lock, Irql); }

static PIRP NTAPI I8PeekRead(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY link = Irp == NULL ? I8Of(Csq)->ReaderList.Flink : Irp->Tail.Overlay.ListEntry.Flink;
    return link == &I8Of(Csq)->ReaderList ? NULL : CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
}

static VOID NTAPI I8CompleteCancelled(PIO_CSQ Csq, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

VOID I8InitializeReaders(I8_KEYBOARD *Keyboard)
{
    KeInitializeSpinLock(&Keyboard->Lock);
    InitializeListHead(&Keyboard->ReaderList);
    IoCsqInitialize(&Keyboard->Readers, I8InsertRead, I8RemoveRead, I8PeekRead, I8AcquireQueue, I8ReleaseQueue, I8CompleteCancelled);
}

/* ---- Keys ---- */
VOID I8AddBytes(I8_KEYBOARD *Keyboard, const UCHAR *Bytes, ULONG Count)
{
    SCAN_KEY key;
    KIRQL irql;
    ULONG i;

    KeAcquireSpinLock(&Keyboard->Lock, &irql);
    for (i = 0; i < Count; i++)
        if (ScanByte(&Keyboard->Decoder, Bytes[i], &key) && Keyboard->KeysCount < I8_KEYS)
            Keyboard->Keys[(Keyboard->KeysFirst + Keyboard->KeysCount++) % I8_KEYS] =
                (KEYBOARD_INPUT_DATA){ .MakeCode = key.MakeCode, .Flags = key.Flags };
    KeReleaseSpinLock(&Keyboard->Lock, irql);
}

static ULONG I8TakeKeys(I8_KEYBOARD *Keyboard, PKEYBOARD_INPUT_DATA Keys, ULONG Room)
{
    ULONG count, i;
    KIRQL irql;

    KeAcquireSpinLock(&Keyboard->Lock, &irql);
    count = min(Room, Keyboard->KeysCount);
    for (i = 0; i < count; i++)
        Keys[i] = Keyboard->Keys[(Keyboard->KeysFirst + i) % I8_KEYS];
    Keyboard->KeysFirst = (Keyboard->KeysFirst + count) % I8_KEYS;
    Keyboard->KeysCount -= count;
    KeReleaseSpinLock(&Keyboard->Lock, irql);
    return count;
}

static BOOLEAN I8HasKeys(I8_KEYBOARD *Keyboard)
{
    BOOLEAN has;
    KIRQL irql;

    KeAcquireSpinLock(&Keyboard->Lock, &irql);
    has = Keyboard->KeysCount != 0;
    KeReleaseSpinLock(&Keyboard->Lock, irql);
    return has;
}

VOID I8ForgetKeys(I8_KEYBOARD *Keyboard)
{
    KIRQL irql;

    KeAcquireSpinLock(&Keyboard->Lock, &irql);
    Keyboard->KeysCount = 0;
    Keyboard->Decoder.Prefix = 0;
    KeReleaseSpinLock(&Keyboard->Lock, irql);
}

/* Who serves looks at the keys again after it has put a read back, so no key waits beside a read that waits. */
VOID I8Serve(I8_KEYBOARD *Keyboard)
{
    PIRP irp;

    while (I8HasKeys(Keyboard) && (irp = IoCsqRemoveNextIrp(&Keyboard->Readers, NULL)) != NULL) {
        ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length / sizeof(KEYBOARD_INPUT_DATA);
        ULONG count = I8TakeKeys(Keyboard, irp->AssociatedIrp.SystemBuffer, room);
        if (count == 0) {                        /* another processor was faster */
            IoCsqInsertIrp(&Keyboard->Readers, irp, NULL);
            continue;
        }
        irp->IoStatus.Status = STATUS_SUCCESS;
        irp->IoStatus.Information = count * sizeof(KEYBOARD_INPUT_DATA);
        IoCompleteRequest(irp, IO_KEYBOARD_INCREMENT);
    }
}

NTSTATUS I8Read(I8_KEYBOARD *Keyboard, PIRP Irp)
{
    ULONG length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length;

    if (length == 0)
        return STATUS_SUCCESS;
    if (length < sizeof(KEYBOARD_INPUT_DATA))
        return STATUS_BUFFER_TOO_SMALL;
    IoMarkIrpPending(Irp);
    IoCsqInsertIrp(&Keyboard->Readers, Irp, NULL);
    I8Serve(Keyboard);
    return STATUS_PENDING;
}

VOID I8CancelReads(I8_KEYBOARD *Keyboard)
{
    PIRP irp;

    while ((irp = IoCsqRemoveNextIrp(&Keyboard->Readers, NULL)) != NULL)
        I8CompleteCancelled(&Keyboard->Readers, irp);
}
