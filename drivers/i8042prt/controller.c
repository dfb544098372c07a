/* SPDX-License-Identifier: MIT
 * The 8042 controller: ports 0x60 and 0x64. Whatever it answers, or does not, everything here ends.
 */
#include "i8042prt.h"

#define I8_DATA 0x60
#define I8_STATUS 0x64                           /* read; written it is the command register */
#define I8_OUTPUT_FULL 0x01                      /* there is a byte to read */
#define I8_INPUT_FULL 0x02                       /* it has not taken the last byte yet */
#define I8_FROM_MOUSE 0x20
#define I8_BROKEN 0xC0                           /* time limit or parity between it and the keyboard */
#define I8_NOTHING 0xFF

#define I8_READ_CONFIGURATION 0x20
#define I8_WRITE_CONFIGURATION 0x60
#define I8_DISABLE_MOUSE 0xA7
#define I8_DISABLE_KEYBOARD 0xAD
#define I8_ENABLE_KEYBOARD 0xAE

#define I8_KEYBOARD_INTERRUPT 0x01               /* of the configuration */
#define I8_MOUSE_INTERRUPT 0x02
#define I8_KEYBOARD_OFF 0x10
#define I8_MOUSE_OFF 0x20
#define I8_TRANSLATE 0x40                        /* set 2 comes as set 1 */

#define I8_SET_DEFAULTS 0xF6                     /* to the keyboard; scan code set 2 among them */
#define I8_ENABLE_SCANNING 0xF4
#define I8_ACKNOWLEDGED 0xFA
#define I8_RESEND 0xFE

#define I8_SPINS 1000u
#define I8_PATIENCE 50u                          /* milliseconds */
#define I8_MOST_BYTES 64u                        /* of what was there before; a controller that never ends is none */
#define I8_MOST_ANSWERS 8u                       /* of the keyboard to one byte, keys among them */
#define I8_TRIES 3u

BOOLEAN I8IsThere(VOID) { return __inbyte(I8_STATUS) != I8_NOTHING; }

/* ---- Waiting ---- */
static BOOLEAN I8WaitFor(UCHAR Mask, UCHAR Wanted)
{
    LARGE_INTEGER millisecond = { .QuadPart = -10000 };
    ULONG i;

    for (i = 0; i < I8_SPINS + I8_PATIENCE; i++) {
        if ((__inbyte(I8_STATUS) & Mask) == Wanted)
            return TRUE;
        if (i >= I8_SPINS)
            KeDelayExecutionThread(KernelMode, FALSE, &millisecond);
    }
    return FALSE;
}

static BOOLEAN I8Command(UCHAR Command)
{
    if (!I8WaitFor(I8_INPUT_FULL, 0))
        return FALSE;
    __outbyte(I8_STATUS, Command);
    return TRUE;
}

static BOOLEAN I8Write(UCHAR Byte)
{
    if (!I8WaitFor(I8_INPUT_FULL, 0))
        return FALSE;
    __outbyte(I8_DATA, Byte);
    return TRUE;
}

static BOOLEAN I8ReadAnswer(PUCHAR Byte)
{
    if (!I8WaitFor(I8_OUTPUT_FULL, I8_OUTPUT_FULL))
        return FALSE;
    *Byte = __inbyte(I8_DATA);
    return TRUE;
}

/* FALSE: there is always more. */
static BOOLEAN I8Drain(VOID)
{
    ULONG i;

    for (i = 0; i < I8_MOST_BYTES; i++) {
        if (!(__inbyte(I8_STATUS) & I8_OUTPUT_FULL))
            return TRUE;
        (VOID)__inbyte(I8_DATA);
        KeStallExecutionProcessor(10);
    }
    return FALSE;
}

/* ---- Starting ---- */
/* FALSE: nobody acknowledges; no keyboard is plugged in, perhaps. */
static BOOLEAN I8TellKeyboard(UCHAR Byte)
{
    UCHAR answer = 0;
    ULONG tries, i;

    for (tries = 0; tries < I8_TRIES; tries++) {
        if (!I8Write(Byte))
            return FALSE;
        for (i = 0; i < I8_MOST_ANSWERS; i++) {  /* keys may come before it */
            if (!I8ReadAnswer(&answer))
                return FALSE;
            if (answer == I8_ACKNOWLEDGED)
                return TRUE;
            if (answer == I8_RESEND)
                break;
        }
    }
    return FALSE;
}

static BOOLEAN I8Configure(UCHAR Clear, UCHAR Set)
{
    UCHAR configuration;

    return I8Command(I8_READ_CONFIGURATION) && I8ReadAnswer(&configuration) && I8Command(I8_WRITE_CONFIGURATION) &&
           I8Write((UCHAR)((configuration & ~Clear) | Set));
}

NTSTATUS I8StartController(VOID)
{
    if (!I8IsThere())
        return STATUS_NO_SUCH_DEVICE;
    if (!I8Command(I8_DISABLE_KEYBOARD) || !I8Command(I8_DISABLE_MOUSE) || !I8Drain() ||
        !I8Configure(I8_KEYBOARD_INTERRUPT | I8_MOUSE_INTERRUPT | I8_KEYBOARD_OFF, I8_MOUSE_OFF | I8_TRANSLATE) ||
        !I8Command(I8_ENABLE_KEYBOARD))
        return STATUS_IO_TIMEOUT;
    if (I8TellKeyboard(I8_SET_DEFAULTS))
        I8TellKeyboard(I8_ENABLE_SCANNING);      /* one that is plugged in later comes so */
    return STATUS_SUCCESS;
}

/* The keyboard is silent meanwhile, or its byte would be taken for the configuration. */
VOID I8EnableInterrupt(BOOLEAN IsEnabled)
{
    I8Command(I8_DISABLE_KEYBOARD);
    I8Drain();
    I8Configure(I8_KEYBOARD_INTERRUPT | I8_KEYBOARD_OFF, IsEnabled ? I8_KEYBOARD_INTERRUPT : 0);
    I8Command(I8_ENABLE_KEYBOARD);
}

BOOLEAN I8TakeByte(PUCHAR Byte)
{
    ULONG i;

    for (i = 0; i < I8_MOST_BYTES; i++) {
        UCHAR status = __inbyte(I8_STATUS);
        if (status == I8_NOTHING || !(status & I8_OUTPUT_FULL))
            return FALSE;
        *Byte = __inbyte(I8_DATA);
        if (!(status & (I8_FROM_MOUSE | I8_BROKEN)))
            return TRUE;
    }
    return FALSE;
}
