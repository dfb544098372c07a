/* SPDX-License-Identifier: MIT
 * The keyboard at an 8042 controller: \Device\KeyboardClass0, whose reads are KEYBOARD_INPUT_DATA. Port and class driver in one.
 *
 *   IRQ 1 -> ring -> DPC -> decoder -> keys -> reads
 *
 * Marks: I immutable while open, i the interrupt's spin lock, K Lock.
 */
#pragma once
#include <ntddk.h>
#include <ntddkbd.h>
#include "core/scancode.h"

#define I8_IRQ 1u
#define I8_RING 128u
#define I8_KEYS 128u

typedef struct I8_KEYBOARD {                     /* the device's extension */
    PKINTERRUPT Interrupt;                       /* I */
    KDPC Dpc;
    UCHAR Ring[I8_RING];                         /* i what the keyboard has sent */
    ULONG RingFirst, RingCount;                  /* i */
    KSPIN_LOCK Lock;
    SCAN_DECODER Decoder;                        /* K */
    KEYBOARD_INPUT_DATA Keys[I8_KEYS];           /* K not read yet; what comes when it is full is lost */
    ULONG KeysFirst, KeysCount;                  /* K */
    LIST_ENTRY ReaderList;                       /* K reads that wait */
    IO_CSQ Readers;
} I8_KEYBOARD;

/* ---- controller.c: every wait has a limit ---- */
/* The status register reads as all ones where nothing answers. */
BOOLEAN I8IsThere(VOID);
/* Keyboard on, mouse off, codes of set 1, interrupts off. STATUS_IO_TIMEOUT: it does not do what controllers do. */
NTSTATUS I8StartController(VOID);
VOID I8EnableInterrupt(BOOLEAN IsEnabled);
/* The next byte of the keyboard. FALSE: there is none. Bytes of a mouse, and broken ones, are dropped. */
BOOLEAN I8TakeByte(PUCHAR Byte);

/* ---- interrupt.c ---- */
NTSTATUS I8Connect(I8_KEYBOARD *Keyboard);
VOID I8Disconnect(I8_KEYBOARD *Keyboard);

/* ---- read.c ---- */
VOID I8InitializeReaders(I8_KEYBOARD *Keyboard);
/* Bytes become keys. DISPATCH_LEVEL or below. */
VOID I8AddBytes(I8_KEYBOARD *Keyboard, const UCHAR *Bytes, ULONG Count);
VOID I8Serve(I8_KEYBOARD *Keyboard);
NTSTATUS I8Read(I8_KEYBOARD *Keyboard, PIRP Irp);
VOID I8CancelReads(I8_KEYBOARD *Keyboard);
VOID I8ForgetKeys(I8_KEYBOARD *Keyboard);
