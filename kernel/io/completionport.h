/* SPDX-License-Identifier: MIT
 * Between the files that handle completion ports. What waits in a port begins with a list entry and a type: a request that has completed
 * lies there itself, anything else is a packet.
 */
#pragma once
#include "iop.h"
#include "iocompletion.h"

#define IOP_PACKET_IRP 1u                        /* IRP.Tail.Overlay.PacketType */
#define IOP_PACKET_OWN 2u

struct IOP_RESERVE;
typedef struct IOP_PACKET {
    LIST_ENTRY Link;                             /* in the port's queue */
    ULONG PacketType;                            /* I */
    struct IOP_RESERVE *Reserve;                 /* I whose memory it is, referenced; NULL: its own */
    FILE_IO_COMPLETION_INFORMATION Facts;        /* I */
} IOP_PACKET;
C_ASSERT(FIELD_OFFSET(IOP_PACKET, PacketType) ==
         FIELD_OFFSET(IRP, Tail.Overlay.PacketType) - FIELD_OFFSET(IRP, Tail.Overlay.ListEntry));

#define IOP_PORT_QUERY_STATE 0x0001u             /* IO_COMPLETION_QUERY_STATE, IO_COMPLETION_MODIFY_STATE */
#define IOP_PORT_MODIFY_STATE 0x0002u
extern POBJECT_TYPE IopCompletionPortType;
VOID IopInitializeCompletionPorts(VOID);
/* A packet of its own; Quota is not kept. STATUS_INSUFFICIENT_RESOURCES. IRQL <= DISPATCH_LEVEL. */
NTSTATUS NTAPI IoSetIoCompletion(PVOID IoCompletion, PVOID KeyContext, PVOID ApcContext, NTSTATUS IoStatus, ULONG_PTR IoStatusInformation,
                                 BOOLEAN Quota);
/* Sets the file's port, once. STATUS_INVALID_PARAMETER: it has one, or is synchronous. */
NTSTATUS IopSetCompletionPort(PFILE_OBJECT File, const FILE_COMPLETION_INFORMATION *Information);
/* FILE_SKIP_...: STATUS_INVALID_PARAMETER for a synchronous file or unknown bits. */
NTSTATUS IopSetNotificationModes(PFILE_OBJECT File, ULONG Modes);
ULONG IopNotificationModes(PFILE_OBJECT File);
/* The request has completed and is the port's from here on. FALSE: there is no port for it. APC_LEVEL. */
BOOLEAN IopPostIrp(PIRP Irp, PFILE_OBJECT File);
/* A request that never was one. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS IopPostResult(PFILE_OBJECT File, PVOID ApcContext, const IO_STATUS_BLOCK *Result);
/* The file goes. */
VOID IopReleaseCompletionPort(PFILE_OBJECT File);
