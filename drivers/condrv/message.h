/* SPDX-License-Identifier: MIT
 * Messages of genuine Windows's client (the interface is published in microsoft/terminal, dep/Console: condrv.h, conmsgl1.h to conmsgl3.h):
 * IOCTL_CONDRV_ISSUE_USER_IO brings buffers of the caller, which are one stream in and one out:
 *
 *   in   header {number, size of the body} | body | data          out   body | data
 */
#pragma once
#include "condrv.h"

#define CD_ISSUE_USER_IO CTL_CODE(CD_DEVICE_TYPE, 5, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define CD_MESSAGE_BUFFERS 8u
#define CD_MESSAGE_BODY 0x100u
#define CD_MESSAGE_BYTES 0x40000u                /* in and out each, at most */

typedef struct CD_MESSAGE {
    PIRP Irp;
    PFILE_OBJECT Client;                         /* referenced; NULL: the message is for the whole console */
    CD_FILE *File;                               /* the client's, or that of the connection */
    ULONG Number;
    ULONG BodyLength, InLength, OutLength;
    PUCHAR Body, In, Out;
    ULONG Written;                               /* of Out */
    ULONG MdlCount;
    PMDL Mdls[CD_MESSAGE_BUFFERS];               /* the caller's buffers for what comes out, locked */
    ULONG WakeMask, KeyStateAt, CountAt;         /* a read that waits: where its results go in the body */
    ULONG PresetLength;
    BOOLEAN IsRecords, IsBytes, EndsAtControlZ;
    UCHAR Data[];
} CD_MESSAGE;

typedef NTSTATUS CD_ANSWER(CD_MESSAGE *Message);
/* NULL: nobody answers messages of that number; BodyLength: how long its body is. */
CD_ANSWER *CdFindAnswer(ULONG Number, PULONG BodyLength, PULONG Kinds);
/* The read that the request is: its message. NULL: it is no message. */
static inline CD_MESSAGE *CdMessageOf(PIRP Irp) { return Irp->Tail.Overlay.DriverContext[1]; }
/* What a read got goes to the caller, and the message away. Up to DISPATCH_LEVEL, without locks. */
VOID CdEndMessage(PIRP Irp);
