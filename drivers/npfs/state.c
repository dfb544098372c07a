/* SPDX-License-Identifier: MIT
 * The states of an instance: listening, connected, closing when one end is gone, disconnected when the server cast the client off.
 * All under the pipe's lock.
 */
#include "npfs.h"

ULONG NpStateLocked(const NP_END *End)
{
    if (End->Side == FILE_PIPE_CLIENT_END && End->Instance->Client != End)
        return FILE_PIPE_DISCONNECTED_STATE;     /* whoever the instance serves now */
    return End->Instance->State;
}

NTSTATUS NpCheckLocked(const NP_END *End, NTSTATUS WhenClosing)
{
    if (!End->IsOpen)
        return STATUS_FILE_CLOSED;
    switch (NpStateLocked(End)) {
    case FILE_PIPE_CONNECTED_STATE:
        return STATUS_SUCCESS;
    case FILE_PIPE_LISTENING_STATE:
        return STATUS_PIPE_LISTENING;
    case FILE_PIPE_CLOSING_STATE:
        return WhenClosing;
    default:
        return STATUS_PIPE_DISCONNECTED;
    }
}

VOID NpSignalLocked(NP_END *End)
{
    if (End != NULL && End->Event != NULL)
        KeSetEvent(End->Event, IO_NAMED_PIPE_INCREMENT, FALSE);
}

/* Whoever waits for an instance to listen tries again to open it. */
VOID NpListenLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done)
{
    Instance->State = FILE_PIPE_LISTENING_STATE;
    IpcEndAllLocked(&Instance->Pipe->Waiters, NULL, STATUS_SUCCESS, Done);
}

VOID NpConnectLocked(NP_INSTANCE *Instance, NP_END *Client, PLIST_ENTRY Done)
{
    Instance->State = FILE_PIPE_CONNECTED_STATE;
    Instance->Client = Client;
    IpcEndAllLocked(&Instance->Listeners, NULL, STATUS_SUCCESS, Done);
    NpSignalLocked(&Instance->Server);
}

VOID NpDisconnectLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done)
{
    ULONG side;

    for (side = FILE_PIPE_CLIENT_END; side <= FILE_PIPE_SERVER_END; side++) {
        NpDiscardLocked(&Instance->Streams[side], STATUS_PIPE_DISCONNECTED, Done);
        IpcEndAllLocked(&Instance->Streams[side].Readers, NULL, STATUS_PIPE_DISCONNECTED, Done);
    }
    IpcEndAllLocked(&Instance->Listeners, NULL, STATUS_PIPE_DISCONNECTED, Done);
    NpSignalLocked(Instance->Client);
    Instance->Client = NULL;
    Instance->State = FILE_PIPE_DISCONNECTED_STATE;
}

/* The other end may still read what this one wrote, but not write to it any more. */
VOID NpCloseEndLocked(NP_END *End, PLIST_ENTRY Done)
{
    NP_INSTANCE *instance = End->Instance;
    NP_STREAM *to = NpStreamTo(End), *from = NpStreamFrom(End);

    End->IsOpen = FALSE;
    if (End->Side == FILE_PIPE_CLIENT_END && instance->Client != End)
        return;                                  /* cast off: nothing there is its */
    IpcEndAllLocked(&to->Readers, NULL, STATUS_CANCELLED, Done);
    NpDiscardLocked(to, STATUS_PIPE_BROKEN, Done);
    NpDropWritersLocked(from, STATUS_CANCELLED, Done);
    IpcEndAllLocked(&from->Readers, NULL, STATUS_PIPE_BROKEN, Done);
    if (End->Side == FILE_PIPE_CLIENT_END)
        instance->Client = NULL;
    else
        IpcEndAllLocked(&instance->Listeners, NULL, STATUS_CANCELLED, Done);
    NpSignalLocked(End->Side == FILE_PIPE_CLIENT_END ? &instance->Server : instance->Client);
    instance->State = FILE_PIPE_CLOSING_STATE;
}
